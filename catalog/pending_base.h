/*
 * pending_base.h — metadata files that the database carries whole, for the next ones of the same
 * table to be packed like.
 *
 * A table's metadata is much like the one before: all but an entry of the metadata log and what the
 * commit has changed. Packed like that one it is a tenth as large as by itself, and so is what
 * the log of the database takes for it, a sync and a checkpoint write, and its removal later costs.
 * What is packed like another file needs that one's row (pointer_pending_add_like): the database
 * keeps both or neither. That is never another table's, also where tables share a directory: the
 * purge of a table takes all rows of its files away.
 *
 * Owns:     struct pending_bases, and a copy of each base's bytes, as long as it is referred to
 * Threads:  any
 */
#ifndef CATALOG_PENDING_BASE_H
#define CATALOG_PENDING_BASE_H

#include "base/error.h"
#include "base/pack_like.h"

struct pending_bases;
struct pending_base;

bool pending_bases_create(struct pending_bases **ret_bases, struct error *err);
/* NULL is fine. Nobody else has a reference any more. */
void pending_bases_destroy(struct pending_bases *bases);

/* What a new file of the table is to be packed like: a reference. NULL: it is packed by itself, and
 * then had better become a base. */
struct pending_base *pending_bases_find(struct pending_bases *bases, struct slice table_uuid);

/* A copy of a file's bytes, with one reference. NULL where it is not worth it: too short, too many
 * already, no memory. */
struct pending_base *pending_base_create(struct pending_bases *bases, struct slice table_uuid,
                                         struct slice bytes);
struct pending_base *pending_base_ref(struct pending_base *base);
void pending_base_unref(struct pending_base *base); /* NULL is fine */

/* The file is carried as row `id`: the next ones may be packed like it. */
void pending_base_offer(struct pending_base *base, int64_t id);
/* From now on no file is packed like it. */
void pending_base_withdraw(struct pending_base *base);

int64_t pending_base_id(const struct pending_base *base);
const struct pack_base *pending_base_bytes(const struct pending_base *base);
/* How often it was found. */
size_t pending_base_uses(const struct pending_base *base);

#endif
