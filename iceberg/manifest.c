/*
 * avro-c reads values, but it believes what the bytes say: a length becomes a malloc, a count a
 * loop, a recursive schema an endless value. So nothing reaches it unseen:
 *
 *   1. avro_container finds the blocks and inflates them under a ceiling;
 *   2. avro_shape reads the writer's schema, refuses recursion and expansion without bound, and
 *      knows the field ids, which avro-c drops; a path of positions is found there;
 *   3. avro_shape_skip walks a record's bytes and checks every length, count and branch;
 *   4. only then avro-c decodes that record, by a schema that avro_c_schema makes from the shape,
 *      and the positions lead to its string.
 */
#include "iceberg/manifest.h"

#include "base/json_tree.h"
#include "base/limits.h"
#include "iceberg/avro_c_schema.h"
#include "iceberg/avro_container.h"
#include "iceberg/avro_shape.h"

/* One block, inflated. Writers cut blocks at 64 KB, but some make one block of a whole manifest. */
#define BLOCK_CEILING (256 * MIB)
/* The schema tree; the tree's bounds keep it far below. */
#define SCHEMA_CEILING (16 * MIB)
/* Nodes of one record: six statistics maps of 10,000 columns have 120,000 entries of three. */
#define RECORD_BUDGET UINT64_C(1000000)
/* From the record to the string. */
#define PATH_LENGTH_MAX 2

/* One step to a value: a field of a record. */
struct path_step {
    int32_t field_id;
    const char *name;
};

static const struct path_step MANIFEST_PATH[] = {{500, "manifest_path"}};
static const struct path_step FILE_PATH[] = {{2, "data_file"}, {100, "file_path"}};

static const struct path_step STATUS = {0, "status"};
#define STATUS_DELETED 2

/* What is needed to read one file's strings. */
struct path_reader {
    struct avro_container container;
    const struct avro_shape *shape;
    const struct path_step *steps;
    size_t step_count;
    size_t positions[PATH_LENGTH_MAX];
    bool is_live_only;
    size_t status_position; /* where is_live_only */
    manifest_path_fn visit;
    void *context;
};

static bool status_find(struct path_reader *reader, struct error *err)
{
    int position = avro_shape_find(reader->shape, STATUS.field_id, STATUS.name);
    if (position < 0 || reader->shape->children[position].type->kind != AVRO_KIND_INT)
        return error_set(err, ERROR_CORRUPT, "the Avro file has no integer field %s (id %d)",
                         STATUS.name, STATUS.field_id);
    reader->status_position = (size_t)position;
    return true;
}

/* Where the steps lead in this writer's schema. */
static bool positions_find(struct path_reader *reader, struct error *err)
{
    const struct avro_shape *at = reader->shape;
    for (size_t i = 0; i < reader->step_count; i++) {
        int position = avro_shape_find(at, reader->steps[i].field_id, reader->steps[i].name);
        if (position < 0)
            return error_set(err, ERROR_CORRUPT, "the Avro file has no field %s (id %d)",
                             reader->steps[i].name, reader->steps[i].field_id);
        reader->positions[i] = (size_t)position;
        at = at->children[position].type;
    }
    if (at->kind != AVRO_KIND_STRING)
        return error_set(err, ERROR_CORRUPT, "the field %s of the Avro file is not a string",
                         reader->steps[reader->step_count - 1].name);
    return !reader->is_live_only || status_find(reader, err);
}

static bool is_deleted(const struct path_reader *reader, const avro_value_t *record)
{
    avro_value_t value;
    int32_t status = 0;
    return reader->is_live_only &&
           avro_value_get_by_index(record, reader->status_position, &value, NULL) == 0 &&
           avro_value_get_int(&value, &status) == 0 && status == STATUS_DELETED;
}

static bool value_visit(const struct path_reader *reader, const avro_value_t *record,
                        struct error *err)
{
    avro_value_t value = *record;
    const char *text;
    size_t size;
    for (size_t i = 0; i < reader->step_count; i++) {
        avro_value_t child;
        if (avro_value_get_by_index(&value, reader->positions[i], &child, NULL) != 0)
            return error_set(err, ERROR_CORRUPT, "a record of the Avro file cannot be read");
        value = child;
    }
    if (avro_value_get_string(&value, &text, &size) != 0 || size == 0)
        return error_set(err, ERROR_CORRUPT, "a path in the Avro file cannot be read");
    /* avro-c counts the NUL that it puts behind a string. */
    struct slice path = slice_make(text, size - 1);
    if (path.len == 0 || memchr(path.ptr, '\0', path.len) || !slice_is_utf8(path))
        return error_set(err, ERROR_CORRUPT, "a path in the Avro file is empty or not text");
    return reader->visit(reader->context, path, err);
}

/* The objects of one block, each checked before it is decoded. */
static bool records_read(const struct path_reader *reader, const struct avro_block *block,
                         avro_reader_t avro, avro_value_t *value, struct error *err)
{
    struct avro_cursor cursor = avro_cursor_make(block->data);
    for (int64_t i = 0; i < block->count; i++) {
        uint64_t budget = RECORD_BUDGET;
        if (!avro_shape_skip(reader->shape, &cursor, &budget))
            return error_set(err, ERROR_CORRUPT, "a record of the Avro file is cut off or damaged");
        avro_value_reset(value);
        if (avro_value_read(avro, value) != 0)
            return error_set(err, ERROR_CORRUPT, "a record of the Avro file cannot be read");
        if (!is_deleted(reader, value))
            TRY(value_visit(reader, value, err));
    }
    if (cursor.at != cursor.end)
        return error_set(err, ERROR_CORRUPT, "a block of the Avro file has bytes left over");
    return true;
}

static bool block_read(const struct path_reader *reader, const struct avro_block *block,
                       avro_value_t *value, struct error *err)
{
    /* A record that has a path takes bytes, so an honest count is not greater than their number. */
    if ((uint64_t)block->count > block->data.len)
        return error_set(err, ERROR_CORRUPT, "a block of the Avro file is cut off");
    avro_reader_t avro = avro_reader_memory(block->data.ptr, (int64_t)block->data.len);
    if (!avro)
        return error_no_memory(err, "an Avro reader");
    bool ok = records_read(reader, block, avro, value, err);
    avro_reader_free(avro);
    return ok;
}

static bool blocks_read(struct path_reader *reader, avro_value_t *value, struct buffer *scratch,
                        struct error *err)
{
    for (;;) {
        struct avro_block block;
        bool more;
        TRY(avro_container_next(&reader->container, scratch, &block, &more, err));
        if (!more)
            return true;
        TRY(block_read(reader, &block, value, err));
    }
}

static bool values_read(struct path_reader *reader, avro_value_iface_t *class, struct error *err)
{
    avro_value_t value;
    struct buffer scratch;
    if (avro_generic_value_new(class, &value) != 0)
        return error_no_memory(err, "an Avro value");
    buffer_init(&scratch, BLOCK_CEILING);
    bool ok = blocks_read(reader, &value, &scratch, err);
    buffer_finish(&scratch);
    avro_value_decref(&value);
    return ok;
}

static bool container_read(struct path_reader *reader, struct error *err)
{
    avro_schema_t schema;
    TRY(avro_c_schema_make(reader->shape, &schema, err));
    avro_value_iface_t *class = avro_generic_class_from_schema(schema);
    bool ok = class ? values_read(reader, class, err) : error_no_memory(err, "an Avro schema");
    if (class)
        avro_value_iface_decref(class);
    avro_schema_decref(schema);
    return ok;
}

/* The schema's JSON tree must live as long as what was read from it. */
static bool schema_read(struct path_reader *reader, struct arena *arena, struct error *err)
{
    json_auto_t *json = NULL;
    if (!json_tree_parse(reader->container.schema, "the schema of the Avro file", &json, err)) {
        if (err && err->kind == ERROR_BAD_REQUEST)
            err->kind = ERROR_CORRUPT;
        return false;
    }
    TRY(avro_shape_parse(json, arena, &reader->shape, err));
    TRY(positions_find(reader, err));
    return container_read(reader, err);
}

static bool paths_each(struct slice bytes, struct path_reader *reader, struct error *err)
{
    struct arena arena;
    TRY(avro_container_open(bytes, &reader->container, err));
    arena_init(&arena, SCHEMA_CEILING);
    bool ok = schema_read(reader, &arena, err);
    arena_finish(&arena);
    avro_container_finish(&reader->container);
    return ok;
}

bool manifest_list_each(struct slice bytes, manifest_path_fn visit, void *context,
                        struct error *err)
{
    struct path_reader reader = {.steps = MANIFEST_PATH,
                                 .step_count = 1,
                                 .visit = visit,
                                 .context = context};
    return paths_each(bytes, &reader, err);
}

bool manifest_each_file(struct slice bytes, manifest_path_fn visit, void *context,
                        struct error *err)
{
    struct path_reader reader = {.steps = FILE_PATH,
                                 .step_count = 2,
                                 .visit = visit,
                                 .context = context};
    return paths_each(bytes, &reader, err);
}

bool manifest_each_live_file(struct slice bytes, manifest_path_fn visit, void *context,
                             struct error *err)
{
    struct path_reader reader = {.steps = FILE_PATH,
                                 .step_count = 2,
                                 .visit = visit,
                                 .context = context,
                                 .is_live_only = true};
    return paths_each(bytes, &reader, err);
}
