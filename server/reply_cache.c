#include "server/reply_cache.h"

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

void reply_cache_keep(struct cache *cache, struct slice key, struct reply *reply)
{
    cache_put(cache, key, reply, reply->body_size + REPLY_OVERHEAD, &reply_kind);
}
