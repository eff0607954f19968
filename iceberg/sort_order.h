/*
 * sort_order.h — the order that writers should give rows.
 *
 * Spec:     table spec, "Sorting", appendix C "Sort Orders"
 * Owns:     orders live in their arena
 */
#ifndef ICEBERG_SORT_ORDER_H
#define ICEBERG_SORT_ORDER_H

#include "iceberg/schema.h"
#include "iceberg/transform.h"

struct sort_field {
    int32_t source_id; /* the only source, or the first of several */
    struct transform transform;
    struct source_list sources; /* where there are several: who maps source_id maps these as well */
    bool is_descending;
    bool nulls_last;
};

struct sort_order {
    int32_t order_id; /* 0: unsorted */
    struct sort_field *fields;
    size_t field_count;
};

/* ERROR_BAD_REQUEST also for order-id 0 with fields and for another id without any. */
bool sort_order_parse(const json_t *json, struct arena *arena, struct sort_order **ret_order,
                      struct error *err);
json_t *sort_order_to_json(const struct sort_order *order);
/* Same fields in order; ids are not compared (SortOrder.sameOrder). */
bool sort_order_same(const struct sort_order *a, const struct sort_order *b);
/* Sources exist, are primitive and accept their transform (SortOrder.checkCompatibility). */
bool sort_order_check(const struct sort_order *order, const struct schema *schema,
                      struct error *err);
/* The sources' columns must have names: Java builds a new order by name. */
bool sort_order_check_names(const struct sort_order *order, const struct schema *schema,
                            struct error *err);

#endif
