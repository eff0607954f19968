/*
 * inflight.h — the Idempotency-Keys that are being worked on right now.
 *
 * Threads:  any; one mutex and one condition, a leaf in the lock order
 */
#ifndef CATALOG_INFLIGHT_H
#define CATALOG_INFLIGHT_H

#include "base/clock.h"
#include "base/error.h"
#include "base/slice.h"

struct inflight_keys;

bool inflight_keys_create(struct inflight_keys **ret_keys, struct error *err);
void inflight_keys_destroy(struct inflight_keys *keys);

/* Makes the key this thread's, waiting at most wait_ms for another one to give it back: then
 * ERROR_OVERLOADED. */
bool inflight_keys_take(struct inflight_keys *keys, struct slice key, int64_t wait_ms,
                        struct error *err);
void inflight_keys_give(struct inflight_keys *keys, struct slice key);

#endif
