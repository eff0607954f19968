/*
 * Who holds what: the store owns the lock of the data directory, the writer, the map of pointers
 * and a pool of read connections. A view is a read connection with an open transaction, so that all
 * it reads is of one moment; the transaction costs nothing before the first read. The pool never
 * makes a thread wait (a thread may hold one view and begin another): where none is idle one is
 * opened, and only READERS_KEPT stay open when they come back.
 */
#include "storage/pointer_store.h"

#include <assert.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "storage/data_lock.h"
#include "storage/migrations.h"
#include "storage/pointer_internal.h"
#include "storage/pointer_writer.h"

/* As many as threads that read at the same moment on a large machine; each takes some 100 KiB. */
#define READERS_KEPT 16

struct pointer_store {
    char *path;
    char *vfs;
    struct data_lock lock;
    bool was_killed;
    struct connection_options writer_options;
    struct connection_options reader_options;
    struct pointer_cache *cache;
    struct pointer_writer *writer;
    pthread_mutex_t readers; /* guards the two below */
    struct pointer_view *idle;
    size_t idle_count;
};

/* --- opening and closing ------------------------------------------------------------------ */

static bool keep_string(const char *text, char **ret_copy, struct error *err)
{
    if (!text)
        return true;
    size_t size = strlen(text) + 1;
    char *copy = malloc(size);
    if (!copy)
        return error_no_memory(err, "the options of the catalog database");
    memcpy(copy, text, size);
    *ret_copy = copy;
    return true;
}

/* The identity is looked at by a connection of its own; views come later, when they are wanted. */
static bool store_open_reader(const struct pointer_store *store, struct error *err)
{
    struct sqlite_connection connection = {0};
    if (access(store->path, F_OK) != 0)
        return error_set(err, ERROR_NOT_FOUND, "there is no catalog database '%s'", store->path);
    bool ok = connection_open(&store->reader_options, &connection, err) &&
              migrations_check(&connection, store->path, err);
    connection_close(&connection);
    return ok;
}

/* SQLite removes its log when the last connection is closed. */
static bool look_for_log(struct pointer_store *store, struct error *err)
{
    size_t size = strlen(store->path) + sizeof "-wal";
    char *log = malloc(size);
    if (!log)
        return error_no_memory(err, "the name of the database's log");
    (void)snprintf(log, size, "%s-wal", store->path);
    store->was_killed = access(log, F_OK) == 0;
    free(log);
    return true;
}

bool pointer_store_was_killed(const struct pointer_store *store)
{
    return store->was_killed;
}

static bool store_open(struct pointer_store *store, const struct pointer_store_options *options,
                       struct error *err)
{
    TRY(keep_string(options->path, &store->path, err));
    TRY(keep_string(options->vfs, &store->vfs, err));
    store->writer_options = (struct connection_options){
        .path = store->path,
        .vfs = store->vfs,
        .busy_timeout_ms = options->busy_timeout_ms,
        .is_writer = true,
    };
    store->reader_options = store->writer_options;
    store->reader_options.is_writer = false;
    store->reader_options.is_onlooker = options->is_reader;
    if (options->is_reader)
        return store_open_reader(store, err);
    TRY(data_lock_take(store->path, &store->lock, err));
    TRY(look_for_log(store, err));
    TRY(pointer_cache_create(&store->cache, err));
    return pointer_writer_create(&store->writer_options, store->cache, options->clock,
                                 &store->writer, err);
}

bool pointer_store_open(const struct pointer_store_options *options,
                        struct pointer_store **ret_store, struct error *err)
{
    struct pointer_store *store = calloc(1, sizeof *store);
    if (!store)
        return error_no_memory(err, "the pointer store");
    store->lock = DATA_LOCK_NONE;
    if (pthread_mutex_init(&store->readers, NULL) != 0) {
        free(store);
        return error_no_memory(err, "the pointer store's lock");
    }
    if (!store_open(store, options, err)) {
        pointer_store_close(store);
        return false;
    }
    *ret_store = store;
    return true;
}

static void view_destroy(struct pointer_view *view)
{
    connection_close(&view->own_connection);
    free(view);
}

/* Readers go first, so that the writer is the last to close and can empty the log; the lock goes
 * last, so that no other server comes in before. */
void pointer_store_close(struct pointer_store *store)
{
    if (!store)
        return;
    while (store->idle) {
        struct pointer_view *view = store->idle;
        store->idle = view->next_idle;
        view_destroy(view);
    }
    pointer_writer_destroy(store->writer);
    pointer_cache_destroy(store->cache);
    data_lock_release(store->lock);
    pthread_mutex_destroy(&store->readers);
    free(store->vfs);
    free(store->path);
    free(store);
}

/* --- views -------------------------------------------------------------------------------- */

static struct pointer_view *readers_take(struct pointer_store *store)
{
    pthread_mutex_lock(&store->readers);
    struct pointer_view *view = store->idle;
    if (view) {
        store->idle = view->next_idle;
        store->idle_count--;
    }
    pthread_mutex_unlock(&store->readers);
    return view;
}

/* False where enough are kept already. */
static bool readers_give(struct pointer_store *store, struct pointer_view *view)
{
    pthread_mutex_lock(&store->readers);
    bool is_kept = store->idle_count < READERS_KEPT;
    if (is_kept) {
        view->next_idle = store->idle;
        store->idle = view;
        store->idle_count++;
    }
    pthread_mutex_unlock(&store->readers);
    return is_kept;
}

static bool view_create(struct pointer_store *store, struct pointer_view **ret_view,
                        struct error *err)
{
    struct pointer_view *view = calloc(1, sizeof *view);
    if (!view)
        return error_no_memory(err, "a view of the catalog database");
    if (!connection_open(&store->reader_options, &view->own_connection, err)) {
        free(view);
        return false;
    }
    view->store = store;
    view->cache = store->cache;
    view->connection = &view->own_connection;
    *ret_view = view;
    return true;
}

bool pointer_view_begin(struct pointer_store *store, struct pointer_view **ret_view,
                        struct error *err)
{
    struct pointer_view *view = readers_take(store);
    if (!view)
        TRY(view_create(store, &view, err));
    /* Before the snapshot: what is read later is at least as new as this number says. */
    view->sequence = store->cache ? pointer_cache_sequence(store->cache) : 0;
    bool ok = store->writer
                  ? log_snapshot_begin(pointer_writer_gate(store->writer), view->connection, err)
                  : connection_run(view->connection, STATEMENT_VIEW_BEGIN, err);
    if (!ok) {
        view_destroy(view);
        return false;
    }
    *ret_view = view;
    return true;
}

void pointer_view_end(struct pointer_view *view)
{
    if (!view)
        return;
    assert(view->store); /* a transaction's view is not to be given back */
    bool is_usable = connection_in_transaction(view->connection) &&
                     connection_run(view->connection, STATEMENT_VIEW_END, NULL);
    if (!is_usable || !readers_give(view->store, view))
        view_destroy(view);
}

/* --- the rest ----------------------------------------------------------------------------- */

bool pointer_store_peek(struct pointer_store *store, int64_t warehouse_id,
                        struct slice namespace_path, struct slice name, struct arena *arena,
                        struct entity_row *ret_row)
{
    return pointer_cache_find(store->cache, warehouse_id, namespace_path, name, arena, ret_row);
}

uint64_t pointer_store_listing_version(const struct pointer_store *store, int64_t warehouse_id,
                                       struct slice namespace_path)
{
    return pointer_cache_listing_version(store->cache, warehouse_id, namespace_path);
}

void pointer_store_catch_up(struct pointer_store *store)
{
    pointer_cache_catch_up(store->cache);
}

void pointer_store_submit(struct pointer_store *store, pointer_job_fn job, void *context,
                          struct waiter *waiter, struct pointer_write *write)
{
    pointer_writer_submit(store->writer, job, context, waiter, write);
}

bool pointer_store_wait(struct pointer_write *write, struct error *err)
{
    return pointer_writer_wait(write, err);
}

bool pointer_store_write(struct pointer_store *store, pointer_job_fn job, void *context,
                         struct error *err)
{
    struct pointer_write write;
    pointer_store_submit(store, job, context, NULL, &write);
    return pointer_store_wait(&write, err);
}

static bool probe_run(struct pointer_txn *txn, void *context, struct error *err)
{
    (void)context;
    return connection_run(txn->view.connection, STATEMENT_PROBE, err);
}

const struct histogram *pointer_store_batches(const struct pointer_store *store)
{
    return pointer_writer_batches(store->writer);
}

bool pointer_store_probe(struct pointer_store *store, struct error *err)
{
    return pointer_store_write(store, probe_run, NULL, err);
}

struct pointer_view *pointer_txn_view(struct pointer_txn *txn)
{
    return &txn->view;
}
