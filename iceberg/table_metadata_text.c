/*
 * Where lists of the origin are shared, the text is that of the blob with their elements put in at
 * shared_at, each right behind its list's '['. They follow each other as in the text, and what is
 * there of the list itself begins with a comma.
 */
#include <stdlib.h>

#include "iceberg/table_metadata_parts.h"

static const enum table_member LIST_MEMBERS[TABLE_LIST_COUNT] = {
    [TABLE_LIST_SNAPSHOTS] = TABLE_MEMBER_SNAPSHOTS,
    [TABLE_LIST_SNAPSHOT_LOG] = TABLE_MEMBER_SNAPSHOT_LOG,
    [TABLE_LIST_METADATA_LOG] = TABLE_MEMBER_METADATA_LOG,
};

struct slice table_metadata_own(const struct table_metadata *metadata, enum table_list list)
{
    struct slice text = metadata->members[LIST_MEMBERS[list]];
    bool is_list = text.ptr && text.ptr[0] == '[';
    return is_list ? slice_make(text.ptr + 1, text.len - 2) : SLICE_EMPTY;
}

struct slice table_metadata_shared(const struct table_metadata *metadata, enum table_list list)
{
    return metadata->shared_at[list] > 0 ? table_metadata_own(metadata->origin, list) : SLICE_EMPTY;
}

static void add_part(struct table_text *text, struct slice part, struct blob *blob)
{
    if (part.len == 0)
        return;
    text->parts[text->count] = part;
    text->blobs[text->count++] = blob;
    text->size += part.len;
}

/* The list that is shared at the lowest place from `from` on; TABLE_LIST_COUNT: none. */
static enum table_list next_shared(const struct table_metadata *metadata, size_t from)
{
    enum table_list next = TABLE_LIST_COUNT;
    for (enum table_list list = 0; list < TABLE_LIST_COUNT; list++) {
        size_t at = metadata->shared_at[list];
        if (at > from && (next == TABLE_LIST_COUNT || at < metadata->shared_at[next]))
            next = list;
    }
    return next;
}

void table_metadata_text_range(const struct table_metadata *metadata, size_t from, size_t to,
                               struct table_text *ret_text)
{
    struct slice own = slice_make(metadata->blob->bytes, to);
    *ret_text = (struct table_text){.count = 0};
    for (;;) {
        enum table_list list = next_shared(metadata, from);
        if (list == TABLE_LIST_COUNT || metadata->shared_at[list] > to)
            break;
        size_t at = metadata->shared_at[list];
        add_part(ret_text, slice_make(own.ptr + from, at - from), metadata->blob);
        add_part(ret_text, table_metadata_shared(metadata, list), metadata->origin->blob);
        from = at;
    }
    add_part(ret_text, slice_from(own, from), metadata->blob);
}

void table_metadata_text(const struct table_metadata *metadata, struct table_text *ret_text)
{
    table_metadata_text_range(metadata, 0, metadata->blob->size, ret_text);
}

void table_text_append(const struct table_text *text, struct buffer *out)
{
    for (size_t i = 0; i < text->count; i++)
        buffer_append_slice(out, text->parts[i]);
}

size_t table_metadata_memory(const struct table_metadata *metadata)
{
    size_t own = metadata->blob->size + metadata->arena.total;
    return metadata->origin ? own + table_metadata_memory(metadata->origin) : own;
}

/* --- the index ------------------------------------------------------------------------------ */

size_t table_metadata_shared_snapshots(const struct table_metadata *metadata)
{
    return metadata->shared_at[TABLE_LIST_SNAPSHOTS] > 0 ? metadata->origin->snapshot_count : 0;
}

size_t table_metadata_shared_log(const struct table_metadata *metadata)
{
    return metadata->shared_at[TABLE_LIST_SNAPSHOT_LOG] > 0 ? metadata->origin->snapshot_log_count
                                                            : 0;
}

const struct table_snapshot *table_metadata_snapshot_at(const struct table_metadata *metadata,
                                                        size_t index)
{
    size_t shared = table_metadata_shared_snapshots(metadata);
    return index < shared ? &metadata->origin->snapshots[index]
                          : &metadata->snapshots[index - shared];
}

const struct snapshot_log_entry *table_metadata_log_at(const struct table_metadata *metadata,
                                                       size_t index)
{
    size_t shared = table_metadata_shared_log(metadata);
    return index < shared ? &metadata->origin->snapshot_log[index]
                          : &metadata->snapshot_log[index - shared];
}

size_t table_metadata_snapshot_index(const struct table_metadata *metadata,
                                     const struct table_snapshot *snapshot)
{
    size_t shared = table_metadata_shared_snapshots(metadata);
    uintptr_t own = (uintptr_t)metadata->snapshots, at = (uintptr_t)snapshot;
    bool is_own = at >= own && at - own < (metadata->snapshot_count - shared) * sizeof(*snapshot);
    return is_own ? shared + (size_t)(snapshot - metadata->snapshots)
                  : (size_t)(snapshot - metadata->origin->snapshots);
}

static int find_compare(const void *key, const void *item)
{
    int64_t id = *(const int64_t *)key;
    int64_t other = (*(const struct table_snapshot *const *)item)->snapshot_id;
    return (id > other) - (id < other);
}

static const struct table_snapshot *find(const struct table_snapshot *const *by_id, size_t count,
                                         int64_t id)
{
    const struct table_snapshot *const *found =
        count > 0 ? bsearch(&id, by_id, count, sizeof(*by_id), find_compare) : NULL;
    return found ? *found : NULL;
}

const struct table_snapshot *table_metadata_snapshot(const struct table_metadata *metadata,
                                                     int64_t snapshot_id)
{
    size_t shared = table_metadata_shared_snapshots(metadata);
    const struct table_snapshot *found =
        find(metadata->snapshots_by_id, metadata->snapshot_count - shared, snapshot_id);
    return found || shared == 0 ? found
                                : find(metadata->origin->snapshots_by_id, shared, snapshot_id);
}
