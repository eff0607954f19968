/*
 * op.h — what every operation does alike: from a matched request to a call, its names, its body,
 * its answer, and what a repeated Idempotency-Key gets.
 *
 * An operation is a row in openapi/operations.h and a handler in op_*.c: it parses, calls the
 * catalog, and answers. Nothing else knows of it.
 *
 * Owns:     struct op lives as long as one handler runs; replies are the caller's references
 * Errors:   false with *err, or with op->would_block on the HTTP thread
 * Threads:  one struct op per request
 */
#ifndef SERVER_OP_H
#define SERVER_OP_H

#include <jansson.h>

#include "catalog/catalog.h"
#include "catalog/namespace.h"
#include "server/page_token.h"
#include "server/reply.h"
#include "server/request.h"
#include "server/router.h"

struct server;

struct op {
    struct server *server;
    struct request *request;
    struct call call;
    bool plus_is_space; /* names are read again with '+' as a space (see call_handler in op.c) */
    bool would_block;
    struct entity_name table; /* that the answer is about, for its links; no name: none */
    struct slice grant;       /* in these links (server/access_grant.h); empty: none */
    size_t body_claim; /* of server->parsed, until the end */
};

/* Every handler of openapi/operations.h. */
#define X(id, method, path, handler, privilege, lane, state) \
    bool handler(struct op *op, struct reply **ret_reply, struct error *err);
ALL_OPERATIONS(X)
#undef X

/* Does the operation change something? Then its definite failures are never 5xx that mean
 * "unknown", its body must be JSON, and an Idempotency-Key counts. */
bool operation_is_change(const struct operation *operation);

/* The lane of work on a warehouse (server/workers.h): one on an object store has its own. */
int64_t op_work_lane(struct server *server, const struct warehouse *warehouse);

/* Runs the matched operation. NULL where request->may_block is false and it would have to wait. */
struct reply *op_run(struct server *server, struct request *request);

/* Names in the path, decoded and checked. */
bool op_namespace(struct op *op, struct slice *ret_path, struct error *err);
bool op_entity(struct op *op, enum path_parameter parameter, struct entity_name *ret_name,
               struct error *err);
bool op_parameter(struct op *op, enum path_parameter parameter, struct slice *ret_text,
                  struct error *err);
/* "a 0x1F b", each level checked; what a query's `parent` is read with, too. */
bool namespace_levels_check(struct slice path, struct error *err);

/* The body as JSON; the caller owns the tree. */
bool op_body(struct op *op, json_t **ret_tree, struct error *err);
/* The listing that this request asks for, as its page tokens name it. `parent` counts where the
 * path has no namespace. Names are taken as they were sent ('+' for itself), so that all pages of a
 * listing give the same whichever reading of a '+' was found (call_handler in op.c). */
bool op_page_listing(struct op *op, char kind, struct slice parent,
                     struct page_listing *ret_listing, struct error *err);
/* pageToken and pageSize; `kind` and `parent` as for op_page_listing. */
bool op_page(struct op *op, char kind, struct slice parent, struct page_request *ret_page,
             struct error *err);

/* The table that the body of createTable or registerTable names: what the answer is about. */
bool op_name_new_table(struct op *op, const json_t *body, struct error *err);

/* False, and the worker lane tries again. */
bool op_would_block(struct op *op);
/* 204, and the status that a replay will have. */
bool op_no_content(struct reply **ret_reply, struct error *err);

/* Loads a namespace and answers with it. */
bool op_answer_namespace(struct op *op, struct slice path, struct reply **ret_reply,
                         struct error *err);

/* Answers a request whose key has an outcome already (op_replay.c). */
bool op_replay(struct op *op, const struct idempotency_row *row, struct reply **ret_reply,
               struct error *err);

#endif
