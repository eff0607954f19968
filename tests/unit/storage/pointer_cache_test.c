#include "storage/pointer_cache.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <cmocka.h>

#include "base/limits.h"

static int setup(void **state)
{
    struct pointer_cache *cache;
    assert_true(pointer_cache_create(&cache, NULL));
    *state = cache;
    return 0;
}

static int teardown(void **state)
{
    pointer_cache_destroy(*state);
    return 0;
}

static struct entity_row row_of(const char *path, const char *name, const char *pointer)
{
    return (struct entity_row){.id = 1,
                               .warehouse_id = 1,
                               .kind = ENTITY_TABLE,
                               .namespace_path = slice_from_string(path),
                               .name = slice_from_string(name),
                               .uuid = SLICE_LITERAL("u"),
                               .location = SLICE_LITERAL("file:///t"),
                               .metadata_location = slice_from_string(pointer)};
}

static void commit(struct pointer_cache *cache, struct entity_row row, bool is_forgotten)
{
    struct cache_entry *entry;
    assert_true(cache_entry_create(&row, is_forgotten, &entry, NULL));
    pointer_cache_commit(cache, entry);
}

/* The pointer under a name, or "" where the map does not know it. */
static bool holds(struct pointer_cache *cache, const char *path, const char *name,
                  const char *pointer)
{
    struct arena arena;
    struct entity_row row;
    arena_init(&arena, MIB);
    bool found = pointer_cache_find(cache, 1, slice_from_string(path), slice_from_string(name),
                                    &arena, &row);
    bool equal = found && slice_equals_string(row.metadata_location, pointer);
    arena_finish(&arena);
    return equal;
}

static void test_offer__is_taken_while_nothing_changed(void **state)
{
    struct entity_row row = row_of("db", "t", "m1");
    pointer_cache_offer(*state, &row, pointer_cache_sequence(*state));
    assert_true(holds(*state, "db", "t", "m1"));
    assert_false(holds(*state, "db", "u", "m1"));
}

static void test_offer__of_an_old_row_is_refused_after_a_commit(void **state)
{
    struct entity_row old = row_of("db", "t", "m1");
    uint64_t before = pointer_cache_sequence(*state);
    commit(*state, row_of("db", "t", "m2"), false);
    pointer_cache_offer(*state, &old, before);
    assert_true(holds(*state, "db", "t", "m2"));
}

static void test_offer__of_a_dropped_row_is_refused(void **state)
{
    struct entity_row old = row_of("db", "t", "m1");
    uint64_t before = pointer_cache_sequence(*state);
    commit(*state, old, true);
    pointer_cache_offer(*state, &old, before);
    assert_false(holds(*state, "db", "t", "m1"));
    /* A reader that began afterwards knows better. */
    pointer_cache_offer(*state, &old, pointer_cache_sequence(*state));
    assert_true(holds(*state, "db", "t", "m1"));
}

static void test_offer__does_not_replace_what_is_known(void **state)
{
    struct entity_row other = row_of("db", "t", "m9");
    commit(*state, row_of("db", "t", "m2"), false);
    pointer_cache_offer(*state, &other, pointer_cache_sequence(*state));
    assert_true(holds(*state, "db", "t", "m2"));
}

static void test_key__tells_path_and_name_apart(void **state)
{
    commit(*state, row_of("a", "bc", "m1"), false);
    assert_false(holds(*state, "ab", "c", "m1"));
    assert_true(holds(*state, "a", "bc", "m1"));
}

static void test_forget__makes_a_chain_of_removals(void **state)
{
    struct entity_row row = row_of("db", "t", "m1");
    struct cache_entry *chain = NULL;
    struct cache_entry *entry;
    commit(*state, row, false);
    row.metadata_location = SLICE_LITERAL("m2");
    assert_true(cache_entry_create(&row, false, &entry, NULL));
    cache_entry_chain(&chain, entry);
    cache_entries_forget(chain);
    pointer_cache_commit(*state, chain);
    assert_false(holds(*state, "db", "t", "m1"));
    assert_int_equal(pointer_cache_count(*state), 0);
    assert_int_equal(pointer_cache_size(*state), 0);
}

static void test_find__gives_nothing_where_the_arena_is_full(void **state)
{
    struct arena arena;
    struct entity_row row = {.id = 77};
    commit(*state, row_of("db", "t", "m1"), false);
    arena_init(&arena, 0);
    assert_false(
        pointer_cache_find(*state, 1, SLICE_LITERAL("db"), SLICE_LITERAL("t"), &arena, &row));
    assert_int_equal(row.id, 77);
    arena_finish(&arena);
}

static void test_bounds__hold_and_what_is_used_stays(void **state)
{
    char name[32];
    commit(*state, row_of("db", "hot", "m1"), false);
    for (int i = 0; i < POINTER_CACHE_MAX_ENTRIES + 20000; i++) {
        (void)snprintf(name, sizeof name, "t%d", i);
        commit(*state, row_of("db", name, "m1"), false);
        assert_true(i % 100 != 0 || holds(*state, "db", "hot", "m1"));
    }
    assert_true(pointer_cache_count(*state) <= POINTER_CACHE_MAX_ENTRIES);
    assert_true(pointer_cache_count(*state) > POINTER_CACHE_MAX_ENTRIES / 2);
    assert_true(pointer_cache_size(*state) <= POINTER_CACHE_MAX_BYTES);
    assert_false(holds(*state, "db", "t0", "m1"));
}

static void test_bounds__hold_for_large_rows(void **state)
{
    char name[32];
    static char large[200 * 1024];
    memset(large, 'x', sizeof large - 1);
    for (int i = 0; i < 600; i++) {
        (void)snprintf(name, sizeof name, "t%d", i);
        commit(*state, row_of("db", name, large), false);
    }
    assert_true(pointer_cache_size(*state) <= POINTER_CACHE_MAX_BYTES);
    assert_true(pointer_cache_count(*state) > 0);
}

static uint64_t listing_version(struct pointer_cache *cache, const char *path)
{
    return pointer_cache_listing_version(cache, 1, slice_from_string(path));
}

static void test_listing__has_another_version_after_a_commit(void **state)
{
    struct cache_entry *entry;
    uint64_t db = listing_version(*state, "db"), other = listing_version(*state, "other");
    assert_true(cache_listing_create(1, SLICE_LITERAL("db"), &entry, NULL));
    assert_int_equal(listing_version(*state, "db"), db);
    pointer_cache_commit(*state, entry);
    assert_int_not_equal(listing_version(*state, "db"), db);
    assert_int_equal(listing_version(*state, "other"), other);
    commit(*state, row_of("db", "t", "m1"), false);
    assert_int_equal(listing_version(*state, "other"), other);
}

static void test_listing__has_another_version_after_a_commit_of_unknown_outcome(void **state)
{
    struct cache_entry *entry;
    uint64_t before = listing_version(*state, "db");
    assert_true(cache_listing_create(1, SLICE_LITERAL("db"), &entry, NULL));
    cache_entries_forget(entry);
    pointer_cache_commit(*state, entry);
    assert_int_not_equal(listing_version(*state, "db"), before);
}

/* --- a transaction beside readers --------------------------------------------------------- */

#define TABLES_TOGETHER 8
#define TRANSACTIONS 20000

static struct entity_row numbered_row(int table, int64_t version)
{
    static const char *const names[TABLES_TOGETHER] = {"a", "b", "c", "d", "e", "f", "g", "h"};
    struct entity_row row = row_of("db", names[table], "m");
    row.version = version;
    return row;
}

static void commit_together(struct pointer_cache *cache, int64_t version)
{
    struct cache_entry *chain = NULL, *entry;
    for (int table = 0; table < TABLES_TOGETHER; table++) {
        struct entity_row row = numbered_row(table, version);
        assert_true(cache_entry_create(&row, false, &entry, NULL));
        cache_entry_chain(&chain, entry);
    }
    pointer_cache_commit(cache, chain);
}

static int64_t version_of(struct pointer_cache *cache, int table)
{
    struct arena arena;
    struct entity_row wanted = numbered_row(table, 0), row = {0};
    arena_init(&arena, MIB);
    bool found = pointer_cache_find(cache, 1, wanted.namespace_path, wanted.name, &arena, &row);
    arena_finish(&arena);
    return found ? row.version : -1;
}

/* One table after the other, until the last transaction: none may be older than the one before. */
static void *read_in_turn(void *context)
{
    struct pointer_cache *cache = context;
    int64_t seen = 0;
    while (seen < TRANSACTIONS) {
        for (int table = 0; table < TABLES_TOGETHER; table++) {
            int64_t version = version_of(cache, table);
            if (version < seen)
                return cache;
            seen = version;
        }
    }
    return NULL;
}

static void test_commit__of_many_is_never_seen_in_part(void **state)
{
    pthread_t readers[2];
    void *failed[2];
    commit_together(*state, 0);
    for (size_t i = 0; i < 2; i++)
        assert_int_equal(pthread_create(&readers[i], NULL, read_in_turn, *state), 0);
    for (int64_t version = 1; version <= TRANSACTIONS; version++)
        commit_together(*state, version);
    for (size_t i = 0; i < 2; i++)
        pthread_join(readers[i], &failed[i]);
    assert_null(failed[0]);
    assert_null(failed[1]);
}

struct catching_up {
    struct pointer_cache *cache;
    atomic_bool is_done;
};

static void *catch_up(void *context)
{
    struct catching_up *reader = context;
    pointer_cache_catch_up(reader->cache);
    atomic_store(&reader->is_done, true);
    return NULL;
}

static void test_catch_up__waits_for_the_commit_that_runs_and_for_no_other(void **state)
{
    struct catching_up reader = {.cache = *state};
    pthread_t thread;
    pointer_cache_catch_up(*state); /* nothing runs */
    pointer_cache_publish_begin(*state);
    assert_int_equal(pthread_create(&thread, NULL, catch_up, &reader), 0);
    const struct timespec pause = {.tv_nsec = 20000000};
    nanosleep(&pause, NULL);
    assert_false(atomic_load(&reader.is_done));
    pointer_cache_publish_end(*state, 1);
    pointer_cache_publish_begin(*state); /* the next one does not hold it */
    pthread_join(thread, NULL);
    pointer_cache_publish_end(*state, 1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_offer__is_taken_while_nothing_changed),
        TEST(test_offer__of_an_old_row_is_refused_after_a_commit),
        TEST(test_offer__of_a_dropped_row_is_refused),
        TEST(test_offer__does_not_replace_what_is_known),
        TEST(test_key__tells_path_and_name_apart),
        TEST(test_forget__makes_a_chain_of_removals),
        TEST(test_find__gives_nothing_where_the_arena_is_full),
        TEST(test_commit__of_many_is_never_seen_in_part),
        TEST(test_catch_up__waits_for_the_commit_that_runs_and_for_no_other),
        TEST(test_bounds__hold_and_what_is_used_stays),
        TEST(test_bounds__hold_for_large_rows),
        TEST(test_listing__has_another_version_after_a_commit),
        TEST(test_listing__has_another_version_after_a_commit_of_unknown_outcome),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
