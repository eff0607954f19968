/*
 * manifest.h — the paths that manifest lists and manifests name, read by avro-c.
 *
 * For purge, fsck and tests: correctness first. The planner has its own decoder.
 *
 * Spec:     table spec, "Manifest Lists", "Manifests"; fields are found by field id, then by name
 * Errors:   ERROR_CORRUPT with what is wrong in the Avro bytes
 */
#ifndef ICEBERG_MANIFEST_H
#define ICEBERG_MANIFEST_H

#include "base/error.h"
#include "base/slice.h"

/* Called for each path; returning false stops with the error that it set. The path is valid during
 * the call only. */
typedef bool (*manifest_path_fn)(void *context, struct slice path, struct error *err);

/* Every manifest_path of a manifest list's bytes. */
bool manifest_list_each(struct slice bytes, manifest_path_fn visit, void *context,
                        struct error *err);
/* Every file_path of a manifest's entries of any status and content (deletion vectors: the Puffin
 * file; the same path may come more than once). */
bool manifest_each_file(struct slice bytes, manifest_path_fn visit, void *context,
                        struct error *err);
/* The same without entries of status DELETED: their files may be gone, and nobody reads them. */
bool manifest_each_live_file(struct slice bytes, manifest_path_fn visit, void *context,
                             struct error *err);

#endif
