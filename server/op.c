#include "server/op.h"

#include <inttypes.h>

#include "base/digest.h"
#include "base/json_tree.h"
#include "base/limits.h"
#include "base/percent.h"
#include "catalog/idempotency.h"
#include "catalog/warehouse.h"
#include "server/encoded_reply.h"
#include "server/security.h"
#include "server/server.h"
#include "server/workers.h"

bool operation_is_change(const struct operation *operation)
{
    switch (operation->id) {
    case OPERATION_getToken:
    case OPERATION_planTableScan:
    case OPERATION_explainPlan:
    case OPERATION_checkWarehouse:
    case OPERATION_checkRegister:
    case OPERATION_fetchScanTasks:
    case OPERATION_cancelPlanning:
    case OPERATION_signRequest:
    case OPERATION_signObject:
        return false;
    default:
        return operation->method != METHOD_GET && operation->method != METHOD_HEAD;
    }
}

/* --- names in the path ---------------------------------------------------------------------- */

bool op_parameter(struct op *op, enum path_parameter parameter, struct slice *ret_text,
                  struct error *err)
{
    struct slice raw = op->request->raw_parameters[parameter];
    return percent_decode(raw, op->plus_is_space, &op->request->arena, ret_text, err);
}

bool namespace_levels_check(struct slice path, struct error *err)
{
    size_t count = 0;
    for (struct slice rest = path; rest.ptr <= path.ptr + path.len; count++) {
        size_t end = slice_find(rest, NAMESPACE_SEPARATOR);
        if (count == MAX_NAMESPACE_LEVELS)
            return error_set(err, ERROR_BAD_REQUEST,
                             "Invalid namespace: the most levels allowed are %d",
                             MAX_NAMESPACE_LEVELS);
        TRY(name_check((struct slice){rest.ptr, end}, "namespace", err));
        if (end == rest.len)
            return true;
        rest = slice_from(rest, end + 1);
    }
    return true;
}

bool op_namespace(struct op *op, struct slice *ret_path, struct error *err)
{
    struct slice path;
    TRY(op_parameter(op, PARAMETER_NAMESPACE, &path, err));
    TRY(namespace_levels_check(path, err));
    *ret_path = path;
    return true;
}

bool op_entity(struct op *op, enum path_parameter parameter, struct entity_name *ret_name,
               struct error *err)
{
    struct entity_name name;
    const char *what = parameter == PARAMETER_VIEW       ? "view"
                       : parameter == PARAMETER_FUNCTION ? "function"
                                                         : "table";
    TRY(op_namespace(op, &name.namespace_path, err));
    TRY(op_parameter(op, parameter, &name.name, err));
    TRY(name_check(name.name, what, err));
    if (parameter == PARAMETER_TABLE)
        op->table = name;
    *ret_name = name;
    return true;
}

/* --- other parts of a request --------------------------------------------------------------- */

/* Not waited for: whoever waits holds a worker that others need. */
static bool claim_body(struct op *op, struct error *err)
{
    size_t claim = body_claim(op->request->body.len);
    if (claim == 0 || op->body_claim > 0)
        return true;
    TRY(byte_budget_take(op->server->parsed, claim, 0, "large request bodies", err));
    op->body_claim = claim;
    return true;
}

bool op_body(struct op *op, json_t **ret_tree, struct error *err)
{
    if (op->request->body.len == 0)
        return error_set(err, ERROR_BAD_REQUEST, "The request has no body: send a JSON object");
    TRY(claim_body(op, err));
    return json_tree_parse(op->request->body, "request body", ret_tree, err);
}

bool op_page_listing(struct op *op, char kind, struct slice parent,
                     struct page_listing *ret_listing, struct error *err)
{
    struct slice raw = op->request->raw_parameters[PARAMETER_NAMESPACE];
    if (raw.ptr)
        TRY(percent_decode(raw, false, &op->request->arena, &parent, err));
    *ret_listing = (struct page_listing){kind, op->call.warehouse->name, parent};
    return true;
}

bool op_page(struct op *op, char kind, struct slice parent, struct page_request *ret_page,
             struct error *err)
{
    struct page_listing listing;
    struct page_request page = {.after = SLICE_EMPTY, .size = DEFAULT_PAGE_SIZE};
    struct slice token;
    /* A page larger than MAX_PAGE_SIZE is an upper bound that we stay below. */
    TRY(request_query_int64(op->request, "pageSize", 1, INT64_MAX, &page.size, err));
    TRY(request_query(op->request, "pageToken", &token, err));
    if (page.size > MAX_PAGE_SIZE)
        page.size = MAX_PAGE_SIZE;
    page.is_paginated = token.ptr != NULL;
    TRY(op_page_listing(op, kind, parent, &listing, err));
    if (token.ptr && token.len > 0)
        TRY(page_token_read(&listing, token, &op->request->arena, &page.after, err));
    *ret_page = page;
    return true;
}

bool op_would_block(struct op *op)
{
    op->would_block = true;
    return false;
}

bool op_no_content(struct reply **ret_reply, struct error *err)
{
    return reply_create(204, ret_reply, err);
}

/* --- running a handler ---------------------------------------------------------------------- */

static bool path_has_plus(const struct request *request)
{
    for (size_t i = 0; i < PATH_PARAMETER_COUNT; i++) {
        struct slice raw = request->raw_parameters[i];
        if (raw.ptr && slice_find(raw, '+') < raw.len)
            return true;
    }
    return false;
}

static bool is_missing(enum error_kind kind)
{
    return kind == ERROR_NO_SUCH_NAMESPACE || kind == ERROR_NO_SUCH_TABLE ||
           kind == ERROR_NO_SUCH_VIEW || kind == ERROR_NO_SUCH_FUNCTION;
}

/* '+' in a path: Java's client sends it for a space, everyone else for itself. It is taken
 * literally, and where nothing of that name is there, as a space in every name of the path (a
 * client encodes all of them alike). A handler that finds nothing has changed nothing. */
static bool call_handler(struct op *op, struct reply **ret_reply, struct error *err)
{
    op_handler handler = op->request->operation->handler;
    if (handler(op, ret_reply, err))
        return true;
    if (op->would_block || !is_missing(err->kind) || !path_has_plus(op->request))
        return false;
    struct error other = {0};
    op->plus_is_space = true;
    if (handler(op, ret_reply, &other))
        return true;
    if (!is_missing(other.kind))
        *err = other;
    return false;
}

/* The path is digested as sent: a repeated request is repeated byte for byte. */
static bool digest_request(struct op *op, struct error *err)
{
    const struct request *request = op->request;
    const struct slice parts[] = {request->method_text, request->path, request->query,
                                  request->body};
    char hex[DIGEST_HEX_SIZE];
    TRY(digest_parts(parts, sizeof(parts) / sizeof(parts[0]), hex, err));
    op->call.request_digest = arena_slice(op->call.arena, slice_from_string(hex));
    return op->call.request_digest.ptr != NULL || error_no_memory(err, "the request's digest");
}

/* The warehouse that the path names; none for paths that name none (/v1/config …). */
static bool find_warehouse(struct op *op, struct error *err)
{
    const struct request *request = op->request;
    enum path_parameter parameter = PARAMETER_PREFIX;
    struct slice name = SLICE_EMPTY;
    if (request->raw_parameters[PARAMETER_WAREHOUSE].ptr)
        parameter = PARAMETER_WAREHOUSE;
    else if (strstr(request->operation->path, "{prefix}") == NULL)
        return true;
    if (request->raw_parameters[parameter].ptr)
        TRY(op_parameter(op, parameter, &name, err));
    if (request->raw_parameters[parameter].ptr && name.len == 0)
        return error_set(err, ERROR_NO_SUCH_WAREHOUSE, "The path has an empty warehouse name");
    TRY(warehouse_find(op->server->catalog, name, &op->call.warehouse, err));
    /* Its files would be reached by whatever credentials the machine has. */
    const struct slice fault = op->call.warehouse->storage_fault;
    return parameter == PARAMETER_WAREHOUSE || fault.len == 0 ||
           error_set(err, ERROR_STORAGE, "%.*s", SLICE_ARG(fault));
}

static void end_key(struct op *op, bool ok, const struct reply *reply, const struct error *err)
{
    int status = ok ? reply->status : error_status(err->kind, true);
    /* A damaged file may be mended, and then the same request with the same key is to succeed. */
    bool is_final = ok || err->kind != ERROR_CORRUPT;
    bool may_store = status < 500 && status != 429 && is_final;
    idempotency_end(&op->call, ok ? NULL : err, status, may_store);
}

/* A change, once for each Idempotency-Key. It runs first: its transaction refuses a key that has an
 * outcome, so that the many that have none pay no look-up. Whatever else it came to without storing
 * anything counts only where the key has no outcome. A warehouse that is not there may be what this
 * very request has removed. */
static bool run_keyed(struct op *op, struct reply **ret_reply, struct error *err)
{
    struct idempotency_row row;
    struct reply *reply = NULL;
    bool is_replay = false;
    TRY(digest_request(op, err));
    TRY(idempotency_begin(&op->call, err));
    bool has_warehouse = find_warehouse(op, err);
    bool ok = has_warehouse && call_handler(op, &reply, err);
    bool may_be_repeated = !op->call.is_recorded && (ok || err->kind != ERROR_COMMIT_UNKNOWN);
    struct error cause = {0};
    if (may_be_repeated && !idempotency_find(&op->call, &is_replay, &row, &cause)) {
        reply_unref(reply);
        *err = cause;
        return false;
    }
    if (is_replay) {
        reply_unref(reply);
        return (has_warehouse || row.status == 204) && op_replay(op, &row, ret_reply, err);
    }
    end_key(op, ok, reply, err);
    if (ok)
        *ret_reply = reply;
    return ok;
}

static bool find_key(struct op *op, struct error *err)
{
    struct slice key = request_header(op->request, "Idempotency-Key");
    if (key.ptr == NULL)
        return true;
    if (key.len == 0 || key.len > MAX_IDEMPOTENCY_KEY_SIZE)
        return error_set(err, ERROR_BAD_REQUEST, "The Idempotency-Key must be a UUID");
    op->call.idempotency_key = key;
    return true;
}

static bool run_checked(struct op *op, struct reply **ret_reply, struct error *err)
{
    const struct operation *operation = op->request->operation;
    bool is_change = operation_is_change(operation);
    if (operation->lane != LANE_FAST && !op->request->may_block)
        return op_would_block(op);
    if (is_change) {
        TRY(security_check_content_type(op->request, err));
        TRY(find_key(op, err));
    }
    if (op->call.idempotency_key.len > 0)
        return run_keyed(op, ret_reply, err);
    TRY(find_warehouse(op, err));
    return call_handler(op, ret_reply, err);
}

static void init_call(struct op *op)
{
    op->call = (struct call){
        .catalog = op->server->catalog,
        .arena = &op->request->arena,
        .operation = op->request->operation->name,
        .waiter = op->request->waiter,
        .actor = SLICE_LITERAL("anonymous"),
        .request_id = SLICE_EMPTY,
        .idempotency_key = SLICE_EMPTY,
        .request_digest = SLICE_EMPTY,
        .outcome = {.metadata_location = SLICE_EMPTY, .body = SLICE_EMPTY},
    };
}

/* As its client calls it, else "<run>-<number>": in the change log and in the logs' lines. Only
 * changes need one. */
static void name_request(struct op *op)
{
    if (op->request->id.len > 0) {
        op->call.request_id = op->request->id;
        return;
    }
    uint_fast64_t number = atomic_fetch_add(&op->server->next_request_id, 1);
    struct slice id =
        arena_printf(op->call.arena, "%s-%" PRIu64, op->server->run_id, (uint64_t)number);
    if (id.ptr)
        op->call.request_id = op->request->id = id;
}

/* The change is durable, and only its answer could not be made: no status may say that nothing was
 * changed. */
static void admit_change(const struct op *op, struct error *err)
{
    if (!op->call.is_recorded)
        return;
    error_prefix(err, "The change was made, but not its answer");
    err->kind = ERROR_COMMIT_UNKNOWN;
}

int64_t op_work_lane(struct server *server, const struct warehouse *warehouse)
{
    struct object_store *store = NULL;
    bool is_near = !warehouse ||
                   !object_stores_find(server->objects, warehouse->location, &store, NULL) ||
                   store->ops->is_local;
    return is_near ? WORK_ANY : warehouse->id;
}

/* Of an operation that waits for a worker, which may not have looked for its warehouse yet. */
static void note_lane(struct op *op)
{
    if (!op->call.warehouse)
        (void)find_warehouse(op, NULL);
    op->request->work_lane = op_work_lane(op->server, op->call.warehouse);
}

struct reply *op_run(struct server *server, struct request *request)
{
    struct op op = {.server = server, .request = request};
    struct error err;
    struct reply *reply = NULL;
    bool is_change = operation_is_change(request->operation);
    error_clear(&err); /* two bytes of it; {0} writes its kilobyte */
    init_call(&op);
    if (is_change && request->may_block)
        name_request(&op);
    bool ok = run_checked(&op, &reply, &err);
    if (op.would_block)
        note_lane(&op);
    warehouse_unref(op.call.warehouse);
    if (op.body_claim > 0)
        byte_budget_give(server->parsed, op.body_claim);
    if (ok)
        return encoded_reply_choose(server, request, reply);
    admit_change(&op, &err);
    return op.would_block ? NULL : reply_error(&err, is_change, SLICE_EMPTY);
}
