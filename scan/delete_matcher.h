/*
 * delete_matcher.h — which files of a delete index apply to a data file.
 *
 * Spec:     table spec, "Scan Planning" (scope of delete files)
 * Owns:     scratch memory; borrows the index, and columns while their manifest is open
 * Errors:   ERROR_CORRUPT: a vector or a path's position deletes of another partition, a vector
 *           older than its file
 * Threads:  one thread at a time; the index is shared
 */
#ifndef SCAN_DELETE_MATCHER_H
#define SCAN_DELETE_MATCHER_H

#include "scan/delete_index.h"

struct delete_matcher;

/* `kept` has 1 for the files that the filter leaves, and 0 for those that are as if they were not
 * there; NULL stands for all. It must outlive the matcher. */
bool delete_matcher_create(const struct delete_index *index, const uint8_t *kept,
                           struct delete_matcher **ret_matcher, struct error *err);
void delete_matcher_destroy(struct delete_matcher *matcher); /* NULL is fine */

/* The manifest whose data files are matched next. */
bool delete_matcher_open(struct delete_matcher *matcher, const struct manifest_columns *columns,
                         const struct partition_spec *spec, struct error *err);

/* Rows that are matched next, up to DELETE_BATCH of them from `first` on: those with 1 in the mask.
 * To be told makes their look-ups faster, as the memory that they need is fetched together. */
#define DELETE_BATCH 256
void delete_matcher_expect(struct delete_matcher *matcher, size_t first, size_t count,
                           const uint8_t *mask);

/* The numbers of the delete files that apply to the data file of that row and sequence number, each
 * once: a view, valid until the next call. */
bool delete_matcher_match(struct delete_matcher *matcher, size_t row, int64_t sequence,
                          const uint32_t **ret_files, size_t *ret_count, struct error *err);

#endif
