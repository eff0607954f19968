#include "iceberg/view_metadata.h"

#include <stdlib.h>

#include "base/json_tree.h"
#include "iceberg/id_set.h"

/* Called for each object of a list; `context` is the caller's. */
typedef bool (*view_entry_fn)(const json_t *entry, void *context, struct error *err);

static bool entries_each(const json_t *view, const char *list, view_entry_fn check, void *context,
                         struct error *err)
{
    json_t *entries;
    TRY(json_get_array(view, list, &entries, err));
    for (size_t i = 0; i < json_array_size(entries); i++) {
        const json_t *entry = json_array_get(entries, i);
        if (!json_is_object(entry))
            return error_set(err, ERROR_BAD_REQUEST, "every entry must be an object");
        if (!check(entry, context, err))
            return error_prefix(err, "%s", list);
    }
    return true;
}

static bool schema_check(const json_t *schema, void *context, struct error *err)
{
    int32_t id = 0; /* a schema without an id is schema 0 */
    bool present;
    json_t *fields;
    TRY(json_opt_int32(schema, "schema-id", &id, &present, err));
    TRY(json_get_array(schema, "fields", &fields, err));
    id_set_add(context, id);
    return true;
}

/* View spec, "Representations": of type "sql" has a text and a dialect; other types pass. */
static bool representation_check(const json_t *representation, void *context, struct error *err)
{
    struct slice type, text;
    (void)context;
    TRY(json_get_string(representation, "type", &type, err));
    if (!slice_equals_ignore_case(type, SLICE_LITERAL("sql")))
        return true;
    TRY(json_get_string(representation, "sql", &text, err));
    return json_get_string(representation, "dialect", &text, err);
}

static bool default_namespace_check(const json_t *version, struct error *err)
{
    json_t *levels;
    TRY(json_get_array(version, "default-namespace", &levels, err));
    for (size_t i = 0; i < json_array_size(levels); i++) {
        if (!json_is_string(json_array_get(levels, i)))
            return error_set(err, ERROR_BAD_REQUEST, "default-namespace must hold only strings");
    }
    return true;
}

/* What is known of the versions while they are read. */
struct version_reader {
    struct id_set ids;
    int32_t current_id;
    int32_t current_schema_id; /* valid once the current version was met */
};

static bool version_check(const json_t *version, void *context, struct error *err)
{
    struct version_reader *reader = context;
    int32_t id, schema_id;
    int64_t timestamp_ms;
    json_t *summary;
    struct slice catalog;
    TRY(json_get_int32(version, "version-id", &id, err));
    TRY(json_get_int32(version, "schema-id", &schema_id, err));
    TRY(json_get_int64(version, "timestamp-ms", &timestamp_ms, err));
    TRY(json_get_object(version, "summary", &summary, err));
    TRY(json_opt_string_map(version, "summary", &summary, err));
    TRY(json_opt_string(version, "default-catalog", &catalog, err));
    TRY(default_namespace_check(version, err));
    TRY(entries_each(version, "representations", representation_check, NULL, err));
    if (id == reader->current_id)
        reader->current_schema_id = schema_id;
    id_set_add(&reader->ids, id);
    return true;
}

static bool log_entry_check(const json_t *entry, void *context, struct error *err)
{
    int32_t version_id;
    int64_t timestamp_ms;
    (void)context;
    TRY(json_get_int32(entry, "version-id", &version_id, err));
    return json_get_int64(entry, "timestamp-ms", &timestamp_ms, err);
}

static bool format_version_check(const json_t *view, struct error *err)
{
    int32_t version;
    TRY(json_get_int32(view, "format-version", &version, err));
    if (version != VIEW_FORMAT_VERSION)
        return error_set(err, ERROR_BAD_REQUEST,
                         "Unsupported format version: %d (format-version must be %d)", version,
                         VIEW_FORMAT_VERSION);
    return true;
}

static bool ids_check_unique(struct id_set *ids, const char *list, struct error *err)
{
    int64_t twice;
    TRY(id_set_seal(ids, list, err));
    if (id_set_has_duplicate(ids, &twice))
        return error_set(err, ERROR_BAD_REQUEST, "%s: id %lld is there twice", list,
                         (long long)twice);
    return true;
}

/* The current version is listed, and so is its schema. */
static bool current_check(const struct version_reader *versions, const struct id_set *schemas,
                          struct error *err)
{
    if (!id_set_has(&versions->ids, versions->current_id))
        return error_set(err, ERROR_BAD_REQUEST, "Cannot find current version %d in view versions",
                         versions->current_id);
    if (!id_set_has(schemas, versions->current_schema_id))
        return error_set(err, ERROR_BAD_REQUEST, "Cannot find current schema with id %d in schemas",
                         versions->current_schema_id);
    return true;
}

static bool lists_check(const json_t *view, struct version_reader *versions, struct id_set *schemas,
                        struct error *err)
{
    return entries_each(view, "schemas", schema_check, schemas, err) &&
           ids_check_unique(schemas, "schemas", err) &&
           json_get_int32(view, "current-version-id", &versions->current_id, err) &&
           entries_each(view, "versions", version_check, versions, err) &&
           ids_check_unique(&versions->ids, "versions", err) &&
           entries_each(view, "version-log", log_entry_check, NULL, err) &&
           current_check(versions, schemas, err);
}

static bool tree_read(struct view_metadata *metadata, struct error *err)
{
    const json_t *view = metadata->tree;
    json_t *properties;
    struct version_reader versions = {.current_id = 0};
    struct id_set schemas;
    if (!json_is_object(view))
        return error_set(err, ERROR_BAD_REQUEST, "the text must be an object");
    TRY(json_get_string(view, "view-uuid", &metadata->uuid, err));
    TRY(format_version_check(view, err));
    TRY(json_get_string(view, "location", &metadata->location, err));
    TRY(json_opt_string_map(view, "properties", &properties, err));
    id_set_init(&versions.ids);
    id_set_init(&schemas);
    bool ok = lists_check(view, &versions, &schemas, err);
    metadata->current_version_id = versions.current_id;
    id_set_finish(&versions.ids);
    id_set_finish(&schemas);
    return ok;
}

bool view_metadata_parse(struct blob *blob, struct view_metadata **ret_metadata, struct error *err)
{
    json_t *tree;
    TRY(json_tree_parse(blob_slice(blob), "view metadata", &tree, err));
    struct view_metadata *metadata = calloc(1, sizeof(*metadata));
    if (!metadata) {
        json_decref(tree);
        return error_no_memory(err, "view metadata");
    }
    atomic_init(&metadata->references, 1);
    metadata->blob = blob_ref(blob);
    metadata->tree = tree;
    if (!tree_read(metadata, err)) {
        view_metadata_unref(metadata);
        return error_prefix(err, "Invalid view metadata");
    }
    *ret_metadata = metadata;
    return true;
}

struct view_metadata *view_metadata_ref(struct view_metadata *metadata)
{
    atomic_fetch_add_explicit(&metadata->references, 1, memory_order_relaxed);
    return metadata;
}

void view_metadata_unref(struct view_metadata *metadata)
{
    if (!metadata)
        return;
    if (atomic_fetch_sub_explicit(&metadata->references, 1, memory_order_acq_rel) > 1)
        return;
    json_decref(metadata->tree);
    blob_unref(metadata->blob);
    free(metadata);
}
