/*
 * What is copied, and when (pages of 4 KiB)
 *
 *   log_pages      1,000 more than at the last checkpoint: the thread copies. SQLite's own default;
 *                  the pages that many commits share (the ends of the tables) are then copied once
 *                  for some hundred commits
 *   log_pages      16,000, and 1,000 more for each further try: the writer copies what is left
 *
 * SQLite makes the log begin anew by itself, with the first write after all was copied.
 */
#include "storage/checkpointer.h"

#include <pthread.h>
#include <stdlib.h>

/* A checkpoint costs two syncs, however few pages it copies. */
#define CHECKPOINT_PAGES 1000
/* 64 MiB, to which sql_writer_setup cuts the log as well. */
#define CEILING_PAGES 16000

struct checkpointer {
    const struct connection_options *options;
    struct log_gate *gate;
    /* The thread's alone: */
    struct sqlite_connection connection;
    struct sqlite_connection reader; /* holds the snapshot up to which it copies */
    pthread_t thread;
    pthread_mutex_t copying; /* one at a time: SQLite refuses a second checkpoint */
    /* The writer's alone, in pages: */
    int log_pages;
    int copy_at;
    int help_at;
    /* Guards what follows. */
    pthread_mutex_t lock;
    pthread_cond_t changed;
    bool is_wanted;
    bool is_stopping;
};

/* What could not be copied and synced stays in the log, and the next checkpoint begins there. */
static void copy(struct sqlite_connection *connection)
{
    (void)sqlite3_wal_checkpoint_v2(connection->db, NULL, SQLITE_CHECKPOINT_PASSIVE, NULL, NULL);
}

/* --- the thread --------------------------------------------------------------------------- */

static bool wait_until_wanted(struct checkpointer *checkpointer)
{
    pthread_mutex_lock(&checkpointer->lock);
    while (!checkpointer->is_wanted && !checkpointer->is_stopping)
        pthread_cond_wait(&checkpointer->changed, &checkpointer->lock);
    bool goes_on = !checkpointer->is_stopping;
    checkpointer->is_wanted = false;
    pthread_mutex_unlock(&checkpointer->lock);
    return goes_on;
}

static bool connect(struct checkpointer *checkpointer)
{
    struct sqlite_connection *connections[] = {&checkpointer->connection, &checkpointer->reader};
    for (size_t i = 0; i < 2; i++)
        if (!connections[i]->db && !connection_open(checkpointer->options, connections[i], NULL))
            return false;
    return true;
}

static void copy_durable(struct checkpointer *checkpointer)
{
    if (!connect(checkpointer) ||
        !log_snapshot_begin(checkpointer->gate, &checkpointer->reader, NULL))
        return;
    copy(&checkpointer->connection);
    log_snapshot_end(&checkpointer->reader);
}

static void *checkpointer_main(void *argument)
{
    struct checkpointer *checkpointer = argument;
    pthread_setname_np(pthread_self(), "firn-checkpoint");
    while (wait_until_wanted(checkpointer)) {
        pthread_mutex_lock(&checkpointer->copying);
        copy_durable(checkpointer);
        pthread_mutex_unlock(&checkpointer->copying);
    }
    connection_close(&checkpointer->reader);
    connection_close(&checkpointer->connection);
    return NULL;
}

/* --- the writer's part -------------------------------------------------------------------- */

static void want(struct checkpointer *checkpointer)
{
    pthread_mutex_lock(&checkpointer->lock);
    checkpointer->is_wanted = true;
    pthread_cond_signal(&checkpointer->changed);
    pthread_mutex_unlock(&checkpointer->lock);
}

void checkpointer_note(struct checkpointer *checkpointer, int log_pages)
{
    bool has_begun_anew = log_pages < checkpointer->log_pages;
    checkpointer->log_pages = log_pages;
    if (has_begun_anew) {
        checkpointer->copy_at = CHECKPOINT_PAGES;
        checkpointer->help_at = CEILING_PAGES;
    }
    if (log_pages < checkpointer->copy_at)
        return;
    checkpointer->copy_at = log_pages + CHECKPOINT_PAGES;
    want(checkpointer);
}

bool checkpointer_needs_help(const struct checkpointer *checkpointer)
{
    return checkpointer->log_pages >= checkpointer->help_at;
}

/* Waits for the thread only where the log has grown to twice its ceiling meanwhile. */
void checkpointer_help(struct checkpointer *checkpointer, struct sqlite_connection *connection)
{
    if (!checkpointer_needs_help(checkpointer) || !connection->db)
        return;
    if (pthread_mutex_trylock(&checkpointer->copying) != 0) {
        if (checkpointer->log_pages < 2 * CEILING_PAGES)
            return;
        pthread_mutex_lock(&checkpointer->copying);
    }
    copy(connection);
    pthread_mutex_unlock(&checkpointer->copying);
    checkpointer->help_at = checkpointer->log_pages + CHECKPOINT_PAGES;
}

/* --- life --------------------------------------------------------------------------------- */

static void checkpointer_free(struct checkpointer *checkpointer)
{
    pthread_cond_destroy(&checkpointer->changed);
    pthread_mutex_destroy(&checkpointer->lock);
    pthread_mutex_destroy(&checkpointer->copying);
    free(checkpointer);
}

bool checkpointer_create(const struct connection_options *options, struct log_gate *gate,
                         struct checkpointer **ret_checkpointer, struct error *err)
{
    struct checkpointer *checkpointer = calloc(1, sizeof *checkpointer);
    if (!checkpointer)
        return error_no_memory(err, "the thread that copies the log");
    /* glibc's locks take no memory of their own: these cannot fail there. */
    pthread_mutex_init(&checkpointer->copying, NULL);
    pthread_mutex_init(&checkpointer->lock, NULL);
    pthread_cond_init(&checkpointer->changed, NULL);
    checkpointer->options = options;
    checkpointer->gate = gate;
    checkpointer->copy_at = CHECKPOINT_PAGES;
    checkpointer->help_at = CEILING_PAGES;
    if (pthread_create(&checkpointer->thread, NULL, checkpointer_main, checkpointer) != 0) {
        checkpointer_free(checkpointer);
        return error_set(err, ERROR_NO_MEMORY, "the thread that copies the log cannot be started");
    }
    *ret_checkpointer = checkpointer;
    return true;
}

void checkpointer_destroy(struct checkpointer *checkpointer)
{
    if (!checkpointer)
        return;
    pthread_mutex_lock(&checkpointer->lock);
    checkpointer->is_stopping = true;
    pthread_cond_signal(&checkpointer->changed);
    pthread_mutex_unlock(&checkpointer->lock);
    pthread_join(checkpointer->thread, NULL);
    checkpointer_free(checkpointer);
}
