/*
 * Updates of partition specs, and the ids of their fields.
 */
#include "base/json_tree.h"
#include "base/tree_copy.h"
#include "catalog/table_draft.h"

static bool field_id_is_used(const struct partition_spec *spec, int32_t id, size_t except)
{
    for (size_t i = 0; i < spec->field_count; i++)
        if (i != except && spec->fields[i].field_id == id)
            return true;
    return false;
}

/* The id that an equivalent field (same source, same transform) has in any spec of the table. */
static bool field_id_of_equivalent(struct table_draft *draft, const struct partition_field *field,
                                   int32_t *ret_id, struct error *err)
{
    *ret_id = PARTITION_FIELD_ID_NONE;
    for (size_t i = 0; i < draft->specs.count; i++) {
        const struct partition_spec *spec = NULL;
        TRY(draft_spec(draft, i, &spec, err));
        for (size_t j = 0; j < spec->field_count; j++)
            if (spec->fields[j].source_id == field->source_id &&
                transform_equals(&spec->fields[j].transform, &field->transform))
                *ret_id = spec->fields[j].field_id;
    }
    return true;
}

/* v1 readers find partition values by position, so there ids count from 1000. */
static bool field_id_choose(struct table_draft *draft, const struct partition_spec *spec, size_t at,
                            int32_t *next_id, struct error *err)
{
    struct partition_field *field = &spec->fields[at];
    int32_t id = PARTITION_FIELD_ID_NONE;
    if (draft->format_version == 1) {
        field->field_id = PARTITION_FIELD_ID_START + (int32_t)at;
        return true;
    }
    TRY(field_id_of_equivalent(draft, field, &id, err));
    if (id == PARTITION_FIELD_ID_NONE || field_id_is_used(spec, id, at)) {
        if (*next_id == INT32_MAX)
            return error_set(err, ERROR_VALIDATION, "no partition field id is left");
        id = ++*next_id;
    }
    field->field_id = id;
    return true;
}

/* Fields that come without an id get one. */
static bool field_ids_assign(struct table_draft *draft, struct partition_spec *spec,
                             struct error *err)
{
    int32_t next_id = draft->last_partition_id;
    for (size_t i = 0; i < spec->field_count; i++)
        if (spec->fields[i].field_id > next_id)
            next_id = spec->fields[i].field_id;
    for (size_t i = 0; i < spec->field_count; i++)
        if (spec->fields[i].field_id == PARTITION_FIELD_ID_NONE)
            TRY(field_id_choose(draft, spec, i, &next_id, err));
    for (size_t i = 0; i < spec->field_count; i++)
        if (field_id_is_used(spec, spec->fields[i].field_id, i))
            return error_set(err, ERROR_VALIDATION, "partition field id %d is used more than once",
                             spec->fields[i].field_id);
    return true;
}

/* As every reader spells it, with what we do not know of the request's fields kept. */
static bool spec_text(struct table_draft *draft, const json_t *json,
                      const struct partition_spec *spec, struct slice *ret_text, struct error *err)
{
    json_t *tree = partition_spec_to_json(spec);
    TRY(table_draft_keep(draft, tree, err));
    if (!tree_merge_unknown(tree, json))
        return error_no_memory(err, "partition spec");
    return table_draft_text(draft, tree, ret_text, err);
}

static bool spec_find_compatible(struct table_draft *draft, const struct partition_spec *spec,
                                 size_t *ret_index, struct error *err)
{
    *ret_index = NO_ITEM;
    for (size_t i = 0; i < draft->specs.count; i++) {
        const struct partition_spec *other = NULL;
        TRY(draft_spec(draft, i, &other, err));
        if (partition_spec_compatible(spec, other)) {
            *ret_index = i;
            return true;
        }
    }
    return true;
}

static bool spec_add(struct table_draft *draft, const json_t *json, struct partition_spec *spec,
                     struct error *err)
{
    struct draft_item item = {.id = draft->specs.highest_id + 1, .key = SLICE_EMPTY};
    TRY(field_ids_assign(draft, spec, err));
    if (draft->format_version == 1 && !partition_spec_has_sequential_ids(spec))
        return error_set(err, ERROR_VALIDATION,
                         "Spec does not use sequential IDs that are required in v1: field ids must "
                         "be 1000, 1001, … in order");
    if (item.id > INT32_MAX)
        return error_set(err, ERROR_VALIDATION, "no spec id is left after %d", INT32_MAX);
    spec->spec_id = (int32_t)item.id;
    TRY(spec_text(draft, json, spec, &item.text, err));
    item.parsed = spec;
    if (partition_spec_last_id(spec) > draft->last_partition_id)
        draft->last_partition_id = partition_spec_last_id(spec);
    draft_list_note_added(&draft->specs, item.id);
    draft->specs.is_changed = draft->is_changed = true;
    return draft_list_add(draft, &draft->specs, item, err);
}

bool update_add_spec(struct table_draft *draft, const json_t *update, struct error *err)
{
    json_t *json = NULL;
    struct partition_spec *spec = NULL;
    const struct schema *schema = NULL;
    size_t same = NO_ITEM;
    TRY(json_get_object(update, "spec", &json, err));
    TRY(partition_spec_parse(json, draft->arena, &spec, err));
    TRY(draft_current_schema(draft, &schema, err));
    TRY(partition_spec_check_names(spec, schema, err));
    TRY(partition_spec_check(spec, schema, err));
    TRY(draft_list_load(draft, &draft->specs, err));
    TRY(spec_find_compatible(draft, spec, &same, err));
    if (same == NO_ITEM)
        return spec_add(draft, json, spec, err);
    draft_list_note_added(&draft->specs, draft->specs.items[same].id);
    return true;
}

bool update_set_default_spec(struct table_draft *draft, const json_t *update, struct error *err)
{
    int32_t id = 0;
    TRY(json_get_int32(update, "spec-id", &id, err));
    if (id == LAST_ADDED && !draft->specs.has_added)
        return error_set(err, ERROR_VALIDATION,
                         "Cannot set last added spec: no spec has been added");
    id = id == LAST_ADDED ? draft->specs.last_added_id : id;
    if (id == draft->default_spec_id)
        return true;
    TRY(draft_list_load(draft, &draft->specs, err));
    if (draft_list_find(&draft->specs, id) == NO_ITEM)
        return error_set(err, ERROR_VALIDATION,
                         "Cannot set default partition spec to unknown spec: %d", id);
    draft->default_spec_id = id;
    draft->needs_default_check = draft->is_changed = true;
    return true;
}
