/*
 * A file's row goes away when the file was synced, or restored from the row's bytes: always in this
 * order, so that at any moment either the row or the file is durable.
 *
 * The kernel tells of a failed sync once, and takes what it could not write for clean: a second
 * sync would succeed and mean nothing. So a file whose sync has failed is restored from its row, in
 * that round or, where that fails as well, in a later one.
 *
 * A file that is not there at a sync was deleted since its commit (a purge, delete-after-commit)
 * and needs none. At a start after a crash the same may mean that the crash has lost it, so then it
 * is restored. A purge takes the rows of its files away when it has deleted them, and before it is
 * through, so that the next start goes on with what this one has restored; what
 * delete-after-commit has deleted comes back as an orphan, which fsck lists. Nothing that the
 * earlier process has left counts as durable (recover_rows).
 */
#include "catalog/pending_files.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>

#include "base/limits.h"
#include "base/pack.h"
#include "base/timed_wait.h"

/* From the first commit to the sync: others that come meanwhile share it. Longer would only let the
 * database grow; shorter would spend its syncs on few. */
#define SYNC_DELAY_MS 100
/* After a round in which a file could not be made durable: the disk may be full. */
#define RETRY_DELAY_MS 5000
/* Rows that a start makes good at a time. */
#define RECOVERY_BATCH 1000

struct pending_file {
    struct pending_file *next;
    bool has_failed; /* a sync of it: the next one would succeed, and nothing be written */
    int64_t id;
    size_t size;
    char location[];
};

struct pending_files {
    struct catalog *catalog;
    pthread_t thread;
    pthread_mutex_t mutex; /* guards what follows */
    pthread_cond_t changed;
    struct pending_file *first;
    bool is_stopping;
};

/* What one round works on: rows, and which of them are durable. */
struct round {
    struct catalog *catalog;
    struct arena arena;
    int64_t *ids;
    struct slice *locations;
    bool *durable;
    size_t count;
};

static bool round_init(struct round *round, struct catalog *catalog, size_t count)
{
    *round = (struct round){.catalog = catalog, .count = count};
    arena_init(&round->arena, MAX_REQUEST_ARENA);
    round->ids = ARENA_ARRAY(&round->arena, int64_t, count + 1);
    round->locations = ARENA_ARRAY(&round->arena, struct slice, count + 1);
    round->durable = ARENA_ARRAY(&round->arena, bool, count + 1);
    return round->ids && round->locations && round->durable;
}

/* --- one round ---------------------------------------------------------------------------- */

static bool read_packed(struct catalog *catalog, int64_t id, struct buffer *packed, bool *ret_found)
{
    struct pointer_view *view = NULL;
    if (!pointer_view_begin(catalog->pointers, &view, NULL))
        return false;
    bool ok = pointer_pending_get(view, id, packed, ret_found, NULL);
    pointer_view_end(view);
    return ok;
}

static bool read_bytes(struct catalog *catalog, int64_t id, struct buffer *bytes, bool *ret_found)
{
    struct buffer packed;
    bool found = false;
    buffer_init(&packed, MAX_METADATA_SIZE);
    bool ok = read_packed(catalog, id, &packed, &found) &&
              (!found || unpack(buffer_slice(&packed), bytes, NULL));
    buffer_finish(&packed);
    *ret_found = found;
    return ok;
}

/* True where the file is durable with the row's bytes, or the row is gone. */
static bool restore(struct catalog *catalog, int64_t id, struct slice location)
{
    struct buffer bytes;
    bool found = false;
    buffer_init(&bytes, MAX_METADATA_SIZE);
    bool ok = read_bytes(catalog, id, &bytes, &found) &&
              (!found || object_restore(catalog->objects, location, buffer_slice(&bytes), NULL));
    buffer_finish(&bytes);
    return ok;
}

static bool forget_durable(struct pointer_txn *txn, void *context, struct error *err)
{
    const struct round *round = context;
    for (size_t i = 0; i < round->count; i++)
        if (round->durable[i])
            TRY(pointer_pending_done(txn, round->ids[i], err));
    return true;
}

/* True where every row of the round is gone. */
static bool round_finish(struct round *round)
{
    bool is_complete = true;
    for (size_t i = 0; i < round->count; i++) {
        if (!round->durable[i])
            round->durable[i] = restore(round->catalog, round->ids[i], round->locations[i]);
        is_complete = is_complete && round->durable[i];
    }
    return pointer_store_write(round->catalog->pointers, forget_durable, round, NULL) &&
           is_complete;
}

/* --- the start ---------------------------------------------------------------------------- */

static bool list_rows(struct catalog *catalog, int64_t after, struct arena *arena,
                      struct pending_row *rows, size_t *ret_count, struct error *err)
{
    struct pointer_view *view = NULL;
    TRY(pointer_view_begin(catalog->pointers, &view, err));
    bool ok = pointer_pending_list(view, after, arena, rows, RECOVERY_BATCH, ret_count, err);
    pointer_view_end(view);
    return ok;
}

/* Each file is written again, also where it seems to be whole: a sync of the earlier process may
 * have failed, and then what is read comes from memory that the kernel will not write any more. Nor
 * is it known which directories that process had made and not synced. */
static void recover_rows(struct round *round, const struct pending_row *rows)
{
    struct object_stores *objects = round->catalog->objects;
    size_t settled = 0;
    for (size_t i = 0; i < round->count; i++)
        round->locations[i] = rows[i].location;
    bool are_all = object_settle(objects, round->locations, round->count, NULL);
    for (size_t i = 0; i < round->count; i++) {
        if (!are_all && !object_settle(objects, &rows[i].location, 1, NULL))
            continue;
        round->ids[settled] = rows[i].id;
        round->durable[settled] = false;
        round->locations[settled++] = rows[i].location;
    }
    round->count = settled;
    (void)round_finish(round);
}

/* A killed process may also have left directories for tables that never came to be, which the
 * next one of that name would take for durable. */
static bool settle_warehouses(struct catalog *catalog, struct error *err)
{
    struct arena arena;
    struct pointer_view *view = NULL;
    struct warehouse_row *rows = NULL;
    size_t count = 0;
    TRY(pointer_view_begin(catalog->pointers, &view, err));
    arena_init(&arena, MAX_REQUEST_ARENA);
    bool ok = pointer_warehouse_list(view, &arena, &rows, &count, err);
    pointer_view_end(view);
    /* A disk that is full or gone must not keep the others from being served. */
    for (size_t i = 0; ok && i < count; i++)
        (void)object_settle(catalog->objects, &rows[i].location, 1, NULL);
    arena_finish(&arena);
    return ok;
}

/* Goes through all rows once. Those that cannot be made good (their disk is not there) stay: their
 * tables answer that the file is missing, and the next start tries again. */
static bool recover(struct catalog *catalog, struct error *err)
{
    struct pending_row *rows = calloc(RECOVERY_BATCH, sizeof *rows);
    int64_t after = 0;
    size_t count = RECOVERY_BATCH;
    bool ok = rows != NULL || error_no_memory(err, "the files of the last commits");
    if (ok && pointer_store_was_killed(catalog->pointers))
        ok = settle_warehouses(catalog, err);
    while (ok && count == RECOVERY_BATCH) {
        struct round round;
        ok = (round_init(&round, catalog, RECOVERY_BATCH) ||
              error_no_memory(err, "the files of the last commits")) &&
             list_rows(catalog, after, &round.arena, rows, &count, err);
        if (ok && count > 0) {
            round.count = count;
            after = rows[count - 1].id;
            recover_rows(&round, rows);
        }
        arena_finish(&round.arena);
    }
    free(rows);
    return ok;
}

/* --- what was deleted ----------------------------------------------------------------------- */

/* The next rows after *after; fewer than a batch: the last of them. */
static bool forget_batch(struct catalog *catalog, const struct text_set *locations, int64_t *after,
                         struct pending_row *rows, struct round *round, struct error *err)
{
    bool is_any = false;
    TRY(list_rows(catalog, *after, &round->arena, rows, &round->count, err));
    for (size_t i = 0; i < round->count; i++) {
        round->ids[i] = *after = rows[i].id;
        round->durable[i] = text_set_has(locations, rows[i].location);
        is_any = is_any || round->durable[i];
    }
    return !is_any || pointer_store_write(catalog->pointers, forget_durable, round, err);
}

bool pending_files_forget(struct catalog *catalog, const struct text_set *locations,
                          struct error *err)
{
    struct pending_row *rows = calloc(RECOVERY_BATCH, sizeof *rows);
    int64_t after = 0;
    size_t count = RECOVERY_BATCH;
    bool ok = rows != NULL || error_no_memory(err, "the files of a purge");
    while (ok && count == RECOVERY_BATCH) {
        struct round round;
        ok = (round_init(&round, catalog, RECOVERY_BATCH) ||
              error_no_memory(err, "the files of a purge")) &&
             forget_batch(catalog, locations, &after, rows, &round, err);
        count = round.count;
        arena_finish(&round.arena);
    }
    free(rows);
    return ok;
}

/* --- the thread --------------------------------------------------------------------------- */

void pending_files_add(struct pending_files *files, int64_t id, struct slice location)
{
    struct pending_file *file = malloc(sizeof *file + location.len);
    if (!file)
        return; /* the row stays for the next start */
    file->has_failed = false;
    file->id = id;
    file->size = location.len;
    memcpy(file->location, location.ptr, location.len);
    pthread_mutex_lock(&files->mutex);
    bool is_first = files->first == NULL;
    file->next = files->first;
    files->first = file;
    if (is_first)
        pthread_cond_signal(&files->changed);
    pthread_mutex_unlock(&files->mutex);
}

static void free_list(struct pending_file *first)
{
    while (first) {
        struct pending_file *next = first->next;
        free(first);
        first = next;
    }
}

static size_t list_length(const struct pending_file *first)
{
    size_t length = 0;
    for (; first; first = first->next)
        length++;
    return length;
}

/* Back to the list, where no later file is kept from its round. */
static void give_back(struct pending_files *files, struct pending_file *first)
{
    struct pending_file **end = &first;
    while (*end)
        end = &(*end)->next;
    pthread_mutex_lock(&files->mutex);
    *end = files->first;
    files->first = first;
    pthread_mutex_unlock(&files->mutex);
}

/* Puts the files of the list into the round, those before the others whose sync may be tried; how
 * many these are. `files` has room for all. */
static size_t round_fill(struct round *round, struct pending_file *first,
                         struct pending_file **files)
{
    size_t at = 0, untried;
    for (struct pending_file *file = first; file; file = file->next)
        if (!file->has_failed)
            files[at++] = file;
    untried = at;
    for (struct pending_file *file = first; file; file = file->next)
        if (file->has_failed)
            files[at++] = file;
    for (size_t i = 0; i < at; i++) {
        round->ids[i] = files[i]->id;
        round->locations[i] = slice_make(files[i]->location, files[i]->size);
    }
    return untried;
}

/* Since its sync has failed: then it needs none any more. */
static bool was_deleted(struct catalog *catalog, struct slice location)
{
    bool exists = true;
    return object_exists(catalog->objects, location, &exists, NULL) && !exists;
}

static bool sync_files(struct catalog *catalog, struct pending_file *first)
{
    struct round round;
    size_t count = list_length(first);
    bool ok = round_init(&round, catalog, count);
    struct pending_file **files =
        ok ? ARENA_ARRAY(&round.arena, struct pending_file *, count) : NULL;
    if (files) {
        size_t untried = round_fill(&round, first, files);
        object_sync(catalog->objects, round.locations, untried, round.durable);
        for (size_t i = 0; i < untried; i++)
            files[i]->has_failed = !round.durable[i];
        for (size_t i = untried; i < count; i++)
            round.durable[i] = was_deleted(catalog, round.locations[i]);
        ok = round_finish(&round);
    }
    arena_finish(&round.arena);
    return ok && files;
}

/* Waits for a file, then for those that come soon after it. NULL: the thread is to end. */
static struct pending_file *wait_for_files(struct pending_files *files, long delay_ms)
{
    pthread_mutex_lock(&files->mutex);
    while (!files->first && !files->is_stopping)
        pthread_cond_wait(&files->changed, &files->mutex);
    struct timespec until = timed_wait_deadline(delay_ms);
    int timed_out = 0;
    while (!files->is_stopping && timed_out != ETIMEDOUT)
        timed_out = pthread_cond_timedwait(&files->changed, &files->mutex, &until);
    struct pending_file *first = files->first;
    files->first = NULL;
    pthread_mutex_unlock(&files->mutex);
    return first;
}

static bool is_stopping(struct pending_files *files)
{
    pthread_mutex_lock(&files->mutex);
    bool stopping = files->is_stopping;
    pthread_mutex_unlock(&files->mutex);
    return stopping;
}

static void *files_main(void *context)
{
    struct pending_files *files = context;
    long delay_ms = SYNC_DELAY_MS;
    struct pending_file *first;
    pthread_setname_np(pthread_self(), "firn-files");
    while ((first = wait_for_files(files, delay_ms)) != NULL) {
        bool ok = sync_files(files->catalog, first);
        delay_ms = ok ? SYNC_DELAY_MS : RETRY_DELAY_MS;
        if (!ok && !is_stopping(files))
            give_back(files, first);
        else
            free_list(first);
    }
    return NULL;
}

/* --- life --------------------------------------------------------------------------------- */

static void files_free(struct pending_files *files)
{
    free_list(files->first);
    pthread_cond_destroy(&files->changed);
    pthread_mutex_destroy(&files->mutex);
    free(files);
}

bool pending_files_start(struct catalog *catalog, struct pending_files **ret_files,
                         struct error *err)
{
    TRY(recover(catalog, err));
    struct pending_files *files = calloc(1, sizeof *files);
    if (!files)
        return error_no_memory(err, "the thread that syncs files");
    pthread_mutex_init(&files->mutex, NULL);
    timed_wait_init(&files->changed);
    files->catalog = catalog;
    if (pthread_create(&files->thread, NULL, files_main, files) != 0) {
        files_free(files);
        return error_set(err, ERROR_NO_MEMORY, "Cannot start the thread that syncs files");
    }
    *ret_files = files;
    return true;
}

void pending_files_stop(struct pending_files *files)
{
    if (!files)
        return;
    pthread_mutex_lock(&files->mutex);
    files->is_stopping = true;
    pthread_cond_signal(&files->changed);
    pthread_mutex_unlock(&files->mutex);
    pthread_join(files->thread, NULL);
    files_free(files);
}
