/* Access to tables' files: credentials, and signatures for single requests (server/op.h). */
#include "server/access.h"

#include "base/limits.h"
#include "catalog/lookup.h"
#include "scan/plan_token.h"
#include "server/access_grant.h"
#include "server/server.h"
#include "storage/location.h"
#include "storage/remote_sign.h"
#include "storage/s3_place.h"
#include "storage/s3_store.h"
#include "storage/storage_profile.h"

/* The table that the path names, from memory where it is there. */
static bool find_table(struct op *op, struct entity_row *ret_row, struct error *err)
{
    struct entity_name name;
    TRY(op_entity(op, PARAMETER_TABLE, &name, err));
    if (pointer_store_peek(op->server->pointers, op->call.warehouse->id, name.namespace_path,
                           name.name, op->call.arena, ret_row) &&
        ret_row->kind == ENTITY_TABLE)
        return true;
    if (!op->request->may_block)
        return op_would_block(op);
    return entity_find(&op->call, name, ENTITY_TABLE, ret_row, err);
}

/* Where there is no table of that name, yet or any more, a row that has nothing but the place which
 * the request's grant is for. */
static bool find_place(struct op *op, struct entity_row *ret_row, struct error *err)
{
    struct slice location = {NULL, 0};
    struct error missing = {.kind = ERROR_NONE};
    if (find_table(op, ret_row, &missing))
        return true;
    if (missing.kind == ERROR_NO_SUCH_TABLE || missing.kind == ERROR_NO_SUCH_NAMESPACE)
        TRY(access_grant_open(op, &location, err));
    if (location.ptr == NULL) {
        if (err)
            *err = missing;
        return false;
    }
    *ret_row = (struct entity_row){.kind = ENTITY_TABLE, .location = location};
    return true;
}

/* Secrets and signatures are for who has asked. */
static bool answer_privately(struct buffer *body, struct slice cache_control,
                             struct reply **ret_reply, struct error *err)
{
    struct reply *reply = NULL;
    TRY(reply_json(200, body, &reply, err));
    if (reply_add_header(reply, "Cache-Control", cache_control, err)) {
        *ret_reply = reply;
        return true;
    }
    reply_unref(reply);
    return false;
}

/* --- loadCredentials ------------------------------------------------------------------------ */

/* Who reads the files of a plan gets no more than that. */
static bool read_rights(struct op *op, const struct entity_row *row, enum session_rights *ret,
                        struct error *err)
{
    struct slice id, payload;
    TRY(request_query(op->request, "planId", &id, err));
    *ret = SESSION_READ_WRITE;
    if (id.ptr == NULL)
        return true;
    const struct plan_sealer sealer = {.key = &op->server->plan_key,
                                       .table = row->uuid.len > 0 ? row->uuid : row->location,
                                       .now_ms = clock_now_ms(op->server->catalog->clock)};
    *ret = SESSION_READ;
    return plan_token_open(&sealer, PLAN_TOKEN_ID, id, op->call.arena, &payload, err);
}

bool op_load_credentials(struct op *op, struct reply **ret_reply, struct error *err)
{
    struct entity_row row;
    struct access access;
    enum session_rights rights;
    struct buffer body;
    TRY(find_place(op, &row, err));
    TRY(read_rights(op, &row, &rights, err));
    TRY(access_make_credentials(op, row.location, rights, &access, err));
    buffer_init(&body, MAX_URI_SIZE + 2 * access.credentials.len);
    buffer_append_string(&body, "{\"storage-credentials\":");
    buffer_append_slice(&body,
                        access.credentials.len > 0 ? access.credentials : SLICE_LITERAL("[]"));
    buffer_append_string(&body, "}");
    return answer_privately(&body, SLICE_LITERAL("no-store"), ret_reply, err);
}

/* --- signRequest ---------------------------------------------------------------------------- */

static bool check_warehouse(const struct warehouse *warehouse, struct error *err)
{
    return (warehouse->storage != NULL &&
            (warehouse->storage->client_access & CLIENT_ACCESS_SIGNING) != 0) ||
           error_set(err, ERROR_FORBIDDEN, "Warehouse %.*s signs no requests of clients",
                     SLICE_ARG(warehouse->name));
}

/* Keys that are given need no waiting; others may have to be fetched. */
static bool find_own_keys(struct op *op, struct slice location, struct s3_keys *ret_keys,
                          struct error *err)
{
    struct object_store *store = NULL;
    struct store_place *place = NULL;
    if (!op->request->may_block &&
        op->call.warehouse->storage->credentials.source != CREDENTIALS_STATIC)
        return op_would_block(op);
    TRY(object_stores_find(op->server->objects, location, &store, err));
    TRY(remote_store_find_place(store, location, &place, err));
    bool ok = s3_key_source_get(s3_place_of(place)->keys, ret_keys, err);
    store_place_unref(place);
    return ok;
}

/* Clients ask again and again for the same: what reads may be kept by the one that has asked, for
 * much less than a signature's quarter of an hour. */
static struct slice cache_control(const struct remote_sign *request)
{
    bool is_read =
        slice_equals_string(request->method, "GET") || slice_equals_string(request->method, "HEAD");
    return is_read ? SLICE_LITERAL("private") : SLICE_LITERAL("no-store");
}

static bool answer_signed(struct op *op, const struct remote_sign *request,
                          const struct s3_keys *keys, struct reply **ret_reply, struct error *err)
{
    struct buffer body;
    struct json_writer writer;
    const struct s3_credentials credentials = s3_keys_credentials(keys);
    const struct s3_scope scope = {.region = op->call.warehouse->storage->region,
                                   .service = SLICE_LITERAL("s3"),
                                   .time_s = clock_now_ms(op->server->catalog->clock) / 1000};
    buffer_init(&body, 4 * MAX_URI_SIZE);
    json_writer_init(&writer, &body);
    if (!remote_sign_write(request, &scope, &credentials, op->call.arena, &writer, err)) {
        buffer_finish(&body);
        return false;
    }
    return answer_privately(&body, cache_control(request), ret_reply, err);
}

/* Nobody logs in yet, so that whoever may load a table may also write its files. */
static bool sign_for(struct op *op, const struct remote_sign *request, struct slice location,
                     struct reply **ret_reply, struct error *err)
{
    struct s3_keys keys;
    if (!location_is_within(location, op->call.warehouse->canonical))
        return error_set(err, ERROR_FORBIDDEN,
                         "The table's location %.*s lies outside of the warehouse: requests for "
                         "it are not signed",
                         SLICE_ARG(location));
    TRY(remote_sign_check(request, location, true, op->call.arena, err));
    TRY(find_own_keys(op, location, &keys, err));
    bool ok = answer_signed(op, request, &keys, ret_reply, err);
    s3_keys_wipe(&keys);
    return ok;
}

static bool sign_table(struct op *op, const json_t *body, struct reply **ret_reply,
                       struct error *err)
{
    struct entity_row row;
    struct remote_sign request;
    TRY(find_place(op, &row, err));
    TRY(check_warehouse(op->call.warehouse, err));
    TRY(remote_sign_parse(body, op->call.warehouse->storage, op->call.arena, &request, err));
    return sign_for(op, &request, row.location, ret_reply, err);
}

bool op_sign(struct op *op, struct reply **ret_reply, struct error *err)
{
    json_t *body = NULL;
    TRY(op_body(op, &body, err));
    bool ok = sign_table(op, body, ret_reply, err);
    json_decref(body);
    return ok;
}

/* --- by location ---------------------------------------------------------------------------- */

/* The table of this warehouse that the object lies in. */
static bool find_by_location(struct op *op, const struct remote_sign *request,
                             struct slice *ret_location, struct error *err)
{
    struct pointer_view *view = NULL;
    struct entity_row row = {.location = SLICE_EMPTY};
    bool is_found = false;
    struct slice uri = arena_printf(op->call.arena, "s3://%.*s/%.*s",
                                    SLICE_ARG(request->url.bucket), SLICE_ARG(request->url.key));
    if (uri.ptr == NULL)
        return error_no_memory(err, "a location");
    TRY(pointer_view_begin(op->server->pointers, &view, err));
    bool ok = pointer_location_overlap(view, uri, 0, op->call.arena, &row, &is_found, err);
    pointer_view_end(view);
    TRY(ok);
    if (!is_found || row.is_dropped || row.warehouse_id != op->call.warehouse->id)
        return error_set(err, ERROR_FORBIDDEN,
                         "%.*s of %.*s is not signed: it lies in no table of warehouse %.*s",
                         SLICE_ARG(request->method), SLICE_ARG(uri),
                         SLICE_ARG(op->call.warehouse->name));
    *ret_location = row.location;
    return true;
}

static bool sign_object(struct op *op, const json_t *body, struct reply **ret_reply,
                        struct error *err)
{
    struct remote_sign request;
    struct slice location;
    TRY(check_warehouse(op->call.warehouse, err));
    TRY(remote_sign_parse(body, op->call.warehouse->storage, op->call.arena, &request, err));
    if (request.url.key.len == 0)
        return error_set(err, ERROR_FORBIDDEN,
                         "This path signs requests for single objects alone: use the one that the "
                         "table's configuration names");
    TRY(find_by_location(op, &request, &location, err));
    return sign_for(op, &request, location, ret_reply, err);
}

bool op_sign_object(struct op *op, struct reply **ret_reply, struct error *err)
{
    json_t *body = NULL;
    TRY(op_body(op, &body, err));
    bool ok = sign_object(op, body, ret_reply, err);
    json_decref(body);
    return ok;
}
