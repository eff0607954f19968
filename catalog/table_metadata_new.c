/*
 * Declared in catalog/table_update.h: the first metadata of a table, from a create request. Ids of
 * the request only tell columns apart, and are given anew.
 */
#include "base/json_tree.h"
#include "catalog/planning_mode.h"
#include "catalog/rebase_policy.h"
#include "catalog/table_draft.h"

#define PARQUET_CODEC "write.parquet.compression-codec"
#define METRICS_COLUMN_PREFIX "write.metadata.metrics.column."

/* The parts of a new table: ids of the request's schema are only good for finding names. */
struct creation {
    const struct table_create_input *input;
    struct table_draft *draft;
    struct schema *requested;
    struct schema *fresh;
};

static bool integer_property_check(const json_t *properties, const char *name, struct error *err)
{
    int64_t value = 0;
    const json_t *text = json_object_get(properties, name);
    if (!text)
        return true;
    if (!slice_to_int64(json_slice(text), &value) || value > INT32_MAX || value < INT32_MIN)
        return error_set(err, ERROR_VALIDATION, "Table property %s must have integer value", name);
    if (value < 0)
        return error_set(err, ERROR_VALIDATION,
                         "Table property %s must have non negative integer value", name);
    return true;
}

static bool commit_properties_check(const json_t *properties, struct error *err)
{
    static const char *const names[] = {"commit.retry.num-retries", "commit.retry.min-wait-ms",
                                        "commit.retry.max-wait-ms",
                                        "commit.retry.total-timeout-ms"};
    for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
        TRY(integer_property_check(properties, names[i], err));
    return true;
}

/* A new table must not configure metrics of columns that it has not. */
static bool metrics_properties_check(const json_t *properties, const struct schema *schema,
                                     struct error *err)
{
    const struct slice prefix = SLICE_LITERAL(METRICS_COLUMN_PREFIX);
    const char *name = NULL;
    json_t *value = NULL;
    json_object_foreach((json_t *)properties, name, value) {
        struct slice text = slice_from_string(name);
        if (!slice_starts_with(text, prefix) ||
            schema_find_name(schema, slice_from(text, prefix.len)))
            continue;
        return error_set(err, ERROR_VALIDATION,
                         "Invalid metrics config, could not find column %s from table prop %s",
                         name + prefix.len, name);
    }
    return true;
}

static bool encryption_properties_check(const json_t *properties, int32_t format_version,
                                        struct error *err)
{
    static const char *const names[] = {"encryption.key-id", "encryption.data-key-length"};
    for (size_t i = 0; format_version < 3 && i < 2; i++)
        if (json_object_get(properties, names[i]))
            return error_set(err, ERROR_VALIDATION, "Invalid properties for v%d: %s",
                             format_version, names[i]);
    return true;
}

/* "format-version" among the properties says what to make, and is not kept. */
static bool format_version_take(struct creation *creation, struct error *err)
{
    const json_t *text = json_object_get(creation->input->properties, "format-version");
    int64_t version = creation->draft->format_version;
    if (creation->input->format_version)
        version = creation->input->format_version;
    if (text && !slice_to_int64(json_slice(text), &version))
        return error_set(err, ERROR_VALIDATION,
                         "Table property format-version must have integer value");
    TRY(format_version_check(version, err));
    creation->draft->format_version = (int32_t)version;
    return true;
}

/* Reserved ones are dropped; zstd for Parquet is written down, so that a later change of writers'
 * defaults does not change this table. */
static bool properties_take(struct creation *creation, struct error *err)
{
    json_t *properties = NULL, *value = NULL;
    const char *name = NULL;
    TRY(draft_properties(creation->draft, &properties, err));
    if (json_object_set_new(properties, PARQUET_CODEC, json_string("zstd")))
        return error_no_memory(err, "properties");
    json_object_foreach((json_t *)creation->input->properties, name, value) {
        if (!json_is_string(value))
            return error_set(err, ERROR_BAD_REQUEST, "properties: %s must be a string", name);
        TRY(planning_mode_check(name, value, err));
        TRY(rebase_policy_check(name, value, err));
        if (!property_is_reserved(name) && json_object_set(properties, name, value))
            return error_no_memory(err, "properties");
    }
    TRY(metrics_properties_check(properties, creation->requested, err));
    TRY(commit_properties_check(properties, err));
    return encryption_properties_check(properties, creation->draft->format_version, err);
}

static bool item_add(struct creation *creation, struct draft_list *list, struct draft_item item,
                     json_t *owned, struct error *err)
{
    TRY(table_draft_keep(creation->draft, owned, err));
    TRY(table_draft_text(creation->draft, owned, &item.text, err));
    list->is_loaded = list->is_changed = true;
    return draft_list_add(creation->draft, list, item, err);
}

static bool schema_take(struct creation *creation, struct error *err)
{
    struct table_draft *draft = creation->draft;
    TRY(schema_parse(creation->input->schema, draft->arena, &creation->requested, err));
    TRY(schema_assign_fresh_ids(creation->requested, draft->arena, &creation->fresh, err));
    TRY(schema_check_format(creation->fresh, draft->format_version, err));
    draft->last_column_id = creation->fresh->highest_field_id;
    struct draft_item item = {.key = SLICE_EMPTY, .parsed = creation->fresh};
    return item_add(creation, &draft->schemas, item, schema_to_json(creation->fresh, 0), err);
}

/* The fresh id of the column that has `source_id` in the request's schema. */
static bool source_rename(const struct creation *creation, const char *what, int32_t *source_id,
                          struct error *err)
{
    const struct schema_field *old = schema_find_id(creation->requested, *source_id);
    const struct schema_field *new = old ? schema_find_name(creation->fresh, old->full_name) : NULL;
    if (!new)
        return error_set(err, ERROR_VALIDATION, "Cannot find source column %d for %s", *source_id,
                         what);
    *source_id = new->field->id;
    return true;
}

/* Also where a transform has several sources (v3). */
static bool sources_rename(const struct creation *creation, const char *what, int32_t *source_id,
                           struct source_list *sources, struct error *err)
{
    TRY(source_rename(creation, what, source_id, err));
    if (sources->count == 0)
        return true;
    int32_t *ids = ARENA_ARRAY(creation->draft->arena, int32_t, sources->count);
    if (!ids)
        return error_no_memory(err, what);
    for (size_t i = 0; i < sources->count; i++) {
        ids[i] = sources->ids[i];
        TRY(source_rename(creation, what, &ids[i], err));
    }
    sources->ids = ids;
    return true;
}

static bool spec_take(struct creation *creation, struct error *err)
{
    struct table_draft *draft = creation->draft;
    struct partition_spec *spec = ARENA_NEW(draft->arena, struct partition_spec);
    if (!spec)
        return error_no_memory(err, "partition spec");
    if (creation->input->partition_spec)
        TRY(partition_spec_parse(creation->input->partition_spec, draft->arena, &spec, err));
    spec->spec_id = 0;
    for (size_t i = 0; i < spec->field_count; i++) {
        TRY(sources_rename(creation, "a partition field", &spec->fields[i].source_id,
                           &spec->fields[i].sources, err));
        spec->fields[i].field_id = PARTITION_FIELD_ID_START + (int32_t)i;
    }
    TRY(partition_spec_check_names(spec, creation->fresh, err));
    draft->last_partition_id = partition_spec_last_id(spec);
    struct draft_item item = {.key = SLICE_EMPTY, .parsed = spec};
    return item_add(creation, &draft->specs, item, partition_spec_to_json(spec), err);
}

static bool order_take(struct creation *creation, struct error *err)
{
    struct table_draft *draft = creation->draft;
    struct sort_order *order = ARENA_NEW(draft->arena, struct sort_order);
    if (!order)
        return error_no_memory(err, "sort order");
    if (creation->input->write_order)
        TRY(sort_order_parse(creation->input->write_order, draft->arena, &order, err));
    order->order_id = order->field_count > 0 ? 1 : 0;
    for (size_t i = 0; i < order->field_count; i++)
        TRY(sources_rename(creation, "a sort field", &order->fields[i].source_id,
                           &order->fields[i].sources, err));
    TRY(sort_order_check_names(order, creation->fresh, err));
    draft->default_sort_order_id = order->order_id;
    struct draft_item item = {.id = order->order_id, .key = SLICE_EMPTY, .parsed = order};
    return item_add(creation, &draft->orders, item, sort_order_to_json(order), err);
}

/* Whether spec and order fit the schema is looked at when the whole is built. */
static bool parts_take(struct creation *creation, struct error *err)
{
    creation->draft->uuid = creation->input->uuid;
    creation->draft->location = creation->input->location;
    TRY(format_version_take(creation, err));
    TRY(schema_take(creation, err));
    TRY(spec_take(creation, err));
    TRY(order_take(creation, err));
    return properties_take(creation, err);
}

bool table_metadata_new(const struct table_create_input *input, struct arena *arena,
                        struct buffer *out, struct table_update_result *ret_result,
                        struct error *err)
{
    struct table_draft draft;
    struct creation creation = {.input = input, .draft = &draft};
    bool ok = table_draft_init(&draft, NULL, input->now_ms, arena, err) &&
              parts_take(&creation, err) &&
              table_draft_build(&draft, SLICE_EMPTY, out, ret_result, err);
    table_draft_finish(&draft);
    return ok;
}
