#include "scan/plan_table.h"

#include <stdlib.h>

#include "base/json_text.h"
#include "base/json_tree.h"
#include "iceberg/transform_apply.h"

/* A table's members while they are read. */
struct table_reader {
    const struct table_metadata *metadata;
    struct arena *arena;
    struct plan_table table;
    struct schema **schemas;
    size_t schema_count;
};

/* A list member, or the one value that format version 1 has in its place, as a list of one. */
static bool read_list(const struct table_metadata *metadata, enum table_member list,
                      enum table_member single, json_t **ret_list, struct error *err)
{
    struct slice text = metadata->members[list];
    bool is_single = !text.ptr || json_value_is_null(text);
    json_t *json = NULL;
    if (is_single)
        text = metadata->members[single];
    TRY(json_tree_parse(text, table_member_name(is_single ? single : list), &json, err));
    if (!is_single) {
        *ret_list = json;
        return true;
    }
    json_t *wrapped = json_array();
    if (json_array_append_new(wrapped, json) != 0) {
        json_decref(wrapped);
        return error_no_memory(err, "a table's schema");
    }
    *ret_list = wrapped;
    return true;
}

/* --- schemas -------------------------------------------------------------------------------- */

static bool read_schemas(struct table_reader *reader, struct error *err)
{
    TRY(read_list(reader->metadata, TABLE_MEMBER_SCHEMAS, TABLE_MEMBER_SCHEMA,
                  &reader->table.schemas_json, err));
    size_t count = json_array_size(reader->table.schemas_json);
    reader->schemas = ARENA_ARRAY(reader->arena, struct schema *, count);
    if (!reader->schemas)
        return error_no_memory(err, "a table's schemas");
    for (size_t i = 0; i < count; i++)
        TRY(schema_parse(json_array_get(reader->table.schemas_json, i), reader->arena,
                         &reader->schemas[i], err));
    reader->schema_count = count;
    return true;
}

static bool find_schema(struct table_reader *reader, int32_t schema_id, struct error *err)
{
    int32_t id = schema_id == NO_SCHEMA ? reader->metadata->current_schema_id : schema_id;
    bool is_single = !reader->metadata->members[TABLE_MEMBER_SCHEMAS].ptr;
    for (size_t i = 0; i < reader->schema_count; i++) {
        if (is_single || reader->schemas[i]->schema_id == id) {
            reader->table.schema = reader->schemas[i];
            return true;
        }
    }
    return error_set(err, ERROR_CORRUPT, "the table has no schema with id %d", (int)id);
}

static int compare_fields(const void *a, const void *b)
{
    const struct delete_field *left = a, *right = b;
    return (left->id > right->id) - (left->id < right->id);
}

/* A column that several schemas have is kept as the one that was added first has it. Ids are unique
 * within a schema, so that the sorted part alone must be searched. */
static size_t add_fields(const struct schema *schema, struct delete_field *fields, size_t count)
{
    size_t known = count;
    for (size_t i = 0; i < schema->field_count; i++) {
        const struct field *field = schema->by_id[i].field;
        struct delete_field item = {field->id, field->type, field->is_required};
        if (!bsearch(&item, fields, known, sizeof(item), compare_fields))
            fields[count++] = item;
    }
    qsort(fields, count, sizeof(*fields), compare_fields);
    return count;
}

static bool collect_fields(struct table_reader *reader, struct error *err)
{
    size_t total = 0;
    for (size_t i = 0; i < reader->schema_count; i++)
        total += reader->schemas[i]->field_count;
    struct delete_field *fields = ARENA_ARRAY(reader->arena, struct delete_field, total + 1);
    if (!fields)
        return error_no_memory(err, "a table's columns");
    size_t count = add_fields(reader->table.schema, fields, 0);
    for (size_t i = reader->schema_count; i-- > 0;)
        count = add_fields(reader->schemas[i], fields, count);
    reader->table.fields = fields;
    reader->table.field_count = count;
    return true;
}

/* --- specs ---------------------------------------------------------------------------------- */

static const struct type *field_type(const struct table_reader *reader,
                                     const struct partition_field *field)
{
    struct delete_field key = {.id = field->source_id};
    const struct delete_field *source =
        bsearch(&key, reader->table.fields, reader->table.field_count, sizeof(key), compare_fields);
    return source ? transform_result_type(&field->transform, source->type) : NULL;
}

static bool read_spec(struct table_reader *reader, const json_t *json, struct plan_spec *ret_spec,
                      struct error *err)
{
    struct plan_spec spec = {0};
    if (json_is_array(json))
        TRY(partition_spec_parse_v1(json, reader->arena, &spec.spec, err));
    else
        TRY(partition_spec_parse(json, reader->arena, &spec.spec, err));
    spec.types = ARENA_ARRAY(reader->arena, const struct type *, spec.spec->field_count + 1);
    if (!spec.types)
        return error_no_memory(err, "a partition spec");
    for (size_t i = 0; i < spec.spec->field_count; i++)
        spec.types[i] = field_type(reader, &spec.spec->fields[i]);
    *ret_spec = spec;
    return true;
}

static bool read_specs(struct table_reader *reader, struct error *err)
{
    TRY(read_list(reader->metadata, TABLE_MEMBER_PARTITION_SPECS, TABLE_MEMBER_PARTITION_SPEC,
                  &reader->table.specs_json, err));
    size_t count = json_array_size(reader->table.specs_json);
    reader->table.specs = ARENA_ARRAY(reader->arena, struct plan_spec, count + 1);
    if (!reader->table.specs)
        return error_no_memory(err, "a table's partition specs");
    for (size_t i = 0; i < count; i++)
        TRY(read_spec(reader, json_array_get(reader->table.specs_json, i), &reader->table.specs[i],
                      err));
    reader->table.spec_count = count;
    return true;
}

/* Metadata that were accepted once and do not read now are damage, not a bad request. */
static bool as_corrupt(struct error *err)
{
    if (err && (err->kind == ERROR_BAD_REQUEST || err->kind == ERROR_VALIDATION))
        err->kind = ERROR_CORRUPT;
    return false;
}

bool plan_table_read(const struct table_metadata *metadata, int32_t schema_id, struct arena *arena,
                     struct plan_table *ret_table, struct error *err)
{
    struct table_reader reader = {.metadata = metadata, .arena = arena};
    if (read_schemas(&reader, err) && find_schema(&reader, schema_id, err) &&
        collect_fields(&reader, err) && read_specs(&reader, err)) {
        *ret_table = reader.table;
        return true;
    }
    plan_table_finish(&reader.table);
    return as_corrupt(err);
}

void plan_table_finish(struct plan_table *table)
{
    json_decref(table->schemas_json);
    json_decref(table->specs_json);
}

bool plan_table_spec(const struct plan_table *table, int32_t spec_id,
                     const struct plan_spec **ret_spec, struct error *err)
{
    for (size_t i = 0; i < table->spec_count; i++) {
        if (table->specs[i].spec->spec_id == spec_id) {
            *ret_spec = &table->specs[i];
            return true;
        }
    }
    return error_set(err, ERROR_CORRUPT, "the table has no partition spec with id %d",
                     (int)spec_id);
}
