/*
 * Members come in the specification's order. What was not touched is the base's span; what the
 * base has beside the known members follows at the end, byte for byte. Members that readers of the
 * format version expect are written even where they are empty, as the reference does.
 */
#include "base/json_text.h"
#include "base/json_write.h"
#include "catalog/table_draft.h"

#define METADATA_PATH "write.metadata.path"
#define METADATA_CODEC "write.metadata.compression-codec"

struct table_writer {
    struct table_draft *draft;
    const struct draft_logs *logs;
    struct json_writer json;
    size_t start; /* of the text in json.out */
    struct table_metadata *origin; /* NULL: nothing is shared */
    struct table_copied copied;
};

static void write_key(struct table_writer *writer, enum table_member member)
{
    json_write_key(&writer->json, table_member_name(member));
}

static void write_int(struct table_writer *writer, enum table_member member, int64_t value)
{
    write_key(writer, member);
    json_write_int64(&writer->json, value);
}

static void write_items(struct table_writer *writer, const struct draft_list *list)
{
    json_write_array_begin(&writer->json);
    for (size_t i = 0; i < list->count; i++)
        json_write_raw(&writer->json, list->items[i].text);
    json_write_array_end(&writer->json);
}

/* A list that the base has not is loaded, for v1's sake (see table_draft_list.c). */
static bool write_list(struct table_writer *writer, struct draft_list *list, struct error *err)
{
    struct slice text = table_draft_member(writer->draft, list->member);
    bool is_raw = text.ptr && !list->is_changed;
    if (!is_raw)
        TRY(draft_list_load(writer->draft, list, err));
    if (list->member == TABLE_MEMBER_ENCRYPTION_KEYS && !is_raw && list->count == 0)
        return true;
    write_key(writer, list->member);
    if (is_raw)
        json_write_raw(&writer->json, text);
    else
        write_items(writer, list);
    return true;
}

static bool current_item(struct table_writer *writer, struct draft_list *list, int32_t id,
                         struct slice *ret_text, struct error *err)
{
    TRY(draft_list_load(writer->draft, list, err));
    size_t index = draft_list_find(list, id);
    if (index == NO_ITEM)
        return error_set(err, ERROR_VALIDATION, "%s has no %s %d", table_member_name(list->member),
                         list->id_name, id);
    *ret_text = list->items[index].text;
    return true;
}

/* Before lists of schemas there was one "schema"; readers of v1 may know no other. */
static bool write_v1_schema(struct table_writer *writer, struct error *err)
{
    struct table_draft *draft = writer->draft;
    struct slice text = SLICE_EMPTY;
    if (draft->format_version > 1)
        return true;
    TRY(current_item(writer, &draft->schemas, draft->current_schema_id, &text, err));
    write_key(writer, TABLE_MEMBER_SCHEMA);
    json_write_raw(&writer->json, text);
    return true;
}

static bool write_v1_spec(struct table_writer *writer, struct error *err)
{
    struct table_draft *draft = writer->draft;
    struct slice text = SLICE_EMPTY, fields = {NULL, 0};
    if (draft->format_version > 1)
        return true;
    TRY(current_item(writer, &draft->specs, draft->default_spec_id, &text, err));
    TRY(json_object_find(text, "fields", &fields, err));
    write_key(writer, TABLE_MEMBER_PARTITION_SPEC);
    json_write_raw(&writer->json, fields.ptr ? fields : SLICE_LITERAL("[]"));
    return true;
}

static void write_identity(struct table_writer *writer)
{
    const struct table_draft *draft = writer->draft;
    write_int(writer, TABLE_MEMBER_FORMAT_VERSION, draft->format_version);
    if (draft->uuid.len > 0) {
        write_key(writer, TABLE_MEMBER_TABLE_UUID);
        json_write_string(&writer->json, draft->uuid);
    }
    write_key(writer, TABLE_MEMBER_LOCATION);
    json_write_string(&writer->json, draft->location);
    if (draft->format_version > 1)
        write_int(writer, TABLE_MEMBER_LAST_SEQUENCE_NUMBER, draft->last_sequence_number);
    write_int(writer, TABLE_MEMBER_LAST_UPDATED_MS, draft->last_updated_ms);
}

static bool write_columns(struct table_writer *writer, struct error *err)
{
    struct table_draft *draft = writer->draft;
    write_int(writer, TABLE_MEMBER_LAST_COLUMN_ID, draft->last_column_id);
    TRY(write_v1_schema(writer, err));
    write_int(writer, TABLE_MEMBER_CURRENT_SCHEMA_ID, draft->current_schema_id);
    TRY(write_list(writer, &draft->schemas, err));
    TRY(write_v1_spec(writer, err));
    write_int(writer, TABLE_MEMBER_DEFAULT_SPEC_ID, draft->default_spec_id);
    TRY(write_list(writer, &draft->specs, err));
    write_int(writer, TABLE_MEMBER_LAST_PARTITION_ID, draft->last_partition_id);
    write_int(writer, TABLE_MEMBER_DEFAULT_SORT_ORDER_ID, draft->default_sort_order_id);
    return write_list(writer, &draft->orders, err);
}

static void write_object(struct table_writer *writer, enum table_member member, const json_t *tree)
{
    struct slice text = table_draft_member(writer->draft, member);
    write_key(writer, member);
    if (tree)
        json_write_tree(&writer->json, tree);
    else
        json_write_raw(&writer->json, text.ptr ? text : SLICE_LITERAL("{}"));
}

/* "None" is null from v3 on, and -1 before, where readers exist that take null for damage. */
static void write_current_snapshot(struct table_writer *writer)
{
    const struct table_draft *draft = writer->draft;
    write_key(writer, TABLE_MEMBER_CURRENT_SNAPSHOT_ID);
    if (draft->current_snapshot_id == NO_SNAPSHOT && draft->format_version >= 3)
        json_write_null(&writer->json);
    else
        json_write_int64(&writer->json, draft->current_snapshot_id);
    if (draft->format_version >= 3)
        write_int(writer, TABLE_MEMBER_NEXT_ROW_ID, draft->next_row_id);
}

static bool write_refs(struct table_writer *writer, struct error *err)
{
    struct table_draft *draft = writer->draft;
    json_t *refs = draft->refs;
    if (!table_draft_member(draft, TABLE_MEMBER_REFS).ptr)
        TRY(draft_refs(draft, &refs, err));
    write_object(writer, TABLE_MEMBER_REFS, refs);
    return true;
}

/* Opens the array, with elements of the base in it and those of its origin before them, and notes
 * where they are; the caller appends its own and closes it. */
static void append_begin(struct table_writer *writer, enum table_member member,
                         enum table_list list, struct table_copied_list kept)
{
    struct buffer *out = writer->json.out;
    write_key(writer, member);
    json_write_raw(&writer->json, SLICE_LITERAL("["));
    if (!kept.is_shared && kept.origin.len + kept.from.len == 0)
        return;
    buffer_append_slice(out, kept.origin);
    kept.at = out->len - writer->start;
    buffer_append_slice(out, kept.from);
    writer->copied.base = writer->draft->base;
    writer->copied.lists[list] = kept;
}

/* What has been added since lists are shared: from so much on they are put together once more. It
 * is copied by each commit until then, as the whole is then. */
static bool has_outgrown(const struct table_metadata *base, size_t share_from)
{
    size_t added = 0;
    for (enum table_list list = 0; list < TABLE_LIST_COUNT; list++)
        if (base->shared_at[list] > 0)
            added += table_metadata_own(base, list).len;
    return added * 2 >= share_from;
}

/* Whose lists the result shares: the base's origin's, or those of the base, if it has none. A blob
 * that is charged to a budget is not held for longer than its metadata is. */
static struct table_metadata *origin_choose(const struct table_draft *draft)
{
    struct table_metadata *base = draft->base;
    if (!base || draft->share_from == 0)
        return NULL;
    if (base->origin)
        return has_outgrown(base, draft->share_from) ? NULL : base->origin;
    return base->blob->budget ? NULL : base;
}

/* All elements that the base has of a list: shared where they are long or were shared before. */
static struct table_copied_list base_list(const struct table_writer *writer, enum table_list list)
{
    const struct table_metadata *base = writer->draft->base;
    struct table_metadata *origin = writer->origin;
    struct slice own = table_metadata_own(base, list), shared = table_metadata_shared(base, list);
    struct table_copied_list kept = {.origin = shared, .from = own};
    if (origin == base && own.len >= writer->draft->share_from)
        kept = (struct table_copied_list){.is_shared = true};
    else if (origin && shared.len > 0)
        kept = (struct table_copied_list){.from = own, .is_shared = true};
    return kept;
}

static void append_comma(struct table_writer *writer, bool has_item)
{
    if (has_item)
        buffer_append_byte(writer->json.out, ',');
}

static void write_snapshots_appended(struct table_writer *writer)
{
    const struct draft_snapshots *snapshots = &writer->draft->snapshots;
    size_t base_count = snapshots->count - snapshots->added_count;
    append_begin(writer, TABLE_MEMBER_SNAPSHOTS, TABLE_LIST_SNAPSHOTS,
                 base_count > 0 ? base_list(writer, TABLE_LIST_SNAPSHOTS)
                                : (struct table_copied_list){.first = 0});
    for (size_t i = 0; i < snapshots->added_count; i++) {
        append_comma(writer, base_count + i > 0);
        buffer_append_slice(writer->json.out, snapshots->added[i].text);
    }
    buffer_append_byte(writer->json.out, ']');
}

static void write_snapshots(struct table_writer *writer)
{
    const struct table_draft *draft = writer->draft;
    if (!draft->snapshots.has_removed) {
        write_snapshots_appended(writer);
        return;
    }
    write_key(writer, TABLE_MEMBER_SNAPSHOTS);
    json_write_array_begin(&writer->json);
    for (size_t i = 0; i < draft->snapshots.count; i++)
        if (!(draft_snapshot_flags(draft, i) & DRAFT_SNAPSHOT_REMOVED))
            json_write_raw(&writer->json, draft_snapshot_at(draft, i)->text);
    json_write_array_end(&writer->json);
}

static void append_log_entry(struct buffer *out, const struct snapshot_log_entry *entry)
{
    buffer_append_string(out, "{\"timestamp-ms\":");
    buffer_append_int64(out, entry->timestamp_ms);
    buffer_append_string(out, ",\"snapshot-id\":");
    buffer_append_int64(out, entry->snapshot_id);
    buffer_append_byte(out, '}');
}

static void write_snapshot_log(struct table_writer *writer)
{
    const struct table_draft *draft = writer->draft;
    const struct draft_logs *logs = writer->logs;
    bool is_new = logs->is_snapshot_log_rewritten;
    size_t base_count = is_new || !draft->base ? 0 : draft->base->snapshot_log_count;
    size_t count = is_new ? logs->snapshot_log_count : draft->log_added_count;
    const struct snapshot_log_entry *entries = is_new ? logs->snapshot_log : draft->log_added;
    append_begin(writer, TABLE_MEMBER_SNAPSHOT_LOG, TABLE_LIST_SNAPSHOT_LOG,
                 base_count > 0 ? base_list(writer, TABLE_LIST_SNAPSHOT_LOG)
                                : (struct table_copied_list){.first = 0});
    for (size_t i = 0; i < count; i++) {
        append_comma(writer, base_count + i > 0);
        append_log_entry(writer->json.out, &entries[i]);
    }
    buffer_append_byte(writer->json.out, ']');
}

static void append_metadata_entry(struct buffer *out, const struct metadata_log_entry *entry)
{
    buffer_append_string(out, "{\"timestamp-ms\":");
    buffer_append_int64(out, entry->timestamp_ms);
    buffer_append_string(out, ",\"metadata-file\":");
    json_append_string(out, entry->metadata_file);
    buffer_append_byte(out, '}');
}

/* The base's entries from `start` on, as they are. */
static struct slice metadata_entries(const struct table_writer *writer, size_t start)
{
    const struct table_metadata *base = writer->draft->base;
    if (!base || start == base->metadata_log_count)
        return SLICE_EMPTY;
    struct slice all = table_metadata_own(base, TABLE_LIST_METADATA_LOG);
    return start == 0 ? all
                      : slice_from(all, (size_t)(base->metadata_log[start].text.ptr - all.ptr));
}

static void write_metadata_log(struct table_writer *writer)
{
    const struct table_metadata *base = writer->draft->base;
    const struct draft_logs *logs = writer->logs;
    size_t base_count = base ? base->metadata_log_count : 0;
    size_t start = logs->metadata_log_start;
    append_begin(writer, TABLE_MEMBER_METADATA_LOG, TABLE_LIST_METADATA_LOG,
                 (struct table_copied_list){.first = start,
                                            .from = metadata_entries(writer, start)});
    if (logs->has_new_metadata_entry) {
        append_comma(writer, base_count > start);
        append_metadata_entry(writer->json.out, &logs->new_metadata_entry);
    }
    buffer_append_byte(writer->json.out, ']');
}

static void write_unknown(struct table_writer *writer)
{
    const struct table_metadata *base = writer->draft->base;
    for (size_t i = 0; base && i < base->unknown_count; i++) {
        append_comma(writer, true);
        buffer_append_byte(writer->json.out, '"');
        buffer_append_slice(writer->json.out, base->unknown[i].name);
        buffer_append_string(writer->json.out, "\":");
        buffer_append_slice(writer->json.out, base->unknown[i].value);
    }
}

static bool write_all(struct table_writer *writer, struct error *err)
{
    struct table_draft *draft = writer->draft;
    json_write_object_begin(&writer->json);
    write_identity(writer);
    TRY(write_columns(writer, err));
    write_object(writer, TABLE_MEMBER_PROPERTIES, draft->properties);
    write_current_snapshot(writer);
    TRY(write_list(writer, &draft->encryption_keys, err));
    TRY(write_refs(writer, err));
    write_snapshots(writer);
    TRY(write_list(writer, &draft->statistics, err));
    TRY(write_list(writer, &draft->partition_statistics, err));
    write_snapshot_log(writer);
    write_metadata_log(writer);
    write_unknown(writer);
    json_write_object_end(&writer->json);
    return buffer_check(writer->json.out, "table metadata", err);
}

static bool whole_check(struct table_draft *draft, struct error *err)
{
    if (draft->location.len == 0)
        return error_set(err, ERROR_VALIDATION, "Table location is required: send set-location");
    if (draft->uuid.len == 0 && draft->format_version > 1)
        return error_set(err, ERROR_VALIDATION, "UUID is required in format v%d: send assign-uuid",
                         draft->format_version);
    if (draft->format_version == 1 && draft->last_sequence_number != 0)
        return error_set(err, ERROR_VALIDATION, "Sequence number must be 0 in v1: %lld",
                         (long long)draft->last_sequence_number);
    return draft->base && !draft->needs_default_check ? true : draft_defaults_check(draft, err);
}

static bool result_make(struct table_draft *draft, const struct draft_logs *logs,
                        struct table_update_result *result, struct error *err)
{
    struct slice path;
    TRY(draft_logs_dropped(draft, logs, &result->dropped_metadata_files, &result->dropped_count,
                           err));
    result->location = arena_slice(draft->arena, draft->location);
    result->uuid = arena_slice(draft->arena, draft->uuid);
    TRY(draft_property(draft, METADATA_PATH, &path, err));
    result->metadata_directory = path.len > 0
                                     ? arena_slice(draft->arena, location_strip_slash(path))
                                     : arena_printf(draft->arena, "%.*s/metadata",
                                                    (int)draft->location.len, draft->location.ptr);
    TRY(draft_property(draft, METADATA_CODEC, &path, err));
    result->metadata_codec = arena_slice(draft->arena, path.ptr ? path : SLICE_EMPTY);
    if (!result->location.ptr || !result->uuid.ptr || !result->metadata_directory.ptr ||
        !result->metadata_codec.ptr)
        return error_no_memory(err, "table metadata");
    return true;
}

/* What is shared counts, too. */
static bool size_check(const struct table_writer *writer, struct error *err)
{
    const struct buffer *out = writer->json.out;
    size_t size = out->len - writer->start;
    for (enum table_list list = 0; list < TABLE_LIST_COUNT; list++)
        if (writer->copied.lists[list].is_shared)
            size += table_metadata_own(writer->origin, list).len;
    return size <= out->ceiling ||
           error_set(err, ERROR_TOO_LARGE,
                     "table metadata is larger than %zu bytes, the most that is allowed",
                     out->ceiling);
}

static bool shares_any(const struct table_copied *copied)
{
    bool any = false;
    for (size_t i = 0; i < TABLE_LIST_COUNT; i++)
        any = any || copied->lists[i].is_shared;
    return any;
}

bool table_draft_build(struct table_draft *draft, struct slice base_metadata_location,
                       struct buffer *out, struct table_update_result *ret_result,
                       struct error *err)
{
    struct table_update_result result = {.is_changed = draft->is_changed || !draft->base};
    struct draft_logs logs = {0};
    struct table_writer writer = {.draft = draft, .logs = &logs, .start = out->len};
    draft->location = location_strip_slash(draft->location);
    if (result.is_changed) {
        TRY(whole_check(draft, err));
        TRY(draft_logs_make(draft, base_metadata_location, &logs, err));
    }
    TRY(result_make(draft, &logs, &result, err));
    if (result.is_changed) {
        writer.origin = origin_choose(draft);
        json_writer_init(&writer.json, out);
        if (!write_all(&writer, err) || !size_check(&writer, err)) {
            buffer_truncate(out, writer.start);
            return false;
        }
        result.copied = writer.copied;
        result.copied.origin = shares_any(&writer.copied) ? writer.origin : NULL;
    }
    *ret_result = result;
    return true;
}
