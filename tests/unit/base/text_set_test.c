#include "base/text_set.h"

#include <stdio.h>

#include "tests/unit/cmocka_all.h"

struct visited {
    char text[256];
    size_t limit;
};

static bool visit(void *context, struct slice text, struct error *err)
{
    struct visited *visited = context;
    size_t size = strlen(visited->text);
    if (size >= visited->limit)
        return error_set(err, ERROR_OVERLOADED, "enough");
    (void)snprintf(visited->text + size, sizeof visited->text - size, "%.*s;", SLICE_ARG(text));
    return true;
}

static void add(struct text_set *set, struct slice text, bool is_new)
{
    struct error err = {0};
    bool added = !is_new;
    assert_ok(text_set_add(set, text, &added, &err), &err);
    assert_int_equal(added, is_new);
}

static void test_text_set__holds_each_text_once_in_order(void **state)
{
    (void)state;
    struct arena arena;
    struct text_set set;
    struct visited visited = {.limit = sizeof visited.text};
    arena_init(&arena, 1 << 20);
    text_set_init(&set, &arena);
    char changing[] = "b";
    add(&set, slice_from_string(changing), true);
    changing[0] = 'x'; /* the set has its own copy */
    add(&set, SLICE_LITERAL("a"), true);
    add(&set, SLICE_LITERAL("b"), false);
    add(&set, SLICE_LITERAL("ab"), true);
    add(&set, SLICE_EMPTY, true);
    add(&set, SLICE_EMPTY, false);
    add(&set, SLICE_LITERAL("a\0b"), true);
    add(&set, SLICE_LITERAL("a"), false);
    assert_true(text_set_each(&set, visit, &visited, NULL));
    assert_string_equal(visited.text, "b;a;ab;;a;"); /* "%.*s" ends at the NUL */
    text_set_finish(&set);
    arena_finish(&arena);
}

static void test_text_set__stops_where_a_visit_fails(void **state)
{
    (void)state;
    struct arena arena;
    struct text_set set;
    struct error err = {0};
    struct visited visited = {.limit = 2};
    arena_init(&arena, 1 << 20);
    text_set_init(&set, &arena);
    add(&set, SLICE_LITERAL("a"), true);
    add(&set, SLICE_LITERAL("b"), true);
    assert_fails(text_set_each(&set, visit, &visited, &err), &err, ERROR_OVERLOADED);
    assert_string_equal(visited.text, "a;");
    text_set_finish(&set);
    text_set_finish(&set);
    arena_finish(&arena);
}

static void test_text_set__reports_a_full_arena(void **state)
{
    (void)state;
    struct arena arena;
    struct text_set set;
    struct error err = {0};
    char text[24];
    bool added = false;
    int count = 0;
    arena_init(&arena, 16 * 1024);
    text_set_init(&set, &arena);
    do {
        (void)snprintf(text, sizeof text, "path-%d", count++);
        assert_true(count < 10000);
    } while (text_set_add(&set, slice_from_string(text), &added, &err));
    assert_int_equal(err.kind, ERROR_NO_MEMORY);
    add(&set, SLICE_LITERAL("path-0"), false); /* what was added is still there */
    text_set_finish(&set);
    arena_finish(&arena);
}

static void test_text_set__holds_many(void **state)
{
    (void)state;
    struct arena arena;
    struct text_set set;
    char text[24];
    arena_init(&arena, 64 << 20);
    text_set_init(&set, &arena);
    for (int round = 0; round < 2; round++) {
        for (int i = 0; i < 20000; i++) {
            (void)snprintf(text, sizeof text, "path-%d", i);
            add(&set, slice_from_string(text), round == 0);
        }
    }
    text_set_finish(&set);
    arena_finish(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_text_set__holds_each_text_once_in_order),
        cmocka_unit_test(test_text_set__stops_where_a_visit_fails),
        cmocka_unit_test(test_text_set__reports_a_full_arena),
        cmocka_unit_test(test_text_set__holds_many),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
