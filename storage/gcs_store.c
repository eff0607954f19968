/*
 * Why the JSON API: it is the one that all of Google's own clients and the emulators speak, its
 * errors say in words what an account lacks, and it has batches.
 *
 * What put_new does with an answer
 *
 *   200            written
 *   412            something is there, maybe our own bytes (storage/put_taken.h)
 *   no answer      at last: an error; the object may be there, as an orphan that no pointer names
 */
#include "storage/gcs_store.h"

#include "base/limits.h"
#include "storage/gcs_call.h"
#include "storage/list_walk.h"
#include "storage/put_taken.h"

#define BATCHES "/batch/storage/v1"
#define MAX_NAMES "1000"
/* 1,000 names of 1,024 bytes, each three times as long where it is escaped. */
#define MAX_LIST_ANSWER (16 * MIB)
#define MAX_BATCH_SIZE (1 * MIB)
/* An object's own description, with metadata of its own. */
#define MAX_DESCRIPTION (256 * KIB)

/* A call to be finished, also where this fails. */
static bool begin(struct object_store *self, struct gcs_call *call, struct slice uri,
                  const char *verb, struct buffer *out, struct error *err)
{
    struct store_place *place = NULL;
    bool is_found = remote_store_find_place(self, uri, &place, err);
    bool is_ready = gcs_call_init(call, remote_store_transport(self), gcs_place_of(place), uri,
                                  verb, out, is_found ? err : NULL);
    return is_found && is_ready;
}

/* --- one object --------------------------------------------------------------------------- */

static bool not_found(const struct gcs_call *call, struct error *err)
{
    return error_set(err, ERROR_NOT_FOUND, "'%.*s' does not exist", SLICE_ARG(call->uri));
}

static bool get(struct gcs_call *call, struct error *err)
{
    TRY(gcs_call_download(call, err));
    if (gcs_call_is_done(call))
        return true;
    return gcs_call_is_absent(call) ? not_found(call, err) : gcs_call_failed(call, err);
}

static bool look(struct gcs_call *call, bool *ret_exists, struct error *err)
{
    const struct gcs_operation operation = {.method = "GET",
                                            .base = GCS_OBJECTS,
                                            .query = "?fields=name"};
    TRY(gcs_call_send(call, &operation, err));
    if (!gcs_call_is_done(call) && !gcs_call_is_absent(call))
        return gcs_call_failed(call, err);
    *ret_exists = gcs_call_is_done(call);
    return true;
}

static bool remove_one(struct gcs_call *call, struct error *err)
{
    const struct gcs_operation operation = {.method = "DELETE", .base = GCS_OBJECTS};
    TRY(gcs_call_send(call, &operation, err));
    return gcs_call_is_done(call) || gcs_call_is_absent(call) || gcs_call_failed(call, err);
}

static bool read_again(void *context, struct error *err)
{
    return gcs_call_download(context, err);
}

static bool put(struct gcs_call *call, struct slice bytes, struct error *err)
{
    TRY(gcs_call_upload(call, bytes, err));
    if (gcs_call_is_done(call))
        return true;
    if (call->answer.status != 412)
        return gcs_call_failed(call, err);
    return put_taken_by_own(&call->answer, call->uri, bytes, read_again, call, err);
}

static bool gcs_get(struct object_store *self, struct slice uri, struct buffer *out,
                    struct error *err)
{
    struct gcs_call call;
    bool ok = begin(self, &call, uri, "read", out, err) && get(&call, err);
    gcs_call_finish(&call);
    return ok;
}

static bool gcs_exists(struct object_store *self, struct slice uri, bool *ret_exists,
                       struct error *err)
{
    struct gcs_call call;
    struct buffer unused;
    buffer_init(&unused, MAX_DESCRIPTION);
    bool ok = begin(self, &call, uri, "look for", &unused, err) && look(&call, ret_exists, err);
    gcs_call_finish(&call);
    buffer_finish(&unused);
    return ok;
}

static bool gcs_remove(struct object_store *self, struct slice uri, struct error *err)
{
    struct gcs_call call;
    struct buffer unused;
    buffer_init(&unused, MAX_DESCRIPTION);
    bool ok = begin(self, &call, uri, "remove", &unused, err) && remove_one(&call, err);
    gcs_call_finish(&call);
    buffer_finish(&unused);
    return ok;
}

static bool gcs_put_new(struct object_store *self, struct slice uri, struct slice bytes,
                        struct error *err)
{
    struct gcs_call call;
    struct buffer unused;
    buffer_init(&unused, MAX_DESCRIPTION);
    bool ok = begin(self, &call, uri, "write", &unused, err) && put(&call, bytes, err);
    gcs_call_finish(&call);
    buffer_finish(&unused);
    return ok;
}

/* --- many --------------------------------------------------------------------------------- */

static bool send_batch(struct gcs_call *call, const struct slice *names, size_t count,
                       struct error *err)
{
    struct buffer body;
    buffer_init(&body, MAX_BATCH_SIZE);
    gcs_batch_append(&body, call->object.bucket, names, count);
    const struct gcs_operation operation = {.method = "POST",
                                            .base = BATCHES,
                                            .is_bare = true,
                                            .body = buffer_slice(&body),
                                            .content_type =
                                                "multipart/mixed; boundary=" GCS_BATCH_BOUNDARY};
    bool ok = buffer_check(&body, "a list of objects", err) && gcs_call_send(call, &operation, err);
    buffer_finish(&body);
    return ok;
}

/* What of a batch was not done goes once more, by itself: it is tried again as all calls are, and
 * fails with its own sentence. */
static bool remove_rest(struct object_store *self, const struct slice *uris, const long *statuses,
                        size_t count, struct error *err)
{
    for (size_t i = 0; i < count; i++) {
        bool is_done = (statuses[i] >= 200 && statuses[i] < 300) || statuses[i] == 404;
        if (!is_done)
            TRY(gcs_remove(self, uris[i], err));
    }
    return true;
}

/* *ret_done: how many were removed. */
static bool remove_some(struct object_store *self, const struct slice *uris, size_t count,
                        size_t *ret_done, struct error *err)
{
    struct gcs_call call;
    struct buffer answer;
    struct slice names[GCS_MAX_BATCH];
    long statuses[GCS_MAX_BATCH] = {0};
    buffer_init(&answer, MAX_BATCH_SIZE);
    bool ok = begin(self, &call, uris[0], "remove", &answer, err);
    size_t size =
        ok ? remote_store_of_one_bucket(self, &call.place->base, uris,
                                        count < GCS_MAX_BATCH ? count : GCS_MAX_BATCH, names)
           : 0;
    if (size > 1 && !atomic_load(&call.place->lacks_batches)) {
        ok = send_batch(&call, names, size, err);
        /* Not all that speak like it have batches. */
        if (ok && !gcs_call_is_done(&call))
            atomic_store(&call.place->lacks_batches,
                         call.answer.status == 404 || call.answer.status == 405);
        else if (ok)
            ok = gcs_batch_parse(buffer_slice(&answer), size, statuses, err);
    } else {
        size = 1;
    }
    gcs_call_finish(&call);
    buffer_finish(&answer);
    *ret_done = size;
    return ok && remove_rest(self, uris, statuses, size, err);
}

static bool gcs_remove_many(struct object_store *self, const struct slice *uris, size_t count,
                            struct error *err)
{
    for (size_t at = 0; at < count;) {
        size_t done = 0;
        TRY(remove_some(self, uris + at, count - at, &done, err));
        at += done;
    }
    return true;
}

/* --- list --------------------------------------------------------------------------------- */

static bool ask_page(void *context, struct slice query, struct error *err)
{
    struct gcs_call *call = context;
    const struct gcs_operation operation = {.method = "GET",
                                            .base = GCS_OBJECTS,
                                            .is_of_bucket = true,
                                            .query = query.ptr};
    TRY(gcs_call_send(call, &operation, err));
    return gcs_call_is_done(call) || gcs_call_failed(call, err);
}

static bool list_all(struct gcs_call *call, object_visit_fn visit, void *context, struct error *err)
{
    static const struct list_kind kind = {"?maxResults=" MAX_NAMES
                                          "&fields=nextPageToken,items(name,size)&prefix=",
                                          "pageToken", ask_page, gcs_list_parse};
    const struct list_walk walk = {
        &kind, call,   call->answer.body, bucket_object_root(&call->object), call->object.key,
        visit, context};
    return list_walk(&walk, err);
}

static bool gcs_list(struct object_store *self, struct slice prefix, object_visit_fn visit,
                     void *context, struct error *err)
{
    struct gcs_call call;
    struct buffer answer;
    buffer_init(&answer, MAX_LIST_ANSWER);
    bool ok =
        begin(self, &call, prefix, "list", &answer, err) && list_all(&call, visit, context, err);
    gcs_call_finish(&call);
    buffer_finish(&answer);
    return ok;
}

/* --- the store ---------------------------------------------------------------------------- */

static const struct object_store_ops gcs_ops = {
    .get = gcs_get,
    .put_new = gcs_put_new,
    .exists = gcs_exists,
    .remove = gcs_remove,
    .remove_many = gcs_remove_many,
    .list = gcs_list,
    .set_profiles = remote_store_set_profiles,
    .destroy = remote_store_destroy,
};

bool gcs_store_create(const struct remote_store_options *options, struct object_store **ret_store,
                      struct error *err)
{
    static const struct place_kind kind = {STORAGE_GCS, gcs_place_create};
    return remote_store_create(&gcs_ops, &kind, options, ret_store, err);
}
