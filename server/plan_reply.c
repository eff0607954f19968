#include "server/plan_reply.h"

#include "base/limits.h"
#include "scan/plan_answer.h"
#include "server/access.h"
#include "server/reply_stream.h"
#include "server/server.h"

/* --- tables and tokens ---------------------------------------------------------------------- */

bool plan_reply_table(struct op *op, struct table_result *ret_table, struct error *err)
{
    struct entity_name name;
    TRY(op_entity(op, PARAMETER_TABLE, &name, err));
    return table_load(&op->call, name, ret_table, err);
}

/* A table of format version 1 may have no uuid; its location is what stays. */
struct plan_sealer plan_reply_sealer(const struct op *op, const struct table_metadata *metadata)
{
    const struct clock *clock = op->server->catalog->clock;
    return (struct plan_sealer){
        .key = &op->server->plan_key,
        .table = metadata->uuid.len > 0 ? metadata->uuid : metadata->location,
        .now_ms = clock_now_ms(clock),
    };
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

static bool write_completed(struct op *op, const struct access *access,
                            const struct plan_sealer *sealer, struct plan *plan, struct slice id,
                            struct answer *answer, struct error *err)
{
    uint64_t max_files = (uint64_t)option_number(op->server->options, OPTION_PLAN_FILES);
    bool is_split = false;
    TRY(plan_split_is_due(plan, max_files, &is_split, err));
    json_write_key(&answer->json, "status");
    json_write_string(&answer->json, SLICE_LITERAL("completed"));
    if (id.len > 0) {
        json_write_key(&answer->json, "plan-id");
        json_write_string(&answer->json, id);
    }
    if (access->credentials.len > 0) {
        json_write_key(&answer->json, "storage-credentials");
        json_write_raw(&answer->json, access->credentials);
    }
    return is_split ? write_parts(plan, max_files, sealer, answer, err)
                    : write_files(op, plan, PLAN_WINDOW_ALL, answer, err);
}

/* --- for the operations --------------------------------------------------------------------- */

bool plan_reply_open(struct op *op, struct table_metadata *metadata,
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

bool plan_reply_completed(struct op *op, const struct table_metadata *metadata,
                          const struct plan_sealer *sealer, struct plan *plan, struct slice id,
                          struct reply **ret_reply, struct error *err)
{
    struct answer answer;
    struct access access;
    TRY(access_make_of_table(op, metadata, SESSION_READ, &access, err));
    TRY(answer_begin(&answer, op->request, err));
    if (access.has_secrets)
        reply_stream_set_private(answer.stream);
    return answer_end(&answer, write_completed(op, &access, sealer, plan, id, &answer, err),
                      ret_reply, err);
}

bool plan_reply_part(struct op *op, struct plan *plan, struct plan_window window,
                     struct reply **ret_reply, struct error *err)
{
    struct answer answer;
    return answer_begin(&answer, op->request, err) &&
           answer_end(&answer, write_files(op, plan, window, &answer, err), ret_reply, err);
}
