/*
 * server.h — the process: every long-lived object, its owner, and how a request goes through.
 *
 * Owns:     the stores, the cache, the catalog, the router, the workers, the HTTP daemon; made in
 *           that order and taken down in the reverse one
 * Threads:  immutable after server_create but for what is atomic; server_handle from any thread
 * Rule:     stopping: no new connections, what runs is finished within --drain-timeout, the
 *           catalog and the stores are closed (with a checkpoint), and then nothing is left to do
 */
#ifndef SERVER_SERVER_H
#define SERVER_SERVER_H

#include <stdatomic.h>

#include "base/mac.h"
#include "catalog/catalog.h"
#include "server/counters.h"
#include "server/encoded_reply.h"
#include "server/logs.h"
#include "server/memory_plan.h"
#include "server/options.h"
#include "server/readiness.h"
#include "server/reply.h"
#include "server/request.h"
#include "server/request_counts.h"
#include "server/router.h"
#include "server/security.h"
#include "storage/secret_keys.h"

struct crew;
struct vended_keys;
struct plan_jobs;
struct web_assets;
struct workers;
struct http;

struct server {
    const struct options *options; /* borrowed */
    struct arena arena;            /* texts that live as long as the server */
    struct slice data_directory;   /* absolute */
    struct logs logs;
    struct object_stores *objects;
    struct pointer_store *pointers;
    struct memory_plan memory;
    struct byte_budget *reading; /* of metadata, what the cache holds of it included */
    struct byte_budget *parsed;  /* of request bodies that are worked on */
    struct cache *cache;
    struct vended_keys *vended; /* keys that were made for clients */
    struct catalog *catalog;
    struct router *router;
    struct web_assets *web_assets; /* the page's files */
    struct workers *workers;
    struct crew *crew;           /* helps plans */
    struct plan_jobs *plan_jobs; /* submitted plans that are worked on */
    size_t plan_hands;           /* threads of one plan, its worker included */
    _Atomic(struct http *) http; /* NULL where nothing listens (tests of handlers); connections
                                  * come before the call that starts it returns */
    struct security_policy security;
    struct mac_key plan_key;
    struct secret_keys secret_keys; /* of warehouses' secrets */
    struct readiness readiness;
    struct counters counters;
    struct request_counts requests;
    struct encoders encoders;
    int64_t started_ms;
    atomic_bool is_draining; /* a stop has begun */
    atomic_uint_fast64_t next_request_id;
    char run_id[9]; /* tells one run's request ids from another's */
};

/* The log that the options ask for, on stderr. */
void server_log_init(const struct options *options, struct log *ret_log);
/* Opens everything but the socket. */
bool server_create(const struct options *options, struct server **ret_server, struct error *err);
/* Listens; requests may arrive before it returns. */
bool server_listen(struct server *server, struct error *err);
/* Stops listening and finishes what runs. False where something still ran after the time: then the
 * server must not be destroyed, the process just ends (all that was acknowledged is on disk). */
bool server_stop(struct server *server);
void server_destroy(struct server *server); /* NULL is fine */

/* The loopback: a request in, its reply out, no sockets. NULL where request->may_block is false and
 * the answer would have to wait: then call it again where it may. */
struct reply *server_handle(struct server *server, struct request *request);

/* Notes an answer that server_handle did not make, a refusal, and whose it is. */
void server_refused(struct server *server, struct request *request, const struct reply *reply);

#endif
