#include "storage/object_store.h"

#include <stdlib.h>
#include <string.h>

#include "base/blocking.h"
#include "base/clock.h"
#include "storage/http_transport.h"
#include "storage/location.h"

/* One scheme's entry. A handful exist, so a list is as fast as anything; what is added first is
 * found first. */
struct store_entry {
    struct store_entry *next;
    struct object_store *store;
    bool owns_store; /* false where an earlier entry names the same store */
    size_t scheme_size;
    char scheme[];
};

struct object_stores {
    struct store_entry *first;
    struct http_transport *transport;
};

bool object_stores_create(struct object_stores **ret_stores, struct error *err)
{
    struct object_stores *stores = calloc(1, sizeof *stores);
    if (!stores)
        return error_no_memory(err, "the list of object stores");
    *ret_stores = stores;
    return true;
}

void object_stores_destroy(struct object_stores *stores)
{
    if (!stores)
        return;
    while (stores->first) {
        struct store_entry *entry = stores->first;
        stores->first = entry->next;
        if (entry->owns_store)
            entry->store->ops->destroy(entry->store);
        free(entry);
    }
    http_transport_destroy(stores->transport);
    free(stores);
}

void object_stores_own_transport(struct object_stores *stores, struct http_transport *transport)
{
    stores->transport = transport;
}

struct http_transport *object_stores_transport(const struct object_stores *stores)
{
    return stores->transport;
}

static bool stores_hold(const struct object_stores *stores, const struct object_store *store)
{
    for (const struct store_entry *entry = stores->first; entry; entry = entry->next) {
        if (entry->store == store)
            return true;
    }
    return false;
}

static struct store_entry *stores_lookup(const struct object_stores *stores, struct slice scheme)
{
    for (struct store_entry *entry = stores->first; entry; entry = entry->next) {
        if (slice_equals_ignore_case(scheme, slice_make(entry->scheme, entry->scheme_size)))
            return entry;
    }
    return NULL;
}

bool object_stores_add(struct object_stores *stores, const char *scheme, struct object_store *store,
                       struct error *err)
{
    struct slice name = slice_from_string(scheme);
    if (stores_lookup(stores, name))
        return error_set(err, ERROR_INTERNAL, "two object stores for the scheme '%s'", scheme);
    struct store_entry *entry = calloc(1, sizeof *entry + name.len + 1);
    if (!entry)
        return error_no_memory(err, "an object store's scheme");
    entry->store = store;
    entry->owns_store = !stores_hold(stores, store);
    entry->scheme_size = name.len;
    memcpy(entry->scheme, name.ptr, name.len);
    struct store_entry **end = &stores->first;
    while (*end)
        end = &(*end)->next;
    *end = entry;
    return true;
}

bool object_stores_find(struct object_stores *stores, struct slice uri,
                        struct object_store **ret_store, struct error *err)
{
    struct store_entry *entry = stores_lookup(stores, location_scheme(uri));
    if (!entry)
        return error_set(err, ERROR_BAD_REQUEST,
                         "no object store serves the scheme of '%.*s': use one that this server "
                         "is configured for",
                         SLICE_ARG(uri));
    *ret_store = entry->store;
    return true;
}

bool object_stores_confine(struct object_stores *stores, const struct slice *roots, size_t count,
                           struct error *err)
{
    for (struct store_entry *entry = stores->first; entry; entry = entry->next)
        if (entry->owns_store && entry->store->ops->confine)
            TRY(entry->store->ops->confine(entry->store, roots, count, err));
    return true;
}

bool object_stores_profiles(struct object_stores *stores, const struct slice *roots,
                            const struct storage_profile *const *profiles, size_t count,
                            struct error *err)
{
    for (struct store_entry *entry = stores->first; entry; entry = entry->next)
        if (entry->owns_store && entry->store->ops->set_profiles)
            TRY(entry->store->ops->set_profiles(entry->store, roots, profiles, count, err));
    return true;
}

void object_stores_visit_counts(const struct object_stores *stores, object_counts_visit_fn visit,
                                void *context)
{
    for (const struct store_entry *entry = stores->first; entry; entry = entry->next)
        if (entry->owns_store)
            visit(context, entry->scheme, &entry->store->counts);
}

/* --- calls, counted ----------------------------------------------------------------------- */

struct running {
    struct object_store *store;
    enum object_call call;
    int64_t begun_us;
    bool is_told; /* that it may block */
};

static struct running begin_at(struct object_store *store, enum object_call call)
{
    bool is_slow = call_pace_is_slow(&store->paces[call]);
    if (is_slow)
        blocking_begin();
    return (struct running){store, call, clock_measure_us(), is_slow};
}

static bool begin(struct object_stores *stores, struct slice uri, enum object_call call,
                  struct running *ret_running, struct error *err)
{
    struct object_store *store;
    TRY(object_stores_find(stores, uri, &store, err));
    *ret_running = begin_at(store, call);
    return true;
}

/* Gives `ok` back. A failure that the caller does not ask about counts as one of storage. */
static bool end(const struct running *running, bool ok, const struct error *err)
{
    enum error_kind failure = err ? err->kind : ERROR_STORAGE;
    int64_t took_us = clock_measure_us() - running->begun_us;
    if (running->is_told)
        blocking_end();
    call_pace_note(&running->store->paces[running->call], took_us);
    object_counts_add(&running->store->counts, running->call, ok ? ERROR_NONE : failure, took_us);
    return ok;
}

bool object_get(struct object_stores *stores, struct slice uri, struct buffer *out,
                struct error *err)
{
    struct running run;
    TRY(begin(stores, uri, OBJECT_CALL_GET, &run, err));
    return end(&run, run.store->ops->get(run.store, uri, out, err), err);
}

bool object_put_new(struct object_stores *stores, struct slice uri, struct slice bytes,
                    struct error *err)
{
    struct running run;
    TRY(begin(stores, uri, OBJECT_CALL_PUT, &run, err));
    return end(&run, run.store->ops->put_new(run.store, uri, bytes, err), err);
}

static bool put_together(struct object_store *store, struct slice uri, const struct slice *parts,
                         size_t count, struct error *err)
{
    struct buffer bytes;
    buffer_init(&bytes, SIZE_MAX);
    for (size_t i = 0; i < count; i++)
        buffer_append_slice(&bytes, parts[i]);
    bool ok = buffer_check(&bytes, "an object", err) &&
              store->ops->put_new(store, uri, buffer_slice(&bytes), err);
    buffer_finish(&bytes);
    return ok;
}

bool object_put_new_parts(struct object_stores *stores, struct slice uri, const struct slice *parts,
                          size_t count, struct error *err)
{
    struct running run;
    TRY(begin(stores, uri, OBJECT_CALL_PUT, &run, err));
    const struct object_store_ops *ops = run.store->ops;
    bool ok = ops->put_new_parts ? ops->put_new_parts(run.store, uri, parts, count, err)
                                 : put_together(run.store, uri, parts, count, err);
    return end(&run, ok, err);
}

bool object_put_unsynced(struct object_stores *stores, struct slice uri, struct slice bytes,
                         bool *ret_is_durable, struct error *err)
{
    struct running run;
    TRY(begin(stores, uri, OBJECT_CALL_PUT, &run, err));
    const struct object_store_ops *ops = run.store->ops;
    bool is_durable = ops->put_unsynced == NULL;
    bool ok = is_durable ? ops->put_new(run.store, uri, bytes, err)
                         : ops->put_unsynced(run.store, uri, bytes, err);
    TRY(end(&run, ok, err));
    *ret_is_durable = is_durable;
    return true;
}

/* How many of the URIs, from the first on, are of one store; *ret_store NULL: of none. */
static size_t run_of_one_store(struct object_stores *stores, const struct slice *uris, size_t count,
                               struct object_store **ret_store)
{
    struct object_store *store = NULL, *other = NULL;
    (void)object_stores_find(stores, uris[0], &store, NULL);
    size_t length = 1;
    for (; length < count; length++) {
        other = NULL;
        (void)object_stores_find(stores, uris[length], &other, NULL);
        if (other != store)
            break;
    }
    *ret_store = store;
    return length;
}

static void sync_run(struct object_store *store, const struct slice *uris, size_t count,
                     bool *ret_synced)
{
    struct running run = begin_at(store, OBJECT_CALL_SYNC);
    store->ops->sync(store, uris, count, ret_synced);
    (void)end(&run, memchr(ret_synced, false, count * sizeof *ret_synced) == NULL, NULL);
}

void object_sync(struct object_stores *stores, const struct slice *uris, size_t count,
                 bool *ret_synced)
{
    for (size_t at = 0; at < count;) {
        struct object_store *store;
        size_t length = run_of_one_store(stores, uris + at, count - at, &store);
        if (store && store->ops->sync)
            sync_run(store, uris + at, length, ret_synced + at);
        else
            memset(ret_synced + at, 0, length * sizeof *ret_synced);
        at += length;
    }
}

bool object_make_folder(struct object_stores *stores, struct slice uri, struct error *err)
{
    struct object_store *store;
    TRY(object_stores_find(stores, uri, &store, err));
    return !store->ops->make_folder || store->ops->make_folder(store, uri, err);
}

bool object_restore(struct object_stores *stores, struct slice uri, struct slice bytes,
                    struct error *err)
{
    struct object_store *store;
    TRY(object_stores_find(stores, uri, &store, err));
    if (!store->ops->restore)
        return error_set(err, ERROR_INTERNAL, "'%.*s' was durable from the start", SLICE_ARG(uri));
    return store->ops->restore(store, uri, bytes, err);
}

bool object_settle(struct object_stores *stores, const struct slice *uris, size_t count,
                   struct error *err)
{
    for (size_t at = 0; at < count;) {
        struct object_store *store;
        size_t length = run_of_one_store(stores, uris + at, count - at, &store);
        if (store && store->ops->settle)
            TRY(store->ops->settle(store, uris + at, length, err));
        at += length;
    }
    return true;
}

bool object_exists(struct object_stores *stores, struct slice uri, bool *ret_exists,
                   struct error *err)
{
    struct running run;
    struct object_store *store;
    TRY(object_stores_find(stores, uri, &store, err));
    if (store->ops->is_local)
        return store->ops->exists(store, uri, ret_exists, err);
    run = begin_at(store, OBJECT_CALL_EXISTS);
    return end(&run, store->ops->exists(store, uri, ret_exists, err), err);
}

bool object_remove(struct object_stores *stores, struct slice uri, struct error *err)
{
    struct running run;
    TRY(begin(stores, uri, OBJECT_CALL_REMOVE, &run, err));
    return end(&run, run.store->ops->remove(run.store, uri, err), err);
}

static bool remove_run(struct object_store *store, const struct slice *uris, size_t count,
                       struct error *err)
{
    if (store->ops->remove_many)
        return store->ops->remove_many(store, uris, count, err);
    for (size_t i = 0; i < count; i++)
        TRY(store->ops->remove(store, uris[i], err));
    return true;
}

bool object_remove_many(struct object_stores *stores, const struct slice *uris, size_t count,
                        struct error *err)
{
    for (size_t at = 0; at < count;) {
        struct object_store *store;
        size_t length = run_of_one_store(stores, uris + at, count - at, &store);
        if (!store)
            return object_stores_find(stores, uris[at], &store, err);
        struct running run = begin_at(store, OBJECT_CALL_REMOVE);
        TRY(end(&run, remove_run(store, uris + at, length, err), err));
        at += length;
    }
    return true;
}

bool object_list(struct object_stores *stores, struct slice prefix, object_visit_fn visit,
                 void *context, struct error *err)
{
    struct running run;
    TRY(begin(stores, prefix, OBJECT_CALL_LIST, &run, err));
    return end(&run, run.store->ops->list(run.store, prefix, visit, context, err), err);
}
