/* Declared in catalog/catalog.h: the transaction around one call's change. */
#include "catalog/catalog.h"

#include "catalog/idempotency.h"

static bool append_changes(struct pointer_txn *txn, const struct call_write *work, int64_t now_ms,
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

/* The answer to the sentence is the outcome that the key has (idempotency_find). */
static bool record_outcome(struct pointer_txn *txn, const struct call *call, int64_t now_ms,
                           struct error *err)
{
    struct idempotency_row row = idempotency_record(call, call->outcome.status, now_ms);
    bool is_new = false;
    TRY(pointer_idempotency_put(txn, &row, idempotency_oldest_ms(now_ms), &is_new, err));
    return is_new || error_set(err, ERROR_OVERLOADED,
                               "The Idempotency-Key %.*s has an outcome: ask again for it",
                               SLICE_ARG(call->idempotency_key));
}

static bool run_call_job(struct pointer_txn *txn, void *context, struct error *err)
{
    struct call_write *work = context;
    int64_t now_ms = clock_now_ms(work->call->catalog->clock);
    TRY(work->job(txn, work->context, err));
    TRY(append_changes(txn, work, now_ms, err));
    return work->call->idempotency_key.len == 0 || record_outcome(txn, work->call, now_ms, err);
}

void call_submit(struct call_write *write, struct call *call, pointer_job_fn job, void *context,
                 struct change_row *changes, size_t change_count)
{
    *write = (struct call_write){.call = call,
                                 .job = job,
                                 .context = context,
                                 .changes = changes,
                                 .change_count = change_count};
    pointer_store_submit(call->catalog->pointers, run_call_job, write,
                         call->waiter, &write->write);
}

bool call_wait(struct call_write *write, struct error *err)
{
    TRY(pointer_store_wait(&write->write, err));
    write->call->is_recorded = true;
    return true;
}

bool call_write(struct call *call, pointer_job_fn job, void *context, struct change_row *changes,
                size_t change_count, struct error *err)
{
    struct call_write write;
    call_submit(&write, call, job, context, changes, change_count);
    return call_wait(&write, err);
}
