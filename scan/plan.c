#include "scan/plan.h"

#include <stdlib.h>

#include "base/json_tree.h"
#include "base/limits.h"
#include "iceberg/expression_build.h"
#include "iceberg/expression_term.h"
#include "scan/plan_internal.h"

/* --- snapshots ------------------------------------------------------------------------------ */

static bool choose_one(struct plan *plan, struct error *err)
{
    const struct plan_request *request = plan->request;
    int64_t id =
        request->has_snapshot_id ? request->snapshot_id : plan->metadata->current_snapshot_id;
    if (!request->has_snapshot_id && id == NO_SNAPSHOT)
        return true;
    plan->range.snapshots = ARENA_ARRAY(&plan->arena, const struct table_snapshot *, 1);
    if (!plan->range.snapshots)
        return error_no_memory(err, "a plan");
    TRY(snapshot_find(plan->metadata, id, &plan->range.snapshots[0], err));
    plan->range.count = 1;
    return true;
}

static bool choose_snapshots(struct plan *plan, struct error *err)
{
    plan->is_range = plan->request->has_range;
    if (!plan->is_range)
        return choose_one(plan, err);
    return snapshot_range_appends(plan->metadata, plan->request->start_snapshot_id,
                                  plan->request->end_snapshot_id, &plan->arena, &plan->range, err);
}

int64_t plan_snapshot_id(const struct plan *plan)
{
    if (plan->is_range)
        return plan->request->end_snapshot_id;
    return plan->range.count > 0 ? plan->range.snapshots[0]->snapshot_id : NO_SNAPSHOT;
}

/* "When time travelling, the snapshot schema should be used (true). When scanning a branch, the
 * table schema should be used (false)." A snapshot of format version 1 may not say which it is. */
static int32_t choose_schema(const struct plan *plan)
{
    const struct table_snapshot *snapshot =
        table_metadata_snapshot(plan->metadata, plan_snapshot_id(plan));
    if (plan->request->has_schema_id)
        return plan->request->schema_id;
    if (!plan->request->use_snapshot_schema || !snapshot)
        return NO_SCHEMA;
    return snapshot->schema_id < 0 ? NO_SCHEMA : snapshot->schema_id;
}

/* --- names ---------------------------------------------------------------------------------- */

/* Columns of every row that no schema lists; engines select them like others. */
static bool is_metadata_column(struct slice name)
{
    static const char *const names[] = {"_file",
                                        "_pos",
                                        "_deleted",
                                        "_spec_id",
                                        "_partition",
                                        "_row_id",
                                        "_last_updated_sequence_number"};
    struct slice first = slice_make(name.ptr, slice_find(name, '.'));
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        if (slice_equals_string(first, names[i]))
            return true;
    return false;
}

static bool find_column(const struct expression_names *names, struct slice name, int32_t *ret_id,
                        struct error *err)
{
    struct expression_term term = {.name = name, .transform = {.kind = TRANSFORM_IDENTITY}};
    struct expression_term bound;
    const struct schema_field *field = NULL;
    TRY(expression_term_bind(&term, names, &bound, &field, err));
    *ret_id = bound.field_id;
    return true;
}

static bool check_select(const struct plan *plan, const struct expression_names *names,
                         struct error *err)
{
    size_t i;
    const json_t *name;
    int32_t id;
    json_array_foreach(plan->request->select, i, name) {
        struct slice text = json_slice(name);
        if (!is_metadata_column(text) && !slice_equals_string(text, "*"))
            TRY(find_column(names, text, &id, err));
    }
    return true;
}

static int compare_ids(const void *a, const void *b)
{
    int32_t left = *(const int32_t *)a, right = *(const int32_t *)b;
    return (left > right) - (left < right);
}

size_t plan_ids_sort(int32_t *ids, size_t count)
{
    size_t kept = 0;
    qsort(ids, count, sizeof(*ids), compare_ids);
    for (size_t i = 0; i < count; i++)
        if (kept == 0 || ids[i] != ids[kept - 1])
            ids[kept++] = ids[i];
    return kept;
}

static bool find_stats_fields(struct plan *plan, const struct expression_names *names,
                              struct error *err)
{
    size_t i;
    const json_t *name;
    size_t count = json_array_size(plan->request->stats_fields);
    plan->stats_ids = ARENA_ARRAY(&plan->arena, int32_t, count + 1);
    if (!plan->stats_ids)
        return error_no_memory(err, "a plan");
    json_array_foreach(plan->request->stats_fields, i, name)
        TRY(find_column(names, json_slice(name), &plan->stats_ids[i], err));
    plan->stats_count = plan_ids_sort(plan->stats_ids, count);
    return true;
}

/* --- the filter ----------------------------------------------------------------------------- */

static bool make_true(struct arena *arena, struct expression *ret_filter, struct error *err)
{
    struct expression_builder builder;
    uint32_t root = 0;
    expression_builder_init(&builder, arena);
    TRY(expression_add_constant(&builder, true, &root, err));
    expression_builder_finish(&builder, root, ret_filter);
    return true;
}

static bool bind_filter(struct plan *plan, struct error *err)
{
    struct expression filter = plan->request->filter;
    if (!plan->request->has_filter)
        TRY(make_true(&plan->arena, &filter, err));
    return expression_bind(&filter, plan->table.schema, plan->request->is_case_sensitive,
                           &plan->arena, &plan->filter, err);
}

static bool make_filters(struct plan *plan, struct error *err)
{
    plan->filters = ARENA_ARRAY(&plan->arena, struct plan_filter, plan->table.spec_count + 1);
    if (!plan->filters)
        return error_no_memory(err, "a plan");
    for (size_t i = 0; i < plan->table.spec_count; i++)
        plan->filters[i].spec = &plan->table.specs[i];
    return true;
}

/* --- plans ---------------------------------------------------------------------------------- */

static bool bind_names(struct plan *plan, struct error *err)
{
    struct expression_names *names = NULL;
    TRY(expression_names_create(plan->table.schema, plan->request->is_case_sensitive, &plan->arena,
                                &names, err));
    return check_select(plan, names, err) && find_stats_fields(plan, names, err) &&
           bind_filter(plan, err) && make_filters(plan, err);
}

bool plan_create(struct table_metadata *metadata, const struct plan_request *request,
                 struct plan **ret_plan, struct error *err)
{
    struct plan *plan = calloc(1, sizeof(*plan));
    if (!plan)
        return error_no_memory(err, "a plan");
    arena_init(&plan->arena, MAX_REQUEST_ARENA);
    plan->metadata = table_metadata_ref(metadata);
    plan->request = request;
    if (choose_snapshots(plan, err) &&
        plan_table_read(metadata, choose_schema(plan), &plan->arena, &plan->table, err) &&
        bind_names(plan, err)) {
        *ret_plan = plan;
        return true;
    }
    plan_destroy(plan);
    return false;
}

void plan_destroy(struct plan *plan)
{
    if (!plan)
        return;
    plan_run_close(plan->run);
    plan_deletes_finish(&plan->deletes);
    plan_table_finish(&plan->table);
    table_metadata_unref(plan->metadata);
    arena_finish(&plan->arena);
    free(plan);
}

void plan_measure(struct plan *plan, int64_t (*now_us)(void))
{
    plan->now_us = now_us;
}

void plan_count_task(struct plan *plan)
{
    plan->counts.plan_tasks++;
}

const struct plan_request *plan_request_of(const struct plan *plan)
{
    return plan->request;
}

int32_t plan_schema_id(const struct plan *plan)
{
    return plan->table.schema->schema_id;
}

const int32_t *plan_stats_ids(const struct plan *plan, size_t *ret_count)
{
    *ret_count = plan->stats_count;
    return plan->stats_ids;
}

size_t plan_delete_count(const struct plan *plan)
{
    return plan->deletes.kept_count > 0 ? delete_index_count(plan->deletes.index) : 0;
}

bool plan_delete_file(const struct plan *plan, uint32_t number, struct delete_file *ret_file,
                      const struct plan_spec **ret_spec, struct error *err)
{
    struct delete_file file = delete_index_file(plan->deletes.index, number);
    TRY(plan_table_spec(&plan->table, file.spec_id, ret_spec, err));
    *ret_file = file;
    return true;
}
