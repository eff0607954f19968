/*
 * plan_table.h — what a plan needs of a table's metadata: the schema that names bind to, the specs
 * with the types of their values, and the columns of all schemas.
 *
 * Spec:     table spec, "Table Metadata Fields", "Partitioning", "Schema Evolution"
 * Owns:     the JSON trees that schemas and specs are views of, until plan_table_finish; the rest
 *           lies in the arena
 * Errors:   ERROR_CORRUPT: the metadata name a schema or spec that they do not have, or have one
 *           that does not read
 */
#ifndef SCAN_PLAN_TABLE_H
#define SCAN_PLAN_TABLE_H

#include "iceberg/partition_spec.h"
#include "iceberg/table_metadata.h"
#include "scan/delete_index_equality.h"

struct plan_spec {
    struct partition_spec *spec;
    const struct type **types; /* of each field's values; NULL where nothing tells */
};

struct plan_table {
    const struct schema *schema; /* names bind to it */
    struct plan_spec *specs;
    size_t spec_count;
    struct delete_field *fields; /* of all schemas, ascending by id, each once */
    size_t field_count;
    json_t *schemas_json;
    json_t *specs_json;
};

/* `schema_id` is the schema to bind to; NO_SCHEMA: the current one. plan_table_finish is due only
 * after success. */
#define NO_SCHEMA (-1)
bool plan_table_read(const struct table_metadata *metadata, int32_t schema_id, struct arena *arena,
                     struct plan_table *ret_table, struct error *err);
void plan_table_finish(struct plan_table *table);

/* ERROR_CORRUPT where there is no such spec. */
bool plan_table_spec(const struct plan_table *table, int32_t spec_id,
                     const struct plan_spec **ret_spec, struct error *err);

#endif
