/*
 * What ties refs, current snapshot, properties, statistics and keys together. Nothing is kept of
 * them but the verdict: they are read again where they are needed.
 */
#include "iceberg/table_metadata_parts.h"

enum ref_field {
    REF_SNAPSHOT_ID,
    REF_TYPE,
    REF_MIN_SNAPSHOTS,
    REF_MAX_SNAPSHOT_AGE,
    REF_MAX_REF_AGE,
    REF_FIELD_COUNT
};

static const char *const REF_FIELDS[REF_FIELD_COUNT] = {
    "snapshot-id", "type", "min-snapshots-to-keep", "max-snapshot-age-ms", "max-ref-age-ms",
};

static struct metadata_field ref_field(const struct slice *values, enum ref_field field)
{
    return (struct metadata_field){"refs", REF_FIELDS[field], values[field]};
}

/* Specification, "Snapshot References": retention counts are positive, a tag has only its own. */
static bool ref_retention_check(const struct slice *values, bool is_tag, struct error *err)
{
    for (int i = REF_MIN_SNAPSHOTS; i < REF_FIELD_COUNT; i++) {
        struct metadata_field field = ref_field(values, (enum ref_field)i);
        int64_t value = 1;
        TRY(metadata_opt_int64(field, &value, err));
        if (value <= 0)
            return error_set(err, ERROR_BAD_REQUEST, "refs: %s must be greater than 0", field.name);
        if (is_tag && i != REF_MAX_REF_AGE && !metadata_field_is_absent(field))
            return error_set(err, ERROR_BAD_REQUEST, "refs: a tag cannot have %s", field.name);
    }
    return true;
}

static bool ref_type_check(const struct slice *values, struct error *err)
{
    struct metadata_field field = ref_field(values, REF_TYPE);
    /* Both words are plain ASCII, so the raw text is compared; nobody escapes them. */
    TRY(metadata_require_kind(field, '"', err));
    struct slice type = slice_make(field.value.ptr + 1, field.value.len - 2);
    bool is_tag = slice_equals_ignore_case(type, SLICE_LITERAL("tag"));
    if (!is_tag && !slice_equals_ignore_case(type, SLICE_LITERAL("branch")))
        return error_set(err, ERROR_BAD_REQUEST, "refs: type must be 'branch' or 'tag'");
    return ref_retention_check(values, is_tag, err);
}

/* The main branch and current-snapshot-id are two spellings of one fact. */
static bool ref_main_check(const struct table_metadata *metadata, int64_t snapshot_id,
                           struct error *err)
{
    if (metadata->current_snapshot_id == snapshot_id)
        return true;
    if (metadata->current_snapshot_id == NO_SNAPSHOT)
        return error_set(err, ERROR_BAD_REQUEST,
                         "current-snapshot-id is not set, but the main branch exists");
    return error_set(err, ERROR_BAD_REQUEST,
                     "current-snapshot-id %lld does not match the main branch at %lld",
                     (long long)metadata->current_snapshot_id, (long long)snapshot_id);
}

static bool ref_check(const struct table_metadata *metadata, const struct json_member *ref,
                      struct error *err)
{
    struct slice values[REF_FIELD_COUNT];
    int64_t snapshot_id;
    TRY(metadata_fields_read(ref->value, "refs", REF_FIELDS, REF_FIELD_COUNT, values, err));
    TRY(metadata_get_int64(ref_field(values, REF_SNAPSHOT_ID), &snapshot_id, err));
    TRY(ref_type_check(values, err));
    if (!table_metadata_snapshot(metadata, snapshot_id))
        return error_set(err, ERROR_BAD_REQUEST,
                         "refs: '%.*s' names snapshot %lld, which is not among the snapshots",
                         SLICE_ARG(ref->name), (long long)snapshot_id);
    if (metadata_name_is(ref->name, "main"))
        return ref_main_check(metadata, snapshot_id, err);
    return true;
}

/* Calls `check` for each member of a table member that is an object, or not at all where it is not
 * there. */
static bool members_check(const struct table_metadata *metadata, enum table_member member,
                          bool (*check)(const struct table_metadata *metadata,
                                        const struct json_member *item, struct error *err),
                          struct error *err)
{
    struct metadata_field field = table_member_field(metadata, member);
    if (!field.value.ptr)
        return true;
    struct json_cursor cursor;
    TRY(metadata_require_kind(field, '{', err));
    TRY(json_object_open(field.value, &cursor, err));
    for (;;) {
        struct json_member item;
        bool more;
        TRY(json_object_next(&cursor, &item, &more, err));
        if (!more)
            return true;
        TRY(check(metadata, &item, err));
    }
}

static bool current_snapshot_check(struct table_metadata *metadata, struct error *err)
{
    int64_t current = metadata->current_snapshot_id;
    if (table_metadata_snapshot(metadata, current))
        return true;
    if (current >= 0)
        return error_set(err, ERROR_BAD_REQUEST,
                         "current-snapshot-id %lld is not among the snapshots", (long long)current);
    /* -1 means none, and the reference lets any other negative number pass as the same. */
    metadata->current_snapshot_id = NO_SNAPSHOT;
    return true;
}

static bool property_check(const struct table_metadata *metadata,
                           const struct json_member *property, struct error *err)
{
    (void)metadata;
    if (json_value_is_string(property->value))
        return true;
    return error_set(err, ERROR_BAD_REQUEST, "properties: '%.*s' must be a string",
                     SLICE_ARG(property->name));
}

/* A file of (partition) statistics: of some snapshot, listed or not, and somewhere. */
static bool statistics_check(void *context, struct slice element, struct error *err)
{
    static const char *const NAMES[] = {"snapshot-id", "statistics-path"};
    const char *list = context;
    struct slice values[2];
    int64_t snapshot_id;
    TRY(metadata_fields_read(element, list, NAMES, 2, values, err));
    TRY(metadata_get_int64((struct metadata_field){list, NAMES[0], values[0]}, &snapshot_id, err));
    return metadata_require_kind((struct metadata_field){list, NAMES[1], values[1]}, '"', err);
}

static bool key_check(void *context, struct slice element, struct error *err)
{
    static const char *const NAMES[] = {"key-id"};
    const char *list = context;
    struct slice value;
    TRY(metadata_fields_read(element, list, NAMES, 1, &value, err));
    return metadata_require_kind((struct metadata_field){list, NAMES[0], value}, '"', err);
}

bool table_metadata_check_rest(struct table_metadata *metadata, struct error *err)
{
    char statistics[] = "statistics", partition_statistics[] = "partition-statistics";
    char keys[] = "encryption-keys";
    return members_check(metadata, TABLE_MEMBER_REFS, ref_check, err) &&
           current_snapshot_check(metadata, err) &&
           members_check(metadata, TABLE_MEMBER_PROPERTIES, property_check, err) &&
           table_member_each(metadata, TABLE_MEMBER_STATISTICS, statistics_check, statistics,
                             err) &&
           table_member_each(metadata, TABLE_MEMBER_PARTITION_STATISTICS, statistics_check,
                             partition_statistics, err) &&
           table_member_each(metadata, TABLE_MEMBER_ENCRYPTION_KEYS, key_check, keys, err);
}
