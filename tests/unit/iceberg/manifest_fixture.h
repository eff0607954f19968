/*
 * manifest_fixture.h — manifests and manifest lists of any shape, made for tests.
 *
 * Owns:     the results are the caller's buffers, which fixture_… initialises
 */
#ifndef TESTS_UNIT_ICEBERG_MANIFEST_FIXTURE_H
#define TESTS_UNIT_ICEBERG_MANIFEST_FIXTURE_H

#include "base/buffer.h"
#include "iceberg/manifest_list.h"

/* One entry of a list. Zeroes are a data manifest that adds nothing. */
struct fixture_entry {
    const char *path;
    int content;
    int64_t sequence_number;
    int64_t snapshot_id;
    int64_t added_files, existing_files, deleted_files;
    int64_t added_rows;
    int64_t first_row_id; /* v3; negative: null */
    int32_t spec_id;
};

struct fixture_list {
    int format_version;    /* 1, 2 or 3: which fields the schema has */
    bool has_future_field; /* field 9999, a string: "future of <path>" */
    bool is_renamed;       /* names and order of another writer, and all of its unions reversed */
    bool is_plain;         /* codec null instead of deflate */
    const struct fixture_entry *entries;
    size_t count;
};

void fixture_list_make(const struct fixture_list *list, struct buffer *out);

/* One entry of a manifest. Zeroes are a data file of no rows, EXISTING. */
struct fixture_file {
    int status;                                         /* 0 existing, 1 added, 2 deleted */
    int64_t snapshot_id, sequence_number, first_row_id; /* negative: null */
    int content;
    int64_t rows; /* negative: null */
};

#define FIXTURE_ADDED(row_count)                                                   \
    {                                                                              \
        .status = 1, .snapshot_id = -1, .sequence_number = -1, .first_row_id = -1, \
        .rows = (row_count)                                                        \
    }

void fixture_manifest_make(const struct fixture_file *files, size_t count, struct buffer *out);

#endif
