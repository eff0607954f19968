/*
 * Whether what is current fits together: asked once, of the whole that the updates leave behind. A
 * replacement of a table moves its schema, spec and order one after another, and only the last
 * state has to hold.
 */
#include "catalog/table_draft.h"

static bool default_spec_check(struct table_draft *draft, const struct schema *schema,
                               struct error *err)
{
    const struct partition_spec *spec = NULL;
    TRY(draft_list_load(draft, &draft->specs, err));
    size_t index = draft_list_find(&draft->specs, draft->default_spec_id);
    if (index == NO_ITEM)
        return error_set(err, ERROR_VALIDATION,
                         "the table has no default partition spec: send add-spec and "
                         "set-default-spec");
    TRY(draft_spec(draft, index, &spec, err));
    return partition_spec_check(spec, schema, err);
}

static bool default_order_check(struct table_draft *draft, const struct schema *schema,
                                struct error *err)
{
    const struct sort_order *order = NULL;
    TRY(draft_list_load(draft, &draft->orders, err));
    size_t index = draft_list_find(&draft->orders, draft->default_sort_order_id);
    if (index == NO_ITEM)
        return error_set(err, ERROR_VALIDATION,
                         "the table has no default sort order: send add-sort-order and "
                         "set-default-sort-order");
    TRY(draft_order(draft, index, &order, err));
    return sort_order_check(order, schema, err);
}

static bool is_nested(const struct type *type)
{
    return type->id == TYPE_STRUCT || type->id == TYPE_LIST || type->id == TYPE_MAP;
}

/* The reference binds every spec to the current schema when it reads a table, and gives up at a
 * transform of a type that it does not apply to (identity of a nested type passes there). So a
 * historical one may lose its source, but not have it under such a type: nobody could load the
 * table again. Historical sort orders are not bound. */
static bool source_is_readable(const struct schema *schema, int32_t source_id,
                               const struct transform *transform, struct arena *arena,
                               struct error *err)
{
    const struct schema_field *source = schema_find_id(schema, source_id);
    bool is_bound = transform->kind != TRANSFORM_VOID && transform->kind != TRANSFORM_UNKNOWN;
    if (!source || !is_bound || transform_accepts(transform, source->field->type) ||
        (transform->kind == TRANSFORM_IDENTITY && is_nested(source->field->type)))
        return true;
    struct slice name = type_name(source->field->type, arena);
    return error_set(err, ERROR_VALIDATION,
                     "Cannot make column %d %.*s: a partition spec that the table keeps applies "
                     "%.*s to it (remove it, or give the column a new id)",
                     source_id, SLICE_ARG(name), SLICE_ARG(transform->text));
}

static bool specs_are_readable(struct table_draft *draft, const struct schema *schema,
                               struct error *err)
{
    for (size_t i = 0; i < draft->specs.count; i++) {
        const struct partition_spec *spec = NULL;
        TRY(draft_spec(draft, i, &spec, err));
        for (size_t j = 0; j < spec->field_count; j++)
            TRY(source_is_readable(schema, spec->fields[j].source_id, &spec->fields[j].transform,
                                   draft->arena, err));
    }
    return true;
}

/* Only the defaults must fit the current schema: older specs and orders are kept although a source
 * column of theirs is gone, so that older manifests can still be read. */
bool draft_defaults_check(struct table_draft *draft, struct error *err)
{
    const struct schema *schema = NULL;
    TRY(draft_current_schema(draft, &schema, err));
    TRY(default_spec_check(draft, schema, err));
    TRY(default_order_check(draft, schema, err));
    return specs_are_readable(draft, schema, err);
}
