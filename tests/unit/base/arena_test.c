#include "base/arena.h"
#include "tests/unit/cmocka_all.h"

#define PLENTY ((size_t)64 << 20)

static void test_arena__takes_no_memory_before_the_first_allocation(void **state)
{
    (void)state;
    struct arena arena;
    arena_init(&arena, PLENTY);
    assert_null(arena.blocks);
    assert_int_equal(arena.total, 0);
    arena_finish(&arena);
}

static void test_arena_alloc__aligns_and_never_overlaps(void **state)
{
    (void)state;
    struct arena arena;
    unsigned char *parts[300];
    arena_init(&arena, PLENTY);
    /* Sizes from 0 to beyond a block, each filled with its own byte. */
    for (size_t i = 0; i < 300; i++) {
        size_t size = i * i / 4;
        parts[i] = arena_alloc(&arena, size);
        assert_non_null(parts[i]);
        assert_int_equal((uintptr_t)parts[i] % _Alignof(max_align_t), 0);
        memset(parts[i], (int)(i & 0xFF), size);
    }
    for (size_t i = 0; i < 300; i++) {
        for (size_t at = 0; at < i * i / 4; at++)
            assert_int_equal(parts[i][at], i & 0xFF);
    }
    arena_finish(&arena);
    assert_int_equal(arena.total, 0);
}

static void test_arena_alloc__of_nothing_is_a_distinct_place(void **state)
{
    (void)state;
    struct arena arena;
    arena_init(&arena, PLENTY);
    void *a = arena_alloc(&arena, 0);
    void *b = arena_alloc(&arena, 0);
    assert_non_null(a);
    assert_non_null(b);
    assert_ptr_not_equal(a, b);
    arena_finish(&arena);
}

static void test_arena_alloc__a_large_one_leaves_the_small_block_in_use(void **state)
{
    (void)state;
    struct arena arena;
    arena_init(&arena, PLENTY);
    char *first = arena_alloc(&arena, 16);
    assert_non_null(arena_alloc(&arena, 1 << 20));
    char *second = arena_alloc(&arena, 16);
    assert_ptr_equal(second, first + 16);
    arena_finish(&arena);
}

static void test_arena_alloc__never_passes_its_ceiling(void **state)
{
    (void)state;
    struct arena arena;
    size_t given = 0;
    arena_init(&arena, 100000);
    assert_null(arena_alloc(&arena, 100001));
    while (arena_alloc(&arena, 160))
        given += 160;
    assert_true(arena.total <= 100000);
    assert_true(given > 90000); /* and most of it can be used */
    assert_null(arena_alloc(&arena, SIZE_MAX));
    assert_null(arena_alloc(&arena, SIZE_MAX - 15));
    arena_finish(&arena);
}

static void test_arena__is_usable_after_finish(void **state)
{
    (void)state;
    struct arena arena;
    arena_init(&arena, 8192);
    assert_non_null(arena_alloc(&arena, 8000));
    assert_null(arena_alloc(&arena, 8000));
    arena_finish(&arena);
    assert_non_null(arena_alloc(&arena, 8000));
    arena_finish(&arena);
    arena_finish(NULL);
}

static void test_arena_calloc__clears_and_refuses_overflow(void **state)
{
    (void)state;
    struct arena arena;
    arena_init(&arena, PLENTY);
    memset(arena_alloc(&arena, 4000), 0xFF, 4000);
    int64_t *numbers = ARENA_ARRAY(&arena, int64_t, 1000);
    for (size_t i = 0; i < 1000; i++)
        assert_int_equal(numbers[i], 0);
    assert_null(arena_calloc(&arena, SIZE_MAX / 2, 3));
    arena_finish(&arena);
}

static void test_arena_text__is_copied_and_ends_with_nul(void **state)
{
    (void)state;
    struct arena arena;
    arena_init(&arena, PLENTY);
    char source[] = "abcdef";
    struct slice copy = arena_slice(&arena, slice_make(source, 3));
    source[0] = 'z';
    assert_slice_equal(copy, "abc");
    assert_int_equal(copy.ptr[3], '\0');
    assert_string_equal(arena_string(&arena, SLICE_LITERAL("xy")), "xy");
    assert_string_equal(arena_string(&arena, (struct slice){NULL, 0}), "");
    struct slice text = arena_printf(&arena, "%s-%05d", "snap", 42);
    assert_slice_equal(text, "snap-00042");
    assert_int_equal(text.ptr[text.len], '\0');
    arena_finish(&arena);
}

static void test_arena_text__is_null_where_the_ceiling_is_reached(void **state)
{
    (void)state;
    struct arena arena;
    char source[600] = {0};
    arena_init(&arena, 512);
    memset(source, 'x', sizeof(source) - 1);
    assert_null(arena_slice(&arena, slice_from_string(source)).ptr);
    assert_null(arena_string(&arena, slice_from_string(source)));
    assert_null(arena_printf(&arena, "%s", source).ptr);
    assert_null(arena_string(&arena, slice_make(source, SIZE_MAX)));
    arena_finish(&arena);
}

static void test_arena_join__puts_texts_one_behind_the_other(void **state)
{
    (void)state;
    struct arena arena;
    arena_init(&arena, 4096);
    const struct slice texts[] = {SLICE_LITERAL("a"), SLICE_EMPTY, SLICE_LITERAL("bc")};
    struct slice joined = arena_join(&arena, texts, 3);
    assert_int_equal(joined.len, 3);
    assert_string_equal(joined.ptr, "abc");
    assert_string_equal(arena_join(&arena, texts, 0).ptr, "");
    const struct slice large[] = {{"x", 1}, {joined.ptr, 5000}};
    assert_null(arena_join(&arena, large, 2).ptr); /* past the ceiling nothing is read */
    arena_finish(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_arena_join__puts_texts_one_behind_the_other),
        cmocka_unit_test(test_arena__takes_no_memory_before_the_first_allocation),
        cmocka_unit_test(test_arena_alloc__aligns_and_never_overlaps),
        cmocka_unit_test(test_arena_alloc__of_nothing_is_a_distinct_place),
        cmocka_unit_test(test_arena_alloc__a_large_one_leaves_the_small_block_in_use),
        cmocka_unit_test(test_arena_alloc__never_passes_its_ceiling),
        cmocka_unit_test(test_arena__is_usable_after_finish),
        cmocka_unit_test(test_arena_calloc__clears_and_refuses_overflow),
        cmocka_unit_test(test_arena_text__is_copied_and_ends_with_nul),
        cmocka_unit_test(test_arena_text__is_null_where_the_ceiling_is_reached),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
