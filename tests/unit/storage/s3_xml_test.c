#include "storage/s3_xml.h"

#include <stdio.h>

#include "base/limits.h"
#include "storage/xml_walk.h"
#include "tests/unit/cmocka_all.h"

static void test_fault__has_code_message_and_region(void **state)
{
    (void)state;
    struct arena arena;
    struct s3_fault fault;
    struct error err = {0};
    arena_init(&arena, MIB);
    assert_ok(s3_fault_parse(SLICE_LITERAL("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
                                           "<Error><Code>AuthorizationHeaderMalformed</Code>"
                                           "<Message>the region is &apos;us-east-1&apos;</Message>"
                                           "<Region>eu-west-1</Region></Error>"),
                             &arena, &fault, &err),
              &err);
    assert_slice_equal(fault.code, "AuthorizationHeaderMalformed");
    assert_slice_equal(fault.message, "the region is 'us-east-1'");
    assert_slice_equal(fault.region, "eu-west-1");
    /* STS wraps it. */
    assert_ok(s3_fault_parse(SLICE_LITERAL("<ErrorResponse><Error><Type>Sender</Type>"
                                           "<Code>AccessDenied</Code></Error></ErrorResponse>"),
                             &arena, &fault, &err),
              &err);
    assert_slice_equal(fault.code, "AccessDenied");
    assert_slice_equal(fault.region, "");
    arena_finish(&arena);
}

static void test_fault__refuses_what_is_none(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "",
        "not found",
        "<html><body>Bad Gateway</body></html>",
        "<Error><Code>Acc",
        "<Error><Code></Code></Error>",
        "<!DOCTYPE a [<!ENTITY x \"y\">]><Error><Code>&x;</Code></Error>",
    };
    struct arena arena;
    arena_init(&arena, MIB);
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        struct s3_fault fault;
        struct error err = {0};
        assert_fails(s3_fault_parse(slice_from_string(texts[i]), &arena, &fault, &err), &err,
                     ERROR_CORRUPT);
    }
    arena_finish(&arena);
}

static void test_walk__bounds_depth_and_text(void **state)
{
    (void)state;
    struct arena arena;
    struct buffer text;
    struct s3_fault fault;
    struct error err = {0};
    arena_init(&arena, MIB);
    buffer_init(&text, MIB);
    for (size_t i = 0; i <= XML_MAX_DEPTH; i++)
        buffer_append_string(&text, "<a>");
    assert_fails(s3_fault_parse(buffer_slice(&text), &arena, &fault, &err), &err, ERROR_CORRUPT);
    assert_non_null(strstr(err.message, "too deep"));
    buffer_truncate(&text, 0);
    buffer_append_string(&text, "<a>");
    for (size_t i = 0; i <= XML_MAX_TEXT_SIZE; i++)
        buffer_append_byte(&text, 'x');
    buffer_append_string(&text, "</a>");
    assert_fails(s3_fault_parse(buffer_slice(&text), &arena, &fault, &err), &err, ERROR_CORRUPT);
    assert_non_null(strstr(err.message, "too long"));
    buffer_finish(&text);
    arena_finish(&arena);
}

static bool note_key(void *context, struct slice key, uint64_t size, struct error *err)
{
    struct buffer *keys = context;
    (void)err;
    buffer_printf(keys, "%.*s=%llu;", SLICE_ARG(key), (unsigned long long)size);
    return true;
}

static bool refuse_key(void *context, struct slice key, uint64_t size, struct error *err)
{
    (void)context, (void)key, (void)size;
    return error_set(err, ERROR_CONFLICT, "enough");
}

#define LISTING                                                                           \
    "<ListBucketResult xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><Name>b</Name>"  \
    "<Contents><Key>a/with+space%2Bplus%C3%A9</Key><Size>0</Size></Contents>"             \
    "<Contents><Key>a/2</Key><Size>5000000000</Size><Owner><ID>x</ID></Owner></Contents>" \
    "<NextContinuationToken>to&amp;ken</NextContinuationToken></ListBucketResult>"

static void test_list__gives_decoded_keys_and_the_next_page(void **state)
{
    (void)state;
    struct arena arena;
    struct buffer keys;
    struct slice next;
    struct error err = {0};
    arena_init(&arena, MIB);
    buffer_init(&keys, MIB);
    assert_ok(s3_list_parse(SLICE_LITERAL(LISTING), note_key, &keys, &arena, &next, &err), &err);
    assert_slice_equal(buffer_slice(&keys), "a/with space+plus\xC3\xA9=0;a/2=5000000000;");
    assert_slice_equal(next, "to&ken");
    assert_ok(s3_list_parse(SLICE_LITERAL("<ListBucketResult></ListBucketResult>"), note_key, &keys,
                            &arena, &next, &err),
              &err);
    assert_int_equal(next.len, 0);
    assert_fails(s3_list_parse(SLICE_LITERAL(LISTING), refuse_key, NULL, &arena, &next, &err), &err,
                 ERROR_CONFLICT);
    assert_fails(s3_list_parse(SLICE_LITERAL("<Other></Other>"), note_key, &keys, &arena, &next,
                               &err),
                 &err, ERROR_CORRUPT);
    buffer_finish(&keys);
    arena_finish(&arena);
}

static void test_delete__escapes_keys_and_finds_the_first_failure(void **state)
{
    (void)state;
    const struct slice keys[] = {SLICE_LITERAL("a&b<c"), SLICE_LITERAL("line\n")};
    struct s3_delete_fault fault;
    struct arena arena;
    struct buffer out;
    struct error err = {0};
    arena_init(&arena, MIB);
    buffer_init(&out, MIB);
    s3_delete_append(&out, keys, 2);
    assert_non_null(memmem(out.ptr, out.len, "<Key>a&#38;b&#60;c</Key>", 24));
    assert_non_null(memmem(out.ptr, out.len, "<Key>line&#10;</Key>", 20));
    assert_ok(s3_delete_parse(SLICE_LITERAL("<DeleteResult/>"), &arena, &fault, &err), &err);
    assert_null(fault.key.ptr);
    assert_ok(s3_delete_parse(SLICE_LITERAL("<DeleteResult><Error><Key>k1</Key><Code>AccessDenied"
                                            "</Code></Error><Error><Key>k2</Key><Code>Other</Code>"
                                            "</Error></DeleteResult>"),
                              &arena, &fault, &err),
              &err);
    assert_slice_equal(fault.key, "k1");
    assert_slice_equal(fault.code, "AccessDenied");
    buffer_finish(&out);
    arena_finish(&arena);
}

static void test_sts__gives_credentials(void **state)
{
    (void)state;
    struct sts_answer answer;
    struct arena arena;
    struct error err = {0};
    arena_init(&arena, MIB);
    assert_ok(
        sts_answer_parse(SLICE_LITERAL(
                             "<AssumeRoleResponse><AssumeRoleResult><Credentials>"
                             "<AccessKeyId>AKIA</AccessKeyId><SecretAccessKey>s</SecretAccessKey>"
                             "<SessionToken>t</SessionToken>"
                             "<Expiration>2026-01-31T12:00:00Z</Expiration></Credentials>"
                             "</AssumeRoleResult></AssumeRoleResponse>"),
                         &arena, &answer, &err),
        &err);
    assert_slice_equal(answer.access_key_id, "AKIA");
    assert_slice_equal(answer.secret_access_key, "s");
    assert_slice_equal(answer.session_token, "t");
    assert_slice_equal(answer.expiration, "2026-01-31T12:00:00Z");
    assert_fails(sts_answer_parse(SLICE_LITERAL("<AssumeRoleResponse/>"), &arena, &answer, &err),
                 &err, ERROR_CORRUPT);
    arena_finish(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_fault__has_code_message_and_region),
        cmocka_unit_test(test_fault__refuses_what_is_none),
        cmocka_unit_test(test_walk__bounds_depth_and_text),
        cmocka_unit_test(test_list__gives_decoded_keys_and_the_next_page),
        cmocka_unit_test(test_delete__escapes_keys_and_finds_the_first_failure),
        cmocka_unit_test(test_sts__gives_credentials),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
