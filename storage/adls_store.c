/*
 * What put_new does with an answer
 *
 *   201                     written
 *   409 BlobAlreadyExists,  something is there, maybe our own bytes (storage/put_taken.h)
 *   412
 *   no answer at last       an error; the object may be there, as an orphan that no pointer names
 *
 * One put takes 5,000 MiB, which is more than the largest object of ours (MAX_METADATA_SIZE), so
 * there are no blocks to put together.
 */
#include "storage/adls_store.h"

#include "base/limits.h"
#include "storage/adls_call.h"
#include "storage/adls_xml.h"
#include "storage/list_walk.h"
#include "storage/put_taken.h"

/* Of List Blobs: a name has at most 1,024 characters, so that such a page fits MAX_XML_ANSWER. */
#define MAX_NAMES "2000"
#define MAX_XML_ANSWER (16 * MIB)

/* A call to be finished, also where this fails. */
static bool begin(struct object_store *self, struct adls_call *call, struct slice uri,
                  const char *verb, struct buffer *out, struct error *err)
{
    struct store_place *place = NULL;
    bool is_found = remote_store_find_place(self, uri, &place, err);
    bool is_ready = adls_call_init(call, remote_store_transport(self), adls_place_of(place), uri,
                                   verb, out, is_found ? err : NULL);
    return is_found && is_ready;
}

/* --- get, exists, remove ------------------------------------------------------------------ */

/* The Blob service gives a directory of a hierarchical namespace as an empty blob. */
static bool is_directory(const struct adls_call *call)
{
    return slice_equals_ignore_case(slice_from_string(call->answer.headers[HTTP_ANSWER_IS_FOLDER]),
                                    SLICE_LITERAL("true"));
}

static bool read_object(struct adls_call *call, struct error *err)
{
    const struct adls_operation operation = {.method = "GET"};
    TRY(adls_call_send(call, &operation, err));
    if (!adls_call_is_done(call))
        return adls_call_failed(call, err);
    return !is_directory(call) || error_set(err, ERROR_NOT_FOUND,
                                            "'%.*s' does not exist: it is a "
                                            "directory",
                                            SLICE_ARG(call->uri));
}

static bool adls_get(struct object_store *self, struct slice uri, struct buffer *out,
                     struct error *err)
{
    struct adls_call call;
    bool ok = begin(self, &call, uri, "read", out, err) && read_object(&call, err);
    adls_call_finish(&call);
    return ok;
}

static bool look(struct adls_call *call, bool *ret_exists, struct error *err)
{
    const struct adls_operation operation = {.method = "HEAD"};
    TRY(adls_call_send(call, &operation, err));
    if (!adls_call_is_done(call) && !adls_fault_is_of_no_object(&call->answer))
        return adls_call_failed(call, err);
    *ret_exists = adls_call_is_done(call) && !is_directory(call);
    return true;
}

static bool adls_exists(struct object_store *self, struct slice uri, bool *ret_exists,
                        struct error *err)
{
    struct adls_call call;
    struct buffer unused;
    buffer_init(&unused, KIB);
    bool ok = begin(self, &call, uri, "look for", &unused, err) && look(&call, ret_exists, err);
    adls_call_finish(&call);
    buffer_finish(&unused);
    return ok;
}

static bool remove_one(struct adls_call *call, struct error *err)
{
    const struct adls_operation operation = {.method = "DELETE"};
    TRY(adls_call_send(call, &operation, err));
    return adls_call_is_done(call) || adls_fault_is_of_no_object(&call->answer) ||
           adls_call_failed(call, err);
}

static bool adls_remove(struct object_store *self, struct slice uri, struct error *err)
{
    struct adls_call call;
    struct buffer unused;
    buffer_init(&unused, KIB);
    bool ok = begin(self, &call, uri, "remove", &unused, err) && remove_one(&call, err);
    adls_call_finish(&call);
    buffer_finish(&unused);
    return ok;
}

/* --- put ---------------------------------------------------------------------------------- */

static bool is_taken(const struct adls_call *call)
{
    return call->answer.status == 412 ||
           (call->answer.status == 409 &&
            slice_equals_string(adls_fault_code(&call->answer), "BlobAlreadyExists"));
}

static bool read_again(void *context, struct error *err)
{
    const struct adls_operation operation = {.method = "GET"};
    return adls_call_send(context, &operation, err);
}

static bool put(struct adls_call *call, struct slice bytes, struct error *err)
{
    const struct adls_operation operation = {.method = "PUT", .body = bytes, .is_new_blob = true};
    TRY(adls_call_send(call, &operation, err));
    if (adls_call_is_done(call))
        return true;
    if (!is_taken(call))
        return adls_call_failed(call, err);
    return put_taken_by_own(&call->answer, call->uri, bytes, read_again, call, err);
}

static bool adls_put_new(struct object_store *self, struct slice uri, struct slice bytes,
                         struct error *err)
{
    struct adls_call call;
    struct buffer unused;
    buffer_init(&unused, KIB);
    bool ok = begin(self, &call, uri, "write", &unused, err) && put(&call, bytes, err);
    adls_call_finish(&call);
    buffer_finish(&unused);
    return ok;
}

/* --- list --------------------------------------------------------------------------------- */

static bool ask_page(void *context, struct slice query, struct error *err)
{
    struct adls_call *call = context;
    const struct adls_operation operation = {.method = "GET", .query = query};
    TRY(adls_call_send(call, &operation, err));
    return adls_call_is_done(call) || adls_call_failed(call, err);
}

static bool list_all(struct adls_call *call, object_visit_fn visit, void *context,
                     struct error *err)
{
    static const struct list_kind kind = {
        "restype=container&comp=list&include=metadata&maxresults=" MAX_NAMES "&prefix=", "marker",
        ask_page, adls_list_parse};
    const struct list_walk walk = {
        &kind, call, call->answer.body, call->object.root, call->object.key, visit, context};
    call->object.key = SLICE_EMPTY; /* it is the container that is asked */
    return list_walk(&walk, err);
}

static bool adls_list(struct object_store *self, struct slice prefix, object_visit_fn visit,
                      void *context, struct error *err)
{
    struct adls_call call;
    struct buffer answer;
    buffer_init(&answer, MAX_XML_ANSWER);
    bool ok =
        begin(self, &call, prefix, "list", &answer, err) && list_all(&call, visit, context, err);
    adls_call_finish(&call);
    buffer_finish(&answer);
    return ok;
}

/* --- the store ---------------------------------------------------------------------------- */

static const struct object_store_ops adls_ops = {
    .get = adls_get,
    .put_new = adls_put_new,
    .exists = adls_exists,
    .remove = adls_remove,
    .list = adls_list,
    .set_profiles = remote_store_set_profiles,
    .destroy = remote_store_destroy,
};

bool adls_store_create(const struct remote_store_options *options, struct object_store **ret_store,
                       struct error *err)
{
    static const struct place_kind kind = {STORAGE_ADLS, adls_place_create};
    return remote_store_create(&adls_ops, &kind, options, ret_store, err);
}
