/* Explains the plan of a scan to people (server/op.h). The request is that of planTableScan, and
 * may have in the place of "filter" a text, "where" (iceberg/filter_text.h), and in the place of
 * "snapshot-id" the name of a branch or tag, "ref". Nothing of it is counted. */
#include "catalog/table.h"

#include "base/json_tree.h"
#include "base/limits.h"
#include "iceberg/filter_text.h"
#include "iceberg/filter_times.h"
#include "scan/plan_explain.h"
#include "server/op.h"
#include "server/plan_reach.h"
#include "server/server.h"

/* Words for eight residuals and a filter, and the numbers. */
#define MAX_EXPLANATION_SIZE (1 * MIB)

static bool only_one(const json_t *body, const char *name, const char *other, struct error *err)
{
    return json_object_get(body, other) == NULL ||
           error_set(err, ERROR_BAD_REQUEST, "The request has both %s and %s: give one of them",
                     name, other);
}

/* By the columns of the table as it is: a snapshot's schema gives them the same types. */
static bool complete_times(struct op *op, const struct table_metadata *metadata, json_t *filter,
                           struct error *err)
{
    struct plan_table table;
    TRY(plan_table_read(metadata, NO_SCHEMA, op->call.arena, &table, err));
    bool ok = filter_times_complete(filter, table.schema, err);
    plan_table_finish(&table);
    return ok;
}

static bool apply_where(struct op *op, json_t *body, const struct table_metadata *metadata,
                        struct error *err)
{
    struct slice text = {NULL, 0};
    json_t *filter = NULL;
    TRY(json_opt_string(body, "where", &text, err));
    if (!text.ptr)
        return true;
    TRY(only_one(body, "where", "filter", err));
    TRY(filter_text_parse(text, op->call.arena, &filter, NULL, err));
    bool ok = complete_times(op, metadata, filter, err);
    if (json_object_set_new(body, "filter", filter) != 0)
        return error_no_memory(err, "a filter");
    return ok;
}

/* A table without a ref has the branch main all the same. */
static bool set_snapshot(json_t *body, const struct table_metadata *metadata, const json_t *refs,
                         const char *name, struct error *err)
{
    const json_t *ref = json_object_get(refs, name);
    struct slice type = SLICE_EMPTY;
    int64_t id = metadata->current_snapshot_id;
    if (!ref && strcmp(name, "main") != 0)
        return error_set(err, ERROR_VALIDATION, "The table has no branch or tag '%s'", name);
    if (!ref && id == NO_SNAPSHOT)
        return true;
    if (ref)
        TRY(json_get_int64(ref, "snapshot-id", &id, err) &&
            json_get_string(ref, "type", &type, err));
    bool is_tag = slice_equals_ignore_case(type, SLICE_LITERAL("tag"));
    bool ok = json_object_set_new(body, "snapshot-id", json_integer(id)) == 0 &&
              (!is_tag || json_object_set_new(body, "use-snapshot-schema", json_true()) == 0);
    return ok || error_no_memory(err, "a request");
}

static bool apply_ref(json_t *body, const struct table_metadata *metadata, struct error *err)
{
    const json_t *name = json_object_get(body, "ref");
    struct slice text = metadata->members[TABLE_MEMBER_REFS];
    json_t *refs = NULL;
    if (!name || json_is_null(name))
        return true;
    if (!json_is_string(name))
        return error_set(err, ERROR_BAD_REQUEST, "ref must be a string");
    TRY(only_one(body, "ref", "snapshot-id", err));
    TRY(only_one(body, "ref", "end-snapshot-id", err));
    if (text.ptr)
        TRY(json_tree_parse(text, "the table's refs", &refs, err));
    bool ok = set_snapshot(body, metadata, refs, json_string_value(name), err);
    json_decref(refs);
    return ok;
}

/* --- the plan ------------------------------------------------------------------------------- */

static bool run(struct op *op, struct plan *plan, struct plan_reach *reach,
                struct plan_explain *explain, struct error *err)
{
    struct plan_visitor visitor = {plan_explain_visit, explain};
    plan_measure(plan, clock_measure_us);
    return plan_open(plan, op->server->objects, op->server->cache, &reach->guard, err) &&
           plan_run(plan, PLAN_WINDOW_ALL, &visitor, err);
}

static bool answer(const struct plan_explain *explain, struct reply **ret_reply, struct error *err)
{
    struct buffer body;
    struct json_writer json;
    buffer_init(&body, MAX_EXPLANATION_SIZE);
    json_writer_init(&json, &body);
    plan_explain_write(explain, &json);
    return reply_json(200, &body, ret_reply, err);
}

static bool explain_plan(struct op *op, struct table_metadata *metadata, const json_t *body,
                         struct reply **ret_reply, struct error *err)
{
    struct plan_request request;
    struct plan_explain explain;
    struct plan_reach reach;
    struct plan *plan = NULL;
    int64_t start = clock_measure_us();
    TRY(plan_request_parse(body, op->call.arena, &request, err));
    TRY(plan_create(metadata, &request, &plan, err));
    plan_reach_init(&reach, &op->call, metadata);
    plan_explain_init(&explain, plan);
    explain.bind_us = clock_measure_us() - start;
    bool ok = run(op, plan, &reach, &explain, err) && answer(&explain, ret_reply, err);
    plan_explain_finish(&explain);
    plan_destroy(plan);
    return ok;
}

static bool explain_table(struct op *op, json_t *body, struct reply **ret_reply, struct error *err)
{
    struct entity_name name;
    struct table_result table = {0};
    TRY(op_entity(op, PARAMETER_TABLE, &name, err));
    TRY(table_load(&op->call, name, &table, err));
    bool ok = apply_where(op, body, table.metadata, err) && apply_ref(body, table.metadata, err) &&
              explain_plan(op, table.metadata, body, ret_reply, err);
    table_result_finish(&table);
    return ok;
}

bool op_explain_plan(struct op *op, struct reply **ret_reply, struct error *err)
{
    json_t *body = NULL;
    TRY(op_body(op, &body, err));
    bool ok = json_is_object(body)
                  ? explain_table(op, body, ret_reply, err)
                  : error_set(err, ERROR_BAD_REQUEST, "A scan to explain must be a JSON object");
    json_decref(body);
    return ok;
}
