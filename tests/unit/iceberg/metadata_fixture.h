/*
 * metadata_fixture.h — small table metadata to start from, and text with parts replaced.
 */
#ifndef TESTS_UNIT_ICEBERG_METADATA_FIXTURE_H
#define TESTS_UNIT_ICEBERG_METADATA_FIXTURE_H

#include "base/blob.h"

/* Version 1 in its oldest form, version 2 with three snapshots, of which `main` and a tag name two
 * (so one is history), and version 3 with row lineage. */
extern const char METADATA_V1[];
extern const char METADATA_V2[];
extern const char METADATA_V3[];
extern const char VIEW_METADATA[];

/* The text with the first `old` replaced (it must be there). Caller frees with blob_unref. */
struct blob *fixture_replace(const char *text, const char *old, const char *new);
struct blob *fixture_blob(const char *text);

/* A file's bytes, at most 1 MiB; the path is relative to the source folder. Caller frees. */
char *fixture_file(const char *path, size_t *ret_size);

#endif
