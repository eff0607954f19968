/*
 * Whole plans over random tables whose rows are known: manifests and a manifest list as bytes, with
 * partitions, summaries and bounds made of the rows. Every row that the filter keeps is in a file
 * that the plan names, and its residual keeps it as well. A row is judged by the evaluator of
 * random_world.c. FIRN_TEST_SEED makes other ones.
 */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/limits.h"
#include "iceberg/transform_apply.h"
#include "scan/plan.h"
#include "tests/unit/cmocka_all.h"
#include "tests/unit/scan/manifest_random.h"
#include "tests/unit/scan/random_world.h"

#define SEED UINT64_C(919156)
#define ROUNDS 1500
#define MAX_FILES WORLD_ROWS
#define MANIFESTS 3
#define BASE "mem://b/t/"

struct file {
    size_t rows[WORLD_ROWS];
    size_t count;
    size_t manifest;
    bool is_planned;
};

struct table {
    struct world world;
    uint64_t seed;
    struct file files[MAX_FILES];
    size_t file_count;
    struct buffer manifests[MANIFESTS];
    struct buffer list;
    /* How often there was something to see: */
    size_t kept_rows, files_left_out, manifests_left_out, residual_rows;
};

/* --- Avro ----------------------------------------------------------------------------------- */

static void put_real(struct buffer *out, double real)
{
    buffer_append(out, (const char *)&real, sizeof(real));
}

struct avro_field {
    int id;
    const char *name;
    const char *type;
};

static void put_field(struct buffer *out, const struct avro_field *field)
{
    char before = out->len > 0 ? out->ptr[out->len - 1] : '[';
    buffer_printf(out, "%s{\"name\":\"%s\",\"field-id\":%d,\"type\":%s}", before == '[' ? "" : ",",
                  field->name, field->id, field->type);
}

static void put_fields(struct buffer *out, const struct avro_field *fields, size_t count)
{
    for (size_t i = 0; i < count; i++)
        put_field(out, &fields[i]);
}
#define PUT_FIELDS(out, fields) put_fields(out, fields, sizeof(fields) / sizeof(*(fields)))

/* A map by field id, as manifests have them: an array of keys and values. */
static void put_map(struct buffer *out, int id, const char *name, int key, const char *type)
{
    const struct avro_field fields[] = {{key, "key", "\"int\""}, {key + 1, "value", type}};
    buffer_printf(out,
                  ",{\"name\":\"%s\",\"field-id\":%d,\"type\":{\"type\":\"array\","
                  "\"logicalType\":\"map\",\"items\":{\"type\":\"record\",\"name\":\"k%d\","
                  "\"fields\":[",
                  name, id, key);
    PUT_FIELDS(out, fields);
    buffer_append_string(out, "]}}}");
}

static const char *avro_type(const struct type *type)
{
    switch (type->id) {
    case TYPE_BOOLEAN:
        return "\"boolean\"";
    case TYPE_INT:
    case TYPE_DATE:
        return "\"int\"";
    case TYPE_DOUBLE:
        return "\"double\"";
    case TYPE_STRING:
        return "\"string\"";
    case TYPE_DECIMAL:
    case TYPE_BINARY:
        return "\"bytes\"";
    default:
        return "\"long\"";
    }
}

static const struct type *part_type(const struct world *world, size_t part)
{
    const struct type *source = world_column_type(world, (size_t)world->parts[part].source_id - 1);
    return transform_result_type(&world->parts[part].transform, source);
}

/* Of a union with null. */
static void put_part(struct buffer *out, const struct type *type, const struct value *value)
{
    char scratch[VALUE_SCRATCH_SIZE];
    avro_append_long(out, value_is_null(value) ? 0 : 1);
    if (value_is_null(value))
        return;
    if (type->id == TYPE_BOOLEAN)
        buffer_append_byte(out, (char)value->number);
    else if (type->id == TYPE_DOUBLE)
        put_real(out, value->real);
    else if (type->id == TYPE_UUID)
        buffer_append_slice(out, value->bytes);
    else if (value_class_of(type->id) == VALUE_NUMBER)
        avro_append_long(out, value->number);
    else
        avro_append_bytes(out, value_to_bytes(value, scratch));
}

static void put_partition(const struct world *world, struct buffer *out)
{
    buffer_append_string(out, ",{\"name\":\"partition\",\"field-id\":102,\"type\":{\"type\":"
                              "\"record\",\"name\":\"p\",\"fields\":[");
    for (size_t i = 0; i < world->spec.field_count; i++) {
        buffer_printf(out, "%s{\"name\":\"part%zu\",\"field-id\":%d,\"type\":[\"null\",",
                      i > 0 ? "," : "", i, (int)world->parts[i].field_id);
        if (part_type(world, i)->id == TYPE_UUID)
            buffer_printf(out, "{\"type\":\"fixed\",\"size\":16,\"name\":\"u%zu\"}]}", i);
        else
            buffer_printf(out, "%s]}", avro_type(part_type(world, i)));
    }
    buffer_append_string(out, "]}}");
}

static void write_schema(const struct world *world, struct buffer *out)
{
    static const struct avro_field status = {0, "status", "\"int\""};
    static const struct avro_field before[] = {
        {134, "content", "\"int\""},
        {100, "file_path", "\"string\""},
        {101, "file_format", "\"string\""},
    };
    static const struct avro_field after[] = {
        {103, "record_count", "\"long\""},
        {104, "file_size_in_bytes", "\"long\""},
    };
    buffer_append_string(out, "{\"type\":\"record\",\"name\":\"e\",\"fields\":[");
    put_field(out, &status);
    buffer_append_string(out, ",{\"name\":\"data_file\",\"field-id\":2,\"type\":{\"type\":"
                              "\"record\",\"name\":\"d\",\"fields\":[");
    PUT_FIELDS(out, before);
    put_partition(world, out);
    PUT_FIELDS(out, after);
    put_map(out, 109, "value_counts", 119, "\"long\"");
    put_map(out, 110, "null_value_counts", 121, "\"long\"");
    put_map(out, 137, "nan_value_counts", 138, "\"long\"");
    put_map(out, 125, "lower_bounds", 126, "\"bytes\"");
    put_map(out, 128, "upper_bounds", 129, "\"bytes\"");
    buffer_append_string(out, "]}}]}");
}

/* --- a manifest's entries --------------------------------------------------------------------- */

static void measure(struct table *table, const struct file *file, struct range *ranges)
{
    for (size_t column = 0; column < WORLD_COLUMNS; column++) {
        ranges[column] = (struct range){.writer = world_draw(&table->world, WORLD_READERS),
                                        .lower = VALUE_NONE,
                                        .upper = VALUE_NONE};
        for (size_t i = 0; i < file->count; i++)
            world_range_add(&ranges[column], &table->world.rows[file->rows[i]].columns[column]);
        world_range_cut(&table->world, &ranges[column]);
    }
}

enum count { VALUES, NULLS, NANS, COUNTS };

static int64_t count_of(const struct range *range, enum count count)
{
    return count == VALUES ? range->count : count == NULLS ? range->nulls : range->nans;
}

/* Now and then a column has none. */
static void put_counts(struct table *table, const struct range *ranges, enum count count,
                       struct buffer *out)
{
    for (size_t column = 0; column < WORLD_COLUMNS; column++) {
        if (world_draw(&table->world, 6) == 0)
            continue;
        avro_append_long(out, 1);
        avro_append_long(out, (int64_t)column + 1);
        avro_append_long(out, count_of(&ranges[column], count));
    }
    avro_append_long(out, 0);
}

static void put_bounds(struct table *table, const struct range *ranges, bool is_upper,
                       struct buffer *out)
{
    char scratch[VALUE_SCRATCH_SIZE];
    for (size_t column = 0; column < WORLD_COLUMNS; column++) {
        const struct value *bound = is_upper ? &ranges[column].upper : &ranges[column].lower;
        if (value_is_null(bound) || world_draw(&table->world, 8) == 0)
            continue;
        avro_append_long(out, 1);
        avro_append_long(out, (int64_t)column + 1);
        avro_append_bytes(out, value_to_bytes(bound, scratch));
    }
    avro_append_long(out, 0);
}

static void put_entry(struct table *table, const struct file *file, size_t number,
                      struct buffer *out)
{
    const struct world *world = &table->world;
    struct range ranges[WORLD_COLUMNS];
    char path[64];
    (void)snprintf(path, sizeof(path), BASE "data/%zu", number);
    measure(table, file, ranges);
    avro_append_long(out, 1); /* added */
    avro_append_long(out, 0); /* data */
    avro_append_bytes(out, slice_from_string(path));
    avro_append_bytes(out, SLICE_LITERAL("PARQUET"));
    for (size_t i = 0; i < world->spec.field_count; i++)
        put_part(out, part_type(world, i), &world->tuples[file->rows[0]][i]);
    avro_append_long(out, (int64_t)file->count);
    avro_append_long(out, 1000);
    for (enum count count = VALUES; count < COUNTS; count++)
        put_counts(table, ranges, count, out);
    put_bounds(table, ranges, false, out);
    put_bounds(table, ranges, true, out);
}

static size_t write_manifest(struct table *table, size_t manifest)
{
    struct buffer schema, entries;
    size_t count = 0;
    buffer_init(&schema, 1 * MIB);
    buffer_init(&entries, 1 * MIB);
    write_schema(&table->world, &schema);
    for (size_t i = 0; i < table->file_count; i++) {
        if (table->files[i].manifest != manifest)
            continue;
        put_entry(table, &table->files[i], i, &entries);
        count++;
    }
    buffer_truncate(&table->manifests[manifest], 0);
    manifest_file_make(&table->manifests[manifest], buffer_slice(&schema), (int64_t)count,
                       buffer_slice(&entries));
    buffer_finish(&schema);
    buffer_finish(&entries);
    return count;
}

/* --- the manifest list ---------------------------------------------------------------------- */

static void write_list_schema(struct buffer *out)
{
    static const struct avro_field fields[] = {
        {500, "manifest_path", "\"string\""},     {501, "manifest_length", "\"long\""},
        {502, "partition_spec_id", "\"int\""},    {517, "content", "\"int\""},
        {515, "sequence_number", "\"long\""},     {516, "min_sequence_number", "\"long\""},
        {503, "added_snapshot_id", "\"long\""},   {504, "added_files_count", "\"int\""},
        {505, "existing_files_count", "\"int\""}, {506, "deleted_files_count", "\"int\""},
        {512, "added_rows_count", "\"long\""},    {513, "existing_rows_count", "\"long\""},
        {514, "deleted_rows_count", "\"long\""},
    };
    static const struct avro_field summary[] = {
        {509, "contains_null", "\"boolean\""},
        {518, "contains_nan", "\"boolean\""},
        {510, "lower_bound", "[\"null\",\"bytes\"]"},
        {511, "upper_bound", "[\"null\",\"bytes\"]"},
    };
    buffer_append_string(out, "{\"type\":\"record\",\"name\":\"m\",\"fields\":[");
    PUT_FIELDS(out, fields);
    buffer_append_string(out, ",{\"name\":\"partitions\",\"field-id\":507,\"type\":{\"type\":"
                              "\"array\",\"element-id\":508,\"items\":{\"type\":\"record\","
                              "\"name\":\"r508\",\"fields\":[");
    PUT_FIELDS(out, summary);
    buffer_append_string(out, "]}}}]}");
}

static void put_bound(struct buffer *out, const struct value *bound)
{
    char scratch[VALUE_SCRATCH_SIZE];
    avro_append_long(out, value_is_null(bound) ? 0 : 1);
    if (!value_is_null(bound))
        avro_append_bytes(out, value_to_bytes(bound, scratch));
}

static void put_summary(struct table *table, size_t manifest, size_t part, struct buffer *out)
{
    struct range range = {.writer = world_draw(&table->world, WORLD_READERS),
                          .lower = VALUE_NONE,
                          .upper = VALUE_NONE};
    for (size_t i = 0; i < table->file_count; i++)
        if (table->files[i].manifest == manifest)
            world_range_add(&range, &table->world.tuples[table->files[i].rows[0]][part]);
    buffer_append_byte(out, range.nulls > 0);
    buffer_append_byte(out, range.nans > 0);
    put_bound(out, &range.lower);
    put_bound(out, &range.upper);
}

static void put_list_entry(struct table *table, size_t manifest, size_t files, struct buffer *out)
{
    char path[64];
    (void)snprintf(path, sizeof(path), BASE "m%zu", manifest);
    avro_append_bytes(out, slice_from_string(path));
    avro_append_long(out, (int64_t)table->manifests[manifest].len);
    avro_append_long(out, 0);
    avro_append_long(out, 0);
    avro_append_long(out, 1);
    avro_append_long(out, 1);
    avro_append_long(out, 1);
    avro_append_long(out, (int64_t)files);
    for (int i = 0; i < 5; i++)
        avro_append_long(out, i == 2 ? (int64_t)WORLD_ROWS : 0);
    avro_append_long(out, (int64_t)table->world.spec.field_count);
    for (size_t part = 0; part < table->world.spec.field_count; part++)
        put_summary(table, manifest, part, out);
    avro_append_long(out, 0);
}

static void write_files(struct table *table)
{
    struct buffer schema, entries;
    buffer_init(&schema, 1 * MIB);
    buffer_init(&entries, 1 * MIB);
    write_list_schema(&schema);
    for (size_t manifest = 0; manifest < MANIFESTS; manifest++) {
        size_t files = write_manifest(table, manifest);
        put_list_entry(table, manifest, files, &entries);
    }
    buffer_truncate(&table->list, 0);
    manifest_file_make(&table->list, buffer_slice(&schema), MANIFESTS, buffer_slice(&entries));
    buffer_finish(&schema);
    buffer_finish(&entries);
}

/* --- the table's files and metadata ---------------------------------------------------------- */

/* Writers tell the two zeros apart. */
static bool same_part(const struct value *a, const struct value *b)
{
    if (value_is_null(a) || value_is_null(b))
        return value_is_null(a) && value_is_null(b);
    if (value_is_nan(a) || value_is_nan(b))
        return value_is_nan(a) && value_is_nan(b);
    bool is_other_zero = a->type == TYPE_DOUBLE && !signbit(a->real) != !signbit(b->real);
    return value_compare(a, b) == 0 && !is_other_zero;
}

static bool same_tuple(const struct world *world, size_t a, size_t b)
{
    for (size_t i = 0; i < world->spec.field_count; i++)
        if (!same_part(&world->tuples[a][i], &world->tuples[b][i]))
            return false;
    return true;
}

/* Rows of one tuple, at most four of them, are a file. */
static struct file *file_for(struct table *table, size_t row)
{
    for (size_t i = 0; i < table->file_count; i++) {
        struct file *file = &table->files[i];
        if (file->count < 4 && same_tuple(&table->world, file->rows[0], row))
            return file;
    }
    table->files[table->file_count] =
        (struct file){.manifest = world_draw(&table->world, MANIFESTS)};
    return &table->files[table->file_count++];
}

static void make_files(struct table *table)
{
    table->file_count = 0;
    for (size_t row = 0; row < WORLD_ROWS; row++) {
        struct file *file = file_for(table, row);
        file->rows[file->count++] = row;
    }
}

static void put_spec(const struct world *world, struct buffer *out)
{
    for (size_t i = 0; i < world->spec.field_count; i++) {
        const struct partition_field *part = &world->parts[i];
        struct slice name = part->transform.text;
        if (name.len == 0)
            name = SLICE_LITERAL("identity");
        buffer_printf(out,
                      "%s{\"source-id\":%d,\"field-id\":%d,\"name\":\"part%zu\",\"transform\":"
                      "\"%.*s\"}",
                      i > 0 ? "," : "", (int)part->source_id, (int)part->field_id, i,
                      SLICE_ARG(name));
    }
}

static struct table_metadata *make_metadata(const struct world *world)
{
    struct buffer text;
    struct blob *blob = NULL;
    struct table_metadata *metadata = NULL;
    struct error err = {0};
    buffer_init(&text, 1 * MIB);
    buffer_append_string(
        &text, "{'format-version':2,'table-uuid':'9c12d441-03fe-4693-9a96-a0705ddf69c1','location':"
               "'mem://b/t','last-sequence-number':1,'last-updated-ms':1,'last-column-id':11,"
               "'current-schema-id':0,'schemas':[{'schema-id':0,");
    buffer_append_string(&text, world_schema + 1);
    buffer_append_string(&text, "],'default-spec-id':0,'partition-specs':[{'spec-id':0,'fields':[");
    put_spec(world, &text);
    buffer_append_string(
        &text, "]}],'last-partition-id':1010,'default-sort-order-id':0,'sort-orders':[{'order-id':"
               "0,'fields':[]}],'properties':{},'current-snapshot-id':1,'snapshots':[{'snapshot-"
               "id':1,'sequence-number':1,'timestamp-ms':1,'summary':{'operation':'append'},"
               "'schema-id':0,'manifest-list':'" BASE "list'}]}");
    for (size_t i = 0; i < text.len; i++)
        text.ptr[i] = text.ptr[i] == '\'' ? '"' : text.ptr[i];
    assert_ok(blob_copy(buffer_slice(&text), &blob, &err), &err);
    assert_ok(table_metadata_parse(blob, &metadata, &err), &err);
    blob_unref(blob);
    buffer_finish(&text);
    return metadata;
}

/* --- the store ------------------------------------------------------------------------------ */

static struct table table;

static bool memory_get(struct object_store *self, struct slice uri, struct buffer *out,
                       struct error *err)
{
    struct slice name = slice_from(uri, strlen(BASE));
    (void)self;
    bool is_list = slice_equals_string(name, "list");
    buffer_append_slice(out,
                        buffer_slice(is_list ? &table.list : &table.manifests[name.ptr[1] - '0']));
    return buffer_check(out, "a test's file", err);
}

static void memory_destroy(struct object_store *self)
{
    (void)self;
}

static const struct object_store_ops MEMORY_OPS = {.get = memory_get, .destroy = memory_destroy};
static struct object_store memory = {.ops = &MEMORY_OPS};

/* --- plans ---------------------------------------------------------------------------------- */

static void fail_at(const char *what, size_t row)
{
    struct buffer text;
    buffer_init(&text, 1 * MIB);
    expression_write_text(&table.world.filter, &text);
    buffer_append_byte(&text, '\0');
    fail_msg("FIRN_TEST_SEED=%" PRIu64 ", round %zu, row %zu: %s: %s", table.seed,
             table.world.round, row, what, text.ptr);
}

/* The residual says of the file's rows what the filter says. */
static bool take(void *context, const struct plan_task *task, struct error *err)
{
    struct buffer path;
    (void)context, (void)err;
    buffer_init(&path, 1 * MIB);
    buffer_append_slice(&path, task->columns->path_prefix);
    struct slice suffix = SLICE_EMPTY;
    assert_true(bytes_column_get(&task->columns->path_suffixes, task->row, &suffix));
    buffer_append_slice(&path, suffix);
    buffer_append_byte(&path, '\0');
    struct file *file = &table.files[strtoul(path.ptr + strlen(BASE "data/"), NULL, 10)];
    buffer_finish(&path);
    assert_false(file->is_planned);
    file->is_planned = true;
    for (size_t i = 0; i < file->count; i++) {
        const struct expression *left = &task->residual->expression;
        const struct row *row = &table.world.rows[file->rows[i]];
        for (unsigned reader = 0; reader < WORLD_READERS; reader++)
            if (world_filter_keeps(left, left->root, row, reader) !=
                world_row_matches(&table.world, file->rows[i], reader))
                fail_at("its file's residual says another thing", file->rows[i]);
        table.residual_rows++;
    }
    return true;
}

static void run_plan(struct object_stores *objects)
{
    const struct plan_visitor visitor = {take, NULL};
    const struct plan_request request = {.is_case_sensitive = true,
                                         .has_filter = true,
                                         .filter = table.world.unbound};
    struct table_metadata *metadata = make_metadata(&table.world);
    struct plan *plan = NULL;
    struct error err = {0};
    assert_ok(plan_create(metadata, &request, &plan, &err), &err);
    assert_ok(plan_open(plan, objects, NULL, NULL, &err) &&
                  plan_run(plan, PLAN_WINDOW_ALL, &visitor, &err),
              &err);
    table.manifests_left_out += plan_counts(plan).manifests[MANIFEST_DATA].ruled_out;
    plan_destroy(plan);
    table_metadata_unref(metadata);
}

static void check_rows(void)
{
    for (size_t i = 0; i < table.file_count; i++) {
        const struct file *file = &table.files[i];
        table.files_left_out += !file->is_planned;
        for (size_t j = 0; j < file->count; j++) {
            bool is_match = world_row_is_match_of_some(&table.world, file->rows[j]);
            table.kept_rows += is_match;
            if (is_match && !file->is_planned)
                fail_at("it is kept by the filter, and in no planned file", file->rows[j]);
        }
    }
}

static uint64_t choose_seed(void)
{
    const char *given = getenv("FIRN_TEST_SEED");
    return given ? strtoull(given, NULL, 10) : SEED;
}

static void test_plan__names_the_files_of_all_rows_that_the_filter_keeps(void **state)
{
    struct fixture *fixture = *state;
    struct object_stores *objects = NULL;
    struct error err = {0};
    table.seed = choose_seed();
    print_message("FIRN_TEST_SEED=%" PRIu64 "\n", table.seed);
    table.world =
        (struct world){.random = table.seed, .schema = fixture_schema(fixture, world_schema)};
    for (size_t i = 0; i < MANIFESTS; i++)
        buffer_init(&table.manifests[i], 1 * MIB);
    buffer_init(&table.list, 1 * MIB);
    assert_ok(object_stores_create(&objects, &err), &err);
    assert_ok(object_stores_add(objects, "mem", &memory, &err), &err);
    for (table.world.round = 0; table.world.round < ROUNDS; table.world.round++) {
        arena_init(&table.world.arena, 16 * MIB);
        world_draw_table(&table.world);
        world_draw_filter(&table.world);
        make_files(&table);
        write_files(&table);
        run_plan(objects);
        check_rows();
        arena_finish(&table.world.arena);
    }
    object_stores_destroy(objects);
    for (size_t i = 0; i < MANIFESTS; i++)
        buffer_finish(&table.manifests[i]);
    buffer_finish(&table.list);
    assert_true(table.kept_rows > ROUNDS && table.files_left_out > ROUNDS);
    assert_true(table.residual_rows > ROUNDS && table.manifests_left_out > ROUNDS / 40);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(
            test_plan__names_the_files_of_all_rows_that_the_filter_keeps, fixture_setup,
            fixture_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
