#include "scan/plan_answer.h"

#include <stdlib.h>

#include "base/blocking.h"
#include "base/limits.h"
#include "scan/task_json.h"

/* One task: a path and a residual are the largest parts of it. */
#define MAX_PIECE_SIZE (PLAN_PIECE_SIZE + 64 * MIB)

struct answer {
    struct plan *plan;
    const struct plan_sink *sink;
    struct task_deletes deletes;
    pthread_mutex_t mutex; /* of the sink, and of has_tasks */
    bool has_tasks;
};

/* What one hand has written and not yet handed on. */
struct answer_part {
    struct answer *answer;
    struct task_writer writer;
    struct buffer piece;
};

bool plan_sink_feed(const struct plan_sink *sink, struct buffer *out, struct error *err)
{
    return out->len < PLAN_PIECE_SIZE || sink->take(sink->context, out, err);
}

/* --- parts ---------------------------------------------------------------------------------- */

/* Every task begins with a comma, and the answer's first one must not. The mutex is held. */
static bool hand_on(struct answer *answer, struct buffer *piece, struct error *err)
{
    if (!answer->has_tasks) {
        memmove(piece->ptr, piece->ptr + 1, piece->len - 1);
        buffer_truncate(piece, piece->len - 1);
        answer->has_tasks = true;
    }
    return answer->sink->take(answer->sink->context, piece, err);
}

static bool part_flush(struct answer_part *part, struct error *err)
{
    struct answer *answer = part->answer;
    if (part->piece.len == 0)
        return true;
    blocking_lock(&answer->mutex);
    bool ok = hand_on(answer, &part->piece, err);
    pthread_mutex_unlock(&answer->mutex);
    return ok;
}

static bool part_visit(void *context, const struct plan_task *task, struct error *err)
{
    struct answer_part *part = context;
    return task_writer_visit(&part->writer, task, err) &&
           (part->piece.len < PLAN_PIECE_SIZE || part_flush(part, err));
}

/* --- answers -------------------------------------------------------------------------------- */

static bool write_tasks(struct answer *answer, const struct plan_work *work,
                        struct answer_part *parts, struct plan_visitor *visitors, struct error *err)
{
    for (size_t i = 0; i < work->hands; i++) {
        buffer_init(&parts[i].piece, MAX_PIECE_SIZE);
        task_writer_init(&parts[i].writer, &answer->deletes, &parts[i].piece);
        parts[i].answer = answer;
        visitors[i] = (struct plan_visitor){part_visit, &parts[i]};
    }
    bool ok = plan_run_shared(answer->plan, work->window, work->crew, visitors, work->hands, err);
    for (size_t i = 0; i < work->hands; i++) {
        ok = ok && part_flush(&parts[i], err);
        task_writer_finish(&parts[i].writer);
        buffer_finish(&parts[i].piece);
    }
    return ok;
}

static bool share_tasks(struct answer *answer, const struct plan_work *work, struct error *err)
{
    struct answer_part *parts = calloc(work->hands, sizeof(*parts));
    struct plan_visitor *visitors = calloc(work->hands, sizeof(*visitors));
    bool ok = parts && visitors ? write_tasks(answer, work, parts, visitors, err)
                                : error_no_memory(err, "a plan");
    free(parts);
    free(visitors);
    return ok;
}

static bool write_deletes(struct answer *answer, struct json_writer *json, struct error *err)
{
    struct task_writer writer;
    bool ok = true;
    if (answer->deletes.used_count == 0)
        return true;
    json_write_key(json, "delete-files");
    json_write_array_begin(json);
    task_writer_init(&writer, &answer->deletes, json->out);
    for (size_t i = 0; ok && i < answer->deletes.used_count; i++) {
        json_write_raw(json, SLICE_EMPTY); /* the comma, where one is due */
        ok = task_writer_delete(&writer, i, err) && plan_sink_feed(answer->sink, json->out, err);
    }
    task_writer_finish(&writer);
    json_write_array_end(json);
    return ok;
}

bool plan_answer_files(struct plan *plan, const struct plan_work *work,
                       const struct plan_sink *sink, struct json_writer *json, struct error *err)
{
    struct answer answer = {.plan = plan, .sink = sink};
    pthread_mutex_init(&answer.mutex, NULL);
    task_deletes_init(&answer.deletes, plan);
    json_write_key(json, "file-scan-tasks");
    json_write_array_begin(json);
    bool ok = buffer_check(json->out, "the answer", err) &&
              sink->take(sink->context, json->out, err) && share_tasks(&answer, work, err);
    json_write_array_end(json);
    ok = ok && write_deletes(&answer, json, err) && buffer_check(json->out, "the answer", err);
    task_deletes_finish(&answer.deletes);
    pthread_mutex_destroy(&answer.mutex);
    return ok;
}
