#include "catalog/requirement.h"

#include "base/json_text.h"
#include "base/json_tree.h"
#include "base/limits.h"

enum requirement_kind { FOR_TABLES, FOR_VIEWS };

typedef bool (*table_check_fn)(const json_t *requirement, const struct table_metadata *base,
                               struct error *err);

static bool check_failed(struct error *err, const char *what, int64_t expected, int64_t found)
{
    return error_set(err, ERROR_COMMIT_FAILED,
                     "Requirement failed: %s changed: expected id %lld != %lld", what,
                     (long long)expected, (long long)found);
}

static bool check_missing(struct error *err)
{
    return error_set(err, ERROR_COMMIT_FAILED, "Requirement failed: table does not exist");
}

static bool check_create(const json_t *requirement, const struct table_metadata *base,
                         struct error *err)
{
    (void)requirement;
    return base ? error_set(err, ERROR_COMMIT_FAILED, "Requirement failed: table already exists")
                : true;
}

static bool check_uuid(const json_t *requirement, const struct table_metadata *base,
                       struct error *err)
{
    struct slice uuid = SLICE_EMPTY;
    TRY(json_get_string(requirement, "uuid", &uuid, err));
    if (!base)
        return check_missing(err);
    if (slice_equals_ignore_case(uuid, base->uuid))
        return true;
    return error_set(err, ERROR_COMMIT_FAILED,
                     "Requirement failed: UUID does not match: expected %.*s != %.*s",
                     SLICE_ARG(base->uuid), SLICE_ARG(uuid));
}

static bool name_equals(struct slice raw, struct slice name, struct arena *arena, bool *ret_equal,
                        struct error *err)
{
    struct slice text = raw;
    if (slice_find(raw, '\\') < raw.len) {
        struct slice quoted = slice_make(raw.ptr - 1, raw.len + 2);
        TRY(json_value_string(quoted, arena, &text, err));
    }
    *ret_equal = slice_equals(text, name);
    return true;
}

/* A ref's value in the text of "refs"; ptr is NULL where it is not there. The last one counts. */
static bool refs_find(struct slice refs, struct slice name, struct arena *arena,
                      struct slice *ret_ref, struct error *err)
{
    struct json_cursor cursor;
    struct json_member member;
    bool more = true, equal = false;
    TRY(json_object_open(refs, &cursor, err));
    while (more) {
        TRY(json_object_next(&cursor, &member, &more, err));
        if (!more)
            break;
        TRY(name_equals(member.name, name, arena, &equal, err));
        if (equal)
            *ret_ref = member.value;
    }
    return true;
}

static bool ref_read(struct slice text, struct arena *arena, struct table_ref *ret,
                     struct error *err)
{
    struct slice id, type, word = SLICE_EMPTY;
    TRY(json_object_find(text, "snapshot-id", &id, err));
    TRY(json_object_find(text, "type", &type, err));
    if (!id.ptr || !json_value_int64(id, &ret->snapshot_id))
        return error_set(err, ERROR_CORRUPT, "refs: snapshot-id must be an integer");
    if (type.ptr)
        TRY(json_value_string(type, arena, &word, err));
    ret->is_tag = slice_equals_ignore_case(word, SLICE_LITERAL("tag"));
    ret->is_there = true;
    return true;
}

/* Metadata from before branches has no refs: its current snapshot is main's. */
static bool ref_find(const struct table_metadata *base, struct slice name, struct arena *arena,
                     struct table_ref *ret, struct error *err)
{
    struct slice refs = base->members[TABLE_MEMBER_REFS], ref = {NULL, 0};
    if (refs.ptr && !json_value_is_null(refs)) {
        TRY(refs_find(refs, name, arena, &ref, err));
        return ref.ptr ? ref_read(ref, arena, ret, err) : true;
    }
    ret->is_there = slice_equals_string(name, "main") && base->current_snapshot_id != NO_SNAPSHOT;
    ret->snapshot_id = base->current_snapshot_id;
    return true;
}

bool table_ref_find(const struct table_metadata *base, struct slice name, struct table_ref *ret_ref,
                    struct error *err)
{
    struct table_ref ref = {.is_there = false};
    struct arena arena;
    arena_init(&arena, MAX_REQUEST_ARENA);
    bool ok = ref_find(base, name, &arena, &ref, err);
    arena_finish(&arena);
    if (ok)
        *ret_ref = ref;
    return ok;
}

static bool ref_compare(struct slice name, const struct table_ref *ref, bool has_id, int64_t id,
                        struct error *err)
{
    const char *type = ref->is_tag ? "tag" : "branch";
    if (ref->is_there && !has_id)
        return error_set(err, ERROR_COMMIT_FAILED,
                         "Requirement failed: %s %.*s was created concurrently", type,
                         SLICE_ARG(name));
    if (ref->is_there && ref->snapshot_id != id)
        return error_set(err, ERROR_COMMIT_FAILED,
                         "Requirement failed: %s %.*s has changed: expected id %lld != %lld", type,
                         SLICE_ARG(name), (long long)id, (long long)ref->snapshot_id);
    if (!ref->is_there && has_id)
        return error_set(err, ERROR_COMMIT_FAILED,
                         "Requirement failed: branch or tag %.*s is missing, expected %lld",
                         SLICE_ARG(name), (long long)id);
    return true;
}

/* A null id says that the ref must not exist. */
static bool check_ref(const json_t *requirement, const struct table_metadata *base,
                      struct error *err)
{
    struct slice name = SLICE_EMPTY;
    struct table_ref ref;
    int64_t id = 0;
    bool has_id = false;
    TRY(json_get_string(requirement, "ref", &name, err));
    TRY(json_opt_int64(requirement, "snapshot-id", &id, &has_id, err));
    if (!base)
        return check_missing(err);
    return table_ref_find(base, name, &ref, err) && ref_compare(name, &ref, has_id, id, err);
}

/* The two "last assigned" ids hold for a table that is not there yet; the others do not. */
static bool check_id(const json_t *requirement, const struct table_metadata *base,
                     const char *field, const char *what, int32_t found, struct error *err)
{
    int32_t expected = 0;
    TRY(json_get_int32(requirement, field, &expected, err));
    if (base && expected != found)
        return check_failed(err, what, expected, found);
    return true;
}

static bool check_last_field_id(const json_t *requirement, const struct table_metadata *base,
                                struct error *err)
{
    return check_id(requirement, base, "last-assigned-field-id", "last assigned field id",
                    base ? base->last_column_id : 0, err);
}

static bool check_last_partition_id(const json_t *requirement, const struct table_metadata *base,
                                    struct error *err)
{
    return check_id(requirement, base, "last-assigned-partition-id", "last assigned partition id",
                    base ? base->last_partition_id : 0, err);
}

static bool check_current_schema(const json_t *requirement, const struct table_metadata *base,
                                 struct error *err)
{
    TRY(check_id(requirement, base, "current-schema-id", "current schema",
                 base ? base->current_schema_id : 0, err));
    return base ? true : check_missing(err);
}

static bool check_default_spec(const json_t *requirement, const struct table_metadata *base,
                               struct error *err)
{
    TRY(check_id(requirement, base, "default-spec-id", "default partition spec",
                 base ? base->default_spec_id : 0, err));
    return base ? true : check_missing(err);
}

static bool check_default_order(const json_t *requirement, const struct table_metadata *base,
                                struct error *err)
{
    TRY(check_id(requirement, base, "default-sort-order-id", "default sort order",
                 base ? base->default_sort_order_id : 0, err));
    return base ? true : check_missing(err);
}

/* The protocol's TableRequirement and ViewRequirement. */
static const struct {
    const char *type;
    enum requirement_kind kind;
    table_check_fn check; /* NULL for views, which have one only */
} requirement_types[] = {
    {"assert-create", FOR_TABLES, check_create},
    {"assert-table-uuid", FOR_TABLES, check_uuid},
    {"assert-ref-snapshot-id", FOR_TABLES, check_ref},
    {"assert-last-assigned-field-id", FOR_TABLES, check_last_field_id},
    {"assert-current-schema-id", FOR_TABLES, check_current_schema},
    {"assert-last-assigned-partition-id", FOR_TABLES, check_last_partition_id},
    {"assert-default-spec-id", FOR_TABLES, check_default_spec},
    {"assert-default-sort-order-id", FOR_TABLES, check_default_order},
    {"assert-view-uuid", FOR_VIEWS, NULL},
};

#define TYPE_COUNT (sizeof(requirement_types) / sizeof(*requirement_types))

static bool type_find(const json_t *requirement, size_t *ret_type, struct error *err)
{
    struct slice name = SLICE_EMPTY;
    if (!json_is_object(requirement))
        return error_set(err, ERROR_BAD_REQUEST, "every requirement must be an object");
    TRY(json_get_string(requirement, "type", &name, err));
    for (size_t i = 0; i < TYPE_COUNT; i++) {
        if (slice_equals_ignore_case(name, slice_from_string(requirement_types[i].type))) {
            *ret_type = i;
            return true;
        }
    }
    return error_set(err, ERROR_BAD_REQUEST, "unknown requirement '%.*s': nothing was applied",
                     SLICE_ARG(name));
}

/* The whole list is understood before any of it is checked: a request with an unknown requirement
 * is wrong as a whole, whatever the others would say. */
static bool types_check(const json_t *requirements, enum requirement_kind kind, struct error *err)
{
    size_t i = 0, type = 0;
    json_t *requirement = NULL;
    if (requirements && !json_is_array(requirements))
        return error_set(err, ERROR_BAD_REQUEST, "requirements must be an array");
    if (json_array_size(requirements) > MAX_UPDATES_PER_COMMIT)
        return error_set(err, ERROR_BAD_REQUEST, "a commit may have %d requirements, but has %zu",
                         MAX_UPDATES_PER_COMMIT, json_array_size(requirements));
    json_array_foreach((json_t *)requirements, i, requirement) {
        if (!type_find(requirement, &type, err))
            return error_prefix(err, "requirements[%zu]", i);
        if (requirement_types[type].kind != kind)
            return error_set(err, ERROR_BAD_REQUEST,
                             "requirements[%zu]: cannot validate %s against "
                             "a %s",
                             i, requirement_types[type].type,
                             kind == FOR_TABLES ? "table" : "view");
    }
    return true;
}

static bool is_create(const json_t *requirement)
{
    struct slice type = json_slice(json_object_get(requirement, "type"));
    return slice_equals_ignore_case(type, SLICE_LITERAL("assert-create"));
}

bool requirements_are_create(const json_t *requirements, bool *ret_is_create, struct error *err)
{
    size_t i = 0, creates = 0;
    json_t *requirement = NULL;
    TRY(types_check(requirements, FOR_TABLES, err));
    json_array_foreach((json_t *)requirements, i, requirement)
        creates += is_create(requirement) ? 1 : 0;
    if (creates > 0 && creates < json_array_size(requirements))
        return error_set(err, ERROR_BAD_REQUEST,
                         "Invalid create requirements: assert-create must be the only one");
    *ret_is_create = creates > 0;
    return true;
}

bool table_requirements_check(const json_t *requirements, const struct table_metadata *base,
                              struct error *err)
{
    size_t i = 0, type = 0;
    json_t *requirement = NULL;
    TRY(types_check(requirements, FOR_TABLES, err));
    json_array_foreach((json_t *)requirements, i, requirement) {
        TRY(type_find(requirement, &type, err));
        TRY(requirement_types[type].check(requirement, base, err));
    }
    return true;
}

bool view_requirements_check(const json_t *requirements, const struct view_metadata *base,
                             struct error *err)
{
    size_t i = 0;
    json_t *requirement = NULL;
    TRY(types_check(requirements, FOR_VIEWS, err));
    json_array_foreach((json_t *)requirements, i, requirement) {
        struct slice uuid = SLICE_EMPTY;
        TRY(json_get_string(requirement, "uuid", &uuid, err));
        if (!base)
            return error_set(err, ERROR_COMMIT_FAILED, "Requirement failed: view does not exist");
        if (!slice_equals_ignore_case(uuid, base->uuid))
            return error_set(err, ERROR_COMMIT_FAILED,
                             "Requirement failed: view UUID does not match: expected %.*s != %.*s",
                             SLICE_ARG(base->uuid), SLICE_ARG(uuid));
    }
    return true;
}
