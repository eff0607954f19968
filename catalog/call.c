/* Declared in catalog/catalog.h: the transaction around one call's change. */
#include "catalog/catalog.h"

#include "catalog/idempotency.h"

struct call_job {
    struct call *call;
    pointer_job_fn job;
    void *context;
    struct change_row *changes;
    size_t change_count;
};

static bool append_changes(struct pointer_txn *txn, const struct call_job *work, int64_t now_ms,
                           struct error *err)
{
    for (size_t i = 0; i < work->change_count; i++) {
        struct change_row row = work->changes[i];
        if (row.warehouse_id == 0 && work->call->warehouse)
            row.warehouse_id = work->call->warehouse->id;
        row.operation = work->call->operation;
        row.actor = work->call->actor;
        row.request_id = work->call->request_id;
        row.time_ms = now_ms;
        TRY(pointer_change_append(txn, &row, err));
    }
    return true;
}

static bool run_call_job(struct pointer_txn *txn, void *context, struct error *err)
{
    struct call_job *work = context;
    int64_t now_ms = clock_now_ms(work->call->catalog->clock);
    TRY(work->job(txn, work->context, err));
    TRY(append_changes(txn, work, now_ms, err));
    if (work->call->idempotency_key.len == 0)
        return true;
    struct idempotency_row row =
        idempotency_record(work->call, work->call->outcome.status, now_ms);
    return pointer_idempotency_put(txn, &row, err);
}

bool call_write(struct call *call, pointer_job_fn job, void *context, struct change_row *changes,
                size_t change_count, struct error *err)
{
    struct call_job work = {call, job, context, changes, change_count};
    TRY(pointer_store_write(call->catalog->pointers, run_call_job, &work, err));
    call->is_recorded = true;
    return true;
}
