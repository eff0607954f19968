#include "storage/azure_sign.h"

#include <stdio.h>

#include "base/limits.h"
#include "tests/unit/cmocka_all.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
/* The bytes 0 to 63. */
#define KEY \
    "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8gISIjJCUmJygpKissLS4vMDEyMzQ1Njc4OTo7PD0+Pw=="
#define TIME 1440938160 /* 2015-08-30T12:36:00Z */

#define TEXT(text)               \
    {                            \
        (text), sizeof(text) - 1 \
    }
#define HEADER(name, value)     \
    {                           \
        TEXT(name), TEXT(value) \
    }
#define DATE HEADER("x-ms-date", "Sun, 30 Aug 2015 12:36:00 GMT")
#define VERSION HEADER("x-ms-version", "2021-12-02")

struct vector {
    const char *account;
    struct azure_request request;
    const char *signature; /* as Azure's own library for Python (12.31) signs it */
};

static const struct http_header GET[] = {VERSION, DATE, HEADER("x-ms-range", "bytes=0-0")};
static const struct http_header PUT[] = {HEADER("X-Ms-Blob-Type", "BlockBlob"),
                                          HEADER("If-None-Match", "*"),
                                          VERSION,
                                          HEADER("Content-MD5", "XrY7u+Ae7tCTyyK9j1rNww=="),
                                          DATE,
                                          HEADER("Content-Type", "application/json")};
static const struct http_header PUT_EMPTY[] = {HEADER("x-ms-blob-type", "BlockBlob"),
                                                HEADER("If-None-Match", "*"), VERSION, DATE};
static const struct http_header PLAIN[] = {DATE, VERSION};

#define REQUEST(method, path, query, headers, size)                          \
    {                                                                        \
        TEXT(method), TEXT(path), TEXT(query), headers, COUNT(headers), size \
    }

static const struct vector VECTORS[] = {
    {"acct", REQUEST("GET", "/lake/a%20b/%2B%25%C3%A9.json", "", GET, 0),
     "4mwdmphnnK/6AayqsFQ+hFEdr9ouPT+WPtj1THGDAb8="},
    {"acct", REQUEST("PUT", "/lake/t/m.json", "", PUT, 11),
     "ZHNL8JHlpHCcLut5GAdP/qfM9X5ksW5t0BxDen/Ccy4="},
    {"acct", REQUEST("PUT", "/lake/t/m.json", "", PUT_EMPTY, 0),
     "Qub2Tjbg4q/Zsbr/XeicPx5lwcZdHeiFvh1iMt+0q3Q="},
    {"acct",
     REQUEST("GET", "/lake",
             "restype=container&comp=list&prefix=a%20b%2F%2B%25%C3%A9%2F&marker=&include=metadata"
             "&maxresults=5000",
             PLAIN, 0),
     "c4fw/mY6Q0pUIGhEuFogx1SOxS6GCF3equj+joE+RUg="},
    {"devstoreaccount1", REQUEST("DELETE", "/devstoreaccount1/lake/t", "", PLAIN, 0),
     "Nl2jUS/oVg6KXHGLjLbvV/grVQk13eatqvmrmyxmg/4="},
};

static void test_authorization__is_what_azures_own_library_makes(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(VECTORS); i++) {
        const struct vector *vector = &VECTORS[i];
        struct arena arena;
        struct buffer out;
        struct error err = {0};
        char wanted[128];
        arena_init(&arena, MIB);
        buffer_init(&out, MIB);
        assert_ok(azure_authorization_append(&out, &vector->request,
                                             slice_from_string(vector->account), SLICE_LITERAL(KEY),
                                             &arena, &err),
                  &err);
        snprintf(wanted, sizeof wanted, "SharedKey %s:%s", vector->account, vector->signature);
        assert_slice_equal(buffer_slice(&out), wanted);
        buffer_finish(&out);
        arena_finish(&arena);
    }
}

static void test_string_to_sign__has_a_line_for_each_header_and_parameter(void **state)
{
    (void)state;
    static const struct http_header headers[] = {HEADER("x-ms-b", " two "), HEADER("Range", "r"),
                                                  HEADER("X-MS-A", "one"), HEADER("other", "no")};
    const struct azure_request request =
        REQUEST("GET", "/c/a%20b", "Z=1&empty=&a=%2C+x&&none&a=b%25", headers, 7);
    struct arena arena;
    struct buffer out;
    struct error err = {0};
    arena_init(&arena, MIB);
    buffer_init(&out, MIB);
    assert_ok(azure_string_to_sign_append(&out, &request, SLICE_LITERAL("acct"), &arena, &err),
              &err);
    assert_slice_equal(buffer_slice(&out), "GET\n\n\n7\n\n\n\n\n\n\n\nr\nx-ms-a:one\nx-ms-b:two\n"
                                           "/acct/c/a%20b\na:, x,b%\nempty:\nnone:\nz:1");
    buffer_finish(&out);
    arena_finish(&arena);
}

static void test_date__is_that_of_http(void **state)
{
    (void)state;
    char text[AZURE_DATE_SIZE];
    azure_date_put(TIME, text);
    assert_string_equal(text, "Sun, 30 Aug 2015 12:36:00 GMT");
    azure_date_put(0, text);
    assert_string_equal(text, "Thu, 01 Jan 1970 00:00:00 GMT");
}

static void test_keys__that_are_not_base64_are_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {"",     "AAA",      "not base64!!",
                                      "====", "AA==AA==", "AAECAwQFBgcICQoLDA0OD"};
    for (size_t i = 0; i < COUNT(bad); i++) {
        struct buffer out;
        struct error err = {0};
        buffer_init(&out, MIB);
        assert_fails(azure_signature_append(&out, SLICE_LITERAL("text"), slice_from_string(bad[i]),
                                            &err),
                     &err, ERROR_STORAGE);
        assert_true(bad[i][0] == '\0' || !strstr(err.message, bad[i]));
        assert_int_equal(out.len, 0);
        buffer_finish(&out);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_authorization__is_what_azures_own_library_makes),
        cmocka_unit_test(test_string_to_sign__has_a_line_for_each_header_and_parameter),
        cmocka_unit_test(test_date__is_that_of_http),
        cmocka_unit_test(test_keys__that_are_not_base64_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
