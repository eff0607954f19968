#include "base/percent.h"
#include "tests/unit/cmocka_all.h"

struct fixture {
    struct arena arena;
    struct error err;
};

static int setup(void **state)
{
    static struct fixture fixture;
    arena_init(&fixture.arena, 1 << 20);
    *state = &fixture;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *fixture = *state;
    arena_finish(&fixture->arena);
    return 0;
}

static void test_percent_decode__vectors(void **state)
{
    struct fixture *fixture = *state;
    static const struct {
        const char *text;
        bool plus_is_space;
        const char *plain;
    } vectors[] = {
        {"", false, ""},
        {"abc-._~", false, "abc-._~"},
        {"a%2Fb%2fc", false, "a/b/c"},
        {"a%1Fb", false,
         "a\x1F"
         "b"},
        {"%E9%9B%AA", false, "雪"},
        {"a+b", false, "a+b"},
        {"a+b%2B", true, "a b+"},
        {"%2525", false, "%25"}, /* decoded once */
        {"%7e%7E", false, "~~"},
    };
    for (size_t i = 0; i < sizeof(vectors) / sizeof(vectors[0]); i++) {
        struct slice plain = SLICE_EMPTY;
        assert_ok(percent_decode(slice_from_string(vectors[i].text), vectors[i].plus_is_space,
                                 &fixture->arena, &plain, &fixture->err),
                  &fixture->err);
        assert_slice_equal(plain, vectors[i].plain);
        assert_int_equal(plain.ptr[plain.len], '\0');
    }
}

static void test_percent_decode__refuses_broken_triplets_and_nul(void **state)
{
    struct fixture *fixture = *state;
    static const struct slice bad[] = {
        {"%", 1},    {"a%4", 3},   {"%zz", 3},  {"%4g", 3}, {"%g4", 3},
        {"%%41", 4}, {"a%00b", 5}, {"a\0b", 3}, {"%+1", 3}, {"% 1", 3},
    };
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct slice plain = {"untouched", 9};
        assert_fails(percent_decode(bad[i], false, &fixture->arena, &plain, &fixture->err),
                     &fixture->err, ERROR_BAD_REQUEST);
        assert_slice_equal(plain, "untouched");
    }
}

static void test_percent_decode__says_when_memory_is_short(void **state)
{
    struct fixture *fixture = *state;
    struct arena none;
    struct slice plain;
    arena_init(&none, 0);
    assert_fails(percent_decode(SLICE_LITERAL("abc"), false, &none, &plain, &fixture->err),
                 &fixture->err, ERROR_NO_MEMORY);
}

static void test_percent_append__encodes_all_but_unreserved(void **state)
{
    (void)state;
    struct buffer out;
    buffer_init(&out, 1000);
    percent_append(&out, SLICE_LITERAL("azAZ09-._~ /%+\x1F雪"));
    assert_slice_equal(buffer_slice(&out), "azAZ09-._~%20%2F%25%2B%1F%E9%9B%AA");
    buffer_finish(&out);
}

static void test_percent__every_byte_but_nul_survives_a_round_trip(void **state)
{
    struct fixture *fixture = *state;
    char bytes[255];
    struct buffer out;
    struct slice plain;
    for (size_t i = 0; i < sizeof(bytes); i++)
        bytes[i] = (char)(i + 1);
    buffer_init(&out, 1000);
    percent_append(&out, slice_make(bytes, sizeof(bytes)));
    assert_ok(percent_decode(buffer_slice(&out), true, &fixture->arena, &plain, &fixture->err),
              &fixture->err);
    assert_true(slice_equals(plain, slice_make(bytes, sizeof(bytes))));
    buffer_finish(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_percent_decode__vectors, setup, teardown),
        cmocka_unit_test_setup_teardown(test_percent_decode__refuses_broken_triplets_and_nul, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_percent_decode__says_when_memory_is_short, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_percent_append__encodes_all_but_unreserved, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_percent__every_byte_but_nul_survives_a_round_trip,
                                        setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
