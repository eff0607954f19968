/*
 * delete_index_equality.h — may an equality delete file hold a value that is in a data file?
 *
 * Both sides' statistics of a field are read into the same few facts, and the facts are compared.
 *
 * Spec:     table spec, "Equality Delete Files", "Scan Planning" note 2
 * Owns:     nothing; bounds are views of the columns
 * Threads:  pure functions
 * Rule:     a statistic that is missing or cannot be read means "may match"
 */
#ifndef SCAN_DELETE_INDEX_EQUALITY_H
#define SCAN_DELETE_INDEX_EQUALITY_H

#include "iceberg/value.h"
#include "scan/manifest_columns.h"

/* A column that rows are deleted by, from any schema of the table: it may be dropped by now. */
struct delete_field {
    int32_t id;
    const struct type *type;
    bool is_required;
};

struct field_facts {
    bool may_have_null;
    bool is_all_null;
    bool is_all_non_null;
    bool has_range;
    struct value lower;
    struct value upper;
};

/* `stats` are the field's; NULL where there are none. */
struct field_facts field_facts_read(const struct stats_column *stats, size_t row,
                                    const struct delete_field *field);

/* False where no row of the one can be a row of the other. */
bool field_facts_meet(const struct field_facts *data, const struct field_facts *deletes);

#endif
