/*
 * The walk is depth first and records a field after what is nested in it. That is the order in
 * which the reference implementation meets names, and it decides two things: which two ids a
 * message about a repeated name shows, and which field a short name means where several could.
 *
 * The walk recurses; the depth of types is bounded where they are parsed (type.h).
 */
#include "iceberg/schema_index.h"

#include <stdlib.h>

#include "base/limits.h"
#include "iceberg/json_excerpt.h"

/* A name on its way into the index. */
struct name_entry {
    struct slice name;
    int32_t id;
    size_t order; /* position in the walk; short names come after all full ones */
};

struct index_walk {
    struct arena *arena;
    struct schema_field *fields; /* in the order of the walk */
    size_t count;
    size_t names_size; /* bytes of all full names */
};

/* Where a field stands: what its name is put behind. */
struct place {
    struct slice full_prefix; /* ptr NULL at the top */
    struct slice short_prefix;
    int32_t parent_id;
};

static size_t count_fields(const struct type *type)
{
    size_t count = type->field_count;
    for (size_t i = 0; i < type->field_count; i++)
        count += count_fields(type->fields[i].type);
    return count;
}

static bool join(struct index_walk *walk, struct slice prefix, struct slice name,
                 struct slice *ret_joined, struct error *err)
{
    if (!prefix.ptr) {
        *ret_joined = name;
        return true;
    }
    size_t len = prefix.len + 1 + name.len;
    walk->names_size += len;
    if (walk->names_size > MAX_SCHEMA_NAMES_SIZE)
        return error_set(err, ERROR_TOO_LARGE,
                         "Invalid schema: the full names of its nested fields take more than %zu "
                         "bytes together",
                         MAX_SCHEMA_NAMES_SIZE);
    char *text = arena_alloc(walk->arena, len);
    if (!text)
        return error_no_memory(err, "the names of a schema");
    memcpy(text, prefix.ptr, prefix.len);
    text[prefix.len] = '.';
    memcpy(text + prefix.len + 1, name.ptr, name.len);
    *ret_joined = slice_make(text, len);
    return true;
}

/* "element" of a list and "value" of a map leave no trace in short names where they are structs, so
 * that locations.element.latitude can be called locations.latitude; "key" always does. */
static bool is_left_out(const struct type *parent, size_t position)
{
    bool can_be = parent->id == TYPE_LIST || (parent->id == TYPE_MAP && position == 1);
    return can_be && parent->fields[position].type->id == TYPE_STRUCT;
}

static bool walk_type(struct index_walk *walk, const struct type *type, const struct place *place,
                      struct error *err);

static bool walk_field(struct index_walk *walk, const struct type *parent, size_t position,
                       const struct place *place, struct error *err)
{
    const struct field *field = &parent->fields[position];
    struct schema_field entry = {.field = field, .parent_id = place->parent_id};
    TRY(join(walk, place->full_prefix, field->name, &entry.full_name, err));
    entry.short_name = entry.full_name;
    if (place->short_prefix.ptr != place->full_prefix.ptr)
        TRY(join(walk, place->short_prefix, field->name, &entry.short_name, err));
    struct place below = {
        .full_prefix = entry.full_name,
        .short_prefix = is_left_out(parent, position) ? place->short_prefix : entry.short_name,
        .parent_id = field->id,
    };
    TRY(walk_type(walk, field->type, &below, err));
    walk->fields[walk->count++] = entry;
    return true;
}

static bool walk_type(struct index_walk *walk, const struct type *type, const struct place *place,
                      struct error *err)
{
    for (size_t i = 0; i < type->field_count; i++)
        TRY(walk_field(walk, type, i, place, err));
    return true;
}

static int compare_int32(int32_t a, int32_t b)
{
    return (a > b) - (a < b);
}

static int compare_by_name(const void *left, const void *right)
{
    const struct name_entry *a = left, *b = right;
    int order = slice_compare(a->name, b->name);
    return order ? order : (a->order > b->order) - (a->order < b->order);
}

static int compare_by_id(const void *left, const void *right)
{
    const struct schema_field *a = left, *b = right;
    return compare_int32(a->field->id, b->field->id);
}

static int compare_ids(const void *left, const void *right)
{
    return compare_int32(*(const int32_t *)left, *(const int32_t *)right);
}

/* Full names of all fields, and short ones where they differ, sorted. */
static bool collect_names(const struct index_walk *walk, struct name_entry **ret_entries,
                          size_t *ret_count, struct error *err)
{
    struct name_entry *entries = ARENA_ARRAY(walk->arena, struct name_entry, walk->count * 2);
    size_t count = 0;
    if (!entries)
        return error_no_memory(err, "the names of a schema");
    for (size_t i = 0; i < walk->count; i++) {
        const struct schema_field *field = &walk->fields[i];
        entries[count++] = (struct name_entry){field->full_name, field->field->id, i};
        if (!slice_equals(field->full_name, field->short_name))
            entries[count++] =
                (struct name_entry){field->short_name, field->field->id, walk->count + i};
    }
    qsort(entries, count, sizeof(*entries), compare_by_name);
    *ret_entries = entries;
    *ret_count = count;
    return true;
}

/* Of all full names that are there twice, the message shows the one that the walk met first. */
static bool check_unique_names(const struct name_entry *entries, size_t count, size_t full_count,
                               struct error *err)
{
    const struct name_entry *first = NULL;
    for (size_t i = 1; i < count; i++) {
        bool is_repeated = entries[i].order < full_count &&
                           slice_equals(entries[i - 1].name, entries[i].name);
        if (is_repeated && (!first || entries[i].order < first->order))
            first = &entries[i];
    }
    if (!first)
        return true;
    return error_set(err, ERROR_VALIDATION,
                     "Invalid schema: multiple fields for name %.*s: %d and %d",
                     SLICE_ARG(first->name), first[-1].id, first->id);
}

static bool index_names(struct schema *schema, const struct index_walk *walk, struct error *err)
{
    struct name_entry *entries = NULL;
    size_t count = 0;
    TRY(collect_names(walk, &entries, &count, err));
    TRY(check_unique_names(entries, count, walk->count, err));
    schema->by_name = ARENA_ARRAY(walk->arena, struct schema_name, count);
    if (!schema->by_name)
        return error_no_memory(err, "the names of a schema");
    for (size_t i = 0; i < count; i++) {
        if (i > 0 && slice_equals(entries[i - 1].name, entries[i].name))
            continue; /* a short name that a field before it has */
        schema->by_name[schema->name_count++] =
            (struct schema_name){entries[i].name, schema_find_id(schema, entries[i].id)};
    }
    return true;
}

static bool index_ids(struct schema *schema, struct error *err)
{
    if (schema->field_count == 0)
        return true;
    qsort(schema->by_id, schema->field_count, sizeof(*schema->by_id), compare_by_id);
    for (size_t i = 1; i < schema->field_count; i++) {
        const struct schema_field *a = &schema->by_id[i - 1], *b = &schema->by_id[i];
        if (a->field->id == b->field->id)
            return error_set(err, ERROR_VALIDATION,
                             "Invalid schema: multiple fields for id %d: %.*s and %.*s",
                             a->field->id, SLICE_ARG(a->full_name), SLICE_ARG(b->full_name));
    }
    schema->highest_field_id = schema->by_id[schema->field_count - 1].field->id;
    return true;
}

static bool index_type(struct schema *schema, struct arena *arena, struct error *err)
{
    size_t count = count_fields(schema->root);
    struct index_walk walk = {.arena = arena};
    struct place top = {{NULL, 0}, {NULL, 0}, -1};
    walk.fields = ARENA_ARRAY(arena, struct schema_field, count);
    if (!walk.fields)
        return error_no_memory(err, "a schema");
    TRY(walk_type(&walk, schema->root, &top, err));
    schema->by_id = ARENA_ARRAY(arena, struct schema_field, count);
    if (!schema->by_id)
        return error_no_memory(err, "a schema");
    schema->field_count = count;
    memcpy(schema->by_id, walk.fields, count * sizeof(*walk.fields));
    TRY(index_ids(schema, err));
    return index_names(schema, &walk, err);
}

/* From the root on, so that a list or map is named and not the struct in it. */
static bool check_identifier_parents(const struct schema *schema, const struct schema_field *field,
                                     const struct schema_field *parent, struct error *err)
{
    char parent_name[JSON_EXCERPT_SIZE];
    if (!parent)
        return true;
    TRY(check_identifier_parents(schema, field, schema_find_parent(schema, parent), err));
    bool is_struct = parent->field->type->id == TYPE_STRUCT;
    if (is_struct && parent->field->is_required)
        return true;
    field_name_write(parent->field, parent_name, sizeof(parent_name));
    return error_set(err, ERROR_VALIDATION,
                     "Cannot add field %.*s as an identifier field: must not be nested in %s%s",
                     SLICE_ARG(field->field->name), is_struct ? "an optional field " : "",
                     parent_name);
}

static bool check_identifier(const struct schema *schema, int32_t id, struct error *err)
{
    const struct schema_field *entry = schema_find_id(schema, id);
    if (!entry)
        return error_set(err, ERROR_VALIDATION,
                         "Cannot add fieldId %d as an identifier field: field does not exist", id);
    const struct field *field = entry->field;
    const char *reason = NULL;
    if (!type_is_primitive(field->type))
        reason = "not a primitive type field";
    else if (!field->is_required)
        reason = "not a required field";
    else if (field->type->id == TYPE_FLOAT || field->type->id == TYPE_DOUBLE)
        reason = "must not be float or double field";
    if (reason)
        return error_set(err, ERROR_VALIDATION, "Cannot add field %.*s as an identifier field: %s",
                         SLICE_ARG(field->name), reason);
    return check_identifier_parents(schema, entry, schema_find_parent(schema, entry), err);
}

/* Sorts the ids, drops repeats, checks each. */
static bool index_identifiers(struct schema *schema, int32_t *ids, size_t count, struct error *err)
{
    schema->identifier_ids = ids;
    if (count == 0)
        return true;
    qsort(ids, count, sizeof(*ids), compare_ids);
    for (size_t i = 0; i < count; i++) {
        if (i > 0 && ids[i] == ids[schema->identifier_count - 1])
            continue;
        TRY(check_identifier(schema, ids[i], err));
        ids[schema->identifier_count++] = ids[i];
    }
    return true;
}

bool schema_build(int32_t schema_id, const struct type *root, int32_t *identifier_ids,
                  size_t identifier_count, struct arena *arena, struct schema **ret_schema,
                  struct error *err)
{
    struct schema *schema = ARENA_NEW(arena, struct schema);
    if (!schema)
        return error_no_memory(err, "a schema");
    schema->schema_id = schema_id;
    schema->root = root;
    TRY(index_type(schema, arena, err));
    TRY(index_identifiers(schema, identifier_ids, identifier_count, err));
    *ret_schema = schema;
    return true;
}
