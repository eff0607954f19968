#include "catalog/table_update.h"

#include "base/json_tree.h"
#include "base/limits.h"
#include "catalog/table_draft.h"

/* The protocol's TableUpdate, in its order. */
static const struct {
    const char *action;
    table_update_fn apply;
} actions[] = {
    {"assign-uuid", update_assign_uuid},
    {"upgrade-format-version", update_upgrade_format_version},
    {"add-schema", update_add_schema},
    {"set-current-schema", update_set_current_schema},
    {"add-spec", update_add_spec},
    {"set-default-spec", update_set_default_spec},
    {"add-sort-order", update_add_sort_order},
    {"set-default-sort-order", update_set_default_sort_order},
    {"add-snapshot", update_add_snapshot},
    {"set-snapshot-ref", update_set_snapshot_ref},
    {"remove-snapshots", update_remove_snapshots},
    {"remove-snapshot-ref", update_remove_snapshot_ref},
    {"set-location", update_set_location},
    {"set-properties", update_set_properties},
    {"remove-properties", update_remove_properties},
    {"set-statistics", update_set_statistics},
    {"remove-statistics", update_remove_statistics},
    {"set-partition-statistics", update_set_partition_statistics},
    {"remove-partition-statistics", update_remove_partition_statistics},
    {"remove-partition-specs", update_remove_partition_specs},
    {"remove-schemas", update_remove_schemas},
    {"add-encryption-key", update_add_encryption_key},
    {"remove-encryption-key", update_remove_encryption_key},
};

#define ACTION_COUNT (sizeof(actions) / sizeof(*actions))

/* Case does not count, as in the reference. */
static size_t action_find(struct slice name)
{
    size_t i = 0;
    while (i < ACTION_COUNT &&
           !slice_equals_ignore_case(name, slice_from_string(actions[i].action)))
        i++;
    return i;
}

static bool is_view_action(struct slice name)
{
    return slice_equals_ignore_case(name, SLICE_LITERAL("add-view-version")) ||
           slice_equals_ignore_case(name, SLICE_LITERAL("set-current-view-version"));
}

static bool action_check(const json_t *update, struct error *err)
{
    struct slice name = SLICE_EMPTY;
    if (!json_is_object(update))
        return error_set(err, ERROR_BAD_REQUEST, "every update must be an object");
    TRY(json_get_string(update, "action", &name, err));
    if (action_find(name) < ACTION_COUNT)
        return true;
    if (is_view_action(name))
        return error_set(err, ERROR_BAD_REQUEST, "update '%.*s' is for views, not for tables",
                         SLICE_ARG(name));
    return error_set(err, ERROR_BAD_REQUEST, "unknown update '%.*s': nothing was applied",
                     SLICE_ARG(name));
}

bool table_updates_check(const json_t *updates, struct error *err)
{
    size_t i = 0;
    json_t *update = NULL;
    if (!json_is_array(updates))
        return error_set(err, ERROR_BAD_REQUEST, "updates must be an array");
    if (json_array_size(updates) > MAX_UPDATES_PER_COMMIT)
        return error_set(err, ERROR_BAD_REQUEST, "a commit may have %d updates, but has %zu",
                         MAX_UPDATES_PER_COMMIT, json_array_size(updates));
    json_array_foreach((json_t *)updates, i, update) {
        if (!action_check(update, err))
            return error_prefix(err, "updates[%zu]", i);
    }
    return true;
}

static bool apply_one(struct table_draft *draft, const json_t *update, struct error *err)
{
    struct slice name = json_slice(json_object_get(update, "action"));
    size_t action = action_find(name);
    if (actions[action].apply(draft, update, err))
        return true;
    return err && err->kind == ERROR_NO_MEMORY ? false
                                               : error_prefix(err, "%s", actions[action].action);
}

/* A new table begins in the first format version that its updates name, so that parts which only
 * that version knows may come before the update that names it. */
static bool begin_format(struct table_draft *draft, const struct table_update_input *input,
                         struct error *err)
{
    size_t i = 0;
    json_t *update = NULL;
    if (input->new_format_version)
        draft->format_version = input->new_format_version;
    json_array_foreach((json_t *)input->updates, i, update) {
        struct slice name = json_slice(json_object_get(update, "action"));
        if (!slice_equals_ignore_case(name, SLICE_LITERAL("upgrade-format-version")))
            continue;
        TRY(json_get_int32(update, "format-version", &draft->format_version, err));
        return format_version_check(draft->format_version, err);
    }
    return true;
}

static bool apply_all(struct table_draft *draft, const struct table_update_input *input,
                      struct error *err)
{
    size_t i = 0;
    json_t *update = NULL;
    if (!draft->base)
        TRY(begin_format(draft, input, err));
    json_array_foreach((json_t *)input->updates, i, update) {
        TRY(apply_one(draft, update, err));
    }
    if (!draft->base && draft->uuid.len == 0)
        draft->uuid = input->new_uuid;
    return true;
}

bool table_updates_apply(const struct table_update_input *input, struct arena *arena,
                         struct buffer *out, struct table_update_result *ret_result,
                         struct error *err)
{
    struct table_draft draft;
    TRY(table_updates_check(input->updates, err));
    bool ok = table_draft_init(&draft, input->base, input->now_ms, arena, err) &&
              apply_all(&draft, input, err);
    draft.share_from = input->share_from;
    ok = ok && table_draft_build(&draft, input->base_metadata_location, out, ret_result, err);
    table_draft_finish(&draft);
    return ok;
}
