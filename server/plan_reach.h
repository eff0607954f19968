/*
 * plan_reach.h — which files the plans of a table may read (scan/plan_files.h, struct plan_guard).
 *
 * Owns:     borrows the call's warehouse and arena
 * Errors:   ERROR_FORBIDDEN with the file's location
 * Threads:  the guard may be asked by several at once
 */
#ifndef SERVER_PLAN_REACH_H
#define SERVER_PLAN_REACH_H

#include "catalog/catalog.h"
#include "iceberg/table_metadata.h"
#include "scan/plan_files.h"

struct plan_reach {
    const struct catalog *catalog;
    const struct warehouse *warehouse;
    struct slice place;      /* the table's, canonical */
    struct plan_guard guard; /* its context is this struct, which so must not move */
};

void plan_reach_init(struct plan_reach *reach, const struct call *call,
                     const struct table_metadata *metadata);

#endif
