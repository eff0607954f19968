/*
 * cache.h — one budget of bytes for everything that is derived from immutable files.
 *
 * Keys are texts ("metadata <location>", "load <location> refs"); values are shared by reference
 * count. What is cached can never be stale, only evicted, least recently used first.
 *
 * Owns:     one reference to each value, dropped at eviction
 * Threads:  any; split in shards, each with its own mutex, which is a leaf in the lock order. Who
 *           makes a value (cache_make_begin) may wait for other values' makers meanwhile, so what
 *           a value is made of must not be made of it
 */
#ifndef BASE_CACHE_H
#define BASE_CACHE_H

#include "base/error.h"
#include "base/slice.h"

struct cache;

/* How a kind of value is shared. Both must be callable from any thread. */
struct cache_kind {
    const char *name; /* for statistics */
    void (*ref)(void *value);
    void (*unref)(void *value);
};

struct cache_stats {
    uint64_t hits;
    uint64_t misses;
    uint64_t evictions;
    size_t bytes;
    size_t entries;
    size_t waiting; /* threads, for a value that another one makes */
};

bool cache_create(size_t budget, struct cache **ret_cache, struct error *err);
void cache_destroy(struct cache *cache); /* NULL is fine */

/* The value with a reference added for the caller, or NULL. */
void *cache_get(struct cache *cache, struct slice key);
/* Keeps a reference of its own. A value larger than half of the budget, or a failed allocation, is
 * not kept: caching is never an error. An entry of that key is replaced. */
void cache_put(struct cache *cache, struct slice key, void *value, size_t size,
               const struct cache_kind *kind);
/* Lets the value go before its turn, where nobody will ask for it again. No eviction is counted. */
void cache_remove(struct cache *cache, struct slice key);
/* Would a value of this size be kept? */
bool cache_admits(const struct cache *cache, struct slice key, size_t size);

/* A value that a thread makes, from cache_make_begin to cache_make_end; the caller's, by value. */
struct cache_making {
    struct cache_making *next;
    struct slice key;
    uint64_t number;
    bool is_listed; /* others wait for it */
};

/* Called where cache_get has found nothing: the value, with a reference, where another thread has
 * made it meanwhile, for which this waits; NULL where it is to be made. Where the other one failed,
 * or its value was not kept, everyone who waited makes it for himself, so that nobody waits twice.
 * cache_make_end is due in any case, and the key must outlive the making. A cache without a budget
 * lets nobody wait. */
void *cache_make_begin(struct cache *cache, struct slice key, struct cache_making *making);
void cache_make_end(struct cache *cache, struct cache_making *making);

void cache_get_stats(struct cache *cache, struct cache_stats *ret_stats);

#endif
