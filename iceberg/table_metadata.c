/*
 * Parsing goes over the text once to find the top-level members, and once more over those whose
 * content counts. Rules that tie members together are checked where the later one is read:
 *
 *   members → scalars → lists (snapshots need last-sequence-number) → ids → refs and the rest
 *
 * Where the text was made from a base's, what was copied of the lists is passed over in both goes:
 * it was read, and what holds for it was checked, when the base was.
 *
 * What a reader of the reference implementation would refuse is refused here, so that a table which
 * can be loaded from us can be opened by its clients.
 */
#include "iceberg/table_metadata.h"

#include <assert.h>
#include <stdlib.h>

#include "base/limits.h"
#include "iceberg/table_metadata_parts.h"

/* The arrays take about as much as the text of the entries they stand for, and never twice that. */
#define INDEX_CEILING (2 * MAX_METADATA_SIZE)

static const char *const MEMBER_NAMES[TABLE_MEMBER_COUNT] = {
#define X(enumerator, name) name,
    TABLE_METADATA_MEMBERS(X)
#undef X
};

const char *table_member_name(enum table_member member)
{
    return MEMBER_NAMES[member];
}

struct metadata_field table_member_field(const struct table_metadata *metadata,
                                         enum table_member member)
{
    return (struct metadata_field){NULL, MEMBER_NAMES[member], metadata->members[member]};
}

static int unknown_compare(const void *left, const void *right)
{
    const struct unknown_member *a = left;
    const struct unknown_member *b = right;
    return slice_compare(a->name, b->name);
}

/* Two members of one name: readers differ in which of them counts. `members` is a copy to sort. */
static bool unknown_check_unique(struct unknown_member *members, size_t count, struct error *err)
{
    if (count > 1)
        qsort(members, count, sizeof(*members), unknown_compare);
    for (size_t i = 1; i < count; i++) {
        if (slice_equals(members[i].name, members[i - 1].name))
            return error_set(err, ERROR_BAD_REQUEST, "'%.*s' is there twice",
                             SLICE_ARG(members[i].name));
    }
    return true;
}

/* Keeps the unknown members in the order of the text. `found` holds them, and is sorted. */
static bool unknown_keep(struct table_metadata *metadata, struct buffer *found, struct error *err)
{
    TRY(buffer_check(found, "table metadata", err));
    size_t count = found->len / sizeof(struct unknown_member);
    if (count == 0)
        return true;
    metadata->unknown = arena_alloc(&metadata->arena, found->len);
    if (!metadata->unknown)
        return error_no_memory(err, "table metadata");
    memcpy(metadata->unknown, found->ptr, found->len);
    metadata->unknown_count = count;
    return unknown_check_unique((struct unknown_member *)(void *)found->ptr, count, err);
}

/* Puts a member into its place, or into `unknown`. */
static bool member_place(struct table_metadata *metadata, const struct json_member *member,
                         struct buffer *unknown, struct error *err)
{
    for (size_t i = 0; i < TABLE_MEMBER_COUNT; i++) {
        if (!metadata_name_is(member->name, MEMBER_NAMES[i]))
            continue;
        if (metadata->members[i].ptr)
            return error_set(err, ERROR_BAD_REQUEST, "'%s' is there twice", MEMBER_NAMES[i]);
        metadata->members[i] = member->value;
        return true;
    }
    struct unknown_member kept = {member->name, member->value};
    buffer_append(unknown, &kept, sizeof(kept));
    return true;
}

static bool members_walk(struct table_metadata *metadata, const struct table_copied *copied,
                         struct buffer *unknown, struct error *err)
{
    struct json_known known[TABLE_LIST_COUNT];
    struct json_cursor cursor;
    TRY(json_object_open(blob_slice(metadata->blob), &cursor, err));
    cursor.known = known;
    for (size_t i = 0; i < TABLE_LIST_COUNT; i++) {
        const struct table_copied_list *list = &copied->lists[i];
        size_t size = list->origin.len + list->from.len;
        if (list->is_shared || size > 0)
            known[cursor.known_count++] = (struct json_known){list->at - list->origin.len, size};
    }
    for (;;) {
        struct json_member member;
        bool more;
        TRY(json_object_next(&cursor, &member, &more, err));
        if (!more)
            return unknown_keep(metadata, unknown, err);
        TRY(member_place(metadata, &member, unknown, err));
    }
}

/* What was copied begins and ends at a bracket or comma, so the parts tell of the whole. */
static bool is_utf8(struct slice text, const struct table_copied *copied)
{
    size_t at = 0;
    for (size_t i = 0; i < TABLE_LIST_COUNT; i++) {
        const struct table_copied_list *list = &copied->lists[i];
        size_t start = list->at - list->origin.len;
        if (list->origin.len + list->from.len == 0)
            continue;
        assert(at <= start && list->at + list->from.len <= text.len);
        if (!slice_is_utf8(slice_make(text.ptr + at, start - at)))
            return false;
        at = list->at + list->from.len;
    }
    return slice_is_utf8(slice_from(text, at));
}

static bool members_index(struct table_metadata *metadata, const struct table_copied *copied,
                          struct error *err)
{
    if (!is_utf8(blob_slice(metadata->blob), copied))
        return error_set(err, ERROR_BAD_REQUEST, "the text is not UTF-8");
    struct buffer unknown;
    buffer_init(&unknown, INDEX_CEILING);
    bool ok = members_walk(metadata, copied, &unknown, err);
    buffer_finish(&unknown);
    return ok;
}

static bool elements_visit(struct json_cursor *cursor, table_element_fn visit, void *context,
                           struct error *err)
{
    for (;;) {
        struct slice element;
        bool more;
        TRY(json_array_next(cursor, &element, &more, err));
        if (!more)
            return true;
        TRY(visit(context, element, err));
    }
}

bool table_member_each(const struct table_metadata *metadata, enum table_member member,
                       table_element_fn visit, void *context, struct error *err)
{
    struct json_cursor cursor;
    struct metadata_field field = table_member_field(metadata, member);
    if (!field.value.ptr)
        return true;
    TRY(metadata_require_kind(field, '[', err));
    TRY(json_array_open(field.value, &cursor, err));
    return elements_visit(&cursor, visit, context, err);
}

bool table_member_each_new(const struct table_metadata *metadata, enum table_member member,
                           size_t known, table_element_fn visit, void *context, struct error *err)
{
    struct json_cursor cursor;
    TRY(json_array_open(metadata->members[member], &cursor, err));
    json_array_pass(&cursor, known);
    return elements_visit(&cursor, visit, context, err);
}

static bool version_read(struct table_metadata *metadata, struct error *err)
{
    int32_t version;
    TRY(metadata_get_int32(table_member_field(metadata, TABLE_MEMBER_FORMAT_VERSION), &version,
                           err));
    if (version < 1 || version > TABLE_FORMAT_VERSION_MAX)
        return error_set(err, ERROR_BAD_REQUEST,
                         "cannot read unsupported version %d (format-version must be 1 to %d)",
                         version, TABLE_FORMAT_VERSION_MAX);
    metadata->format_version = version;
    return true;
}

/* As Java does it: all trailing slashes, but not those of "scheme://". */
static struct slice location_strip(struct slice location)
{
    while (location.len > 0 && location.ptr[location.len - 1] == '/' &&
           !slice_ends_with(location, SLICE_LITERAL("://")))
        location.len--;
    return location;
}

static bool texts_read(struct table_metadata *metadata, struct error *err)
{
    struct metadata_field uuid = table_member_field(metadata, TABLE_MEMBER_TABLE_UUID);
    metadata->uuid = SLICE_EMPTY;
    if (!metadata_field_is_absent(uuid))
        TRY(metadata_get_string(uuid, &metadata->arena, &metadata->uuid, err));
    if (metadata->uuid.len == 0 && metadata->format_version > 1)
        return error_set(err, ERROR_BAD_REQUEST, "table-uuid is required in format v%d",
                         metadata->format_version);
    struct slice location;
    TRY(metadata_get_string(table_member_field(metadata, TABLE_MEMBER_LOCATION), &metadata->arena,
                            &location, err));
    metadata->location = location_strip(location);
    return true;
}

static bool numbers_read(struct table_metadata *metadata, struct error *err)
{
    struct metadata_field sequence =
        table_member_field(metadata, TABLE_MEMBER_LAST_SEQUENCE_NUMBER);
    struct metadata_field next_row = table_member_field(metadata, TABLE_MEMBER_NEXT_ROW_ID);
    /* Appendix C: v1 has no sequence numbers, a reader takes them as 0. */
    if (metadata->format_version > 1)
        TRY(metadata_get_int64(sequence, &metadata->last_sequence_number, err));
    if (metadata->format_version > 2)
        TRY(metadata_get_int64(next_row, &metadata->next_row_id, err));
    TRY(metadata_get_int64(table_member_field(metadata, TABLE_MEMBER_LAST_UPDATED_MS),
                           &metadata->last_updated_ms, err));
    TRY(metadata_get_int32(table_member_field(metadata, TABLE_MEMBER_LAST_COLUMN_ID),
                           &metadata->last_column_id, err));
    metadata->current_snapshot_id = NO_SNAPSHOT;
    return metadata_opt_int64(table_member_field(metadata, TABLE_MEMBER_CURRENT_SNAPSHOT_ID),
                              &metadata->current_snapshot_id, err);
}

static bool metadata_read(struct table_metadata *metadata, const struct table_copied *copied,
                          struct error *err)
{
    return members_index(metadata, copied, err) && version_read(metadata, err) &&
           texts_read(metadata, err) && numbers_read(metadata, err) &&
           table_metadata_read_lists(metadata, copied, err) &&
           table_metadata_read_ids(metadata, err) && table_metadata_check_rest(metadata, err);
}

bool table_metadata_parse(struct blob *blob, struct table_metadata **ret_metadata,
                          struct error *err)
{
    const struct table_copied nothing = {.base = NULL};
    return table_metadata_parse_next(blob, &nothing, ret_metadata, err);
}

static void share(struct table_metadata *metadata, const struct table_copied *copied)
{
    if (!copied->origin)
        return;
    assert(!copied->origin->origin);
    metadata->origin = table_metadata_ref(copied->origin);
    for (size_t i = 0; i < TABLE_LIST_COUNT; i++)
        metadata->shared_at[i] = copied->lists[i].is_shared ? copied->lists[i].at : 0;
}

bool table_metadata_parse_next(struct blob *blob, const struct table_copied *copied,
                               struct table_metadata **ret_metadata, struct error *err)
{
    struct table_metadata *metadata = calloc(1, sizeof(*metadata));
    if (!metadata)
        return error_no_memory(err, "table metadata");
    atomic_init(&metadata->references, 1);
    metadata->blob = blob_ref(blob);
    arena_init(&metadata->arena, INDEX_CEILING);
    share(metadata, copied);
    if (!metadata_read(metadata, copied, err)) {
        table_metadata_unref(metadata);
        return error_prefix(err, "Invalid table metadata");
    }
    *ret_metadata = metadata;
    return true;
}

struct table_metadata *table_metadata_ref(struct table_metadata *metadata)
{
    atomic_fetch_add_explicit(&metadata->references, 1, memory_order_relaxed);
    return metadata;
}

void table_metadata_unref(struct table_metadata *metadata)
{
    if (!metadata)
        return;
    if (atomic_fetch_sub_explicit(&metadata->references, 1, memory_order_acq_rel) > 1)
        return;
    arena_finish(&metadata->arena);
    blob_unref(metadata->blob);
    table_metadata_unref(metadata->origin);
    free(metadata);
}

bool table_metadata_property(const struct table_metadata *metadata, const char *name,
                             struct arena *arena, struct slice *ret_value, struct error *err)
{
    struct slice properties = metadata->members[TABLE_MEMBER_PROPERTIES];
    struct slice value = {NULL, 0};
    if (properties.ptr)
        TRY(json_object_find(properties, name, &value, err));
    if (!value.ptr) {
        *ret_value = value;
        return true;
    }
    return json_value_string(value, arena, ret_value, err);
}
