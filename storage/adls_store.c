/*
 * What put_new does with an answer
 *
 *   201                     written
 *   409 BlobAlreadyExists,  something is there. It may be our own bytes: an earlier try whose
 *   412                     answer was lost, libcurl or a proxy that tries twice may have written
 *                           them. They are read, and where they are ours it was written; else
 *                           ERROR_ALREADY_EXISTS
 *   no answer at last       an error; the object may be there, as an orphan that no pointer names
 *
 * One put takes 5,000 MiB, which is more than the largest object of ours (MAX_METADATA_SIZE), so
 * there are no blocks to put together.
 */
#include "storage/adls_store.h"

#include <stdlib.h>

#include "base/limits.h"
#include "base/percent.h"
#include "storage/adls_call.h"
#include "storage/adls_xml.h"

/* Of List Blobs: a name has at most 1,024 characters, so that such a page fits MAX_XML_ANSWER. */
#define MAX_NAMES "2000"
#define MAX_XML_ANSWER (16 * MIB)
#define MAX_QUERY (16 * KIB)

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

static bool is_own_write(struct adls_call *call, struct slice bytes, bool *ret_own,
                         struct error *err)
{
    const struct adls_operation operation = {.method = "GET"};
    struct buffer found, *before = call->answer.body;
    struct error cause = {0};
    buffer_init(&found, bytes.len + 1);
    call->answer.body = &found;
    bool ok = adls_call_send(call, &operation, &cause);
    *ret_own = ok && adls_call_is_done(call) && slice_equals(buffer_slice(&found), bytes);
    /* One that is larger is not ours. */
    if (!ok && cause.kind == ERROR_TOO_LARGE)
        ok = true;
    call->answer.body = before;
    buffer_finish(&found);
    return ok || error_set(err, cause.kind, "%s", cause.message);
}

static bool put(struct adls_call *call, struct slice bytes, struct error *err)
{
    const struct adls_operation operation = {.method = "PUT", .body = bytes, .is_new_blob = true};
    bool is_own = false;
    TRY(adls_call_send(call, &operation, err));
    if (adls_call_is_done(call))
        return true;
    if (!is_taken(call))
        return adls_call_failed(call, err);
    TRY(is_own_write(call, bytes, &is_own, err));
    return is_own ||
           error_set(err, ERROR_ALREADY_EXISTS, "'%.*s' already exists", SLICE_ARG(call->uri));
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

struct walk {
    struct adls_call *call;
    object_visit_fn visit;
    void *context;
    struct buffer uri; /* of each object: "abfss://container@host/" stays */
    size_t start;
    struct buffer marker; /* of the next page; empty: there is none */
};

static bool visit_name(void *context, struct slice name, uint64_t size, struct error *err)
{
    struct walk *walk = context;
    buffer_truncate(&walk->uri, walk->start);
    buffer_append_slice(&walk->uri, name);
    return buffer_check(&walk->uri, "an object's name", err) &&
           walk->visit(walk->context, buffer_slice(&walk->uri), size, err);
}

static bool list_query(struct buffer *query, struct slice prefix, struct slice marker,
                       struct error *err)
{
    buffer_append_string(query, "restype=container&comp=list&include=metadata&maxresults=" MAX_NAMES
                                "&prefix=");
    percent_append(query, prefix);
    if (marker.len > 0) {
        buffer_append_string(query, "&marker=");
        percent_append(query, marker);
    }
    return buffer_check(query, "a listing's query", err);
}

static bool read_page(struct walk *walk, struct error *err)
{
    struct arena arena;
    struct slice next = SLICE_EMPTY;
    arena_init(&arena, MAX_XML_ANSWER);
    bool ok = adls_list_parse(buffer_slice(walk->call->answer.body), visit_name, walk, &arena,
                              &next, err);
    buffer_truncate(&walk->marker, 0);
    buffer_append_slice(&walk->marker, next);
    arena_finish(&arena);
    return ok && buffer_check(&walk->marker, "the next page's marker", err);
}

static bool list_page(struct walk *walk, struct slice prefix, struct error *err)
{
    struct adls_call *call = walk->call;
    struct buffer query;
    buffer_init(&query, MAX_QUERY);
    buffer_truncate(call->answer.body, 0);
    bool ok = list_query(&query, prefix, buffer_slice(&walk->marker), err);
    const struct adls_operation operation = {.method = "GET", .query = buffer_slice(&query)};
    ok = ok && adls_call_send(call, &operation, err);
    buffer_finish(&query);
    if (ok && !adls_call_is_done(call))
        return adls_call_failed(call, err);
    return ok && read_page(walk, err);
}

static bool list_all(struct walk *walk, struct error *err)
{
    struct adls_call *call = walk->call;
    struct slice prefix = call->object.key;
    buffer_append_slice(&walk->uri, call->object.root);
    buffer_append_byte(&walk->uri, '/');
    walk->start = walk->uri.len;
    if (prefix.len > 0 && !slice_ends_with(prefix, SLICE_LITERAL("/"))) {
        const struct slice parts[] = {prefix, SLICE_LITERAL("/")};
        prefix = arena_join(&call->arena, parts, 2);
        if (!prefix.ptr)
            return error_no_memory(err, "a listing");
    }
    call->object.key = SLICE_EMPTY; /* it is the container that is asked */
    do
        TRY(list_page(walk, prefix, err));
    while (walk->marker.len > 0);
    return true;
}

static bool adls_list(struct object_store *self, struct slice prefix, object_visit_fn visit,
                      void *context, struct error *err)
{
    struct adls_call call;
    struct buffer answer;
    struct walk walk = {.call = &call, .visit = visit, .context = context};
    buffer_init(&answer, MAX_XML_ANSWER);
    buffer_init(&walk.uri, MAX_QUERY);
    buffer_init(&walk.marker, MAX_QUERY);
    bool ok = begin(self, &call, prefix, "list", &answer, err) && list_all(&walk, err);
    adls_call_finish(&call);
    buffer_finish(&walk.uri);
    buffer_finish(&walk.marker);
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
