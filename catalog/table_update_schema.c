/*
 * Updates of schemas, and what remove-partition-specs shares with remove-schemas.
 */
#include "base/json_tree.h"
#include "base/tree_copy.h"
#include "catalog/table_draft.h"
#include "iceberg/id_set.h"

/* An equal schema gives its id again; else one above the highest (and above the current one). */
static bool schema_id_choose(struct table_draft *draft, const struct schema *schema,
                             int64_t *ret_id, bool *ret_is_new, struct error *err)
{
    for (size_t i = 0; i < draft->schemas.count; i++) {
        const struct schema *other = NULL;
        TRY(draft_schema(draft, i, &other, err));
        if (schema_same(schema, other)) {
            *ret_id = draft->schemas.items[i].id;
            *ret_is_new = false;
            return true;
        }
    }
    int64_t id = draft->schemas.highest_id + 1;
    if (id > INT32_MAX)
        return error_set(err, ERROR_VALIDATION, "no schema id is left after %d", INT32_MAX);
    *ret_id = id;
    *ret_is_new = true;
    return true;
}

/* As every reader spells it, with what we do not know of the request's columns kept. */
static bool schema_text(struct table_draft *draft, const struct schema *schema, const json_t *json,
                        int64_t id, struct slice *ret_text, struct error *err)
{
    json_t *tree = schema_to_json(schema, (int32_t)id);
    TRY(table_draft_keep(draft, tree, err));
    if (!tree_merge_unknown(tree, json))
        return error_no_memory(err, "schema");
    return table_draft_text(draft, tree, ret_text, err);
}

/* The update's last-column-id is deprecated and not looked at: clients send the highest id of their
 * schema, which is below the table's where the newest column was dropped. */
bool update_add_schema(struct table_draft *draft, const json_t *update, struct error *err)
{
    json_t *json = NULL;
    struct schema *schema = NULL;
    struct draft_item item = {.key = SLICE_EMPTY};
    bool is_new = false;
    TRY(json_get_object(update, "schema", &json, err));
    TRY(schema_parse(json, draft->arena, &schema, err));
    TRY(schema_check_format(schema, draft->format_version, err));
    TRY(draft_list_load(draft, &draft->schemas, err));
    TRY(schema_id_choose(draft, schema, &item.id, &is_new, err));
    if (schema->highest_field_id > draft->last_column_id) {
        draft->last_column_id = schema->highest_field_id;
        draft->is_changed = true;
    }
    draft_list_note_added(&draft->schemas, item.id);
    if (!is_new)
        return true;
    TRY(schema_text(draft, schema, json, item.id, &item.text, err));
    item.parsed = schema;
    draft->schemas.is_changed = draft->is_changed = true;
    return draft_list_add(draft, &draft->schemas, item, err);
}

/* Partition names are column names of the metadata tables, so a column may carry one only where it
 * is the field's own source, or where it did so already. */
static bool spec_names_check(const struct partition_spec *spec, const struct schema *schema,
                             const struct schema *current, struct error *err)
{
    for (size_t i = 0; i < spec->field_count; i++) {
        const struct partition_field *field = &spec->fields[i];
        const struct schema_field *column = schema_find_name(schema, field->name);
        if (!column || column->field->id == field->source_id ||
            !schema_find_id(schema, field->source_id) ||
            (current && schema_find_name(current, field->name)))
            continue;
        return error_set(err, ERROR_VALIDATION,
                         "Cannot use column name '%.*s': it is the name of a partition field of "
                         "spec %d with another source column",
                         SLICE_ARG(field->name), spec->spec_id);
    }
    return true;
}

static bool all_spec_names_check(struct table_draft *draft, size_t schema_index, struct error *err)
{
    const struct schema *schema = NULL, *current = NULL;
    size_t current_index = draft_list_find(&draft->schemas, draft->current_schema_id);
    TRY(draft_schema(draft, schema_index, &schema, err));
    if (current_index != NO_ITEM)
        TRY(draft_schema(draft, current_index, &current, err));
    TRY(draft_list_load(draft, &draft->specs, err));
    for (size_t i = 0; i < draft->specs.count; i++) {
        const struct partition_spec *spec = NULL;
        TRY(draft_spec(draft, i, &spec, err));
        TRY(spec_names_check(spec, schema, current, err));
    }
    return true;
}

bool update_set_current_schema(struct table_draft *draft, const json_t *update, struct error *err)
{
    int32_t id = 0;
    TRY(json_get_int32(update, "schema-id", &id, err));
    if (id == LAST_ADDED && !draft->schemas.has_added)
        return error_set(err, ERROR_VALIDATION,
                         "Cannot set last added schema: no schema has been added");
    id = id == LAST_ADDED ? draft->schemas.last_added_id : id;
    if (id == draft->current_schema_id)
        return true;
    TRY(draft_list_load(draft, &draft->schemas, err));
    size_t index = draft_list_find(&draft->schemas, id);
    if (index == NO_ITEM)
        return error_set(err, ERROR_VALIDATION, "Cannot set current schema to unknown schema: %d",
                         id);
    TRY(all_spec_names_check(draft, index, err));
    draft->current_schema_id = id;
    draft->needs_default_check = draft->is_changed = true;
    return true;
}

static bool is_in_set(const void *context, const struct draft_item *item)
{
    return id_set_has(context, item->id);
}

static bool id_set_read(const json_t *update, const char *field, struct id_set *ret_set,
                        struct error *err)
{
    json_t *ids = NULL, *id = NULL;
    size_t i = 0;
    TRY(json_get_array(update, field, &ids, err));
    id_set_init(ret_set);
    json_array_foreach(ids, i, id) {
        if (!json_is_integer(id)) {
            id_set_finish(ret_set);
            return error_set(err, ERROR_BAD_REQUEST, "%s must be an array of integers", field);
        }
        id_set_add(ret_set, json_integer_value(id));
    }
    if (id_set_seal(ret_set, field, err))
        return true;
    id_set_finish(ret_set);
    return false;
}

/* As in the reference, naming any id counts as a change, be it there or not. */
static bool items_remove(struct table_draft *draft, struct draft_list *list, const json_t *update,
                         const char *field, int32_t kept_id, const char *kept_name,
                         struct error *err)
{
    struct id_set ids;
    TRY(id_set_read(update, field, &ids, err));
    bool ok = draft_list_load(draft, list, err);
    if (ok && id_set_has(&ids, kept_id))
        ok = error_set(err, ERROR_VALIDATION, "Cannot remove the %s", kept_name);
    if (ok && id_set_count(&ids) > 0) {
        draft_list_remove(list, is_in_set, &ids);
        draft->is_changed = true;
    }
    id_set_finish(&ids);
    return ok;
}

bool update_remove_schemas(struct table_draft *draft, const json_t *update, struct error *err)
{
    return items_remove(draft, &draft->schemas, update, "schema-ids", draft->current_schema_id,
                        "current schema", err);
}

bool update_remove_partition_specs(struct table_draft *draft, const json_t *update,
                                   struct error *err)
{
    return items_remove(draft, &draft->specs, update, "spec-ids", draft->default_spec_id,
                        "default partition spec", err);
}
