/*
 * The refs-only form is the text with one list shortened: everything before and after the value
 * of "snapshots" is copied. Histories and statistics keep their entries of snapshots that are left
 * out, because a client that asked for refs takes them from this answer and fetches only snapshots
 * later.
 */
#include "iceberg/table_metadata_parts.h"

static bool ref_collect(const struct json_member *ref, struct id_set *ids, struct error *err)
{
    static const char *const NAMES[] = {"snapshot-id"};
    struct slice value;
    int64_t id;
    TRY(metadata_fields_read(ref->value, "refs", NAMES, 1, &value, err));
    TRY(metadata_get_int64((struct metadata_field){"refs", NAMES[0], value}, &id, err));
    id_set_add(ids, id);
    return true;
}

/* The ids of all snapshots that stay. The current one is among them also where no ref names it:
 * without it no client could open the table. */
static bool kept_collect(const struct table_metadata *metadata, struct id_set *ids,
                         struct error *err)
{
    struct slice refs = metadata->members[TABLE_MEMBER_REFS];
    struct json_cursor cursor;
    bool more = refs.ptr != NULL;
    id_set_add(ids, metadata->current_snapshot_id);
    if (more)
        TRY(json_object_open(refs, &cursor, err));
    while (more) {
        struct json_member ref;
        TRY(json_object_next(&cursor, &ref, &more, err));
        if (more)
            TRY(ref_collect(&ref, ids, err));
    }
    return id_set_seal(ids, "the refs of a table", err);
}

static void snapshots_write(const struct table_metadata *metadata, const struct id_set *kept,
                            struct buffer *out)
{
    bool is_first = true;
    buffer_append_byte(out, '[');
    for (size_t i = 0; i < metadata->snapshot_count; i++) {
        const struct table_snapshot *snapshot = table_metadata_snapshot_at(metadata, i);
        if (!id_set_has(kept, snapshot->snapshot_id))
            continue;
        if (!is_first)
            buffer_append_byte(out, ',');
        buffer_append_slice(out, snapshot->text);
        is_first = false;
    }
    buffer_append_byte(out, ']');
}

static size_t kept_count(const struct table_metadata *metadata, const struct id_set *kept)
{
    size_t count = 0;
    for (size_t i = 0; i < metadata->snapshot_count; i++)
        count += id_set_has(kept, table_metadata_snapshot_at(metadata, i)->snapshot_id);
    return count;
}

static void refs_text_write(const struct table_metadata *metadata, const struct id_set *kept,
                            struct buffer *out)
{
    struct table_text text;
    if (kept_count(metadata, kept) == metadata->snapshot_count) {
        table_metadata_text(metadata, &text);
        table_text_append(&text, out);
        return;
    }
    struct slice list = metadata->members[TABLE_MEMBER_SNAPSHOTS];
    size_t start = (size_t)(list.ptr - metadata->blob->bytes);
    table_metadata_text_range(metadata, 0, start, &text);
    table_text_append(&text, out);
    snapshots_write(metadata, kept, out);
    table_metadata_text_range(metadata, start + list.len, metadata->blob->size, &text);
    table_text_append(&text, out);
}

bool table_metadata_refs_text(const struct table_metadata *metadata, struct buffer *out,
                              struct error *err)
{
    struct id_set kept;
    id_set_init(&kept);
    bool ok = kept_collect(metadata, &kept, err);
    if (ok) {
        refs_text_write(metadata, &kept, out);
        ok = buffer_check(out, "the refs-only form of table metadata", err);
    }
    id_set_finish(&kept);
    return ok;
}
