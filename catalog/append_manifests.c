#include "catalog/append_manifests.h"

#include <stdlib.h>

#include "base/limits.h"
#include "catalog/location_policy.h"
#include "iceberg/manifest_appended.h"
#include "storage/location.h"

/* --- files -------------------------------------------------------------------------------- */

static void bytes_ref(void *value)
{
    blob_ref(value);
}

static void bytes_unref(void *value)
{
    blob_unref(value);
}

static const struct cache_kind bytes_kind = {"manifest list bytes", bytes_ref, bytes_unref};

static struct slice cache_key(struct call *call, struct slice location)
{
    const struct slice parts[] = {SLICE_LITERAL("manifest-list-bytes "), location};
    return arena_join(call->arena, parts, 2);
}

void manifest_list_remember(struct call *call, struct slice location, struct blob *bytes)
{
    struct slice key = cache_key(call, location);
    if (key.ptr)
        cache_put(call->catalog->cache, key, bytes, bytes->size, &bytes_kind);
}

/* A commit may name any file in the world: only those that may be a table's are opened for it. */
static bool may_read(struct call *call, struct slice place, struct slice location,
                     struct error *err)
{
    struct slice canonical;
    bool is_inside = location_canonical(location, call->arena, &canonical, NULL) &&
                     location_is_within(canonical, place);
    return is_inside ||
           location_is_allowed(call->catalog, call->warehouse, location, call->arena) ||
           error_set(err, ERROR_FORBIDDEN,
                     "%.*s lies outside of the table, the warehouse and every allowed location",
                     SLICE_ARG(location));
}

static bool file_read(struct call *call, struct slice place, struct slice location,
                      struct buffer *out, struct error *err)
{
    TRY(may_read(call, place, location, err));
    return object_get(call->catalog->objects, location, out, err);
}

static bool list_read(struct call *call, struct slice place, struct slice location,
                      struct blob **ret_bytes, struct error *err)
{
    struct buffer buffer;
    buffer_init(&buffer, MAX_REBASED_LIST_SIZE);
    bool ok =
        file_read(call, place, location, &buffer, err) && blob_from_buffer(&buffer, ret_bytes, err);
    buffer_finish(&buffer);
    return ok;
}

bool manifest_list_bytes(struct call *call, struct slice place, struct slice location,
                         struct blob **ret_bytes, struct error *err)
{
    struct slice key = cache_key(call, location);
    struct blob *bytes = key.ptr ? cache_get(call->catalog->cache, key) : NULL;
    if (!bytes) {
        TRY(list_read(call, place, location, &bytes, err));
        manifest_list_remember(call, location, bytes);
    }
    *ret_bytes = bytes;
    return true;
}

/* --- the two lists ------------------------------------------------------------------------ */

struct comparison {
    struct call *call;
    const struct manifest_list *parent;         /* NULL: none */
    const struct manifest_list_entry **by_path; /* the parent's, made when it is needed */
    bool *is_kept;                              /* one for each of the parent's entries */
    size_t next;                                /* of the parent's entries, if in its order */
    int64_t snapshot_id;
    struct error *err;
};

static int path_compare(const void *a, const void *b)
{
    const struct manifest_list_entry *const *x = a, *const *y = b;
    return slice_compare((*x)->path, (*y)->path);
}

static bool by_path_make(struct comparison *comparison)
{
    const struct manifest_list *parent = comparison->parent;
    if (comparison->by_path)
        return true;
    const struct manifest_list_entry **sorted =
        ARENA_ARRAY(comparison->call->arena, const struct manifest_list_entry *, parent->count);
    if (!sorted)
        return error_no_memory(comparison->err, "a manifest list");
    for (size_t i = 0; i < parent->count; i++)
        sorted[i] = &parent->entries[i];
    qsort(sorted, parent->count, sizeof(*sorted), path_compare);
    comparison->by_path = sorted;
    return true;
}

/* The parent's entry of that path, or NULL. Clients keep the order, so that the search is rare. */
static bool parent_find(struct comparison *comparison, const struct manifest_list_entry *entry,
                        const struct manifest_list_entry **ret_found)
{
    const struct manifest_list *parent = comparison->parent;
    *ret_found = NULL;
    if (!parent || parent->count == 0)
        return true;
    if (comparison->next < parent->count &&
        slice_equals(parent->entries[comparison->next].path, entry->path)) {
        *ret_found = &parent->entries[comparison->next];
        return true;
    }
    if (entry->snapshot_id == comparison->snapshot_id)
        return true; /* nothing that the parent has was added by a later snapshot */
    TRY(by_path_make(comparison));
    const struct manifest_list_entry **found = bsearch(&entry, comparison->by_path, parent->count,
                                                       sizeof(*comparison->by_path), path_compare);
    if (found)
        *ret_found = *found;
    return true;
}

static bool refuse(struct comparison *comparison, const char *what,
                   const struct manifest_list_entry *entry)
{
    return error_set(comparison->err, ERROR_VALIDATION, "%s: %.*s", what, SLICE_ARG(entry->path));
}

static bool added_check(struct comparison *comparison, const struct manifest_list_entry *entry)
{
    if (entry->content != MANIFEST_DATA)
        return refuse(comparison, "it adds a delete manifest", entry);
    if (entry->snapshot_id != comparison->snapshot_id)
        return refuse(comparison, "it has a manifest that neither it nor its parent has added",
                      entry);
    if (entry->existing_files != 0 || entry->deleted_files != 0)
        return refuse(comparison, "it rewrites or removes files of its parent in a manifest",
                      entry);
    return (entry->added_files >= 0 && entry->added_rows >= 0) ||
           refuse(comparison, "it does not say how much a manifest adds", entry);
}

static bool kept_note(struct comparison *comparison, const struct manifest_list_entry *entry,
                      const struct manifest_list_entry *parent_entry)
{
    size_t index = (size_t)(parent_entry - comparison->parent->entries);
    if (comparison->is_kept[index])
        return refuse(comparison, "it has a manifest of its parent twice", entry);
    comparison->is_kept[index] = true;
    comparison->next = index + 1;
    return true;
}

static bool entries_compare(struct comparison *comparison, struct append_manifests *manifests)
{
    for (size_t i = 0; i < manifests->list->count; i++) {
        const struct manifest_list_entry *entry = &manifests->list->entries[i], *found;
        TRY(parent_find(comparison, entry, &found));
        if (found) {
            TRY(kept_note(comparison, entry, found));
            continue;
        }
        TRY(added_check(comparison, entry));
        manifests->is_added[i] = true;
        manifests->added_count++;
    }
    return true;
}

/* Some writers leave out what has no live files any more. */
static bool nothing_is_dropped(struct comparison *comparison)
{
    for (size_t i = 0; comparison->parent && i < comparison->parent->count; i++) {
        const struct manifest_list_entry *entry = &comparison->parent->entries[i];
        if (!comparison->is_kept[i] && manifest_list_entry_may_be_live(entry))
            return refuse(comparison, "it drops or merges a manifest of its parent", entry);
    }
    return true;
}

static bool lists_compare(struct call *call, const struct manifest_list *parent,
                          int64_t snapshot_id, struct append_manifests *manifests,
                          struct error *err)
{
    struct comparison comparison = {.call = call,
                                    .parent = parent,
                                    .snapshot_id = snapshot_id,
                                    .err = err};
    size_t count = parent ? parent->count : 0;
    comparison.is_kept = ARENA_ARRAY(call->arena, bool, count + 1);
    manifests->is_added = ARENA_ARRAY(call->arena, bool, manifests->list->count + 1);
    if (!comparison.is_kept || !manifests->is_added)
        return error_no_memory(err, "a manifest list");
    return entries_compare(&comparison, manifests) && nothing_is_dropped(&comparison);
}

/* --- the added manifests ------------------------------------------------------------------ */

static bool manifest_check(struct call *call, struct slice place,
                           const struct manifest_list_entry *entry, int64_t snapshot_id,
                           size_t *room, struct error *err)
{
    struct manifest_appended appended;
    struct buffer bytes;
    buffer_init(&bytes, *room);
    bool ok = file_read(call, place, entry->path, &bytes, err) &&
              manifest_appended_check(buffer_slice(&bytes), snapshot_id, &appended, err);
    *room -= bytes.len;
    buffer_finish(&bytes);
    if (!ok)
        return error_prefix(err, "%.*s", SLICE_ARG(entry->path));
    return (appended.files == entry->added_files && appended.rows == entry->added_rows) ||
           error_set(err, ERROR_VALIDATION,
                     "its manifest list says that %.*s adds %lld files of %lld rows, but it has "
                     "%lld of %lld",
                     SLICE_ARG(entry->path), (long long)entry->added_files,
                     (long long)entry->added_rows, (long long)appended.files,
                     (long long)appended.rows);
}

static bool manifests_check(struct call *call, struct slice place, int64_t snapshot_id,
                            const struct append_manifests *manifests, struct error *err)
{
    size_t room = MAX_REBASED_MANIFESTS_SIZE;
    for (size_t i = 0; i < manifests->list->count; i++)
        if (manifests->is_added[i])
            TRY(manifest_check(call, place, &manifests->list->entries[i], snapshot_id, &room, err));
    return true;
}

static bool list_parse(const struct blob *bytes, struct slice location,
                       struct manifest_list **ret_list, struct error *err)
{
    return manifest_list_parse(blob_slice(bytes), ret_list, err) ||
           error_prefix(err, "%.*s", SLICE_ARG(location));
}

/* The client's list is not kept: where it is carried over nobody reads it again. */
bool append_manifests_read(struct call *call, struct slice place, struct slice list,
                           struct slice parent_list, int64_t snapshot_id,
                           struct append_manifests *ret_manifests, struct error *err)
{
    struct append_manifests manifests = {0};
    struct blob *parent_bytes = NULL;
    struct manifest_list *parent = NULL;
    bool ok = (parent_list.len == 0 ||
               (manifest_list_bytes(call, place, parent_list, &parent_bytes, err) &&
                list_parse(parent_bytes, parent_list, &parent, err))) &&
              list_read(call, place, list, &manifests.bytes, err) &&
              list_parse(manifests.bytes, list, &manifests.list, err) &&
              lists_compare(call, parent, snapshot_id, &manifests, err) &&
              manifests_check(call, place, snapshot_id, &manifests, err);
    manifest_list_unref(parent);
    blob_unref(parent_bytes);
    if (ok)
        *ret_manifests = manifests;
    else
        append_manifests_finish(&manifests);
    return ok;
}

void append_manifests_finish(struct append_manifests *manifests)
{
    blob_unref(manifests->bytes);
    manifest_list_unref(manifests->list);
    *manifests = (struct append_manifests){0};
}
