/* Scan planning: plan, fetch a result, cancel, fetch the tasks of a part (server/op.h). */
#include "base/json_tree.h"
#include "base/limits.h"
#include "server/op.h"
#include "server/plan_jobs.h"
#include "server/plan_reply.h"
#include "server/server.h"
#include "storage/pointer_plan.h"

/* How long a submitted plan is kept: many times what the slowest client that polls for it waits. */
#define SUBMITTED_LIFETIME_MS ((int64_t)3600 * 1000)

/* --- plan ids ------------------------------------------------------------------------------- */

/* An id says of which snapshot, and is told from others by chance. A submitted plan's row has the
 * uuid for its key. */
static bool make_plan_id(struct op *op, const struct plan_sealer *sealer, const struct plan *plan,
                         struct slice uuid, struct slice *ret_id, struct error *err)
{
    struct slice payload = arena_printf(op->call.arena, "%.*s %lld", SLICE_ARG(uuid),
                                        (long long)plan_snapshot_id(plan));
    if (!payload.ptr)
        return error_no_memory(err, "a plan's id");
    return plan_token_seal(sealer, PLAN_TOKEN_ID, payload, op->call.arena, ret_id, err);
}

static bool open_plan_id(struct op *op, const struct plan_sealer *sealer, struct slice *ret_uuid,
                         struct error *err)
{
    struct slice id, payload;
    TRY(op_parameter(op, PARAMETER_PLAN_ID, &id, err));
    TRY(plan_token_open(sealer, PLAN_TOKEN_ID, id, op->call.arena, &payload, err));
    *ret_uuid = slice_make(payload.ptr, slice_find(payload, ' '));
    return true;
}

/* --- submitting ----------------------------------------------------------------------------- */

struct submission {
    struct plan_submission row;
    bool has_room;
};

static bool submit_row(struct pointer_txn *txn, void *context, struct error *err)
{
    struct submission *submission = context;
    return pointer_plan_submit(txn, &submission->row, &submission->has_room, err);
}

/* *ret_is_due where the operator wants a plan of this size made behind. */
static bool is_due(const struct op *op, struct plan *plan, bool *ret_is_due, struct error *err)
{
    int64_t files = option_number(op->server->options, OPTION_PLAN_SUBMIT_FILES);
    *ret_is_due = false;
    return files == 0 || plan_split_is_due(plan, (uint64_t)files, ret_is_due, err);
}

/* Stores the plan's request, if it is not too large and there is room. */
static bool store(struct op *op, const struct plan *plan, struct slice uuid, struct buffer *request,
                  bool *ret_is_stored, struct error *err)
{
    int64_t now_ms = clock_now_ms(op->server->catalog->clock);
    plan_request_write(plan, request);
    *ret_is_stored = false;
    if (!buffer_ok(request))
        return true;
    struct submission submission = {.row = {.id = uuid,
                                            .request = buffer_slice(request),
                                            .now_ms = now_ms,
                                            .expires_ms = now_ms + SUBMITTED_LIFETIME_MS,
                                            .most = MAX_SUBMITTED_PLANS}};
    TRY(pointer_store_write(op->server->pointers, submit_row, &submission, err));
    *ret_is_stored = submission.has_room;
    return true;
}

static bool answer_status(const char *status, struct slice id, struct slice failure,
                          struct reply **ret_reply, struct error *err)
{
    struct buffer body;
    struct json_writer json;
    buffer_init(&body, MAX_SUBMITTED_REQUEST);
    json_writer_init(&json, &body);
    json_write_object_begin(&json);
    json_write_key(&json, "status");
    json_write_string(&json, slice_from_string(status));
    if (id.len > 0) {
        json_write_key(&json, "plan-id");
        json_write_string(&json, id);
    }
    if (failure.len > 0) {
        json_write_key(&json, "error");
        json_write_raw(&json, failure);
    }
    json_write_object_end(&json);
    return reply_json(200, &body, ret_reply, err);
}

/* *ret_reply stays NULL where the plan is to be answered at once. */
static bool try_submit(struct op *op, struct table_metadata *metadata, struct plan *plan,
                       struct slice uuid, struct slice id, struct reply **ret_reply,
                       struct error *err)
{
    struct buffer request;
    bool is_wanted = false, is_stored = false;
    TRY(is_due(op, plan, &is_wanted, err));
    if (!is_wanted)
        return true;
    buffer_init(&request, MAX_SUBMITTED_REQUEST);
    bool ok = store(op, plan, uuid, &request, &is_stored, err);
    if (ok && is_stored) {
        plan_jobs_start(op->server, op->call.warehouse, metadata, uuid, buffer_slice(&request));
        ok = answer_status("submitted", id, SLICE_EMPTY, ret_reply, err);
    }
    buffer_finish(&request);
    return ok;
}

/* --- planTableScan, fetchScanTasks ---------------------------------------------------------- */

/* What a plan came to so far. */
enum outcome { OUTCOME_FAILED, OUTCOME_COMPLETED, OUTCOME_SUBMITTED };

static enum outcome answer_opened(struct op *op, struct table_metadata *metadata, struct plan *plan,
                                  struct reply **ret_reply, struct error *err)
{
    char uuid[UUID_TEXT_SIZE];
    struct slice id;
    struct reply *submitted = NULL;
    struct plan_sealer sealer = plan_reply_sealer(op, metadata);
    if (!uuid_make(op->server->catalog->random, uuid, err) ||
        !make_plan_id(op, &sealer, plan, slice_from_string(uuid), &id, err) ||
        !try_submit(op, metadata, plan, slice_from_string(uuid), id, &submitted, err))
        return OUTCOME_FAILED;
    if (submitted) {
        *ret_reply = submitted;
        return OUTCOME_SUBMITTED;
    }
    bool ok = plan_reply_completed(op, metadata, &sealer, plan, id, ret_reply, err);
    return ok ? OUTCOME_COMPLETED : OUTCOME_FAILED;
}

static enum outcome answer_plan(struct op *op, struct table_metadata *metadata, const json_t *tree,
                                struct reply **ret_reply, struct error *err)
{
    struct plan_request request;
    struct plan_reach reach;
    struct plan *plan = NULL;
    if (!plan_request_parse(tree, op->call.arena, &request, err) ||
        !plan_reply_open(op, metadata, &request, &reach, &plan, err))
        return OUTCOME_FAILED;
    enum outcome outcome = answer_opened(op, metadata, plan, ret_reply, err);
    counters_add_plan(&op->server->counters, plan);
    plan_destroy(plan);
    return outcome;
}

/* Of a plan or a part of one: `first` is the counter of those that were started, the next two are
 * of those that ended well and of those that did not. */
static bool count_end(struct op *op, enum counter first, bool is_done)
{
    counter_add(&op->server->counters, is_done ? first + 1 : first + 2, 1);
    return is_done;
}

bool op_plan_scan(struct op *op, struct reply **ret_reply, struct error *err)
{
    struct table_result table = {0};
    json_t *tree = NULL;
    TRY(op_body(op, &tree, err));
    bool ok = plan_reply_table(op, &table, err);
    if (ok) {
        counter_add(&op->server->counters, COUNTER_PLANS_STARTED, 1);
        enum outcome outcome = answer_plan(op, table.metadata, tree, ret_reply, err);
        ok = outcome != OUTCOME_FAILED;
        /* The job counts its own end. */
        if (outcome == OUTCOME_SUBMITTED)
            counter_add(&op->server->counters, COUNTER_PLANS_SUBMITTED, 1);
        else
            count_end(op, COUNTER_PLANS_STARTED, ok);
    }
    table_result_finish(&table);
    json_decref(tree);
    return ok;
}

/* A snapshot or schema that was removed after the plan was made: the task, or the id, is of no use
 * any more. */
static bool as_gone(enum error_kind kind, struct error *err)
{
    if (err->kind == ERROR_VALIDATION || err->kind == ERROR_BAD_REQUEST)
        err->kind = kind;
    return false;
}

static bool answer_part(struct op *op, struct table_metadata *metadata, struct plan_part *part,
                        struct reply **ret_reply, struct error *err)
{
    struct plan_reach reach;
    struct plan *plan = NULL;
    if (!plan_reply_open(op, metadata, &part->request, &reach, &plan, err))
        return as_gone(ERROR_NO_SUCH_PLAN_TASK, err);
    bool ok = plan_reply_part(op, plan, part->window, ret_reply, err);
    counters_add_plan(&op->server->counters, plan);
    plan_destroy(plan);
    return ok;
}

static bool fetch_part(struct op *op, const json_t *tree, struct reply **ret_reply,
                       struct error *err)
{
    struct slice task;
    struct table_result table = {0};
    struct plan_part part = {0};
    TRY(json_get_string(tree, "plan-task", &task, err));
    TRY(plan_reply_table(op, &table, err));
    struct plan_sealer sealer = plan_reply_sealer(op, table.metadata);
    counter_add(&op->server->counters, COUNTER_PARTS_STARTED, 1);
    bool ok = count_end(op, COUNTER_PARTS_STARTED,
                        plan_part_read(task, &sealer, op->call.arena, &part, err) &&
                            answer_part(op, table.metadata, &part, ret_reply, err));
    plan_part_finish(&part);
    table_result_finish(&table);
    return ok;
}

bool op_fetch_tasks(struct op *op, struct reply **ret_reply, struct error *err)
{
    json_t *tree = NULL;
    TRY(op_body(op, &tree, err));
    bool ok = fetch_part(op, tree, ret_reply, err);
    json_decref(tree);
    return ok;
}

/* --- fetchPlanningResult, cancelPlanning ---------------------------------------------------- */

static bool find_row(struct op *op, struct slice uuid, struct plan_row *ret_row, bool *ret_found,
                     struct error *err)
{
    struct pointer_view *view = NULL;
    TRY(pointer_view_begin(op->server->pointers, &view, err));
    bool ok = pointer_plan_get(view, uuid, clock_now_ms(op->server->catalog->clock), op->call.arena,
                               ret_row, ret_found, err);
    pointer_view_end(view);
    return ok;
}

/* The files of a plan that was found to be whole: planned again, from what its first time has left
 * in the cache. */
static bool answer_again(struct op *op, struct table_metadata *metadata, struct slice request,
                         struct reply **ret_reply, struct error *err)
{
    struct plan_part part;
    struct plan_reach reach;
    struct plan *plan = NULL;
    struct plan_sealer sealer = plan_reply_sealer(op, metadata);
    TRY(plan_request_read(request, op->call.arena, &part, err));
    bool ok = plan_reply_open(op, metadata, &part.request, &reach, &plan, err) ||
              as_gone(ERROR_NO_SUCH_PLAN_ID, err);
    ok = ok && plan_reply_completed(op, metadata, &sealer, plan, SLICE_EMPTY, ret_reply, err);
    counters_add_plan(&op->server->counters, plan);
    plan_destroy(plan);
    plan_part_finish(&part);
    return ok;
}

static bool answer_row(struct op *op, struct table_metadata *metadata, struct slice uuid,
                       const struct plan_row *row, struct reply **ret_reply, struct error *err)
{
    switch (row->state) {
    case PLAN_SUBMITTED:
        plan_jobs_start(op->server, op->call.warehouse, metadata, uuid, row->request);
        return answer_status("submitted", SLICE_EMPTY, SLICE_EMPTY, ret_reply, err);
    case PLAN_FAILED:
        return answer_status("failed", SLICE_EMPTY, row->failure, ret_reply, err);
    case PLAN_CANCELLED:
        return answer_status("cancelled", SLICE_EMPTY, SLICE_EMPTY, ret_reply, err);
    case PLAN_COMPLETED:
        break;
    }
    return answer_again(op, metadata, row->request, ret_reply, err);
}

/* A plan that was answered when it was made has no row: to plan it again could give another
 * snapshot's files than the client was promised. */
static bool fetch_plan(struct op *op, struct table_metadata *metadata, struct reply **ret_reply,
                       struct error *err)
{
    struct slice uuid;
    struct plan_row row;
    bool is_there = false;
    struct plan_sealer sealer = plan_reply_sealer(op, metadata);
    TRY(open_plan_id(op, &sealer, &uuid, err));
    TRY(find_row(op, uuid, &row, &is_there, err));
    if (is_there)
        return answer_row(op, metadata, uuid, &row, ret_reply, err);
    return error_set(err, ERROR_NO_SUCH_PLAN_ID,
                     "Plan does not exist: its result was the answer of planTableScan, or it has "
                     "expired; plan the scan again");
}

bool op_fetch_plan(struct op *op, struct reply **ret_reply, struct error *err)
{
    struct table_result table = {0};
    TRY(plan_reply_table(op, &table, err));
    bool ok = fetch_plan(op, table.metadata, ret_reply, err);
    table_result_finish(&table);
    return ok;
}

static bool cancel_row(struct pointer_txn *txn, void *context, struct error *err)
{
    return pointer_plan_cancel(txn, *(const struct slice *)context, err);
}

static bool cancel_plan(struct op *op, const struct table_metadata *metadata, struct error *err)
{
    struct slice uuid;
    struct plan_row row;
    bool is_there = false;
    struct plan_sealer sealer = plan_reply_sealer(op, metadata);
    TRY(open_plan_id(op, &sealer, &uuid, err));
    TRY(find_row(op, uuid, &row, &is_there, err));
    if (!is_there || row.state == PLAN_FAILED || row.state == PLAN_CANCELLED)
        return true;
    TRY(pointer_store_write(op->server->pointers, cancel_row, &uuid, err));
    plan_jobs_cancel(op->server->plan_jobs, uuid);
    return true;
}

/* Clients cancel after every scan; where the plan was answered when it was made there is nothing to
 * give back. */
bool op_cancel_plan(struct op *op, struct reply **ret_reply, struct error *err)
{
    struct table_result table = {0};
    TRY(plan_reply_table(op, &table, err));
    bool ok = cancel_plan(op, table.metadata, err);
    table_result_finish(&table);
    return ok && op_no_content(ret_reply, err);
}
