#include "catalog/purge.h"

#include "base/json_text.h"
#include "base/limits.h"
#include "base/text_set.h"
#include "catalog/dropped.h"
#include "catalog/location_policy.h"
#include "catalog/metadata_store.h"
#include "catalog/pending_files.h"
#include "catalog/warehouse_set.h"
#include "iceberg/manifest.h"

/* What one manifest or manifest list may take inflated: an honest one has 8 MiB, some have 100. */
#define MAX_MANIFEST_SIZE (1024 * MIB)
/* Paths of one table's manifests and lists that are held at once. */
#define PURGE_ARENA_CEILING (1024 * MIB)

/* Files that one request to an object store removes: as many as S3 takes. */
#define PURGE_BATCH_FILES 1000
#define BATCH_ARENA_CEILING (16 * MIB)

/* Locations of one file and of the rows that may hold it. */
#define SCRATCH_CEILING (1 * MIB)

struct purge_run {
    struct catalog *catalog;
    const struct warehouse *warehouse;
    struct slice place; /* of the table: canonical */
    struct arena arena;
    struct text_set lists;     /* manifest lists of all snapshots */
    struct text_set manifests; /* of all lists */
    struct text_set metadata;  /* files of the table's metadata */
    struct text_set left;      /* files that are not the server's to delete */
    struct slice first_left;
    int64_t left_count;
    struct arena batch_arena;
    struct slice *batch; /* of files that lie in a store which removes many at once */
    size_t batch_count;
    bool (*is_stopping)(void *);
    void *context;
};

/* --- single files ------------------------------------------------------------------------- */

/* A file that is not there is not left. Where that cannot be found out (a link leads out of the
 * warehouse, no store serves the scheme) it may be. */
static bool leave_file(struct purge_run *run, struct slice path, struct error *err)
{
    bool exists = true, added = false;
    if (!object_exists(run->catalog->objects, path, &exists, NULL))
        exists = true;
    if (exists)
        TRY(text_set_add(&run->left, path, &added, err));
    if (added && run->left_count++ == 0)
        run->first_left = arena_slice(&run->arena, path);
    return true;
}

static bool remove_batch(struct purge_run *run, struct error *err)
{
    bool ok = object_remove_many(run->catalog->objects, run->batch, run->batch_count, err);
    run->batch_count = 0;
    arena_finish(&run->batch_arena);
    arena_init(&run->batch_arena, BATCH_ARENA_CEILING);
    return ok;
}

static bool add_to_batch(struct purge_run *run, struct slice path, struct error *err)
{
    if (!run->batch)
        run->batch = ARENA_ARRAY(&run->arena, struct slice, PURGE_BATCH_FILES);
    struct slice copy = arena_slice(&run->batch_arena, path);
    if (!run->batch || !copy.ptr)
        return error_no_memory(err, "the files of a purge");
    run->batch[run->batch_count++] = copy;
    return run->batch_count < PURGE_BATCH_FILES || remove_batch(run, err);
}

static bool removes_many(const struct purge_run *run, struct slice path)
{
    struct object_store *store = NULL;
    return object_stores_find(run->catalog->objects, path, &store, NULL) && store->ops->remove_many;
}

static bool remove_file(struct purge_run *run, struct slice path, struct error *err)
{
    struct error cause = {0};
    if (removes_many(run, path))
        return add_to_batch(run, path, err);
    if (object_remove(run->catalog->objects, path, &cause))
        return true;
    /* It leads out of the warehouse through a link. */
    if (cause.kind == ERROR_FORBIDDEN)
        return leave_file(run, path, err);
    if (err)
        *err = cause;
    return false;
}

static bool delete_file(void *context, struct slice path, struct error *err)
{
    struct purge_run *run = context;
    struct arena scratch;
    if (run->is_stopping && run->is_stopping(run->context))
        return error_set(err, ERROR_OVERLOADED, "the server stops; the purge goes on after it");
    arena_init(&scratch, SCRATCH_CEILING);
    enum location_right right =
        location_right(run->catalog, run->warehouse, run->place, path, &scratch);
    arena_finish(&scratch);
    if (right == LOCATION_OURS)
        return remove_file(run, path, err);
    return right == LOCATION_OF_ANOTHER || leave_file(run, path, err);
}

/* What names a file that was left must stay as long as that file. */
static bool nothing_is_left(struct purge_run *run, struct error *err)
{
    TRY(remove_batch(run, err));
    if (run->left_count == 0)
        return true;
    return error_set(err, ERROR_FORBIDDEN,
                     "%lld files lie outside of the warehouse and of every allowed location and "
                     "were left, with the metadata that names them; the first is %.*s: start the "
                     "server with --allow-location, or delete them",
                     (long long)run->left_count, SLICE_ARG(run->first_left));
}

/* Reads a file that an earlier, interrupted run may have deleted already, or that leads out of the
 * warehouse: then *ret_found is false. */
static bool read_file(struct purge_run *run, struct slice path, struct buffer *out,
                      bool *ret_found, struct error *err)
{
    struct error cause = {0};
    *ret_found = object_get(run->catalog->objects, path, out, &cause);
    if (*ret_found || cause.kind == ERROR_NOT_FOUND || cause.kind == ERROR_FORBIDDEN)
        return true;
    if (err)
        *err = cause;
    return false;
}

typedef bool (*each_path_fn)(struct slice bytes, manifest_path_fn visit, void *context,
                             struct error *err);

static bool each_path_in(struct purge_run *run, struct slice path, each_path_fn each,
                         manifest_path_fn visit, struct error *err)
{
    struct buffer bytes;
    bool found = false;
    buffer_init(&bytes, MAX_MANIFEST_SIZE);
    bool ok = read_file(run, path, &bytes, &found, err);
    if (ok && found)
        ok = each(buffer_slice(&bytes), visit, run, err) ||
             error_prefix(err, "%.*s", SLICE_ARG(path));
    buffer_finish(&bytes);
    return ok;
}

/* --- what a table reaches ----------------------------------------------------------------- */

static bool keep_manifest(void *context, struct slice path, struct error *err)
{
    struct purge_run *run = context;
    bool added;
    return text_set_add(&run->manifests, path, &added, err);
}

static bool keep_list_manifests(void *context, struct slice path, struct error *err)
{
    return each_path_in(context, path, manifest_list_each, keep_manifest, err);
}

static bool delete_manifest_files(void *context, struct slice path, struct error *err)
{
    return each_path_in(context, path, manifest_each_file, delete_file, err);
}

/* Format v1 may list a snapshot's manifests in the metadata itself. */
static bool keep_inline_manifests(struct purge_run *run, struct slice snapshot, struct error *err)
{
    struct slice list = {NULL, 0}, value, path;
    struct json_cursor cursor;
    bool more = true;
    TRY(json_object_find(snapshot, "manifests", &list, err));
    if (list.ptr == NULL || json_value_is_null(list))
        return true;
    TRY(json_array_open(list, &cursor, err));
    for (;;) {
        TRY(json_array_next(&cursor, &value, &more, err));
        if (!more)
            return true;
        TRY(json_value_string(value, &run->arena, &path, err));
        TRY(keep_manifest(run, path, err));
    }
}

static bool keep_snapshot(struct purge_run *run, struct slice snapshot, struct error *err)
{
    struct slice value = {NULL, 0}, path;
    bool added;
    TRY(json_object_find(snapshot, "manifest-list", &value, err));
    if (value.ptr == NULL || json_value_is_null(value))
        return keep_inline_manifests(run, snapshot, err);
    TRY(json_value_string(value, &run->arena, &path, err));
    return text_set_add(&run->lists, path, &added, err);
}

/* "statistics" and "partition-statistics" have the same shape: objects with a statistics-path. */
static bool delete_statistics(struct purge_run *run, struct slice list, struct error *err)
{
    struct json_cursor cursor;
    struct slice item, value, path;
    bool more = true;
    if (list.ptr == NULL || json_value_is_null(list))
        return true;
    TRY(json_array_open(list, &cursor, err));
    for (;;) {
        TRY(json_array_next(&cursor, &item, &more, err));
        if (!more)
            return true;
        value = (struct slice){NULL, 0};
        TRY(json_object_find(item, "statistics-path", &value, err));
        if (value.ptr == NULL)
            continue;
        TRY(json_value_string(value, &run->arena, &path, err));
        TRY(delete_file(run, path, err));
    }
}

static bool delete_metadata(struct purge_run *run, struct slice path, struct error *err)
{
    bool added;
    return text_set_add(&run->metadata, path, &added, err) && delete_file(run, path, err);
}

static bool delete_reached_files(struct purge_run *run, const struct table_metadata *metadata,
                                 struct error *err)
{
    for (size_t i = 0; i < metadata->snapshot_count; i++)
        TRY(keep_snapshot(run, table_metadata_snapshot_at(metadata, i)->text, err));
    TRY(text_set_each(&run->lists, keep_list_manifests, run, err));
    TRY(text_set_each(&run->manifests, delete_manifest_files, run, err));
    TRY(delete_statistics(run, metadata->members[TABLE_MEMBER_STATISTICS], err));
    TRY(delete_statistics(run, metadata->members[TABLE_MEMBER_PARTITION_STATISTICS], err));
    for (size_t i = 0; i < metadata->metadata_log_count; i++)
        TRY(delete_metadata(run, metadata->metadata_log[i].metadata_file, err));
    TRY(nothing_is_left(run, err));
    TRY(text_set_each(&run->manifests, delete_file, run, err));
    TRY(nothing_is_left(run, err));
    TRY(text_set_each(&run->lists, delete_file, run, err));
    return nothing_is_left(run, err);
}

/* The table may be in the catalog again, under whatever name and wherever it has moved, or another
 * of its uuid may have been dropped and be kept: then its files are in use. What comes in from now
 * on is met by purge_guard.h, until the entry is gone. */
static bool has_come_back(struct purge_run *run, const struct table_metadata *metadata,
                          bool *ret_is_back, struct error *err)
{
    struct pointer_view *view = NULL;
    struct entity_row other;
    TRY(pointer_view_begin(run->catalog->pointers, &view, err));
    bool ok = pointer_entity_by_uuid(view, metadata->uuid, &run->arena, &other, ret_is_back, err) &&
              (*ret_is_back ||
               dropped_is_kept(view, metadata->uuid, &run->arena, ret_is_back, err));
    pointer_view_end(view);
    return ok;
}

static bool purge_metadata(struct purge_run *run, const struct purge_row *row,
                           const struct table_metadata *metadata, struct error *err)
{
    bool is_back = false;
    TRY(has_come_back(run, metadata, &is_back, err));
    return is_back ||
           (delete_reached_files(run, metadata, err) &&
            delete_metadata(run, row->metadata_location, err) && nothing_is_left(run, err) &&
            pending_files_forget(run->catalog, &run->metadata, err));
}

static bool purge_table(struct purge_run *run, const struct purge_row *row, struct error *err)
{
    struct table_metadata *metadata = NULL;
    struct error cause = {0};
    if (!table_metadata_read(run->catalog, row->metadata_location, &metadata, &cause)) {
        if (cause.kind == ERROR_NOT_FOUND)
            return true; /* The metadata goes last: without it all else is gone. */
        if (err)
            *err = cause;
        return false;
    }
    bool ok = purge_metadata(run, row, metadata, err);
    table_metadata_unref(metadata);
    return ok;
}

/* --- one entry ---------------------------------------------------------------------------- */

static bool has_id(const struct warehouse *warehouse, const void *id)
{
    return warehouse->id == *(const int64_t *)id;
}

bool purge_entry(struct catalog *catalog, const struct purge_row *row,
                 bool (*is_stopping)(void *), void *context, int64_t *ret_left, struct error *err)
{
    struct purge_run run = {.catalog = catalog,
                            .place = row->location,
                            .is_stopping = is_stopping,
                            .context = context};
    run.warehouse = warehouse_set_find(catalog->warehouses, has_id, &row->warehouse_id);
    arena_init(&run.arena, PURGE_ARENA_CEILING);
    arena_init(&run.batch_arena, BATCH_ARENA_CEILING);
    text_set_init(&run.lists, &run.arena);
    text_set_init(&run.manifests, &run.arena);
    text_set_init(&run.metadata, &run.arena);
    text_set_init(&run.left, &run.arena);
    bool ok = purge_table(&run, row, err);
    *ret_left = run.left_count;
    text_set_finish(&run.left);
    text_set_finish(&run.metadata);
    text_set_finish(&run.manifests);
    text_set_finish(&run.lists);
    arena_finish(&run.batch_arena);
    arena_finish(&run.arena);
    warehouse_unref(run.warehouse);
    return ok;
}

bool purge_list(struct call *call, int64_t limit, struct purge_row **ret_rows, size_t *ret_count,
                struct error *err)
{
    struct pointer_view *view = NULL;
    TRY(pointer_view_begin(call->catalog->pointers, &view, err));
    bool ok = pointer_purge_list(view, limit, call->arena, ret_rows, ret_count, err);
    pointer_view_end(view);
    return ok;
}
