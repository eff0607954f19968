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
    int32_t last_id; /* a schema's fields come from its text, which is shorter than 2^31 bytes */
};

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
        fields[i].id = ++source->last_id;
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

bool schema_assign_fresh_ids(const struct schema *schema, struct arena *arena,
                             struct schema **ret_schema, struct error *err)
{
    struct id_source source = {.arena = arena};
    const struct type *root = NULL;
    int32_t *identifiers = ARENA_ARRAY(arena, int32_t, schema->identifier_count);
    if (!identifiers)
        return error_no_memory(err, "a schema with new ids");
    TRY(copy_type(&source, schema->root, &root, err));
    for (size_t i = 0; i < schema->identifier_count; i++) {
        const struct schema_field *field = schema_find_id(schema, schema->identifier_ids[i]);
        identifiers[i] = twin_of(schema, field, root)->id;
    }
    return schema_build(0, root, identifiers, schema->identifier_count, arena, ret_schema, err);
}
