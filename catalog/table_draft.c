#include "catalog/table_draft.h"

#include "base/json_text.h"
#include "base/json_tree.h"

static void lists_init(struct table_draft *draft)
{
    draft->schemas = (struct draft_list){.member = TABLE_MEMBER_SCHEMAS, .id_name = "schema-id"};
    draft->specs =
        (struct draft_list){.member = TABLE_MEMBER_PARTITION_SPECS, .id_name = "spec-id"};
    draft->orders = (struct draft_list){.member = TABLE_MEMBER_SORT_ORDERS, .id_name = "order-id"};
    draft->statistics =
        (struct draft_list){.member = TABLE_MEMBER_STATISTICS, .id_name = "snapshot-id"};
    draft->partition_statistics =
        (struct draft_list){.member = TABLE_MEMBER_PARTITION_STATISTICS, .id_name = "snapshot-id"};
    draft->encryption_keys =
        (struct draft_list){.member = TABLE_MEMBER_ENCRYPTION_KEYS, .id_name = "key-id"};
}

static void init_empty(struct table_draft *draft)
{
    draft->format_version = TABLE_FORMAT_VERSION_DEFAULT;
    draft->uuid = SLICE_EMPTY;
    draft->location = SLICE_EMPTY;
    draft->last_partition_id = PARTITION_FIELD_ID_START - 1;
    draft->current_snapshot_id = NO_SNAPSHOT;
}

/* Each change moves last-updated-ms, also within one millisecond and after the clock went back:
 * readers tell two states of a table apart by it. */
static int64_t time_after(int64_t now_ms, int64_t base_ms)
{
    return now_ms > base_ms || base_ms == INT64_MAX ? now_ms : base_ms + 1;
}

static void init_from_base(struct table_draft *draft, const struct table_metadata *base)
{
    draft->format_version = base->format_version;
    draft->uuid = base->uuid;
    draft->location = base->location;
    draft->last_sequence_number = base->last_sequence_number;
    draft->last_column_id = base->last_column_id;
    draft->current_schema_id = base->current_schema_id;
    draft->default_spec_id = base->default_spec_id;
    draft->last_partition_id = base->last_partition_id;
    draft->default_sort_order_id = base->default_sort_order_id;
    draft->current_snapshot_id = base->current_snapshot_id;
    draft->next_row_id = base->format_version >= 3 ? base->next_row_id : 0;
    draft->snapshots.count = base->snapshot_count;
}

bool table_draft_init(struct table_draft *draft, struct table_metadata *base, int64_t now_ms,
                      struct arena *arena, struct error *err)
{
    *draft = (struct table_draft){.arena = arena, .base = base};
    lists_init(draft);
    if (base)
        init_from_base(draft, base);
    else
        init_empty(draft);
    draft->now_ms = base ? time_after(now_ms, base->last_updated_ms) : now_ms;
    draft->last_updated_ms = draft->now_ms;
    draft->trees = json_array();
    return draft->trees ? true : error_no_memory(err, "table metadata");
}

void table_draft_finish(struct table_draft *draft)
{
    json_decref(draft->trees);
    draft->trees = NULL;
}

bool table_draft_keep(struct table_draft *draft, json_t *owned, struct error *err)
{
    if (json_array_append_new(draft->trees, owned))
        return error_no_memory(err, "table metadata");
    return true;
}

bool table_draft_tree(struct table_draft *draft, struct slice text, const char *what,
                      json_t **ret_tree, struct error *err)
{
    json_t *tree = NULL;
    TRY(json_tree_parse(text, what, &tree, err));
    TRY(table_draft_keep(draft, tree, err));
    *ret_tree = tree;
    return true;
}

/* jansson says how long the text is and then writes it in place, so nothing but the arena holds
 * it. */
bool table_draft_text(struct table_draft *draft, const json_t *value, struct slice *ret_text,
                      struct error *err)
{
    const size_t flags = JSON_COMPACT | JSON_ENCODE_ANY;
    size_t size = json_dumpb(value, NULL, 0, flags);
    char *text = size ? arena_alloc(draft->arena, size) : NULL;
    if (!text || json_dumpb(value, text, size, flags) != size)
        return error_no_memory(err, "table metadata");
    *ret_text = slice_make(text, size);
    return true;
}

struct slice table_draft_member(const struct table_draft *draft, enum table_member member)
{
    const struct slice absent = {NULL, 0};
    if (!draft->base)
        return absent;
    struct slice text = draft->base->members[member];
    return text.ptr && !json_value_is_null(text) ? text : absent;
}

bool arena_grow(struct arena *arena, void **items, size_t count, size_t *capacity, size_t size,
                struct error *err)
{
    if (count < *capacity)
        return true;
    size_t wanted = *capacity ? *capacity * 2 : 8;
    while (wanted <= count)
        wanted *= 2;
    void *grown = arena_calloc(arena, wanted, size);
    if (!grown)
        return error_no_memory(err, "table metadata");
    if (count)
        memcpy(grown, *items, count * size);
    *items = grown;
    *capacity = wanted;
    return true;
}

/* Properties */

bool draft_properties(struct table_draft *draft, json_t **ret_properties, struct error *err)
{
    if (!draft->properties) {
        struct slice text = table_draft_member(draft, TABLE_MEMBER_PROPERTIES);
        json_t *tree = NULL;
        TRY(table_draft_tree(draft, text.ptr ? text : SLICE_LITERAL("{}"), "properties", &tree,
                             err));
        if (!json_is_object(tree))
            return error_set(err, ERROR_BAD_REQUEST, "properties must be an object");
        draft->properties = tree;
    }
    *ret_properties = draft->properties;
    return true;
}

bool draft_property(struct table_draft *draft, const char *name, struct slice *ret_value,
                    struct error *err)
{
    *ret_value = (struct slice){NULL, 0};
    if (draft->properties) {
        const json_t *value = json_object_get(draft->properties, name);
        if (json_is_string(value))
            *ret_value = json_slice(value);
        return true;
    }
    return !draft->base || table_metadata_property(draft->base, name, draft->arena, ret_value, err);
}

/* Branches and tags */

static bool refs_with_main(struct table_draft *draft, json_t **ret_refs, struct error *err)
{
    json_t *refs = json_object();
    TRY(table_draft_keep(draft, refs, err));
    if (draft->current_snapshot_id != NO_SNAPSHOT) {
        json_t *main_ref = json_pack("{s:I, s:s}", "snapshot-id",
                                     (json_int_t)draft->current_snapshot_id, "type", "branch");
        if (json_object_set_new(refs, MAIN_BRANCH, main_ref))
            return error_no_memory(err, "table metadata");
    }
    *ret_refs = refs;
    return true;
}

bool draft_refs(struct table_draft *draft, json_t **ret_refs, struct error *err)
{
    struct slice text = table_draft_member(draft, TABLE_MEMBER_REFS);
    if (!draft->refs && text.ptr) {
        json_t *tree = NULL;
        TRY(table_draft_tree(draft, text, "refs", &tree, err));
        if (!json_is_object(tree))
            return error_set(err, ERROR_BAD_REQUEST, "refs must be an object");
        draft->refs = tree;
    } else if (!draft->refs) {
        TRY(refs_with_main(draft, &draft->refs, err));
    }
    *ret_refs = draft->refs;
    return true;
}

bool draft_ref_remove(struct table_draft *draft, const char *name, bool *ret_removed,
                      struct error *err)
{
    json_t *refs = NULL;
    TRY(draft_refs(draft, &refs, err));
    if (strcmp(name, MAIN_BRANCH) == 0)
        draft->current_snapshot_id = NO_SNAPSHOT;
    *ret_removed = json_object_del(refs, name) == 0;
    draft->is_changed = draft->is_changed || *ret_removed;
    return true;
}
