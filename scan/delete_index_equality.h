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
    bool is_number; /* the range's values are compared as numbers */
    struct value lower;
    struct value upper;
};

/* `stats` are the field's; NULL where there are none. */
struct field_facts field_facts_read(const struct stats_column *stats, size_t row,
                                    const struct delete_field *field);

/* The rest of field_facts_meet: of values that are no numbers. */
bool field_ranges_meet(const struct field_facts *data, const struct field_facts *deletes);

/* False where no row of the one can be a row of the other. */
static inline bool field_facts_meet(const struct field_facts *data,
                                    const struct field_facts *deletes)
{
    if (data->may_have_null && deletes->may_have_null)
        return true;
    if (data->is_all_null && deletes->is_all_non_null)
        return false;
    if (deletes->is_all_null && data->is_all_non_null)
        return false;
    if (!data->has_range || !deletes->has_range)
        return true;
    if (!data->is_number)
        return field_ranges_meet(data, deletes);
    return data->lower.number <= deletes->upper.number &&
           deletes->lower.number <= data->upper.number;
}

#endif
