/*
 * Updates of a table's identity, location, properties and encryption keys.
 */
#include "base/clock.h"
#include "base/json_tree.h"
#include "base/tree_copy.h"
#include "catalog/planning_mode.h"
#include "catalog/rebase_policy.h"
#include "catalog/table_draft.h"

bool property_is_reserved(const char *name)
{
    /* They tell readers of a table's properties what the metadata says elsewhere. */
    static const char *const reserved[] = {
        "format-version",           "uuid",
        "snapshot-count",           "current-snapshot-id",
        "current-snapshot-summary", "current-snapshot-timestamp-ms",
        "current-schema",           "default-partition-spec",
        "default-sort-order"};
    for (size_t i = 0; i < sizeof(reserved) / sizeof(*reserved); i++)
        if (strcmp(name, reserved[i]) == 0)
            return true;
    return false;
}

bool update_assign_uuid(struct table_draft *draft, const json_t *update, struct error *err)
{
    struct slice uuid = SLICE_EMPTY;
    TRY(json_get_string(update, "uuid", &uuid, err));
    if (!uuid_is_valid(uuid.ptr, uuid.len))
        return error_set(err, ERROR_BAD_REQUEST, "uuid is not a UUID: '%.*s'", SLICE_ARG(uuid));
    if (slice_equals_ignore_case(uuid, draft->uuid))
        return true;
    if (draft->base && draft->uuid.len > 0)
        return error_set(err, ERROR_VALIDATION, "Cannot reassign uuid: the table has %.*s",
                         SLICE_ARG(draft->uuid));
    draft->uuid = uuid;
    draft->is_changed = true;
    return true;
}

bool format_version_check(int64_t version, struct error *err)
{
    if (version >= 1 && version <= TABLE_FORMAT_VERSION_MAX)
        return true;
    return error_set(err, ERROR_VALIDATION, "Unsupported format version: v%lld (supported: v%d)",
                     (long long)version, TABLE_FORMAT_VERSION_MAX);
}

bool update_upgrade_format_version(struct table_draft *draft, const json_t *update,
                                   struct error *err)
{
    int32_t version = 0;
    TRY(json_get_int32(update, "format-version", &version, err));
    if (version > TABLE_FORMAT_VERSION_MAX)
        return error_set(err, ERROR_VALIDATION,
                         "Cannot upgrade table to unsupported format version: v%d (supported: v%d)",
                         version, TABLE_FORMAT_VERSION_MAX);
    if (version < draft->format_version)
        return error_set(err, ERROR_VALIDATION, "Cannot downgrade v%d table to v%d",
                         draft->format_version, version);
    draft->is_changed = draft->is_changed || version != draft->format_version;
    draft->format_version = version;
    return true;
}

bool update_set_location(struct table_draft *draft, const json_t *update, struct error *err)
{
    struct slice location = SLICE_EMPTY;
    TRY(json_get_string(update, "location", &location, err));
    location = location_strip_slash(location);
    if (location.len == 0)
        return error_set(err, ERROR_BAD_REQUEST, "location must not be empty");
    if (slice_equals(location, draft->location))
        return true;
    draft->location = location;
    draft->is_changed = true;
    return true;
}

/* The protocol says "updates" and "removals"; early clients said "updated" and "removed". */
static const char *field_or_legacy(const json_t *update, const char *field, const char *legacy)
{
    return !json_object_get(update, field) && json_object_get(update, legacy) ? legacy : field;
}

/* What was encrypted under a key stays so: naming another one would lose the table. */
static bool encryption_key_id_check(const struct table_draft *draft, const char *name,
                                    const json_t *properties, const json_t *value,
                                    struct error *err)
{
    if (!draft->base || strcmp(name, "encryption.key-id") != 0)
        return true;
    const json_t *present = json_object_get(properties, name);
    if (present == value || (present && value && json_equal(present, value)))
        return true;
    return error_set(err, ERROR_VALIDATION,
                     "Cannot change encryption.key-id: it is fixed when a table is created");
}

bool update_set_properties(struct table_draft *draft, const json_t *update, struct error *err)
{
    json_t *updates = NULL, *properties = NULL, *value = NULL;
    const char *name = NULL, *field = field_or_legacy(update, "updates", "updated");
    TRY(json_get_object(update, field, &updates, err));
    TRY(json_opt_string_map(update, field, &updates, err));
    TRY(draft_properties(draft, &properties, err));
    json_object_foreach(updates, name, value) {
        if (property_is_reserved(name))
            continue;
        TRY(planning_mode_check(name, value, err));
        TRY(rebase_policy_check(name, value, err));
        TRY(encryption_key_id_check(draft, name, properties, value, err));
        if (json_object_set(properties, name, value))
            return error_no_memory(err, "properties");
        draft->is_changed = true;
    }
    return true;
}

bool update_remove_properties(struct table_draft *draft, const json_t *update, struct error *err)
{
    json_t *names = NULL, *properties = NULL, *name = NULL;
    const char *field = field_or_legacy(update, "removals", "removed");
    size_t i = 0;
    TRY(json_get_array(update, field, &names, err));
    TRY(draft_properties(draft, &properties, err));
    json_array_foreach(names, i, name) {
        if (!json_is_string(name))
            return error_set(err, ERROR_BAD_REQUEST, "%s must be an array of strings", field);
        TRY(encryption_key_id_check(draft, json_string_value(name), properties, NULL, err));
        json_object_del(properties, json_string_value(name));
        draft->is_changed = true;
    }
    return true;
}

static bool has_key(const void *context, const struct draft_item *item)
{
    return slice_equals(item->key, *(const struct slice *)context);
}

static bool key_is_there(const struct draft_list *list, struct slice key)
{
    for (size_t i = 0; i < list->count; i++)
        if (has_key(&key, &list->items[i]))
            return true;
    return false;
}

static bool is_base64_digit(char c)
{
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '+' ||
           c == '/';
}

/* RFC 4648, section 4; padding may be left out, as readers accept it. A key that cannot be decoded
 * would make the whole metadata unreadable. */
static bool is_base64(struct slice text)
{
    size_t digits = 0;
    while (digits < text.len && is_base64_digit(text.ptr[digits]))
        digits++;
    size_t padding = text.len - digits;
    for (size_t i = digits; i < text.len; i++)
        if (text.ptr[i] != '=')
            return false;
    return digits % 4 != 1 && padding <= 2 && (padding == 0 || text.len % 4 == 0);
}

/* Readers take properties that are there for a map, so a null one is left out. */
static bool key_text(struct table_draft *draft, const json_t *json, struct slice *ret_text,
                     struct error *err)
{
    json_t *copy = tree_copy_shallow(json);
    TRY(table_draft_keep(draft, copy, err));
    if (json_is_null(json_object_get(copy, "properties")))
        json_object_del(copy, "properties");
    return table_draft_text(draft, copy, ret_text, err);
}

bool update_add_encryption_key(struct table_draft *draft, const json_t *update, struct error *err)
{
    json_t *json = NULL, *properties = NULL;
    struct draft_item item = {.key = SLICE_EMPTY};
    struct slice metadata = SLICE_EMPTY, parent = SLICE_EMPTY;
    TRY(json_get_object(update, "encryption-key", &json, err));
    TRY(json_get_string(json, "key-id", &item.key, err));
    TRY(json_get_string(json, "encrypted-key-metadata", &metadata, err));
    if (!is_base64(metadata))
        return error_set(err, ERROR_BAD_REQUEST, "encrypted-key-metadata must be base64");
    TRY(json_opt_string(json, "encrypted-by-id", &parent, err));
    TRY(json_opt_string_map(json, "properties", &properties, err));
    TRY(draft_list_load(draft, &draft->encryption_keys, err));
    if (key_is_there(&draft->encryption_keys, item.key))
        return true;
    TRY(key_text(draft, json, &item.text, err));
    draft->encryption_keys.is_changed = draft->is_changed = true;
    return draft_list_add(draft, &draft->encryption_keys, item, err);
}

bool update_remove_encryption_key(struct table_draft *draft, const json_t *update,
                                  struct error *err)
{
    struct slice key = SLICE_EMPTY;
    TRY(json_get_string(update, "key-id", &key, err));
    TRY(draft_list_load(draft, &draft->encryption_keys, err));
    if (draft_list_remove(&draft->encryption_keys, has_key, &key))
        draft->is_changed = true;
    return true;
}
