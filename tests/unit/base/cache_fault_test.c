/* uthash is told to go on without memory: nothing may be lost, kept twice or leaked then. */
#include "base/cache.h"
#include "base/text_set.h"

#include <stdio.h>

#include "tests/unit/cmocka_all.h"
#include "tests/unit/fault_alloc.h"

/* Past the growth of uthash's table, which is at 10 entries to a bucket of 32. */
#define ITEMS 400

static int references;

static void count_up(void *value)
{
    (void)value;
    references++;
}

static void count_down(void *value)
{
    (void)value;
    references--;
}

static const struct cache_kind kind = {"test", count_up, count_down};

static bool use_cache(void)
{
    struct cache *cache = NULL;
    struct error err = {0};
    int value = 1;
    char key[16];
    if (!cache_create(16 << 20, &cache, &err))
        return false;
    for (int i = 0; i < ITEMS * 16; i++) {
        (void)snprintf(key, sizeof key, "k%d", i);
        cache_put(cache, slice_from_string(key), &value, 1, &kind);
        if (cache_get(cache, slice_from_string(key)))
            count_down(&value);
    }
    struct cache_stats stats;
    cache_get_stats(cache, &stats);
    assert_int_equal(stats.entries, (size_t)references);
    assert_true(stats.entries >= ITEMS * 16 - 1);
    cache_destroy(cache);
    return true;
}

/* Every allocation of the first entries, then a few of the many alike. */
static size_t next_failure(size_t n)
{
    return n < 200 ? n + 1 : n + 97;
}

static void test_cache__without_memory_keeps_the_rest(void **state)
{
    (void)state;
    bool hit = true;
    fault_alloc_reset();
    for (size_t n = 1; hit; n = next_failure(n)) {
        long live = fault_alloc_live();
        references = 0;
        fault_alloc_fail_at(n);
        (void)use_cache();
        hit = fault_alloc_hit();
        fault_alloc_fail_at(0);
        assert_int_equal(references, 0);
        assert_int_equal(fault_alloc_live(), live);
    }
}

static bool is_counted(void *context, struct slice text, struct error *err)
{
    (void)text;
    (void)err;
    ++*(size_t *)context;
    return true;
}

static void use_text_set(void)
{
    struct arena arena;
    struct text_set set;
    struct error err = {0};
    char text[16];
    size_t added_count = 0, count = 0;
    arena_init(&arena, 1 << 20);
    text_set_init(&set, &arena);
    for (int i = 0; i < ITEMS; i++) {
        bool added = false;
        (void)snprintf(text, sizeof text, "p%d", i);
        error_clear(&err);
        if (text_set_add(&set, slice_from_string(text), &added, &err))
            added_count += added;
        else
            assert_int_equal(err.kind, ERROR_NO_MEMORY);
    }
    assert_true(text_set_each(&set, is_counted, &count, NULL));
    assert_int_equal(count, added_count);
    assert_true(count >= ITEMS - 1);
    text_set_finish(&set);
    arena_finish(&arena);
}

static void test_text_set__without_memory_keeps_the_rest(void **state)
{
    (void)state;
    bool hit = true;
    fault_alloc_reset();
    for (size_t n = 1; hit; n++) {
        long live = fault_alloc_live();
        fault_alloc_fail_at(n);
        use_text_set();
        hit = fault_alloc_hit();
        fault_alloc_fail_at(0);
        assert_int_equal(fault_alloc_live(), live);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cache__without_memory_keeps_the_rest),
        cmocka_unit_test(test_text_set__without_memory_keeps_the_rest),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
