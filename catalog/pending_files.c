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
 *
 * The row of a file that others are packed like stays while one of theirs is there
 * (pointer_pending_done). Such a base is durable at the end of its first round; when it has not
 * been used for a round it is offered to no more files, and its row goes in the next round that
 * finds none of theirs.
 */
#include "catalog/pending_files.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>

#include "base/limits.h"
#include "base/pack.h"
#include "base/pack_like.h"
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
    bool is_durable; /* its row stays for others' sake */
    bool is_withdrawn;
    bool is_gone; /* the row */
    int64_t id;
    struct pending_base *own; /* a reference; NULL: nothing is packed like it */
    size_t uses_seen;         /* of that, at the end of a round */
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
    /* The thread's alone. */
    struct pending_file *kept; /* durable bases */
    bool is_kept_wanted;       /* some of them are to have another round soon */
};

/* What one round works on: rows, and which of them are durable. */
struct round {
    struct catalog *catalog;
    struct arena arena;
    int64_t *ids;
    struct slice *locations;
    bool *durable;
    size_t count;
    int64_t *leaving; /* rows to be deleted */
    bool *gone;       /* those of them that were */
    size_t leaving_count;
};

static bool round_init(struct round *round, struct catalog *catalog, size_t count)
{
    *round = (struct round){.catalog = catalog, .count = count};
    arena_init(&round->arena, MAX_REQUEST_ARENA);
    round->ids = ARENA_ARRAY(&round->arena, int64_t, count + 1);
    round->locations = ARENA_ARRAY(&round->arena, struct slice, count + 1);
    round->durable = ARENA_ARRAY(&round->arena, bool, count + 1);
    round->leaving = ARENA_ARRAY(&round->arena, int64_t, count + 1);
    round->gone = ARENA_ARRAY(&round->arena, bool, count + 1);
    return round->ids && round->locations && round->durable && round->leaving && round->gone;
}

/* --- one round ---------------------------------------------------------------------------- */

struct packed_file {
    struct slice bytes;
    struct slice base; /* packed by itself; empty: none is needed */
    bool found;
};

static bool read_packed(struct catalog *catalog, int64_t id, struct arena *arena,
                        struct packed_file *ret_file)
{
    struct pointer_view *view = NULL;
    if (!pointer_view_begin(catalog->pointers, &view, NULL))
        return false;
    bool ok = pointer_pending_get(view, id, arena, &ret_file->bytes, &ret_file->base,
                                  &ret_file->found, NULL);
    pointer_view_end(view);
    return ok;
}

static bool unpack_file(const struct packed_file *file, struct buffer *out)
{
    struct buffer base;
    buffer_init(&base, MAX_METADATA_SIZE);
    bool ok = unpack(file->base, &base, NULL) &&
              unpack_like(file->bytes, buffer_slice(&base), out, NULL);
    buffer_finish(&base);
    return ok;
}

static bool read_bytes(struct catalog *catalog, int64_t id, struct buffer *bytes, bool *ret_found)
{
    struct arena arena;
    struct packed_file file = {.found = false};
    arena_init(&arena, 2 * MAX_METADATA_SIZE);
    bool ok = read_packed(catalog, id, &arena, &file) &&
              (!file.found || unpack_file(&file, bytes));
    arena_finish(&arena);
    *ret_found = file.found;
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

/* True where every file of the round is durable. */
static bool round_restore(struct round *round)
{
    bool is_complete = true;
    for (size_t i = 0; i < round->count; i++) {
        if (!round->durable[i])
            round->durable[i] = restore(round->catalog, round->ids[i], round->locations[i]);
        is_complete = is_complete && round->durable[i];
    }
    return is_complete;
}

static bool delete_leaving(struct pointer_txn *txn, void *context, struct error *err)
{
    struct round *round = context;
    return pointer_pending_done(txn, round->leaving, round->leaving_count, round->gone, err);
}

/* Of a file that is durable, or gone for good. */
static void round_leave(struct round *round, size_t index)
{
    round->leaving[round->leaving_count++] = round->ids[index];
}

static bool round_forget(struct round *round, struct error *err)
{
    if (round->leaving_count == 0)
        return true;
    qsort(round->leaving, round->leaving_count, sizeof *round->leaving, pending_id_compare);
    bool ok = pointer_store_write(round->catalog->pointers, delete_leaving, round, err);
    if (!ok)
        round->leaving_count = 0;
    return ok;
}

/* After that: is the row deleted? */
static bool round_has_lost(const struct round *round, int64_t id)
{
    const int64_t *found = bsearch(&id, round->leaving, round->leaving_count,
                                   sizeof *round->leaving, pending_id_compare);
    return found && round->gone[found - round->leaving];
}

/* --- the start ---------------------------------------------------------------------------- */

static bool list_rows(struct catalog *catalog, int64_t before, struct arena *arena,
                      struct pending_row *rows, size_t *ret_count, struct error *err)
{
    struct pointer_view *view = NULL;
    TRY(pointer_view_begin(catalog->pointers, &view, err));
    bool ok = pointer_pending_list(view, before, arena, rows, RECOVERY_BATCH, ret_count, err);
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
    (void)round_restore(round);
    for (size_t i = 0; i < round->count; i++)
        if (round->durable[i])
            round_leave(round, i);
    (void)round_forget(round, NULL);
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
    int64_t before = INT64_MAX;
    size_t count = RECOVERY_BATCH;
    bool ok = rows != NULL || error_no_memory(err, "the files of the last commits");
    if (ok && pointer_store_was_killed(catalog->pointers))
        ok = settle_warehouses(catalog, err);
    while (ok && count == RECOVERY_BATCH) {
        struct round round;
        ok = (round_init(&round, catalog, RECOVERY_BATCH) ||
              error_no_memory(err, "the files of the last commits")) &&
             list_rows(catalog, before, &round.arena, rows, &count, err);
        if (ok && count > 0) {
            round.count = count;
            before = rows[count - 1].id;
            recover_rows(&round, rows);
        }
        arena_finish(&round.arena);
    }
    free(rows);
    return ok;
}

/* --- what was deleted ----------------------------------------------------------------------- */

/* The next rows before *before; fewer than a batch: the last of them. */
static bool forget_batch(struct catalog *catalog, const struct text_set *locations, int64_t *before,
                         struct pending_row *rows, struct round *round, struct error *err)
{
    TRY(list_rows(catalog, *before, &round->arena, rows, &round->count, err));
    for (size_t i = 0; i < round->count; i++) {
        round->ids[i] = *before = rows[i].id;
        if (text_set_has(locations, rows[i].location))
            round_leave(round, i);
    }
    return round_forget(round, err);
}

bool pending_files_forget(struct catalog *catalog, const struct text_set *locations,
                          struct error *err)
{
    struct pending_row *rows = calloc(RECOVERY_BATCH, sizeof *rows);
    int64_t before = INT64_MAX;
    size_t count = RECOVERY_BATCH;
    bool ok = rows != NULL || error_no_memory(err, "the files of a purge");
    while (ok && count == RECOVERY_BATCH) {
        struct round round;
        ok = (round_init(&round, catalog, RECOVERY_BATCH) ||
              error_no_memory(err, "the files of a purge")) &&
             forget_batch(catalog, locations, &before, rows, &round, err);
        count = round.count;
        arena_finish(&round.arena);
    }
    free(rows);
    return ok;
}

/* --- the thread --------------------------------------------------------------------------- */

void pending_files_add(struct pending_files *files, int64_t id, struct slice location,
                       struct pending_base *own)
{
    struct pending_file *file = malloc(sizeof *file + location.len);
    if (!file)
        return; /* the row stays for the next start */
    *file = (struct pending_file){.id = id, .size = location.len};
    memcpy(file->location, location.ptr, location.len);
    if (own) {
        file->own = pending_base_ref(own);
        pending_base_offer(own, id);
    }
    pthread_mutex_lock(&files->mutex);
    bool is_first = files->first == NULL;
    file->next = files->first;
    files->first = file;
    if (is_first)
        pthread_cond_signal(&files->changed);
    pthread_mutex_unlock(&files->mutex);
}

static void file_free(struct pending_file *file)
{
    if (file->own)
        pending_base_withdraw(file->own);
    pending_base_unref(file->own);
    free(file);
}

static void free_list(struct pending_file *first)
{
    while (first) {
        struct pending_file *next = first->next;
        file_free(first);
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

static void list_append(struct pending_file **first, struct pending_file *more)
{
    while (*first)
        first = &(*first)->next;
    *first = more;
}

enum file_state { FILE_NEW, FILE_FAILED, FILE_DURABLE };

static enum file_state state_of(const struct pending_file *file)
{
    if (file->is_durable)
        return FILE_DURABLE;
    return file->has_failed ? FILE_FAILED : FILE_NEW;
}

static size_t fill_state(struct pending_file *first, enum file_state state,
                         struct pending_file **files)
{
    size_t count = 0;
    for (struct pending_file *file = first; file; file = file->next)
        if (state_of(file) == state)
            files[count++] = file;
    return count;
}

/* Puts the files of the list into the round, those before the others whose sync may be tried; how
 * many these are. `files` has room for all. */
static size_t round_fill(struct round *round, struct pending_file *first,
                         struct pending_file **files)
{
    size_t untried = fill_state(first, FILE_NEW, files), at = untried;
    at += fill_state(first, FILE_FAILED, files + at);
    at += fill_state(first, FILE_DURABLE, files + at);
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

static void round_sync(struct round *round, struct pending_file **files, size_t untried)
{
    struct catalog *catalog = round->catalog;
    object_sync(catalog->objects, round->locations, untried, round->durable);
    for (size_t i = 0; i < untried; i++)
        files[i]->has_failed = !round->durable[i];
    for (size_t i = untried; i < round->count; i++)
        round->durable[i] = files[i]->is_durable || was_deleted(catalog, round->locations[i]);
}

/* No file will be packed like it any more. */
static bool is_unused(const struct pending_file *file)
{
    return !file->own || file->is_withdrawn;
}

/* True where nothing is to be tried again. */
static bool sync_files(struct catalog *catalog, struct pending_file *first, bool is_last_round)
{
    struct round round;
    size_t count = list_length(first);
    bool ok = round_init(&round, catalog, count);
    struct pending_file **files =
        ok ? ARENA_ARRAY(&round.arena, struct pending_file *, count) : NULL;
    if (files) {
        round_sync(&round, files, round_fill(&round, first, files));
        ok = round_restore(&round);
        for (size_t i = 0; i < count; i++) {
            files[i]->is_durable = round.durable[i];
            if (files[i]->is_durable && (is_unused(files[i]) || is_last_round))
                round_leave(&round, i);
        }
        ok = round_forget(&round, NULL) && ok;
        for (size_t i = 0; i < count; i++)
            files[i]->is_gone = round_has_lost(&round, files[i]->id);
    }
    arena_finish(&round.arena);
    return ok && files;
}

/* At the end of a round. True where another one is soon to look at it again. */
static bool base_settle(struct pending_file *file)
{
    size_t uses = pending_base_uses(file->own);
    bool was_withdrawn = file->is_withdrawn;
    if (!was_withdrawn && uses == file->uses_seen) {
        pending_base_withdraw(file->own);
        file->is_withdrawn = true;
    }
    file->uses_seen = uses;
    return !was_withdrawn;
}

/* What becomes of the files of a round: those to be tried again go back to the list, where no later
 * file is kept from its round. */
static void round_sort(struct pending_files *files, struct pending_file *first, bool ok)
{
    struct pending_file *again = NULL;
    files->kept = NULL;
    files->is_kept_wanted = !ok;
    while (first) {
        struct pending_file *file = first;
        first = file->next;
        file->next = NULL;
        if (file->is_gone) {
            file_free(file);
        } else if (file->is_durable && file->own) {
            files->is_kept_wanted = base_settle(file) || files->is_kept_wanted;
            file->next = files->kept;
            files->kept = file;
        } else {
            file->next = again;
            again = file;
        }
    }
    pthread_mutex_lock(&files->mutex);
    list_append(&again, files->first);
    files->first = again;
    pthread_mutex_unlock(&files->mutex);
}

/* Waits for a file, then for those that come soon after it, and takes them. NULL: the thread is to
 * end. */
static struct pending_file *wait_for_files(struct pending_files *files, long delay_ms,
                                           bool *ret_is_last)
{
    pthread_mutex_lock(&files->mutex);
    while (!files->first && !files->is_stopping && !files->is_kept_wanted)
        pthread_cond_wait(&files->changed, &files->mutex);
    struct timespec until = timed_wait_deadline(delay_ms);
    int timed_out = 0;
    while (!files->is_stopping && timed_out != ETIMEDOUT)
        timed_out = pthread_cond_timedwait(&files->changed, &files->mutex, &until);
    struct pending_file *first = files->first;
    files->first = NULL;
    *ret_is_last = files->is_stopping;
    pthread_mutex_unlock(&files->mutex);
    list_append(&first, files->kept);
    files->kept = NULL;
    return first;
}

static void *files_main(void *context)
{
    struct pending_files *files = context;
    long delay_ms = SYNC_DELAY_MS;
    struct pending_file *first;
    bool is_last = false;
    pthread_setname_np(pthread_self(), "firn-files");
    while ((first = wait_for_files(files, delay_ms, &is_last)) != NULL) {
        bool ok = sync_files(files->catalog, first, is_last);
        delay_ms = ok ? SYNC_DELAY_MS : RETRY_DELAY_MS;
        if (is_last)
            free_list(first);
        else
            round_sort(files, first, ok);
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
