/*
 * Updates of sort orders.
 */
#include "base/json_tree.h"
#include "base/tree_copy.h"
#include "catalog/table_draft.h"

/* Unsorted is order 0 by definition; other orders count from 1. */
static bool order_find_same(struct table_draft *draft, const struct sort_order *order,
                            size_t *ret_index, struct error *err)
{
    *ret_index = NO_ITEM;
    for (size_t i = 0; i < draft->orders.count; i++) {
        const struct sort_order *other = NULL;
        TRY(draft_order(draft, i, &other, err));
        if (sort_order_same(order, other)) {
            *ret_index = i;
            return true;
        }
    }
    return true;
}

/* As every reader spells it, with what we do not know of the request's fields kept. */
static bool order_text(struct table_draft *draft, const json_t *json,
                       const struct sort_order *order, struct slice *ret_text, struct error *err)
{
    json_t *tree = sort_order_to_json(order);
    TRY(table_draft_keep(draft, tree, err));
    if (!tree_merge_unknown(tree, json))
        return error_no_memory(err, "sort order");
    return table_draft_text(draft, tree, ret_text, err);
}

static bool order_add(struct table_draft *draft, const json_t *json, struct sort_order *order,
                      struct error *err)
{
    struct draft_item item = {.key = SLICE_EMPTY};
    int64_t highest = draft->orders.highest_id > 0 ? draft->orders.highest_id : 0;
    item.id = order->field_count == 0 ? 0 : highest + 1;
    if (item.id > INT32_MAX)
        return error_set(err, ERROR_VALIDATION, "no sort order id is left after %d", INT32_MAX);
    order->order_id = (int32_t)item.id;
    TRY(order_text(draft, json, order, &item.text, err));
    item.parsed = order;
    draft_list_note_added(&draft->orders, item.id);
    draft->orders.is_changed = draft->is_changed = true;
    return draft_list_add(draft, &draft->orders, item, err);
}

bool update_add_sort_order(struct table_draft *draft, const json_t *update, struct error *err)
{
    json_t *json = NULL;
    struct sort_order *order = NULL;
    const struct schema *schema = NULL;
    size_t same = NO_ITEM;
    TRY(json_get_object(update, "sort-order", &json, err));
    TRY(sort_order_parse(json, draft->arena, &order, err));
    if (order->field_count > 0) {
        TRY(draft_current_schema(draft, &schema, err));
        TRY(sort_order_check(order, schema, err));
        TRY(sort_order_check_names(order, schema, err));
    }
    TRY(draft_list_load(draft, &draft->orders, err));
    TRY(order_find_same(draft, order, &same, err));
    if (same == NO_ITEM)
        return order_add(draft, json, order, err);
    draft_list_note_added(&draft->orders, draft->orders.items[same].id);
    return true;
}

bool update_set_default_sort_order(struct table_draft *draft, const json_t *update,
                                   struct error *err)
{
    int32_t id = 0;
    TRY(json_get_int32(update, "sort-order-id", &id, err));
    if (id == LAST_ADDED && !draft->orders.has_added)
        return error_set(err, ERROR_VALIDATION,
                         "Cannot set last added sort order: no sort order has been added");
    id = id == LAST_ADDED ? draft->orders.last_added_id : id;
    if (id == draft->default_sort_order_id)
        return true;
    TRY(draft_list_load(draft, &draft->orders, err));
    if (draft_list_find(&draft->orders, id) == NO_ITEM)
        return error_set(err, ERROR_VALIDATION,
                         "Cannot set default sort order to unknown order: %d", id);
    draft->default_sort_order_id = id;
    draft->needs_default_check = draft->is_changed = true;
    return true;
}
