/*
 * Lists whose elements have ids: each element keeps its text, and is parsed when an update asks.
 */
#include "base/json_text.h"
#include "base/json_tree.h"
#include "catalog/table_draft.h"

/* Format v1 wrote the current schema and the default spec only; lists came later. */

static bool load_v1_schema(struct table_draft *draft, struct draft_list *list, struct error *err)
{
    json_t *tree = NULL;
    struct slice text = table_draft_member(draft, TABLE_MEMBER_SCHEMA);
    if (!text.ptr)
        return error_set(err, ERROR_BAD_REQUEST, "schema must be an object, but is missing");
    TRY(table_draft_tree(draft, text, "schema", &tree, err));
    int64_t id = draft->base->current_schema_id;
    if (json_object_set_new(tree, "schema-id", json_integer(id)))
        return error_no_memory(err, "table metadata");
    TRY(table_draft_text(draft, tree, &text, err));
    return draft_list_add(draft, list, (struct draft_item){.id = id, .text = text}, err);
}

static bool load_v1_spec(struct table_draft *draft, struct draft_list *list, struct error *err)
{
    json_t *fields = NULL, *tree = NULL;
    struct partition_spec *spec = NULL;
    struct slice text = table_draft_member(draft, TABLE_MEMBER_PARTITION_SPEC);
    if (!text.ptr)
        return error_set(err, ERROR_BAD_REQUEST, "partition-spec must be an array, but is missing");
    TRY(table_draft_tree(draft, text, "partition-spec", &fields, err));
    TRY(partition_spec_parse_v1(fields, draft->arena, &spec, err));
    tree = partition_spec_to_json(spec);
    TRY(table_draft_keep(draft, tree, err));
    TRY(table_draft_text(draft, tree, &text, err));
    return draft_list_add(draft, list, (struct draft_item){.id = spec->spec_id, .text = text}, err);
}

static bool load_v1(struct table_draft *draft, struct draft_list *list, struct error *err)
{
    if (!draft->base || draft->base->format_version != 1)
        return true;
    bool ok = true;
    if (list->member == TABLE_MEMBER_SCHEMAS)
        ok = load_v1_schema(draft, list, err);
    else if (list->member == TABLE_MEMBER_PARTITION_SPECS)
        ok = load_v1_spec(draft, list, err);
    else if (list->member == TABLE_MEMBER_SORT_ORDERS)
        ok = draft_list_add(draft, list,
                            (struct draft_item){
                                .text = SLICE_LITERAL("{\"order-id\":0,\"fields\":[]}")},
                            err);
    list->is_changed = list->count > 0;
    return ok;
}

/* A missing schema-id is 0, as is the spec-id of specs from before there were several. */
static bool read_item(struct table_draft *draft, const struct draft_list *list,
                      struct draft_item *item, struct error *err)
{
    struct slice id = {NULL, 0};
    TRY(json_object_find(item->text, list->id_name, &id, err));
    if (list->member == TABLE_MEMBER_ENCRYPTION_KEYS)
        return id.ptr ? json_value_string(id, draft->arena, &item->key, err)
                      : error_set(err, ERROR_BAD_REQUEST, "encryption-keys: key-id is missing");
    if (id.ptr && !json_value_is_null(id) && !json_value_int64(id, &item->id))
        return error_set(err, ERROR_BAD_REQUEST, "%s: %s must be an integer",
                         table_member_name(list->member), list->id_name);
    return true;
}

static bool load_items(struct table_draft *draft, struct draft_list *list, struct slice text,
                       struct error *err)
{
    struct json_cursor cursor;
    bool more = true;
    TRY(json_array_open(text, &cursor, err));
    while (more) {
        struct draft_item item = {.key = SLICE_EMPTY};
        TRY(json_array_next(&cursor, &item.text, &more, err));
        if (!more)
            break;
        TRY(read_item(draft, list, &item, err));
        TRY(draft_list_add(draft, list, item, err));
    }
    return true;
}

bool draft_list_load(struct table_draft *draft, struct draft_list *list, struct error *err)
{
    if (list->is_loaded)
        return true;
    list->highest_id = -1;
    struct slice text = table_draft_member(draft, list->member);
    if (text.ptr)
        TRY(load_items(draft, list, text, err));
    else
        TRY(load_v1(draft, list, err));
    list->is_loaded = true;
    return true;
}

size_t draft_list_find(const struct draft_list *list, int64_t id)
{
    for (size_t i = 0; i < list->count; i++)
        if (list->items[i].id == id)
            return i;
    return NO_ITEM;
}

bool draft_list_add(struct table_draft *draft, struct draft_list *list, struct draft_item item,
                    struct error *err)
{
    TRY(arena_grow(draft->arena, (void **)&list->items, list->count, &list->capacity, sizeof(item),
                   err));
    list->items[list->count++] = item;
    if (item.id > list->highest_id)
        list->highest_id = item.id;
    return true;
}

void draft_list_note_added(struct draft_list *list, int64_t id)
{
    list->has_added = true;
    list->last_added_id = (int32_t)id;
}

bool draft_list_remove(struct draft_list *list, draft_item_test drops, const void *context)
{
    size_t kept = 0;
    for (size_t i = 0; i < list->count; i++)
        if (!drops(context, &list->items[i]))
            list->items[kept++] = list->items[i];
    bool removed = kept < list->count;
    list->count = kept;
    list->is_changed = list->is_changed || removed;
    return removed;
}

bool draft_schema(struct table_draft *draft, size_t index, const struct schema **ret_schema,
                  struct error *err)
{
    struct draft_item *item = &draft->schemas.items[index];
    if (!item->parsed) {
        json_t *tree = NULL;
        struct schema *schema = NULL;
        TRY(table_draft_tree(draft, item->text, "schema", &tree, err));
        TRY(schema_parse(tree, draft->arena, &schema, err));
        item->parsed = schema;
    }
    *ret_schema = item->parsed;
    return true;
}

bool draft_spec(struct table_draft *draft, size_t index, const struct partition_spec **ret_spec,
                struct error *err)
{
    struct draft_item *item = &draft->specs.items[index];
    if (!item->parsed) {
        json_t *tree = NULL;
        struct partition_spec *spec = NULL;
        TRY(table_draft_tree(draft, item->text, "partition spec", &tree, err));
        TRY(partition_spec_parse(tree, draft->arena, &spec, err));
        item->parsed = spec;
    }
    *ret_spec = item->parsed;
    return true;
}

bool draft_order(struct table_draft *draft, size_t index, const struct sort_order **ret_order,
                 struct error *err)
{
    struct draft_item *item = &draft->orders.items[index];
    if (!item->parsed) {
        json_t *tree = NULL;
        struct sort_order *order = NULL;
        TRY(table_draft_tree(draft, item->text, "sort order", &tree, err));
        TRY(sort_order_parse(tree, draft->arena, &order, err));
        item->parsed = order;
    }
    *ret_order = item->parsed;
    return true;
}

bool draft_current_schema(struct table_draft *draft, const struct schema **ret_schema,
                          struct error *err)
{
    TRY(draft_list_load(draft, &draft->schemas, err));
    size_t index = draft_list_find(&draft->schemas, draft->current_schema_id);
    if (index == NO_ITEM)
        return error_set(err, ERROR_VALIDATION,
                         "the table has no current schema yet: send add-schema and "
                         "set-current-schema first");
    return draft_schema(draft, index, ret_schema, err);
}
