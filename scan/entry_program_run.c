/*
 * The interpreter of entry programs. It runs over inflated bytes at the speed of memory, so its
 * shape follows what that needs: most numbers are one byte, most keys and lengths of bounds too,
 * and those have a short way; a map of counts that nobody asked for is skipped eight bytes at a
 * time; steps of one kind that stand side by side are run in a loop of their own.
 *
 * Recursion is one call for each array inside an item, at most AVRO_SHAPE_MAX_DEPTH.
 */
#include "scan/entry_program.h"

#include "scan/entry_program_read.h"

#define HINTED_MAPS (ENTRY_HINTED_MAPS + PLACE_COUNT)

/* The item of an array or a map that is being read. */
struct item {
    int64_t key;
    int64_t number;
    struct slice bytes;
    bool has_key;
    bool has_value;
};

struct machine {
    struct manifest_builder *builder;
    place end;
    size_t row;
    struct item item;
    struct hint hints[HINTED_MAPS][HINT_COUNT]; /* those stepped over, and one for each place */
};

/* An int is a number that may not have all values of a long. */
static inline place long_store(place at, place end, const struct entry_op *op, size_t row)
{
    int64_t value;
    at = long_read(at, end, &value);
    if (!at || (op->is_int && value != (int32_t)value))
        return NULL;
    op->column->values[row] = value;
    if (op->marks)
        column_builder_mark(op->column, row);
    return at;
}

static place boolean_store(place at, place end, struct column_builder *column, size_t row)
{
    if (at == end || *at > 1)
        return NULL;
    column_builder_long(column, row, *at);
    return at + 1;
}

/* A double's bits; all NaNs are one, as Double.doubleToLongBits has it. */
static void double_store(double value, struct column_builder *column, size_t row)
{
    int64_t bits;
    if (__builtin_isnan(value))
        value = __builtin_nan("");
    memcpy(&bits, &value, sizeof(bits));
    column_builder_long(column, row, bits);
}

static place real_store(place at, place end, bool is_float, struct column_builder *column,
                        size_t row)
{
    size_t size = is_float ? sizeof(float) : sizeof(double);
    if (left(at, end) < size)
        return NULL;
    float narrow = 0;
    double wide = 0;
    if (is_float)
        memcpy(&narrow, at, sizeof(narrow));
    else
        memcpy(&wide, at, sizeof(wide));
    double_store(is_float ? (double)narrow : wide, column, row);
    return at + size;
}

static inline bool slice_store(struct machine *machine, struct column_builder *column,
                               struct slice bytes)
{
    column_builder_begin(column, machine->row);
    TRY(column_builder_append(machine->builder, column, bytes.ptr, bytes.len));
    column_builder_end(column, machine->row);
    return true;
}

static inline place bytes_store(struct machine *machine, place at, struct column_builder *column)
{
    struct slice bytes;
    at = bytes_read(at, machine->end, &bytes);
    return at && slice_store(machine, column, bytes) ? at : NULL;
}

static place fixed_store(struct machine *machine, place at, size_t size,
                         struct column_builder *column)
{
    place next = fixed_skip(at, machine->end, size);
    return next && slice_store(machine, column, slice_make((const char *)at, size)) ? next : NULL;
}

static place counted_fixed_store(struct machine *machine, place at, size_t size,
                                 struct column_builder *column)
{
    struct slice bytes;
    place next = bytes_read(at, machine->end, &bytes);
    return next && bytes.len == size && slice_store(machine, column, bytes) ? next : NULL;
}

/* Without the leading bytes that only repeat the sign: equal numbers have equal bytes then, also
 * where the type's precision grew between two manifests. */
static place decimal_store(struct machine *machine, place at, const struct entry_op *op)
{
    struct slice bytes = slice_make((const char *)at, op->size);
    if (op->code == ENTRY_DECIMAL)
        at = bytes_read(at, machine->end, &bytes);
    else
        at = fixed_skip(at, machine->end, op->size);
    if (!at)
        return NULL;
    while (bytes.len > 1 && ((bytes.ptr[0] == 0 && (bytes.ptr[1] & 0x80) == 0) ||
                             ((unsigned char)bytes.ptr[0] == 0xFF && (bytes.ptr[1] & 0x80) != 0)))
        bytes = slice_from(bytes, 1);
    return slice_store(machine, op->column, bytes) ? at : NULL;
}

static place long_list_store(struct machine *machine, place at, struct column_builder *column)
{
    place end = machine->end;
    column_builder_begin(column, machine->row);
    for (;;) {
        size_t count = 0;
        int64_t size, value;
        at = count_read(at, end, &count, &size);
        if (!at || count > left(at, end))
            return NULL;
        if (count == 0)
            break;
        for (; count > 0; count--) {
            at = long_read(at, end, &value);
            if (!at || !column_builder_append(machine->builder, column, &value, sizeof(value)))
                return NULL;
        }
    }
    column_builder_end(column, machine->row);
    return at;
}

static bool stats_long_store(struct machine *machine, size_t stats_place, int64_t id, int64_t value)
{
    struct stats_builder *stats = manifest_builder_stats(machine->builder, id);
    if (!stats)
        return machine->builder->failure == BUILDER_FINE;
    struct column_builder *column = &stats->columns[stats_place];
    if (machine->row >= column->capacity)
        TRY(column_builder_require(machine->builder, column));
    column_builder_long(column, machine->row, value);
    return true;
}

/* True where the row's lower bound, which mostly comes first, is the same. */
static inline bool is_lower_bound(const struct stats_builder *stats, size_t row, struct slice bytes)
{
    const struct column_builder *lower = &stats->columns[PLACE_LOWER_BOUND];
    return row < lower->capacity && column_builder_has(lower, row) &&
           lower->heap_size - lower->last_start == bytes.len &&
           memcmp(lower->heap + lower->last_start, bytes.ptr, bytes.len) == 0;
}

static inline bool stats_bytes_store(struct machine *machine, size_t stats_place, int64_t id,
                                     struct slice bytes)
{
    struct stats_builder *stats = manifest_builder_stats(machine->builder, id);
    if (!stats)
        return machine->builder->failure == BUILDER_FINE;
    struct column_builder *column = &stats->columns[stats_place];
    if (machine->row >= column->capacity)
        TRY(column_builder_require(machine->builder, column));
    if (stats_place == PLACE_UPPER_BOUND && !column->is_own) {
        if (is_lower_bound(stats, machine->row, bytes)) {
            column_builder_mark(column, machine->row);
            return true;
        }
        TRY(stats_builder_part_bounds(machine->builder, stats, machine->row));
    }
    return slice_store(machine, column, bytes);
}

/* True where the item's key is one byte and a field's that nobody asked for: most are. */
static inline bool is_unwanted(const struct machine *machine, place at)
{
    return at < machine->end && (*at & 0x81) == 0 &&
           (machine->builder->wanted_ids >> (*at >> 1) & 1) == 0;
}

/* One item of a map of counts. */
static inline place stats_long_read(struct machine *machine, place at, size_t stats_place,
                                    struct hint *hint)
{
    int64_t key, value;
    if (is_unwanted(machine, at)) {
        place next = long_skip(at + 1, machine->end);
        if (next && (size_t)(next - at) <= sizeof(hint->head))
            hint_set_number(hint, at, machine->end, (size_t)(next - at));
        return next;
    }
    at = long_read(at, machine->end, &key);
    at = at ? long_read(at, machine->end, &value) : NULL;
    return at && stats_long_store(machine, stats_place, key, value) ? at : NULL;
}

/* One item of a map of bounds. */
static inline place stats_bytes_read(struct machine *machine, place at, size_t stats_place,
                                     struct hint *hint)
{
    int64_t key;
    struct slice bytes;
    if (is_unwanted(machine, at))
        return pair_skip(at, machine->end, hint);
    at = long_read(at, machine->end, &key);
    at = at ? bytes_read(at, machine->end, &bytes) : NULL;
    return at && stats_bytes_store(machine, stats_place, key, bytes) ? at : NULL;
}

static inline place stats_read(struct machine *machine, place at, size_t stats_place,
                               struct hint *hint)
{
    return stats_place >= PLACE_LOWER_BOUND ? stats_bytes_read(machine, at, stats_place, hint)
                                            : stats_long_read(machine, at, stats_place, hint);
}

/* Hints are of items that nobody asked for: the others are read in any case. */
static inline place stats_block(struct machine *machine, place at, size_t count, size_t stats_place)
{
    struct hint *hint = machine->hints[ENTRY_HINTED_MAPS + stats_place], none;
    size_t hinted = count < HINT_COUNT ? count : HINT_COUNT;
    for (struct hint *last = hint + hinted; hint < last; hint++) {
        if (left(at, machine->end) >= HINT_ROOM && hint_fits(hint, at)) {
            at += hint->size;
            continue;
        }
        at = stats_read(machine, at, stats_place, hint);
        if (!at)
            return NULL;
    }
    for (size_t i = hinted; i < count && at; i++)
        at = stats_read(machine, at, stats_place, &none);
    return at;
}

static place stats_map(struct machine *machine, place at, size_t stats_place)
{
    for (;;) {
        size_t count = 0;
        int64_t size = 0;
        at = count_read(at, machine->end, &count, &size);
        if (!at || count == 0)
            return at;
        at = stats_block(machine, at, count, stats_place);
        if (!at)
            return NULL;
    }
}

static place run(struct machine *machine, const struct entry_op *op, place at);

/* What one item has put into the registers. A null has no place in a list, nor in a map. */
static bool item_sink(struct machine *machine, const struct entry_op *op)
{
    if (op->sink == SINK_NONE || !machine->item.has_value)
        return true;
    if (op->sink == SINK_LIST)
        return column_builder_append(machine->builder, op->column, &machine->item.number,
                                     sizeof(machine->item.number));
    if (!machine->item.has_key)
        return true;
    return op->sink == SINK_STATS_LONGS
               ? stats_long_store(machine, op->size, machine->item.key, machine->item.number)
               : stats_bytes_store(machine, op->size, machine->item.key, machine->item.bytes);
}

static place items_run(struct machine *machine, const struct entry_op *op, place at)
{
    /* Items may hold items: the outer one goes on where it was. */
    struct item outer = machine->item;
    if (op->sink == SINK_LIST)
        column_builder_begin(op->column, machine->row);
    for (;;) {
        size_t count = 0;
        int64_t size = 0;
        at = count_read(at, machine->end, &count, &size);
        if (!at || count > left(at, machine->end))
            return NULL;
        if (count == 0)
            break;
        for (; count > 0; count--) {
            machine->item = (struct item){.has_key = false};
            at = run(machine, op + 1, at);
            if (!at || !item_sink(machine, op))
                return NULL;
        }
    }
    if (op->sink == SINK_LIST)
        column_builder_end(op->column, machine->row);
    machine->item = outer;
    return at;
}

/* A text that is no number is no field's id: such an item is passed over. */
static place text_key_read(struct machine *machine, place at)
{
    struct slice text;
    at = bytes_read(at, machine->end, &text);
    if (at)
        machine->item.has_key = slice_to_int64(text, &machine->item.key);
    return at;
}

static place key_read(struct machine *machine, place at)
{
    machine->item.has_key = true;
    return long_read(at, machine->end, &machine->item.key);
}

static place value_read(struct machine *machine, const struct entry_op *op, place at)
{
    machine->item.has_value = true;
    if (op->code == ENTRY_VALUE_LONG)
        return long_read(at, machine->end, &machine->item.number);
    if (op->code == ENTRY_VALUE_BYTES)
        return bytes_read(at, machine->end, &machine->item.bytes);
    machine->item.bytes = slice_make((const char *)at, op->size);
    return fixed_skip(at, machine->end, op->size);
}

/* Where a union's branch begins. */
static place switch_read(const struct entry_op **op, place at, place end)
{
    int64_t branch;
    at = long_read(at, end, &branch);
    if (!at || branch < 0 || branch >= (int64_t)(*op)->size)
        return NULL;
    *op += 1 + branch;
    *op += (*op)->next;
    return at;
}

enum branch { BRANCH_VALUE, BRANCH_NULL, BRANCH_DAMAGED };

/* What a step's union of null and a value holds; a step without one has a value. */
static inline enum branch branch_read(const struct entry_op *op, place *at, place end)
{
    if (op->null_branch == NO_NULL_BRANCH)
        return BRANCH_VALUE;
    if (*at == end || (**at & ~2) != 0)
        return BRANCH_DAMAGED;
    return *(*at)++ == 2 * op->null_branch ? BRANCH_NULL : BRANCH_VALUE;
}

/* Steps that are rare in manifests. */
static place run_rare(struct machine *machine, const struct entry_op *op, place at)
{
    switch ((enum entry_code)op->code) {
    case ENTRY_BOOLEAN:
        return boolean_store(at, machine->end, op->column, machine->row);
    case ENTRY_FLOAT:
    case ENTRY_DOUBLE:
        return real_store(at, machine->end, op->code == ENTRY_FLOAT, op->column, machine->row);
    case ENTRY_FIXED:
        return fixed_store(machine, at, op->size, op->column);
    case ENTRY_COUNTED_FIXED:
        return counted_fixed_store(machine, at, op->size, op->column);
    case ENTRY_DECIMAL:
    case ENTRY_DECIMAL_FIXED:
        return decimal_store(machine, at, op);
    case ENTRY_ITEMS:
        return items_run(machine, op, at);
    case ENTRY_KEY:
        return key_read(machine, at);
    case ENTRY_TEXT_KEY:
        return text_key_read(machine, at);
    default:
        return value_read(machine, op, at);
    }
}

/* One step of a kind that does not come in runs. */
static inline place run_one(struct machine *machine, const struct entry_op *op, place at)
{
    place end = machine->end;
    switch ((enum entry_code)op->code) {
    case ENTRY_SKIP_LONG:
        return long_skip(at, end);
    case ENTRY_SKIP_BYTES: {
        struct slice bytes;
        return bytes_read(at, end, &bytes);
    }
    case ENTRY_SKIP_FIXED:
        return fixed_skip(at, end, op->size);
    case ENTRY_LONG_LIST:
        return long_list_store(machine, at, op->column);
    case ENTRY_STATS_LONGS:
    case ENTRY_STATS_BYTES:
        return stats_map(machine, at, op->size);
    default:
        return run_rare(machine, op, at);
    }
}

static inline place run_any(struct machine *machine, const struct entry_op **op, place at)
{
    const struct entry_op *now = *op;
    if (now->code == ENTRY_SWITCH)
        return switch_read(op, at, machine->end);
    *op += now->next;
    if (now->code == ENTRY_JUMP)
        return at;
    enum branch branch = branch_read(now, &at, machine->end);
    if (branch == BRANCH_VALUE)
        return run_one(machine, now, at);
    return branch == BRANCH_NULL ? at : NULL;
}

/* As many steps as follow each other with the code of the first: manifests have their numbers, and
 * their maps, side by side, and one decision for all is cheaper than one for each. */
#define RUN_ALIKE(expression)                                              \
    do {                                                                   \
        enum entry_code alike_code = (enum entry_code)op->code;            \
        do {                                                               \
            enum branch alike_branch = branch_read(op, &at, machine->end); \
            if (alike_branch == BRANCH_VALUE)                              \
                at = (expression);                                         \
            if (!at || alike_branch == BRANCH_DAMAGED)                     \
                return NULL;                                               \
            op++;                                                          \
        } while (op->code == alike_code);                                  \
    } while (0)

/* From a step to the next ENTRY_END on its level. */
static place run(struct machine *machine, const struct entry_op *op, place at)
{
    while (at) {
        switch (op->code) {
        case ENTRY_END:
            return at;
        case ENTRY_LONG:
            RUN_ALIKE(long_store(at, machine->end, op, machine->row));
            break;
        case ENTRY_BYTES:
            RUN_ALIKE(bytes_store(machine, at, op->column));
            break;
        case ENTRY_SKIP_LONG_ITEMS:
            RUN_ALIKE(long_items_skip(at, machine->end, op->size));
            break;
        case ENTRY_SKIP_PAIRS:
            RUN_ALIKE(pairs_skip(at, machine->end, machine->hints[op->size]));
            break;
        default:
            at = run_any(machine, &op, at);
            break;
        }
    }
    return NULL;
}

static void hints_forget(struct machine *machine)
{
    for (size_t map = 0; map < HINTED_MAPS; map++)
        for (size_t i = 0; i < HINT_COUNT; i++)
            machine->hints[map][i] = (struct hint){.head = 1};
}

bool entry_program_run(const struct entry_program *program, struct manifest_builder *builder,
                       struct slice block, size_t count)
{
    place at = (place)block.ptr;
    struct machine machine;
    /* An honest count fits the bytes; so memory grows with what there is, not with what is said. */
    if (program->min_size > 0 && count > block.len / program->min_size)
        return false;
    TRY(manifest_builder_reserve(builder, count));
    machine = (struct machine){.builder = builder, .end = at + block.len};
    hints_forget(&machine);
    for (size_t i = 0; i < count; i++) {
        machine.row = builder->row_count + i;
        at = run(&machine, program->ops, at);
        if (!at)
            return false;
    }
    builder->row_count += count;
    return at == machine.end;
}
