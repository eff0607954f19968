#include "base/cache.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "base/blocking.h"
#include "base/hash.h"

/* The table's part of the hash; the shard is chosen by the other bits. */
#define HASH_FUNCTION(key, size, hash) ((hash) = (unsigned)cache_hash(slice_make((key), (size))))
static inline uint64_t cache_hash(struct slice key)
{
    return hash_end(hash_bytes(HASH_BEGIN, key));
}

/* A failed allocation inside uthash must not end the process: the entry is simply not kept. */
#define HASH_NONFATAL_OOM 1
#define uthash_nonfatal_oom(entry) ((entry)->is_hashed = false)
#include <uthash.h>

/*
 * Keys are spread over shards so that the HTTP threads rarely meet at one mutex. Each shard has an
 * equal part of the budget and its own least-recently-used list (newest at `newest`).
 *
 * A value that is large for an equal part stands in a list of its own, `large`. What the large ones
 * take, up to half of the budget, the shards give up in equal parts.
 *
 * Invariant: an entry is in the table exactly when it is in the list, and the shard's `bytes` is
 * the sum of the entries' sizes. Values are unref'd outside of the mutex: an unref may free
 * megabytes.
 */
#define CACHE_SHARDS 16
/* Of the whole budget: the smallest part that a shard ever has, so that what is not large fits. */
#define LARGE_PART (2 * CACHE_SHARDS)
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
    size_t budget;
    atomic_size_t shard_budget; /* what large values leave */
    atomic_bool has_large;
    struct cache_shard shards[CACHE_SHARDS];
    struct cache_shard large;

    /* What is being made: never more than there are threads, so a list will do. */
    pthread_mutex_t making_mutex;
    pthread_cond_t made;
    struct cache_making *making;
    uint64_t next_making;
    size_t waiting;
};

bool cache_create(size_t budget, struct cache **ret_cache, struct error *err)
{
    struct cache *cache = calloc(1, sizeof(*cache));
    if (cache == NULL)
        return error_no_memory(err, "the cache");
    cache->budget = budget;
    atomic_init(&cache->shard_budget, budget / CACHE_SHARDS);
    atomic_init(&cache->has_large, false);
    pthread_mutex_init(&cache->large.mutex, NULL);
    pthread_mutex_init(&cache->making_mutex, NULL);
    pthread_cond_init(&cache->made, NULL);
    for (size_t i = 0; i < CACHE_SHARDS; i++)
        pthread_mutex_init(&cache->shards[i].mutex, NULL);
    *ret_cache = cache;
    return true;
}

static struct cache_shard *shard_of(struct cache *cache, struct slice key)
{
    return &cache->shards[(cache_hash(key) >> 32) % CACHE_SHARDS];
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

/* A miss is counted where it is the last place that is looked into. */
static void *shard_get(struct cache_shard *shard, struct slice key, bool is_last)
{
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
        shard->misses += is_last;
    }
    pthread_mutex_unlock(&shard->mutex);
    return value;
}

static void *find(struct cache *cache, struct slice key, bool counts_miss)
{
    bool has_large = atomic_load(&cache->has_large);
    void *value = shard_get(shard_of(cache, key), key, counts_miss && !has_large);
    return value || !has_large ? value : shard_get(&cache->large, key, counts_miss);
}

void *cache_get(struct cache *cache, struct slice key)
{
    return find(cache, key, true);
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

/* Entries, oldest first, that must leave for the shard to fit: a chain (by `older`) before `chain`.
 */
static struct cache_entry *shard_trim(struct cache_shard *shard, size_t budget,
                                      struct cache_entry *chain)
{
    while (shard->bytes > budget) {
        struct cache_entry *victim = shard->oldest;
        shard_take(shard, victim);
        shard->evictions++;
        victim->older = chain;
        chain = victim;
    }
    return chain;
}

/* The chain of the entry of that key, which leaves; NULL where there is none. */
static struct cache_entry *shard_drop(struct cache_shard *shard, struct slice key)
{
    struct cache_entry *old = NULL;
    HASH_FIND(hh, shard->table, key.ptr, key.len, old);
    if (old)
        shard_take(shard, old);
    return old;
}

/* Puts the entry in; returns the chain (by `older`) of entries that had to leave. */
static struct cache_entry *shard_insert(struct cache_shard *shard, struct cache_entry *entry,
                                        size_t budget)
{
    struct cache_entry *chain = shard_drop(shard, slice_make(entry->key, entry->key_size));
    HASH_ADD_KEYPTR(hh, shard->table, entry->key, entry->key_size, entry);
    if (!entry->is_hashed) {
        entry->older = chain;
        return entry;
    }
    list_push(shard, entry);
    shard->bytes += entry->size;
    return shard_trim(shard, budget, chain);
}

/* --- large values --------------------------------------------------------------------------- */

/* What is left for the shards; the large one's mutex is held. */
static void large_settle(struct cache *cache)
{
    atomic_store(&cache->shard_budget, (cache->budget - cache->large.bytes) / CACHE_SHARDS);
    atomic_store(&cache->has_large, cache->large.bytes > 0);
}

/* All shards, to what is left for them. */
static void shards_trim(struct cache *cache)
{
    for (size_t i = 0; i < CACHE_SHARDS; i++) {
        struct cache_shard *shard = &cache->shards[i];
        pthread_mutex_lock(&shard->mutex);
        struct cache_entry *gone = shard_trim(shard, atomic_load(&cache->shard_budget), NULL);
        pthread_mutex_unlock(&shard->mutex);
        entries_free(gone);
    }
}

static void large_put(struct cache *cache, struct cache_entry *entry, struct slice key)
{
    struct cache_shard *shard = shard_of(cache, key);
    pthread_mutex_lock(&shard->mutex);
    struct cache_entry *small = shard_drop(shard, key);
    pthread_mutex_unlock(&shard->mutex);
    entries_free(small);

    pthread_mutex_lock(&cache->large.mutex);
    struct cache_entry *gone = shard_insert(&cache->large, entry, cache->budget / 2);
    large_settle(cache);
    pthread_mutex_unlock(&cache->large.mutex);
    entries_free(gone);
    shards_trim(cache);
}

static void small_put(struct cache *cache, struct cache_entry *entry, struct slice key)
{
    if (atomic_load(&cache->has_large)) {
        pthread_mutex_lock(&cache->large.mutex);
        struct cache_entry *large = shard_drop(&cache->large, key);
        large_settle(cache);
        pthread_mutex_unlock(&cache->large.mutex);
        entries_free(large);
    }
    struct cache_shard *shard = shard_of(cache, key);
    pthread_mutex_lock(&shard->mutex);
    struct cache_entry *gone = shard_insert(shard, entry, atomic_load(&cache->shard_budget));
    pthread_mutex_unlock(&shard->mutex);
    entries_free(gone);
}

static size_t charge_of(struct slice key, size_t size)
{
    return size + key.len + CACHE_ENTRY_OVERHEAD;
}

bool cache_admits(const struct cache *cache, struct slice key, size_t size)
{
    return charge_of(key, size) <= cache->budget / 2;
}

void cache_put(struct cache *cache, struct slice key, void *value, size_t size,
               const struct cache_kind *kind)
{
    size_t charged = charge_of(key, size);
    if (!cache_admits(cache, key, size))
        return;
    struct cache_entry *entry = entry_create(key, value, charged, kind);
    if (entry == NULL)
        return;
    kind->ref(value);
    if (charged > cache->budget / LARGE_PART)
        large_put(cache, entry, key);
    else
        small_put(cache, entry, key);
}

/* --- values that are being made ------------------------------------------------------------- */

static const struct cache_making *making_find(const struct cache *cache, struct slice key)
{
    const struct cache_making *making = cache->making;
    while (making && !slice_equals(making->key, key))
        making = making->next;
    return making;
}

/* The mutex is held. A later making of that key is another one: its number tells. */
static void making_wait(struct cache *cache, struct slice key, uint64_t number)
{
    const struct cache_making *other;
    cache->waiting++;
    while ((other = making_find(cache, key)) && other->number == number)
        blocking_wait(&cache->made, &cache->making_mutex);
    cache->waiting--;
}

void *cache_make_begin(struct cache *cache, struct slice key, struct cache_making *making)
{
    *making = (struct cache_making){.key = key};
    if (cache->budget == 0)
        return NULL;
    pthread_mutex_lock(&cache->making_mutex);
    const struct cache_making *other = making_find(cache, key);
    if (other) {
        making_wait(cache, key, other->number);
    } else {
        making->number = cache->next_making++;
        making->next = cache->making;
        making->is_listed = true;
        cache->making = making;
    }
    pthread_mutex_unlock(&cache->making_mutex);
    /* Or it was made between the caller's miss, which is counted already, and now. */
    return find(cache, key, false);
}

void cache_make_end(struct cache *cache, struct cache_making *making)
{
    if (!making->is_listed)
        return;
    pthread_mutex_lock(&cache->making_mutex);
    struct cache_making **link = &cache->making;
    while (*link != making)
        link = &(*link)->next;
    *link = making->next;
    pthread_cond_broadcast(&cache->made);
    pthread_mutex_unlock(&cache->making_mutex);
}

/* --- statistics ------------------------------------------------------------------------------- */

static void add_stats(struct cache_shard *shard, struct cache_stats *stats)
{
    pthread_mutex_lock(&shard->mutex);
    stats->hits += shard->hits;
    stats->misses += shard->misses;
    stats->evictions += shard->evictions;
    stats->bytes += shard->bytes;
    stats->entries += HASH_COUNT(shard->table);
    pthread_mutex_unlock(&shard->mutex);
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
    for (size_t i = 0; i < CACHE_SHARDS; i++)
        add_stats(&cache->shards[i], &stats);
    add_stats(&cache->large, &stats);
    pthread_mutex_lock(&cache->making_mutex);
    stats.waiting = cache->waiting;
    pthread_mutex_unlock(&cache->making_mutex);
    *ret_stats = stats;
}

static void shard_finish(struct cache_shard *shard)
{
    while (shard->oldest) {
        struct cache_entry *entry = shard->oldest;
        shard_take(shard, entry);
        entries_free(entry);
    }
    pthread_mutex_destroy(&shard->mutex);
}

void cache_destroy(struct cache *cache)
{
    if (cache == NULL)
        return;
    for (size_t i = 0; i < CACHE_SHARDS; i++)
        shard_finish(&cache->shards[i]);
    shard_finish(&cache->large);
    pthread_cond_destroy(&cache->made);
    pthread_mutex_destroy(&cache->making_mutex);
    free(cache);
}
