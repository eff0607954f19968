/*
 * idempotency.h — a change that is asked for twice with one key happens once.
 *
 * Spec:     REST protocol, Idempotency-Key: 200, 201, 204 and deterministic 4xx are kept and played
 *           again, 5xx and 429 never; another request under the same key is 400
 * Threads:  a second request with a key that is being worked on waits for the first, at most
 *           IDEMPOTENCY_WAIT_MS, then ERROR_OVERLOADED (429: ask again)
 * Rule:     a success is stored in the transaction of its effect (call_write); an error afterwards.
 *           That transaction refuses a key that has an outcome, so that nobody has to look for one
 *           before: whoever has stored nothing looks for it then
 */
#ifndef CATALOG_IDEMPOTENCY_H
#define CATALOG_IDEMPOTENCY_H

#include "catalog/catalog.h"

/* How long records are kept: the lifetime that /v1/config advertises, and a margin for clocks. */
#define IDEMPOTENCY_LIFETIME_ISO "PT30M"
#define IDEMPOTENCY_LIFETIME_MS (30 * 60 * 1000)
#define IDEMPOTENCY_MARGIN_MS (5 * 60 * 1000)
/* Longer than any honest commit, shorter than clients' socket time limits. */
#define IDEMPOTENCY_WAIT_MS (10 * 1000)

/* Takes call->idempotency_key (a no-op where it is empty; not a uuid: ERROR_BAD_REQUEST), and puts
 * its lower-case spelling in its place. The key is this call's until idempotency_end. */
bool idempotency_begin(struct call *call, struct error *err);

/* For a call that has ended without storing its outcome: has the key another one from before? Then
 * *ret_is_replay is true and *ret_row (in the arena) holds it; it was another request's:
 * ERROR_BAD_REQUEST. In both cases, and after any other error, the key is let go. Not for a call
 * that ended with ERROR_COMMIT_UNKNOWN, which might find itself. */
bool idempotency_find(struct call *call, bool *ret_is_replay, struct idempotency_row *ret_row,
                      struct error *err);

/* Records from before this moment are expired. */
int64_t idempotency_oldest_ms(int64_t now_ms);

/* The record of a success that is answered with `status`: a large body is left out. A view of the
 * call's texts. */
struct idempotency_row idempotency_record(const struct call *call, int status, int64_t now_ms);

/* Stores what call_write did not: an error that would come again (`failure`, its status in
 * `status`), or a success without any change (`failure` NULL). Then lets the key go. Always call it
 * after a begin that returned true, unless idempotency_find has let the key go. `may_store` is
 * false for 5xx and 429. */
void idempotency_end(struct call *call, const struct error *failure, int status, bool may_store);

#endif
