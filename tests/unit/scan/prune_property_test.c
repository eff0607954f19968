/*
 * Random rows, partition specs and filters from a fixed seed. Whatever is pruned holds no row that
 * matches, whatever is sure to match holds no other, and a residual says of the rows of its
 * partition what the filter says. A row is judged by a plain evaluator of its own, below.
 */
#include <inttypes.h>
#include <math.h>

#include "iceberg/expression_build.h"
#include "iceberg/transform_apply.h"
#include "iceberg/value_time.h"
#include "scan/projection.h"
#include "scan/residual.h"
#include "scan/uuid_bounds.h"
#include "tests/unit/cmocka_all.h"
#include "tests/unit/scan/prune_fixture.h"

#define ROUNDS 4000
#define SEED UINT64_C(0x5eed)
#define ROWS 24
#define COLUMNS 11
#define MAX_PARTS 3

static const char schema_text[] = "{'type':'struct','fields':["
                                  "{'id':1,'name':'i','required':false,'type':'int'},"
                                  "{'id':2,'name':'l','required':false,'type':'long'},"
                                  "{'id':3,'name':'s','required':false,'type':'string'},"
                                  "{'id':4,'name':'r','required':false,'type':'double'},"
                                  "{'id':5,'name':'p','required':false,'type':'decimal(9,2)'},"
                                  "{'id':6,'name':'d','required':false,'type':'date'},"
                                  "{'id':7,'name':'t','required':false,'type':'timestamp'},"
                                  "{'id':8,'name':'n','required':false,'type':'timestamptz_ns'},"
                                  "{'id':9,'name':'b','required':false,'type':'boolean'},"
                                  "{'id':10,'name':'x','required':false,'type':'binary'},"
                                  "{'id':11,'name':'u','required':false,'type':'uuid'}]}";

struct row {
    struct value columns[COLUMNS];
};

struct world {
    uint64_t random;
    size_t round;
    const struct schema *schema;
    struct arena arena; /* of one round */
    struct row rows[ROWS];
    struct partition_spec spec;
    struct partition_field parts[MAX_PARTS];
    struct value tuples[ROWS][MAX_PARTS];
    struct expression filter;
    /* How often there was something to see: */
    size_t matching_rows, pruned_files, sure_files, pruned_tuples, sure_tuples;
    size_t pruned_manifests, proved_residuals;
};

static uint32_t draw(struct world *world, uint32_t below)
{
    world->random ^= world->random << 13;
    world->random ^= world->random >> 7;
    world->random ^= world->random << 17;
    return (uint32_t)(world->random >> 33) % below;
}

static struct slice draw_bytes(struct world *world, size_t len)
{
    static const char *const letters[] = {"a", "b", "\xc3\xa4", "\xf0\x9f\x98\x80", "~"};
    struct buffer text;
    buffer_init(&text, 256);
    for (size_t i = 0; i < len; i++)
        buffer_append_string(&text, letters[draw(world, 5)]);
    struct slice copy = arena_slice(&world->arena, buffer_slice(&text));
    buffer_finish(&text);
    assert_non_null(copy.ptr);
    return copy;
}

static struct value draw_real(struct world *world)
{
    static const double reals[] = {-2.5, -0.0, 0.0, 1.0, 1e300, (double)INFINITY};
    return (struct value){.type = TYPE_DOUBLE, .real = reals[draw(world, 6)]};
}

/* Those with high bits are the greater ones to some, the smaller ones to others. */
static const char *const uuids[] = {"0123456789abcdef",
                                    "01234567\xff"
                                    "9abcdef",
                                    "~123456789abcdef",
                                    "\xff"
                                    "123456789abcdef",
                                    "\xff"
                                    "1234567\xff"
                                    "9abcdef",
                                    "\x80"
                                    "1234567\xff"
                                    "9abcdef"};

/* Few values, so that they meet; around 1970, where rounding matters. Never null or NaN. */
static struct value draw_value(struct world *world, const struct type *type)
{
    struct value value = {.type = type->id, .scale = type->scale};
    int64_t small = (int64_t)draw(world, 25) - 12;
    int64_t units = time_units_per_day(type->id);
    switch (value_class_of(type->id)) {
    case VALUE_REAL:
        return draw_real(world);
    case VALUE_WIDE:
        value.unscaled = small * 7;
        break;
    case VALUE_BYTES:
        value.bytes = draw_bytes(world, draw(world, 5));
        if (type->id == TYPE_UUID)
            value.bytes = slice_make(uuids[draw(world, 6)], 16);
        break;
    default:
        value.number = type->id == TYPE_BOOLEAN ? draw(world, 2) : small;
        if (type->id == TYPE_DATE)
            value.number *= 20;
        else if (units > 0)
            value.number = small * units / 16 + (int64_t)draw(world, 3) - 1;
    }
    return value;
}

static struct value draw_cell(struct world *world, const struct type *type)
{
    if (draw(world, 6) == 0)
        return VALUE_NONE;
    if (type->id == TYPE_DOUBLE && draw(world, 6) == 0)
        return (struct value){.type = TYPE_DOUBLE, .real = (double)NAN};
    return draw_value(world, type);
}

static const struct type *column_type(const struct world *world, size_t column)
{
    return world->schema->root->fields[column].type;
}

/* A transform that takes the type: identity where the first tries do not. */
static struct transform draw_transform(struct world *world, const struct type *type)
{
    static const char *const names[] = {"bucket[3]", "truncate[3]", "truncate[1]", "year", "month",
                                        "day",       "hour",        "identity",    "void"};
    struct transform transform;
    for (int i = 0; i < 4; i++) {
        const char *name = names[draw(world, 9)];
        assert_true(transform_parse(slice_from_string(name), &transform, NULL));
        if (transform_accepts(&transform, type))
            return transform;
    }
    return (struct transform){.kind = TRANSFORM_IDENTITY};
}

static void draw_table(struct world *world)
{
    world->spec = (struct partition_spec){0, world->parts, 1 + draw(world, MAX_PARTS)};
    uint32_t first = draw(world, COLUMNS);
    for (size_t i = 0; i < world->spec.field_count; i++) {
        uint32_t column = draw(world, 2) ? first : draw(world, COLUMNS);
        world->parts[i] = (struct partition_field){
            .source_id = (int32_t)column + 1,
            .field_id = 1000 + (int32_t)i,
            .name = SLICE_LITERAL("part"),
            .transform = draw_transform(world, column_type(world, column)),
        };
    }
    for (size_t i = 0; i < ROWS; i++) {
        for (size_t j = 0; j < COLUMNS; j++)
            world->rows[i].columns[j] = draw_cell(world, column_type(world, j));
        for (size_t j = 0; j < world->spec.field_count; j++) {
            const struct value *source = &world->rows[i].columns[world->parts[j].source_id - 1];
            assert_true(transform_apply(&world->parts[j].transform, source, &world->tuples[i][j]));
        }
    }
}

static enum expression_op draw_op(struct world *world, const struct type *type)
{
    enum expression_op op = (enum expression_op)(EXPR_IS_NULL + draw(world, 14));
    bool is_nan_test = op == EXPR_IS_NAN || op == EXPR_NOT_NAN;
    bool is_prefix = op == EXPR_STARTS_WITH || op == EXPR_NOT_STARTS_WITH;
    if ((is_nan_test && type->id != TYPE_DOUBLE) || (is_prefix && type->id != TYPE_STRING))
        return EXPR_LT_EQ;
    return op;
}

static uint32_t draw_predicate(struct world *world, struct expression_builder *builder)
{
    struct expression_term term = {.has_id = true, .transform = {.kind = TRANSFORM_IDENTITY}};
    struct value literals[4];
    uint32_t at = 0, node = 0;
    bool is_partitioned = draw(world, 2);
    term.field_id = is_partitioned ? world->parts[0].source_id : (int32_t)draw(world, COLUMNS) + 1;
    const struct type *type = column_type(world, (size_t)term.field_id - 1);
    if (draw(world, 4) == 0)
        term.transform = draw_transform(world, type);
    const struct type *result = transform_result_type(&term.transform, type);
    enum expression_op op = draw_op(world, result);
    size_t count = op < EXPR_LT ? 0 : op < EXPR_IN ? 1 : draw(world, 5);
    for (size_t i = 0; i < count; i++) {
        struct value source = draw_value(world, type);
        bool is_void = term.transform.kind == TRANSFORM_VOID;
        literals[i] = source;
        assert_true(is_void || transform_apply(&term.transform, &source, &literals[i]));
    }
    assert_true(expression_add_term(builder, &term, &at, NULL));
    assert_true(expression_add_predicate(builder, op, at, literals, count, &node, NULL));
    return node;
}

static uint32_t draw_node(struct world *world, struct expression_builder *builder, unsigned depth)
{
    uint32_t left = 0, right = 0, node = 0, kind = depth == 0 ? 9 : draw(world, 5);
    if (kind > 2)
        return draw_predicate(world, builder);
    left = draw_node(world, builder, depth - 1);
    if (kind == 2) {
        assert_true(expression_add_not(builder, left, &node, NULL));
        return node;
    }
    right = draw_node(world, builder, depth - 1);
    assert_true(expression_add_pair(builder, kind ? EXPR_AND : EXPR_OR, left, right, &node, NULL));
    return node;
}

static void draw_filter(struct world *world)
{
    struct expression_builder builder;
    struct expression unbound;
    struct error err = {0};
    expression_builder_init(&builder, &world->arena);
    uint32_t root = draw_node(world, &builder, 3);
    expression_builder_finish(&builder, root, &unbound);
    assert_ok(expression_bind(&unbound, world->schema, true, &world->arena, &world->filter, &err),
              &err);
}

/* --- the evaluator of rows -------------------------------------------------------------------- */

static bool holds(enum expression_op op, int order)
{
    switch (op) {
    case EXPR_LT:
        return order < 0;
    case EXPR_LT_EQ:
        return order <= 0;
    case EXPR_GT:
        return order > 0;
    case EXPR_GT_EQ:
        return order >= 0;
    default:
        return order == 0;
    }
}

/* Readers and writers differ. Some take null for less than all values and NaN for greater; for
 * others these are in no comparison. Some order uuids as signed numbers, and -0.0 before 0.0. */
enum { ORDERS_ALL = 1, ORDERS_SIGNS = 2, READERS = 4 };

static int compare_values(const struct value *a, const struct value *b, unsigned reader)
{
    int order = value_compare(a, b);
    if (!(reader & ORDERS_SIGNS))
        return order;
    if (a->type == TYPE_UUID)
        return uuid_compare_signed(a->bytes, b->bytes);
    return order == 0 && a->type == TYPE_DOUBLE ? !signbit(a->real) - !signbit(b->real) : order;
}

static bool test_value(const struct expression *filter, const struct expression_node *node,
                       const struct value *value, unsigned reader)
{
    const struct value *literals = filter->literals + node->literal;
    bool is_null = value_is_null(value), is_nan = value_is_nan(value), is_in = false;
    switch (node->op) {
    case EXPR_IS_NULL:
    case EXPR_NOT_NULL:
        return is_null == (node->op == EXPR_IS_NULL);
    case EXPR_IS_NAN:
    case EXPR_NOT_NAN:
        return is_nan == (node->op == EXPR_IS_NAN);
    case EXPR_STARTS_WITH:
    case EXPR_NOT_STARTS_WITH:
        is_in = !is_null && slice_starts_with(value->bytes, literals->bytes);
        return is_in == (node->op == EXPR_STARTS_WITH);
    case EXPR_EQ:
    case EXPR_NOT_EQ:
    case EXPR_IN:
    case EXPR_NOT_IN:
        for (uint32_t i = 0; i < node->literal_count; i++)
            is_in = is_in || (!is_null && compare_values(value, &literals[i], reader) == 0);
        return is_in == (node->op == EXPR_EQ || node->op == EXPR_IN);
    default:
        if (is_null || is_nan)
            return (reader & ORDERS_ALL) && holds(node->op, is_null ? -1 : 1);
        return holds(node->op, compare_values(value, literals, reader));
    }
}

static bool row_matches(const struct expression *filter, uint32_t at, const struct row *row,
                        unsigned reader)
{
    const struct expression_node *node = &filter->nodes[at];
    if (node->op == EXPR_TRUE || node->op == EXPR_FALSE)
        return node->op == EXPR_TRUE;
    if (node->op == EXPR_AND)
        return row_matches(filter, node->left, row, reader) &&
               row_matches(filter, node->right, row, reader);
    if (node->op == EXPR_OR)
        return row_matches(filter, node->left, row, reader) ||
               row_matches(filter, node->right, row, reader);
    const struct expression_term *term = &filter->terms[node->term];
    struct value value;
    assert_true(transform_apply(&term->transform, &row->columns[term->field_id - 1], &value));
    return test_value(filter, node, &value, reader);
}

static bool matches(const struct world *world, size_t row, unsigned reader)
{
    return row_matches(&world->filter, world->filter.root, &world->rows[row], reader);
}

/* Of readers for whom null and NaN are in no comparison, as those who wrote statistics see it. */
static bool is_match_of_some(const struct world *world, size_t row)
{
    return matches(world, row, 0) || matches(world, row, ORDERS_SIGNS);
}

/* --- statistics of a file of rows ------------------------------------------------------------- */

struct range {
    unsigned writer; /* a reader, as to the order of values */
    int64_t count, nulls, nans;
    struct value lower, upper;
};

static void add_to_range(struct range *range, const struct value *value)
{
    range->count++;
    if (value_is_null(value)) {
        range->nulls++;
    } else if (value_is_nan(value)) {
        range->nans++;
    } else {
        if (value_is_null(&range->lower) || compare_values(value, &range->lower, range->writer) < 0)
            range->lower = *value;
        if (value_is_null(&range->upper) || compare_values(value, &range->upper, range->writer) > 0)
            range->upper = *value;
    }
}

/* Long texts' bounds are cut; the upper one then ends in a greater byte. */
static void cut_bounds(struct world *world, struct range *range)
{
    if (range->lower.type != TYPE_BINARY || range->upper.bytes.len < 2 || draw(world, 2))
        return;
    char *upper = arena_alloc(&world->arena, 1);
    assert_non_null(upper);
    *upper = (char)(range->upper.bytes.ptr[0] + 1);
    range->upper.bytes = slice_make(upper, 1);
    range->lower.bytes.len = range->lower.bytes.len > 1 ? 1 : range->lower.bytes.len;
}

static struct long_column one_long(struct world *world, int64_t value)
{
    int64_t known = draw(world, 6) ? value : ABSENT;
    return prune_longs(&world->arena, &known, 1);
}

static struct bytes_column one_bound(struct world *world, const struct value *value)
{
    struct value known = draw(world, 8) ? *value : VALUE_NONE;
    return prune_bounds(&world->arena, &known, 1);
}

static void make_stats(struct world *world, const size_t *file, size_t count, size_t column,
                       struct stats_column *stats)
{
    struct range range = {.writer = draw(world, READERS), .lower = VALUE_NONE, .upper = VALUE_NONE};
    for (size_t i = 0; i < count; i++)
        add_to_range(&range, &world->rows[file[i]].columns[column]);
    cut_bounds(world, &range);
    stats->value_counts = one_long(world, range.count);
    stats->null_counts = one_long(world, range.nulls);
    stats->nan_counts = one_long(world, range.nans);
    stats->lower = one_bound(world, &range.lower);
    stats->upper = one_bound(world, &range.upper);
}

static void fail_at(const struct world *world, const char *what)
{
    struct buffer text;
    buffer_init(&text, (size_t)1024 * 1024);
    expression_write_text(&world->filter, &text);
    buffer_append_byte(&text, '\0');
    fail_msg("round %zu, seed %" PRIx64 ": %s: %s", world->round, SEED, what, text.ptr);
}

static void check_file(struct world *world, const size_t *file, size_t count)
{
    struct stats_column stats[COLUMNS] = {0};
    const struct stats_column *columns[COLUMNS + 1] = {NULL};
    int64_t record_count = (int64_t)count;
    struct long_column records = prune_longs(&world->arena, &record_count, 1);
    struct metrics_rows rows = {&records, columns};
    uint8_t may = 0, must = 0;
    size_t matching = 0;
    for (uint32_t i = 0; i < world->filter.field_count; i++) {
        make_stats(world, file, count, (size_t)world->filter.field_ids[i] - 1, &stats[i]);
        columns[i] = &stats[i];
    }
    for (size_t i = 0; i < count; i++)
        matching += matches(world, file[i], 0);
    prune_files_inclusive(&world->filter, &rows, 0, 1, &may);
    prune_files_strict(&world->filter, &rows, 0, 1, &must);
    world->matching_rows += matching;
    world->pruned_files += !may;
    world->sure_files += must;
    for (size_t i = 0; i < count; i++) {
        if (!may && is_match_of_some(world, file[i]))
            fail_at(world, "a file with a match was pruned");
        if (must && !(matches(world, file[i], 0) && matches(world, file[i], ORDERS_SIGNS)))
            fail_at(world, "a file with other rows was taken for sure");
    }
}

static void check_files(struct world *world)
{
    for (size_t first = 0; first < ROWS;) {
        size_t file[ROWS], count = 1 + draw(world, 4);
        count = count < ROWS - first ? count : ROWS - first;
        for (size_t i = 0; i < count; i++)
            file[i] = first + i;
        check_file(world, file, count);
        first += count;
    }
}

/* --- partitions ------------------------------------------------------------------------------- */

struct tuple_columns {
    struct partition_column columns[MAX_PARTS];
    const struct partition_column *pointers[MAX_PARTS];
    struct tuple_rows rows;
};

static const struct type *part_type(const struct world *world, size_t part)
{
    const struct type *source = column_type(world, (size_t)world->parts[part].source_id - 1);
    return transform_result_type(&world->parts[part].transform, source);
}

static void make_tuples(struct world *world, struct tuple_columns *tuples)
{
    for (size_t j = 0; j < world->spec.field_count; j++) {
        struct value values[ROWS];
        for (size_t i = 0; i < ROWS; i++)
            values[i] = world->tuples[i][j];
        tuples->columns[j] = prune_partition(&world->arena, part_type(world, j)->id, values, ROWS);
        tuples->pointers[j] = &tuples->columns[j];
    }
    tuples->rows.columns = tuples->pointers;
}

static void check_manifest(struct world *world, const struct expression *inclusive)
{
    struct partition_summary summaries[MAX_PARTS];
    char scratch[MAX_PARTS][2][VALUE_SCRATCH_SIZE];
    struct range ranges[MAX_PARTS];
    bool has_match = false;
    for (size_t j = 0; j < world->spec.field_count; j++) {
        struct range *range = &ranges[j];
        *range = (struct range){.writer = draw(world, READERS),
                                .lower = VALUE_NONE,
                                .upper = VALUE_NONE};
        for (size_t i = 0; i < ROWS; i++)
            add_to_range(range, &world->tuples[i][j]);
        summaries[j] = (struct partition_summary){.contains_null = range->nulls > 0,
                                                  .contains_nan = range->nans > 0 ? SUMMARY_NAN_YES
                                                                                  : SUMMARY_NAN_NO};
        if (value_is_null(&range->lower))
            continue;
        summaries[j].lower = value_to_bytes(&range->lower, scratch[j][0]);
        summaries[j].upper = value_to_bytes(&range->upper, scratch[j][1]);
    }
    for (size_t i = 0; i < ROWS; i++)
        has_match = has_match || is_match_of_some(world, i);
    bool may_match = prune_manifest(inclusive, summaries, world->spec.field_count);
    world->pruned_manifests += !may_match;
    if (has_match && !may_match)
        fail_at(world, "a manifest with a match was pruned");
}

static void check_partitions(struct world *world)
{
    struct tuple_columns tuples;
    struct expression inclusive, strict;
    struct error err = {0};
    uint8_t may[ROWS], must[ROWS];
    make_tuples(world, &tuples);
    assert_ok(projection_inclusive(&world->filter, &world->spec, &world->arena, &inclusive, &err),
              &err);
    assert_ok(projection_strict(&world->filter, &world->spec, &world->arena, &strict, &err), &err);
    prune_tuples(&inclusive, &tuples.rows, 0, ROWS, may);
    prune_tuples_strict(&strict, &tuples.rows, 0, ROWS, must);
    for (size_t i = 0; i < ROWS; i++) {
        for (unsigned reader = 0; reader < READERS; reader++) {
            if (!may[i] && matches(world, i, reader))
                fail_at(world, "a partition with a match was pruned");
            if (must[i] && !matches(world, i, reader))
                fail_at(world, "a partition was taken for sure");
        }
        world->pruned_tuples += !may[i];
        world->sure_tuples += must[i];
    }
    check_manifest(world, &inclusive);
}

static void check_residuals(struct world *world)
{
    struct tuple_columns tuples;
    struct residual_plan *plan = NULL;
    struct residual_cache cache;
    const struct residual *residuals[ROWS];
    struct error err = {0};
    make_tuples(world, &tuples);
    assert_ok(residual_plan_create(&world->filter, &world->spec, &world->arena, &plan, &err), &err);
    assert_ok(residual_cache_init(&cache, plan, &err), &err);
    residual_cache_get(&cache, &tuples.rows, 0, ROWS, residuals);
    for (size_t i = 0; i < ROWS; i++) {
        const struct expression *residual = &residuals[i]->expression;
        world->proved_residuals += expression_root_op(residual) == EXPR_TRUE;
        for (unsigned reader = 0; reader < READERS; reader++) {
            if (row_matches(residual, residual->root, &world->rows[i], reader) !=
                matches(world, i, reader))
                fail_at(world, "a residual differs from the filter");
        }
    }
    residual_cache_finish(&cache);
}

static void test_prune__no_row_that_matches_is_lost(void **state)
{
    struct fixture *fixture = *state;
    struct world world = {.random = SEED, .schema = fixture_schema(fixture, schema_text)};
    for (world.round = 0; world.round < ROUNDS; world.round++) {
        arena_init(&world.arena, (size_t)16 * 1024 * 1024);
        draw_table(&world);
        draw_filter(&world);
        check_files(&world);
        check_partitions(&world);
        check_residuals(&world);
        arena_finish(&world.arena);
    }
    assert_true(world.matching_rows > ROUNDS && world.pruned_files > ROUNDS);
    assert_true(world.sure_files > ROUNDS / 4 && world.pruned_tuples > ROUNDS);
    assert_true(world.sure_tuples > ROUNDS / 4 && world.pruned_manifests > ROUNDS / 40);
    assert_true(world.proved_residuals > ROUNDS / 4);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_prune__no_row_that_matches_is_lost, fixture_setup,
                                        fixture_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
