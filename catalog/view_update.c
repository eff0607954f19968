#include "catalog/view_update.h"

#include "base/clock.h"
#include "base/json_tree.h"
#include "base/limits.h"
#include "base/tree_copy.h"
#include "catalog/table_draft.h"
#include "catalog/view_draft.h"

typedef bool (*view_update_fn)(struct view_draft *draft, const json_t *update, struct error *err);

static bool assign_uuid(struct view_draft *draft, const json_t *update, struct error *err)
{
    struct slice uuid = SLICE_EMPTY;
    struct slice present = json_slice(json_object_get(draft->tree, "view-uuid"));
    TRY(json_get_string(update, "uuid", &uuid, err));
    if (!uuid_is_valid(uuid.ptr, uuid.len))
        return error_set(err, ERROR_BAD_REQUEST, "uuid is not a UUID: '%.*s'", SLICE_ARG(uuid));
    if (slice_equals_ignore_case(uuid, present))
        return true;
    if (present.len > 0)
        return error_set(err, ERROR_VALIDATION, "Cannot reassign uuid: the view has %.*s",
                         SLICE_ARG(present));
    draft->is_changed = true;
    return view_draft_set(draft->tree, "view-uuid", json_from_slice(uuid), err);
}

static bool upgrade_format_version(struct view_draft *draft, const json_t *update,
                                   struct error *err)
{
    int32_t version = 0, present = VIEW_FORMAT_VERSION;
    TRY(json_get_int32(update, "format-version", &version, err));
    TRY(json_get_int32(draft->tree, "format-version", &present, err));
    if (version < present)
        return error_set(err, ERROR_VALIDATION, "Cannot downgrade v%d view to v%d", present,
                         version);
    if (version > VIEW_FORMAT_VERSION)
        return error_set(err, ERROR_VALIDATION, "Unsupported format version: %d (supported: %d)",
                         version, VIEW_FORMAT_VERSION);
    return true;
}

static bool add_schema(struct view_draft *draft, const json_t *update, struct error *err)
{
    json_t *schema = NULL;
    TRY(json_get_object(update, "schema", &schema, err));
    return view_draft_add_schema(draft, schema, err);
}

static bool location_put(struct view_draft *draft, struct slice location, struct error *err)
{
    struct slice present = json_slice(json_object_get(draft->tree, "location"));
    if (location.len == 0)
        return error_set(err, ERROR_BAD_REQUEST, "location must not be empty");
    if (slice_equals(location, present))
        return true;
    draft->is_changed = true;
    return view_draft_set(draft->tree, "location", json_from_slice(location), err);
}

static bool set_location(struct view_draft *draft, const json_t *update, struct error *err)
{
    struct slice location = SLICE_EMPTY;
    TRY(json_get_string(update, "location", &location, err));
    return location_put(draft, location, err);
}

static bool properties_put(struct view_draft *draft, const json_t *updates, struct error *err)
{
    json_t *properties = NULL, *value = NULL;
    const char *name = NULL;
    TRY(view_draft_properties(draft, &properties, err));
    json_object_foreach((json_t *)updates, name, value) {
        if (!json_is_string(value))
            return error_set(err, ERROR_BAD_REQUEST, "properties: %s must be a string", name);
        if (json_object_set(properties, name, value))
            return error_no_memory(err, "properties");
        draft->is_changed = true;
    }
    return true;
}

/* The protocol says "updates" and "removals"; early clients said "updated" and "removed". */
static const char *field_or_legacy(const json_t *update, const char *field, const char *legacy)
{
    return !json_object_get(update, field) && json_object_get(update, legacy) ? legacy : field;
}

static bool set_properties(struct view_draft *draft, const json_t *update, struct error *err)
{
    json_t *updates = NULL;
    TRY(json_get_object(update, field_or_legacy(update, "updates", "updated"), &updates, err));
    return properties_put(draft, updates, err);
}

static bool remove_properties(struct view_draft *draft, const json_t *update, struct error *err)
{
    json_t *names = NULL, *name = NULL;
    const char *field = field_or_legacy(update, "removals", "removed");
    size_t i = 0;
    TRY(json_get_array(update, field, &names, err));
    json_array_foreach(names, i, name) {
        if (!json_is_string(name))
            return error_set(err, ERROR_BAD_REQUEST, "%s must be an array of strings", field);
        json_object_del(draft->properties, json_string_value(name));
        draft->is_changed = true;
    }
    return true;
}

static bool add_view_version(struct view_draft *draft, const json_t *update, struct error *err)
{
    json_t *version = NULL;
    TRY(json_get_object(update, "view-version", &version, err));
    return view_draft_add_version(draft, version, err);
}

static bool set_current_view_version(struct view_draft *draft, const json_t *update,
                                     struct error *err)
{
    int32_t id = 0;
    TRY(json_get_int32(update, "view-version-id", &id, err));
    return view_draft_set_current(draft, id, err);
}

/* The protocol's ViewUpdate, in its order. */
static const struct {
    const char *action;
    view_update_fn apply;
} actions[] = {
    {"assign-uuid", assign_uuid},
    {"upgrade-format-version", upgrade_format_version},
    {"add-schema", add_schema},
    {"set-location", set_location},
    {"set-properties", set_properties},
    {"remove-properties", remove_properties},
    {"add-view-version", add_view_version},
    {"set-current-view-version", set_current_view_version},
};

#define ACTION_COUNT (sizeof(actions) / sizeof(*actions))

static size_t action_find(struct slice name)
{
    size_t i = 0;
    while (i < ACTION_COUNT &&
           !slice_equals_ignore_case(name, slice_from_string(actions[i].action)))
        i++;
    return i;
}

bool view_updates_check(const json_t *updates, struct error *err)
{
    size_t i = 0;
    json_t *update = NULL;
    if (!json_is_array(updates))
        return error_set(err, ERROR_BAD_REQUEST, "updates must be an array");
    if (json_array_size(updates) > MAX_UPDATES_PER_COMMIT)
        return error_set(err, ERROR_BAD_REQUEST, "a commit may have %d updates, but has %zu",
                         MAX_UPDATES_PER_COMMIT, json_array_size(updates));
    json_array_foreach((json_t *)updates, i, update) {
        struct slice name = SLICE_EMPTY;
        if (!json_is_object(update))
            return error_set(err, ERROR_BAD_REQUEST, "updates[%zu] must be an object", i);
        TRY(json_get_string(update, "action", &name, err));
        if (action_find(name) == ACTION_COUNT)
            return error_set(err, ERROR_BAD_REQUEST,
                             "updates[%zu]: unknown update '%.*s' for a view: nothing was applied",
                             i, SLICE_ARG(name));
    }
    return true;
}

static bool apply_all(struct view_draft *draft, const json_t *updates, struct error *err)
{
    size_t i = 0;
    json_t *update = NULL;
    json_array_foreach((json_t *)updates, i, update) {
        size_t action = action_find(json_slice(json_object_get(update, "action")));
        if (actions[action].apply(draft, update, err))
            continue;
        return err && err->kind == ERROR_NO_MEMORY
                   ? false
                   : error_prefix(err, "%s", actions[action].action);
    }
    return true;
}

bool view_updates_apply(const struct view_update_input *input, struct arena *arena,
                        struct buffer *out, struct view_update_result *ret_result,
                        struct error *err)
{
    struct view_draft draft;
    TRY(view_updates_check(input->updates, err));
    bool ok = view_draft_init(&draft, input->base, input->now_ms, arena, err) &&
              apply_all(&draft, input->updates, err) &&
              view_draft_build(&draft, out, ret_result, err);
    view_draft_finish(&draft);
    return ok;
}

static bool sql_only_check(const json_t *version, struct error *err)
{
    size_t i = 0;
    json_t *representation = NULL;
    const json_t *list = json_object_get(version, "representations");
    if (json_is_array(list) && json_array_size(list) == 0)
        return error_set(err, ERROR_BAD_REQUEST, "Cannot create view without specifying a query");
    json_array_foreach((json_t *)list, i, representation) {
        const json_t *type = json_object_get(representation, "type");
        if (!slice_equals_ignore_case(json_slice(type), SLICE_LITERAL("sql")))
            return error_set(
                err, ERROR_BAD_REQUEST,
                "representations[%zu]: unsupported view representation '%.*s' (must be "
                "sql)",
                i, SLICE_ARG(json_slice(type)));
    }
    return true;
}

/* Its ids are required by the protocol, and then given anew. */
static bool first_version_add(struct view_draft *draft, const json_t *json, struct error *err)
{
    int32_t id = 0;
    if (!json_is_object(json))
        return error_set(err, ERROR_BAD_REQUEST, "view-version must be an object");
    TRY(json_get_int32(json, "version-id", &id, err));
    TRY(json_get_int32(json, "schema-id", &id, err));
    TRY(sql_only_check(json, err));
    json_t *version = tree_copy_shallow(json);
    bool ok = version ? true : error_no_memory(err, "view version");
    ok = ok && view_draft_set(version, "version-id", json_integer(1), err) &&
         view_draft_set(version, "schema-id", json_integer(LAST_ADDED), err) &&
         view_draft_add_version(draft, version, err);
    json_decref(version);
    return ok;
}

static bool parts_take(struct view_draft *draft, const struct view_create_input *input,
                       struct error *err)
{
    TRY(view_draft_set(draft->tree, "view-uuid", json_from_slice(input->uuid), err));
    TRY(location_put(draft, input->location, err));
    TRY(properties_put(draft, input->properties, err));
    TRY(view_draft_add_schema(draft, input->schema, err));
    TRY(first_version_add(draft, input->view_version, err));
    return view_draft_set_current(draft, LAST_ADDED, err);
}

bool view_metadata_new(const struct view_create_input *input, struct arena *arena,
                       struct buffer *out, struct view_update_result *ret_result, struct error *err)
{
    struct view_draft draft;
    bool ok = view_draft_init(&draft, NULL, input->now_ms, arena, err) &&
              parts_take(&draft, input, err) && view_draft_build(&draft, out, ret_result, err);
    view_draft_finish(&draft);
    return ok;
}
