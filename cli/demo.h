/*
 * demo.h — the demo table's snapshot: its data files, manifest and manifest list, for one location.
 *
 * Spec:     table spec, "Manifests", "Manifest Lists" (format version 2), "Snapshots"
 * Owns:     nothing; texts live in the caller's arena
 * Errors:   ERROR_ALREADY_EXISTS and those of storage, for the first file that cannot be written
 * Rule:     files carry the snapshot's id in their names, so no attempt meets another's
 */
#ifndef CLI_DEMO_H
#define CLI_DEMO_H

#include <jansson.h>

#include "base/arena.h"
#include "storage/object_store.h"

struct demo {
    struct arena *arena;
    struct object_stores *objects;
    struct slice location;  /* of the table, without a slash at the end */
    const json_t *metadata; /* as createTable answered */
    int64_t snapshot_id;
    int64_t sequence_number;
    int64_t now_ms;
    int64_t records; /* set by demo_write, as is what follows */
    int64_t bytes;
    struct slice manifest_list;
};

/* Data files first, then the manifest, then the list: whoever sees one sees what it names. */
bool demo_write(struct demo *demo, struct error *err);
/* The body of the commit that makes the snapshot the table's first; NULL where memory is short. */
json_t *demo_commit(const struct demo *demo);

#endif
