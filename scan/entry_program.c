/*
 * The compiler: one walk over the writer's schema. Each place of the schema meets a target, which
 * says what is to become of the value there; most are TARGET_NONE and become skips.
 *
 * A type that takes no bytes (null, a record of nulls, a fixed of size 0) gives no step at all. So
 * every step of an item consumes at least one byte, and running a block takes time in proportion
 * to its bytes, whatever its counts say.
 */
#include "scan/entry_program.h"

#include <stdlib.h>

#include "scan/entry_program_shape.h"

#define FIRST_OPS ((size_t)64)

enum target_kind {
    TARGET_NONE,
    TARGET_COLUMN,
    TARGET_ENTRY,
    TARGET_FILE,
    TARGET_PARTITION,       /* the tuple */
    TARGET_PARTITION_VALUE, /* one of its values */
    TARGET_STATS,
    TARGET_KEY,
    TARGET_VALUE
};

struct target {
    enum target_kind kind;
    const char *name; /* for messages */
    int32_t id;
    struct column_builder *column;
    struct partition_builder *partition;
    enum stats_place place;
    int32_t key_id; /* of a map */
    int32_t value_id;
    bool is_bytes; /* TARGET_VALUE, TARGET_STATS: not numbers */
};

struct compiler {
    struct manifest_builder *builder;
    struct entry_op *ops;
    size_t count;
    size_t capacity;
    unsigned kinds;
    enum fixed_form form;
    bool has_fixed;
    bool has_path;
    size_t pair_maps;    /* how many were met */
    unsigned conditions; /* unions around the place where the walk is */
    struct error *err;
};

/* A field of a record that has a target. */
struct field_row {
    int32_t id;
    const char *name;
    int core; /* enum core_column, or one of the following */
    int32_t key_id;
    int32_t value_id;
};

enum { ROW_FILE = -1, ROW_PARTITION = -2, ROW_STATS = -16 /* and below: minus the place */ };
#define STATS_ROW(place) (ROW_STATS - (place))

static const struct field_row ENTRY_FIELDS[] = {
    {0, "status", CORE_STATUS, 0, 0},
    {1, "snapshot_id", CORE_SNAPSHOT_ID, 0, 0},
    {3, "sequence_number", CORE_DATA_SEQUENCE, 0, 0},
    {4, "file_sequence_number", CORE_FILE_SEQUENCE, 0, 0},
    {2, "data_file", ROW_FILE, 0, 0},
};

static const struct field_row FILE_FIELDS[] = {
    {134, "content", CORE_CONTENT, 0, 0},
    {100, "file_path", CORE_FILE_PATH, 0, 0},
    {101, "file_format", CORE_FILE_FORMAT, 0, 0},
    {102, "partition", ROW_PARTITION, 0, 0},
    {103, "record_count", CORE_RECORD_COUNT, 0, 0},
    {104, "file_size_in_bytes", CORE_FILE_SIZE, 0, 0},
    {108, "column_sizes", STATS_ROW(PLACE_COLUMN_SIZE), 117, 118},
    {109, "value_counts", STATS_ROW(PLACE_VALUE_COUNT), 119, 120},
    {110, "null_value_counts", STATS_ROW(PLACE_NULL_COUNT), 121, 122},
    {137, "nan_value_counts", STATS_ROW(PLACE_NAN_COUNT), 138, 139},
    {125, "lower_bounds", STATS_ROW(PLACE_LOWER_BOUND), 126, 127},
    {128, "upper_bounds", STATS_ROW(PLACE_UPPER_BOUND), 129, 130},
    {131, "key_metadata", CORE_KEY_METADATA, 0, 0},
    {132, "split_offsets", CORE_SPLIT_OFFSETS, 0, 0},
    {135, "equality_ids", CORE_EQUALITY_IDS, 0, 0},
    {140, "sort_order_id", CORE_SORT_ORDER_ID, 0, 0},
    {142, "first_row_id", CORE_FIRST_ROW_ID, 0, 0},
    {143, "referenced_data_file", CORE_REFERENCED_FILE, 0, 0},
    {144, "content_offset", CORE_CONTENT_OFFSET, 0, 0},
    {145, "content_size_in_bytes", CORE_CONTENT_SIZE, 0, 0},
};

#define LENGTH(array) (sizeof(array) / sizeof((array)[0]))

static bool emit(struct compiler *compiler, const struct avro_shape *shape,
                 const struct target *target);

static const struct target NO_TARGET = {.kind = TARGET_NONE};

static bool wrong_type(struct compiler *compiler, const struct target *target)
{
    return error_set(compiler->err, ERROR_CORRUPT,
                     "the manifest's field %s (id %d) has a type that it cannot have", target->name,
                     target->id);
}

/* Appends a step; its place is compiler->count - 1. */
static bool op_add(struct compiler *compiler, enum entry_code code, size_t size,
                   const struct target *target)
{
    if (compiler->count == compiler->capacity) {
        size_t capacity = compiler->capacity > 0 ? compiler->capacity * 2 : FIRST_OPS;
        struct entry_op *ops = realloc(compiler->ops, capacity * sizeof(*ops));
        if (!ops)
            return error_no_memory(compiler->err, "the program of a manifest");
        compiler->ops = ops;
        compiler->capacity = capacity;
    }
    compiler->ops[compiler->count++] = (struct entry_op){
        .code = (uint8_t)code,
        .null_branch = NO_NULL_BRANCH,
        .marks = true,
        .size = (uint32_t)size,
        .next = 1,
        .column = target->column,
    };
    return true;
}

static bool emit_skip(struct compiler *compiler, const struct avro_shape *shape)
{
    switch (shape->kind) {
    case AVRO_KIND_BOOLEAN:
        return op_add(compiler, ENTRY_SKIP_FIXED, 1, &NO_TARGET);
    case AVRO_KIND_FLOAT:
        return op_add(compiler, ENTRY_SKIP_FIXED, 4, &NO_TARGET);
    case AVRO_KIND_DOUBLE:
        return op_add(compiler, ENTRY_SKIP_FIXED, 8, &NO_TARGET);
    case AVRO_KIND_FIXED:
        return shape->size == 0 ||
               op_add(compiler, ENTRY_SKIP_FIXED, (size_t)shape->size, &NO_TARGET);
    case AVRO_KIND_INT:
    case AVRO_KIND_LONG:
    case AVRO_KIND_ENUM:
        return op_add(compiler, ENTRY_SKIP_LONG, 0, &NO_TARGET);
    default:
        return op_add(compiler, ENTRY_SKIP_BYTES, 0, &NO_TARGET);
    }
}

/* The kind that a partition value's type gives; false for one that no value has. */
static bool partition_kind_of(const struct avro_shape *shape, enum partition_kind *ret_kind)
{
    switch (shape->kind) {
    case AVRO_KIND_BOOLEAN:
    case AVRO_KIND_INT:
    case AVRO_KIND_LONG:
        *ret_kind = PARTITION_LONG;
        return true;
    case AVRO_KIND_FLOAT:
    case AVRO_KIND_DOUBLE:
        *ret_kind = PARTITION_DOUBLE;
        return true;
    case AVRO_KIND_BYTES:
    case AVRO_KIND_STRING:
    case AVRO_KIND_FIXED:
        *ret_kind = PARTITION_BYTES;
        return true;
    default:
        return false;
    }
}

static enum entry_code fixed_code(struct compiler *compiler, const struct avro_shape *shape)
{
    if (shape->logical_type.len > 0)
        return ENTRY_FIXED;
    compiler->has_fixed = true;
    return compiler->form == FIXED_COUNTED ? ENTRY_COUNTED_FIXED : ENTRY_FIXED;
}

static enum entry_code partition_code(struct compiler *compiler, const struct avro_shape *shape)
{
    bool is_decimal = slice_equals_string(shape->logical_type, "decimal");
    switch (shape->kind) {
    case AVRO_KIND_BOOLEAN:
        return ENTRY_BOOLEAN;
    case AVRO_KIND_FLOAT:
        return ENTRY_FLOAT;
    case AVRO_KIND_DOUBLE:
        return ENTRY_DOUBLE;
    case AVRO_KIND_FIXED:
        return is_decimal ? ENTRY_DECIMAL_FIXED : fixed_code(compiler, shape);
    default:
        return is_decimal ? ENTRY_DECIMAL : ENTRY_BYTES;
    }
}

/* A number that every entry has needs no presence bits; emit_union and its like see to the rest. */
static bool emit_long(struct compiler *compiler, const struct avro_shape *shape,
                      const struct target *target)
{
    TRY(op_add(compiler, ENTRY_LONG, 0, target));
    struct entry_op *op = &compiler->ops[compiler->count - 1];
    op->is_int = shape->kind == AVRO_KIND_INT;
    op->marks = compiler->conditions > 0;
    target->column->is_always = !op->marks;
    return true;
}

/* Branches of a union must agree on the kind: one column holds them all. */
static bool emit_partition_value(struct compiler *compiler, const struct avro_shape *shape,
                                 const struct target *target)
{
    struct partition_builder *partition = target->partition;
    enum partition_kind kind;
    if (!partition_kind_of(shape, &kind) ||
        (partition->kind != PARTITION_NULL && partition->kind != kind))
        return wrong_type(compiler, target);
    partition->kind = kind;
    partition->is_text |= shape->kind == AVRO_KIND_STRING;
    partition->column.kind = kind == PARTITION_BYTES ? BUILDER_BYTES : BUILDER_LONGS;
    if (entry_shape_is_number(shape))
        return emit_long(compiler, shape, target);
    return op_add(compiler, partition_code(compiler, shape), (size_t)shape->size, target);
}

static bool emit_value(struct compiler *compiler, const struct avro_shape *shape,
                       const struct target *target)
{
    if (!target->is_bytes)
        return entry_shape_is_number(shape) ? op_add(compiler, ENTRY_VALUE_LONG, 0, target)
                                            : wrong_type(compiler, target);
    if (shape->kind == AVRO_KIND_FIXED)
        return op_add(compiler, ENTRY_VALUE_FIXED, (size_t)shape->size, target);
    return entry_shape_is_bytes(shape) ? op_add(compiler, ENTRY_VALUE_BYTES, 0, target)
                                       : wrong_type(compiler, target);
}

static bool emit_column(struct compiler *compiler, const struct avro_shape *shape,
                        const struct target *target)
{
    bool wants_bytes = target->column->kind == BUILDER_BYTES;
    if (wants_bytes && shape->kind == AVRO_KIND_FIXED)
        return op_add(compiler, ENTRY_FIXED, (size_t)shape->size, target);
    if (wants_bytes && entry_shape_is_bytes(shape))
        return op_add(compiler, ENTRY_BYTES, 0, target);
    if (target->column->kind == BUILDER_LONGS && entry_shape_is_number(shape))
        return emit_long(compiler, shape, target);
    return wrong_type(compiler, target);
}

static bool emit_leaf(struct compiler *compiler, const struct avro_shape *shape,
                      const struct target *target)
{
    switch (target->kind) {
    case TARGET_NONE:
        return emit_skip(compiler, shape);
    case TARGET_COLUMN:
        return emit_column(compiler, shape, target);
    case TARGET_PARTITION_VALUE:
        return emit_partition_value(compiler, shape, target);
    case TARGET_KEY:
        return entry_shape_is_number(shape) ? op_add(compiler, ENTRY_KEY, 0, target)
                                            : wrong_type(compiler, target);
    case TARGET_VALUE:
        return emit_value(compiler, shape, target);
    default:
        return wrong_type(compiler, target);
    }
}

static bool is_plain_map(const struct avro_shape *shape, const struct target *target)
{
    const struct avro_shape *item = shape->children[0].type;
    return shape->kind == AVRO_KIND_ARRAY && entry_shape_is_pair(item, target->is_bytes) &&
           avro_shape_find(item, target->key_id, "key") == 0 &&
           avro_shape_find(item, target->value_id, "value") == 1;
}

/* The item's record: a key and a value wherever they stand, and what else there is. */
static bool emit_pair(struct compiler *compiler, const struct avro_shape *item,
                      const struct target *map)
{
    struct target key = {.kind = TARGET_KEY, .name = map->name, .id = map->id};
    struct target value = {.kind = TARGET_VALUE,
                           .name = map->name,
                           .id = map->id,
                           .is_bytes = map->is_bytes};
    if (item->kind != AVRO_KIND_RECORD)
        return wrong_type(compiler, map);
    int key_place = avro_shape_find(item, map->key_id, "key");
    int value_place = avro_shape_find(item, map->value_id, "value");
    if (key_place < 0 || value_place < 0)
        return wrong_type(compiler, map);
    for (size_t i = 0; i < item->child_count; i++) {
        const struct target *target = (int)i == key_place     ? &key
                                      : (int)i == value_place ? &value
                                                              : &NO_TARGET;
        TRY(emit(compiler, item->children[i].type, target));
    }
    return true;
}

static bool emit_item(struct compiler *compiler, const struct avro_shape *shape,
                      const struct target *target)
{
    const struct avro_shape *item = shape->children[0].type;
    struct target value = {.kind = TARGET_VALUE,
                           .name = target->name,
                           .id = target->id,
                           .is_bytes = target->is_bytes};
    if (shape->kind == AVRO_KIND_MAP)
        TRY(op_add(compiler, ENTRY_TEXT_KEY, 0, target));
    if (target->kind == TARGET_NONE)
        return emit(compiler, item, &NO_TARGET);
    if (target->kind == TARGET_STATS && shape->kind == AVRO_KIND_ARRAY)
        return emit_pair(compiler, item, target);
    return emit(compiler, item, &value);
}

/* The form for items of any kind. */
static bool emit_items(struct compiler *compiler, const struct avro_shape *shape,
                       const struct target *target)
{
    size_t place = compiler->count;
    enum entry_sink sink = SINK_NONE;
    if (target->kind == TARGET_COLUMN)
        sink = SINK_LIST;
    else if (target->kind == TARGET_STATS)
        sink = target->is_bytes ? SINK_STATS_BYTES : SINK_STATS_LONGS;
    TRY(op_add(compiler, ENTRY_ITEMS, target->place, target));
    compiler->ops[place].sink = (uint8_t)sink;
    TRY(emit_item(compiler, shape, target));
    TRY(op_add(compiler, ENTRY_END, 0, &NO_TARGET));
    compiler->ops[place].next = (uint32_t)(compiler->count - place);
    return true;
}

static bool emit_array(struct compiler *compiler, const struct avro_shape *shape,
                       const struct target *target)
{
    const struct avro_shape *item = shape->children[0].type;
    bool is_array = shape->kind == AVRO_KIND_ARRAY;
    bool is_list = target->kind == TARGET_COLUMN && target->column->kind == BUILDER_LISTS;
    if (target->kind != TARGET_NONE && target->kind != TARGET_STATS && (!is_list || !is_array))
        return wrong_type(compiler, target);
    if (is_array && entry_shape_least_size(item) == 0)
        return op_add(compiler, ENTRY_SKIP_LONG_ITEMS, 0, &NO_TARGET);
    if (is_array && target->kind == TARGET_NONE) {
        size_t numbers = entry_shape_count_numbers(item);
        if (numbers > 0)
            return op_add(compiler, ENTRY_SKIP_LONG_ITEMS, numbers, &NO_TARGET);
        if (entry_shape_is_pair(item, true))
            return op_add(compiler, ENTRY_SKIP_PAIRS, compiler->pair_maps++ % ENTRY_HINTED_MAPS,
                          &NO_TARGET);
    }
    if (is_list && entry_shape_is_number(item))
        return op_add(compiler, ENTRY_LONG_LIST, 0, target);
    if (target->kind == TARGET_STATS && is_plain_map(shape, target))
        return op_add(compiler, target->is_bytes ? ENTRY_STATS_BYTES : ENTRY_STATS_LONGS,
                      target->place, target);
    return emit_items(compiler, shape, target);
}

/* Points the jumps at the end of a union's branches to what follows it. */
static void jumps_fix(struct compiler *compiler, size_t place)
{
    for (size_t i = place; i < compiler->count; i++) {
        struct entry_op *op = &compiler->ops[i];
        if (op->code == ENTRY_JUMP && op->size == place)
            op->next = (uint32_t)(compiler->count - i);
    }
}

/* Any union: a jump table of its branches. */
static bool emit_switch(struct compiler *compiler, const struct avro_shape *shape,
                        const struct target *target)
{
    size_t place = compiler->count;
    TRY(op_add(compiler, ENTRY_SWITCH, shape->child_count, &NO_TARGET));
    for (size_t i = 0; i < shape->child_count; i++)
        TRY(op_add(compiler, ENTRY_CASE, 0, &NO_TARGET));
    for (size_t i = 0; i < shape->child_count; i++) {
        size_t at = place + 1 + i;
        compiler->ops[at].next = (uint32_t)(compiler->count - at);
        TRY(emit(compiler, shape->children[i].type, target));
        TRY(op_add(compiler, ENTRY_JUMP, place, &NO_TARGET));
    }
    jumps_fix(compiler, place);
    return true;
}

/* Null and one type that is one step: the step itself looks at the branch. */
static bool emit_union(struct compiler *compiler, const struct avro_shape *shape,
                       const struct target *target)
{
    size_t place = compiler->count;
    const struct avro_child *branches = shape->children;
    bool is_pair = shape->child_count == 2 && (branches[0].type->kind == AVRO_KIND_NULL) !=
                                                  (branches[1].type->kind == AVRO_KIND_NULL);
    size_t null_branch = is_pair && branches[1].type->kind == AVRO_KIND_NULL;
    bool is_step = is_pair && branches[1 - null_branch].type->kind != AVRO_KIND_RECORD &&
                   entry_shape_least_size(branches[1 - null_branch].type) > 0;
    compiler->conditions++;
    bool ok = is_step ? emit(compiler, branches[1 - null_branch].type, target)
                      : emit_switch(compiler, shape, target);
    compiler->conditions--;
    if (ok && is_step)
        compiler->ops[place].null_branch = (uint8_t)null_branch;
    return ok;
}

static struct target row_target(struct compiler *compiler, const struct field_row *row)
{
    struct target target = {.name = row->name, .id = row->id};
    if (row->core == ROW_FILE) {
        target.kind = TARGET_FILE;
    } else if (row->core == ROW_PARTITION) {
        target.kind = TARGET_PARTITION;
    } else if (row->core <= ROW_STATS) {
        target.place = (enum stats_place)(ROW_STATS - row->core);
        target.kind = compiler->kinds >> target.place & 1 ? TARGET_STATS : TARGET_NONE;
        target.is_bytes = target.place >= PLACE_LOWER_BOUND;
        target.key_id = row->key_id;
        target.value_id = row->value_id;
    } else {
        target.kind = TARGET_COLUMN;
        target.column = &compiler->builder->core[row->core];
        compiler->has_path |= row->core == CORE_FILE_PATH;
    }
    return target;
}

/* A record whose fields are looked up in a table. */
static bool emit_fields(struct compiler *compiler, const struct avro_shape *record,
                        const struct field_row *rows, size_t row_count)
{
    int places[LENGTH(FILE_FIELDS)];
    for (size_t row = 0; row < row_count; row++)
        places[row] = avro_shape_find(record, rows[row].id, rows[row].name);
    for (size_t i = 0; i < record->child_count; i++) {
        struct target target = NO_TARGET;
        for (size_t row = 0; row < row_count; row++) {
            if (places[row] == (int)i)
                target = row_target(compiler, &rows[row]);
        }
        TRY(emit(compiler, record->children[i].type, &target));
    }
    return true;
}

static bool emit_partition(struct compiler *compiler, const struct avro_shape *record,
                           const struct target *target)
{
    struct manifest_builder *builder = compiler->builder;
    /* A union of two records would have two tuples. */
    if (builder->partitions)
        return wrong_type(compiler, target);
    if (record->child_count == 0)
        return true;
    if (!manifest_builder_partition_by(builder, record->child_count))
        return manifest_builder_fail(builder, compiler->err);
    for (size_t i = 0; i < record->child_count; i++) {
        struct partition_builder *partition = &builder->partitions[i];
        partition->field_id = record->children[i].field_id;
        partition->name = record->children[i].name;
        partition->kind = PARTITION_NULL;
        struct target value = {.kind = TARGET_PARTITION_VALUE,
                               .name = "partition",
                               .id = partition->field_id,
                               .column = &partition->column,
                               .partition = partition};
        TRY(emit(compiler, record->children[i].type, &value));
    }
    return true;
}

static bool emit_record(struct compiler *compiler, const struct avro_shape *record,
                        const struct target *target)
{
    if (target->kind == TARGET_ENTRY)
        return emit_fields(compiler, record, ENTRY_FIELDS, LENGTH(ENTRY_FIELDS));
    if (target->kind == TARGET_FILE)
        return emit_fields(compiler, record, FILE_FIELDS, LENGTH(FILE_FIELDS));
    if (target->kind == TARGET_PARTITION)
        return emit_partition(compiler, record, target);
    if (target->kind != TARGET_NONE)
        return wrong_type(compiler, target);
    for (size_t i = 0; i < record->child_count; i++)
        TRY(emit(compiler, record->children[i].type, &NO_TARGET));
    return true;
}

/* Recursion is bounded by AVRO_SHAPE_MAX_DEPTH, steps by AVRO_SHAPE_MAX_WEIGHT. */
static bool emit(struct compiler *compiler, const struct avro_shape *shape,
                 const struct target *target)
{
    switch (shape->kind) {
    case AVRO_KIND_NULL:
        return true;
    case AVRO_KIND_RECORD:
        return emit_record(compiler, shape, target);
    case AVRO_KIND_UNION:
        return emit_union(compiler, shape, target);
    case AVRO_KIND_ARRAY:
    case AVRO_KIND_MAP:
        return emit_array(compiler, shape, target);
    default:
        return emit_leaf(compiler, shape, target);
    }
}

static bool compile_entry(struct compiler *compiler, const struct avro_shape *shape)
{
    static const struct target ENTRY = {.kind = TARGET_ENTRY, .name = "manifest_entry"};
    if (shape->kind != AVRO_KIND_RECORD || avro_shape_find(shape, 2, "data_file") < 0)
        return error_set(compiler->err, ERROR_CORRUPT,
                         "the Avro file has no field data_file (id 2): it is no manifest");
    TRY(emit(compiler, shape, &ENTRY));
    TRY(op_add(compiler, ENTRY_END, 0, &NO_TARGET));
    if (!compiler->has_path)
        return error_set(compiler->err, ERROR_CORRUPT,
                         "the manifest has no field file_path (id 100)");
    return true;
}

bool entry_program_compile(const struct avro_shape *shape, unsigned kinds, enum fixed_form form,
                           struct manifest_builder *builder, struct entry_program *ret_program,
                           struct error *err)
{
    struct compiler compiler = {.builder = builder, .kinds = kinds, .form = form, .err = err};
    if (!compile_entry(&compiler, shape)) {
        free(compiler.ops);
        return false;
    }
    *ret_program = (struct entry_program){.ops = compiler.ops,
                                          .count = compiler.count,
                                          .min_size = entry_shape_least_size(shape),
                                          .has_fixed = compiler.has_fixed};
    return true;
}

void entry_program_finish(struct entry_program *program)
{
    free(program->ops);
    *program = (struct entry_program){.ops = NULL};
}
