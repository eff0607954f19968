#include "scan/plan_files.h"

#include <stdlib.h>

#include "base/json_text.h"
#include "base/limits.h"

/* Keys are a word and a name, mostly a path; a file of a longer path is read, but not kept. */
#define MAX_KEY_SIZE (64 * KIB)
/* Paths of one snapshot of format version 1, which lists its manifests itself. */
#define MAX_EMBEDDED_PATHS (64 * MIB)

void plan_files_init(struct plan_files *files, struct object_stores *objects, struct cache *cache,
                     const struct plan_guard *guard)
{
    *files = (struct plan_files){.objects = objects, .cache = cache, .guard = guard};
}

void plan_files_finish(struct plan_files *files)
{
    manifest_decoder_destroy(files->decoder);
}

struct plan_files_counts plan_files_count(const struct plan_files *files)
{
    struct plan_files_counts counts = files->counts;
    counts.bytes_inflated = files->decoder ? manifest_decoder_inflated(files->decoder) : 0;
    return counts;
}

bool plan_files_check(const struct plan_files *files, struct slice path, struct error *err)
{
    return !files->guard || files->guard->check(files->guard->context, path, err);
}

/* --- the cache ------------------------------------------------------------------------------ */

static void key_write(struct buffer *key, const char *word, struct slice name)
{
    buffer_init(key, MAX_KEY_SIZE);
    buffer_append_string(key, word);
    buffer_append_slice(key, name);
}

void *plan_files_cached(const struct plan_files *files, const char *word, struct slice name)
{
    void *value = NULL;
    struct buffer key;
    key_write(&key, word, name);
    if (files->cache && buffer_ok(&key))
        value = cache_get(files->cache, buffer_slice(&key));
    buffer_finish(&key);
    return value;
}

void plan_files_keep(const struct plan_files *files, const char *word, struct slice name,
                     void *value, size_t size, const struct cache_kind *kind)
{
    struct buffer key;
    key_write(&key, word, name);
    if (files->cache && buffer_ok(&key))
        cache_put(files->cache, buffer_slice(&key), value, size, kind);
    buffer_finish(&key);
}

void *plan_making_begin(struct plan_making *making, const struct plan_files *files,
                        const char *word, struct slice name)
{
    key_write(&making->key, word, name);
    making->cache = buffer_ok(&making->key) ? files->cache : NULL;
    return making->cache
               ? cache_make_begin(making->cache, buffer_slice(&making->key), &making->making)
               : NULL;
}

void plan_making_end(struct plan_making *making)
{
    if (making->cache)
        cache_make_end(making->cache, &making->making);
    buffer_finish(&making->key);
}

/* --- bytes ---------------------------------------------------------------------------------- */

static bool read_bytes(struct plan_files *files, struct slice path, struct buffer *out,
                       struct error *err)
{
    struct error cause = {0};
    if (object_get(files->objects, path, out, &cause)) {
        files->counts.files_read++;
        files->counts.bytes_read += out->len;
        return true;
    }
    if (cause.kind == ERROR_NOT_FOUND)
        return error_set(err, ERROR_NOT_FOUND, "Failed to open input stream for file: %.*s",
                         SLICE_ARG(path));
    if (err)
        *err = cause;
    return false;
}

/* --- manifest lists ------------------------------------------------------------------------- */

static bool embedded_add(struct manifest_list *list, struct slice value, struct error *err)
{
    struct manifest_list_entry entry = {
        .snapshot_id = MANIFEST_NO_ID,
        .added_files = MANIFEST_COUNT_UNKNOWN,
        .existing_files = MANIFEST_COUNT_UNKNOWN,
        .deleted_files = MANIFEST_COUNT_UNKNOWN,
        .added_rows = MANIFEST_COUNT_UNKNOWN,
        .existing_rows = MANIFEST_COUNT_UNKNOWN,
        .deleted_rows = MANIFEST_COUNT_UNKNOWN,
        .first_row_id = MANIFEST_NO_ID,
    };
    TRY(json_value_string(value, &list->arena, &entry.path, err));
    struct manifest_list_entry *entries =
        reallocarray(list->entries, list->count + 1, sizeof(*entries));
    if (!entries)
        return error_no_memory(err, "a list of manifests");
    entries[list->count++] = entry;
    list->entries = entries;
    return true;
}

static bool embedded_fill(struct manifest_list *list, struct slice manifests, struct error *err)
{
    struct json_cursor cursor;
    struct slice value;
    bool has_more = false;
    TRY(json_array_open(manifests, &cursor, err));
    for (;;) {
        TRY(json_array_next(&cursor, &value, &has_more, err));
        if (!has_more)
            return true;
        TRY(embedded_add(list, value, err));
    }
}

/* All that is known of these manifests is where they are: their files are of the first spec, and
 * of format version 1. */
static bool embedded_list(struct slice manifests, struct manifest_list **ret_list,
                          struct error *err)
{
    struct manifest_list *list = calloc(1, sizeof(*list));
    if (!list)
        return error_no_memory(err, "a list of manifests");
    atomic_init(&list->references, 1);
    arena_init(&list->arena, MAX_EMBEDDED_PATHS);
    if (!embedded_fill(list, manifests, err)) {
        manifest_list_unref(list);
        return false;
    }
    *ret_list = list;
    return true;
}

static bool list_decode(struct plan_files *files, struct slice path,
                        struct manifest_list **ret_list, struct error *err)
{
    struct buffer bytes;
    buffer_init(&bytes, MAX_MANIFEST_FILE_SIZE);
    bool ok = read_bytes(files, path, &bytes, err);
    if (ok && !manifest_list_parse(buffer_slice(&bytes), ret_list, err))
        ok = error_prefix(err, "manifest list %.*s", SLICE_ARG(path));
    buffer_finish(&bytes);
    if (ok)
        plan_files_keep(files, "manifest-list ", path, *ret_list, (*ret_list)->size,
                        &MANIFEST_LIST_CACHE_KIND);
    return ok;
}

/* False where there is none. */
static bool list_take(struct plan_files *files, struct manifest_list *kept,
                      struct manifest_list **ret_list)
{
    if (!kept)
        return false;
    files->counts.lists_from_cache++;
    *ret_list = kept;
    return true;
}

static bool list_read(struct plan_files *files, struct slice path, struct manifest_list **ret_list,
                      struct error *err)
{
    struct plan_making making;
    TRY(plan_files_check(files, path, err));
    if (list_take(files, plan_files_cached(files, "manifest-list ", path), ret_list))
        return true;
    bool ok =
        list_take(files, plan_making_begin(&making, files, "manifest-list ", path), ret_list) ||
        list_decode(files, path, ret_list, err);
    plan_making_end(&making);
    return ok;
}

bool plan_files_list(struct plan_files *files, const struct table_snapshot *snapshot,
                     struct manifest_list **ret_list, struct error *err)
{
    struct slice value, manifests, path;
    struct arena scratch;
    TRY(json_object_find(snapshot->text, "manifest-list", &value, err));
    TRY(json_object_find(snapshot->text, "manifests", &manifests, err));
    if (!value.ptr && manifests.ptr)
        return embedded_list(manifests, ret_list, err);
    if (!value.ptr)
        return error_set(err, ERROR_CORRUPT, "snapshot %lld has no manifest-list",
                         (long long)snapshot->snapshot_id);
    arena_init(&scratch, MAX_KEY_SIZE * 2);
    bool ok =
        json_value_string(value, &scratch, &path, err) && list_read(files, path, ret_list, err);
    arena_finish(&scratch);
    return ok;
}

/* --- manifests ------------------------------------------------------------------------------ */

static bool decode(struct plan_files *files, struct slice path,
                   const struct manifest_projection *projection,
                   struct manifest_columns **ret_columns, struct error *err)
{
    struct buffer bytes;
    if (!files->decoder)
        TRY(manifest_decoder_create(&files->decoder, err));
    buffer_init(&bytes, MAX_MANIFEST_FILE_SIZE);
    bool ok = read_bytes(files, path, &bytes, err);
    if (ok && !manifest_decode(files->decoder, buffer_slice(&bytes), projection, ret_columns, err))
        ok = error_prefix(err, "manifest %.*s", SLICE_ARG(path));
    buffer_finish(&bytes);
    if (ok)
        plan_files_keep(files, "manifest ", path, *ret_columns, (*ret_columns)->size,
                        &MANIFEST_COLUMNS_CACHE_KIND);
    return ok;
}

/* What is kept lacks statistics: it is decoded again for both, so that plans which take turns do
 * not drive out each other's columns. */
static bool decode_more(struct plan_files *files, struct slice path,
                        const struct manifest_columns *present,
                        const struct manifest_projection *projection,
                        struct manifest_columns **ret_columns, struct error *err)
{
    struct manifest_projection both;
    size_t count = present->stats_count + projection->stats_count;
    int32_t *ids = calloc(count + 1, sizeof(*ids));
    if (!ids)
        return error_no_memory(err, "a manifest's columns");
    manifest_projection_merge(present, projection, ids, &both);
    bool ok = decode(files, path, &both, ret_columns, err);
    free(ids);
    return ok;
}

/* What is kept, where it is enough; else it becomes *ret_less. */
static bool manifest_take(struct plan_files *files, struct manifest_columns *kept,
                          const struct manifest_projection *projection,
                          struct manifest_columns **ret_columns, struct manifest_columns **ret_less)
{
    bool is_enough = kept && manifest_columns_cover(kept, projection);
    files->counts.manifests_from_cache += is_enough;
    *(is_enough ? ret_columns : ret_less) = kept;
    return is_enough;
}

static bool manifest_make(struct plan_files *files, struct slice path,
                          const struct manifest_projection *projection,
                          const struct manifest_columns *less,
                          struct manifest_columns **ret_columns, struct error *err)
{
    return less ? decode_more(files, path, less, projection, ret_columns, err)
                : decode(files, path, projection, ret_columns, err);
}

bool plan_files_manifest(struct plan_files *files, struct slice path,
                         const struct manifest_projection *projection,
                         struct manifest_columns **ret_columns, struct error *err)
{
    struct plan_making making;
    struct manifest_columns *less = NULL;
    TRY(plan_files_check(files, path, err));
    if (manifest_take(files, plan_files_cached(files, "manifest ", path), projection, ret_columns,
                      &less))
        return true;
    manifest_columns_unref(less);
    less = NULL;
    bool ok = manifest_take(files, plan_making_begin(&making, files, "manifest ", path), projection,
                            ret_columns, &less) ||
              manifest_make(files, path, projection, less, ret_columns, err);
    plan_making_end(&making);
    manifest_columns_unref(less);
    return ok;
}
