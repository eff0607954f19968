/* Scan planning: plan, fetch a result, cancel, fetch the tasks of a part (server/op.h). */
#include "catalog/table.h"

#include "base/json_tree.h"
#include "base/json_write.h"
#include "base/limits.h"
#include "scan/plan_split.h"
#include "server/op.h"
#include "server/plan_reach.h"
#include "server/reply_stream.h"
#include "server/server.h"

/* --- tables and tokens ---------------------------------------------------------------------- */

static bool load_table(struct op *op, struct table_result *ret_table, struct error *err)
{
    struct entity_name name;
    TRY(op_entity(op, PARAMETER_TABLE, &name, err));
    return table_load(&op->call, name, ret_table, err);
}

/* A table of format version 1 may have no uuid; its location is what stays. */
static struct plan_sealer make_sealer(const struct op *op, const struct table_metadata *metadata)
{
    const struct clock *clock = op->server->catalog->clock;
    return (struct plan_sealer){
        .key = &op->server->plan_key,
        .table = metadata->uuid.len > 0 ? metadata->uuid : metadata->location,
        .now_ms = clock_now_ms(clock),
    };
}

/* An id says when and of which snapshot, and is told from others by chance. */
static bool make_plan_id(struct op *op, const struct plan_sealer *sealer, const struct plan *plan,
                         struct slice *ret_id, struct error *err)
{
    char uuid[UUID_TEXT_SIZE];
    TRY(uuid_make(op->server->catalog->random, uuid, err));
    struct slice payload =
        arena_printf(op->call.arena, "%s %lld", uuid, (long long)plan_snapshot_id(plan));
    if (!payload.ptr)
        return error_no_memory(err, "a plan's id");
    return plan_token_seal(sealer, PLAN_TOKEN_ID, payload, op->call.arena, ret_id, err);
}

/* --- answers -------------------------------------------------------------------------------- */

/* An answer while it is made: what was not handed on yet, and where it goes. */
struct answer {
    struct reply_stream *stream;
    struct plan_sink sink;
    struct buffer text;
    struct json_writer json;
};

/* Text between two pieces: a plan task carries the whole request, a delete file its path. */
#define MAX_ANSWER_TEXT (PLAN_PIECE_SIZE + 2 * MAX_BODY_SIZE)

static bool answer_begin(struct answer *answer, const struct request *request, struct error *err)
{
    TRY(reply_stream_create(request->channel, &answer->stream, err));
    answer->sink = (struct plan_sink){reply_stream_take, answer->stream};
    buffer_init(&answer->text, MAX_ANSWER_TEXT);
    json_writer_init(&answer->json, &answer->text);
    json_write_object_begin(&answer->json);
    return true;
}

static bool answer_close(struct answer *answer, struct reply **ret_reply, struct error *err)
{
    json_write_object_end(&answer->json);
    return buffer_check(&answer->text, "the answer", err) &&
           reply_stream_take(answer->stream, &answer->text, err) &&
           reply_stream_end(answer->stream, ret_reply, err);
}

/* What fails here may be on its way already: then the connection is cut. */
static bool answer_end(struct answer *answer, bool is_fine, struct reply **ret_reply,
                       struct error *err)
{
    is_fine = is_fine && answer_close(answer, ret_reply, err);
    if (!is_fine)
        reply_stream_fail(answer->stream);
    buffer_finish(&answer->text);
    reply_stream_unref(answer->stream);
    return is_fine;
}

/* The members of ScanTasks. */
static bool write_files(struct op *op, struct plan *plan, struct plan_window window,
                        struct answer *answer, struct error *err)
{
    const struct plan_work work = {window, op->server->crew, op->server->plan_hands};
    return plan_answer_files(plan, &work, &answer->sink, &answer->json, err);
}

static bool write_parts(struct plan *plan, uint64_t max_files, const struct plan_sealer *sealer,
                        struct answer *answer, struct error *err)
{
    json_write_key(&answer->json, "plan-tasks");
    json_write_array_begin(&answer->json);
    TRY(plan_split_write(plan, max_files, sealer, &answer->sink, &answer->json, err));
    json_write_array_end(&answer->json);
    return true;
}

static bool write_completed(struct op *op, const struct plan_sealer *sealer, struct plan *plan,
                            struct answer *answer, struct error *err)
{
    uint64_t max_files = (uint64_t)option_number(op->server->options, OPTION_PLAN_FILES);
    bool is_split = false;
    struct slice id;
    TRY(make_plan_id(op, sealer, plan, &id, err));
    TRY(plan_split_is_due(plan, max_files, &is_split, err));
    json_write_key(&answer->json, "status");
    json_write_string(&answer->json, SLICE_LITERAL("completed"));
    json_write_key(&answer->json, "plan-id");
    json_write_string(&answer->json, id);
    return is_split ? write_parts(plan, max_files, sealer, answer, err)
                    : write_files(op, plan, PLAN_WINDOW_ALL, answer, err);
}

/* --- operations ----------------------------------------------------------------------------- */

/* `reach` must outlive the plan. */
static bool open_plan(struct op *op, struct table_metadata *metadata,
                      const struct plan_request *request, struct plan_reach *reach,
                      struct plan **ret_plan, struct error *err)
{
    struct plan *plan = NULL;
    plan_reach_init(reach, &op->call, metadata);
    TRY(plan_create(metadata, request, &plan, err));
    if (plan_open(plan, op->server->objects, op->server->cache, &reach->guard, err)) {
        *ret_plan = plan;
        return true;
    }
    plan_destroy(plan);
    return false;
}

static bool answer_plan(struct op *op, struct table_metadata *metadata, const json_t *tree,
                        struct reply **ret_reply, struct error *err)
{
    struct plan_request request;
    struct plan_reach reach;
    struct plan *plan = NULL;
    struct answer answer;
    struct plan_sealer sealer = make_sealer(op, metadata);
    TRY(plan_request_parse(tree, op->call.arena, &request, err));
    TRY(open_plan(op, metadata, &request, &reach, &plan, err));
    bool ok = answer_begin(&answer, op->request, err) &&
              answer_end(&answer, write_completed(op, &sealer, plan, &answer, err), ret_reply, err);
    counters_add_plan(&op->server->counters, plan);
    plan_destroy(plan);
    return ok;
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
    bool ok = load_table(op, &table, err);
    if (ok) {
        counter_add(&op->server->counters, COUNTER_PLANS_STARTED, 1);
        ok = count_end(op, COUNTER_PLANS_STARTED,
                       answer_plan(op, table.metadata, tree, ret_reply, err));
    }
    table_result_finish(&table);
    json_decref(tree);
    return ok;
}

/* A snapshot or schema that was removed after the plan was made: the task is of no use any more. */
static bool as_gone(struct error *err)
{
    if (err->kind == ERROR_VALIDATION || err->kind == ERROR_BAD_REQUEST)
        err->kind = ERROR_NO_SUCH_PLAN_TASK;
    return false;
}

static bool answer_part(struct op *op, struct table_metadata *metadata, struct plan_part *part,
                        struct reply **ret_reply, struct error *err)
{
    struct plan_reach reach;
    struct plan *plan = NULL;
    struct answer answer;
    if (!open_plan(op, metadata, &part->request, &reach, &plan, err))
        return as_gone(err);
    bool ok =
        answer_begin(&answer, op->request, err) &&
        answer_end(&answer, write_files(op, plan, part->window, &answer, err), ret_reply, err);
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
    TRY(load_table(op, &table, err));
    struct plan_sealer sealer = make_sealer(op, table.metadata);
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

static bool check_plan_id(struct op *op, struct error *err)
{
    struct slice id, payload;
    struct table_result table = {0};
    TRY(op_parameter(op, PARAMETER_PLAN_ID, &id, err));
    TRY(load_table(op, &table, err));
    struct plan_sealer sealer = make_sealer(op, table.metadata);
    bool ok = plan_token_open(&sealer, PLAN_TOKEN_ID, id, op->call.arena, &payload, err);
    table_result_finish(&table);
    return ok;
}

/* Every plan is answered when it is made, so that there is nothing to fetch under an id that was
 * given: to plan again would give another snapshot's files. */
bool op_fetch_plan(struct op *op, struct reply **ret_reply, struct error *err)
{
    (void)ret_reply;
    TRY(check_plan_id(op, err));
    return error_set(err, ERROR_NO_SUCH_PLAN_ID,
                     "Plan does not exist: its result was the answer of planTableScan, and is not "
                     "kept; plan the scan again");
}

/* Clients cancel after every scan; there is nothing to give back. */
bool op_cancel_plan(struct op *op, struct reply **ret_reply, struct error *err)
{
    TRY(check_plan_id(op, err));
    return op_no_content(ret_reply, err);
}
