#include "base/cache.h"

#include <pthread.h>
#include <stdlib.h>

/* A failed allocation inside uthash must not end the process: the entry is simply not kept. */
#define HASH_NONFATAL_OOM 1
#define uthash_nonfatal_oom(entry) ((entry)->is_hashed = false)
#include <uthash.h>

/*
 * Keys are spread over shards so that the HTTP threads rarely meet at one mutex. Each shard has an
 * equal part of the budget and its own least-recently-used list (newest at `newest`).
 *
 * Invariant: an entry is in the table exactly when it is in the list, and the shard's `bytes` is
 *            the
 * sum of the entries' sizes. Values are unref'd outside of the mutex: an unref may free megabytes.
 */
#define CACHE_SHARDS 16
/* What an entry costs beside its value: the struct, the key, the hash's buckets. */
#define CACHE_ENTRY_OVERHEAD 160

struct cache_entry {
    UT_hash_handle hh;
    struct cache_entry *newer;
    struct cache_entry *older;
    void *value;
    const struct cache_kind *kind;
    size_t size;
    size_t key_size;
    bool is_hashed;
    char key[];
};

struct cache_shard {
    pthread_mutex_t mutex;
    struct cache_entry *table;
    struct cache_entry *newest;
    struct cache_entry *oldest;
    size_t bytes;
    uint64_t hits;
    uint64_t misses;
    uint64_t evictions;
};

struct cache {
    size_t shard_budget;
    struct cache_shard shards[CACHE_SHARDS];
};

bool cache_create(size_t budget, struct cache **ret_cache, struct error *err)
{
    struct cache *cache = calloc(1, sizeof(*cache));
    if (cache == NULL)
        return error_no_memory(err, "the cache");
    cache->shard_budget = budget / CACHE_SHARDS;
    for (size_t i = 0; i < CACHE_SHARDS; i++)
        pthread_mutex_init(&cache->shards[i].mutex, NULL);
    *ret_cache = cache;
    return true;
}

/* FNV-1a: the shard only; uthash has its own function for the table. */
static struct cache_shard *shard_of(struct cache *cache, struct slice key)
{
    uint32_t hash = 2166136261u;
    for (size_t i = 0; i < key.len; i++)
        hash = (hash ^ (unsigned char)key.ptr[i]) * 16777619u;
    return &cache->shards[(hash ^ (hash >> 16)) % CACHE_SHARDS];
}

static void list_unlink(struct cache_shard *shard, struct cache_entry *entry)
{
    if (entry->newer)
        entry->newer->older = entry->older;
    else
        shard->newest = entry->older;
    if (entry->older)
        entry->older->newer = entry->newer;
    else
        shard->oldest = entry->newer;
    entry->newer = entry->older = NULL;
}

static void list_push(struct cache_shard *shard, struct cache_entry *entry)
{
    entry->newer = NULL;
    entry->older = shard->newest;
    if (shard->newest)
        shard->newest->newer = entry;
    else
        shard->oldest = entry;
    shard->newest = entry;
}

/* Takes the entry out of its shard; the caller unrefs and frees it after unlocking. */
static void shard_take(struct cache_shard *shard, struct cache_entry *entry)
{
    HASH_DELETE(hh, shard->table, entry);
    list_unlink(shard, entry);
    shard->bytes -= entry->size;
}

static void entries_free(struct cache_entry *chain)
{
    while (chain) {
        struct cache_entry *next = chain->older;
        chain->kind->unref(chain->value);
        free(chain);
        chain = next;
    }
}

void *cache_get(struct cache *cache, struct slice key)
{
    struct cache_shard *shard = shard_of(cache, key);
    struct cache_entry *entry = NULL;
    void *value = NULL;

    pthread_mutex_lock(&shard->mutex);
    HASH_FIND(hh, shard->table, key.ptr, key.len, entry);
    if (entry) {
        if (shard->newest != entry) {
            list_unlink(shard, entry);
            list_push(shard, entry);
        }
        value = entry->value;
        entry->kind->ref(value);
        shard->hits++;
    } else {
        shard->misses++;
    }
    pthread_mutex_unlock(&shard->mutex);
    return value;
}

static struct cache_entry *entry_create(struct slice key, void *value, size_t size,
                                        const struct cache_kind *kind)
{
    struct cache_entry *entry = calloc(1, sizeof(*entry) + key.len);
    if (entry == NULL)
        return NULL;
    memcpy(entry->key, key.ptr, key.len);
    entry->key_size = key.len;
    entry->value = value;
    entry->kind = kind;
    entry->size = size;
    entry->is_hashed = true;
    return entry;
}

/* Puts the entry in; returns the chain (by `older`) of entries that had to leave. */
static struct cache_entry *shard_insert(struct cache *cache, struct cache_shard *shard,
                                        struct cache_entry *entry)
{
    struct cache_entry *chain = NULL;
    struct cache_entry *old = NULL;
    HASH_FIND(hh, shard->table, entry->key, entry->key_size, old);
    if (old) {
        shard_take(shard, old);
        chain = old;
    }
    HASH_ADD_KEYPTR(hh, shard->table, entry->key, entry->key_size, entry);
    if (!entry->is_hashed) {
        entry->older = chain;
        return entry;
    }
    list_push(shard, entry);
    shard->bytes += entry->size;
    while (shard->bytes > cache->shard_budget) {
        struct cache_entry *victim = shard->oldest;
        shard_take(shard, victim);
        shard->evictions++;
        victim->older = chain;
        chain = victim;
    }
    return chain;
}

void cache_put(struct cache *cache, struct slice key, void *value, size_t size,
               const struct cache_kind *kind)
{
    size_t charged = size + key.len + CACHE_ENTRY_OVERHEAD;
    if (charged > cache->shard_budget)
        return;
    struct cache_entry *entry = entry_create(key, value, charged, kind);
    if (entry == NULL)
        return;
    kind->ref(value);

    struct cache_shard *shard = shard_of(cache, key);
    pthread_mutex_lock(&shard->mutex);
    struct cache_entry *gone = shard_insert(cache, shard, entry);
    pthread_mutex_unlock(&shard->mutex);
    entries_free(gone);
}

void cache_remove(struct cache *cache, struct slice key)
{
    struct cache_shard *shard = shard_of(cache, key);
    struct cache_entry *entry = NULL;
    pthread_mutex_lock(&shard->mutex);
    HASH_FIND(hh, shard->table, key.ptr, key.len, entry);
    if (entry)
        shard_take(shard, entry);
    pthread_mutex_unlock(&shard->mutex);
    entries_free(entry);
}

void cache_get_stats(struct cache *cache, struct cache_stats *ret_stats)
{
    struct cache_stats stats = {0};
    for (size_t i = 0; i < CACHE_SHARDS; i++) {
        struct cache_shard *shard = &cache->shards[i];
        pthread_mutex_lock(&shard->mutex);
        stats.hits += shard->hits;
        stats.misses += shard->misses;
        stats.evictions += shard->evictions;
        stats.bytes += shard->bytes;
        stats.entries += HASH_COUNT(shard->table);
        pthread_mutex_unlock(&shard->mutex);
    }
    *ret_stats = stats;
}

void cache_destroy(struct cache *cache)
{
    if (cache == NULL)
        return;
    for (size_t i = 0; i < CACHE_SHARDS; i++) {
        struct cache_shard *shard = &cache->shards[i];
        while (shard->oldest) {
            struct cache_entry *entry = shard->oldest;
            shard_take(shard, entry);
            entries_free(entry);
        }
        pthread_mutex_destroy(&shard->mutex);
    }
    free(cache);
}
