/*
 * A batch
 *
 *   BEGIN IMMEDIATE
 *     for each job:  run
 *   COMMIT           one sync for all
 *   cache changed    then the callers are woken
 *
 * Jobs that arrive while a batch syncs form the next one, so the batch grows with the load. When
 * those have run, the batch may stay open for others that are about to come (gather_pace.h), which
 * run as they do: until as many have come as there were callers (those just answered and those that
 * waited). One caller alone has always come when its job has, and is never waited for.
 *
 * Where the disk is slow the sync is not part of the COMMIT: a second thread syncs the log, a third
 * one tells of what is durable and answers, and this one meanwhile runs the jobs that come and
 * commits them, by halves of those that are expected, so that little is left to do when the next
 * sync begins (writer_queue.h). Views wait for the sync of what they see (log_gate.h).
 *
 * A job that fails has changed nothing, as a rule: refusals come before changes, and it leaves
 * nothing to undo. Where it has, all is undone and the jobs of the batch run again, and the next
 * batches as well, with SAVEPOINT job → run → RELEASE, or ROLLBACK TO where one fails. A savepoint
 * for each job from the start would copy every page that the job changes.
 *
 * Four things can go wrong beyond a job that fails by itself:
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
 *
 *   The sync after a COMMIT fails. What runs at the moment is undone, and its jobs wait again. All
 *   commits that are not durable are taken back, so that the old state is seen, as if a sync had
 *   failed within each of them; then the same happens as there.
 */
#include "storage/pointer_writer.h"

#include <assert.h>
#include <pthread.h>
#include <stdlib.h>

#include "base/blocking.h"
#include "base/short_turns.h"
#include "storage/checkpointer.h"
#include "storage/migrations.h"
#include "storage/pointer_internal.h"
#include "storage/write_job.h"
#include "storage/writer_queue.h"

/* So many batches that run with savepoints, after one that had to run twice: then at most every
 * hundredth does. */
#define GUARDED_BATCHES 100

struct pointer_writer {
    const struct connection_options *options;
    struct pointer_cache *cache;
    const struct clock *clock;
    struct checkpointer *checkpointer;
    struct writer_queue queue;
    struct log_gate gate;
    pthread_t threads[3]; /* the writer, that which syncs, that which tells */
    size_t thread_count;
    struct histogram batches; /* by jobs that shared a sync; needs no lock */
    /* The writer's alone once it runs. */
    struct sqlite_connection connection;
    bool syncs_apart; /* what the connection is set to */
    bool is_settled;  /* false: the outcome of a commit is not final yet */
    unsigned guarded; /* batches that run with savepoints from here on */
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
    writer->syncs_apart = false;
    return true;
}

static bool set_syncs(struct pointer_writer *writer, bool apart, struct error *err)
{
    if (writer->syncs_apart == apart)
        return true;
    TRY(connection_script(&writer->connection,
                          apart ? sql_sync_after_commit : sql_sync_within_commit, err));
    writer->syncs_apart = apart;
    return true;
}

static bool run(struct pointer_writer *writer, enum statement_id id, struct error *err)
{
    return connection_run(&writer->connection, id, err);
}

static bool job_run(struct pointer_writer *writer, struct pointer_write *job)
{
    return write_job_run(job, &writer->connection, clock_now_ms(writer->clock),
                         writer->guarded > 0);
}

/* --- the connection after a commit of unknown outcome ------------------------------------- */

static bool settle(struct pointer_writer *writer, struct error *err)
{
    TRY(run(writer, STATEMENT_BATCH_BEGIN, err));
    if (run(writer, STATEMENT_SETTLE, err) && run(writer, STATEMENT_BATCH_COMMIT, err))
        return true;
    connection_undo(&writer->connection);
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

static void batch_fail_unknown(struct pointer_writer *writer, struct write_batch *batch,
                               const struct error *reason)
{
    writer->is_settled = false;
    (void)writer_settle(writer, NULL);
    for (struct pointer_write *job = batch->first; job; job = job->next)
        cache_entries_forget(job->changes);
    write_batch_publish(batch, writer->cache);
    write_batch_fail_unknown(batch, reason);
}

static void batch_answer(struct pointer_writer *writer, struct write_batch *batch)
{
    histogram_add(&writer->batches, &histogram_batch, batch->count);
    write_batch_answer(batch);
}

/* A sync has failed, and no transaction is open. */
static void writer_recover(struct pointer_writer *writer)
{
    struct error reason;
    (void)writer_queue_drain(&writer->queue);
    struct write_batch lost = writer_queue_take_lost(&writer->queue, &reason);
    log_gate_take_back(&writer->gate, &lost.mark, &writer->connection);
    batch_fail_unknown(writer, &lost, &reason);
    pointer_cache_publish_end(writer->cache, lost.commits);
    writer_queue_found(&writer->queue);
    batch_answer(writer, &lost);
}

/* Before the writer does what it can do only when all is durable. */
static void writer_drain(struct pointer_writer *writer)
{
    if (!writer_queue_drain(&writer->queue))
        writer_recover(writer);
}

static void commit_failed(struct pointer_writer *writer, struct write_batch *batch,
                          const struct error *reason)
{
    connection_undo(&writer->connection);
    writer_drain(writer);
    if (is_definite(reason->kind))
        write_batch_fail(batch, reason);
    else
        batch_fail_unknown(writer, batch, reason);
    pointer_cache_publish_end(writer->cache, 1);
}

/* The sync is part of it, and all that came before is durable and told. */
static void commit_whole(struct pointer_writer *writer, struct write_batch *batch, int64_t *ret_us)
{
    struct error reason = {0};
    int64_t begun_us = clock_measure_us();
    pointer_cache_publish_begin(writer->cache);
    bool ok = run(writer, STATEMENT_BATCH_COMMIT, &reason);
    *ret_us = clock_measure_us() - begun_us;
    if (!ok) {
        commit_failed(writer, batch, &reason);
        return;
    }
    write_batch_publish(batch, writer->cache);
    pointer_cache_publish_end(writer->cache, 1);
}

/* Views see the commit before it is durable, so they wait. Where it has succeeded, its sync and all
 * the rest is done by others, and the batch is empty. */
static void commit_apart(struct pointer_writer *writer, struct write_batch *batch)
{
    struct error reason = {0};
    pointer_cache_publish_begin(writer->cache);
    batch->shown = log_gate_show(&writer->gate);
    if (run(writer, STATEMENT_BATCH_COMMIT, &reason)) {
        batch->commits = 1;
        batch->log = log_of(&writer->connection);
        writer_queue_wrote(&writer->queue, batch);
    } else {
        log_gate_hide(&writer->gate);
        commit_failed(writer, batch, &reason);
    }
}

/* Runs what is in the batch, and what comes while it is open. The job that has spoilt or lost the
 * transaction, or NULL. */
static struct pointer_write *batch_fill(struct pointer_writer *writer, struct write_batch *batch)
{
    struct pointer_write *job = batch->first;
    while (job) {
        if (!job_run(writer, job))
            return job;
        job = job->next ? job->next : writer_queue_take_more(&writer->queue, batch);
    }
    return NULL;
}

/* A transaction whose commit is to be synced by another thread, or else within it. */
static bool batch_begin_as(struct pointer_writer *writer, bool apart, struct error *err)
{
    return set_syncs(writer, apart, err) && run(writer, STATEMENT_BATCH_BEGIN, err);
}

static bool batch_begin(struct pointer_writer *writer, struct write_batch *batch, struct error *err)
{
    if (!writer->is_settled)
        return writer_settle(writer, err) && run(writer, STATEMENT_BATCH_BEGIN, err);
    bool apart =
        writer_queue_syncs_slowly(&writer->queue) && !checkpointer_needs_help(writer->checkpointer);
    TRY(batch_begin_as(writer, apart, err));
    if (!apart || log_mark_take(&batch->mark, &writer->connection))
        return true;
    connection_undo(&writer->connection);
    return batch_begin_as(writer, false, err);
}

/* A batch of one job, when all before it is durable. */
static void job_run_alone(struct pointer_writer *writer, struct pointer_write *job)
{
    struct write_batch alone = {0};
    struct error reason = {0};
    int64_t ignored;
    write_batch_add(&alone, job); /* it is nobody else's next */
    if (!writer_settle(writer, &reason) || !batch_begin_as(writer, false, &reason))
        write_batch_fail(&alone, &reason);
    else if (job_run(writer, job) && job->ok)
        commit_whole(writer, &alone, &ignored);
    connection_undo(&writer->connection);
}

/* All but `broken`, each in its own transaction. */
static void batch_run_alone(struct pointer_writer *writer, struct write_batch *batch,
                            const struct pointer_write *broken)
{
    connection_undo(&writer->connection);
    write_batch_forget(batch);
    struct write_batch rest = *batch;
    *batch = (struct write_batch){0};
    while (rest.first) {
        struct write_batch one = write_batch_cut(&rest, 1);
        if (one.first != broken)
            job_run_alone(writer, one.first);
        write_batch_append(batch, &one);
    }
}

/* What it was built on is not durable: nothing of it stays, and its jobs wait again. */
static void batch_put_back(struct pointer_writer *writer, struct write_batch *batch)
{
    connection_undo(&writer->connection);
    write_batch_forget(batch);
    writer_queue_put_back(&writer->queue, batch);
}

/* No job has changed anything. What they were refused for may be a commit that is not durable: then
 * they are answered when that is. */
static void batch_refuse(struct pointer_writer *writer, struct write_batch *batch)
{
    connection_undo(&writer->connection);
    if (writer_queue_is_drained(&writer->queue))
        return;
    batch->log = log_of(&writer->connection);
    writer_queue_wrote(&writer->queue, batch);
}

/* A transaction in which the batch runs; ret_broken as batch_fill. False: there is none, and all
 * have failed. */
static bool batch_try(struct pointer_writer *writer, struct write_batch *batch,
                      const struct pointer_write **ret_broken)
{
    struct error reason = {0};
    if (batch_begin(writer, batch, &reason)) {
        *ret_broken = batch_fill(writer, batch);
        return true;
    }
    connection_undo(&writer->connection);
    write_batch_fail(batch, &reason);
    return false;
}

/* The same after a job has failed half way: now each can be undone by itself. */
static bool batch_try_guarded(struct pointer_writer *writer, struct write_batch *batch,
                              const struct pointer_write **ret_broken)
{
    connection_undo(&writer->connection);
    write_batch_forget(batch);
    writer->guarded = GUARDED_BATCHES;
    return batch_try(writer, batch, ret_broken);
}

/* Afterwards the batch has those jobs that are to be answered here. */
static void batch_run(struct pointer_writer *writer, struct write_batch *batch, int64_t *ret_us)
{
    const struct pointer_write *broken = NULL;
    if (writer->guarded > 0)
        writer->guarded--;
    if (!batch_try(writer, batch, &broken))
        return;
    bool is_spoilt = broken && connection_in_transaction(&writer->connection);
    if (is_spoilt && !batch_try_guarded(writer, batch, &broken))
        return;
    bool must_drain = broken || !writer->syncs_apart;
    bool is_lost =
        must_drain ? !writer_queue_drain(&writer->queue) : writer_queue_is_lost(&writer->queue);
    if (is_lost)
        batch_put_back(writer, batch);
    else if (broken)
        batch_run_alone(writer, batch, broken);
    else if (!write_batch_has_success(batch))
        batch_refuse(writer, batch);
    else if (writer->syncs_apart)
        commit_apart(writer, batch);
    else
        commit_whole(writer, batch, ret_us);
}

/* --- the threads -------------------------------------------------------------------------- */

static void *writer_main(void *argument)
{
    struct pointer_writer *writer = argument;
    struct write_batch batch = {0};
    pthread_setname_np(pthread_self(), "firn-writer");
    while (writer_queue_take(&writer->queue, &batch)) {
        int64_t commit_us = 0;
        if (batch.count > 0)
            batch_run(writer, &batch, &commit_us);
        else
            writer_recover(writer);
        if (batch.count == 0)
            continue;
        writer_queue_done(&writer->queue, &batch, commit_us);
        batch_answer(writer, &batch);
        if (writer_queue_is_drained(&writer->queue))
            checkpointer_help(writer->checkpointer, &writer->connection);
    }
    writer_drain(writer);
    writer_queue_close(&writer->queue);
    return NULL;
}

static void *syncer_main(void *argument)
{
    struct pointer_writer *writer = argument;
    const struct write_batch *batch;
    pthread_setname_np(pthread_self(), "firn-log-sync");
    short_turns_ask(); /* between two syncs everybody waits for this thread */
    while ((batch = writer_queue_next_sync(&writer->queue))) {
        struct error reason = {0};
        int64_t begun_us = clock_measure_us();
        if (!log_sync(batch->log, &reason)) {
            writer_queue_lost(&writer->queue, &reason);
            continue;
        }
        int64_t took_us = clock_measure_us() - begun_us;
        if (batch->commits > 0)
            log_gate_open(&writer->gate, batch->shown);
        writer_queue_synced(&writer->queue, took_us);
    }
    return NULL;
}

static void *teller_main(void *argument)
{
    struct pointer_writer *writer = argument;
    struct write_batch batch = {0};
    pthread_setname_np(pthread_self(), "firn-answer");
    while (writer_queue_next_durable(&writer->queue, &batch)) {
        write_batch_publish(&batch, writer->cache);
        pointer_cache_publish_end(writer->cache, batch.commits);
        writer_queue_told(&writer->queue, &batch);
        batch_answer(writer, &batch);
    }
    return NULL;
}

/* A semaphore within one process takes no resources, so that making one cannot fail. */
void pointer_writer_submit(struct pointer_writer *writer, pointer_job_fn job_function,
                           void *context, struct waiter *waiter, struct pointer_write *write)
{
    assert(!pthread_equal(pthread_self(), writer->threads[0])); /* a job that waits for itself */
    *write = (struct pointer_write){.run = job_function, .context = context, .waiter = waiter};
    (void)sem_init(&write->answered, 0, 0);
    if (writer_queue_add(&writer->queue, write))
        return;
    (void)error_set(&write->error, ERROR_OVERLOADED, "the server is stopping");
    write_job_answer(write);
}

static void wait_on_thread(struct pointer_write *write)
{
    blocking_begin();
    while (sem_wait(&write->answered) != 0)
        continue; /* a signal */
    blocking_end();
}

bool pointer_writer_wait(struct pointer_write *write, struct error *err)
{
    if (write->waiter)
        write->waiter->wait(write->waiter);
    else
        wait_on_thread(write);
    (void)sem_destroy(&write->answered);
    return write->ok || error_set(err, write->error.kind, "%s", write->error.message);
}

/* --- life --------------------------------------------------------------------------------- */

static bool writer_start(struct pointer_writer *writer, struct error *err)
{
    void *(*const mains[])(void *) = {writer_main, syncer_main, teller_main};
    for (; writer->thread_count < sizeof mains / sizeof *mains; writer->thread_count++) {
        size_t i = writer->thread_count;
        if (pthread_create(&writer->threads[i], NULL, mains[i], writer) != 0)
            return error_set(err, ERROR_NO_MEMORY, "the writer's threads cannot be started");
    }
    return true;
}

static void writer_stop(struct pointer_writer *writer)
{
    writer_queue_stop(&writer->queue);
    while (writer->thread_count > 0)
        pthread_join(writer->threads[--writer->thread_count], NULL);
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

static void writer_free(struct pointer_writer *writer)
{
    log_gate_destroy(&writer->gate);
    writer_queue_destroy(&writer->queue);
    free(writer);
}

static bool database_open(struct pointer_writer *writer, struct error *err)
{
    TRY(checkpointer_create(writer->options, &writer->gate, &writer->checkpointer, err));
    if (writer_connect(writer, err) &&
        migrations_run(&writer->connection, writer->options->path, err) &&
        log_settle(&writer->connection, err) && writer_start(writer, err))
        return true;
    writer_stop(writer);
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
    writer_queue_init(&writer->queue);
    log_gate_init(&writer->gate);
    struct error reason = {0};
    if (!database_open(writer, &reason)) {
        writer_free(writer);
        return open_error(options->path, &reason, err);
    }
    *ret_writer = writer;
    return true;
}

void pointer_writer_destroy(struct pointer_writer *writer)
{
    if (!writer)
        return;
    writer_stop(writer);
    checkpointer_destroy(writer->checkpointer);
    /* A last attempt; what stays in the log is found at the next start. */
    if (writer->is_settled)
        (void)sqlite3_wal_checkpoint_v2(writer->connection.db, NULL, SQLITE_CHECKPOINT_TRUNCATE,
                                        NULL, NULL);
    connection_close(&writer->connection);
    writer_free(writer);
}

const struct histogram *pointer_writer_batches(const struct pointer_writer *writer)
{
    return &writer->batches;
}

struct log_gate *pointer_writer_gate(struct pointer_writer *writer)
{
    assert(!pthread_equal(pthread_self(), writer->threads[0])); /* a view that waits for itself */
    return &writer->gate;
}
