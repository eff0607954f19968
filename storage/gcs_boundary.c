#include "storage/gcs_boundary.h"

#include "base/json_write.h"
#include "base/limits.h"
#include "storage/bucket_object.h"

/* A location of MAX_URI_SIZE, twice, with room for escapes. */
#define MAX_BOUNDARY_SIZE (1 * MIB)

/* Between single quotes: what would end the literal, or begin an escape, is escaped. Locations have
 * no control characters. */
static void append_cel_text(struct buffer *out, struct slice text)
{
    for (size_t i = 0; i < text.len; i++) {
        if (text.ptr[i] == '\'' || text.ptr[i] == '\\')
            buffer_append_byte(out, '\\');
        buffer_append_byte(out, text.ptr[i]);
    }
}

/* With its slash, so that "db/t2" is not meant by "db/t"; of a whole bucket: empty. */
static void append_prefix(struct buffer *out, struct slice prefix)
{
    append_cel_text(out, prefix);
    if (prefix.len > 0)
        buffer_append_byte(out, '/');
}

/* Objects are told by their names; a listing, which has none, by what it was asked for. */
static void append_condition(struct buffer *out, const struct bucket_object *table)
{
    buffer_append_string(out, "resource.name.startsWith('projects/_/buckets/");
    append_cel_text(out, table->bucket);
    buffer_append_string(out, "/objects/");
    append_prefix(out, table->key);
    buffer_append_string(out, "') || api.getAttribute('storage.googleapis.com/objectListPrefix', "
                              "'').startsWith('");
    append_prefix(out, table->key);
    buffer_append_string(out, "')");
}

static void write_rule(struct json_writer *json, enum session_rights rights, struct slice resource,
                       struct slice condition)
{
    json_write_object_begin(json);
    json_write_string_member(json, "availableResource", resource);
    json_write_key(json, "availablePermissions");
    json_write_array_begin(json);
    json_write_string(json, rights == SESSION_READ
                                ? SLICE_LITERAL("inRole:roles/storage.objectViewer")
                                : SLICE_LITERAL("inRole:roles/storage.objectUser"));
    json_write_array_end(json);
    json_write_key(json, "availabilityCondition");
    json_write_object_begin(json);
    json_write_string_member(json, "expression", condition);
    json_write_object_end(json);
    json_write_object_end(json);
}

static void write_boundary(struct json_writer *json, enum session_rights rights,
                           struct slice resource, struct slice condition)
{
    json_write_object_begin(json);
    json_write_key(json, "accessBoundary");
    json_write_object_begin(json);
    json_write_key(json, "accessBoundaryRules");
    json_write_array_begin(json);
    write_rule(json, rights, resource, condition);
    json_write_array_end(json);
    json_write_object_end(json);
    json_write_object_end(json);
}

bool gcs_boundary_make(struct slice location, enum session_rights rights, struct arena *arena,
                       struct slice *ret_boundary, struct error *err)
{
    struct bucket_object table;
    struct buffer condition, text;
    struct json_writer json;
    if (!bucket_object_parse(location, &table, NULL) || !slice_equals_string(table.scheme, "gs"))
        return error_set(err, ERROR_VALIDATION, "%.*s is no place on Google Cloud Storage",
                         SLICE_ARG(location));
    struct slice resource = arena_printf(arena, "//storage.googleapis.com/projects/_/buckets/%.*s",
                                         SLICE_ARG(table.bucket));
    buffer_init(&condition, MAX_BOUNDARY_SIZE);
    buffer_init(&text, MAX_BOUNDARY_SIZE);
    append_condition(&condition, &table);
    json_writer_init(&json, &text);
    write_boundary(&json, rights, resource.ptr ? resource : SLICE_EMPTY, buffer_slice(&condition));
    bool ok = resource.ptr && buffer_ok(&condition) && buffer_ok(&text);
    struct slice copy = ok ? arena_slice(arena, buffer_slice(&text)) : (struct slice){NULL, 0};
    buffer_finish(&condition);
    buffer_finish(&text);
    if (copy.ptr == NULL)
        return error_no_memory(err, "a boundary");
    *ret_boundary = copy;
    return true;
}
