/*
 * pointer_cache.h — pointers of tables and views in memory, so that a load needs no system call.
 *
 * Owns:     its entries; the strings that it hands out are copies in the caller's arena
 * Errors:   a row that finds no room or no memory is not kept, which is never an error
 * Threads:  every function from any thread; pointer_cache_commit from one at a time
 * Rule:     after pointer_cache_commit no find gives a row from before it, whatever readers that
 *           began earlier still offer, and the version of each listing that it changed is another
 */
#ifndef STORAGE_POINTER_CACHE_H
#define STORAGE_POINTER_CACHE_H

#include "storage/pointer_store.h"

/* Bounds of all entries together. A row takes some 500 bytes: the pointers of 100,000 tables. */
#define POINTER_CACHE_MAX_ENTRIES 100000
#define POINTER_CACHE_MAX_BYTES ((size_t)64 * 1024 * 1024)

struct pointer_cache;
struct cache_entry;

bool pointer_cache_create(struct pointer_cache **ret_cache, struct error *err);
void pointer_cache_destroy(struct pointer_cache *cache); /* NULL is fine */

/* The number of the newest commit: noted before a read begins, for pointer_cache_offer. */
uint64_t pointer_cache_sequence(const struct pointer_cache *cache);

bool pointer_cache_find(struct pointer_cache *cache, int64_t warehouse_id,
                        struct slice namespace_path, struct slice name, struct arena *arena,
                        struct entity_row *ret_row);

/* A row that a reader found, whose snapshot began when the sequence was `sequence` or later. */
void pointer_cache_offer(struct pointer_cache *cache, const struct entity_row *row,
                         uint64_t sequence);

/* What a transaction changes: made while it runs, so that nothing can fail after it has committed.
 * A forgotten row's entry needs only the name (warehouse_id, namespace_path, name). */
bool cache_entry_create(const struct entity_row *row, bool is_forgotten,
                        struct cache_entry **ret_entry, struct error *err);
/* What a transaction changes as well: which names a namespace holds, or whether it is there. */
bool cache_listing_create(int64_t warehouse_id, struct slice namespace_path,
                          struct cache_entry **ret_entry, struct error *err);
/* Puts `entry` at the end of a chain that begins at *first. */
void cache_entry_chain(struct cache_entry **first, struct cache_entry *entry);
void cache_entries_destroy(struct cache_entry *first);
/* Every entry of the chain only forgets: for a commit of unknown outcome. */
void cache_entries_forget(struct cache_entry *first);

/* Around a COMMIT in SQLite and what is then told here: meanwhile a view may show more than this
 * map does. Others may begin before the first has ended; they end in order, `count` at a time. */
void pointer_cache_publish_begin(struct pointer_cache *cache);
void pointer_cache_publish_end(struct pointer_cache *cache, size_t count);
/* Waits until this map shows all that a view may have shown which was begun before the call. */
void pointer_cache_catch_up(struct pointer_cache *cache);

/* Takes the chain of a committed transaction, in order. */
void pointer_cache_commit(struct pointer_cache *cache, struct cache_entry *first);

/* See pointer_store_listing_version. */
uint64_t pointer_cache_listing_version(const struct pointer_cache *cache, int64_t warehouse_id,
                                       struct slice namespace_path);

size_t pointer_cache_count(struct pointer_cache *cache);
size_t pointer_cache_size(struct pointer_cache *cache);

#endif
