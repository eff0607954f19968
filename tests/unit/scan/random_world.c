#include "tests/unit/scan/random_world.h"

#include <math.h>

#include "iceberg/expression_build.h"
#include "iceberg/transform_apply.h"
#include "iceberg/value_time.h"
#include "scan/uuid_bounds.h"
#include "tests/unit/cmocka_all.h"

const char world_schema[] = "{'type':'struct','fields':["
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

uint32_t world_draw(struct world *world, uint32_t below)
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
        buffer_append_string(&text, letters[world_draw(world, 5)]);
    struct slice copy = arena_slice(&world->arena, buffer_slice(&text));
    buffer_finish(&text);
    assert_non_null(copy.ptr);
    return copy;
}

static struct value draw_real(struct world *world)
{
    static const double reals[] = {-2.5, -0.0, 0.0, 1.0, 1e300, (double)INFINITY};
    return (struct value){.type = TYPE_DOUBLE, .real = reals[world_draw(world, 6)]};
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
    int64_t small = (int64_t)world_draw(world, 25) - 12;
    int64_t units = time_units_per_day(type->id);
    switch (value_class_of(type->id)) {
    case VALUE_REAL:
        return draw_real(world);
    case VALUE_WIDE:
        value.unscaled = small * 7;
        break;
    case VALUE_BYTES:
        value.bytes = draw_bytes(world, world_draw(world, 5));
        if (type->id == TYPE_UUID)
            value.bytes = slice_make(uuids[world_draw(world, 6)], 16);
        break;
    default:
        value.number = type->id == TYPE_BOOLEAN ? world_draw(world, 2) : small;
        if (type->id == TYPE_DATE)
            value.number *= 20;
        else if (units > 0)
            value.number = small * units / 16 + (int64_t)world_draw(world, 3) - 1;
    }
    return value;
}

static struct value draw_cell(struct world *world, const struct type *type)
{
    if (world_draw(world, 6) == 0)
        return VALUE_NONE;
    if (type->id == TYPE_DOUBLE && world_draw(world, 6) == 0)
        return (struct value){.type = TYPE_DOUBLE, .real = (double)NAN};
    return draw_value(world, type);
}

const struct type *world_column_type(const struct world *world, size_t column)
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
        const char *name = names[world_draw(world, 9)];
        assert_true(transform_parse(slice_from_string(name), &transform, NULL));
        if (transform_accepts(&transform, type))
            return transform;
    }
    return (struct transform){.kind = TRANSFORM_IDENTITY};
}

void world_draw_table(struct world *world)
{
    world->spec = (struct partition_spec){0, world->parts, 1 + world_draw(world, WORLD_MAX_PARTS)};
    uint32_t first = world_draw(world, WORLD_COLUMNS);
    for (size_t i = 0; i < world->spec.field_count; i++) {
        uint32_t column = world_draw(world, 2) ? first : world_draw(world, WORLD_COLUMNS);
        world->parts[i] = (struct partition_field){
            .source_id = (int32_t)column + 1,
            .field_id = 1000 + (int32_t)i,
            .name = SLICE_LITERAL("part"),
            .transform = draw_transform(world, world_column_type(world, column)),
        };
    }
    for (size_t i = 0; i < WORLD_ROWS; i++) {
        for (size_t j = 0; j < WORLD_COLUMNS; j++)
            world->rows[i].columns[j] = draw_cell(world, world_column_type(world, j));
        for (size_t j = 0; j < world->spec.field_count; j++) {
            const struct value *source = &world->rows[i].columns[world->parts[j].source_id - 1];
            assert_true(transform_apply(&world->parts[j].transform, source, &world->tuples[i][j]));
        }
    }
}

static enum expression_op draw_op(struct world *world, const struct type *type)
{
    enum expression_op op = (enum expression_op)(EXPR_IS_NULL + world_draw(world, 14));
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
    bool is_partitioned = world_draw(world, 2);
    term.field_id =
        is_partitioned ? world->parts[0].source_id : (int32_t)world_draw(world, WORLD_COLUMNS) + 1;
    const struct type *type = world_column_type(world, (size_t)term.field_id - 1);
    if (world_draw(world, 4) == 0)
        term.transform = draw_transform(world, type);
    const struct type *result = transform_result_type(&term.transform, type);
    enum expression_op op = draw_op(world, result);
    size_t count = op < EXPR_LT ? 0 : op < EXPR_IN ? 1 : world_draw(world, 5);
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
    uint32_t left = 0, right = 0, node = 0, kind = depth == 0 ? 9 : world_draw(world, 5);
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

void world_draw_filter(struct world *world)
{
    struct expression_builder builder;
    struct error err = {0};
    expression_builder_init(&builder, &world->arena);
    uint32_t root = draw_node(world, &builder, 3);
    expression_builder_finish(&builder, root, &world->unbound);
    assert_ok(expression_bind(&world->unbound, world->schema, true, &world->arena, &world->filter,
                              &err),
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

bool world_filter_keeps(const struct expression *filter, uint32_t at, const struct row *row,
                        unsigned reader)
{
    const struct expression_node *node = &filter->nodes[at];
    if (node->op == EXPR_TRUE || node->op == EXPR_FALSE)
        return node->op == EXPR_TRUE;
    if (node->op == EXPR_AND)
        return world_filter_keeps(filter, node->left, row, reader) &&
               world_filter_keeps(filter, node->right, row, reader);
    if (node->op == EXPR_OR)
        return world_filter_keeps(filter, node->left, row, reader) ||
               world_filter_keeps(filter, node->right, row, reader);
    const struct expression_term *term = &filter->terms[node->term];
    struct value value;
    assert_true(transform_apply(&term->transform, &row->columns[term->field_id - 1], &value));
    return test_value(filter, node, &value, reader);
}

bool world_row_matches(const struct world *world, size_t row, unsigned reader)
{
    return world_filter_keeps(&world->filter, world->filter.root, &world->rows[row], reader);
}

/* Of readers for whom null and NaN are in no comparison, as those who wrote statistics see it. */
bool world_row_is_match_of_some(const struct world *world, size_t row)
{
    return world_row_matches(world, row, 0) || world_row_matches(world, row, ORDERS_SIGNS);
}

/* --- statistics of a file of rows ------------------------------------------------------------- */

void world_range_add(struct range *range, const struct value *value)
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
void world_range_cut(struct world *world, struct range *range)
{
    if (range->lower.type != TYPE_BINARY || range->upper.bytes.len < 2 || world_draw(world, 2))
        return;
    char *upper = arena_alloc(&world->arena, 1);
    assert_non_null(upper);
    *upper = (char)(range->upper.bytes.ptr[0] + 1);
    range->upper.bytes = slice_make(upper, 1);
    range->lower.bytes.len = range->lower.bytes.len > 1 ? 1 : range->lower.bytes.len;
}
