#include "iceberg/avro_records.h"

#include "base/json_tree.h"
#include "base/limits.h"

/* The schema tree; its bounds keep it far below. */
#define SHAPE_CEILING (16 * MIB)
#define NODES_PER_BLOCK UINT64_C(1000000)
#define NODES_PER_BYTE UINT64_C(16)

static bool shape_read(struct avro_records *records, struct error *err)
{
    if (!json_tree_parse(records->container.schema, "the schema", &records->schema, err) ||
        !avro_shape_parse(records->schema, &records->arena, &records->shape, err)) {
        if (err && err->kind == ERROR_BAD_REQUEST)
            err->kind = ERROR_CORRUPT;
        return error_prefix(err, "%s", records->what);
    }
    return true;
}

bool avro_records_open(struct slice bytes, const char *what, struct avro_records *ret_records,
                       struct error *err)
{
    struct avro_records *records = ret_records;
    memset(records, 0, sizeof(*records));
    records->what = what;
    TRY(avro_container_open(bytes, &records->container, err));
    arena_init(&records->arena, SHAPE_CEILING);
    buffer_init(&records->scratch, MAX_MANIFEST_BLOCK_SIZE);
    if (shape_read(records, err))
        return true;
    avro_records_finish(records);
    return false;
}

void avro_records_finish(struct avro_records *records)
{
    buffer_finish(&records->scratch);
    arena_finish(&records->arena);
    json_decref(records->schema);
    records->schema = NULL;
    avro_container_finish(&records->container);
}

bool avro_records_next(struct avro_records *records, struct avro_block *ret_block, bool *ret_more,
                       struct error *err)
{
    struct avro_block block;
    bool more = false;
    TRY(avro_container_next(&records->container, &records->scratch, &block, &more, err));
    if (more) {
        records->inflated += block.data.len;
        if (records->inflated > MAX_MANIFEST_INFLATED_SIZE)
            return error_set(err, ERROR_TOO_LARGE,
                             "%s inflates to more than %zu bytes, the most that is allowed",
                             records->what, MAX_MANIFEST_INFLATED_SIZE);
        /* No record of ours is empty, so an honest count is not greater than the bytes. */
        if ((uint64_t)block.count > block.data.len)
            return avro_records_damaged(records, err);
        *ret_block = block;
    }
    *ret_more = more;
    return true;
}

uint64_t avro_block_budget(const struct avro_block *block)
{
    return NODES_PER_BLOCK + NODES_PER_BYTE * block->data.len;
}

bool avro_records_damaged(const struct avro_records *records, struct error *err)
{
    return error_set(err, ERROR_CORRUPT, "an entry of %s is cut off or damaged", records->what);
}

bool avro_number_read(const struct avro_shape *shape, struct avro_cursor *cursor, uint64_t *budget,
                      bool *ret_is_there, int64_t *ret_number)
{
    int64_t branch = 0;
    if (shape->kind == AVRO_KIND_UNION) {
        TRY(avro_cursor_long(cursor, &branch) && branch >= 0 &&
            (uint64_t)branch < shape->child_count);
        shape = shape->children[branch].type;
    }
    *ret_is_there = shape->kind != AVRO_KIND_NULL;
    if (!*ret_is_there)
        return true;
    TRY(shape->kind == AVRO_KIND_INT || shape->kind == AVRO_KIND_LONG);
    struct avro_cursor at = *cursor;
    return avro_shape_skip(shape, cursor, budget) && avro_cursor_long(&at, ret_number);
}
