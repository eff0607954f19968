/*
 * Ids are given out level by level: all fields of a struct before anything nested in them, a list's
 * element before its inside, a map's key and value before theirs. A client that predicts the ids of
 * a new table relies on this order.
 *
 * The copy recurses; the depth of types is bounded where they are parsed (type.h).
 */
#include "iceberg/schema.h"
#include "iceberg/schema_index.h"

struct id_source {
    struct arena *arena;
    const struct schema *schema; /* being copied */
    const struct schema *base;   /* names found here keep their ids; NULL: none do */
    int32_t last_id;
};

static bool next_id(struct id_source *source, const struct field *field, int32_t *ret_id,
                    struct error *err)
{
    if (source->base) {
        struct slice name = schema_find_id(source->schema, field->id)->full_name;
        const struct schema_field *known = schema_find_name(source->base, name);
        if (known) {
            *ret_id = known->field->id;
            return true;
        }
    }
    if (source->last_id == INT32_MAX)
        return error_set(err, ERROR_VALIDATION, "Cannot assign a field id: all ids are used");
    *ret_id = ++source->last_id;
    return true;
}

static bool copy_type(struct id_source *source, const struct type *type,
                      const struct type **ret_copy, struct error *err)
{
    if (type->field_count == 0) {
        *ret_copy = type;
        return true;
    }
    struct type *copy = ARENA_NEW(source->arena, struct type);
    struct field *fields = ARENA_ARRAY(source->arena, struct field, type->field_count);
    if (!copy || !fields)
        return error_no_memory(err, "a schema with new ids");
    *copy = *type;
    copy->fields = fields;
    for (size_t i = 0; i < type->field_count; i++) {
        fields[i] = type->fields[i];
        TRY(next_id(source, &type->fields[i], &fields[i].id, err));
    }
    for (size_t i = 0; i < type->field_count; i++)
        TRY(copy_type(source, type->fields[i].type, &fields[i].type, err));
    *ret_copy = copy;
    return true;
}

/* The copy of a field: it stands in the copy of its parent at the same position. */
static const struct field *twin_of(const struct schema *schema, const struct schema_field *field,
                                   const struct type *copied_root)
{
    const struct schema_field *parent = schema_find_parent(schema, field);
    const struct field *siblings = parent ? parent->field->type->fields : schema->root->fields;
    const struct type *copy = parent ? twin_of(schema, parent, copied_root)->type : copied_root;
    return &copy->fields[field->field - siblings];
}

static bool assign_ids(struct id_source *source, struct schema **ret_schema, struct error *err)
{
    const struct schema *schema = source->schema;
    const struct type *root = NULL;
    int32_t *identifiers = ARENA_ARRAY(source->arena, int32_t, schema->identifier_count);
    if (!identifiers)
        return error_no_memory(err, "a schema with new ids");
    TRY(copy_type(source, schema->root, &root, err));
    for (size_t i = 0; i < schema->identifier_count; i++) {
        const struct schema_field *field = schema_find_id(schema, schema->identifier_ids[i]);
        identifiers[i] = twin_of(schema, field, root)->id;
    }
    return schema_build(0, root, identifiers, schema->identifier_count, source->arena, ret_schema,
                        err);
}

bool schema_assign_fresh_ids(const struct schema *schema, struct arena *arena,
                             struct schema **ret_schema, struct error *err)
{
    struct id_source source = {.arena = arena, .schema = schema};
    return assign_ids(&source, ret_schema, err);
}

bool schema_assign_ids_from(const struct schema *schema, const struct schema *base,
                            int32_t last_column_id, struct arena *arena,
                            struct schema **ret_schema, struct error *err)
{
    struct id_source source = {arena, schema, base, last_column_id};
    return assign_ids(&source, ret_schema, err);
}
