#include "scan/delete_index_map.h"

#include <stdio.h>

#include "scan/delete_key.h"
#include "tests/unit/cmocka_all.h"

#define KEYS 500
#define NAME_SIZE 96

static char names[KEYS][NAME_SIZE];
static struct error err;

/* Every key has three members, added from the newest back. */
static void map_make(struct delete_map *map, uint64_t (*hash)(struct slice name))
{
    *map = (struct delete_map){.items = NULL};
    for (uint32_t i = 0; i < KEYS * 3; i++) {
        char *name = names[i % KEYS];
        (void)snprintf(name, NAME_SIZE, "s3://bucket/warehouse/db.db/table/data/%08x-00001.parquet",
                       (i % KEYS) * 2654435761U);
        struct slice key = slice_from_string(name);
        const struct delete_item item = {.hash = hash(key),
                                         .key = key,
                                         .member = {.sequence = 100 - (int64_t)i / KEYS, .file = i},
                                         .role = i < KEYS ? DELETE_POSITION : DELETE_VECTOR};
        assert_ok(delete_map_add(map, &item, &err), &err);
    }
    assert_ok(delete_map_seal(map, &err), &err);
}

static void assert_finds_all(const struct delete_map *map, uint64_t (*hash)(struct slice name))
{
    assert_int_equal(map->group_count, KEYS);
    for (uint32_t i = 0; i < KEYS; i++) {
        struct slice key = slice_from_string(names[i]);
        struct slice first = slice_make(key.ptr, i % (key.len + 1));
        const struct delete_group *group =
            delete_map_find(map, hash(key), first, slice_from(key, first.len));
        assert_non_null(group);
        struct delete_members members = delete_map_members(map, group, DELETE_VECTOR);
        assert_int_equal(members.count, 2);
        assert_int_equal(members.items[0].file, i + 2 * KEYS); /* the older one first */
        assert_int_equal(members.items[1].file, i + KEYS);
        assert_int_equal(delete_members_from(members, 99).count, 1);
        assert_int_equal(delete_members_from(members, 100).count, 0);
        assert_int_equal(delete_map_members(map, group, DELETE_POSITION).items[0].file, i);
        assert_int_equal(delete_map_members(map, group, DELETE_EQUALITY).count, 0);
        assert_null(delete_map_find(map, hash(key), slice_make(key.ptr, 10), SLICE_EMPTY));
        assert_null(delete_map_find(map, hash(key), key, SLICE_LITERAL("x")));
    }
}

static uint64_t path_hash(struct slice name)
{
    return delete_path_hash(name, SLICE_EMPTY);
}

static uint64_t same_hash(struct slice name)
{
    (void)name;
    return UINT64_C(0xFEDCBA9876543210);
}

static void test_delete_map__finds_each_key_with_its_members_in_order(void **state)
{
    struct delete_map map;
    (void)state;
    map_make(&map, path_hash);
    assert_finds_all(&map, path_hash);
    assert_null(delete_map_find(&map, path_hash(SLICE_LITERAL("other")), SLICE_LITERAL("other"),
                                SLICE_EMPTY));
    assert_true(delete_map_size(&map) > KEYS * sizeof(struct delete_group));
    delete_map_finish(&map);
}

/* Names can be chosen so that all hashes are one: texts decide then. */
static void test_delete_map__tells_keys_of_one_hash_apart(void **state)
{
    struct delete_map map;
    (void)state;
    map_make(&map, same_hash);
    assert_finds_all(&map, same_hash);
    delete_map_finish(&map);
}

static void test_delete_map__of_nothing_finds_nothing(void **state)
{
    struct delete_map map = {.items = NULL};
    (void)state;
    assert_ok(delete_map_seal(&map, &err), &err);
    assert_null(delete_map_find(&map, 1, SLICE_LITERAL("a"), SLICE_EMPTY));
    delete_map_finish(&map);
}

/* The two pieces of a path are cut where its manifest's prefix ends, wherever that is. */
static void test_delete_path_hash__is_the_same_wherever_the_path_is_cut(void **state)
{
    (void)state;
    static const char PATH[] = "s3://bucket/warehouse/db.db/table/data/ts_day=2024-01-01/"
                               "00000-0-6e1d5b5e-0b5a-4d1e-9d5f-0a7c6a3f7e11-00001.parquet";
    for (size_t len = 0; len < sizeof(PATH); len++) {
        struct slice path = slice_make(PATH, len);
        uint64_t whole = delete_path_hash(path, SLICE_EMPTY);
        for (size_t cut = 0; cut <= len; cut++)
            assert_true(delete_path_hash(slice_make(PATH, cut), slice_from(path, cut)) == whole);
        assert_true(len == 0 || whole != delete_path_hash(slice_make(PATH, len - 1), SLICE_EMPTY));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_delete_map__finds_each_key_with_its_members_in_order),
        cmocka_unit_test(test_delete_map__tells_keys_of_one_hash_apart),
        cmocka_unit_test(test_delete_map__of_nothing_finds_nothing),
        cmocka_unit_test(test_delete_path_hash__is_the_same_wherever_the_path_is_cut),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
