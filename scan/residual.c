#include "scan/residual.h"

#include "scan/projection.h"
#include "scan/prune_walk.h"

/* A predicate's projections through one partition field; either may be missing. */
struct judge {
    uint32_t strict, inclusive; /* predicates of the plan's `projected` */
    bool has_strict, has_inclusive;
};

/* A predicate that the partition says something about. */
struct judged {
    uint32_t judge; /* the first of `count` in the plan's judges */
    uint32_t count;
};

#define NOT_JUDGED UINT32_MAX

struct residual_plan {
    const struct expression *filter;
    struct residual whole; /* nothing proved, nothing ruled out */
    struct expression projected;
    struct judge *judges;
    struct judged *predicates;
    uint32_t judged_count;
    uint32_t *judged_of_node; /* NOT_JUDGED or the index in `predicates` */
};

struct residual_entry {
    struct residual_entry *next;
    uint8_t *key;
    struct residual residual;
};

/* No ceiling of its own: the text is about as long as the one that the filter came in. */
static bool write_json(const struct expression *expression, struct arena *arena,
                       struct slice *ret_json, struct error *err)
{
    struct buffer text;
    buffer_init(&text, arena->ceiling);
    expression_write_json(expression, &text);
    struct slice json = {NULL, 0};
    if (buffer_ok(&text))
        json = arena_slice(arena, buffer_slice(&text));
    buffer_finish(&text);
    if (!json.ptr)
        return error_no_memory(err, "a residual");
    *ret_json = json;
    return true;
}

static bool add_judge(struct expression_builder *builder, const struct expression *filter,
                      const struct expression_node *node, const struct partition_spec *spec,
                      size_t field, struct judge *ret_judge, struct error *err)
{
    TRY(projection_add_predicate(builder, filter, node, spec, field, true, &ret_judge->has_strict,
                                 &ret_judge->strict, err));
    return projection_add_predicate(builder, filter, node, spec, field, false,
                                    &ret_judge->has_inclusive, &ret_judge->inclusive, err);
}

/* How many judges there can be: predicates times the fields of their columns. */
static size_t count_judges(const struct expression *filter, const struct partition_spec *spec)
{
    size_t count = 0;
    for (uint32_t i = 0; i < filter->node_count; i++) {
        const struct expression_node *node = &filter->nodes[i];
        for (size_t j = 0; expression_is_predicate(node->op) && j < spec->field_count; j++)
            count += spec->fields[j].source_id == filter->terms[node->term].field_id;
    }
    return count;
}

static bool compile_node(struct residual_plan *plan, struct expression_builder *builder,
                         const struct partition_spec *spec, uint32_t at, uint32_t *judge_count,
                         struct error *err)
{
    const struct expression_node *node = &plan->filter->nodes[at];
    struct judged judged = {.judge = *judge_count};
    plan->judged_of_node[at] = NOT_JUDGED;
    for (size_t i = 0; expression_is_predicate(node->op) && i < spec->field_count; i++) {
        struct judge judge = {0};
        TRY(add_judge(builder, plan->filter, node, spec, i, &judge, err));
        if (judge.has_strict || judge.has_inclusive)
            plan->judges[judged.judge + judged.count++] = judge;
    }
    if (judged.count > 0) {
        plan->judged_of_node[at] = plan->judged_count;
        plan->predicates[plan->judged_count++] = judged;
        *judge_count += judged.count;
    }
    return true;
}

bool residual_plan_create(const struct expression *filter, const struct partition_spec *spec,
                          struct arena *arena, struct residual_plan **ret_plan, struct error *err)
{
    struct expression_builder builder;
    uint32_t judge_count = 0;
    struct residual_plan *plan = ARENA_NEW(arena, struct residual_plan);
    if (!plan)
        return error_no_memory(err, "residuals");
    plan->filter = filter;
    plan->whole.expression = *filter;
    plan->judges = ARENA_ARRAY(arena, struct judge, count_judges(filter, spec) + 1);
    plan->predicates = ARENA_ARRAY(arena, struct judged, filter->node_count);
    plan->judged_of_node = ARENA_ARRAY(arena, uint32_t, filter->node_count);
    if (!plan->judges || !plan->predicates || !plan->judged_of_node)
        return error_no_memory(err, "residuals");
    expression_builder_init(&builder, arena);
    for (uint32_t i = 0; i < filter->node_count; i++)
        TRY(compile_node(plan, &builder, spec, i, &judge_count, err));
    expression_builder_finish(&builder, 0, &plan->projected);
    TRY(write_json(filter, arena, &plan->whole.json, err));
    *ret_plan = plan;
    return true;
}

bool residual_cache_init(struct residual_cache *cache, const struct residual_plan *plan,
                         struct error *err)
{
    size_t width = plan->judged_count;
    *cache = (struct residual_cache){.plan = plan};
    arena_init(&cache->arena, RESIDUAL_CACHE_SIZE);
    cache->verdicts = arena_alloc(&cache->arena, width * PRUNE_BATCH + 1);
    cache->key = arena_alloc(&cache->arena, width + 1);
    if (cache->verdicts && cache->key)
        return true;
    residual_cache_finish(cache);
    return error_no_memory(err, "residuals");
}

void residual_cache_finish(struct residual_cache *cache)
{
    if (!cache)
        return;
    arena_finish(&cache->arena);
    *cache = (struct residual_cache){0};
}

/* The strict projection proves the predicate, the inclusive one rules it out. */
static void judge_rows(const struct residual_plan *plan, const struct judge *judge,
                       const struct tuple_rows *rows, size_t first, size_t count, uint8_t *verdicts)
{
    uint8_t strict[PRUNE_BATCH], inclusive[PRUNE_BATCH];
    memset(strict, TUPLE_UNSETTLED, count);
    memset(inclusive, TUPLE_UNSETTLED, count);
    if (judge->has_strict)
        tuple_verdicts(&plan->projected, &plan->projected.nodes[judge->strict], rows, first, count,
                       strict);
    if (judge->has_inclusive)
        tuple_verdicts(&plan->projected, &plan->projected.nodes[judge->inclusive], rows, first,
                       count, inclusive);
    for (size_t i = 0; i < count; i++) {
        if (verdicts[i] != TUPLE_UNSETTLED)
            continue;
        if (strict[i] == TUPLE_TRUE)
            verdicts[i] = TUPLE_TRUE;
        else if (inclusive[i] == TUPLE_FALSE)
            verdicts[i] = TUPLE_FALSE;
    }
}

static void judge_batch(struct residual_cache *cache, const struct tuple_rows *rows, size_t first,
                        size_t count)
{
    const struct residual_plan *plan = cache->plan;
    for (uint32_t i = 0; i < plan->judged_count; i++) {
        uint8_t *verdicts = cache->verdicts + (size_t)i * PRUNE_BATCH;
        memset(verdicts, TUPLE_UNSETTLED, count);
        for (uint32_t j = 0; j < plan->predicates[i].count; j++)
            judge_rows(plan, &plan->judges[plan->predicates[i].judge + j], rows, first, count,
                       verdicts);
    }
}

static bool reduce(const struct residual_plan *plan, const uint8_t *key, uint32_t at,
                   struct expression_builder *builder, uint32_t *ret_node, struct error *err)
{
    const struct expression_node *node = &plan->filter->nodes[at];
    uint32_t judged = plan->judged_of_node[at], left = 0, right = 0;
    if (node->op == EXPR_AND || node->op == EXPR_OR) {
        TRY(reduce(plan, key, node->left, builder, &left, err));
        TRY(reduce(plan, key, node->right, builder, &right, err));
        return expression_add_pair(builder, node->op, left, right, ret_node, err);
    }
    if (judged == NOT_JUDGED || key[judged] == TUPLE_UNSETTLED)
        return expression_add_copy(builder, node, ret_node, err);
    return expression_add_constant(builder, key[judged] == TUPLE_TRUE, ret_node, err);
}

static bool make_residual(const struct residual_plan *plan, const uint8_t *key, struct arena *arena,
                          struct residual *ret_residual, struct error *err)
{
    struct expression_builder builder;
    struct residual residual;
    uint32_t root = 0;
    expression_builder_init(&builder, arena);
    expression_builder_share(&builder, plan->filter);
    TRY(reduce(plan, key, plan->filter->root, &builder, &root, err));
    expression_builder_finish(&builder, root, &residual.expression);
    residual.expression.field_ids = plan->filter->field_ids;
    residual.expression.field_count = plan->filter->field_count;
    TRY(write_json(&residual.expression, arena, &residual.json, err));
    *ret_residual = residual;
    return true;
}

/* FNV-1a over the verdicts. */
static size_t bucket_of(const uint8_t *key, size_t width)
{
    uint32_t hash = 2166136261u;
    for (size_t i = 0; i < width; i++)
        hash = (hash ^ key[i]) * 16777619u;
    return hash % RESIDUAL_BUCKETS;
}

static const struct residual *find_or_make(struct residual_cache *cache)
{
    const struct residual_plan *plan = cache->plan;
    size_t width = plan->judged_count;
    struct residual_entry **bucket = &cache->buckets[bucket_of(cache->key, width)];
    for (struct residual_entry *entry = *bucket; entry; entry = entry->next) {
        if (memcmp(entry->key, cache->key, width) == 0)
            return &entry->residual;
    }
    struct residual_entry *entry = ARENA_NEW(&cache->arena, struct residual_entry);
    uint8_t *key = arena_alloc(&cache->arena, width + 1);
    if (!entry || !key || !make_residual(plan, cache->key, &cache->arena, &entry->residual, NULL))
        return &plan->whole;
    entry->key = memcpy(key, cache->key, width);
    entry->next = *bucket;
    *bucket = entry;
    return &entry->residual;
}

/* Gathers the row's verdicts; false where they are those of the row before. */
static bool take_key(struct residual_cache *cache, size_t row)
{
    bool is_new = row == 0;
    for (size_t i = 0; i < cache->plan->judged_count; i++) {
        uint8_t verdict = cache->verdicts[i * PRUNE_BATCH + row];
        is_new = is_new || cache->key[i] != verdict;
        cache->key[i] = verdict;
    }
    return is_new;
}

void residual_cache_get(struct residual_cache *cache, const struct tuple_rows *rows, size_t first,
                        size_t count, const struct residual **ret_residuals)
{
    for (size_t done = 0; done < count; done += PRUNE_BATCH) {
        size_t batch = count - done < PRUNE_BATCH ? count - done : PRUNE_BATCH;
        judge_batch(cache, rows, first + done, batch);
        for (size_t i = 0; i < batch; i++)
            ret_residuals[done + i] =
                take_key(cache, i) ? find_or_make(cache) : ret_residuals[done + i - 1];
    }
}
