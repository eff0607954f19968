/*
 * Versions and schemas of a view: what is equal to an older one is the older one.
 */
#include <ctype.h>

#include "base/json_tree.h"
#include "base/limits.h"
#include "base/tree_copy.h"
#include "catalog/table_draft.h"
#include "catalog/view_draft.h"

/* Each schema is parsed once in a commit. */
static bool schemas_parse(struct view_draft *draft, struct error *err)
{
    for (size_t i = draft->parsed_count; i < json_array_size(draft->schemas); i++) {
        struct schema *schema = NULL;
        TRY(schema_parse(json_array_get(draft->schemas, i), draft->arena, &schema, err));
        TRY(arena_grow(draft->arena, (void **)&draft->parsed_schemas, i, &draft->parsed_capacity,
                       sizeof(schema), err));
        draft->parsed_schemas[i] = schema;
        draft->parsed_count = i + 1;
    }
    return true;
}

/* An equal schema gives its id again; else one above the highest. */
static bool schema_id_choose(struct view_draft *draft, const struct schema *schema, int64_t *ret_id,
                             bool *ret_is_new, struct error *err)
{
    int64_t next = 0;
    TRY(schemas_parse(draft, err));
    for (size_t i = 0; i < draft->parsed_count; i++) {
        const struct schema *other = draft->parsed_schemas[i];
        if (schema_same(schema, other)) {
            *ret_id = other->schema_id;
            *ret_is_new = false;
            return true;
        }
        next = other->schema_id >= next ? (int64_t)other->schema_id + 1 : next;
    }
    if (next > INT32_MAX)
        return error_set(err, ERROR_VALIDATION, "no schema id is left after %d", INT32_MAX);
    *ret_id = next;
    *ret_is_new = true;
    return true;
}

static bool array_append(json_t *array, json_t *owned, struct error *err)
{
    return json_array_append_new(array, owned) ? error_no_memory(err, "view metadata") : true;
}

bool view_draft_add_schema(struct view_draft *draft, const json_t *json, struct error *err)
{
    struct schema *schema = NULL;
    int64_t id = 0;
    bool is_new = false;
    TRY(schema_parse(json, draft->arena, &schema, err));
    TRY(schema_id_choose(draft, schema, &id, &is_new, err));
    draft->has_added_schema = true;
    draft->last_added_schema_id = (int32_t)id;
    if (!is_new)
        return true;
    json_t *tree = schema_to_json(schema, (int32_t)id);
    TRY(array_append(draft->schemas, tree, err));
    draft->is_changed = true;
    return tree_merge_unknown(tree, json) ? true : error_no_memory(err, "schema");
}

static bool schema_is_there(const struct view_draft *draft, int64_t id)
{
    size_t i = 0;
    json_t *schema = NULL;
    json_array_foreach(draft->schemas, i, schema) {
        if (json_integer_value(json_object_get(schema, "schema-id")) == id)
            return true;
    }
    return false;
}

static bool representation_check(const json_t *representation, struct error *err)
{
    struct slice type = SLICE_EMPTY, text = SLICE_EMPTY;
    TRY(json_get_string(representation, "type", &type, err));
    if (!slice_equals_ignore_case(type, SLICE_LITERAL("sql")))
        return error_set(err, ERROR_BAD_REQUEST,
                         "unsupported view representation '%.*s' (must be sql)", SLICE_ARG(type));
    TRY(json_get_string(representation, "sql", &text, err));
    return json_get_string(representation, "dialect", &text, err);
}

static bool string_array_check(const json_t *array, const char *name, struct error *err)
{
    size_t i = 0;
    json_t *item = NULL;
    json_array_foreach((json_t *)array, i, item) {
        if (!json_is_string(item))
            return error_set(err, ERROR_BAD_REQUEST, "%s must be an array of strings", name);
    }
    return true;
}

static bool version_check(const json_t *version, struct error *err)
{
    int32_t number = 0;
    int64_t time_ms = 0;
    struct slice catalog = SLICE_EMPTY;
    json_t *summary = NULL, *list = NULL, *item = NULL;
    size_t i = 0;
    TRY(json_get_int32(version, "version-id", &number, err));
    if (number < 0)
        return error_set(err, ERROR_BAD_REQUEST, "version-id cannot be negative: %d", number);
    TRY(json_get_int32(version, "schema-id", &number, err));
    TRY(json_get_int64(version, "timestamp-ms", &time_ms, err));
    TRY(json_get_object(version, "summary", &summary, err));
    TRY(json_opt_string_map(version, "summary", &summary, err));
    TRY(json_opt_string(version, "default-catalog", &catalog, err));
    TRY(json_get_array(version, "default-namespace", &list, err));
    TRY(string_array_check(list, "default-namespace", err));
    TRY(json_get_array(version, "representations", &list, err));
    json_array_foreach(list, i, item) {
        TRY(representation_check(item, err));
    }
    return true;
}

/* Notes a dialect in lower case; false where it was noted before. */
static bool dialect_note(json_t *seen, struct slice dialect, struct error *err)
{
    char name[MAX_DIALECT_SIZE + 1];
    if (dialect.len > MAX_DIALECT_SIZE)
        return error_set(err, ERROR_BAD_REQUEST, "dialect is longer than %d bytes",
                         MAX_DIALECT_SIZE);
    for (size_t i = 0; i < dialect.len; i++)
        name[i] = (char)tolower((unsigned char)dialect.ptr[i]);
    name[dialect.len] = '\0';
    if (json_object_get(seen, name))
        return error_set(err, ERROR_ILLEGAL_ARGUMENT,
                         "Invalid view version: Cannot add multiple queries for dialect %s", name);
    return view_draft_set(seen, name, json_true(), err);
}

static bool dialects_check(const json_t *version, struct error *err)
{
    size_t i = 0;
    json_t *representation = NULL, *seen = json_object();
    bool ok = seen ? true : error_no_memory(err, "representations");
    json_array_foreach(json_object_get(version, "representations"), i, representation) {
        const json_t *dialect = json_object_get(representation, "dialect");
        ok = ok && (!json_is_string(dialect) || dialect_note(seen, json_slice(dialect), err));
    }
    json_decref(seen);
    return ok;
}

static bool member_equal(const json_t *a, const json_t *b, const char *name)
{
    const json_t *x = json_object_get(a, name), *y = json_object_get(b, name);
    bool no_x = !x || json_is_null(x), no_y = !y || json_is_null(y);
    return no_x || no_y ? no_x && no_y : json_equal(x, y);
}

/* Would both behave the same? Ids and times do not matter. */
static bool versions_same(const json_t *a, const json_t *b)
{
    return member_equal(a, b, "summary") && member_equal(a, b, "representations") &&
           member_equal(a, b, "default-catalog") && member_equal(a, b, "default-namespace") &&
           member_equal(a, b, "schema-id");
}

/* The version's own id is good as long as it is above all others. */
static bool version_id_choose(const struct view_draft *draft, const json_t *version,
                              int64_t *ret_id, bool *ret_is_new, struct error *err)
{
    size_t i = 0;
    json_t *other = NULL;
    int64_t next = json_integer_value(json_object_get(version, "version-id"));
    json_array_foreach(draft->versions, i, other) {
        int64_t id = json_integer_value(json_object_get(other, "version-id"));
        if (versions_same(version, other)) {
            *ret_id = id;
            *ret_is_new = false;
            return true;
        }
        next = id >= next ? id + 1 : next;
    }
    if (next > INT32_MAX)
        return error_set(err, ERROR_VALIDATION, "no version id is left after %d", INT32_MAX);
    *ret_id = next;
    *ret_is_new = true;
    return true;
}

/* -1 names the schema that this commit added last. */
static bool schema_id_resolve(const struct view_draft *draft, json_t *version, struct error *err)
{
    int64_t id = json_integer_value(json_object_get(version, "schema-id"));
    if (id == LAST_ADDED && !draft->has_added_schema)
        return error_set(err, ERROR_VALIDATION,
                         "Cannot set last added schema: no schema has been added");
    id = id == LAST_ADDED ? draft->last_added_schema_id : id;
    if (!schema_is_there(draft, id))
        return error_set(err, ERROR_VALIDATION, "Cannot add version with unknown schema: %lld",
                         (long long)id);
    return view_draft_set(version, "schema-id", json_integer(id), err);
}

static bool version_note_added(struct view_draft *draft, int64_t id, bool is_new, struct error *err)
{
    char name[24];
    draft->has_added_version = true;
    draft->last_added_version_id = (int32_t)id;
    if (!is_new)
        return true;
    snprintf(name, sizeof(name), "%lld", (long long)id);
    draft->is_changed = true;
    return view_draft_set(draft->added_ids, name, json_true(), err);
}

static bool version_add(struct view_draft *draft, json_t *version, struct error *err)
{
    int64_t id = 0;
    bool is_new = false;
    TRY(schema_id_resolve(draft, version, err));
    TRY(version_id_choose(draft, version, &id, &is_new, err));
    TRY(version_note_added(draft, id, is_new, err));
    if (!is_new)
        return true;
    TRY(dialects_check(version, err));
    TRY(view_draft_set(version, "version-id", json_integer(id), err));
    return array_append(draft->versions, json_incref(version), err);
}

bool view_draft_add_version(struct view_draft *draft, const json_t *json, struct error *err)
{
    TRY(version_check(json, err));
    json_t *version = tree_copy_deep(json);
    /* Readers take a catalog that is there for a name. */
    if (json_is_null(json_object_get(version, "default-catalog")))
        json_object_del(version, "default-catalog");
    bool ok = version ? version_add(draft, version, err) : error_no_memory(err, "view version");
    json_decref(version);
    return ok;
}

/* A version that was current before and becomes so again does it now, not when it was made. */
bool view_draft_set_current(struct view_draft *draft, int32_t version_id, struct error *err)
{
    if (version_id == LAST_ADDED && !draft->has_added_version)
        return error_set(err, ERROR_VALIDATION,
                         "Cannot set last version id: no version has been added");
    int32_t id = version_id == LAST_ADDED ? draft->last_added_version_id : version_id;
    if (draft->has_current && id == draft->current_version_id)
        return true;
    const json_t *version = view_draft_version(draft, id);
    if (!version)
        return error_set(err, ERROR_VALIDATION, "Cannot set current version to unknown version: %d",
                         id);
    draft->current_version_id = id;
    draft->has_current = draft->has_log_entry = draft->is_changed = true;
    draft->log_entry_ms = view_draft_is_added(draft, id)
                              ? json_integer_value(json_object_get(version, "timestamp-ms"))
                              : draft->now_ms;
    return true;
}
