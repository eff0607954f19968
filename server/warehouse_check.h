/*
 * warehouse_check.h — does a warehouse's store do what it will be asked for: probes, and what they
 * came to.
 *
 * Errors:   only where the outcome cannot be told; what a probe meets is part of the outcome
 * Threads:  blocks: a worker's
 * Rule:     what it makes lies below "<location>/.firn-check-<uuid>/" and is removed again
 */
#ifndef SERVER_WAREHOUSE_CHECK_H
#define SERVER_WAREHOUSE_CHECK_H

#include "base/json_write.h"
#include "server/op.h"

/* {"checks": [{"check", "ok", "detail"?}], "failed": n}, of the call's warehouse. */
bool warehouse_check_write(struct op *op, struct json_writer *writer, struct error *err);

#endif
