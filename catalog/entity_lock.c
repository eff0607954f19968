#include "catalog/entity_lock.h"

#include <pthread.h>
#include <stdlib.h>

#include "base/blocking.h"
#include "base/hash.h"

/* More than the workers of any sane server, so that two busy tables seldom share one. */
#define ENTITY_LOCK_COUNT 256

struct entity_locks {
    pthread_mutex_t mutexes[ENTITY_LOCK_COUNT];
};

bool entity_locks_create(struct entity_locks **ret_locks, struct error *err)
{
    struct entity_locks *locks = calloc(1, sizeof(*locks));
    if (locks == NULL)
        return error_no_memory(err, "the entity locks");
    for (size_t i = 0; i < ENTITY_LOCK_COUNT; i++)
        pthread_mutex_init(&locks->mutexes[i], NULL);
    *ret_locks = locks;
    return true;
}

void entity_locks_destroy(struct entity_locks *locks)
{
    if (locks == NULL)
        return;
    for (size_t i = 0; i < ENTITY_LOCK_COUNT; i++)
        pthread_mutex_destroy(&locks->mutexes[i]);
    free(locks);
}

static size_t lock_index(int64_t warehouse_id, const struct entity_name *name)
{
    uint64_t hash = hash_bytes(HASH_BEGIN ^ (uint64_t)warehouse_id, name->namespace_path);
    return hash_end(hash_bytes(hash, name->name)) % ENTITY_LOCK_COUNT;
}

static bool is_held(const struct entity_hold *hold, size_t index)
{
    return (hold->bits[index / 64] >> (index % 64)) & 1;
}

void entity_locks_take(struct entity_locks *locks, int64_t warehouse_id,
                       const struct entity_name *names, size_t count, struct entity_hold *ret_hold)
{
    struct entity_hold hold = {{0}};
    for (size_t i = 0; i < count; i++) {
        size_t index = lock_index(warehouse_id, &names[i]);
        hold.bits[index / 64] |= (uint64_t)1 << (index % 64);
    }
    for (size_t i = 0; i < ENTITY_LOCK_COUNT; i++)
        if (is_held(&hold, i))
            blocking_lock(&locks->mutexes[i]);
    *ret_hold = hold;
}

void entity_locks_give(struct entity_locks *locks, const struct entity_hold *hold)
{
    for (size_t i = ENTITY_LOCK_COUNT; i-- > 0;)
        if (is_held(hold, i))
            pthread_mutex_unlock(&locks->mutexes[i]);
}
