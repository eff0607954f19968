#include "scan/delete_index_map.h"

#include <stdlib.h>

#define FIRST_ITEMS ((size_t)64)
#define MAX_BITS 24

bool delete_map_reserve(struct delete_map *map, size_t count, struct error *err)
{
    if (count <= map->capacity - map->count)
        return true;
    size_t capacity = map->capacity > 0 ? map->capacity * 2 : FIRST_ITEMS;
    if (capacity < map->count + count)
        capacity = map->count + count;
    struct delete_item *items = realloc(map->items, capacity * sizeof(*items));
    if (!items)
        return error_no_memory(err, "the index of delete files");
    map->items = items;
    map->capacity = capacity;
    return true;
}

bool delete_map_add(struct delete_map *map, const struct delete_item *item, struct error *err)
{
    TRY(delete_map_reserve(map, 1, err));
    map->items[map->count++] = *item;
    return true;
}

/* --- order ---------------------------------------------------------------------------------- */

/* Keys of partitions are mostly the very same text. */
static bool is_same_text(struct slice a, struct slice b)
{
    return a.len == b.len && (a.ptr == b.ptr || slice_equals(a, b));
}

static int compare_items(const void *left, const void *right, void *context)
{
    const struct delete_item *items = context;
    const struct delete_item *a = &items[*(const uint32_t *)left];
    const struct delete_item *b = &items[*(const uint32_t *)right];
    if (a->hash != b->hash)
        return a->hash < b->hash ? -1 : 1;
    if (!is_same_text(a->key, b->key))
        return slice_compare(a->key, b->key);
    if (a->role != b->role)
        return a->role < b->role ? -1 : 1;
    if (a->member.sequence != b->member.sequence)
        return a->member.sequence < b->member.sequence ? -1 : 1;
    return (a->member.file > b->member.file) - (a->member.file < b->member.file);
}

static size_t prefix_of(const struct delete_map *map, uint64_t hash)
{
    return (size_t)(hash >> (64 - map->bits));
}

/* The order of the items: by the first bits of their hash, which leaves about one in a bucket; only
 * what meets in one is compared. `starts` has a place for each bucket and two more. */
static void items_sort(const struct delete_map *map, uint32_t *ret_order)
{
    size_t prefixes = (size_t)1 << map->bits;
    uint32_t *starts = map->starts;
    memset(starts, 0, (prefixes + 2) * sizeof(*starts));
    for (size_t i = 0; i < map->count; i++)
        starts[prefix_of(map, map->items[i].hash) + 2]++;
    for (size_t i = 2; i <= prefixes; i++)
        starts[i + 1] += starts[i];
    for (size_t i = 0; i < map->count; i++)
        ret_order[starts[prefix_of(map, map->items[i].hash) + 1]++] = (uint32_t)i;
    for (size_t i = 0; i < prefixes; i++) {
        size_t size = starts[i + 1] - starts[i];
        if (size > 1)
            qsort_r(ret_order + starts[i], size, sizeof(*ret_order), compare_items, map->items);
    }
}

/* --- groups --------------------------------------------------------------------------------- */

/* True where the item begins a group: the first one, and where the key changes. */
static bool begins_group(const struct delete_map *map, const uint32_t *order, size_t at)
{
    if (at == 0)
        return true;
    const struct delete_item *a = &map->items[order[at - 1]], *b = &map->items[order[at]];
    return a->hash != b->hash || !is_same_text(a->key, b->key);
}

static void groups_fill(struct delete_map *map, const uint32_t *order)
{
    struct delete_group *group = map->groups - 1;
    for (size_t i = 0; i < map->count; i++) {
        const struct delete_item *item = &map->items[order[i]];
        if (begins_group(map, order, i)) {
            *++group = (struct delete_group){.hash = item->hash, .key = item->key};
            for (size_t role = 0; role <= DELETE_ROLES; role++)
                group->starts[role] = (uint32_t)i;
        }
        for (size_t role = (size_t)item->role + 1; role <= DELETE_ROLES; role++)
            group->starts[role] = (uint32_t)i + 1;
        map->members[i] = item->member;
    }
}

/* starts[p] is the first group whose hash begins with p or more. */
static void starts_fill(struct delete_map *map)
{
    size_t prefix = 0, prefixes = (size_t)1 << map->bits;
    for (size_t i = 0; i < map->group_count; i++) {
        for (size_t own = prefix_of(map, map->groups[i].hash); prefix <= own; prefix++)
            map->starts[prefix] = (uint32_t)i;
    }
    for (; prefix <= prefixes; prefix++)
        map->starts[prefix] = (uint32_t)map->group_count;
}

static void filter_fill(struct delete_map *map)
{
    for (size_t i = 0; i < map->group_count; i++) {
        uint64_t place = map->groups[i].hash >> (64 - map->bits - DELETE_FILTER_BITS);
        map->filter[place / 64] |= UINT64_C(1) << (place % 64);
    }
}

static size_t filter_words(const struct delete_map *map)
{
    return (((size_t)1 << (map->bits + DELETE_FILTER_BITS)) + 63) / 64;
}

static bool seal_sorted(struct delete_map *map, uint32_t *order, struct error *err)
{
    items_sort(map, order);
    for (size_t i = 0; i < map->count; i++)
        map->group_count += begins_group(map, order, i);
    map->members = malloc(map->count * sizeof(*map->members));
    map->groups = malloc(map->group_count * sizeof(*map->groups));
    map->filter = calloc(filter_words(map), sizeof(*map->filter));
    if (!map->members || !map->groups || !map->filter)
        return error_no_memory(err, "the index of delete files");
    groups_fill(map, order);
    starts_fill(map);
    filter_fill(map);
    return true;
}

bool delete_map_seal(struct delete_map *map, struct error *err)
{
    if (map->count == 0)
        return true;
    for (map->bits = 1; map->bits < MAX_BITS && map->count >> map->bits != 0;)
        map->bits++;
    map->starts = malloc((((size_t)1 << map->bits) + 2) * sizeof(*map->starts));
    uint32_t *order = malloc(map->count * sizeof(*order));
    bool ok = map->starts && order ? seal_sorted(map, order, err)
                                   : error_no_memory(err, "the index of delete files");
    free(order);
    free(map->items);
    map->items = NULL;
    map->capacity = 0;
    return ok;
}

void delete_map_finish(struct delete_map *map)
{
    free(map->items);
    free(map->members);
    free(map->groups);
    free(map->starts);
    free(map->filter);
    *map = (struct delete_map){.items = NULL};
}

size_t delete_map_size(const struct delete_map *map)
{
    size_t starts = map->starts ? (((size_t)1 << map->bits) + 2) * sizeof(*map->starts) : 0;
    size_t filter = map->filter ? filter_words(map) * sizeof(*map->filter) : 0;
    return filter + map->capacity * sizeof(*map->items) + map->count * sizeof(*map->members) +
           map->group_count * sizeof(*map->groups) + starts;
}

/* --- look-ups ------------------------------------------------------------------------------- */

/* The order of the group's key and the two texts one behind the other. */
static int compare_key(struct slice key, struct slice first, struct slice second)
{
    if (key.len <= first.len) {
        int order = slice_compare(key, first);
        return order != 0 ? order : -(second.len > 0);
    }
    int order = slice_compare(slice_make(key.ptr, first.len), first);
    return order != 0 ? order : slice_compare(slice_from(key, first.len), second);
}

static int compare_group(const struct delete_group *group, uint64_t hash, struct slice first,
                         struct slice second)
{
    if (group->hash != hash)
        return group->hash < hash ? -1 : 1;
    return compare_key(group->key, first, second);
}

const struct delete_group *delete_map_find(const struct delete_map *map, uint64_t hash,
                                           struct slice first, struct slice second)
{
    if (!delete_map_may_have(map, hash))
        return NULL;
    size_t prefix = prefix_of(map, hash);
    size_t low = map->starts[prefix], high = map->starts[prefix + 1];
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = compare_group(&map->groups[middle], hash, first, second);
        if (order == 0)
            return &map->groups[middle];
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return NULL;
}

#define LINE_SIZE ((size_t)64)

static void fetch(const void *bytes, size_t size)
{
    const char *at = bytes;
    for (size_t i = 0; i < size; i += LINE_SIZE)
        __builtin_prefetch(at + i);
    if (size > 0)
        __builtin_prefetch(at + size - 1);
}

/* The first group of the hash's bucket, which mostly is the only one; NULL where there is none. */
static const struct delete_group *first_group(const struct delete_map *map, uint64_t hash)
{
    size_t prefix = prefix_of(map, hash);
    uint32_t first = map->starts[prefix];
    return first < map->starts[prefix + 1] ? &map->groups[first] : NULL;
}

void delete_map_fetch_group(const struct delete_map *map, uint64_t hash)
{
    const struct delete_group *group = first_group(map, hash);
    if (group)
        fetch(group, sizeof(*group));
}

void delete_map_fetch_key(const struct delete_map *map, uint64_t hash)
{
    const struct delete_group *group = first_group(map, hash);
    if (!group || group->hash != hash)
        return;
    fetch(group->key.ptr, group->key.len);
    fetch(&map->members[group->starts[0]], sizeof(*map->members));
}

struct delete_members delete_members_from(struct delete_members members, int64_t data_sequence)
{
    size_t low = 0, high = members.count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (members.items[middle].sequence < data_sequence)
            low = middle + 1;
        else
            high = middle;
    }
    return (struct delete_members){members.items + low, members.count - low};
}
