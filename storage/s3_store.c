/*
 * What put_new does with an answer
 *
 *   200                  written
 *   412                  something is there, maybe our own bytes (storage/put_taken.h)
 *   409                  two conditional writes at a time: again
 *   501, NotImplemented  the store has no conditional write: HEAD, then PUT, and so from now on
 *   no answer at last    an error; the object may be there, as an orphan that no pointer names
 */
#include "storage/s3_store.h"

#include <stdlib.h>

#include "base/digest.h"
#include "base/limits.h"
#include "storage/list_walk.h"
#include "storage/put_taken.h"
#include "storage/s3_call.h"

/* Of DeleteObjects and ListObjectsV2. */
#define MAX_KEYS "1000"
#define MAX_DELETED 1000
#define MAX_DELETE_BODY (8 * MIB)
#define MAX_XML_ANSWER (16 * MIB)
/* Two writers of one name at a time is the rare case; names of ours are never used twice. */
#define MAX_CONFLICTS 3

/* A call to be finished, also where this fails. */
static bool begin(struct object_store *self, struct s3_call *call, struct slice uri,
                  const char *verb, struct buffer *out, struct error *err)
{
    struct store_place *place = NULL;
    bool is_found = remote_store_find_place(self, uri, &place, err);
    bool is_ready = s3_call_init(call, remote_store_transport(self), s3_place_of(place), uri, verb,
                                 out, is_found ? err : NULL);
    return is_found && is_ready;
}

/* --- get, exists, remove ------------------------------------------------------------------ */

static bool s3_get(struct object_store *self, struct slice uri, struct buffer *out,
                   struct error *err)
{
    struct s3_call call;
    const struct s3_operation operation = {.method = "GET"};
    bool ok = begin(self, &call, uri, "read", out, err) && s3_call_send(&call, &operation, err);
    if (ok && !s3_call_is_done(&call))
        ok = s3_call_failed(&call, err);
    s3_call_finish(&call);
    return ok;
}

/* An answer to HEAD has no body: the same question by GET, for one byte, says why. */
static bool ask_why(struct s3_call *call, bool *ret_exists, struct error *err)
{
    const struct s3_operation operation = {.method = "GET", .range = "bytes=0-0"};
    TRY(s3_call_send(call, &operation, err));
    struct error cause = {0};
    /* 416: it is there, and empty. */
    if (s3_call_is_done(call) || call->answer.status == 416) {
        *ret_exists = true;
        return true;
    }
    s3_call_failed(call, &cause);
    if (cause.kind == ERROR_NOT_FOUND) {
        *ret_exists = false;
        return true;
    }
    return error_set(err, cause.kind, "%s", cause.message);
}

static bool look(struct s3_call *call, bool *ret_exists, struct error *err)
{
    const struct s3_operation operation = {.method = "HEAD"};
    TRY(s3_call_send(call, &operation, err));
    if (!s3_call_is_done(call) && call->answer.status != 404)
        return ask_why(call, ret_exists, err);
    *ret_exists = s3_call_is_done(call);
    return true;
}

static bool s3_exists(struct object_store *self, struct slice uri, bool *ret_exists,
                      struct error *err)
{
    struct s3_call call;
    struct buffer unused;
    buffer_init(&unused, KIB);
    bool ok = begin(self, &call, uri, "look for", &unused, err) && look(&call, ret_exists, err);
    s3_call_finish(&call);
    buffer_finish(&unused);
    return ok;
}

static bool remove_one(struct s3_call *call, struct error *err)
{
    const struct s3_operation operation = {.method = "DELETE"};
    struct error cause = {0};
    TRY(s3_call_send(call, &operation, err));
    if (s3_call_is_done(call))
        return true;
    s3_call_failed(call, &cause);
    return cause.kind == ERROR_NOT_FOUND || error_set(err, cause.kind, "%s", cause.message);
}

static bool s3_remove(struct object_store *self, struct slice uri, struct error *err)
{
    struct s3_call call;
    struct buffer unused;
    buffer_init(&unused, KIB);
    bool ok = begin(self, &call, uri, "remove", &unused, err) && remove_one(&call, err);
    s3_call_finish(&call);
    buffer_finish(&unused);
    return ok;
}

/* --- put ---------------------------------------------------------------------------------- */

static bool read_again(void *context, struct error *err)
{
    const struct s3_operation operation = {.method = "GET"};
    return s3_call_send(context, &operation, err);
}

/* Outcomes of one PUT that are no error of the call. */
enum put_outcome { PUT_DONE, PUT_TAKEN, PUT_AGAIN, PUT_UNCONDITIONAL };

static bool put_conditional(struct s3_call *call, struct slice bytes, enum put_outcome *ret_outcome,
                            struct error *err)
{
    const struct s3_operation operation = {.method = "PUT", .body = bytes, .if_none_match = "*"};
    TRY(s3_call_send(call, &operation, err));
    long status = call->answer.status;
    if (s3_call_is_done(call))
        *ret_outcome = PUT_DONE;
    else if (status == 412)
        *ret_outcome = PUT_TAKEN;
    else if (status == 409 && slice_equals_string(call->fault.code, "ConditionalRequestConflict"))
        *ret_outcome = PUT_AGAIN;
    else if (s3_fault_is_of_lack(&call->answer, &call->fault))
        *ret_outcome = PUT_UNCONDITIONAL;
    else
        return s3_call_failed(call, err);
    return true;
}

static bool put_after_look(struct s3_call *call, struct slice bytes, struct error *err)
{
    const struct s3_operation operation = {.method = "PUT", .body = bytes};
    bool exists = false;
    TRY(look(call, &exists, err));
    if (exists)
        return put_taken_by_another(call->uri, err);
    TRY(s3_call_send(call, &operation, err));
    return s3_call_is_done(call) || s3_call_failed(call, err);
}

static bool put(struct s3_call *call, struct slice bytes, struct error *err)
{
    enum put_outcome outcome = PUT_AGAIN;
    if (atomic_load(&call->place->lacks_conditional_put))
        return put_after_look(call, bytes, err);
    for (unsigned i = 0; i < MAX_CONFLICTS && outcome == PUT_AGAIN; i++)
        TRY(put_conditional(call, bytes, &outcome, err));
    if (outcome == PUT_UNCONDITIONAL) {
        atomic_store(&call->place->lacks_conditional_put, true);
        return put_after_look(call, bytes, err);
    }
    if (outcome == PUT_TAKEN)
        return put_taken_by_own(&call->answer, call->uri, bytes, read_again, call, err);
    return outcome == PUT_DONE || s3_call_failed(call, err);
}

static bool s3_put_new(struct object_store *self, struct slice uri, struct slice bytes,
                       struct error *err)
{
    struct s3_call call;
    struct buffer unused;
    buffer_init(&unused, KIB);
    bool ok = begin(self, &call, uri, "write", &unused, err) && put(&call, bytes, err);
    s3_call_finish(&call);
    buffer_finish(&unused);
    return ok;
}

/* --- many --------------------------------------------------------------------------------- */

/* The keys of one bucket and place, in one request. */
static bool delete_keys(struct s3_call *call, const struct slice *keys, size_t count,
                        struct error *err)
{
    char md5[DIGEST_MD5_TEXT_SIZE];
    struct s3_delete_fault fault = {{NULL, 0}, {NULL, 0}};
    struct buffer body;
    buffer_init(&body, MAX_DELETE_BODY);
    s3_delete_append(&body, keys, count);
    const struct s3_operation operation = {.method = "POST",
                                           .query = SLICE_LITERAL("delete="),
                                           .body = buffer_slice(&body),
                                           .content_type = "application/xml",
                                           .content_md5 = md5};
    call->object.key = SLICE_EMPTY;
    bool ok = buffer_check(&body, "a list of objects", err) &&
              digest_md5_text(buffer_slice(&body), md5, err) && s3_call_send(call, &operation, err);
    buffer_finish(&body);
    if (!ok || !s3_call_is_done(call))
        return ok ? s3_call_failed(call, err) : false;
    TRY(s3_delete_parse(buffer_slice(call->answer.body), &call->arena, &fault, err));
    if (!fault.key.ptr)
        return true;
    call->fault = (struct s3_fault){fault.code, SLICE_EMPTY, SLICE_EMPTY};
    return s3_call_failed(call, err) ||
           error_prefix(err, "of many, key '%.*s'", SLICE_ARG(fault.key));
}

/* *ret_done: how many were removed, in one request. */
static bool remove_some(struct object_store *self, const struct slice *uris, size_t count,
                        struct slice *keys, size_t *ret_done, struct error *err)
{
    struct s3_call call;
    struct buffer answer;
    buffer_init(&answer, MAX_XML_ANSWER);
    bool ok = begin(self, &call, uris[0], "remove", &answer, err);
    bool is_bulk = ok && !atomic_load(&call.place->lacks_bulk_delete);
    *ret_done = is_bulk
                    ? remote_store_of_one_bucket(self, &call.place->base, uris,
                                                 count < MAX_DELETED ? count : MAX_DELETED, keys)
                    : 0;
    if (*ret_done > 1) {
        ok = delete_keys(&call, keys, *ret_done, err);
        /* Not all that speak like S3 have it. */
        if (!ok && !s3_call_is_done(&call) && s3_fault_is_of_lack(&call.answer, &call.fault)) {
            atomic_store(&call.place->lacks_bulk_delete, true);
            *ret_done = 0;
            ok = true;
        }
    } else if (ok) {
        *ret_done = 1;
        ok = remove_one(&call, err);
    }
    s3_call_finish(&call);
    buffer_finish(&answer);
    return ok;
}

static bool s3_remove_many(struct object_store *self, const struct slice *uris, size_t count,
                           struct error *err)
{
    struct slice *keys = calloc(MAX_DELETED, sizeof *keys);
    bool ok = keys || error_no_memory(err, "a list of objects");
    for (size_t at = 0; ok && at < count;) {
        size_t done = 0;
        ok = remove_some(self, uris + at, count - at, keys, &done, err);
        at += done;
    }
    free(keys);
    return ok;
}

/* --- list --------------------------------------------------------------------------------- */

static bool ask_page(void *context, struct slice query, struct error *err)
{
    struct s3_call *call = context;
    const struct s3_operation operation = {.method = "GET", .query = query};
    TRY(s3_call_send(call, &operation, err));
    return s3_call_is_done(call) || s3_call_failed(call, err);
}

static bool list_all(struct s3_call *call, object_visit_fn visit, void *context, struct error *err)
{
    static const struct list_kind kind = {"list-type=2&encoding-type=url&max-keys=" MAX_KEYS
                                          "&prefix=",
                                          "continuation-token", ask_page, s3_list_parse};
    const struct list_walk walk = {
        &kind, call,   call->answer.body, bucket_object_root(&call->object), call->object.key,
        visit, context};
    call->object.key = SLICE_EMPTY; /* it is the bucket that is asked */
    return list_walk(&walk, err);
}

static bool s3_list(struct object_store *self, struct slice prefix, object_visit_fn visit,
                    void *context, struct error *err)
{
    struct s3_call call;
    struct buffer answer;
    buffer_init(&answer, MAX_XML_ANSWER);
    bool ok =
        begin(self, &call, prefix, "list", &answer, err) && list_all(&call, visit, context, err);
    s3_call_finish(&call);
    buffer_finish(&answer);
    return ok;
}

/* --- the store ---------------------------------------------------------------------------- */

static const struct object_store_ops s3_ops = {
    .get = s3_get,
    .put_new = s3_put_new,
    .exists = s3_exists,
    .remove = s3_remove,
    .remove_many = s3_remove_many,
    .list = s3_list,
    .set_profiles = remote_store_set_profiles,
    .destroy = remote_store_destroy,
};

bool s3_store_create(const struct remote_store_options *options, struct object_store **ret_store,
                     struct error *err)
{
    static const struct place_kind kind = {STORAGE_S3, s3_place_create};
    return remote_store_create(&s3_ops, &kind, options, ret_store, err);
}
