#include "catalog/inflight.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>

#include "base/blocking.h"
#include "base/limits.h"
#include "base/timed_wait.h"

/* A key is held by one worker, so the list is never longer than there are workers: a scan will do.
 */
struct inflight_key {
    struct inflight_key *next;
    size_t size;
    char text[MAX_IDEMPOTENCY_KEY_SIZE];
};

struct inflight_keys {
    pthread_mutex_t mutex;
    pthread_cond_t given;
    struct inflight_key *first;
};

bool inflight_keys_create(struct inflight_keys **ret_keys, struct error *err)
{
    struct inflight_keys *keys = calloc(1, sizeof(*keys));
    if (keys == NULL)
        return error_no_memory(err, "the idempotency keys");
    pthread_mutex_init(&keys->mutex, NULL);
    timed_wait_init(&keys->given);
    *ret_keys = keys;
    return true;
}

void inflight_keys_destroy(struct inflight_keys *keys)
{
    if (keys == NULL)
        return;
    while (keys->first) {
        struct inflight_key *next = keys->first->next;
        free(keys->first);
        keys->first = next;
    }
    pthread_cond_destroy(&keys->given);
    pthread_mutex_destroy(&keys->mutex);
    free(keys);
}

/* Where the link to that key is; *link is NULL where it is not held. */
static struct inflight_key **find_link(struct inflight_keys *keys, struct slice key)
{
    struct inflight_key **link = &keys->first;
    while (*link && !slice_equals(slice_make((*link)->text, (*link)->size), key))
        link = &(*link)->next;
    return link;
}

static bool wait_until_free(struct inflight_keys *keys, struct slice key, int64_t wait_ms)
{
    struct timespec until = timed_wait_deadline(wait_ms);
    while (*find_link(keys, key))
        if (blocking_wait_until(&keys->given, &keys->mutex, &until) == ETIMEDOUT)
            return *find_link(keys, key) == NULL;
    return true;
}

bool inflight_keys_take(struct inflight_keys *keys, struct slice key, int64_t wait_ms,
                        struct error *err)
{
    if (key.len > MAX_IDEMPOTENCY_KEY_SIZE)
        return error_set(err, ERROR_BAD_REQUEST, "The Idempotency-Key is longer than %d bytes",
                         MAX_IDEMPOTENCY_KEY_SIZE);
    struct inflight_key *item = calloc(1, sizeof(*item));
    if (item == NULL)
        return error_no_memory(err, "the idempotency key");
    memcpy(item->text, key.ptr, key.len);
    item->size = key.len;

    pthread_mutex_lock(&keys->mutex);
    bool ok = wait_until_free(keys, key, wait_ms);
    if (ok) {
        item->next = keys->first;
        keys->first = item;
    }
    pthread_mutex_unlock(&keys->mutex);
    if (ok)
        return true;
    free(item);
    return error_set(err, ERROR_OVERLOADED,
                     "A request with the same Idempotency-Key is still running: ask again");
}

void inflight_keys_give(struct inflight_keys *keys, struct slice key)
{
    pthread_mutex_lock(&keys->mutex);
    struct inflight_key **link = find_link(keys, key);
    struct inflight_key *item = *link;
    if (item)
        *link = item->next;
    pthread_cond_broadcast(&keys->given);
    pthread_mutex_unlock(&keys->mutex);
    free(item);
}
