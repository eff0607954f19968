#include "server/warehouse_check.h"

#include "base/limits.h"
#include "server/server.h"
#include "storage/s3_place.h"
#include "storage/s3_request.h"
#include "storage/s3_store.h"
#include "storage/storage_profile.h"
#include "storage/vended_keys.h"

#define PROBE SLICE_LITERAL("a probe of firn warehouse check; it may be removed")

struct probes {
    struct op *op;
    struct json_writer *json;
    int64_t failed;
    struct slice table; /* the place of a table that is not there: "…/a" */
    struct slice mine;  /* an object in it */
    struct slice other; /* an object of another */
};

/* `fault` is the sentence where it went wrong. */
static bool report(struct probes *probes, const char *check, bool is_ok, const char *fault)
{
    struct json_writer *json = probes->json;
    json_write_object_begin(json);
    json_write_string_member(json, "check", slice_from_string(check));
    json_write_key(json, "ok");
    json_write_bool(json, is_ok);
    if (!is_ok)
        json_write_string_member(json, "detail", slice_from_string(fault));
    json_write_object_end(json);
    probes->failed += !is_ok;
    return is_ok;
}

/* --- by the server's own credentials -------------------------------------------------------- */

static bool check_put(struct probes *probes)
{
    struct error err = {0};
    bool ok = object_put_new(probes->op->server->objects, probes->mine, PROBE, &err);
    return report(probes, "put", ok, err.message);
}

static void check_read(struct probes *probes)
{
    struct error err = {0};
    struct buffer found;
    buffer_init(&found, 64 * KIB);
    bool ok = object_get(probes->op->server->objects, probes->mine, &found, &err) &&
              (slice_equals(buffer_slice(&found), PROBE) ||
               error_set(&err, ERROR_CORRUPT,
                         "what was read is not what was written: look for a "
                         "cache or a proxy before the store"));
    buffer_finish(&found);
    report(probes, "read", ok, err.message);
}

static bool count_object(void *context, struct slice uri, uint64_t size, struct error *err)
{
    (void)uri, (void)size, (void)err;
    ++*(size_t *)context;
    return true;
}

static void check_list(struct probes *probes)
{
    struct error err = {0};
    size_t count = 0;
    bool ok = object_list(probes->op->server->objects, probes->table, count_object, &count, &err) &&
              (count == 1 || error_set(&err, ERROR_STORAGE,
                                       "the listing does not show what was written: the store's "
                                       "listings lag behind its objects"));
    report(probes, "list", ok, err.message);
}

static void check_delete(struct probes *probes)
{
    struct error err = {0};
    bool exists = false;
    struct object_stores *objects = probes->op->server->objects;
    bool ok = object_remove(objects, probes->mine, &err) &&
              object_exists(objects, probes->mine, &exists, &err) &&
              (!exists || error_set(&err, ERROR_STORAGE, "what was deleted is still there"));
    report(probes, "delete", ok, err.message);
}

/* --- by what clients are given -------------------------------------------------------------- */

static bool send(struct probes *probes, const struct s3_place *place, struct object_store *store,
                 const struct s3_keys *keys, const char *method, struct slice uri, long *ret_status,
                 struct error *err)
{
    const struct s3_credentials credentials = s3_keys_credentials(keys);
    struct buffer body, fault;
    struct http_answer answer = {.body = &body, .fault = &fault};
    struct bucket_object object;
    struct s3_http_request request = {
        .method = method,
        .query = SLICE_EMPTY,
        .body = strcmp(method, "PUT") == 0 ? PROBE : SLICE_EMPTY,
        .ca_bundle = place->ca_bundle,
        .region = place->region,
        .service = "s3",
        .credentials = &credentials,
    };
    TRY(bucket_object_parse(uri, &object, err));
    TRY(s3_place_address(place, &object, probes->op->call.arena, &request.endpoint, &request.path,
                         err));
    buffer_init(&body, 64 * KIB);
    buffer_init(&fault, HTTP_MAX_FAULT_SIZE);
    bool ok =
        s3_http_send(s3_store_transport(store), &request, probes->op->call.arena, &answer, err);
    buffer_finish(&body);
    buffer_finish(&fault);
    *ret_status = answer.status;
    return ok;
}

static void check_inside(struct probes *probes, const struct s3_place *place,
                         struct object_store *store, const struct s3_keys *keys)
{
    struct error err = {0};
    long status = 0;
    bool ok = send(probes, place, store, keys, "GET", probes->mine, &status, &err) &&
              (status == 200 || error_set(&err, ERROR_STORAGE,
                                          "the store answers %ld to the credentials made for a "
                                          "table: give the role s3:GetObject, s3:PutObject, "
                                          "s3:DeleteObject and s3:ListBucket here",
                                          status));
    report(probes, "vended-credentials", ok, err.message);
}

/* The proof that a client cannot go further than its table. */
static void check_outside(struct probes *probes, const struct s3_place *place,
                          struct object_store *store, const struct s3_keys *keys)
{
    struct error err = {0};
    long status = 0;
    bool ok = send(probes, place, store, keys, "PUT", probes->other, &status, &err) &&
              (status == 403 ||
               error_set(&err, ERROR_STORAGE,
                         "the store answers %ld, and not 403, to the credentials of one table for "
                         "another: its STS does not heed session policies; take "
                         "vended-credentials out of client-access",
                         status));
    if (!ok && status >= 200 && status < 300)
        ok = object_remove(probes->op->server->objects, probes->other, &err) && false;
    report(probes, "vended-credentials-refused-elsewhere", ok, err.message);
}

static bool make_keys(struct probes *probes, const struct s3_place *place,
                      struct object_store *store, struct s3_keys *ret_keys)
{
    struct error err = {0};
    const struct vended_request request = {place, probes->op->call.warehouse->storage,
                                           probes->table, SESSION_READ_WRITE};
    bool ok = vended_keys_get(probes->op->server->vended, s3_store_transport(store), &request,
                              ret_keys, &err);
    return report(probes, "sts", ok, err.message);
}

static bool check_vended(struct probes *probes, struct error *err)
{
    const struct storage_profile *profile = probes->op->call.warehouse->storage;
    struct object_store *store = NULL;
    struct s3_place *place = NULL;
    struct s3_keys keys;
    if (profile == NULL || profile->type != STORAGE_S3 || !profile->sts.is_set)
        return true;
    TRY(object_stores_find(probes->op->server->objects, probes->table, &store, err));
    TRY(s3_store_find_place(store, probes->table, &place, err));
    if (make_keys(probes, place, store, &keys)) {
        check_inside(probes, place, store, &keys);
        check_outside(probes, place, store, &keys);
        s3_keys_wipe(&keys);
    }
    s3_place_unref(place);
    return true;
}

/* --- all of it ------------------------------------------------------------------------------ */

static bool name_probes(struct probes *probes, struct error *err)
{
    char uuid[UUID_TEXT_SIZE];
    struct arena *arena = probes->op->call.arena;
    struct slice location = probes->op->call.warehouse->canonical;
    TRY(uuid_make(probes->op->server->catalog->random, uuid, err));
    probes->table = arena_printf(arena, "%.*s/.firn-check-%s/a", SLICE_ARG(location), uuid);
    probes->mine = arena_printf(arena, "%.*s/probe", SLICE_ARG(probes->table));
    probes->other = arena_printf(arena, "%.*s/.firn-check-%s/b/probe", SLICE_ARG(location), uuid);
    return (probes->table.ptr && probes->mine.ptr && probes->other.ptr) ||
           error_no_memory(err, "the probes");
}

bool warehouse_check_write(struct op *op, struct json_writer *writer, struct error *err)
{
    struct probes probes = {.op = op, .json = writer};
    struct slice fault = op->call.warehouse->storage_fault;
    bool ok = true;
    TRY(name_probes(&probes, err));
    json_write_object_begin(writer);
    json_write_key(writer, "checks");
    json_write_array_begin(writer);
    if (fault.len > 0) {
        report(&probes, "secrets", false, fault.ptr);
    } else if (check_put(&probes)) {
        check_read(&probes);
        check_list(&probes);
        ok = check_vended(&probes, err);
        check_delete(&probes);
    }
    json_write_array_end(writer);
    json_write_int64_member(writer, "failed", probes.failed);
    json_write_object_end(writer);
    return ok;
}
