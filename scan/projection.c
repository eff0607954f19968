/*
 * projection — the rules by transform.
 *
 *   identity   every predicate as it is
 *   bucket     inclusive: EQ, IN; strict: NOT_EQ, NOT_IN; tests of null
 *   truncate   as bucket, and ranges: the transform keeps the order, so that x < 7 means
 *   and times  trunc(x) <= trunc(6), and trunc(x) < trunc(7) means x < 7
 *   void and unknown   nothing
 *
 * Writers of old rounded times before 1970 towards zero, which put them one unit too high. So that
 * their partitions are found, projections on negative units also take the next higher one.
 */
#include "scan/projection.h"

#include "iceberg/transform_apply.h"

/* What a predicate becomes. */
struct projected {
    bool is_none;
    enum expression_op op;
    struct value *literals;
    size_t count;
};

/* A predicate, and the partition field that it is carried over to. */
struct source {
    const struct expression_term *term;
    const struct expression_node *node;
    const struct value *literals;
    const struct transform *transform;
    bool is_strict;
};

static bool is_time(enum transform_kind kind)
{
    return kind == TRANSFORM_YEAR || kind == TRANSFORM_MONTH || kind == TRANSFORM_DAY ||
           kind == TRANSFORM_HOUR;
}

/* Dates were never rounded to days. */
static bool may_be_too_high(const struct source *source)
{
    bool is_exact =
        source->transform->kind == TRANSFORM_DAY && source->term->source->id == TYPE_DATE;
    return is_time(source->transform->kind) && !is_exact;
}

static void as_it_is(const struct source *source, struct projected *projected)
{
    projected->op = source->node->op;
    projected->count = source->node->literal_count;
    memcpy(projected->literals, source->literals, projected->count * sizeof(struct value));
}

/* EQ, NOT_EQ, IN and NOT_IN: each literal's partition. */
static void project_members(const struct source *source, struct projected *projected)
{
    enum expression_op op = source->node->op;
    bool is_negative = op == EXPR_NOT_EQ || op == EXPR_NOT_IN;
    bool has_neighbours = may_be_too_high(source);
    if (is_negative != source->is_strict) {
        projected->is_none = true;
        return;
    }
    for (size_t i = 0; i < source->node->literal_count && !projected->is_none; i++) {
        struct value *result = &projected->literals[projected->count++];
        projected->is_none = !transform_apply(source->transform, &source->literals[i], result);
        if (!projected->is_none && has_neighbours && result->number < 0) {
            projected->literals[projected->count] = *result;
            projected->literals[projected->count++].number++;
        }
    }
    projected->op = is_negative ? EXPR_NOT_IN : EXPR_IN;
}

/* The next number, `step` away; false at the end of the type. */
static bool take_step(struct value *value, int step)
{
    int64_t number = 0;
    if (value->type == TYPE_DECIMAL) {
        value->unscaled += step;
        return true;
    }
    bool is_short = value->type == TYPE_INT || value->type == TYPE_DATE;
    if (__builtin_add_overflow(value->number, step, &number) ||
        (is_short && (number < INT32_MIN || number > INT32_MAX)))
        return false;
    value->number = number;
    return true;
}

/* x < b is x <= b - 1, and trunc(x) < trunc(b + 1) is what proves x <= b. */
static int step_of(enum expression_op op, bool is_strict)
{
    if (is_strict)
        return op == EXPR_LT_EQ ? 1 : op == EXPR_GT_EQ ? -1 : 0;
    return op == EXPR_LT ? -1 : op == EXPR_GT ? 1 : 0;
}

static void widen_range(const struct source *source, struct projected *projected)
{
    int64_t unit = projected->literals->number;
    if (!may_be_too_high(source))
        return;
    if ((projected->op == EXPR_LT_EQ && unit < 0) || (projected->op == EXPR_GT && unit <= 0))
        projected->literals->number++;
}

static void project_range(const struct source *source, struct projected *projected)
{
    enum expression_op op = source->node->op;
    bool is_less = op == EXPR_LT || op == EXPR_LT_EQ;
    bool is_text = value_class_of(source->term->source->id) == VALUE_BYTES;
    struct value boundary = *source->literals, *result = projected->literals;
    int step = is_text ? 0 : step_of(op, source->is_strict);
    if (source->transform->kind == TRANSFORM_BUCKET || (step && !take_step(&boundary, step)) ||
        !transform_apply(source->transform, &boundary, result) ||
        /* Wrapped around at the smallest number: that partition is in no order with others. */
        (source->transform->kind == TRANSFORM_TRUNCATE && value_compare(result, &boundary) > 0)) {
        projected->is_none = true;
        return;
    }
    if (is_less)
        projected->op = source->is_strict ? EXPR_LT : EXPR_LT_EQ;
    else
        projected->op = source->is_strict ? EXPR_GT : EXPR_GT_EQ;
    projected->count = 1;
    widen_range(source, projected);
}

/* Partitions hold the first `width` characters. A shorter prefix is a prefix of them, one of that
 * length is all of them, and of a longer one only the beginning can be compared. */
static void project_prefix(const struct source *source, struct projected *projected)
{
    bool is_negative = source->node->op == EXPR_NOT_STARTS_WITH;
    size_t length = text_length(source->literals->bytes);
    size_t width = (size_t)source->transform->parameter;
    as_it_is(source, projected);
    if (length == width)
        projected->op = is_negative ? EXPR_NOT_EQ : EXPR_EQ;
    if (length > width)
        projected->is_none =
            is_negative != source->is_strict ||
            !transform_apply(source->transform, source->literals, projected->literals);
}

/* A term with a transform is known to the partition field with the same transform only. */
static void project_transformed(const struct source *source, struct projected *projected)
{
    if (transform_equals(source->transform, &source->term->transform))
        as_it_is(source, projected);
    else
        projected->is_none = true;
}

static void project(const struct source *source, struct projected *projected)
{
    enum transform_kind kind = source->transform->kind;
    enum expression_op op = source->node->op;
    if (kind == TRANSFORM_VOID || kind == TRANSFORM_UNKNOWN)
        projected->is_none = true;
    else if (source->term->transform.kind != TRANSFORM_IDENTITY)
        project_transformed(source, projected);
    else if (kind == TRANSFORM_IDENTITY || op == EXPR_IS_NULL || op == EXPR_NOT_NULL)
        as_it_is(source, projected);
    else if (op == EXPR_EQ || op == EXPR_NOT_EQ || op == EXPR_IN || op == EXPR_NOT_IN)
        project_members(source, projected);
    else if (op >= EXPR_LT && op <= EXPR_GT_EQ)
        project_range(source, projected);
    else if (kind == TRANSFORM_TRUNCATE)
        project_prefix(source, projected);
    else
        projected->is_none = true;
}

static bool add_projected(struct expression_builder *builder, const struct source *source,
                          const struct partition_field *field, size_t place,
                          const struct projected *projected, uint32_t *ret_node, struct error *err)
{
    const struct type *type = transform_result_type(source->transform, source->term->source);
    struct expression_term term = {
        .name = field->name,
        .transform = {.kind = TRANSFORM_IDENTITY},
        .field_id = field->field_id,
        .source = type,
        .type = type,
        .column = (uint32_t)place,
    };
    uint32_t at = 0;
    TRY(expression_add_term(builder, &term, &at, err));
    if (projected->op == EXPR_IN || projected->op == EXPR_NOT_IN)
        return expression_add_set(builder, projected->op, at, projected->literals, projected->count,
                                  ret_node, err);
    return expression_add_predicate(builder, projected->op, at, projected->literals,
                                    projected->count, ret_node, err);
}

bool projection_add_predicate(struct expression_builder *builder, const struct expression *filter,
                              const struct expression_node *predicate,
                              const struct partition_spec *spec, size_t field, bool is_strict,
                              bool *ret_has, uint32_t *ret_node, struct error *err)
{
    const struct partition_field *part = &spec->fields[field];
    struct source source = {
        .term = &filter->terms[predicate->term],
        .node = predicate,
        .literals = filter->literals + predicate->literal,
        .transform = &part->transform,
        .is_strict = is_strict,
    };
    struct projected projected = {.is_none = false};
    *ret_has = false;
    if (part->source_id != source.term->field_id || part->sources.count > 0)
        return true;
    /* A literal may bring its neighbour; a test has none, and one is never too many. */
    TRY(expression_add_literals(builder, (size_t)predicate->literal_count * 2 + 1,
                                &projected.literals, err));
    project(&source, &projected);
    if (projected.is_none)
        return true;
    *ret_has = true;
    return add_projected(builder, &source, part, field, &projected, ret_node, err);
}

struct walk {
    const struct expression *filter;
    const struct partition_spec *spec;
    bool is_strict;
    struct expression_builder builder;
};

/* All fields that the column is the source of say something: of inclusive projections each must
 * hold, of strict ones each is enough. */
static bool project_leaf(struct walk *walk, const struct expression_node *node, uint32_t *ret_node,
                         struct error *err)
{
    enum expression_op op = walk->is_strict ? EXPR_OR : EXPR_AND;
    TRY(expression_add_constant(&walk->builder, !walk->is_strict, ret_node, err));
    for (size_t i = 0; i < walk->spec->field_count; i++) {
        bool has = false;
        uint32_t at = 0;
        TRY(projection_add_predicate(&walk->builder, walk->filter, node, walk->spec, i,
                                     walk->is_strict, &has, &at, err));
        if (has)
            TRY(expression_add_pair(&walk->builder, op, *ret_node, at, ret_node, err));
    }
    return true;
}

static bool project_node(struct walk *walk, uint32_t at, uint32_t *ret_node, struct error *err)
{
    const struct expression_node *node = &walk->filter->nodes[at];
    uint32_t left = 0, right = 0;
    switch (node->op) {
    case EXPR_TRUE:
    case EXPR_FALSE:
        return expression_add_constant(&walk->builder, node->op == EXPR_TRUE, ret_node, err);
    case EXPR_AND:
    case EXPR_OR:
        TRY(project_node(walk, node->left, &left, err));
        TRY(project_node(walk, node->right, &right, err));
        return expression_add_pair(&walk->builder, node->op, left, right, ret_node, err);
    default:
        return project_leaf(walk, node, ret_node, err);
    }
}

static bool project_filter(const struct expression *filter, const struct partition_spec *spec,
                           bool is_strict, struct arena *arena, struct expression *ret_projected,
                           struct error *err)
{
    struct walk walk = {.filter = filter, .spec = spec, .is_strict = is_strict};
    int32_t *ids = ARENA_ARRAY(arena, int32_t, spec->field_count + 1);
    uint32_t root = 0;
    if (!ids)
        return error_no_memory(err, "a projection");
    expression_builder_init(&walk.builder, arena);
    TRY(project_node(&walk, filter->root, &root, err));
    for (size_t i = 0; i < spec->field_count; i++)
        ids[i] = spec->fields[i].field_id;
    expression_builder_finish(&walk.builder, root, ret_projected);
    ret_projected->field_ids = ids;
    ret_projected->field_count = (uint32_t)spec->field_count;
    return true;
}

bool projection_inclusive(const struct expression *filter, const struct partition_spec *spec,
                          struct arena *arena, struct expression *ret_projected, struct error *err)
{
    return project_filter(filter, spec, false, arena, ret_projected, err);
}

bool projection_strict(const struct expression *filter, const struct partition_spec *spec,
                       struct arena *arena, struct expression *ret_projected, struct error *err)
{
    return project_filter(filter, spec, true, arena, ret_projected, err);
}
