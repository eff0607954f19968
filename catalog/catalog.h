/*
 * catalog.h — what the rules of change work with, and the context of one call.
 *
 * Owns:     struct catalog owns the warehouse set, the entity locks, chains, keys in flight, the
 *           pending files and the purge worker; it borrows the stores, the cache, clock and random
 *           source
 * Threads:  struct catalog is shared; a struct call belongs to one thread
 * Rule:     no HTTP and no SQL here; bytes are reached through storage's two interfaces only
 */
#ifndef CATALOG_CATALOG_H
#define CATALOG_CATALOG_H

#include <jansson.h>
#include <stdatomic.h>

#include "base/arena.h"
#include "base/cache.h"
#include "base/clock.h"
#include "base/error.h"
#include "storage/object_store.h"
#include "storage/pointer_store.h"

struct secret_keys;
struct storage_profile;
struct warehouse_set;
struct entity_locks;
struct commit_chain;
struct inflight_keys;
struct packer;
struct purge_worker;
struct pending_bases;
struct pending_files;
struct seen_files;

struct catalog_options {
    struct pointer_store *pointers;
    struct object_stores *objects;
    struct cache *cache;
    struct byte_budget *reading; /* for metadata files; outlives the cache; NULL: no bound */
    const struct clock *clock;
    const struct random_source *random;
    const struct slice *allowed_locations; /* beside the warehouses' own: as given */
    size_t allowed_location_count;
    struct slice default_warehouse_location; /* of the warehouse that is made in an empty catalog */
    struct slice own_files; /* what the canonical names of the server's own files begin with */
    const struct secret_keys *secret_keys; /* of warehouses' secrets; NULL: none */
    const struct slice *allowed_endpoints; /* where the machine's own credentials may be sent */
    size_t allowed_endpoint_count;
};

/* What became of commits to tables since the start; what is waited for is in none of them. */
struct commit_counts {
    atomic_uint_fast64_t tables;    /* pointers that moved */
    atomic_uint_fast64_t conflicts; /* commits that failed because a requirement did not hold */
    atomic_uint_fast64_t retries;   /* rounds that a commit had to begin again by itself */
};

struct catalog {
    struct pointer_store *pointers;
    struct object_stores *objects;
    struct cache *cache;
    struct byte_budget *reading; /* see catalog_options */
    const struct clock *clock;
    const struct random_source *random;
    struct arena arena; /* what lives as long as the catalog */
    struct slice *allowed_locations; /* canonical */
    size_t allowed_location_count;
    struct slice own_files; /* see catalog_options; empty: none */
    const struct secret_keys *secret_keys; /* see catalog_options; never NULL */
    struct slice *allowed_endpoints;       /* canonical */
    size_t allowed_endpoint_count;
    struct warehouse_set *warehouses;
    struct entity_locks *locks;
    struct commit_chain *chain;
    struct inflight_keys *inflight;
    struct packer *packer; /* of the bytes that transactions carry */
    struct pending_bases *bases; /* what some of them are packed like */
    struct pending_files *pending;
    struct seen_files *seen_near; /* of local files */
    struct seen_files *seen_far;  /* of all other stores */
    struct purge_worker *purge;
    struct commit_counts commit_counts;
};

/* Reads the warehouses, makes the default one in an empty catalog, starts the purge worker. */
bool catalog_create(const struct catalog_options *options, struct catalog **ret_catalog,
                    struct error *err);
void catalog_destroy(struct catalog *catalog); /* NULL is fine */

/* Who plans the scans of its tables (catalog/planning_mode.h). */
enum planning_mode { PLANNING_UNSET, PLANNING_CLIENT, PLANNING_SERVER };

/* A warehouse as calls see it: immutable, shared by reference count. */
struct warehouse {
    int64_t id;
    struct slice name;
    struct slice location;  /* as given, without trailing slash */
    struct slice canonical; /* for comparisons */
    struct slice properties; /* JSON object text */
    unsigned format_versions; /* of tables: bit v for version v (catalog/format_policy.h) */
    bool is_default;
    enum planning_mode planning_mode; /* of tables that say nothing of their own */
    bool rebases_appends;             /* likewise (catalog/rebase_policy.h) */
    /* NULL: local files. Where storage_fault is not empty it says why there is none. */
    const struct storage_profile *storage;
    struct slice storage_json; /* the profile without its secrets; empty: none */
    struct slice storage_fault;
    int64_t retention_ms; /* of what is dropped (catalog/retention.h); 0: drops are final */
};

/* What a change leaves behind for a repeated Idempotency-Key (catalog/idempotency.h). */
struct call_outcome {
    int status; /* the HTTP status that a success will be answered with */
    struct slice metadata_location;
    struct slice body;
};

/* Asked before a table that is created or registered is stored, staged ones included: `location` is
 * where it is to be, canonical. False ends the operation, and nothing was done. It may be asked
 * again, for another place. */
struct table_gate {
    bool (*ask)(void *context, struct slice location, struct error *err);
    void *context;
};

/* One operation of one client. */
struct call {
    struct catalog *catalog;
    struct arena *arena; /* dies with the answer */
    const struct warehouse *warehouse;
    const char *operation; /* operationId */
    struct slice actor;
    struct slice request_id;
    struct slice idempotency_key; /* empty: none was sent */
    struct slice request_digest;
    struct waiter *waiter; /* to wait for transactions with; NULL: the thread waits */
    const struct table_gate *gate; /* NULL: nobody is asked */
    struct call_outcome outcome; /* set before the change is written */
    bool is_recorded;            /* the outcome was stored together with the change */
};

/* A name of a table or view: namespace levels joined by NAMESPACE_SEPARATOR, and the name. */
struct entity_name {
    struct slice namespace_path;
    struct slice name;
};

/* "a.b.name", for messages: levels joined by '.', as clients print it. */
const char *entity_name_text(struct arena *arena, struct entity_name name);
const char *namespace_text(struct arena *arena, struct slice namespace_path);

/* From JSON {"namespace": ["a","b"], "name": "t"}. */
bool entity_name_parse(const struct call *call, const json_t *identifier,
                       struct entity_name *ret_name, struct error *err);
/* Levels from JSON ["a","b"], joined; each checked by name_check. An empty list is allowed only
 * where `allow_root` says so. */
bool namespace_path_parse(const struct call *call, const json_t *levels, bool allow_root,
                          struct slice *ret_path, struct error *err);
/* ERROR_BAD_REQUEST where no URL has room for the path (MAX_NAMESPACE_URI_SIZE): for what makes a
 * namespace, or moves a table into one. */
bool namespace_path_check_size(struct slice path, struct error *err);
/* A legal level or entity name: 1 to MAX_NAME_SIZE bytes of UTF-8, no control characters, not "."
 * or "..". `what` is "namespace", "table", "view". */
bool name_check(struct slice name, const char *what, struct error *err);

/* Runs a job that changes something, appends its rows to the change log (the job may still fill
 * them; operation, actor, request id, warehouse and time are the call's) and, where an
 * Idempotency-Key was sent, its record: all in one transaction. A key that has an outcome already
 * undoes all of it: then the error says nothing, and the outcome is the answer. */
bool call_write(struct call *call, pointer_job_fn job, void *context, struct change_row *changes,
                size_t change_count, struct error *err);

/* The same in two steps: jobs run in the order of their submission. `write` stays where it is until
 * call_wait has returned, which has to follow. */
struct call_write {
    struct call *call;
    pointer_job_fn job;
    void *context;
    struct change_row *changes;
    size_t change_count;
    struct pointer_write write;
};

void call_submit(struct call_write *write, struct call *call, pointer_job_fn job, void *context,
                 struct change_row *changes, size_t change_count);
bool call_wait(struct call_write *write, struct error *err);

#endif
