/*
 * table_metadata_parts.h — the steps of table_metadata_parse, one for each kind of member.
 *
 * Owns:     what they read goes into the metadata's arena; on failure the caller drops it whole
 * Errors:   ERROR_BAD_REQUEST with the field that is missing or wrong
 * Rule:     each runs after members[] is filled and the format version is known
 */
#ifndef ICEBERG_TABLE_METADATA_PARTS_H
#define ICEBERG_TABLE_METADATA_PARTS_H

#include "iceberg/id_set.h"
#include "iceberg/metadata_fields.h"
#include "iceberg/table_metadata.h"

/* A top-level member as a field. */
struct metadata_field table_member_field(const struct table_metadata *metadata,
                                         enum table_member member);

/* Called for each element of a list. */
typedef bool (*table_element_fn)(void *context, struct slice element, struct error *err);
/* Visits an array member's elements; an absent one has none. */
bool table_member_each(const struct table_metadata *metadata, enum table_member member,
                       table_element_fn visit, void *context, struct error *err);
/* The same behind elements that were read before, of which `known` bytes are in the text. */
bool table_member_each_new(const struct table_metadata *metadata, enum table_member member,
                           size_t known, table_element_fn visit, void *context, struct error *err);

/* Of the text, what comes from between two places in the blob, with what is shared there: behind
 * `from`, up to and at `to`. */
void table_metadata_text_range(const struct table_metadata *metadata, size_t from, size_t to,
                               struct table_text *ret_text);
/* How many of its first snapshots and log entries are its origin's. */
size_t table_metadata_shared_snapshots(const struct table_metadata *metadata);
size_t table_metadata_shared_log(const struct table_metadata *metadata);

/* snapshots, snapshot-log, metadata-log (table_metadata_lists.c). */
bool table_metadata_read_lists(struct table_metadata *metadata, const struct table_copied *copied,
                               struct error *err);

/* schema(s), partition spec(s) with last-partition-id, sort orders with their current ids
 * (table_metadata_ids.c). */
bool table_metadata_read_ids(struct table_metadata *metadata, struct error *err);

/* refs, statistics, encryption keys, properties (table_metadata_checks.c); after the lists. */
bool table_metadata_check_rest(struct table_metadata *metadata, struct error *err);

#endif
