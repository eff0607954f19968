#include "catalog/view_draft.h"

#include "base/json_tree.h"
#include "base/json_write.h"
#include "base/tree_copy.h"
#include "catalog/table_draft.h"

#define HISTORY_SIZE "version.history.num-entries"
#define HISTORY_SIZE_DEFAULT 10
#define DROP_DIALECT_ALLOWED "replace.drop-dialect.allowed"

bool view_draft_set(json_t *object, const char *name, json_t *owned, struct error *err)
{
    return json_object_set_new(object, name, owned) ? error_no_memory(err, "view metadata") : true;
}

/* In the specification's order. */
static bool init_empty(struct view_draft *draft, struct error *err)
{
    draft->tree = json_object();
    if (!draft->tree)
        return error_no_memory(err, "view metadata");
    TRY(view_draft_set(draft->tree, "view-uuid", json_null(), err));
    TRY(view_draft_set(draft->tree, "format-version", json_integer(VIEW_FORMAT_VERSION), err));
    TRY(view_draft_set(draft->tree, "location", json_null(), err));
    TRY(view_draft_set(draft->tree, "properties", json_object(), err));
    TRY(view_draft_set(draft->tree, "schemas", json_array(), err));
    TRY(view_draft_set(draft->tree, "current-version-id", json_null(), err));
    TRY(view_draft_set(draft->tree, "versions", json_array(), err));
    return view_draft_set(draft->tree, "version-log", json_array(), err);
}

static bool init_from_base(struct view_draft *draft, struct error *err)
{
    draft->tree = tree_copy_deep(draft->base->tree);
    if (!draft->tree)
        return error_no_memory(err, "view metadata");
    draft->has_current = true;
    return json_get_int32(draft->tree, "current-version-id", &draft->current_version_id, err);
}

bool view_draft_init(struct view_draft *draft, const struct view_metadata *base, int64_t now_ms,
                     struct arena *arena, struct error *err)
{
    *draft = (struct view_draft){.arena = arena, .base = base, .now_ms = now_ms};
    TRY(base ? init_from_base(draft, err) : init_empty(draft, err));
    draft->added_ids = json_object();
    if (!draft->added_ids)
        return error_no_memory(err, "view metadata");
    TRY(json_get_array(draft->tree, "schemas", &draft->schemas, err));
    TRY(json_get_array(draft->tree, "versions", &draft->versions, err));
    TRY(json_get_array(draft->tree, "version-log", &draft->log, err));
    return json_opt_string_map(draft->tree, "properties", &draft->properties, err);
}

void view_draft_finish(struct view_draft *draft)
{
    json_decref(draft->added_ids);
    json_decref(draft->tree);
}

static int64_t version_id_of(const json_t *version)
{
    return json_integer_value(json_object_get(version, "version-id"));
}

static json_t *version_find(const json_t *versions, int64_t version_id)
{
    size_t i = 0;
    json_t *version = NULL;
    json_array_foreach((json_t *)versions, i, version) {
        if (version_id_of(version) == version_id)
            return version;
    }
    return NULL;
}

json_t *view_draft_version(const struct view_draft *draft, int32_t version_id)
{
    return version_find(draft->versions, version_id);
}

static void id_name(int64_t id, char ret_name[24])
{
    snprintf(ret_name, 24, "%lld", (long long)id);
}

bool view_draft_is_added(const struct view_draft *draft, int32_t version_id)
{
    char name[24];
    id_name(version_id, name);
    return json_object_get(draft->added_ids, name);
}

bool view_draft_properties(struct view_draft *draft, json_t **ret_properties, struct error *err)
{
    if (!draft->properties) {
        TRY(view_draft_set(draft->tree, "properties", json_object(), err));
        draft->properties = json_object_get(draft->tree, "properties");
    }
    *ret_properties = draft->properties;
    return true;
}

static struct slice property(const struct view_draft *draft, const char *name)
{
    return json_slice(json_object_get(draft->properties, name));
}

/* Dialects are compared without case; a version lists each once. */
static bool has_dialect(const json_t *version, struct slice dialect)
{
    size_t i = 0;
    json_t *representation = NULL;
    json_array_foreach(json_object_get(version, "representations"), i, representation) {
        const json_t *text = json_object_get(representation, "dialect");
        if (json_is_string(text) && slice_equals_ignore_case(json_slice(text), dialect))
            return true;
    }
    return false;
}

/* A reader of a dialect that goes away would find the view gone. */
static bool dialects_check(const struct view_draft *draft, struct error *err)
{
    size_t i = 0;
    json_t *representation = NULL;
    if (!draft->base ||
        slice_equals_ignore_case(property(draft, DROP_DIALECT_ALLOWED), SLICE_LITERAL("true")))
        return true;
    const json_t *after = view_draft_version(draft, draft->current_version_id);
    const json_t *before = version_find(json_object_get(draft->base->tree, "versions"),
                                        draft->base->current_version_id);
    json_array_foreach(json_object_get(before, "representations"), i, representation) {
        const json_t *dialect = json_object_get(representation, "dialect");
        if (json_is_string(dialect) && !has_dialect(after, json_slice(dialect)))
            return error_set(err, ERROR_VALIDATION,
                             "Cannot replace view due to loss of view dialects "
                             "(" DROP_DIALECT_ALLOWED "=false): '%s' is missing in the new version",
                             json_string_value(dialect));
    }
    return true;
}

static bool history_size(const struct view_draft *draft, size_t *ret_size, struct error *err)
{
    struct slice text = property(draft, HISTORY_SIZE);
    int64_t size = HISTORY_SIZE_DEFAULT;
    if (text.len > 0 && (!slice_to_int64(text, &size) || size > INT32_MAX))
        return error_set(err, ERROR_VALIDATION, HISTORY_SIZE " must have integer value");
    if (size <= 0)
        return error_set(err, ERROR_VALIDATION, HISTORY_SIZE " must be positive but was %lld",
                         (long long)size);
    *ret_size = (size_t)size;
    return true;
}

/* Ids are given in order, so the oldest version is the one with the lowest id. */
static bool expire_oldest(struct view_draft *draft)
{
    size_t i = 0, oldest = SIZE_MAX;
    json_t *version = NULL;
    int64_t lowest = INT64_MAX;
    json_array_foreach(draft->versions, i, version) {
        int64_t id = version_id_of(version);
        if (id != draft->current_version_id && id < lowest) {
            lowest = id;
            oldest = i;
        }
    }
    return json_array_remove(draft->versions, oldest) == 0;
}

/* An entry of an expired version takes all that is before it along, as in a table's log. */
static void log_trim(struct view_draft *draft)
{
    for (size_t i = json_array_size(draft->log); i > 0; i--) {
        int64_t id = version_id_of(json_array_get(draft->log, i - 1));
        if (version_find(draft->versions, id))
            continue;
        for (; i > 0; i--)
            json_array_remove(draft->log, 0);
        return;
    }
}

/* What this commit added and the current version stay, whatever the property says. */
static bool versions_expire(struct view_draft *draft, struct error *err)
{
    size_t keep = 0;
    TRY(history_size(draft, &keep, err));
    size_t must_keep = json_object_size(draft->added_ids) +
                       (view_draft_is_added(draft, draft->current_version_id) ? 0 : 1);
    keep = keep > must_keep ? keep : must_keep;
    if (json_array_size(draft->versions) <= keep)
        return true;
    while (json_array_size(draft->versions) > keep && expire_oldest(draft))
        continue;
    log_trim(draft);
    return true;
}

static bool log_append(struct view_draft *draft, struct error *err)
{
    if (!draft->has_log_entry)
        return true;
    json_t *entry = json_pack("{s:I, s:I}", "timestamp-ms", (json_int_t)draft->log_entry_ms,
                              "version-id", (json_int_t)draft->current_version_id);
    return json_array_append_new(draft->log, entry) ? error_no_memory(err, "version-log") : true;
}

static bool whole_make(struct view_draft *draft, struct error *err)
{
    if (json_slice(json_object_get(draft->tree, "location")).len == 0)
        return error_set(err, ERROR_VALIDATION, "Invalid location: null");
    if (json_slice(json_object_get(draft->tree, "view-uuid")).len == 0)
        return error_set(err, ERROR_VALIDATION, "a view needs a UUID: send assign-uuid");
    if (json_array_size(draft->versions) == 0)
        return error_set(err, ERROR_VALIDATION, "Invalid view: no versions were added");
    if (!draft->has_current)
        return error_set(err, ERROR_VALIDATION,
                         "Invalid view: no current version was set: send set-current-view-version");
    TRY(log_append(draft, err));
    TRY(dialects_check(draft, err));
    TRY(versions_expire(draft, err));
    if (json_object_size(draft->properties) == 0) {
        json_object_del(draft->tree, "properties");
        draft->properties = NULL;
    }
    return view_draft_set(draft->tree, "current-version-id",
                          json_integer(draft->current_version_id), err);
}

static bool result_make(struct view_draft *draft, struct view_update_result *result,
                        struct error *err)
{
    struct slice location = json_slice(json_object_get(draft->tree, "location"));
    struct slice path = property(draft, "write.metadata.path");
    result->location = arena_slice(draft->arena, location);
    result->uuid = arena_slice(draft->arena, json_slice(json_object_get(draft->tree, "view-uuid")));
    result->metadata_directory =
        path.len > 0 ? arena_slice(draft->arena, location_strip_slash(path))
                     : arena_printf(draft->arena, "%.*s/metadata",
                                    (int)location_strip_slash(location).len, location.ptr);
    result->metadata_codec =
        arena_slice(draft->arena, property(draft, "write.metadata.compression-codec"));
    if (!result->location.ptr || !result->uuid.ptr || !result->metadata_directory.ptr ||
        !result->metadata_codec.ptr)
        return error_no_memory(err, "view metadata");
    return true;
}

bool view_draft_build(struct view_draft *draft, struct buffer *out,
                      struct view_update_result *ret_result, struct error *err)
{
    struct view_update_result result = {.is_changed = draft->is_changed || !draft->base};
    size_t start = out->len;
    if (result.is_changed)
        TRY(whole_make(draft, err));
    TRY(result_make(draft, &result, err));
    if (result.is_changed) {
        struct json_writer writer;
        json_writer_init(&writer, out);
        json_write_tree(&writer, draft->tree);
        if (!buffer_check(out, "view metadata", err)) {
            buffer_truncate(out, start);
            return false;
        }
    }
    *ret_result = result;
    return true;
}
