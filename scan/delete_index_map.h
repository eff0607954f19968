/*
 * delete_index_map.h — delete files under keys (a path, a partition), those of one key in the order
 * of their sequence numbers.
 *
 * Groups stand in the order of their key's hash, and a table of the hash's first bits says where to
 * begin: a look-up is one step in the mean, and a binary search over texts at worst, so that chosen
 * names cannot slow it down.
 *
 * Owns:     its arrays; keys are views that must outlive it
 * Errors:   ERROR_NO_MEMORY
 * Threads:  immutable once sealed
 */
#ifndef SCAN_DELETE_INDEX_MAP_H
#define SCAN_DELETE_INDEX_MAP_H

#include "base/error.h"
#include "base/slice.h"

struct delete_member {
    uint64_t hash;
    struct slice key;
    int64_t sequence; /* applies to data files of this sequence number and below */
    uint32_t file;
};

struct delete_group {
    uint64_t hash;
    struct slice key;
    const struct delete_member *members; /* ascending by sequence, then by file */
    size_t count;
};

struct delete_map {
    struct delete_member *members;
    size_t count;
    size_t capacity;
    struct delete_group *groups; /* ascending by hash, then by key */
    size_t group_count;
    uint32_t *starts; /* by the first `bits` bits of a hash: the first group; one more at the end */
    unsigned bits;
};

uint64_t delete_map_hash(struct slice key);

bool delete_map_add(struct delete_map *map, struct slice key, int64_t sequence, uint32_t file,
                    struct error *err);
bool delete_map_seal(struct delete_map *map, struct error *err);
void delete_map_finish(struct delete_map *map);
size_t delete_map_size(const struct delete_map *map); /* bytes of memory */

/* NULL where the key is not there. `hash` is delete_map_hash of the key, which several maps may be
 * asked for. */
const struct delete_group *delete_map_find(const struct delete_map *map, struct slice key,
                                           uint64_t hash);
/* The first member that applies to a data file of that sequence number, and all behind it do. */
size_t delete_group_start(const struct delete_group *group, int64_t data_sequence);

#endif
