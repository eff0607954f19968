#include "scan/delete_index_map.h"

#include <stdlib.h>

#define FIRST_MEMBERS ((size_t)64)
/* 64 bits of entropy in, 64 out: the constants are those of a well-known finaliser. */
#define MIX UINT64_C(0x9E3779B97F4A7C15)
#define MAX_BITS 24

static uint64_t mix(uint64_t state, uint64_t word)
{
    state = (state ^ word) * MIX;
    return state ^ (state >> 32);
}

uint64_t delete_map_hash(struct slice key)
{
    uint64_t state = key.len, word;
    size_t at = 0;
    for (; key.len - at >= sizeof(word); at += sizeof(word)) {
        memcpy(&word, key.ptr + at, sizeof(word));
        state = mix(state, word);
    }
    word = 0;
    if (key.len > at)
        memcpy(&word, key.ptr + at, key.len - at);
    return mix(mix(state, word), state >> 29);
}

bool delete_map_add(struct delete_map *map, struct slice key, int64_t sequence, uint32_t file,
                    struct error *err)
{
    if (map->count == map->capacity) {
        size_t capacity = map->capacity > 0 ? map->capacity * 2 : FIRST_MEMBERS;
        struct delete_member *members = realloc(map->members, capacity * sizeof(*members));
        if (!members)
            return error_no_memory(err, "the index of delete files");
        map->members = members;
        map->capacity = capacity;
    }
    map->members[map->count++] = (struct delete_member){delete_map_hash(key), key, sequence, file};
    return true;
}

static int compare_keys(uint64_t hash_a, struct slice a, uint64_t hash_b, struct slice b)
{
    if (hash_a != hash_b)
        return hash_a < hash_b ? -1 : 1;
    return slice_compare(a, b);
}

static int compare_members(const void *left, const void *right)
{
    const struct delete_member *a = left, *b = right;
    int order = compare_keys(a->hash, a->key, b->hash, b->key);
    if (order != 0)
        return order;
    if (a->sequence != b->sequence)
        return a->sequence < b->sequence ? -1 : 1;
    return (a->file > b->file) - (a->file < b->file);
}

static bool same_key(const struct delete_member *a, const struct delete_member *b)
{
    return a->hash == b->hash && slice_equals(a->key, b->key);
}

static void groups_fill(struct delete_map *map)
{
    for (size_t i = 0; i < map->count; i++) {
        const struct delete_member *member = &map->members[i];
        if (i == 0 || !same_key(member, member - 1))
            map->groups[map->group_count++] =
                (struct delete_group){member->hash, member->key, member, 0};
        map->groups[map->group_count - 1].count++;
    }
}

/* starts[p] is the first group whose hash begins with p or more. */
static void starts_fill(struct delete_map *map)
{
    size_t prefix = 0, prefixes = (size_t)1 << map->bits;
    for (size_t i = 0; i < map->group_count; i++) {
        size_t own = (size_t)(map->groups[i].hash >> (64 - map->bits));
        for (; prefix <= own; prefix++)
            map->starts[prefix] = (uint32_t)i;
    }
    for (; prefix <= prefixes; prefix++)
        map->starts[prefix] = (uint32_t)map->group_count;
}

bool delete_map_seal(struct delete_map *map, struct error *err)
{
    if (map->count == 0)
        return true;
    qsort(map->members, map->count, sizeof(*map->members), compare_members);
    for (map->bits = 1; map->bits < MAX_BITS && map->count >> map->bits != 0;)
        map->bits++;
    map->groups = malloc(map->count * sizeof(*map->groups));
    map->starts = malloc((((size_t)1 << map->bits) + 1) * sizeof(*map->starts));
    if (!map->groups || !map->starts)
        return error_no_memory(err, "the index of delete files");
    groups_fill(map);
    starts_fill(map);
    return true;
}

void delete_map_finish(struct delete_map *map)
{
    free(map->members);
    free(map->groups);
    free(map->starts);
    *map = (struct delete_map){.members = NULL};
}

size_t delete_map_size(const struct delete_map *map)
{
    size_t starts = map->starts ? (((size_t)1 << map->bits) + 1) * sizeof(*map->starts) : 0;
    size_t groups = map->groups ? map->count * sizeof(*map->groups) : 0;
    return map->capacity * sizeof(*map->members) + groups + starts;
}

const struct delete_group *delete_map_find(const struct delete_map *map, struct slice key,
                                           uint64_t hash)
{
    if (map->group_count == 0)
        return NULL;
    size_t prefix = (size_t)(hash >> (64 - map->bits));
    size_t low = map->starts[prefix], high = map->starts[prefix + 1];
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        const struct delete_group *group = &map->groups[middle];
        int order = compare_keys(group->hash, group->key, hash, key);
        if (order == 0)
            return group;
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return NULL;
}

size_t delete_group_start(const struct delete_group *group, int64_t data_sequence)
{
    size_t low = 0, high = group->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (group->members[middle].sequence < data_sequence)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}
