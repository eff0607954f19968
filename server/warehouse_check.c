#include "server/warehouse_check.h"

#include "base/limits.h"
#include "server/server.h"
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

static void check_inside(struct probes *probes, const struct vended_request *request,
                         const struct s3_keys *keys)
{
    struct error err = {0};
    long status = 0;
    bool ok = request->kind->probe(request, keys, "GET", probes->mine, SLICE_EMPTY, &status, &err);
    if (ok && status != 200)
        ok = error_set(
            &err, ERROR_STORAGE,
            "the store answers %ld to the credentials made for a table: what they are made "
            "of needs %s here",
            status, request->kind->needs);
    report(probes, "vended-credentials", ok, err.message);
}

/* The proof that a client cannot go further than its table. */
static void check_outside(struct probes *probes, const struct vended_request *request,
                          const struct s3_keys *keys)
{
    struct error err = {0};
    long status = 0;
    bool ok = request->kind->probe(request, keys, "PUT", probes->other, PROBE, &status, &err) &&
              (status == 403 ||
               error_set(&err, ERROR_STORAGE,
                         "the store answers %ld, and not 403, to the credentials of one table for "
                         "another: it does not heed what they were cut down to; take "
                         "vended-credentials out of client-access",
                         status));
    if (!ok && status >= 200 && status < 300)
        ok = object_remove(probes->op->server->objects, probes->other, &err) && false;
    report(probes, "vended-credentials-refused-elsewhere", ok, err.message);
}

static bool make_keys(struct probes *probes, const struct vended_request *request,
                      struct s3_keys *ret_keys)
{
    struct error err = {0};
    bool ok = vended_keys_get(probes->op->server->vended, request, ret_keys, &err);
    return report(probes, "sts", ok, err.message);
}

static bool check_vended(struct probes *probes, struct error *err)
{
    const struct storage_profile *profile = probes->op->call.warehouse->storage;
    struct vended_request request;
    struct s3_keys keys;
    bool is_vending = profile != NULL &&
                      ((profile->client_access & CLIENT_ACCESS_VENDED) != 0 || profile->sts.is_set);
    if (!is_vending)
        return true;
    TRY(vended_request_begin(probes->op->server->objects, profile, probes->table,
                             SESSION_READ_WRITE, &request, err));
    if (make_keys(probes, &request, &keys)) {
        check_inside(probes, &request, &keys);
        check_outside(probes, &request, &keys);
        s3_keys_wipe(&keys);
    }
    vended_request_finish(&request);
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
