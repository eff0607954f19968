#include "storage/azure_sas.h"

#include <stdio.h>

#include "base/limits.h"
#include "tests/unit/cmocka_all.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
/* The bytes 0 to 63. */
#define KEY \
    "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8gISIjJCUmJygpKissLS4vMDEyMzQ1Njc4OTo7PD0+Pw=="
#define EXPIRES 1440941760 /* 2015-08-30T13:36:00Z */
#define TEXT(text)               \
    {                            \
        (text), sizeof(text) - 1 \
    }
#define WHEN "se=2015-08-30T13%3A36%3A00Z"
#define DELEGATED                                                                              \
    "&skoid=oid-1&sktid=tid-2&skt=2015-08-30T12%3A21%3A00Z&ske=2015-08-30T13%3A36%3A00Z&sks=b" \
    "&skv=2020-12-06"

static const struct azure_delegation_key DELEGATION = {TEXT("oid-1"),
                                                       TEXT("tid-2"),
                                                       TEXT("2015-08-30T12:21:00Z"),
                                                       TEXT("2015-08-30T13:36:00Z"),
                                                       TEXT("b"),
                                                       TEXT("2020-12-06"),
                                                       TEXT(KEY)};

static struct azure_sas sas_of(enum session_rights rights, bool is_delegated)
{
    return (struct azure_sas){
        .account = SLICE_LITERAL("acct"),
        .container = SLICE_LITERAL("lake"),
        .directory = SLICE_LITERAL("wh/\xC3\xA9 x+%41"),
        .rights = rights,
        .expires_s = EXPIRES,
        .is_https_only = true,
        .account_key = SLICE_LITERAL(KEY),
        .delegated = is_delegated ? &DELEGATION : NULL,
    };
}

/* The signatures are those of Azure's own library for Python (azure-storage-file-datalake). */
static void test_sas__is_what_azures_own_library_makes(void **state)
{
    (void)state;
    static const struct {
        enum session_rights rights;
        bool is_delegated;
        const char *query;
    } cases[] = {
        {SESSION_READ_WRITE, true,
         "sv=2020-12-06&spr=https&" WHEN "&sr=d&sdd=2&sp=racwdl" DELEGATED
         "&sig=vbqWafzJ7Rq77cXAtkuiWiFJQbrf%2BCbl8ZJ%2F6JMuD74%3D"},
        {SESSION_READ_WRITE, false,
         "sv=2020-12-06&spr=https&" WHEN "&sr=d&sdd=2&sp=racwdl"
         "&sig=7h06hfLpvgA4q4ZcU6C8wpWIAJzaQOODmc8idHyJkOU%3D"},
        {SESSION_READ, true,
         "sv=2020-12-06&spr=https&" WHEN "&sr=d&sdd=2&sp=rl" DELEGATED
         "&sig=3G%2BLwxBBB%2FwzsYjZ%2FOOUr%2F8yyeV4YuUac%2F%2Bubgk8c6c%3D"},
        {SESSION_READ, false,
         "sv=2020-12-06&spr=https&" WHEN "&sr=d&sdd=2&sp=rl"
         "&sig=E9YnE0h53vzy4wfWOdqQ0LoKd4bxeLAlk8CP4bL4Tug%3D"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct azure_sas sas = sas_of(cases[i].rights, cases[i].is_delegated);
        struct buffer out;
        struct error err = {0};
        buffer_init(&out, MIB);
        assert_ok(azure_sas_append(&out, &sas, &err), &err);
        assert_slice_equal(buffer_slice(&out), cases[i].query);
        buffer_finish(&out);
    }
}

static void test_sas__has_a_line_for_each_field(void **state)
{
    (void)state;
    struct azure_sas sas = sas_of(SESSION_READ, true);
    struct buffer out;
    struct error err = {0};
    sas.is_https_only = false;
    sas.directory = SLICE_LITERAL("a/b/c");
    buffer_init(&out, MIB);
    assert_ok(azure_sas_string_to_sign_append(&out, &sas, &err), &err);
    assert_slice_equal(buffer_slice(&out),
                       "rl\n\n2015-08-30T13:36:00Z\n/blob/acct/lake/a/b/c\noid-1\ntid-2\n"
                       "2015-08-30T12:21:00Z\n2015-08-30T13:36:00Z\nb\n2020-12-06\n\n\n\n\n\n"
                       "2020-12-06\nd\n\n\n\n\n\n\n");
    buffer_truncate(&out, 0);
    assert_ok(azure_sas_append(&out, &sas, &err), &err);
    assert_non_null(memmem(out.ptr, out.len, "&sdd=3&", 7));
    assert_null(memmem(out.ptr, out.len, "spr=", 4));
    buffer_finish(&out);
}

static void test_sas__is_never_for_a_whole_container(void **state)
{
    (void)state;
    struct azure_sas sas = sas_of(SESSION_READ, false);
    struct buffer out;
    struct error err = {0};
    sas.directory = SLICE_EMPTY;
    buffer_init(&out, MIB);
    assert_fails(azure_sas_append(&out, &sas, &err), &err, ERROR_VALIDATION);
    assert_int_equal(out.len, 0);
    buffer_finish(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sas__is_what_azures_own_library_makes),
        cmocka_unit_test(test_sas__has_a_line_for_each_field),
        cmocka_unit_test(test_sas__is_never_for_a_whole_container),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
