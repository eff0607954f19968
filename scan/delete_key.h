/*
 * delete_key.h — what delete files are looked up by: partitions and paths, and their hashes.
 *
 * A partition's key is the spec's id and the tuple's values in the order of the spec's fields, each
 * looked up by field id: two writers may have laid the tuple out differently.
 *
 * Threads:  pure functions
 */
#ifndef SCAN_DELETE_KEY_H
#define SCAN_DELETE_KEY_H

#include "base/buffer.h"
#include "iceberg/partition_spec.h"
#include "scan/manifest_columns.h"

uint64_t delete_key_hash(struct slice key);

/* Of a path in two pieces, wherever it is cut: of its length and its end, in which the names of one
 * table's files differ. Others' files of one hash are told apart by the whole path. */
uint64_t delete_path_hash(struct slice first, struct slice second);

/* The columns of a manifest's tuples in the order of the spec's fields, NULL where the manifest has
 * none; `ret_columns` has room for all. */
void delete_key_bind(const struct manifest_columns *columns, const struct partition_spec *spec,
                     const struct partition_column **ret_columns);

/* The key of a row's partition replaces what is in `out`. */
void delete_key_write(int32_t spec_id, const struct partition_column *const *columns, size_t count,
                      size_t row, struct buffer *out);

#endif
