/*
 * delete_index_map.h — delete files under keys (a path, a partition), those of one key by their
 * role and in the order of their sequence numbers.
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

/* What a delete file is to the data files that have its key. */
enum delete_role { DELETE_EQUALITY, DELETE_POSITION, DELETE_VECTOR, DELETE_ROLES };

struct delete_member {
    int64_t sequence; /* applies to data files of this sequence number and below */
    uint32_t file;
    uint32_t partition; /* whatever who fills the map takes it for */
};

struct delete_group {
    uint64_t hash;
    struct slice key;
    uint32_t starts[DELETE_ROLES + 1]; /* by role, in the map's members; and where they end */
};

/* A member before the map is sealed. */
struct delete_item {
    uint64_t hash;
    struct slice key;
    struct delete_member member;
    enum delete_role role;
};

struct delete_map {
    struct delete_item *items; /* NULL once sealed */
    size_t capacity;
    size_t count;
    struct delete_member *members; /* by group, then by role, then by sequence, then by file */
    struct delete_group *groups;   /* ascending by hash, then by key */
    size_t group_count;
    uint32_t *starts; /* by the first `bits` bits of a hash: the first group; one more at the end */
    unsigned bits;
    uint64_t *filter; /* a bit for each value of the first bits of a hash, four more than `bits`:
                       * 1 where a group may have it */
};

/* Room for `count` more in one step. */
bool delete_map_reserve(struct delete_map *map, size_t count, struct error *err);
bool delete_map_add(struct delete_map *map, const struct delete_item *item, struct error *err);
bool delete_map_seal(struct delete_map *map, struct error *err);
void delete_map_finish(struct delete_map *map);
size_t delete_map_size(const struct delete_map *map); /* bytes of memory */

/* The group whose key is the two texts one behind the other; NULL where there is none. */
const struct delete_group *delete_map_find(const struct delete_map *map, uint64_t hash,
                                           struct slice first, struct slice second);

#define DELETE_FILTER_BITS 4

/* False where no key has that hash, for 15 in 16 of those: it looks at a bit for each of sixteen
 * keys' places, which stay in a core's caches where the groups of many delete files do not. */
static inline bool delete_map_may_have(const struct delete_map *map, uint64_t hash)
{
    if (map->group_count == 0)
        return false;
    uint64_t place = hash >> (64 - map->bits - DELETE_FILTER_BITS);
    return (map->filter[place / 64] >> (place % 64) & 1) != 0;
}

/* Steps of a look-up that will follow, each a fetch from memory ahead of its use, and each only to
 * be taken some time after the one before. There are groups. */
static inline void delete_map_fetch_start(const struct delete_map *map, uint64_t hash)
{
    __builtin_prefetch(&map->starts[hash >> (64 - map->bits)]);
}
void delete_map_fetch_group(const struct delete_map *map, uint64_t hash);
void delete_map_fetch_key(const struct delete_map *map, uint64_t hash);

struct delete_members {
    const struct delete_member *items;
    size_t count;
};

static inline struct delete_members delete_map_members(const struct delete_map *map,
                                                       const struct delete_group *group,
                                                       enum delete_role role)
{
    return (struct delete_members){map->members + group->starts[role],
                                   group->starts[role + 1] - group->starts[role]};
}

/* Those that apply to a data file of that sequence number. */
struct delete_members delete_members_from(struct delete_members members, int64_t data_sequence);

#endif
