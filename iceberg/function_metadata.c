#include "iceberg/function_metadata.h"

#include "base/buffer.h"
#include "base/clock.h"
#include "base/json_tree.h"
#include "base/limits.h"

static bool invalid(struct error *err, const char *what)
{
    return error_set(err, ERROR_BAD_REQUEST, "Invalid function: %s", what);
}

/* --- types: the canonical text that a definition-id is made of ------------------------------ */

static bool append_type(const json_t *type, struct buffer *out, struct error *err);

static bool append_primitive(struct slice text, struct buffer *out, struct error *err)
{
    bool ok = text.len > 0;
    for (size_t i = 0; i < text.len; i++)
        ok = ok && text.ptr[i] > ' ' && text.ptr[i] != '"' && text.ptr[i] != '\'';
    if (!ok)
        return invalid(err, "a type must be a name without spaces or quotes");
    buffer_append_slice(out, text);
    return true;
}

static bool append_struct(const json_t *type, struct buffer *out, struct error *err)
{
    json_t *fields = NULL, *field;
    size_t i;
    TRY(json_get_array(type, "fields", &fields, err));
    buffer_append_string(out, "struct<");
    json_array_foreach(fields, i, field) {
        struct slice name;
        if (!json_is_object(field))
            return invalid(err, "a struct's field must be an object");
        TRY(json_get_string(field, "name", &name, err));
        if (i > 0)
            buffer_append_byte(out, ',');
        buffer_append_slice(out, name);
        buffer_append_byte(out, ':');
        TRY(append_type(json_object_get(field, "type"), out, err));
    }
    buffer_append_byte(out, '>');
    return true;
}

static bool append_nested(const json_t *type, struct buffer *out, struct error *err)
{
    struct slice name;
    TRY(json_get_string(type, "type", &name, err));
    if (slice_equals_string(name, "struct"))
        return append_struct(type, out, err);
    if (slice_equals_string(name, "list")) {
        buffer_append_string(out, "list<");
        TRY(append_type(json_object_get(type, "element"), out, err));
    } else if (slice_equals_string(name, "map")) {
        buffer_append_string(out, "map<");
        TRY(append_type(json_object_get(type, "key"), out, err));
        buffer_append_byte(out, ',');
        TRY(append_type(json_object_get(type, "value"), out, err));
    } else {
        return invalid(err, "a nested type is a struct, a list or a map");
    }
    buffer_append_byte(out, '>');
    return true;
}

/* Recursion is bounded: the request's text was checked against JSON_TEXT_MAX_DEPTH. */
static bool append_type(const json_t *type, struct buffer *out, struct error *err)
{
    if (json_is_string(type))
        return append_primitive(json_slice(type), out, err);
    if (json_is_object(type))
        return append_nested(type, out, err);
    return invalid(err, "a type is missing, or neither a string nor an object");
}

static bool append_signature(const json_t *parameters, struct buffer *out, struct error *err)
{
    json_t *parameter;
    size_t i;
    json_array_foreach(parameters, i, parameter) {
        struct slice name;
        if (!json_is_object(parameter))
            return invalid(err, "a parameter must be an object");
        TRY(json_get_string(parameter, "name", &name, err));
        if (i > 0)
            buffer_append_byte(out, ',');
        TRY(append_type(json_object_get(parameter, "type"), out, err));
    }
    return buffer_check(out, "the function's signature", err);
}

static bool check_definition_id(const json_t *definition, struct slice id, struct error *err)
{
    json_t *parameters = NULL;
    struct buffer text;
    TRY(json_get_array(definition, "parameters", &parameters, err));
    buffer_init(&text, MAX_DEFINITION_ID_SIZE);
    bool ok = append_signature(parameters, &text, err);
    if (ok && !slice_equals(buffer_slice(&text), id))
        ok = error_set(err, ERROR_BAD_REQUEST,
                       "Invalid function: definition-id '%.*s' must be '%.*s', the types of its "
                       "parameters",
                       SLICE_ARG(id), SLICE_ARG(buffer_slice(&text)));
    buffer_finish(&text);
    return ok;
}

/* --- versions ------------------------------------------------------------------------------- */

static bool check_representation(const json_t *list, size_t index, struct error *err)
{
    const json_t *item = json_array_get(list, index);
    struct slice type, dialect, other, sql;
    if (!json_is_object(item))
        return invalid(err, "a representation must be an object");
    TRY(json_get_string(item, "type", &type, err));
    if (!slice_equals_string(type, "sql"))
        return invalid(err, "the only representation type is sql");
    TRY(json_get_string(item, "dialect", &dialect, err));
    TRY(json_get_string(item, "sql", &sql, err));
    for (size_t i = 0; i < index; i++) {
        TRY(json_get_string(json_array_get(list, i), "dialect", &other, err));
        if (slice_equals_ignore_case(dialect, other))
            return invalid(err, "a version has two representations of one dialect");
    }
    return true;
}

static bool check_version(const json_t *version, int64_t *ret_id, struct error *err)
{
    json_t *representations = NULL;
    struct slice on_null = SLICE_LITERAL("call");
    bool deterministic;
    int64_t timestamp_ms;
    int32_t id;
    if (!json_is_object(version))
        return invalid(err, "a definition's version must be an object");
    TRY(json_get_int32(version, "version-id", &id, err));
    TRY(json_get_int64(version, "timestamp-ms", &timestamp_ms, err));
    TRY(json_opt_bool(version, "deterministic", &deterministic, err));
    TRY(json_opt_string(version, "on-null-input", &on_null, err));
    if (!slice_equals_string(on_null, "call") && !slice_equals_string(on_null, "return-null"))
        return invalid(err, "on-null-input is call or return-null");
    TRY(json_get_array(version, "representations", &representations, err));
    for (size_t i = 0; i < json_array_size(representations); i++)
        TRY(check_representation(representations, i, err));
    *ret_id = id;
    return true;
}

static bool has_version(const json_t *definition, int64_t wanted)
{
    json_t *version;
    size_t i;
    json_array_foreach(json_object_get(definition, "versions"), i, version)
        if (json_integer_value(json_object_get(version, "version-id")) == wanted)
            return true;
    return false;
}

static bool check_versions(const json_t *definition, struct error *err)
{
    json_t *versions = NULL, *version;
    int64_t previous = INT64_MIN, id = 0;
    int32_t current;
    size_t i;
    TRY(json_get_array(definition, "versions", &versions, err));
    TRY(json_get_int32(definition, "current-version-id", &current, err));
    json_array_foreach(versions, i, version) {
        TRY(check_version(version, &id, err));
        if (id <= previous)
            return invalid(err, "version ids must increase");
        previous = id;
    }
    return has_version(definition, current) ||
           invalid(err, "current-version-id names no version of its definition");
}

/* --- definitions and the log ---------------------------------------------------------------- */

static bool check_kind(const json_t *definition, struct error *err)
{
    struct slice kind;
    struct buffer scratch;
    const json_t *type = json_object_get(definition, "return-type");
    TRY(json_get_string(definition, "function-type", &kind, err));
    bool is_table = slice_equals_string(kind, "udtf");
    if (!is_table && !slice_equals_string(kind, "udf"))
        return invalid(err, "function-type is udf or udtf");
    buffer_init(&scratch, MAX_DEFINITION_ID_SIZE);
    bool ok = append_type(type, &scratch, err);
    /* An object: a type's name could be any text, "struct<" included. */
    bool is_struct = json_is_object(type) &&
                     slice_starts_with(buffer_slice(&scratch), SLICE_LITERAL("struct<"));
    if (ok && is_table && !is_struct)
        ok = invalid(err, "the return-type of a udtf must be a struct");
    buffer_finish(&scratch);
    return ok;
}

/* Definitions differ in their id and, where they have one, in their specific name. */
static bool check_differs(const json_t *list, size_t index, const char *field, struct error *err)
{
    struct slice text = {NULL, 0}, other;
    TRY(json_opt_string(json_array_get(list, index), field, &text, err));
    for (size_t i = 0; text.ptr && i < index; i++) {
        other = (struct slice){NULL, 0};
        TRY(json_opt_string(json_array_get(list, i), field, &other, err));
        if (other.ptr && slice_equals(text, other))
            return error_set(err, ERROR_BAD_REQUEST,
                             "Invalid function: two definitions have the %s '%.*s'", field,
                             SLICE_ARG(text));
    }
    return true;
}

static bool check_definition(const json_t *list, size_t index, struct error *err)
{
    const json_t *definition = json_array_get(list, index);
    struct slice id;
    if (!json_is_object(definition))
        return invalid(err, "a definition must be an object");
    TRY(json_get_string(definition, "definition-id", &id, err));
    TRY(check_definition_id(definition, id, err));
    TRY(check_differs(list, index, "definition-id", err));
    TRY(check_differs(list, index, "specific-name", err));
    TRY(check_kind(definition, err));
    return check_versions(definition, err);
}

static bool check_log_entry(const json_t *entry, struct error *err)
{
    json_t *refs = NULL, *ref;
    int64_t timestamp_ms;
    size_t i;
    if (!json_is_object(entry))
        return invalid(err, "an entry of the definition-log must be an object");
    TRY(json_get_int64(entry, "timestamp-ms", &timestamp_ms, err));
    TRY(json_get_array(entry, "definition-versions", &refs, err));
    json_array_foreach(refs, i, ref) {
        struct slice id;
        int32_t version;
        if (!json_is_object(ref))
            return invalid(err, "a definition-version must be an object");
        TRY(json_get_string(ref, "definition-id", &id, err));
        TRY(json_get_int32(ref, "version-id", &version, err));
    }
    return true;
}

static bool check_log(const json_t *metadata, struct error *err)
{
    json_t *log = NULL, *entry;
    size_t i;
    TRY(json_get_array(metadata, "definition-log", &log, err));
    json_array_foreach(log, i, entry)
        TRY(check_log_entry(entry, err));
    return true;
}

bool function_metadata_check(const json_t *metadata, struct slice *ret_uuid,
                             struct error *err)
{
    json_t *definitions = NULL, *properties = NULL;
    struct slice uuid, doc, location;
    int32_t version = 0;
    bool secure;
    if (!json_is_object(metadata))
        return invalid(err, "it must be a JSON object");
    TRY(json_get_string(metadata, "function-uuid", &uuid, err));
    if (!uuid_is_valid(uuid.ptr, uuid.len))
        return invalid(err, "function-uuid must be a UUID");
    TRY(json_get_int32(metadata, "format-version", &version, err));
    if (version != FUNCTION_FORMAT_VERSION)
        return invalid(err, "the only format-version is 1");
    TRY(json_opt_string(metadata, "doc", &doc, err));
    TRY(json_opt_string(metadata, "location", &location, err));
    TRY(json_opt_bool(metadata, "secure", &secure, err));
    TRY(json_opt_string_map(metadata, "properties", &properties, err));
    TRY(json_get_array(metadata, "definitions", &definitions, err));
    if (json_array_size(definitions) == 0)
        return invalid(err, "it has no definitions");
    for (size_t i = 0; i < json_array_size(definitions); i++)
        TRY(check_definition(definitions, i, err));
    TRY(check_log(metadata, err));
    *ret_uuid = uuid;
    return true;
}
