/*
 * router.h — from method and path to an operation, by the rows of openapi/operations.h.
 *
 * Paths below /v1/{prefix}/ are served without the prefix as well: then the default warehouse is
 * meant. The two never collide, because no warehouse is called like the word that follows.
 *
 * Owns:     the table, made once; nothing changes afterwards
 * Errors:   ERROR_NO_SUCH_ROUTE; ERROR_METHOD_NOT_ALLOWED with the methods that the path has
 * Threads:  immutable after router_create
 */
#ifndef SERVER_ROUTER_H
#define SERVER_ROUTER_H

#include "openapi/operations.h"
#include "server/request.h"

struct op;
struct reply;

/* Answers one request: true with *ret_reply, or false with *err — or, where op->may_block is false
 * and the answer would have to wait, false with op->would_block set. */
typedef bool (*op_handler)(struct op *op, struct reply **ret_reply, struct error *err);

enum lane { LANE_FAST, LANE_WORKER, LANE_STREAM };
enum operation_state { STATE_SERVED, STATE_HIDDEN };

/* What a caller must be allowed to do; nothing checks it while there is no authentication. */
enum privilege {
    PRIVILEGE_NONE,
    PRIVILEGE_CATALOG_READ,
    PRIVILEGE_NAMESPACE_READ,
    PRIVILEGE_NAMESPACE_WRITE,
    PRIVILEGE_TABLE_LIST,
    PRIVILEGE_TABLE_CREATE,
    PRIVILEGE_TABLE_READ,
    PRIVILEGE_TABLE_WRITE,
    PRIVILEGE_TABLE_DROP,
    PRIVILEGE_VIEW_LIST,
    PRIVILEGE_VIEW_CREATE,
    PRIVILEGE_VIEW_READ,
    PRIVILEGE_VIEW_WRITE,
    PRIVILEGE_VIEW_DROP,
    PRIVILEGE_FUNCTION_READ,
    PRIVILEGE_MANAGE,
};

struct operation {
    enum operation_id id;
    const char *name; /* operationId */
    enum http_method method;
    const char *path;
    op_handler handler;
    enum privilege privilege;
    enum lane lane;
    enum operation_state state;
};

/* All rows, by enum operation_id. */
extern const struct operation operations[OPERATION_COUNT];

struct router;

bool router_create(struct router **ret_router, struct error *err);
void router_destroy(struct router *router); /* NULL is fine */

/* Fills request->operation and request->raw_parameters. For ERROR_METHOD_NOT_ALLOWED *ret_allow
 * (in the request's arena) lists the methods. */
bool router_match(const struct router *router, struct request *request, struct slice *ret_allow,
                  struct error *err);

#endif
