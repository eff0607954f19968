#include "cli/entity_name.h"

#include <stdlib.h>

#include "tests/unit/cmocka_all.h"

static void assert_path(const char *name, const char *expected)
{
    struct buffer path;
    struct error err = {0};
    buffer_init(&path, 1024);
    assert_ok(entity_name_put_path(slice_from_string(name), "tables", &path, &err), &err);
    assert_slice_equal(buffer_slice(&path), expected);
    buffer_finish(&path);
}

static void test_entity_name__is_a_path(void **state)
{
    (void)state;
    assert_path("a.t", "/namespaces/a/tables/t");
    assert_path("a.b.t", "/namespaces/a%1Fb/tables/t");
    assert_path("`a.b`.c.`t.u`", "/namespaces/a.b%1Fc/tables/t.u");
    assert_path("a/b.t ü", "/namespaces/a%2Fb/tables/t%20%C3%BC");
}

static void assert_members(const char *name, const char *expected)
{
    json_t *object = json_object();
    struct error err = {0};
    assert_ok(entity_name_put_members(slice_from_string(name), object, &err), &err);
    char *text = json_dumps(object, JSON_COMPACT | JSON_SORT_KEYS);
    assert_string_equal(text, expected);
    free(text);
    json_decref(object);
}

static void test_entity_name__is_an_object(void **state)
{
    (void)state;
    assert_members("a.t", "{\"name\":\"t\",\"namespace\":[\"a\"]}");
    assert_members("`a.b`.c.`t.u`", "{\"name\":\"t.u\",\"namespace\":[\"a.b\",\"c\"]}");
}

static void test_entity_name__refuses_what_is_no_name(void **state)
{
    static const char *const BAD[] = {"", "t", ".t", "a.", "a..t", "`a.t", "a.`t", "`a`b.t"};
    (void)state;
    for (size_t i = 0; i < sizeof(BAD) / sizeof(BAD[0]); i++) {
        struct buffer path;
        struct error err = {0};
        buffer_init(&path, 1024);
        if (entity_name_put_path(slice_from_string(BAD[i]), "tables", &path, &err))
            fail_msg("'%s' was taken", BAD[i]);
        assert_int_equal(err.kind, ERROR_BAD_REQUEST);
        buffer_finish(&path);
        json_t *object = json_object();
        error_clear(&err);
        if (entity_name_put_members(slice_from_string(BAD[i]), object, &err))
            fail_msg("'%s' was taken", BAD[i]);
        assert_int_equal(err.kind, ERROR_BAD_REQUEST);
        json_decref(object);
    }
}

static void test_entity_name__is_json(void **state)
{
    struct error err = {0};
    json_t *levels = NULL, *identifier = NULL;
    (void)state;
    assert_ok(entity_name_levels(SLICE_LITERAL("a.`b.c`"), &levels, &err), &err);
    char *text = json_dumps(levels, JSON_COMPACT);
    assert_string_equal(text, "[\"a\",\"b.c\"]");
    free(text);
    json_decref(levels);
    assert_ok(entity_name_identifier(SLICE_LITERAL("a.b.t"), &identifier, &err), &err);
    text = json_dumps(identifier, JSON_COMPACT | JSON_SORT_KEYS);
    assert_string_equal(text, "{\"name\":\"t\",\"namespace\":[\"a\",\"b\"]}");
    free(text);
    json_decref(identifier);
    assert_false(entity_name_identifier(SLICE_LITERAL("t"), &identifier, &err));
    assert_false(entity_name_levels(SLICE_LITERAL("a."), &levels, &err));
    assert_false(entity_name_levels(SLICE_LITERAL("a.\xff"), &levels, &err));
    assert_slice_equal(entity_name_namespace(SLICE_LITERAL("a.`b.c`.t")), "a.`b.c`");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_entity_name__is_a_path),
        cmocka_unit_test(test_entity_name__is_an_object),
        cmocka_unit_test(test_entity_name__is_json),
        cmocka_unit_test(test_entity_name__refuses_what_is_no_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
