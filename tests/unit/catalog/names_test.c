#include <stdio.h>

#include "base/limits.h"
#include "tests/unit/catalog/catalog_fixture.h"

static struct call call_in(struct arena *arena)
{
    arena_init(arena, 1 * MIB);
    return (struct call){.arena = arena};
}

/* Rule 58. */
static void test_name_check__refuses_what_no_path_can_carry(void **state)
{
    (void)state;
    struct error err = {0};
    static const char *const wrong[] = {"",     ".",    "..",   "a\x1F" "b",
                                        "a\nb", "\x7F", "\xFF", "a\xC3"};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        assert_fails(name_check(slice_from_string(wrong[i]), "table", &err), &err,
                     ERROR_BAD_REQUEST);
    assert_fails(name_check(SLICE_LITERAL("a\0b"), "view", &err), &err, ERROR_BAD_REQUEST);
    assert_string_equal(err.message, "Invalid view name: control characters are not allowed");
}

static void test_name_check__takes_dots_slashes_spaces_and_any_script(void **state)
{
    (void)state;
    struct error err = {0};
    static const char *const fine[] = {"a.b", "a/b", "...", " ", "a+b", "%2F", "日本", "'\"`", "é"};
    for (size_t i = 0; i < sizeof fine / sizeof *fine; i++)
        assert_ok(name_check(slice_from_string(fine[i]), "table", &err), &err);
}

static void test_name_check__has_a_longest_name(void **state)
{
    (void)state;
    struct error err = {0};
    static char text[MAX_NAME_SIZE + 1];
    memset(text, 'x', sizeof text);
    assert_ok(name_check(slice_make(text, MAX_NAME_SIZE), "table", &err), &err);
    assert_fails(name_check(slice_make(text, MAX_NAME_SIZE + 1), "table", &err), &err,
                 ERROR_BAD_REQUEST);
    assert_string_equal(err.message, "Invalid table name: it has 4097 bytes, the longest allowed "
                                     "has 4096");
}

static bool parse_levels(const char *json, bool allow_root, struct arena *arena,
                         struct slice *ret_path, struct error *err)
{
    struct call call = call_in(arena);
    json_t *levels = json_of_text("[%s]", json); /* one value in an array: null is a value too */
    bool ok = namespace_path_parse(&call, json_array_get(levels, 0), allow_root, ret_path, err);
    json_decref(levels);
    return ok;
}

/* Rule 58. */
static void test_namespace_path_parse__joins_levels(void **state)
{
    (void)state;
    struct error err = {0};
    struct arena arena;
    struct slice path;
    assert_ok(parse_levels("['a','b.c']", false, &arena, &path, &err), &err);
    assert_slice_equal(path, "a\x1F" "b.c");
    assert_string_equal(namespace_text(&arena, path), "a.b.c");
    arena_finish(&arena);
    assert_ok(parse_levels("[]", true, &arena, &path, &err), &err);
    assert_int_equal(path.len, 0);
    arena_finish(&arena);
}

static void test_namespace_path_parse__refuses_what_is_no_namespace(void **state)
{
    (void)state;
    struct error err = {0};
    struct arena arena;
    struct slice path;
    static const char *const wrong[] = {"[]", "'a'", "{}", "null", "['a',1]", "['a','']", "['..']",
                                        "['a\\u001fb']"};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        assert_fails(parse_levels(wrong[i], false, &arena, &path, &err), &err, ERROR_BAD_REQUEST);
        arena_finish(&arena);
    }
}

static void test_namespace_path_parse__has_a_deepest_namespace(void **state)
{
    (void)state;
    struct error err = {0};
    struct arena arena;
    struct slice path;
    char text[256] = "[";
    for (int i = 0; i < MAX_NAMESPACE_LEVELS; i++)
        (void)snprintf(text + strlen(text), sizeof text - strlen(text), "%s", i ? ",'a'" : "'a'");
    size_t size = strlen(text);
    (void)snprintf(text + size, sizeof text - size, "]");
    assert_ok(parse_levels(text, false, &arena, &path, &err), &err);
    arena_finish(&arena);
    (void)snprintf(text + size, sizeof text - size, ",'a']");
    assert_fails(parse_levels(text, false, &arena, &path, &err), &err, ERROR_BAD_REQUEST);
    arena_finish(&arena);
}

static void test_namespace_path__must_fit_a_url(void **state)
{
    (void)state;
    struct error err = {0};
    static char text[MAX_NAMESPACE_URI_SIZE + 1];
    memset(text, 'a', sizeof text);
    assert_ok(namespace_path_check_size(slice_make(text, MAX_NAMESPACE_URI_SIZE), &err), &err);
    assert_fails(namespace_path_check_size(slice_make(text, sizeof text), &err), &err,
                 ERROR_BAD_REQUEST);
    memset(text, NAMESPACE_SEPARATOR, sizeof text);
    assert_ok(namespace_path_check_size(slice_make(text, MAX_NAMESPACE_URI_SIZE / 3), &err), &err);
    assert_fails(namespace_path_check_size(slice_make(text, MAX_NAMESPACE_URI_SIZE / 3 + 1), &err),
                 &err, ERROR_BAD_REQUEST);
    /* The longest name as one level, every byte of it encoded, has always been allowed. */
    assert_true(3 * MAX_NAME_SIZE <= MAX_NAMESPACE_URI_SIZE);
}

static void test_entity_name_parse__reads_an_identifier(void **state)
{
    (void)state;
    struct error err = {0};
    struct arena arena;
    struct call call = call_in(&arena);
    struct entity_name name;
    json_t *identifier = json_of_text("{'namespace':['a','b'],'name':'t'}");
    assert_ok(entity_name_parse(&call, identifier, &name, &err), &err);
    assert_string_equal(entity_name_text(&arena, name), "a.b.t");
    json_decref(identifier);
    static const char *const wrong[] = {"{}", "[]", "{'name':'t'}", "{'namespace':['a']}",
                                        "{'namespace':[],'name':'t'}",
                                        "{'namespace':['a'],'name':''}"};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        identifier = json_of_text("%s", wrong[i]);
        assert_fails(entity_name_parse(&call, identifier, &name, &err), &err, ERROR_BAD_REQUEST);
        json_decref(identifier);
    }
    arena_finish(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_name_check__refuses_what_no_path_can_carry),
        cmocka_unit_test(test_name_check__takes_dots_slashes_spaces_and_any_script),
        cmocka_unit_test(test_name_check__has_a_longest_name),
        cmocka_unit_test(test_namespace_path_parse__joins_levels),
        cmocka_unit_test(test_namespace_path_parse__refuses_what_is_no_namespace),
        cmocka_unit_test(test_namespace_path_parse__has_a_deepest_namespace),
        cmocka_unit_test(test_namespace_path__must_fit_a_url),
        cmocka_unit_test(test_entity_name_parse__reads_an_identifier),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
