#include "catalog/idempotency.h"

#include "base/limits.h"
#include "catalog/inflight.h"

static bool record_find(struct call *call, struct idempotency_row *ret_row, bool *ret_found,
                        struct error *err)
{
    struct pointer_view *view = NULL;
    TRY(pointer_view_begin(call->catalog->pointers, &view, err));
    bool ok = pointer_idempotency_get(view, call->idempotency_key, call->arena, ret_row, ret_found,
                                      err);
    pointer_view_end(view);
    return ok;
}

int64_t idempotency_oldest_ms(int64_t now_ms)
{
    return now_ms - IDEMPOTENCY_LIFETIME_MS - IDEMPOTENCY_MARGIN_MS;
}

static bool is_expired(const struct call *call, const struct idempotency_row *row)
{
    return row->created_ms < idempotency_oldest_ms(clock_now_ms(call->catalog->clock));
}

/* The key is held: nobody else can be storing its record now. */
static bool look_up(struct call *call, bool *ret_is_replay, struct idempotency_row *ret_row,
                    struct error *err)
{
    struct idempotency_row row;
    bool found = false;
    TRY(record_find(call, &row, &found, err));
    if (!found || is_expired(call, &row)) {
        *ret_is_replay = false;
        return true;
    }
    if (!slice_equals(row.request_digest, call->request_digest))
        return error_set(err, ERROR_BAD_REQUEST,
                         "The Idempotency-Key %.*s was used for another request: use a new key",
                         SLICE_ARG(call->idempotency_key));
    *ret_row = row;
    *ret_is_replay = true;
    return true;
}

/* One key in another case is the same key. */
static bool make_canonical(struct call *call, struct error *err)
{
    struct slice key = call->idempotency_key;
    if (!uuid_is_valid(key.ptr, key.len))
        return error_set(err, ERROR_BAD_REQUEST, "The Idempotency-Key must be a UUID");
    char text[UUID_TEXT_SIZE];
    uuid_canonical(key.ptr, text);
    struct slice canonical = arena_slice(call->arena, slice_from_string(text));
    if (canonical.ptr == NULL)
        return error_no_memory(err, "the idempotency key");
    call->idempotency_key = canonical;
    return true;
}

bool idempotency_begin(struct call *call, struct error *err)
{
    if (call->idempotency_key.len == 0)
        return true;
    TRY(make_canonical(call, err));
    return inflight_keys_take(call->catalog->inflight, call->idempotency_key, IDEMPOTENCY_WAIT_MS,
                              err);
}

bool idempotency_find(struct call *call, bool *ret_is_replay, struct idempotency_row *ret_row,
                      struct error *err)
{
    bool is_replay = false;
    bool ok = call->idempotency_key.len == 0 || look_up(call, &is_replay, ret_row, err);
    if (!ok || is_replay)
        inflight_keys_give(call->catalog->inflight, call->idempotency_key);
    if (ok)
        *ret_is_replay = is_replay;
    return ok;
}

struct idempotency_row idempotency_record(const struct call *call, int status, int64_t now_ms)
{
    const struct call_outcome *outcome = &call->outcome;
    bool keeps_body = outcome->body.ptr && outcome->body.len <= MAX_REPLAYED_BODY_SIZE;
    return (struct idempotency_row){
        .key = call->idempotency_key,
        .request_digest = call->request_digest,
        .status = status,
        .error_kind = SLICE_EMPTY,
        .error_message = SLICE_EMPTY,
        .metadata_location =
            outcome->metadata_location.ptr ? outcome->metadata_location : SLICE_EMPTY,
        .body = keeps_body ? outcome->body : SLICE_EMPTY,
        .created_ms = now_ms,
    };
}

static bool store_record(struct pointer_txn *txn, void *context, struct error *err)
{
    const struct idempotency_row *row = context;
    int64_t oldest_ms = idempotency_oldest_ms(row->created_ms);
    bool is_new = false;
    return pointer_idempotency_expire(txn, oldest_ms, err) &&
           pointer_idempotency_put(txn, row, oldest_ms, &is_new, err);
}

/* An error of storing is not the caller's: the request has its answer already, and a repeated one
 * runs again, which for an answer without effects comes to the same. */
static void store_outcome(struct call *call, const struct error *failure, int status)
{
    struct idempotency_row row =
        idempotency_record(call, status, clock_now_ms(call->catalog->clock));
    if (failure) {
        row.error_kind = slice_from_string(error_kind_name(failure->kind));
        row.error_message = slice_from_string(failure->message);
        row.metadata_location = SLICE_EMPTY;
        row.body = SLICE_EMPTY;
    }
    pointer_store_write(call->catalog->pointers, store_record, &row, NULL);
}

void idempotency_end(struct call *call, const struct error *failure, int status, bool may_store)
{
    if (call->idempotency_key.len == 0)
        return;
    if (may_store && !call->is_recorded)
        store_outcome(call, failure, status);
    inflight_keys_give(call->catalog->inflight, call->idempotency_key);
}
