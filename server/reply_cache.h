/*
 * reply_cache.h — answers that are kept: loads, lists, the config.
 *
 * An answer that can become stale has a version (struct reply), which whoever finds it compares;
 * the newer one takes its place.
 *
 * Owns:     the cache holds a reference to each; what is found is a reference of the caller's
 * Threads:  any
 */
#ifndef SERVER_REPLY_CACHE_H
#define SERVER_REPLY_CACHE_H

#include "base/cache.h"
#include "server/reply.h"

/* NULL where it is not there. */
struct reply *reply_cache_find(struct cache *cache, struct slice key);
/* What finds no room or no memory is not kept. */
void reply_cache_keep(struct cache *cache, struct slice key, struct reply *reply);

#endif
