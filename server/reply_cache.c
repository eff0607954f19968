#include "server/reply_cache.h"

#include <stdlib.h>

#include "base/limits.h"

/* What a kept reply takes beside its body. */
#define REPLY_OVERHEAD (1 * KIB)

static void kept_ref(void *value)
{
    reply_ref(value);
}

static void kept_unref(void *value)
{
    reply_unref(value);
}

static const struct cache_kind reply_kind = {"replies", kept_ref, kept_unref};

struct reply *reply_cache_find(struct cache *cache, struct slice key)
{
    return cache_get(cache, key);
}

static struct slice key_of(const struct reply *reply)
{
    return (struct slice){reply->kept_key, reply->kept_key_size};
}

/* With its coded forms. */
static size_t size_of(const struct reply *reply)
{
    size_t size = reply->body_size + reply->kept_key_size + REPLY_OVERHEAD;
    for (size_t i = 0; i < ENCODING_COUNT; i++) {
        const struct reply *coded = atomic_load(&reply->encoded[i]);
        if (coded)
            size += coded->body_size + REPLY_OVERHEAD;
    }
    return size;
}

void reply_cache_keep(struct cache *cache, struct slice key, struct reply *reply)
{
    if (!reply_add_vary(reply, NULL))
        return;
    reply->kept_key = malloc(key.len);
    if (reply->kept_key == NULL)
        return;
    memcpy(reply->kept_key, key.ptr, key.len);
    reply->kept_key_size = key.len;
    cache_put(cache, key, reply, size_of(reply), &reply_kind);
}

void reply_cache_add_encoded(struct cache *cache, struct reply *reply, enum encoding encoding,
                             struct reply *coded)
{
    if (reply->kept_key == NULL ||
        !cache_admits(cache, key_of(reply), size_of(reply) + coded->body_size + REPLY_OVERHEAD))
        return;
    atomic_store(&reply->encoded[encoding], reply_ref(coded));
    /* Again, with its new size. What was evicted meanwhile comes back: it is in use. */
    cache_put(cache, key_of(reply), reply, size_of(reply), &reply_kind);
}

bool reply_cache_admits(const struct cache *cache, const struct reply *reply, size_t percent)
{
    size_t coded = reply->body_size / 100 * percent + REPLY_OVERHEAD;
    return reply->kept_key && cache_admits(cache, key_of(reply), size_of(reply) + coded);
}
