/*
 * A batch
 *
 *   BEGIN IMMEDIATE
 *     for each job:  SAVEPOINT job → run → RELEASE, or ROLLBACK TO where it failed
 *   COMMIT           one sync for all
 *   cache changed    then the callers are woken
 *
 * Jobs that arrive while a batch syncs form the next one, so the batch grows with the load. When
 * those have run, the batch may stay open for others that are about to come (gather_pace.h), which
 * run as they do: until as many have come as there were callers (those just answered and those that
 * waited). One caller alone has always come when its job has, and is never waited for.
 *
 * Three things can go wrong beyond a job that fails by itself:
 *
 *   SQLite rolls the whole transaction back inside a job (disk full, I/O error, no memory). That
 *   job keeps its error; the others, whatever their verdict was, were judged on a state that is
 *   gone, so they run again, each in a transaction of its own.
 *
 *   COMMIT fails before the log can hold a whole commit (SQLITE_FULL, SQLITE_BUSY): nothing was
 *   changed, and every job of the batch gets that error.
 *
 *   COMMIT fails in any other way. The log may hold the whole commit although SQLite has reported
 *   an error (a failed sync; no memory for the log's index after the sync). As long as this process
 *   lives the old state is seen, and the next commit overwrites the frames; but a crash before that
 *   would bring them to life at the next start. So the connection is closed and opened again, and a
 *   small transaction ("settle") is committed before anything else: it goes either over those
 *   frames or behind them, and makes final whatever is then seen. The callers hear
 *   ERROR_COMMIT_UNKNOWN after that attempt, so that a view which they begin tells the truth. Where
 *   settling fails too, no batch runs until it succeeds.
 */
#include "storage/pointer_writer.h"

#include <assert.h>
#include <pthread.h>
#include <stdlib.h>

#include "base/timed_wait.h"
#include "storage/checkpointer.h"
#include "storage/gather_pace.h"
#include "storage/migrations.h"
#include "storage/pointer_internal.h"

/* More jobs in one transaction would make the first of them wait long for the last. */
#define MAX_BATCH_JOBS 256

struct pointer_writer {
    const struct connection_options *options;
    struct pointer_cache *cache;
    const struct clock *clock;
    struct checkpointer *checkpointer;
    /* Only the writer thread uses these two once it runs. */
    struct sqlite_connection connection;
    bool is_settled; /* false: the outcome of a commit is not final yet */
    pthread_t thread;
    /* Guards what follows. */
    pthread_mutex_t lock;
    pthread_cond_t wake;
    struct pointer_write *first;
    struct pointer_write **end;
    size_t queued;
    size_t wake_at; /* so many in the queue wake the writer; 0: it is at work */
    struct gather_pace pace;
    bool is_stopping;
    struct histogram batches; /* needs no lock */
};

/* The jobs of one transaction. */
struct batch {
    struct pointer_write *first;
    struct pointer_write **end;
    size_t count;
};

/* --- the connection ----------------------------------------------------------------------- */

/* SQLite's hook after each commit: how many pages the log has. */
static int note_log(void *context, sqlite3 *db, const char *name, int log_pages)
{
    (void)db;
    (void)name;
    const struct pointer_writer *writer = context;
    checkpointer_note(writer->checkpointer, log_pages);
    return SQLITE_OK;
}

/* The hook takes the place of SQLite's own, which checkpoints within the commit. */
static bool writer_connect(struct pointer_writer *writer, struct error *err)
{
    TRY(connection_open(writer->options, &writer->connection, err));
    (void)sqlite3_wal_hook(writer->connection.db, note_log, writer);
    return true;
}

/* --- the queue ---------------------------------------------------------------------------- */

/* Under the lock: moves what waits to the end of the batch, and gives the first of it. */
static struct pointer_write *queue_move(struct pointer_writer *writer, struct batch *batch)
{
    struct pointer_write *first = writer->first;
    struct pointer_write **end = &writer->first;
    size_t count = 0;
    for (; batch->count + count < MAX_BATCH_JOBS && *end; count++)
        end = &(*end)->next;
    if (count == 0)
        return NULL;
    writer->first = *end;
    *end = NULL;
    *batch->end = first;
    batch->end = end;
    if (!writer->first)
        writer->end = &writer->first;
    batch->count += count;
    writer->queued -= count;
    return first;
}

/* Waits until a first job has come. False: the writer is to end. */
static bool queue_take(struct pointer_writer *writer, struct batch *batch)
{
    *batch = (struct batch){.first = NULL};
    batch->end = &batch->first;
    pthread_mutex_lock(&writer->lock);
    writer->wake_at = 1;
    while (!writer->first && !writer->is_stopping)
        pthread_cond_wait(&writer->wake, &writer->lock);
    writer->wake_at = 0;
    (void)queue_move(writer, batch);
    pthread_mutex_unlock(&writer->lock);
    return batch->first != NULL;
}

/* Under the lock: waits for others, by halves, so that most run while the rest are still coming and
 * the writer is not woken for each. */
static void queue_gather(struct pointer_writer *writer, const struct batch *batch)
{
    int64_t wait_us = gather_pace_wait_us(&writer->pace, batch->count);
    if (wait_us == 0 || writer->is_stopping)
        return;
    struct timespec until = timed_wait_deadline_us(wait_us);
    writer->wake_at = (writer->pace.callers - batch->count + 1) / 2;
    int timed_out = 0;
    while (writer->queued < writer->wake_at && !writer->is_stopping && !timed_out)
        timed_out = pthread_cond_timedwait(&writer->wake, &writer->lock, &until);
    writer->wake_at = 0;
}

/* For a batch all of whose jobs have run: the first of those that join it, or NULL where it is to
 * be committed. One that is run again alone takes none. */
static struct pointer_write *queue_take_more(struct pointer_writer *writer, struct batch *batch)
{
    if (!batch->end || batch->count >= MAX_BATCH_JOBS)
        return NULL;
    pthread_mutex_lock(&writer->lock);
    if (!writer->first)
        queue_gather(writer, batch);
    struct pointer_write *more = queue_move(writer, batch);
    pthread_mutex_unlock(&writer->lock);
    return more;
}

/* --- one job ------------------------------------------------------------------------------ */

static bool run(struct pointer_writer *writer, enum statement_id id, struct error *err)
{
    return connection_run(&writer->connection, id, err);
}

static void transaction_undo(struct pointer_writer *writer)
{
    if (connection_in_transaction(&writer->connection))
        (void)run(writer, STATEMENT_BATCH_ROLLBACK, NULL);
}

static bool job_fail(struct pointer_write *job, const struct error *reason)
{
    cache_entries_destroy(job->changes);
    job->changes = NULL;
    job->ok = false;
    if (&job->error != reason)
        job->error = *reason;
    return false;
}

/* The job's own part, between savepoint and release. */
static bool job_call(struct pointer_writer *writer, struct pointer_write *job)
{
    struct pointer_txn txn = {.view = {.connection = &writer->connection},
                              .now_ms = clock_now_ms(writer->clock)};
    TRY(run(writer, STATEMENT_JOB_BEGIN, &job->error));
    bool ok = job->run(&txn, job->context, &job->error);
    job->changes = txn.changes;
    if (!ok && job->error.kind == ERROR_NONE)
        return error_set(&job->error, ERROR_INTERNAL, "a write failed without saying why");
    if (ok && !connection_in_transaction(&writer->connection))
        return error_set(&job->error, ERROR_STORAGE, "the database undid the transaction");
    return ok && run(writer, STATEMENT_JOB_END, &job->error);
}

/* False where the transaction is gone, and with it what the jobs before this one did. */
static bool job_run(struct pointer_writer *writer, struct pointer_write *job)
{
    error_clear(&job->error);
    job->ok = job_call(writer, job);
    if (job->ok)
        return true;
    (void)job_fail(job, &job->error);
    if (!connection_in_transaction(&writer->connection))
        return false;
    struct error ignored;
    if (run(writer, STATEMENT_JOB_UNDO, &ignored) && run(writer, STATEMENT_JOB_END, &ignored))
        return true;
    transaction_undo(writer);
    return false;
}

/* --- the connection after a commit of unknown outcome ------------------------------------- */

static bool settle(struct pointer_writer *writer, struct error *err)
{
    TRY(run(writer, STATEMENT_BATCH_BEGIN, err));
    if (run(writer, STATEMENT_SETTLE, err) && run(writer, STATEMENT_BATCH_COMMIT, err))
        return true;
    transaction_undo(writer);
    return false;
}

/* True where the outcome of every earlier commit is final. */
static bool writer_settle(struct pointer_writer *writer, struct error *err)
{
    if (writer->is_settled)
        return true;
    connection_close(&writer->connection);
    TRY(writer_connect(writer, err));
    TRY(settle(writer, err));
    writer->is_settled = true;
    return true;
}

/* --- a batch ------------------------------------------------------------------------------ */

/* True where the failed COMMIT surely changed nothing. */
static bool is_definite(enum error_kind kind)
{
    return kind == ERROR_STORAGE_FULL || kind == ERROR_OVERLOADED;
}

static void batch_fail(struct pointer_write *jobs, const struct error *reason)
{
    for (struct pointer_write *job = jobs; job; job = job->next)
        (void)job_fail(job, reason);
}

static void batch_publish(struct pointer_writer *writer, struct pointer_write *jobs)
{
    for (struct pointer_write *job = jobs; job; job = job->next) {
        pointer_cache_commit(writer->cache, job->changes);
        job->changes = NULL;
    }
}

/* Jobs that had failed by themselves wrote nothing, but their reason may have been a neighbour that
 * never came to be: they hear of a failure that is safe to try again. */
static void batch_answer_unknown(struct pointer_write *jobs, const struct error *reason)
{
    for (struct pointer_write *job = jobs; job; job = job->next) {
        struct error error;
        if (job->ok)
            error_set(&error, ERROR_COMMIT_UNKNOWN,
                      "it is not known whether the change was made: read it back before trying "
                      "again (%s)",
                      reason->message);
        else
            error_set(&error, ERROR_STORAGE, "nothing was changed: %s", reason->message);
        (void)job_fail(job, &error);
    }
}

static void batch_commit_unknown(struct pointer_writer *writer, struct pointer_write *jobs,
                                 const struct error *reason)
{
    writer->is_settled = false;
    (void)writer_settle(writer, NULL);
    for (struct pointer_write *job = jobs; job; job = job->next)
        cache_entries_forget(job->changes);
    batch_publish(writer, jobs);
    batch_answer_unknown(jobs, reason);
}

static bool commit(struct pointer_writer *writer, struct error *err)
{
    int64_t begun_us = clock_measure_us();
    bool ok = run(writer, STATEMENT_BATCH_COMMIT, err);
    int64_t took_us = clock_measure_us() - begun_us;
    pthread_mutex_lock(&writer->lock);
    gather_pace_commit(&writer->pace, took_us);
    pthread_mutex_unlock(&writer->lock);
    return ok;
}

static void batch_commit_and_tell(struct pointer_writer *writer, struct pointer_write *jobs)
{
    struct error reason = {0};
    if (commit(writer, &reason)) {
        batch_publish(writer, jobs);
        return;
    }
    transaction_undo(writer);
    if (is_definite(reason.kind))
        batch_fail(jobs, &reason);
    else
        batch_commit_unknown(writer, jobs, &reason);
}

static void batch_commit(struct pointer_writer *writer, struct pointer_write *jobs)
{
    pointer_cache_publish_begin(writer->cache);
    batch_commit_and_tell(writer, jobs);
    pointer_cache_publish_end(writer->cache);
}

static bool batch_has_success(const struct pointer_write *jobs)
{
    for (const struct pointer_write *job = jobs; job; job = job->next) {
        if (job->ok)
            return true;
    }
    return false;
}

/* Runs what is in the batch, and what comes while it is open. The job in which the transaction was
 * lost, or NULL. */
static struct pointer_write *batch_fill(struct pointer_writer *writer, struct batch *batch)
{
    struct pointer_write *job = batch->first;
    while (job) {
        if (!job_run(writer, job))
            return job;
        job = job->next ? job->next : queue_take_more(writer, batch);
    }
    return NULL;
}

/* Runs the batch in one transaction. Gives the job in which the transaction was lost, or NULL. */
static struct pointer_write *batch_try(struct pointer_writer *writer, struct batch *batch)
{
    struct error reason = {0};
    if (!writer_settle(writer, &reason) || !run(writer, STATEMENT_BATCH_BEGIN, &reason)) {
        transaction_undo(writer);
        batch_fail(batch->first, &reason);
        return NULL;
    }
    struct pointer_write *broken = batch_fill(writer, batch);
    if (broken)
        return broken;
    if (batch_has_success(batch->first))
        batch_commit(writer, batch->first);
    else
        transaction_undo(writer);
    return NULL;
}

/* `jobs` without `broken`, each in its own transaction. */
static void batch_run_alone(struct pointer_writer *writer, struct pointer_write *jobs,
                            const struct pointer_write *broken)
{
    for (struct pointer_write *job = jobs; job; job = job->next)
        (void)job_fail(job, &job->error);
    for (struct pointer_write *job = jobs; job; job = job->next) {
        struct pointer_write *next = job->next;
        struct batch alone = {.first = job};
        job->next = NULL;
        if (job != broken)
            (void)batch_try(writer, &alone);
        job->next = next;
    }
}

static void batch_run(struct pointer_writer *writer, struct batch *batch)
{
    struct pointer_write *broken = batch_try(writer, batch);
    if (broken)
        batch_run_alone(writer, batch->first, broken);
}

/* --- the thread --------------------------------------------------------------------------- */

static void job_answer(struct pointer_write *job)
{
    if (job->waiter)
        job->waiter->wake(job->waiter);
    else
        (void)sem_post(&job->answered);
}

/* A job is gone as soon as its caller can run again: `next` is read before. A semaphore for each,
 * because callers that wait on one lock would all be woken into a queue for it. */
static void batch_answer(struct pointer_writer *writer, struct pointer_write *jobs)
{
    uint64_t count = 0;
    for (; jobs; count++) {
        struct pointer_write *next = jobs->next;
        job_answer(jobs);
        jobs = next;
    }
    histogram_add(&writer->batches, &histogram_batch, count);
}

static void *writer_main(void *argument)
{
    struct pointer_writer *writer = argument;
    struct batch batch;
    pthread_setname_np(pthread_self(), "firn-writer");
    while (queue_take(writer, &batch)) {
        batch_run(writer, &batch);
        pthread_mutex_lock(&writer->lock);
        gather_pace_answered(&writer->pace, batch.count, writer->queued, clock_measure_us());
        pthread_mutex_unlock(&writer->lock);
        batch_answer(writer, batch.first);
        checkpointer_help(writer->checkpointer, &writer->connection);
    }
    return NULL;
}

/* Under the lock. Where the writer is stopping the job is answered at once. True where the writer
 * is to be woken, which the caller does without the lock: the writer will want it first of all. */
static bool queue_add(struct pointer_writer *writer, struct pointer_write *job)
{
    if (writer->is_stopping) {
        (void)error_set(&job->error, ERROR_OVERLOADED, "the server is stopping");
        job_answer(job);
        return false;
    }
    *writer->end = job;
    writer->end = &job->next;
    writer->queued++;
    gather_pace_arrival(&writer->pace, clock_measure_us());
    return writer->queued == writer->wake_at;
}

/* A semaphore within one process takes no resources, so that making one cannot fail. */
void pointer_writer_submit(struct pointer_writer *writer, pointer_job_fn job_function,
                           void *context, struct waiter *waiter, struct pointer_write *write)
{
    assert(!pthread_equal(pthread_self(), writer->thread)); /* a job that waits for itself */
    *write = (struct pointer_write){
        .run = job_function, .context = context, .waiter = waiter};
    (void)sem_init(&write->answered, 0, 0);
    pthread_mutex_lock(&writer->lock);
    bool is_wanted = queue_add(writer, write);
    pthread_mutex_unlock(&writer->lock);
    if (is_wanted)
        pthread_cond_signal(&writer->wake);
}

bool pointer_writer_wait(struct pointer_write *write, struct error *err)
{
    if (write->waiter)
        write->waiter->wait(write->waiter);
    else
        while (sem_wait(&write->answered) != 0)
            continue; /* a signal */
    (void)sem_destroy(&write->answered);
    return write->ok || error_set(err, write->error.kind, "%s", write->error.message);
}

/* --- life --------------------------------------------------------------------------------- */

static bool writer_start(struct pointer_writer *writer, struct error *err)
{
    if (pthread_mutex_init(&writer->lock, NULL) != 0)
        return error_no_memory(err, "the writer's lock");
    timed_wait_init(&writer->wake);
    if (pthread_create(&writer->thread, NULL, writer_main, writer) == 0)
        return true;
    pthread_cond_destroy(&writer->wake);
    pthread_mutex_destroy(&writer->lock);
    return error_set(err, ERROR_NO_MEMORY, "the writer thread cannot be started");
}

/* A process that was killed may have left commits in the log that were never synced. They are about
 * to be seen, so they are made durable first; on a clean start the log is empty and this is free. A
 * full disk must not keep the server from answering reads. */
static bool log_settle(struct sqlite_connection *connection, struct error *err)
{
    int code =
        sqlite3_wal_checkpoint_v2(connection->db, NULL, SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL);
    if (code == SQLITE_OK || (code & 0xFF) == SQLITE_FULL || (code & 0xFF) == SQLITE_BUSY)
        return true;
    return connection_error(code, err);
}

static bool database_open(struct pointer_writer *writer, struct error *err)
{
    TRY(checkpointer_create(writer->options, &writer->checkpointer, err));
    if (writer_connect(writer, err) &&
        migrations_run(&writer->connection, writer->options->path, err) &&
        log_settle(&writer->connection, err) && writer_start(writer, err))
        return true;
    checkpointer_destroy(writer->checkpointer);
    connection_close(&writer->connection);
    return false;
}

/* A start that fails is read by a person: the sentence names the file and the cure. */
static bool open_error(const char *path, const struct error *reason, struct error *err)
{
    if (strstr(reason->message, path))
        return error_set(err, reason->kind, "%s", reason->message);
    if (reason->kind == ERROR_CORRUPT)
        return error_set(err, ERROR_CORRUPT,
                         "'%s' is damaged or not a SQLite database: restore a backup, or choose "
                         "another data directory",
                         path);
    return error_set(err, reason->kind, "cannot open '%s': %s", path, reason->message);
}

bool pointer_writer_create(const struct connection_options *options, struct pointer_cache *cache,
                           const struct clock *clock, struct pointer_writer **ret_writer,
                           struct error *err)
{
    struct pointer_writer *writer = calloc(1, sizeof *writer);
    if (!writer)
        return error_no_memory(err, "the writer");
    writer->options = options;
    writer->cache = cache;
    writer->clock = clock;
    writer->is_settled = true;
    writer->end = &writer->first;
    struct error reason = {0};
    if (!database_open(writer, &reason)) {
        free(writer);
        return open_error(options->path, &reason, err);
    }
    *ret_writer = writer;
    return true;
}

void pointer_writer_destroy(struct pointer_writer *writer)
{
    if (!writer)
        return;
    pthread_mutex_lock(&writer->lock);
    writer->is_stopping = true;
    pthread_cond_signal(&writer->wake);
    pthread_mutex_unlock(&writer->lock);
    pthread_join(writer->thread, NULL);
    checkpointer_destroy(writer->checkpointer);
    /* A last attempt; what stays in the log is found at the next start. */
    if (writer->is_settled)
        (void)sqlite3_wal_checkpoint_v2(writer->connection.db, NULL, SQLITE_CHECKPOINT_TRUNCATE,
                                        NULL, NULL);
    connection_close(&writer->connection);
    pthread_cond_destroy(&writer->wake);
    pthread_mutex_destroy(&writer->lock);
    free(writer);
}

const struct histogram *pointer_writer_batches(const struct pointer_writer *writer)
{
    return &writer->batches;
}
