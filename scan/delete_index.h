/*
 * delete_index.h — the delete files of a set of manifests, by what they apply to.
 *
 * An index is a value of its manifests: it owns all that it needs, so that it can be kept in the
 * cache and serve many plans. What a plan's filter rules out is told at each look-up
 * (scan/delete_matcher.h).
 *
 * Spec:     table spec, "Scan Planning" (scope of delete files), "Delete Formats"
 * Owns:     a reference to the columns of every manifest that was opened, and copies of the types
 *           of the table's columns; shared by reference count
 * Errors:   ERROR_CORRUPT: two deletion vectors for one data file, a vector without one, an entry
 *           of content "data"
 * Threads:  one thread builds and seals; sealed it is immutable, and read by any
 * Rule:     position deletes apply at the data file's sequence number and above, equality deletes
 *           only above; a deletion vector replaces all position deletes of its file
 */
#ifndef SCAN_DELETE_INDEX_H
#define SCAN_DELETE_INDEX_H

#include "base/cache.h"
#include "iceberg/partition_spec.h"
#include "scan/delete_index_equality.h"

/* "file_path" of position deletes: its bounds are needed to index them. */
#define DELETE_FILE_PATH_ID 2147483546

struct delete_index;

/* `fields`, ascending by id, are the columns of all schemas of the table; a column that is not
 * there prunes nothing. They must outlive delete_index_seal. */
bool delete_index_create(const struct delete_field *fields, size_t field_count,
                         struct delete_index **ret_index, struct error *err);
struct delete_index *delete_index_ref(struct delete_index *index);
void delete_index_unref(struct delete_index *index); /* NULL is fine */

/* For cache_put: the value's size is delete_index_size. */
extern const struct cache_kind DELETE_INDEX_CACHE_KIND;

/* Begins a manifest, whose entries are added next. Position deletes need the bounds of
 * DELETE_FILE_PATH_ID in its columns, equality deletes the statistics of their fields: what is
 * missing is taken for unknown. */
bool delete_index_open(struct delete_index *index, struct manifest_columns *columns,
                       const struct partition_spec *spec, struct error *err);
/* A live entry, with its data sequence number, inherited or written. Rows of a manifest come in
 * their order; files are numbered from 0 in the order of adding. */
bool delete_index_add(struct delete_index *index, size_t row, int64_t sequence, struct error *err);
bool delete_index_seal(struct delete_index *index, struct error *err);

size_t delete_index_count(const struct delete_index *index);
/* Bytes of memory, with the columns: they may be in no other place any more. */
size_t delete_index_size(const struct delete_index *index);

/* A delete file, valid as long as the index. */
struct delete_file {
    const struct manifest_columns *columns;
    size_t row;
    int32_t spec_id;
    int64_t sequence;
};
struct delete_file delete_index_file(const struct delete_index *index, size_t number);

/* Files from `first` up to but not with `end` are those of one manifest, in the order of their
 * rows. */
struct delete_part {
    const struct manifest_columns *columns;
    int32_t spec_id;
    size_t first;
    size_t end;
};
size_t delete_index_part_count(const struct delete_index *index);
struct delete_part delete_index_part(const struct delete_index *index, size_t number);

/* False where more than one deletion vector of a data file is left; `kept` has 1 for the files that
 * are, and NULL stands for all. */
bool delete_index_check_vectors(const struct delete_index *index, const uint8_t *kept,
                                struct error *err);

/* The columns that equality deletes name, ascending: statistics of them are needed in the columns
 * of data files. Valid as long as the index. */
const int32_t *delete_index_equality_ids(const struct delete_index *index, size_t *ret_count);

#endif
