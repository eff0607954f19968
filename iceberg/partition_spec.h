/*
 * partition_spec.h — how a table is partitioned: fields with source column, transform, id and name.
 *
 * Spec:     table spec, "Partitioning", "Partition Evolution", appendix C "Partition Specs"
 * Owns:     specs live in their arena
 * Errors:   ERROR_BAD_REQUEST (not a spec), ERROR_VALIDATION (breaks a rule)
 */
#ifndef ICEBERG_PARTITION_SPEC_H
#define ICEBERG_PARTITION_SPEC_H

#include "iceberg/schema.h"
#include "iceberg/transform.h"

#define PARTITION_FIELD_ID_START 1000 /* the first field is 1000; 999 stands for "none yet" */
#define PARTITION_FIELD_ID_NONE (-1)  /* a field of an unbound spec without field-id */

struct partition_field {
    int32_t source_id; /* the only source, or the first of several */
    int32_t field_id;
    struct slice name;
    struct transform transform;
    struct source_list sources; /* where there are several: who maps source_id maps these as well */
};

struct partition_spec {
    int32_t spec_id;
    struct partition_field *fields;
    size_t field_count;
};

/* {"spec-id":…, "fields":[{"source-id","field-id"?,"name","transform"}]}; no spec-id is 0. */
bool partition_spec_parse(const json_t *json, struct arena *arena,
                          struct partition_spec **ret_spec, struct error *err);
/* The bare field list of format v1's "partition-spec"; missing field ids count from 1000. */
bool partition_spec_parse_v1(const json_t *fields, struct arena *arena,
                             struct partition_spec **ret_spec, struct error *err);
json_t *partition_spec_to_json(const struct partition_spec *spec);

/* Same source ids, transforms and names in order; ids are not compared
 * (PartitionSpec.compatibleWith). */
bool partition_spec_compatible(const struct partition_spec *a, const struct partition_spec *b);
bool partition_spec_has_sequential_ids(const struct partition_spec *spec);
/* Highest field id, or 999. */
int32_t partition_spec_last_id(const struct partition_spec *spec);
bool partition_spec_is_unpartitioned(const struct partition_spec *spec); /* only void, or none */

/* What binding and building check: names unique and not empty, no equal (source, transform) pair
 * twice (void excepted: dropped fields of v1 become void), a name that equals a column is identity
 * (or void) of that very column, sources exist (void excepted). */
bool partition_spec_check_names(const struct partition_spec *spec, const struct schema *schema,
                                struct error *err);
/* Sources exist (void excepted), are primitive, lie in structs only, accept their transform
 * (PartitionSpec.checkCompatibility). */
bool partition_spec_check(const struct partition_spec *spec, const struct schema *schema,
                          struct error *err);

#endif
