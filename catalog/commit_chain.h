/*
 * commit_chain.h — commits to one table that follow each other before the first is durable.
 *
 * A commit whose job is on its way to the database leaves its result here, as the table's tip. The
 * next commit is checked against the tip and applied to it, and its job is queued behind; the
 * database runs both in one transaction, and one sync pays for them. Where the first fails, the
 * second's compare-and-swap fails too, and it begins again from what is stored.
 *
 * What is decided on a tip (a requirement that does not hold, a commit that changes nothing) counts
 * only where that tip becomes durable: commit_tip_is_durable waits for it.
 *
 * Owns:     tips, shared by reference count
 * Threads:  any; one mutex, which is a leaf
 */
#ifndef CATALOG_COMMIT_CHAIN_H
#define CATALOG_COMMIT_CHAIN_H

#include "catalog/catalog.h"
#include "iceberg/table_metadata.h"

struct commit_chain;
struct commit_tip;

bool commit_chain_create(struct commit_chain **ret_chain, struct error *err);
void commit_chain_destroy(struct commit_chain *chain); /* NULL is fine */

/* The tip of the entity, or NULL; the caller owns the reference. */
struct commit_tip *commit_chain_find(struct commit_chain *chain, int64_t entity_id);

/* What the commit on its way stores; views, valid while the caller holds the tip. */
struct slice commit_tip_metadata_location(const struct commit_tip *tip);
struct slice commit_tip_location(const struct commit_tip *tip); /* canonical */
/* The caller owns the reference. */
struct table_metadata *commit_tip_metadata(const struct commit_tip *tip);

/* Makes a tip that its commit publishes once its job is queued, and ends when it knows the outcome.
 */
bool commit_tip_create(int64_t entity_id, struct slice metadata_location, struct slice location,
                       struct table_metadata *metadata, struct commit_tip **ret_tip,
                       struct error *err);
/* `base` is the tip that it was built on, NULL where that was what is stored. */
void commit_chain_publish(struct commit_chain *chain, struct commit_tip *tip,
                          const struct commit_tip *base);
/* Wakes those who wait for the tip. A later commit's tip stays, but for one that was built on a tip
 * which has failed. */
void commit_chain_end(struct commit_chain *chain, struct commit_tip *tip, bool is_durable);

/* Waits for the outcome. False: nothing that was read from the tip counts. */
bool commit_tip_is_durable(struct commit_chain *chain, struct commit_tip *tip);
void commit_tip_unref(struct commit_chain *chain, struct commit_tip *tip); /* NULL is fine */

#endif
