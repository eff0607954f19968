/*
 * metrics_report.h — scan and commit reports of clients, kept within bounds.
 *
 * Spec:     REST protocol, reportMetrics
 * Errors:   ERROR_BAD_REQUEST, ERROR_NO_SUCH_TABLE, ERROR_TOO_LARGE
 */
#ifndef CATALOG_METRICS_REPORT_H
#define CATALOG_METRICS_REPORT_H

#include <jansson.h>

#include "catalog/catalog.h"

/* `request` is checked to be a scan-report or commit-report; `text` are its bytes, which are kept.
 */
bool metrics_report_add(struct call *call, struct entity_name name, const json_t *request,
                        struct slice text, struct error *err);
/* Newest first. */
bool metrics_report_list(struct call *call, struct entity_name name, int64_t limit,
                         struct metrics_row **ret_rows, size_t *ret_count, struct error *err);

#endif
