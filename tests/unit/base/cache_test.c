#include "base/cache.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#include "tests/unit/cmocka_all.h"

/* 16 shards: each has a sixteenth of the budget. */
#define SHARDS 16
#define SHARD_BUDGET 4096
#define BUDGET ((size_t)SHARDS * SHARD_BUDGET)
#define HALF_BUDGET (BUDGET / 2)

struct value {
    atomic_int references;
    int number;
};

static atomic_int living;

static struct value *value_create(int number)
{
    struct value *value = calloc(1, sizeof *value);
    assert_non_null(value);
    atomic_init(&value->references, 1);
    value->number = number;
    atomic_fetch_add(&living, 1);
    return value;
}

static void value_ref(void *value)
{
    atomic_fetch_add(&((struct value *)value)->references, 1);
}

static void value_unref(void *context)
{
    struct value *value = context;
    if (atomic_fetch_sub(&value->references, 1) != 1)
        return;
    atomic_fetch_sub(&living, 1);
    free(value);
}

static const struct cache_kind kind = {"test", value_ref, value_unref};

static void put(struct cache *cache, const char *key, int number, size_t size)
{
    struct value *value = value_create(number);
    cache_put(cache, slice_from_string(key), value, size, &kind);
    value_unref(value);
}

/* 0 where it is not there. */
static int get(struct cache *cache, const char *key)
{
    struct value *value = cache_get(cache, slice_from_string(key));
    int number = value ? value->number : 0;
    if (value)
        value_unref(value);
    return number;
}

static struct cache *start(void)
{
    struct cache *cache = NULL;
    struct error err = {0};
    atomic_store(&living, 0);
    assert_ok(cache_create(SHARDS * SHARD_BUDGET, &cache, &err), &err);
    return cache;
}

static void end(struct cache *cache)
{
    cache_destroy(cache);
    assert_int_equal(atomic_load(&living), 0);
}

static void test_cache__lets_go_before_its_turn(void **state)
{
    (void)state;
    struct cache *cache = start();
    struct cache_stats stats;
    put(cache, "a", 1, 10);
    put(cache, "b", 2, 10);
    cache_remove(cache, slice_from_string("a"));
    cache_remove(cache, slice_from_string("none"));
    assert_int_equal(get(cache, "a"), 0);
    assert_int_equal(get(cache, "b"), 2);
    assert_int_equal(atomic_load(&living), 1);
    cache_get_stats(cache, &stats);
    assert_int_equal(stats.entries, 1);
    assert_int_equal(stats.evictions, 0);
    end(cache);
}

static void test_cache__gives_what_was_put(void **state)
{
    (void)state;
    struct cache *cache = start();
    struct cache_stats stats;
    assert_int_equal(get(cache, "a"), 0);
    put(cache, "a", 1, 10);
    put(cache, "b", 2, 10);
    assert_int_equal(get(cache, "a"), 1);
    assert_int_equal(get(cache, "b"), 2);
    cache_get_stats(cache, &stats);
    assert_int_equal(stats.entries, 2);
    assert_int_equal(stats.hits, 2);
    assert_int_equal(stats.misses, 1);
    assert_int_equal(stats.evictions, 0);
    end(cache);
}

static void test_cache__replaces(void **state)
{
    (void)state;
    struct cache *cache = start();
    struct cache_stats stats;
    put(cache, "a", 1, 10);
    put(cache, "a", 2, 20);
    assert_int_equal(get(cache, "a"), 2);
    assert_int_equal(atomic_load(&living), 1);
    cache_get_stats(cache, &stats);
    assert_int_equal(stats.entries, 1);
    end(cache);
}

static void test_cache__leaves_a_value_to_who_holds_it(void **state)
{
    (void)state;
    struct cache *cache = start();
    put(cache, "a", 7, 10);
    struct value *held = cache_get(cache, SLICE_LITERAL("a"));
    cache_destroy(cache);
    assert_int_equal(held->number, 7);
    value_unref(held);
    assert_int_equal(atomic_load(&living), 0);
}

static void test_cache__stays_within_its_budget(void **state)
{
    (void)state;
    struct cache *cache = start();
    struct cache_stats stats;
    char key[16];
    for (int i = 0; i < 2000; i++) {
        (void)snprintf(key, sizeof key, "k%d", i);
        put(cache, key, i + 1, 200);
        assert_int_equal(get(cache, key), i + 1);
        cache_get_stats(cache, &stats);
        assert_true(stats.bytes <= SHARDS * SHARD_BUDGET);
    }
    assert_true(stats.evictions > 0);
    assert_int_equal(stats.entries, 2000 - stats.evictions);
    assert_int_equal(stats.entries, (size_t)atomic_load(&living));
    end(cache);
}

/* One key that is asked for all the time outlives thousands that are not. */
static void test_cache__evicts_what_was_not_used_for_long(void **state)
{
    (void)state;
    struct cache *cache = start();
    char key[16];
    put(cache, "dear", 42, 200);
    for (int i = 0; i < 2000; i++) {
        (void)snprintf(key, sizeof key, "k%d", i);
        put(cache, key, 1, 200);
        assert_int_equal(get(cache, "dear"), 42);
    }
    assert_int_equal(get(cache, "k0"), 0);
    end(cache);
}

static void test_cache__does_not_keep_what_is_too_large(void **state)
{
    (void)state;
    struct cache *cache = start();
    put(cache, "a", 1, HALF_BUDGET);
    assert_int_equal(get(cache, "a"), 0);
    put(cache, "b", 1, 0);
    put(cache, "b", 2, HALF_BUDGET - 400); /* with key and overhead it just fits */
    assert_int_equal(get(cache, "b"), 2);
    end(cache);
}

static size_t bytes_of(struct cache *cache)
{
    struct cache_stats stats;
    cache_get_stats(cache, &stats);
    return stats.bytes;
}

/* Values of several shards' sizes share the budget with small ones: they push these out, and each
 * other, and what they leave is used again. */
static void test_cache__keeps_large_values_within_the_same_budget(void **state)
{
    (void)state;
    struct cache *cache = start();
    char key[16];
    for (int round = 0; round < 20; round++) {
        for (int i = 0; i < 200; i++) {
            (void)snprintf(key, sizeof key, "s%d", i);
            put(cache, key, i + 1, 200);
            assert_int_equal(get(cache, key), i + 1);
            assert_true(bytes_of(cache) <= BUDGET);
        }
        (void)snprintf(key, sizeof key, "large%d", round % 3);
        put(cache, key, round + 1, HALF_BUDGET - 400);
        assert_int_equal(get(cache, key), round + 1);
        (void)snprintf(key, sizeof key, "large%d", (round + 2) % 3);
        assert_int_equal(get(cache, key), 0); /* no two of them fit */
        assert_true(bytes_of(cache) <= BUDGET && bytes_of(cache) > HALF_BUDGET);
    }
    end(cache);
}

static void test_cache__replaces_large_by_small_and_back(void **state)
{
    (void)state;
    struct cache *cache = start();
    for (int i = 1; i < 10; i++) {
        put(cache, "a", i, i % 2 ? HALF_BUDGET - 400 : 10);
        assert_int_equal(get(cache, "a"), i);
        assert_int_equal(atomic_load(&living), 1);
    }
    /* The small ones have all of the budget again. */
    put(cache, "a", 1, 10);
    for (int i = 0; i < 2000; i++) {
        char key[16];
        (void)snprintf(key, sizeof key, "k%d", i);
        put(cache, key, 1, 200);
    }
    assert_true(bytes_of(cache) > BUDGET * 3 / 4);
    end(cache);
}

/* --- threads ------------------------------------------------------------------------------ */

struct worker {
    struct cache *cache;
    pthread_t thread;
    int number;
    int wrong;
};

static void *worker_main(void *context)
{
    struct worker *self = context;
    char key[16];
    for (int i = 0; i < 3000; i++) {
        int number = (i * 7 + self->number) % 97 + 1;
        (void)snprintf(key, sizeof key, "k%d", number);
        int found = get(self->cache, key);
        if (found != 0 && found != number)
            self->wrong++;
        if (found == 0)
            put(self->cache, key, number, number % 13 == 0 ? SHARD_BUDGET * 3 : 600);
    }
    return NULL;
}

static void test_cache__is_shared_by_threads(void **state)
{
    (void)state;
    struct cache *cache = start();
    struct worker workers[8];
    for (int i = 0; i < 8; i++) {
        workers[i] = (struct worker){.cache = cache, .number = i};
        assert_int_equal(pthread_create(&workers[i].thread, NULL, worker_main, &workers[i]), 0);
    }
    for (int i = 0; i < 8; i++) {
        pthread_join(workers[i].thread, NULL);
        assert_int_equal(workers[i].wrong, 0);
    }
    end(cache);
}

/* Asks for a value that another thread makes. */
struct asker {
    struct cache *cache;
    pthread_t thread;
    int found; /* 0: it has to make it */
};

static void *asker_main(void *context)
{
    struct asker *self = context;
    struct cache_making making;
    struct value *value = cache_make_begin(self->cache, slice_from_string("k"), &making);
    self->found = value ? value->number : 0;
    if (value)
        value_unref(value);
    cache_make_end(self->cache, &making);
    return NULL;
}

static size_t waiting_of(struct cache *cache)
{
    struct cache_stats stats;
    cache_get_stats(cache, &stats);
    return stats.waiting;
}

static void ask(struct cache *cache, struct asker *askers, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        askers[i] = (struct asker){.cache = cache, .found = -1};
        assert_int_equal(pthread_create(&askers[i].thread, NULL, asker_main, &askers[i]), 0);
    }
    while (waiting_of(cache) < count)
        sched_yield();
}

static void hear(struct asker *askers, size_t count, int expected)
{
    for (size_t i = 0; i < count; i++) {
        pthread_join(askers[i].thread, NULL);
        assert_int_equal(askers[i].found, expected);
    }
}

static void test_cache__lets_one_thread_make_what_others_wait_for(void **state)
{
    (void)state;
    struct cache *cache = start();
    struct asker askers[4];
    struct cache_making making, other;
    assert_null(cache_make_begin(cache, slice_from_string("k"), &making));
    ask(cache, askers, 4);
    /* Other values are not waited for. */
    assert_null(cache_make_begin(cache, slice_from_string("l"), &other));
    cache_make_end(cache, &other);
    put(cache, "k", 7, 600);
    cache_make_end(cache, &making);
    hear(askers, 4, 7);
    assert_int_equal(waiting_of(cache), 0);
    end(cache);
}

/* It failed, or the value is too large to be kept. */
static void test_cache__lets_nobody_wait_twice(void **state)
{
    (void)state;
    struct cache *cache = start();
    struct asker askers[4];
    struct cache_making making;
    assert_null(cache_make_begin(cache, slice_from_string("k"), &making));
    ask(cache, askers, 4);
    cache_make_end(cache, &making);
    hear(askers, 4, 0);
    end(cache);
}

static void test_cache__finds_what_was_made_since_the_miss(void **state)
{
    (void)state;
    struct cache *cache = start();
    struct cache_stats stats;
    struct cache_making making;
    assert_int_equal(get(cache, "k"), 0);
    put(cache, "k", 5, 600);
    struct value *value = cache_make_begin(cache, slice_from_string("k"), &making);
    assert_non_null(value);
    assert_int_equal(value->number, 5);
    value_unref(value);
    cache_make_end(cache, &making);
    cache_get_stats(cache, &stats);
    assert_int_equal(stats.misses, 1);
    end(cache);
}

static void test_cache__without_a_budget_lets_nobody_wait(void **state)
{
    (void)state;
    struct cache *cache;
    struct error err;
    struct cache_making making, other;
    assert_ok(cache_create(0, &cache, &err), &err);
    assert_null(cache_make_begin(cache, slice_from_string("k"), &making));
    assert_null(cache_make_begin(cache, slice_from_string("k"), &other));
    cache_make_end(cache, &making);
    cache_make_end(cache, &other);
    cache_destroy(cache);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cache__lets_go_before_its_turn),
        cmocka_unit_test(test_cache__gives_what_was_put),
        cmocka_unit_test(test_cache__replaces),
        cmocka_unit_test(test_cache__leaves_a_value_to_who_holds_it),
        cmocka_unit_test(test_cache__stays_within_its_budget),
        cmocka_unit_test(test_cache__evicts_what_was_not_used_for_long),
        cmocka_unit_test(test_cache__does_not_keep_what_is_too_large),
        cmocka_unit_test(test_cache__keeps_large_values_within_the_same_budget),
        cmocka_unit_test(test_cache__replaces_large_by_small_and_back),
        cmocka_unit_test(test_cache__is_shared_by_threads),
        cmocka_unit_test(test_cache__lets_one_thread_make_what_others_wait_for),
        cmocka_unit_test(test_cache__lets_nobody_wait_twice),
        cmocka_unit_test(test_cache__finds_what_was_made_since_the_miss),
        cmocka_unit_test(test_cache__without_a_budget_lets_nobody_wait),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
