/*
 * delete_fixture.h — data and delete files as manifests of one file each.
 *
 * Owns:     the caller a reference to each file's columns
 */
#ifndef TESTS_UNIT_SCAN_DELETE_FIXTURE_H
#define TESTS_UNIT_SCAN_DELETE_FIXTURE_H

#include "scan/delete_index.h"
#include "scan/manifest_decoder.h"

#define SPEC_COUNT 4
#define PATH_COUNT 8

/* A file as a test sees it; what is not there is NONE or NULL. */
#define NONE INT64_MIN
struct made {
    enum file_content content;
    enum file_format format;
    int path; /* data file 0 to PATH_COUNT - 1; deletes have names of their own */
    int spec;
    int64_t day;  /* partition field 1000 */
    int64_t kind; /* partition field 1001: one letter */
    int64_t sequence;
    int64_t referenced;   /* a data file's number */
    bool has_path_bounds; /* of that data file, instead of referenced_data_file */
    unsigned equality;    /* bit 0: field 1, bit 1: field 2 */
    int64_t values[2];    /* of fields 1 and 2 */
    int64_t nulls[2];
    int64_t lower[2];
    int64_t upper[2];
};

extern const struct delete_field DELETE_FIELDS[2];
extern const struct partition_spec DELETE_SPECS[SPEC_COUNT];

/* The one entry of a manifest. */
struct file_ref {
    struct manifest_columns *columns;
    const struct partition_spec *spec;
    int64_t sequence;
};

/* `number` tells delete files apart; `is_turned`: the writer has the tuple the other way round. */
struct file_ref delete_fixture_file(struct manifest_decoder *decoder, const struct made *file,
                                    int number, bool is_turned);

#endif
