/*
 * delete_index.h — which delete files apply to a data file.
 *
 * Spec:     table spec, "Scan Planning" (scope of delete files), "Delete Formats"
 * Owns:     a reference to the columns of every manifest whose entries were added; shared by
 *           reference count
 * Errors:   ERROR_CORRUPT: two deletion vectors for one data file, a vector or a path's position
 *           deletes of another partition, a vector older than its file, an entry of content "data"
 * Threads:  one thread adds and seals; sealed it is immutable, and each thread that matches has a
 *           matcher of its own
 * Rule:     position deletes apply at the data file's sequence number and above, equality deletes
 *           only above; a deletion vector replaces all position deletes of its file
 */
#ifndef SCAN_DELETE_INDEX_H
#define SCAN_DELETE_INDEX_H

#include "iceberg/partition_spec.h"
#include "scan/delete_index_equality.h"

/* "file_path" of position deletes: its bounds are needed to index them. */
#define DELETE_FILE_PATH_ID 2147483546

/* A live entry of a manifest: a data file to match, or a delete file to index. */
struct file_ref {
    struct manifest_columns *columns;
    size_t row;
    const struct partition_spec *spec; /* of the manifest; must outlive the index */
    int64_t sequence;                  /* data sequence number, inherited or written */
};

struct delete_index;

/* `fields`, ascending by id, are the columns of all schemas of the table; a column that is not
 * there prunes nothing. They must outlive the index. */
bool delete_index_create(const struct delete_field *fields, size_t field_count,
                         struct delete_index **ret_index, struct error *err);
struct delete_index *delete_index_ref(struct delete_index *index);
void delete_index_unref(struct delete_index *index); /* NULL is fine */

/* Position deletes need the bounds of DELETE_FILE_PATH_ID in their columns, equality deletes the
 * statistics of their fields: what is missing is taken for unknown. Files are numbered from 0 in
 * the order of adding. */
bool delete_index_add(struct delete_index *index, const struct file_ref *file, struct error *err);
bool delete_index_seal(struct delete_index *index, struct error *err);

size_t delete_index_count(const struct delete_index *index);
const struct file_ref *delete_index_file(const struct delete_index *index, size_t number);
size_t delete_index_size(const struct delete_index *index); /* bytes, without the columns */

/* The columns that equality deletes name, ascending: statistics of them are needed in the columns
 * of data files. Valid as long as the index. */
const int32_t *delete_index_equality_ids(const struct delete_index *index, size_t *ret_count);

struct delete_matcher;

bool delete_matcher_create(const struct delete_index *index, struct delete_matcher **ret_matcher,
                           struct error *err);
void delete_matcher_destroy(struct delete_matcher *matcher); /* NULL is fine */

/* The numbers of the delete files that apply, each once: a view, valid until the next call. */
bool delete_matcher_match(struct delete_matcher *matcher, const struct file_ref *data,
                          const uint32_t **ret_files, size_t *ret_count, struct error *err);

#endif
