/*
 * Schemas, specs and orders are looked at only for their ids here: whether the current ones are
 * listed and none is listed twice. Their content is read by schema.h and its siblings on demand.
 */
#include "iceberg/table_metadata_parts.h"

/* Specification, "Partition Specs": v1 field ids count from 1000, so 999 is "none assigned". */
#define PARTITION_ID_BEFORE_FIRST 999
#define UNSORTED_ORDER_ID 0

/* The ids of one list's entries. */
struct id_reader {
    const char *list;
    const char *id_name;
    bool is_id_optional; /* a missing id is 0 */
    struct id_set ids;
    int32_t last_partition_id; /* the highest field id, where entries have "fields" */
};

/* Highest of the fields' ids. Old v1 specs have none: they count from 1000 in order. */
static bool fields_scan(struct slice fields, int32_t *highest, struct error *err)
{
    static const char *const NAMES[] = {"field-id"};
    struct json_cursor cursor;
    TRY(json_array_open(fields, &cursor, err));
    for (int32_t next = PARTITION_ID_BEFORE_FIRST + 1;; next++) {
        struct slice element, value;
        bool more;
        int32_t id = next;
        TRY(json_array_next(&cursor, &element, &more, err));
        if (!more)
            return true;
        TRY(metadata_fields_read(element, "partition spec fields", NAMES, 1, &value, err));
        struct metadata_field field = {"partition spec fields", NAMES[0], value};
        TRY(metadata_opt_int32(field, &id, err));
        if (id > *highest)
            *highest = id;
    }
}

static bool entry_read(void *context, struct slice element, struct error *err)
{
    struct id_reader *reader = context;
    const char *const names[] = {reader->id_name, "fields"};
    struct slice values[2];
    int32_t id = 0;
    TRY(metadata_fields_read(element, reader->list, names, 2, values, err));
    struct metadata_field id_field = {reader->list, reader->id_name, values[0]};
    struct metadata_field fields = {reader->list, "fields", values[1]};
    if (!reader->is_id_optional || !metadata_field_is_absent(id_field))
        TRY(metadata_get_int32(id_field, &id, err));
    TRY(metadata_require_kind(fields, '[', err));
    id_set_add(&reader->ids, id);
    /* Only specs have fields with a field-id; a schema's fields are none of our concern. */
    if (strcmp(reader->id_name, "spec-id") == 0)
        TRY(fields_scan(fields.value, &reader->last_partition_id, err));
    return true;
}

/* Reads a list's ids: not empty, none twice. The caller finishes reader->ids. */
static bool ids_read(const struct table_metadata *metadata, enum table_member member,
                     struct id_reader *reader, struct error *err)
{
    int64_t twice;
    reader->list = table_member_name(member);
    TRY(table_member_each(metadata, member, entry_read, reader, err));
    TRY(id_set_seal(&reader->ids, reader->list, err));
    if (id_set_count(&reader->ids) == 0)
        return error_set(err, ERROR_BAD_REQUEST, "%s must not be empty", reader->list);
    if (id_set_has_duplicate(&reader->ids, &twice))
        return error_set(err, ERROR_BAD_REQUEST, "%s: %s %lld is there twice", reader->list,
                         reader->id_name, (long long)twice);
    return true;
}

/* `name` is the member that holds `id`. */
static bool id_require(const struct id_reader *reader, const char *name, int32_t id,
                       struct error *err)
{
    if (id_set_has(&reader->ids, id))
        return true;
    return error_set(err, ERROR_BAD_REQUEST, "%s is %d, but %s has no entry with that %s", name, id,
                     reader->list, reader->id_name);
}

/* Appendix C: the lists came with v2; a v1 file may lack them. */
static bool require_v1(const struct table_metadata *metadata, enum table_member missing,
                       struct error *err)
{
    if (metadata->format_version == 1)
        return true;
    return error_set(err, ERROR_BAD_REQUEST, "%s is required in format v%d",
                     table_member_name(missing), metadata->format_version);
}

/* v1 without "schemas": "schema" is the only one, and the current one. */
static bool single_schema_read(struct table_metadata *metadata, struct error *err)
{
    static const char *const NAMES[] = {"schema-id"};
    struct slice value;
    struct metadata_field schema = table_member_field(metadata, TABLE_MEMBER_SCHEMA);
    TRY(require_v1(metadata, TABLE_MEMBER_SCHEMAS, err));
    TRY(metadata_require_kind(schema, '{', err));
    TRY(metadata_fields_read(schema.value, "schema", NAMES, 1, &value, err));
    return metadata_opt_int32((struct metadata_field){"schema", NAMES[0], value},
                              &metadata->current_schema_id, err);
}

static bool schemas_read(struct table_metadata *metadata, struct id_reader *reader,
                         struct error *err)
{
    if (!metadata->members[TABLE_MEMBER_SCHEMAS].ptr)
        return single_schema_read(metadata, err);
    struct metadata_field current = table_member_field(metadata, TABLE_MEMBER_CURRENT_SCHEMA_ID);
    reader->id_name = "schema-id";
    reader->is_id_optional = true;
    TRY(metadata_get_int32(current, &metadata->current_schema_id, err));
    TRY(ids_read(metadata, TABLE_MEMBER_SCHEMAS, reader, err));
    return id_require(reader, current.name, metadata->current_schema_id, err);
}

/* v1 without "partition-specs": "partition-spec" has the fields of spec 0. */
static bool single_spec_read(struct table_metadata *metadata, struct id_reader *reader,
                             struct error *err)
{
    struct metadata_field spec = table_member_field(metadata, TABLE_MEMBER_PARTITION_SPEC);
    TRY(require_v1(metadata, TABLE_MEMBER_PARTITION_SPECS, err));
    TRY(metadata_require_kind(spec, '[', err));
    metadata->default_spec_id = 0;
    return fields_scan(spec.value, &reader->last_partition_id, err);
}

static bool spec_list_read(struct table_metadata *metadata, struct id_reader *reader,
                           struct error *err)
{
    struct metadata_field current = table_member_field(metadata, TABLE_MEMBER_DEFAULT_SPEC_ID);
    reader->id_name = "spec-id";
    TRY(metadata_get_int32(current, &metadata->default_spec_id, err));
    TRY(ids_read(metadata, TABLE_MEMBER_PARTITION_SPECS, reader, err));
    return id_require(reader, current.name, metadata->default_spec_id, err);
}

static bool specs_read(struct table_metadata *metadata, struct id_reader *reader, struct error *err)
{
    reader->last_partition_id = PARTITION_ID_BEFORE_FIRST;
    if (metadata->members[TABLE_MEMBER_PARTITION_SPECS].ptr)
        TRY(spec_list_read(metadata, reader, err));
    else
        TRY(single_spec_read(metadata, reader, err));
    struct metadata_field last = table_member_field(metadata, TABLE_MEMBER_LAST_PARTITION_ID);
    metadata->last_partition_id = reader->last_partition_id;
    if (metadata_field_is_absent(last))
        return require_v1(metadata, TABLE_MEMBER_LAST_PARTITION_ID, err);
    return metadata_get_int32(last, &metadata->last_partition_id, err);
}

static bool orders_read(struct table_metadata *metadata, struct id_reader *reader,
                        struct error *err)
{
    metadata->default_sort_order_id = UNSORTED_ORDER_ID;
    if (!metadata->members[TABLE_MEMBER_SORT_ORDERS].ptr)
        return require_v1(metadata, TABLE_MEMBER_SORT_ORDERS, err);
    struct metadata_field current =
        table_member_field(metadata, TABLE_MEMBER_DEFAULT_SORT_ORDER_ID);
    reader->id_name = "order-id";
    TRY(metadata_get_int32(current, &metadata->default_sort_order_id, err));
    TRY(ids_read(metadata, TABLE_MEMBER_SORT_ORDERS, reader, err));
    /* Order 0 is reserved for "unsorted" and means the same where it is not listed. */
    if (metadata->default_sort_order_id == UNSORTED_ORDER_ID)
        return true;
    return id_require(reader, current.name, metadata->default_sort_order_id, err);
}

/* Runs one reader with an id set of its own. */
static bool list_read(struct table_metadata *metadata,
                      bool (*read)(struct table_metadata *metadata, struct id_reader *reader,
                                   struct error *err),
                      struct error *err)
{
    struct id_reader reader = {.is_id_optional = false};
    id_set_init(&reader.ids);
    bool ok = read(metadata, &reader, err);
    id_set_finish(&reader.ids);
    return ok;
}

bool table_metadata_read_ids(struct table_metadata *metadata, struct error *err)
{
    return list_read(metadata, schemas_read, err) && list_read(metadata, specs_read, err) &&
           list_read(metadata, orders_read, err);
}
