/*
 * pointer_plan.h — scans that were asked for and are planned behind: a row for each, with a time
 * limit.
 *
 * Whoever has the database can go on with a row: it holds the request, and what became of it.
 *
 * Spec:     REST protocol, PlanStatus
 * Owns:     texts that are read lie in the caller's arena
 * Errors:   those of the pointer store
 * Threads:  as storage/pointer_store.h has them for views and transactions
 * Rule:     a row leaves PLAN_SUBMITTED once; only a completed one may be cancelled after that
 */
#ifndef STORAGE_POINTER_PLAN_H
#define STORAGE_POINTER_PLAN_H

#include "storage/pointer_store.h"

/* Stored as these numbers. */
enum plan_state { PLAN_SUBMITTED, PLAN_COMPLETED, PLAN_FAILED, PLAN_CANCELLED };

struct plan_row {
    enum plan_state state;
    struct slice request; /* JSON; empty where it was cancelled */
    struct slice failure; /* JSON; empty where it did not fail */
};

/* One that has expired by `now_ms` is not there. */
bool pointer_plan_get(struct pointer_view *view, struct slice id, int64_t now_ms,
                      struct arena *arena, struct plan_row *ret_row, bool *ret_found,
                      struct error *err);

struct plan_submission {
    struct slice id;
    struct slice request;
    int64_t now_ms;
    int64_t expires_ms;
    int64_t most; /* rows that have not expired, at which there is no room */
};
/* Drops what has expired. *ret_has_room is false, and nothing added, where there are too many. */
bool pointer_plan_submit(struct pointer_txn *txn, const struct plan_submission *plan,
                         bool *ret_has_room, struct error *err);
/* From PLAN_SUBMITTED to `state`; no change where the row is in another or gone. */
bool pointer_plan_settle(struct pointer_txn *txn, struct slice id, enum plan_state state,
                         struct slice failure, struct error *err);
bool pointer_plan_cancel(struct pointer_txn *txn, struct slice id, struct error *err);
bool pointer_plan_expire(struct pointer_txn *txn, int64_t now_ms, struct error *err);

#endif
