#include "server/plan_jobs.h"

#include <pthread.h>
#include <stdlib.h>

#include "base/json_write.h"
#include "base/limits.h"
#include "catalog/warehouse.h"
#include "scan/plan_split.h"
#include "server/op.h"
#include "server/plan_reach.h"
#include "server/server.h"
#include "server/workers.h"
#include "storage/pointer_plan.h"

/* The row's failure: a sentence of an error, its type, and a number. */
#define MAX_FAILURE_SIZE (16 * KIB)

struct plan_job {
    struct work_item item;
    struct server *server;
    char id[UUID_TEXT_SIZE];
    atomic_bool is_cancelled;
    struct table_metadata *metadata;   /* a reference */
    const struct warehouse *warehouse; /* a reference */
    struct slice request;
    struct arena arena;
    struct plan_reach reach;
    struct plan_guard guard;
};

struct plan_jobs {
    pthread_mutex_t mutex;
    struct plan_job *running[MAX_PLAN_JOBS]; /* queued ones included; NULL: free */
};

/* --- which are under way -------------------------------------------------------------------- */

bool plan_jobs_create(struct plan_jobs **ret_jobs, struct error *err)
{
    struct plan_jobs *jobs = calloc(1, sizeof(*jobs));
    if (!jobs)
        return error_no_memory(err, "the submitted plans");
    pthread_mutex_init(&jobs->mutex, NULL);
    *ret_jobs = jobs;
    return true;
}

void plan_jobs_destroy(struct plan_jobs *jobs)
{
    if (!jobs)
        return;
    pthread_mutex_destroy(&jobs->mutex);
    free(jobs);
}

/* The mutex is held. */
static struct plan_job *find(const struct plan_jobs *jobs, struct slice id)
{
    for (size_t i = 0; i < MAX_PLAN_JOBS; i++)
        if (jobs->running[i] && slice_equals_string(id, jobs->running[i]->id))
            return jobs->running[i];
    return NULL;
}

/* False where it is under way already, or too many others are. */
static bool add(struct plan_jobs *jobs, struct plan_job *job)
{
    bool is_added = false;
    pthread_mutex_lock(&jobs->mutex);
    bool is_known = find(jobs, slice_from_string(job->id)) != NULL;
    for (size_t i = 0; !is_known && !is_added && i < MAX_PLAN_JOBS; i++) {
        is_added = jobs->running[i] == NULL;
        if (is_added)
            jobs->running[i] = job;
    }
    pthread_mutex_unlock(&jobs->mutex);
    return is_added;
}

static void drop(struct plan_jobs *jobs, const struct plan_job *job)
{
    pthread_mutex_lock(&jobs->mutex);
    for (size_t i = 0; i < MAX_PLAN_JOBS; i++)
        if (jobs->running[i] == job)
            jobs->running[i] = NULL;
    pthread_mutex_unlock(&jobs->mutex);
}

static bool is_known(struct plan_jobs *jobs, struct slice id)
{
    pthread_mutex_lock(&jobs->mutex);
    bool is_there = find(jobs, id) != NULL;
    pthread_mutex_unlock(&jobs->mutex);
    return is_there;
}

void plan_jobs_cancel(struct plan_jobs *jobs, struct slice id)
{
    pthread_mutex_lock(&jobs->mutex);
    struct plan_job *job = find(jobs, id);
    if (job)
        atomic_store(&job->is_cancelled, true);
    pthread_mutex_unlock(&jobs->mutex);
}

/* --- one job -------------------------------------------------------------------------------- */

static bool is_unwanted(const struct plan_job *job)
{
    return atomic_load(&job->is_cancelled) || atomic_load(&job->server->is_draining);
}

static bool check(void *context, struct slice path, struct error *err)
{
    const struct plan_job *job = context;
    if (is_unwanted(job))
        return error_set(err, ERROR_CONFLICT, "The plan was given up");
    return job->reach.guard.check(job->reach.guard.context, path, err);
}

static bool pass(void *context, const struct plan_task *task, struct error *err)
{
    const struct plan_job *job = context;
    (void)task;
    return !is_unwanted(job) || error_set(err, ERROR_CONFLICT, "The plan was given up");
}

static bool run_plan(struct plan_job *job, struct plan *plan, struct error *err)
{
    struct server *server = job->server;
    struct plan_visitor *visitors =
        ARENA_ARRAY(&job->arena, struct plan_visitor, server->plan_hands);
    if (!visitors)
        return error_no_memory(err, "a plan");
    for (size_t i = 0; i < server->plan_hands; i++)
        visitors[i] = (struct plan_visitor){pass, job};
    return plan_open(plan, server->objects, server->cache, &job->guard, err) &&
           plan_run_shared(plan, PLAN_WINDOW_ALL, server->crew, visitors, server->plan_hands, err);
}

static bool make_plan(struct plan_job *job, struct error *err)
{
    struct plan_part part;
    struct plan *plan = NULL;
    TRY(plan_request_read(job->request, &job->arena, &part, err));
    bool ok = plan_create(job->metadata, &part.request, &plan, err) && run_plan(job, plan, err);
    counters_add_reading(&job->server->counters, plan);
    plan_destroy(plan);
    plan_part_finish(&part);
    return ok;
}

/* The model of an error that a failed plan is answered with. */
static void write_failure(const struct error *failure, struct buffer *out)
{
    struct json_writer json;
    json_writer_init(&json, out);
    json_write_object_begin(&json);
    json_write_key(&json, "message");
    json_write_string(&json, slice_from_string(failure->message));
    json_write_key(&json, "type");
    json_write_string(&json, slice_from_string(error_type(failure->kind)));
    json_write_key(&json, "code");
    json_write_int64(&json, error_status(failure->kind, false));
    json_write_object_end(&json);
}

struct settlement {
    struct slice id;
    enum plan_state state;
    struct slice failure;
};

static bool settle_row(struct pointer_txn *txn, void *context, struct error *err)
{
    const struct settlement *end = context;
    return pointer_plan_settle(txn, end->id, end->state, end->failure, err);
}

/* Where this cannot be stored the row stays submitted, and the next poll begins again. */
static void settle(struct plan_job *job, const struct error *failure)
{
    struct buffer text;
    struct settlement end = {.id = slice_from_string(job->id), .state = PLAN_COMPLETED};
    buffer_init(&text, MAX_FAILURE_SIZE);
    if (failure) {
        write_failure(failure, &text);
        end.state = PLAN_FAILED;
        end.failure = buffer_slice(&text);
    }
    /* First, so that whoever has seen the end finds it counted. */
    counter_add(&job->server->counters, failure ? COUNTER_PLANS_FAILED : COUNTER_PLANS_COMPLETED,
                1);
    if (buffer_ok(&text))
        (void)pointer_store_write(job->server->pointers, settle_row, &end, NULL);
    buffer_finish(&text);
}

static void destroy(struct plan_job *job)
{
    table_metadata_unref(job->metadata);
    warehouse_unref(job->warehouse);
    arena_finish(&job->arena);
    free(job);
}

static void run(struct work_item *item)
{
    struct plan_job *job = (struct plan_job *)item;
    struct plan_jobs *jobs = job->server->plan_jobs;
    struct error failure = {0};
    bool ok = make_plan(job, &failure);
    if (ok || !is_unwanted(job))
        settle(job, ok ? NULL : &failure);
    drop(jobs, job);
    destroy(job);
}

/* --- starting ------------------------------------------------------------------------------- */

static struct plan_job *create(struct server *server, const struct warehouse *warehouse,
                               struct table_metadata *metadata, struct slice id,
                               struct slice request)
{
    struct plan_job *job = calloc(1, sizeof(*job));
    if (!job)
        return NULL;
    job->item.run = run;
    job->item.lane = op_work_lane(server, warehouse);
    job->server = server;
    snprintf(job->id, sizeof(job->id), "%.*s", SLICE_ARG(id));
    atomic_init(&job->is_cancelled, false);
    arena_init(&job->arena, MAX_REQUEST_ARENA);
    job->metadata = table_metadata_ref(metadata);
    job->request = arena_slice(&job->arena, request);
    job->guard = (struct plan_guard){check, job};
    if (!job->request.ptr ||
        !warehouse_find(server->catalog, warehouse->name, &job->warehouse, NULL)) {
        destroy(job);
        return NULL;
    }
    const struct call call = {.catalog = server->catalog,
                              .arena = &job->arena,
                              .warehouse = job->warehouse};
    plan_reach_init(&job->reach, &call, metadata);
    return job;
}

void plan_jobs_start(struct server *server, const struct warehouse *warehouse,
                     struct table_metadata *metadata, struct slice id, struct slice request)
{
    if (is_known(server->plan_jobs, id))
        return;
    struct plan_job *job = create(server, warehouse, metadata, id, request);
    if (!job)
        return;
    if (!add(server->plan_jobs, job)) {
        destroy(job);
        return;
    }
    if (!workers_reserve(server->workers, false)) {
        drop(server->plan_jobs, job);
        destroy(job);
        return;
    }
    workers_submit(server->workers, &job->item);
}
