/*
 * The map is cut into shards by the key's hash, each with its read-write lock, so that threads that
 * look up different tables touch different memory, and those that look up the same one only share
 * its lock word. Within a shard: chains in fixed buckets, and one list in the order of insertion
 * for eviction with a second chance (an entry that was found since it was last considered goes to
 * the back instead).
 *
 * Why a reader can never bring back an old row
 *
 *   1  A reader notes the sequence S before its snapshot begins.
 *   2  The writer commits in SQLite, then locks the shards that it changes, raises the sequence to
 *      T, and marks each of them with `changed = T`.
 *   3  A row is taken from a reader only where its shard's `changed` is at most S, under that lock.
 *
 * An old row comes from a snapshot that began before the commit, so its S was noted before T was
 * given: S < T. Offered before step 2 reached the shard it is replaced there; offered after, it is
 * refused. The writer's callers are woken after step 2, so whoever was told of a commit finds it.
 *
 * Listings have versions only: who keeps a listing notes the version before its snapshot begins,
 * and uses what it kept while the version is the same. The writer raises it in step 2, so a listing
 * of an older snapshot has an older version. Namespaces whose hashes meet share a version, which
 * costs one of them a listing that is made for nothing.
 *
 * What a view shows, this map may show only some time later: COMMIT also copies the log back now
 * and then, and the writer's thread may have to wait for a core. Who has seen a table's new row in
 * a view must not be told by an old row of another here that the commit is still to come, so a
 * reader that did not find its name here catches up behind its view.
 *
 * A transaction's shards stay locked until all of them are changed (in their order, and only the
 * writer takes more than one): who has seen one of its rows finds none of the others as it was.
 */
#include "storage/pointer_cache.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <time.h>

#include "base/blocking.h"
#include "base/hash.h"

#define SHARD_BITS 6 /* so that a set of shards is one uint64_t */
#define SHARD_COUNT (1U << SHARD_BITS)
/* With 100,000 entries a chain holds one or two. Untouched buckets cost no memory (calloc). */
#define BUCKET_COUNT 1024U
/* A commit takes as long as its sync: 0.1 to 10 ms. */
#define CATCH_UP_PAUSE_NS 100000
#define SHARD_MAX_ENTRIES (POINTER_CACHE_MAX_ENTRIES / SHARD_COUNT)
#define SHARD_MAX_BYTES (POINTER_CACHE_MAX_BYTES / SHARD_COUNT)
#define LISTING_COUNT 4096U

struct cache_entry {
    struct cache_entry *next;  /* in its bucket, or in a transaction's chain */
    struct cache_entry *older; /* in the order of insertion */
    struct cache_entry *newer;
    uint64_t hash;
    size_t size;
    bool is_forgotten;
    bool is_listing; /* without a row: only its hash counts */
    atomic_bool was_found;
    struct entity_row row; /* its slices point into `bytes` */
    char bytes[];
};

struct cache_shard {
    pthread_rwlock_t lock;
    uint64_t changed;
    size_t count;
    size_t size;
    struct cache_entry *oldest;
    struct cache_entry *newest;
    struct cache_entry *buckets[BUCKET_COUNT];
};

struct pointer_cache {
    atomic_uint_fast64_t sequence;
    atomic_uint_fast64_t listings[LISTING_COUNT]; /* by the hash of warehouse and namespace */
    atomic_uint_fast64_t begun; /* publications, and how many of them have ended, in order */
    atomic_uint_fast64_t ended;
    struct cache_shard shards[SHARD_COUNT];
};

/* --- keys --------------------------------------------------------------------------------- */

static uint64_t hash_key(int64_t warehouse_id, struct slice namespace_path, struct slice name)
{
    uint64_t hash = hash_bytes(HASH_BEGIN ^ (uint64_t)warehouse_id, namespace_path);
    return hash_end(hash_bytes(hash, name));
}

static struct cache_shard *shard_of(struct pointer_cache *cache, uint64_t hash)
{
    return &cache->shards[hash >> (64 - SHARD_BITS)];
}

static struct cache_entry **bucket_of(struct cache_shard *shard, uint64_t hash)
{
    return &shard->buckets[hash % BUCKET_COUNT];
}

static bool entry_matches(const struct cache_entry *entry, uint64_t hash, int64_t warehouse_id,
                          struct slice namespace_path, struct slice name)
{
    return entry->hash == hash && entry->row.warehouse_id == warehouse_id &&
           slice_equals(entry->row.namespace_path, namespace_path) &&
           slice_equals(entry->row.name, name);
}

/* --- entries ------------------------------------------------------------------------------ */

static struct slice keep(char **at, struct slice text)
{
    struct slice kept = {*at, text.len};
    if (text.len)
        memcpy(*at, text.ptr, text.len);
    *at += text.len;
    return kept;
}

bool cache_entry_create(const struct entity_row *row, bool is_forgotten,
                        struct cache_entry **ret_entry, struct error *err)
{
    size_t size = sizeof(struct cache_entry) + row->namespace_path.len + row->name.len +
                  row->uuid.len + row->location.len + row->metadata_location.len;
    struct cache_entry *entry = calloc(1, size);
    if (!entry)
        return error_no_memory(err, "a pointer in memory");
    entry->hash = hash_key(row->warehouse_id, row->namespace_path, row->name);
    entry->size = size;
    entry->is_forgotten = is_forgotten;
    entry->row = *row;
    char *at = entry->bytes;
    entry->row.namespace_path = keep(&at, row->namespace_path);
    entry->row.name = keep(&at, row->name);
    entry->row.uuid = keep(&at, row->uuid);
    entry->row.location = keep(&at, row->location);
    entry->row.metadata_location = keep(&at, row->metadata_location);
    *ret_entry = entry;
    return true;
}

bool cache_listing_create(int64_t warehouse_id, struct slice namespace_path,
                          struct cache_entry **ret_entry, struct error *err)
{
    struct cache_entry *entry = calloc(1, sizeof(*entry));
    if (!entry)
        return error_no_memory(err, "the version of a listing");
    entry->hash = hash_key(warehouse_id, namespace_path, SLICE_EMPTY);
    entry->is_listing = true;
    *ret_entry = entry;
    return true;
}

void cache_entry_chain(struct cache_entry **first, struct cache_entry *entry)
{
    while (*first)
        first = &(*first)->next;
    *first = entry;
}

void cache_entries_destroy(struct cache_entry *first)
{
    while (first) {
        struct cache_entry *next = first->next;
        free(first);
        first = next;
    }
}

void cache_entries_forget(struct cache_entry *first)
{
    for (; first; first = first->next)
        first->is_forgotten = true;
}

/* --- one shard, its lock held for writing ------------------------------------------------- */

static void order_append(struct cache_shard *shard, struct cache_entry *entry)
{
    entry->newer = NULL;
    entry->older = shard->newest;
    if (shard->newest)
        shard->newest->newer = entry;
    else
        shard->oldest = entry;
    shard->newest = entry;
}

static void order_remove(struct cache_shard *shard, struct cache_entry *entry)
{
    if (entry->older)
        entry->older->newer = entry->newer;
    else
        shard->oldest = entry->newer;
    if (entry->newer)
        entry->newer->older = entry->older;
    else
        shard->newest = entry->older;
}

/* `link` is the pointer that leads to the entry in its bucket. */
static void shard_unlink(struct cache_shard *shard, struct cache_entry **link)
{
    struct cache_entry *entry = *link;
    *link = entry->next;
    order_remove(shard, entry);
    shard->count--;
    shard->size -= entry->size;
    free(entry);
}

static struct cache_entry **shard_find(struct cache_shard *shard, const struct cache_entry *like)
{
    struct cache_entry **link = bucket_of(shard, like->hash);
    while (*link && !entry_matches(*link, like->hash, like->row.warehouse_id,
                                   like->row.namespace_path, like->row.name))
        link = &(*link)->next;
    return link;
}

static void shard_remove(struct cache_shard *shard, const struct cache_entry *like)
{
    struct cache_entry **link = shard_find(shard, like);
    if (*link)
        shard_unlink(shard, link);
}

/* Each pass either frees an entry or takes away its second chance, so it ends. */
static void shard_make_room(struct cache_shard *shard, size_t size)
{
    while (shard->oldest &&
           (shard->count >= SHARD_MAX_ENTRIES || shard->size + size > SHARD_MAX_BYTES)) {
        struct cache_entry *entry = shard->oldest;
        if (atomic_exchange_explicit(&entry->was_found, false, memory_order_relaxed)) {
            order_remove(shard, entry);
            order_append(shard, entry);
        } else {
            shard_unlink(shard, shard_find(shard, entry));
        }
    }
}

/* Takes the entry. One that is larger than a shard may be is not kept. */
static void shard_insert(struct cache_shard *shard, struct cache_entry *entry)
{
    if (entry->size > SHARD_MAX_BYTES) {
        free(entry);
        return;
    }
    shard_make_room(shard, entry->size);
    struct cache_entry **bucket = bucket_of(shard, entry->hash);
    entry->next = *bucket;
    *bucket = entry;
    order_append(shard, entry);
    shard->count++;
    shard->size += entry->size;
}

/* --- the map ------------------------------------------------------------------------------ */

bool pointer_cache_create(struct pointer_cache **ret_cache, struct error *err)
{
    struct pointer_cache *cache = calloc(1, sizeof *cache);
    if (!cache)
        return error_no_memory(err, "the map of pointers");
    for (size_t i = 0; i < SHARD_COUNT; i++) {
        /* glibc's locks take no memory of their own: this cannot fail there. */
        if (pthread_rwlock_init(&cache->shards[i].lock, NULL) != 0) {
            while (i-- > 0)
                pthread_rwlock_destroy(&cache->shards[i].lock);
            free(cache);
            return error_no_memory(err, "the map of pointers");
        }
    }
    *ret_cache = cache;
    return true;
}

void pointer_cache_destroy(struct pointer_cache *cache)
{
    if (!cache)
        return;
    for (size_t i = 0; i < SHARD_COUNT; i++) {
        struct cache_shard *shard = &cache->shards[i];
        while (shard->oldest)
            shard_unlink(shard, shard_find(shard, shard->oldest));
        pthread_rwlock_destroy(&shard->lock);
    }
    free(cache);
}

uint64_t pointer_cache_sequence(const struct pointer_cache *cache)
{
    return atomic_load(&cache->sequence);
}

/* Copies a row out; false where the arena is full. */
static bool row_copy(const struct entity_row *row, struct arena *arena, struct entity_row *ret_row)
{
    struct entity_row copy = *row;
    copy.namespace_path = arena_slice(arena, row->namespace_path);
    copy.name = arena_slice(arena, row->name);
    copy.uuid = arena_slice(arena, row->uuid);
    copy.location = arena_slice(arena, row->location);
    copy.metadata_location = arena_slice(arena, row->metadata_location);
    if (!copy.namespace_path.ptr || !copy.name.ptr || !copy.uuid.ptr || !copy.location.ptr ||
        !copy.metadata_location.ptr)
        return false;
    *ret_row = copy;
    return true;
}

bool pointer_cache_find(struct pointer_cache *cache, int64_t warehouse_id,
                        struct slice namespace_path, struct slice name, struct arena *arena,
                        struct entity_row *ret_row)
{
    uint64_t hash = hash_key(warehouse_id, namespace_path, name);
    struct cache_shard *shard = shard_of(cache, hash);
    bool found = false;
    pthread_rwlock_rdlock(&shard->lock);
    struct cache_entry *entry = *bucket_of(shard, hash);
    while (entry && !entry_matches(entry, hash, warehouse_id, namespace_path, name))
        entry = entry->next;
    if (entry) {
        /* Read first: a store that changes nothing would still take the line from other cores. */
        if (!atomic_load_explicit(&entry->was_found, memory_order_relaxed))
            atomic_store_explicit(&entry->was_found, true, memory_order_relaxed);
        found = row_copy(&entry->row, arena, ret_row);
    }
    pthread_rwlock_unlock(&shard->lock);
    return found;
}

void pointer_cache_offer(struct pointer_cache *cache, const struct entity_row *row,
                         uint64_t sequence)
{
    struct cache_entry *entry;
    if (!cache_entry_create(row, false, &entry, NULL))
        return;
    struct cache_shard *shard = shard_of(cache, entry->hash);
    pthread_rwlock_wrlock(&shard->lock);
    bool is_wanted = shard->changed <= sequence && *shard_find(shard, entry) == NULL;
    if (is_wanted)
        shard_insert(shard, entry);
    pthread_rwlock_unlock(&shard->lock);
    if (!is_wanted)
        free(entry);
}

/* Under the lock of its shard, which a listing does not have. */
static void commit_entry(struct pointer_cache *cache, struct cache_entry *entry, uint64_t sequence)
{
    if (entry->is_listing) {
        atomic_fetch_add(&cache->listings[entry->hash % LISTING_COUNT], 1);
        free(entry);
        return;
    }
    struct cache_shard *shard = shard_of(cache, entry->hash);
    shard->changed = sequence;
    shard_remove(shard, entry);
    if (entry->is_forgotten)
        free(entry);
    else
        shard_insert(shard, entry);
}

/* A bit for each shard that the chain changes. */
static uint64_t shards_of(struct pointer_cache *cache, const struct cache_entry *first)
{
    uint64_t shards = 0;
    for (const struct cache_entry *entry = first; entry; entry = entry->next)
        if (!entry->is_listing)
            shards |= UINT64_C(1) << (shard_of(cache, entry->hash) - cache->shards);
    return shards;
}

void pointer_cache_commit(struct pointer_cache *cache, struct cache_entry *first)
{
    uint64_t shards = shards_of(cache, first);
    for (size_t i = 0; i < SHARD_COUNT; i++)
        if (shards >> i & 1)
            pthread_rwlock_wrlock(&cache->shards[i].lock);
    uint64_t sequence = atomic_fetch_add(&cache->sequence, 1) + 1;
    while (first) {
        struct cache_entry *next = first->next;
        commit_entry(cache, first, sequence);
        first = next;
    }
    for (size_t i = 0; i < SHARD_COUNT; i++)
        if (shards >> i & 1)
            pthread_rwlock_unlock(&cache->shards[i].lock);
}

/* --- beside the database ------------------------------------------------------------------ */

void pointer_cache_publish_begin(struct pointer_cache *cache)
{
    atomic_fetch_add(&cache->begun, 1);
}

void pointer_cache_publish_end(struct pointer_cache *cache, size_t count)
{
    atomic_fetch_add(&cache->ended, count);
}

/* Only who did not find a name here calls this, so that asking again is cheaper than a lock which
 * every commit would take. */
void pointer_cache_catch_up(struct pointer_cache *cache)
{
    uint64_t seen = atomic_load(&cache->begun);
    while (atomic_load(&cache->ended) < seen)
        blocking_sleep(CATCH_UP_PAUSE_NS);
}

uint64_t pointer_cache_listing_version(const struct pointer_cache *cache, int64_t warehouse_id,
                                       struct slice namespace_path)
{
    uint64_t hash = hash_key(warehouse_id, namespace_path, SLICE_EMPTY);
    return atomic_load(&cache->listings[hash % LISTING_COUNT]);
}

static size_t sum(struct pointer_cache *cache, bool of_sizes)
{
    size_t total = 0;
    for (size_t i = 0; i < SHARD_COUNT; i++) {
        pthread_rwlock_rdlock(&cache->shards[i].lock);
        total += of_sizes ? cache->shards[i].size : cache->shards[i].count;
        pthread_rwlock_unlock(&cache->shards[i].lock);
    }
    return total;
}

size_t pointer_cache_count(struct pointer_cache *cache)
{
    return sum(cache, false);
}

size_t pointer_cache_size(struct pointer_cache *cache)
{
    return sum(cache, true);
}
