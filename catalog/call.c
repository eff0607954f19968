/* Declared in catalog/catalog.h: the transaction around one call's change. */
#include "catalog/catalog.h"
#include "base/limits.h"

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

static bool put_record(struct pointer_txn *txn, const struct call *call, int64_t now_ms,
                       struct error *err)
{
    bool keeps_body = call->outcome.body.len <= MAX_REPLAYED_BODY_SIZE;
    struct idempotency_row row = {
        .key = call->idempotency_key,
        .request_digest = call->request_digest,
        .status = call->outcome.status,
        .error_kind = SLICE_EMPTY,
        .error_message = SLICE_EMPTY,
        .metadata_location =
            call->outcome.metadata_location.ptr ? call->outcome.metadata_location : SLICE_EMPTY,
        .body = keeps_body && call->outcome.body.ptr ? call->outcome.body : SLICE_EMPTY,
        .created_ms = now_ms,
    };
    return pointer_idempotency_put(txn, &row, err);
}

static bool run_call_job(struct pointer_txn *txn, void *context, struct error *err)
{
    struct call_job *work = context;
    int64_t now_ms = clock_now_ms(work->call->catalog->clock);
    TRY(work->job(txn, work->context, err));
    TRY(append_changes(txn, work, now_ms, err));
    if (work->call->idempotency_key.len == 0)
        return true;
    return put_record(txn, work->call, now_ms, err);
}

bool call_write(struct call *call, pointer_job_fn job, void *context, struct change_row *changes,
                size_t change_count, struct error *err)
{
    struct call_job work = {call, job, context, changes, change_count};
    TRY(pointer_store_write(call->catalog->pointers, run_call_job, &work, err));
    call->is_recorded = true;
    return true;
}
