#include "scan/delete_index_equality.h"

#include "scan/uuid_bounds.h"

static bool bound_read(const struct bytes_column *bounds, size_t row, const struct type *type,
                       struct value *ret_value)
{
    struct slice bytes;
    return bytes_column_get(bounds, row, &bytes) && value_from_bytes(type, bytes, ret_value) &&
           !value_is_nan(ret_value);
}

static void counts_read(const struct stats_column *stats, size_t row, struct field_facts *facts)
{
    int64_t nulls = 0, values = 0;
    if (!long_column_get(&stats->null_counts, row, &nulls))
        return;
    facts->may_have_null = nulls > 0;
    facts->is_all_non_null = nulls <= 0;
    facts->is_all_null = long_column_get(&stats->value_counts, row, &values) && values == nulls;
}

struct field_facts field_facts_read(const struct stats_column *stats, size_t row,
                                    const struct delete_field *field)
{
    struct field_facts facts = {.may_have_null = true};
    if (stats)
        counts_read(stats, row, &facts);
    if (field->is_required)
        facts = (struct field_facts){.is_all_non_null = true};
    facts.has_range = stats && bound_read(&stats->lower, row, field->type, &facts.lower) &&
                      bound_read(&stats->upper, row, field->type, &facts.upper);
    facts.is_number = facts.has_range && value_class_of(field->type->id) == VALUE_NUMBER;
    return facts;
}

bool field_ranges_meet(const struct field_facts *data, const struct field_facts *deletes)
{
    if (data->lower.type == TYPE_UUID)
        return uuid_bounds_meet(&(struct uuid_bounds){data->lower.bytes, data->upper.bytes},
                                &(struct uuid_bounds){deletes->lower.bytes, deletes->upper.bytes});
    return value_compare(&data->lower, &deletes->upper) <= 0 &&
           value_compare(&deletes->lower, &data->upper) <= 0;
}
