/*
 * filter_times.h — what people leave out of the times in a filter.
 *
 * The protocol has timestamps as 2024-01-01T00:00:00, and with an offset where the column has one.
 * People write 2024-01-01, or a space for the T, and mean UTC.
 *
 * Spec:     table spec, appendix D, "JSON single-value serialization"
 * Errors:   ERROR_NO_MEMORY; what is no time is left for the binding to refuse
 * Threads:  pure function
 */
#ifndef ICEBERG_FILTER_TIMES_H
#define ICEBERG_FILTER_TIMES_H

#include <jansson.h>

#include "iceberg/schema.h"

/* Changes literals of the filter, which filter_text_parse made, in place. */
bool filter_times_complete(json_t *filter, const struct schema *schema, struct error *err);

#endif
