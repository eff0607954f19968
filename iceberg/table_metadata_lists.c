/*
 * The long lists become arrays: entries are gathered in a scratch buffer, whose final size is only
 * known at its end, and settle in the metadata's arena without slack. Entries of elements that were
 * copied from a base settle before them, as the base has them but for the place of their text.
 */
#include "iceberg/table_metadata_parts.h"

#include <assert.h>
#include <stdlib.h>

#include "base/json_text.h"
#include "base/limits.h"

#define LIST_CEILING (2 * MAX_METADATA_SIZE)
/* Commits come from machines whose clocks differ: the reference tolerates as much. */
#define CLOCK_SKEW_MS 60000

/* A list's entries while they are read, with the metadata they are for. */
struct list_reader {
    struct table_metadata *metadata;
    const struct table_metadata *base; /* whose list was copied; not asked where copied is empty */
    struct table_copied_list copied;
    struct buffer entries; /* of elements that were not copied */
};

/* Entries of the base that settle before those that are read: its origin's, then its own. */
struct kept_entries {
    const void *origin, *own;
    size_t origin_size, own_size; /* bytes */
};

/* Reads the elements behind those that were copied. */
static bool elements_read(struct list_reader *reader, enum table_member member,
                          table_element_fn read, struct error *err)
{
    const struct table_copied_list *copied = &reader->copied;
    const struct table_metadata *metadata = reader->metadata;
    size_t known = copied->origin.len + copied->from.len;
    if (known == 0 && !copied->is_shared)
        return table_member_each(metadata, member, read, reader, err);
    assert(metadata->members[member].ptr + 1 ==
           metadata->blob->bytes + copied->at - copied->origin.len);
    return table_member_each_new(metadata, member, known, read, reader, err);
}

/* A place in the base's own text that was copied, in the new text. */
static const char *moved(const struct list_reader *reader, const char *at)
{
    return reader->metadata->blob->bytes + reader->copied.at + (at - reader->copied.from.ptr);
}

/* The same for its origin's. */
static const char *moved_origin(const struct list_reader *reader, const char *at)
{
    const struct table_copied_list *copied = &reader->copied;
    return reader->metadata->blob->bytes + copied->at - copied->origin.len +
           (at - copied->origin.ptr);
}

static char *put(char *at, const void *bytes, size_t size)
{
    if (size > 0)
        memcpy(at, bytes, size);
    return at + size;
}

/* Puts the base's entries and those that were read into the metadata's arena; none is NULL. */
static bool entries_settle(struct list_reader *reader, const struct kept_entries *kept,
                           void **ret_entries, struct error *err)
{
    TRY(buffer_check(&reader->entries, "table metadata", err));
    size_t size = kept->origin_size + kept->own_size + reader->entries.len;
    if (size == 0)
        return true;
    char *entries = arena_alloc(&reader->metadata->arena, size);
    if (!entries)
        return error_no_memory(err, "table metadata");
    char *at = put(entries, kept->origin, kept->origin_size);
    at = put(at, kept->own, kept->own_size);
    (void)put(at, reader->entries.ptr, reader->entries.len);
    *ret_entries = entries;
    return true;
}

enum snapshot_field {
    SNAPSHOT_ID,
    SNAPSHOT_PARENT_ID,
    SNAPSHOT_SEQUENCE_NUMBER,
    SNAPSHOT_TIMESTAMP,
    SNAPSHOT_SCHEMA_ID,
    SNAPSHOT_FIRST_ROW_ID,
    SNAPSHOT_ADDED_ROWS,
    SNAPSHOT_MANIFEST_LIST,
    SNAPSHOT_MANIFESTS,
    SNAPSHOT_SUMMARY,
    SNAPSHOT_FIELD_COUNT
};

static const char *const SNAPSHOT_FIELDS[SNAPSHOT_FIELD_COUNT] = {
    "snapshot-id",  "parent-snapshot-id", "sequence-number", "timestamp-ms", "schema-id",
    "first-row-id", "added-rows",         "manifest-list",   "manifests",    "summary",
};

static struct metadata_field snapshot_field(const struct slice *values, enum snapshot_field field)
{
    return (struct metadata_field){"snapshots", SNAPSHOT_FIELDS[field], values[field]};
}

static bool snapshot_numbers_read(const struct slice *values, struct table_snapshot *ret_snapshot,
                                  struct error *err)
{
    struct table_snapshot *s = ret_snapshot;
    return metadata_get_int64(snapshot_field(values, SNAPSHOT_ID), &s->snapshot_id, err) &&
           metadata_opt_int64(snapshot_field(values, SNAPSHOT_PARENT_ID), &s->parent_id, err) &&
           metadata_opt_int64(snapshot_field(values, SNAPSHOT_SEQUENCE_NUMBER), &s->sequence_number,
                              err) &&
           metadata_get_int64(snapshot_field(values, SNAPSHOT_TIMESTAMP), &s->timestamp_ms, err) &&
           metadata_opt_int32(snapshot_field(values, SNAPSHOT_SCHEMA_ID), &s->schema_id, err) &&
           metadata_opt_int64(snapshot_field(values, SNAPSHOT_FIRST_ROW_ID), &s->first_row_id,
                              err) &&
           metadata_opt_int64(snapshot_field(values, SNAPSHOT_ADDED_ROWS), &s->added_rows, err);
}

/* Where its manifests are: a list file, or (v1) the manifests themselves; and what it did. */
static bool snapshot_parts_check(const struct slice *values, struct error *err)
{
    struct metadata_field summary = snapshot_field(values, SNAPSHOT_SUMMARY);
    if (summary.value.ptr)
        TRY(metadata_require_kind(summary, '{', err));
    struct metadata_field list = snapshot_field(values, SNAPSHOT_MANIFEST_LIST);
    struct metadata_field manifests = snapshot_field(values, SNAPSHOT_MANIFESTS);
    if (!list.value.ptr && manifests.value.ptr)
        return metadata_require_kind(manifests, '[', err);
    return metadata_require_kind(list, '"', err);
}

static bool snapshot_number_check(const struct table_metadata *metadata,
                                  const struct table_snapshot *s, struct error *err)
{
    return s->sequence_number <= metadata->last_sequence_number ||
           error_set(err, ERROR_BAD_REQUEST,
                     "snapshot %lld has sequence number %lld, greater than the "
                     "last-sequence-number %lld",
                     (long long)s->snapshot_id, (long long)s->sequence_number,
                     (long long)metadata->last_sequence_number);
}

static bool snapshot_numbers_check(const struct table_metadata *metadata,
                                   const struct table_snapshot *s, const struct slice *values,
                                   struct error *err)
{
    TRY(snapshot_number_check(metadata, s, err));
    bool has_first = !metadata_field_is_absent(snapshot_field(values, SNAPSHOT_FIRST_ROW_ID));
    bool has_added = !metadata_field_is_absent(snapshot_field(values, SNAPSHOT_ADDED_ROWS));
    if ((has_first && s->first_row_id < 0) || (has_added && s->added_rows < 0))
        return error_set(err, ERROR_BAD_REQUEST,
                         "snapshot %lld: first-row-id and added-rows cannot be negative",
                         (long long)s->snapshot_id);
    if (has_first && !has_added)
        return error_set(err, ERROR_BAD_REQUEST,
                         "snapshot %lld: added-rows is required where first-row-id is set",
                         (long long)s->snapshot_id);
    return true;
}

static bool snapshot_read(void *context, struct slice element, struct error *err)
{
    struct list_reader *reader = context;
    struct slice values[SNAPSHOT_FIELD_COUNT];
    TRY(metadata_fields_read(element, "snapshots", SNAPSHOT_FIELDS, SNAPSHOT_FIELD_COUNT, values,
                             err));
    struct table_snapshot snapshot = {
        .parent_id = NO_SNAPSHOT,
        .schema_id = -1,
        .first_row_id = NO_ROW_ID,
        .added_rows = NO_ROW_ID,
        .text = element,
    };
    TRY(snapshot_numbers_read(values, &snapshot, err));
    TRY(snapshot_parts_check(values, err));
    TRY(snapshot_numbers_check(reader->metadata, &snapshot, values, err));
    buffer_append(&reader->entries, &snapshot, sizeof(snapshot));
    return true;
}

static int snapshot_compare(const void *left, const void *right)
{
    const struct table_snapshot *const *a = left;
    const struct table_snapshot *const *b = right;
    return ((*a)->snapshot_id > (*b)->snapshot_id) - ((*a)->snapshot_id < (*b)->snapshot_id);
}

/* Sorts the base's `kept` snapshots, whose order by id is known, in among the others up to `count`,
 * which stand sorted at the end of the index. No slot is written before the one that stood there
 * was taken. */
static void kept_merge(const struct list_reader *reader, const struct table_snapshot **index,
                       size_t kept, size_t count)
{
    const struct table_metadata *metadata = reader->metadata;
    size_t other = kept, next = 0;
    for (size_t i = 0; i < kept; i++) {
        size_t place = (size_t)(reader->base->snapshots_by_id[i] - reader->base->snapshots);
        const struct table_snapshot *snapshot = &metadata->snapshots[place];
        while (other < count && index[other]->snapshot_id < snapshot->snapshot_id)
            index[next++] = index[other++];
        index[next++] = snapshot;
    }
}

static bool is_twice(int64_t snapshot_id, struct error *err)
{
    return error_set(err, ERROR_BAD_REQUEST, "snapshots: snapshot-id %lld is there twice",
                     (long long)snapshot_id);
}

/* None of those that were read is shared, too. */
static bool shared_check(const struct table_metadata *metadata, size_t kept, size_t count,
                         struct error *err)
{
    for (size_t i = kept; table_metadata_shared_snapshots(metadata) > 0 && i < count; i++)
        if (table_metadata_snapshot(metadata->origin, metadata->snapshots[i].snapshot_id))
            return is_twice(metadata->snapshots[i].snapshot_id, err);
    return true;
}

/* The index of own snapshots by id, and with it the rule that no id is listed twice. */
static bool snapshots_index(const struct list_reader *reader, size_t kept, size_t count,
                            struct error *err)
{
    struct table_metadata *metadata = reader->metadata;
    if (count == 0)
        return true;
    const struct table_snapshot **index = arena_alloc(&metadata->arena, count * sizeof(*index));
    if (!index)
        return error_no_memory(err, "table metadata");
    for (size_t i = kept; i < count; i++)
        index[i] = &metadata->snapshots[i];
    if (kept < count)
        qsort(index + kept, count - kept, sizeof(*index), snapshot_compare);
    kept_merge(reader, index, kept, count);
    for (size_t i = 1; kept < count && i < count; i++)
        if (index[i]->snapshot_id == index[i - 1]->snapshot_id)
            return is_twice(index[i]->snapshot_id, err);
    metadata->snapshots_by_id = index;
    return shared_check(metadata, kept, count, err);
}

/* The one check of a snapshot that depends on the rest of the metadata: where it may turn out
 * otherwise than for the base, what was copied is read, and what is shared looked at, again. */
static bool numbers_look(struct list_reader *reader, struct error *err)
{
    struct table_metadata *metadata = reader->metadata;
    struct table_copied_list *copied = &reader->copied;
    bool has_kept = copied->is_shared || copied->origin.len + copied->from.len > 0;
    if (!has_kept || metadata->last_sequence_number >= reader->base->last_sequence_number)
        return true;
    for (size_t i = 0; i < table_metadata_shared_snapshots(metadata); i++)
        TRY(snapshot_number_check(metadata, &metadata->origin->snapshots[i], err));
    copied->at -= copied->origin.len;
    copied->origin = copied->from = SLICE_EMPTY;
    return true;
}

static void snapshots_move(const struct list_reader *reader, size_t origin_count, size_t count)
{
    struct table_snapshot *snapshots = reader->metadata->snapshots;
    for (size_t i = 0; i < origin_count; i++)
        snapshots[i].text.ptr = moved_origin(reader, snapshots[i].text.ptr);
    for (size_t i = origin_count; i < count; i++)
        snapshots[i].text.ptr = moved(reader, snapshots[i].text.ptr);
}

static bool snapshots_read(struct list_reader *reader, struct error *err)
{
    struct table_metadata *metadata = reader->metadata;
    const struct table_metadata *base = reader->base;
    struct kept_entries kept = {.origin = NULL};
    void *entries = NULL;
    TRY(numbers_look(reader, err));
    size_t from_origin = reader->copied.origin.len > 0 ? base->origin->snapshot_count : 0;
    size_t from_base = reader->copied.from.len > 0
                           ? base->snapshot_count - table_metadata_shared_snapshots(base)
                           : 0;
    kept = (struct kept_entries){
        .origin = from_origin > 0 ? base->origin->snapshots : NULL,
        .own = from_base > 0 ? base->snapshots : NULL,
        .origin_size = from_origin * sizeof(struct table_snapshot),
        .own_size = from_base * sizeof(struct table_snapshot),
    };
    TRY(elements_read(reader, TABLE_MEMBER_SNAPSHOTS, snapshot_read, err));
    TRY(entries_settle(reader, &kept, &entries, err));
    metadata->snapshots = entries;
    size_t count =
        from_origin + from_base + reader->entries.len / sizeof(struct table_snapshot);
    metadata->snapshot_count = table_metadata_shared_snapshots(metadata) + count;
    snapshots_move(reader, from_origin, from_origin + from_base);
    /* Two orders by id are not merged: that is rare, and a sort will do. */
    return snapshots_index(reader, from_origin > 0 ? 0 : from_base, count, err);
}

/* True where `later` is more than the tolerated skew before `earlier`. */
static bool is_out_of_order(int64_t earlier, int64_t later)
{
    return earlier >= INT64_MIN + CLOCK_SKEW_MS && later < earlier - CLOCK_SKEW_MS;
}

static bool log_order_check(const char *list, int64_t earlier, int64_t later, struct error *err)
{
    if (!is_out_of_order(earlier, later))
        return true;
    return error_set(err, ERROR_BAD_REQUEST,
                     "%s: entries must be sorted, but timestamp-ms %lld follows %lld", list,
                     (long long)later, (long long)earlier);
}

static bool log_end_check(const struct table_metadata *metadata, const char *list, int64_t last,
                          struct error *err)
{
    if (!is_out_of_order(last, metadata->last_updated_ms))
        return true;
    return error_set(err, ERROR_BAD_REQUEST,
                     "last-updated-ms %lld is before the last entry of %s at %lld",
                     (long long)metadata->last_updated_ms, list, (long long)last);
}

static bool snapshot_log_entry_read(void *context, struct slice element, struct error *err)
{
    static const char *const NAMES[] = {"timestamp-ms", "snapshot-id"};
    struct list_reader *reader = context;
    struct slice values[2];
    struct snapshot_log_entry entry;
    TRY(metadata_fields_read(element, "snapshot-log", NAMES, 2, values, err));
    TRY(metadata_get_int64((struct metadata_field){"snapshot-log", NAMES[0], values[0]},
                           &entry.timestamp_ms, err));
    TRY(metadata_get_int64((struct metadata_field){"snapshot-log", NAMES[1], values[1]},
                           &entry.snapshot_id, err));
    buffer_append(&reader->entries, &entry, sizeof(entry));
    return true;
}

static struct kept_entries log_kept(const struct list_reader *reader)
{
    const struct table_metadata *base = reader->base;
    struct kept_entries kept = {.origin = NULL};
    if (reader->copied.origin.len > 0) {
        kept.origin = base->origin->snapshot_log;
        kept.origin_size = base->origin->snapshot_log_count * sizeof(struct snapshot_log_entry);
    }
    if (reader->copied.from.len > 0) {
        kept.own = base->snapshot_log;
        kept.own_size = (base->snapshot_log_count - table_metadata_shared_log(base)) *
                        sizeof(struct snapshot_log_entry);
    }
    return kept;
}

static bool snapshot_log_read(struct list_reader *reader, struct error *err)
{
    struct table_metadata *metadata = reader->metadata;
    void *entries = NULL;
    /* A null log is an empty one for the reference. */
    if (metadata_field_is_absent(table_member_field(metadata, TABLE_MEMBER_SNAPSHOT_LOG)))
        return true;
    struct kept_entries kept = log_kept(reader);
    size_t known = table_metadata_shared_log(metadata) +
                   (kept.origin_size + kept.own_size) / sizeof(struct snapshot_log_entry);
    TRY(elements_read(reader, TABLE_MEMBER_SNAPSHOT_LOG, snapshot_log_entry_read, err));
    TRY(entries_settle(reader, &kept, &entries, err));
    metadata->snapshot_log = entries;
    metadata->snapshot_log_count = known + reader->entries.len / sizeof(struct snapshot_log_entry);
    for (size_t i = known > 0 ? known : 1; i < metadata->snapshot_log_count; i++)
        TRY(log_order_check("snapshot-log", table_metadata_log_at(metadata, i - 1)->timestamp_ms,
                            table_metadata_log_at(metadata, i)->timestamp_ms, err));
    if (metadata->snapshot_log_count == 0)
        return true;
    size_t last = metadata->snapshot_log_count - 1;
    return log_end_check(metadata, "snapshot-log",
                         table_metadata_log_at(metadata, last)->timestamp_ms, err);
}

/* The spelling that we write, and most of the lines of most tables: a full log has a hundred, which
 * took an eighth of a commit's instructions when each was read as just any object. False says
 * nothing of the element, but that it is spelled otherwise. */
static bool plain_entry_read(struct slice element, struct metadata_log_entry *ret_entry)
{
    const struct slice time_key = SLICE_LITERAL("{\"timestamp-ms\":");
    const struct slice file_key = SLICE_LITERAL(",\"metadata-file\":\"");
    if (!slice_starts_with(element, time_key))
        return false;
    struct slice rest = slice_from(element, time_key.len);
    size_t digits = slice_find(rest, ',');
    int64_t timestamp_ms = 0;
    if (digits == 0 || rest.ptr[0] == '-' ||
        !slice_to_int64(slice_make(rest.ptr, digits), &timestamp_ms))
        return false;
    rest = slice_from(rest, digits);
    if (!slice_starts_with(rest, file_key))
        return false;
    rest = slice_from(rest, file_key.len);
    size_t size = json_plain_size(rest);
    if (!slice_equals_string(slice_from(rest, size), "\"}"))
        return false;
    *ret_entry = (struct metadata_log_entry){.timestamp_ms = timestamp_ms,
                                             .metadata_file = slice_make(rest.ptr, size)};
    return true;
}

static bool any_entry_read(struct list_reader *reader, struct slice element,
                           struct metadata_log_entry *ret_entry, struct error *err)
{
    static const char *const NAMES[] = {"timestamp-ms", "metadata-file"};
    struct slice values[2];
    struct metadata_log_entry entry = {0};
    TRY(metadata_fields_read(element, "metadata-log", NAMES, 2, values, err));
    TRY(metadata_get_int64((struct metadata_field){"metadata-log", NAMES[0], values[0]},
                           &entry.timestamp_ms, err));
    TRY(metadata_get_string((struct metadata_field){"metadata-log", NAMES[1], values[1]},
                            &reader->metadata->arena, &entry.metadata_file, err));
    *ret_entry = entry;
    return true;
}

static bool metadata_log_entry_read(void *context, struct slice element, struct error *err)
{
    struct list_reader *reader = context;
    struct metadata_log_entry entry;
    if (!plain_entry_read(element, &entry))
        TRY(any_entry_read(reader, element, &entry, err));
    entry.text = element;
    buffer_append(&reader->entries, &entry, sizeof(entry));
    return true;
}

/* A file's name is a view into its element's text, or unescaped in the base's arena. */
static bool log_entry_move(struct list_reader *reader, struct metadata_log_entry *entry,
                           struct error *err)
{
    uintptr_t file = (uintptr_t)entry->metadata_file.ptr;
    uintptr_t text = (uintptr_t)entry->text.ptr;
    bool is_view = file >= text && file - text < entry->text.len;
    entry->text.ptr = moved(reader, entry->text.ptr);
    if (is_view)
        entry->metadata_file.ptr = moved(reader, entry->metadata_file.ptr);
    else
        entry->metadata_file = arena_slice(&reader->metadata->arena, entry->metadata_file);
    return entry->metadata_file.ptr ? true : error_no_memory(err, "table metadata");
}

static bool metadata_log_settle(struct list_reader *reader, size_t kept, struct error *err)
{
    struct table_metadata *metadata = reader->metadata;
    void *entries = NULL;
    const struct kept_entries own = {
        .own = kept > 0 ? reader->base->metadata_log + reader->copied.first : NULL,
        .own_size = kept * sizeof(struct metadata_log_entry),
    };
    TRY(entries_settle(reader, &own, &entries, err));
    metadata->metadata_log = entries;
    metadata->metadata_log_count = kept + reader->entries.len / sizeof(struct metadata_log_entry);
    for (size_t i = 0; i < kept; i++)
        TRY(log_entry_move(reader, &metadata->metadata_log[i], err));
    return true;
}

static bool metadata_log_read(struct list_reader *reader, struct error *err)
{
    struct table_metadata *metadata = reader->metadata;
    if (metadata_field_is_absent(table_member_field(metadata, TABLE_MEMBER_METADATA_LOG)))
        return true;
    size_t kept =
        reader->copied.from.len > 0 ? reader->base->metadata_log_count - reader->copied.first : 0;
    TRY(elements_read(reader, TABLE_MEMBER_METADATA_LOG, metadata_log_entry_read, err));
    TRY(metadata_log_settle(reader, kept, err));
    for (size_t i = kept > 0 ? kept : 1; i < metadata->metadata_log_count; i++)
        TRY(log_order_check("metadata-log", metadata->metadata_log[i - 1].timestamp_ms,
                            metadata->metadata_log[i].timestamp_ms, err));
    if (metadata->metadata_log_count == 0)
        return true;
    size_t last = metadata->metadata_log_count - 1;
    return log_end_check(metadata, "metadata-log", metadata->metadata_log[last].timestamp_ms, err);
}

/* Runs one list's reader with a scratch buffer of its own. */
static bool list_read(struct table_metadata *metadata, const struct table_copied *copied,
                      enum table_list list,
                      bool (*read)(struct list_reader *reader, struct error *err),
                      struct error *err)
{
    struct list_reader reader = {.metadata = metadata,
                                 .base = copied->base,
                                 .copied = copied->lists[list]};
    buffer_init(&reader.entries, LIST_CEILING);
    bool ok = read(&reader, err);
    buffer_finish(&reader.entries);
    return ok;
}

bool table_metadata_read_lists(struct table_metadata *metadata, const struct table_copied *copied,
                               struct error *err)
{
    return list_read(metadata, copied, TABLE_LIST_SNAPSHOTS, snapshots_read, err) &&
           list_read(metadata, copied, TABLE_LIST_SNAPSHOT_LOG, snapshot_log_read, err) &&
           list_read(metadata, copied, TABLE_LIST_METADATA_LOG, metadata_log_read, err);
}
