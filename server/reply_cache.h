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
/* Before anyone else has it. What finds no room or no memory is not kept. From here on it may be
 * sent in other codings, and says so (Vary). */
void reply_cache_keep(struct cache *cache, struct slice key, struct reply *reply);
/* Keeps a coded form with a reply, and counts its bytes; `coded` is borrowed. Nothing happens where
 * the two would not fit together. One thread at a time for each reply. */
void reply_cache_add_encoded(struct cache *cache, struct reply *reply, enum encoding encoding,
                             struct reply *coded);
/* Is there room for the reply and a coded form of it that is `percent` of its size? */
bool reply_cache_admits(const struct cache *cache, const struct reply *reply, size_t percent);

#endif
