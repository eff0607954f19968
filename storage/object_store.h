/*
 * object_store.h — immutable objects under URIs: one interface, one implementation per scheme.
 *
 * Owns:     struct object_stores owns the stores that were added to it
 * Errors:   ERROR_NOT_FOUND (no such object), ERROR_ALREADY_EXISTS (put_new), ERROR_FORBIDDEN (it
 *           leads out of where it should lie), ERROR_STORAGE_FULL, ERROR_STORAGE; sentences name
 *           the URI as it was given
 * Threads:  every call may be made from any thread
 * Rule:     an object is written once, under a name that was never used before, and never changed;
 *           put_new returns true only when the bytes would survive a power cut. put_unsynced is for
 *           bytes that are kept elsewhere until `sync` has made the object durable
 */
#ifndef STORAGE_OBJECT_STORE_H
#define STORAGE_OBJECT_STORE_H

#include "base/arena.h"
#include "base/buffer.h"
#include "base/error.h"
#include "storage/call_pace.h"
#include "storage/object_counts.h"

struct object_store;
struct storage_profile;

/* Called for each object found; returning false stops the walk with the error that it set. */
typedef bool (*object_visit_fn)(void *context, struct slice uri, uint64_t size, struct error *err);

/* What a scheme implements. `self` is the store; fields must be set unless they say otherwise. */
struct object_store_ops {
    /* Appends the whole object to `out`, whose ceiling bounds it. */
    bool (*get)(struct object_store *self, struct slice uri, struct buffer *out, struct error *err);
    /* Writes a new object durably. An existing one is ERROR_ALREADY_EXISTS and untouched. */
    bool (*put_new)(struct object_store *self, struct slice uri, struct slice bytes,
                    struct error *err);
    /* The same of bytes in parts that follow each other. NULL: they are put together before. */
    bool (*put_new_parts)(struct object_store *self, struct slice uri, const struct slice *parts,
                          size_t count, struct error *err);
    /* As put_new, seen by every reader, but not durable. This and the three below are NULL in a
     * store whose puts are always durable. */
    bool (*put_unsynced)(struct object_store *self, struct slice uri, struct slice bytes,
                         struct error *err);
    /* Makes objects durable; ret_synced[i] tells of uris[i]. One that is gone counts as durable:
     * it was removed. What is not synced may never become so: it has to be restored. */
    void (*sync)(struct object_store *self, const struct slice *uris, size_t count,
                 bool *ret_synced);
    /* Makes the object be there durably with these bytes, whatever of it was there before. */
    bool (*restore)(struct object_store *self, struct slice uri, struct slice bytes,
                    struct error *err);
    /* Makes durable what processes that were killed may have left around these places, names of
     * directories above all; restore can build on it. */
    bool (*settle)(struct object_store *self, const struct slice *uris, size_t count,
                   struct error *err);
    /* Makes the folder, and those above it; one that is there is fine. NULL in a store that has
     * no folders. */
    bool (*make_folder)(struct object_store *self, struct slice uri, struct error *err);
    bool (*exists)(struct object_store *self, struct slice uri, bool *ret_exists,
                   struct error *err);
    /* Removes; an object that is not there is fine (a purge may run twice). */
    bool (*remove)(struct object_store *self, struct slice uri, struct error *err);
    /* Removes many, as `remove` does one; a failure may leave some of them. NULL: one by one. */
    bool (*remove_many)(struct object_store *self, const struct slice *uris, size_t count,
                        struct error *err);
    /* Visits every object below the prefix (on a '/' boundary). */
    bool (*list)(struct object_store *self, struct slice prefix, object_visit_fn visit,
                 void *context, struct error *err);
    /* Objects below these canonical locations (those of other schemes are not meant) must not lead
     * out of them, by a link or what the store has of that kind: ERROR_FORBIDDEN where one does.
     * Each call replaces the list. NULL for a store that has no links. */
    bool (*confine)(struct object_store *self, const struct slice *roots, size_t count,
                    struct error *err);
    /* How what lies below these canonical roots is reached (those of other schemes are not meant);
     * of roots that hold a location the longest counts. profiles[i] is NULL where the machine's own
     * credentials are meant, as the provider's tools find them. Each call replaces the list and
     * borrows nothing past it. NULL for a store that needs none. */
    bool (*set_profiles)(struct object_store *self, const struct slice *roots,
                         const struct storage_profile *const *profiles, size_t count,
                         struct error *err);
    void (*destroy)(struct object_store *self);
    /* True where `exists` costs one system call and may run on the HTTP thread. */
    bool is_local;
};

struct object_store {
    const struct object_store_ops *ops;
    struct object_counts counts; /* of calls by the functions below */
    struct call_pace paces[OBJECT_CALL_COUNT];
};

/* The stores of one server, found by the URI's scheme. */
struct object_stores;

bool object_stores_create(struct object_stores **ret_stores, struct error *err);
void object_stores_destroy(struct object_stores *stores);
/* `scheme` without ':' ("file"); several schemes may name one store (s3, s3a). Takes ownership of
 * `store` with the first scheme it is added under. Before the server starts only. */
bool object_stores_add(struct object_stores *stores, const char *scheme, struct object_store *store,
                       struct error *err);
/* The connections that stores share; destroyed after them. */
struct http_transport;
void object_stores_own_transport(struct object_stores *stores, struct http_transport *transport);
/* NULL where there are none. */
struct http_transport *object_stores_transport(const struct object_stores *stores);
/* The store for a URI; ERROR_BAD_REQUEST where no store serves its scheme. */
bool object_stores_find(struct object_stores *stores, struct slice uri,
                        struct object_store **ret_store, struct error *err);

/* Tells every store where its objects must not lead out of: the warehouses and the allowed
 * locations, canonical, in place of those of before. */
bool object_stores_confine(struct object_stores *stores, const struct slice *roots, size_t count,
                           struct error *err);

/* Tells every store how its places are reached (set_profiles): at the start and on each change. */
bool object_stores_profiles(struct object_stores *stores, const struct slice *roots,
                            const struct storage_profile *const *profiles, size_t count,
                            struct error *err);

/* Called for each store with its first scheme. */
typedef void (*object_counts_visit_fn)(void *context, const char *scheme,
                                       const struct object_counts *counts);
void object_stores_visit_counts(const struct object_stores *stores, object_counts_visit_fn visit,
                                void *context);

/* Each finds the store, calls it and counts that. What a local store has is looked up too often and
 * too fast for `exists` to be counted there. */
bool object_get(struct object_stores *stores, struct slice uri, struct buffer *out,
                struct error *err);
bool object_put_new(struct object_stores *stores, struct slice uri, struct slice bytes,
                    struct error *err);
bool object_put_new_parts(struct object_stores *stores, struct slice uri, const struct slice *parts,
                          size_t count, struct error *err);
/* *ret_is_durable: nothing is left to sync. */
bool object_put_unsynced(struct object_stores *stores, struct slice uri, struct slice bytes,
                         bool *ret_is_durable, struct error *err);
/* Objects of any stores, those of one store best next to each other. */
void object_sync(struct object_stores *stores, const struct slice *uris, size_t count,
                 bool *ret_synced);
bool object_restore(struct object_stores *stores, struct slice uri, struct slice bytes,
                    struct error *err);
/* URIs of any stores; those that no store serves are left out. */
bool object_settle(struct object_stores *stores, const struct slice *uris, size_t count,
                   struct error *err);
/* For writers that make no folders; nothing where the store has none. */
bool object_make_folder(struct object_stores *stores, struct slice uri, struct error *err);
bool object_exists(struct object_stores *stores, struct slice uri, bool *ret_exists,
                   struct error *err);
bool object_remove(struct object_stores *stores, struct slice uri, struct error *err);
/* Of any stores, those of one store best next to each other. */
bool object_remove_many(struct object_stores *stores, const struct slice *uris, size_t count,
                        struct error *err);
bool object_list(struct object_stores *stores, struct slice prefix, object_visit_fn visit,
                 void *context, struct error *err);

#endif
