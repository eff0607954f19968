#include "storage/remote_sign.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/json_tree.h"
#include "base/limits.h"

/* Of AWS's own library (botocore) for the request of test_sign__signs_as_the_store_reads_it. */
#define EXPECTED_SIGNATURE                                                                   \
    "AWS4-HMAC-SHA256 Credential=anna/20150830/us-east-1/s3/aws4_request, "                  \
    "SignedHeaders=host;x-amz-content-sha256;x-amz-date;x-amz-meta-a;x-amz-security-token, " \
    "Signature=e0475d9f834912469b0412a9beecabcb1ec0a427b22503ea4dd81af576cdf262"
#define TABLE SLICE_LITERAL("s3://lake/db/t")
#define PROFILE                                                                      \
    "{\"type\":\"s3\",\"endpoint\":\"http://minio:9000\",\"client-endpoints\":["     \
    "{\"endpoint\":\"https://s3.example\"}],\"credentials\":{\"source\":\"static\"," \
    "\"access-key-id\":\"anna\",\"secret-access-key\":\"hush\"}}"

struct fixture {
    struct arena arena;
    struct storage_profile *profile;
    struct error err;
};

static void fixture_init(struct fixture *fixture, const char *profile)
{
    json_t *json = NULL;
    *fixture = (struct fixture){.profile = NULL};
    arena_init(&fixture->arena, MIB);
    if (!json_tree_parse(slice_from_string(profile), "test", &json, &fixture->err) ||
        !storage_profile_parse(json, NULL, &fixture->arena, &fixture->profile, &fixture->err))
        fail_msg("%s", fixture->err.message);
    json_decref(json);
}

/* The answer of the signing endpoint, the caller's; NULL where it refuses. */
static json_t *sign(struct fixture *fixture, json_t *owned, bool may_write)
{
    struct remote_sign request;
    struct buffer text;
    struct json_writer writer;
    json_t *answer = NULL;
    const struct s3_scope scope = {SLICE_LITERAL("us-east-1"), SLICE_LITERAL("s3"), 1440938160};
    const struct s3_credentials keys = {SLICE_LITERAL("anna"), SLICE_LITERAL("hush"),
                                        SLICE_LITERAL("token")};
    error_clear(&fixture->err);
    buffer_init(&text, MIB);
    json_writer_init(&writer, &text);
    assert_non_null(owned);
    if (remote_sign_parse(owned, fixture->profile, &fixture->arena, &request, &fixture->err) &&
        remote_sign_check(&request, TABLE, may_write, &fixture->arena, &fixture->err) &&
        remote_sign_write(&request, &scope, &keys, &fixture->arena, &writer, &fixture->err))
        assert_true(json_tree_parse(buffer_slice(&text), "answer", &answer, &fixture->err));
    json_decref(owned);
    buffer_finish(&text);
    return answer;
}

static json_t *request_of(const char *method, const char *uri)
{
    return json_pack("{s:s, s:s, s:s, s:{s:[s]}}", "region", "us-east-1", "uri", uri, "method",
                     method, "headers", "Accept", "*/*");
}

static void expect(const char *method, const char *uri, enum error_kind kind, const char *part)
{
    struct fixture fixture;
    fixture_init(&fixture, PROFILE);
    json_t *answer = sign(&fixture, request_of(method, uri), true);
    if ((answer != NULL) != (kind == ERROR_NONE) || fixture.err.kind != kind ||
        (kind != ERROR_NONE && strstr(fixture.err.message, part) == NULL))
        fail_msg("%s %s: %s %s", method, uri, error_kind_name(fixture.err.kind),
                 fixture.err.message);
    json_decref(answer);
    arena_finish(&fixture.arena);
}

#define BASE "http://minio:9000/lake/db/t"

static void test_sign__objects_of_the_table_in_every_style(void **state)
{
    (void)state;
    static const char *const uris[] = {
        BASE "/data/a.parquet",
        BASE "/data/a.parquet?x-id=GetObject",
        BASE "/data/p%3Da%252Fb/%C3%A9%20x.parquet",
        "http://lake.minio:9000/db/t/a",
        "https://s3.example/lake/db/t/a",
        "https://s3.example:443/lake/db/t/a",
        "https://lake.s3.example/db/t/a",
    };
    for (size_t i = 0; i < sizeof(uris) / sizeof(uris[0]); i++)
        expect("GET", uris[i], ERROR_NONE, "");
    expect("HEAD", BASE "/a", ERROR_NONE, "");
    expect("PUT", BASE "/a?x-id=PutObject", ERROR_NONE, "");
    expect("PUT", BASE "/a?partNumber=1&uploadId=x", ERROR_NONE, "");
    expect("POST", BASE "/a?uploads", ERROR_NONE, "");
    expect("POST", BASE "/a?uploadId=x", ERROR_NONE, "");
    expect("DELETE", BASE "/a", ERROR_NONE, "");
    expect("GET", "http://minio:9000/lake?list-type=2&prefix=db%2Ft%2F&delimiter=%2F", ERROR_NONE,
           "");
    expect("GET", "http://minio:9000/lake/?list-type=2&prefix=db%2Ft%2Fdata", ERROR_NONE, "");
}

static void test_sign__no_other_place(void **state)
{
    (void)state;
    static const char *const uris[] = {
        "http://minio:9000/lake/db/t2/a",
        "http://minio:9000/lake/db/t",
        "http://minio:9000/lake/db",
        "http://minio:9000/lake/",
        "http://minio:9000/other/db/t/a",
        "http://other.minio:9000/db/t/a",
        BASE "/../t2/a",
        BASE "/..",
        BASE "/%2e%2e/t2/a",
        BASE "/%2E./t2/a",
        BASE "/%252e%252e/t2/a",
        BASE "/.%252E/t2/a",
        BASE "/./a",
        BASE "//a",
        "http://minio:9000/lake//db/t/a",
        BASE "/x%5C..%5Ct2",
        BASE "/%C0%AE%C0%AE/t2/a",
        BASE "/%FFa",
        BASE "/a%0Ab",
    };
    for (size_t i = 0; i < sizeof(uris) / sizeof(uris[0]); i++)
        expect("GET", uris[i], ERROR_FORBIDDEN, "s3://lake/db/t");
}

static void test_sign__no_other_host(void **state)
{
    (void)state;
    static const char *const hosts[] = {
        "http://evil/lake/db/t/a",
        "http://minio:9001/lake/db/t/a",
        "https://minio:9000/lake/db/t/a",
        "http://minio.evil:9000/lake/db/t/a",
        "http://evilminio:9000/lake/db/t/a",
        "https://s3.example.evil/lake/db/t/a",
        "https://s3.us-east-1.amazonaws.com/lake/db/t/a",
    };
    for (size_t i = 0; i < sizeof(hosts) / sizeof(hosts[0]); i++)
        expect("GET", hosts[i], ERROR_FORBIDDEN, "is no host of the warehouse's object store");
    static const char *const urls[] = {
        "lake/db/t/a",
        "ftp://minio:9000/lake/db/t/a",
        "http://anna@minio:9000/lake/db/t/a",
        BASE "/a#frag",
        BASE "/a b",
        BASE "/a+b",
        BASE "/\xC3\xA9",
        BASE "/%zz",
        "http://",
        "http:",
        "",
    };
    for (size_t i = 0; i < sizeof(urls) / sizeof(urls[0]); i++)
        expect("GET", urls[i], ERROR_BAD_REQUEST, "");
}

static void test_sign__no_other_request(void **state)
{
    (void)state;
    static const char *const cases[][2] = {
        {"PUT", BASE "/a?acl"},
        {"PUT", BASE "/a?tagging"},
        {"PUT", BASE "/a?retention"},
        {"GET", BASE "/a?acl"},
        {"GET", BASE "/a?X-Amz-Signature=x"},
        {"DELETE", BASE "/a?versionId=x"},
        {"PATCH", BASE "/a"},
        {"OPTIONS", BASE "/a"},
        {"PUT", "http://minio:9000/lake"},
        {"DELETE", "http://minio:9000/lake"},
        {"HEAD", "http://minio:9000/lake"},
        {"POST", "http://minio:9000/lake"},
        {"PUT", "http://minio:9000/lake?policy"},
        {"GET", "http://minio:9000/lake?policy"},
        {"GET", "http://minio:9000/lake?versions&prefix=db%2Ft%2F"},
        {"GET", "http://minio:9000/lake?list-type=2"},
        {"GET", "http://minio:9000/lake?list-type=2&prefix="},
        {"GET", "http://minio:9000/lake?list-type=2&prefix=db%2Ft"},
        {"GET", "http://minio:9000/lake?list-type=2&prefix=db%2Ft2%2F"},
        {"GET", "http://minio:9000/lake?list-type=2&prefix=db%2Ft%2F..%2Ft2%2F"},
        {"GET", "http://minio:9000/"},
        {"GET", "http://minio:9000//lake/db/t/a"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        expect(cases[i][0], cases[i][1], ERROR_FORBIDDEN, "signed");
    expect("GET", "http://minio:9000/lake?prefix=db%2Ft%2F&prefix=", ERROR_BAD_REQUEST, "twice");
}

static void test_sign__writes_only_for_who_may(void **state)
{
    (void)state;
    static const char *const methods[] = {"PUT", "DELETE", "POST"};
    struct fixture fixture;
    fixture_init(&fixture, PROFILE);
    for (size_t i = 0; i < 3; i++) {
        assert_null(sign(&fixture, request_of(methods[i], BASE "/a"), false));
        assert_int_equal(fixture.err.kind, ERROR_FORBIDDEN);
        assert_non_null(strstr(fixture.err.message, "only read"));
    }
    json_decref(sign(&fixture, request_of("GET", BASE "/a"), false));
    assert_int_equal(fixture.err.kind, ERROR_NONE);
    arena_finish(&fixture.arena);
}

/* --- headers -------------------------------------------------------------------------------- */

static json_t *with_header(const char *name, const char *value)
{
    return json_pack("{s:s, s:s, s:s, s:{s:[s]}}", "region", "us-east-1", "uri", BASE "/a",
                     "method", "PUT", "headers", name, value);
}

static void test_sign__refuses_headers_that_open_an_object(void **state)
{
    (void)state;
    static const char *const cases[][2] = {
        {"x-amz-acl", "public-read"},
        {"X-Amz-Grant-Read", "uri=everyone"},
        {"x-amz-bypass-governance-retention", "true"},
        {"x-amz-object-lock-mode", "COMPLIANCE"},
        {"x-amz-website-redirect-location", "/"},
        {"x-amz-security-token", "mine"},
        {"x-amz-copy-source", "/lake/db/t2/a"},
        {"x-amz-copy-source", "lake/db/t/%2e%2e/t2/a"},
        {"x-amz-copy-source", "lake/db/t/a+b"},
        {"x-amz-copy-source", "other/db/t/a"},
    };
    struct fixture fixture;
    fixture_init(&fixture, PROFILE);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        assert_null(sign(&fixture, with_header(cases[i][0], cases[i][1]), true));
        if (fixture.err.kind != ERROR_FORBIDDEN)
            fail_msg("%s: %s: %s", cases[i][0], cases[i][1], fixture.err.message);
    }
    assert_null(sign(&fixture, with_header("x-amz-meta-a", "b\r\nx-amz-acl: public-read"), true));
    assert_int_equal(fixture.err.kind, ERROR_BAD_REQUEST);
    json_t *fine = sign(&fixture, with_header("x-amz-copy-source", "/lake/db/t/b"), true);
    assert_non_null(fine);
    json_decref(fine);
    arena_finish(&fixture.arena);
}

static const char *header_of(const json_t *answer, const char *name)
{
    return json_string_value(
        json_array_get(json_object_get(json_object_get(answer, "headers"), name), 0));
}

/* The signature is that of AWS's own library for this request, keys and time. */
static void test_sign__signs_as_the_store_reads_it(void **state)
{
    (void)state;
    struct fixture fixture;
    fixture_init(&fixture, PROFILE);
    json_t *answer = sign(&fixture, with_header("x-amz-meta-a", "b"), true);
    assert_non_null(answer);
    assert_string_equal(json_string_value(json_object_get(answer, "uri")), BASE "/a");
    assert_string_equal(header_of(answer, "X-Amz-Date"), "20150830T123600Z");
    assert_string_equal(header_of(answer, "X-Amz-Content-SHA256"), "UNSIGNED-PAYLOAD");
    assert_string_equal(header_of(answer, "X-Amz-Security-Token"), "token");
    assert_string_equal(header_of(answer, "Authorization"), EXPECTED_SIGNATURE);
    json_decref(answer);
    arena_finish(&fixture.arena);
}

/* One client adds the headers of the answer to its own: none may come twice. */
static void test_sign__keeps_what_the_client_says_of_its_body(void **state)
{
    (void)state;
    struct fixture fixture;
    fixture_init(&fixture, PROFILE);
    json_t *answer =
        sign(&fixture, with_header("x-amz-content-sha256", S3_EMPTY_PAYLOAD_HASH), true);
    assert_non_null(answer);
    assert_null(header_of(answer, "X-Amz-Content-SHA256"));
    json_decref(answer);
    arena_finish(&fixture.arena);
}

/* --- lists of deletes ----------------------------------------------------------------------- */

static json_t *deletes(const char *body)
{
    return json_pack("{s:s, s:s, s:s, s:{}, s:s?}", "region", "us-east-1", "uri",
                     "http://minio:9000/lake?delete", "method", "POST", "headers", "body", body);
}

static void test_sign__lists_of_deletes_by_their_body(void **state)
{
    (void)state;
    static const char *const refused[] = {
        "<Delete><Object><Key>db/t2/a</Key></Object></Delete>",
        "<Delete><Object><Key>db/t/a</Key></Object><Object><Key>db/t/../t2</Key></Object></Delete>",
        "<Delete><Object><Key>db/t/a</Key><VersionId>x</VersionId></Object></Delete>",
        "<Delete><Object><Key>db/t/a</Key></Object><Object><Key>x</Key></Object></Delete>",
    };
    static const char *const bad[] = {
        "<Delete></Delete>", "", "no xml",
        "<!DOCTYPE d [<!ENTITY e 'db/t2'>]><Delete><Object><Key>&e;/a</Key></Object></Delete>"};
    struct fixture fixture;
    fixture_init(&fixture, PROFILE);
    for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
        assert_null(sign(&fixture, deletes(refused[i]), true));
        if (fixture.err.kind != ERROR_FORBIDDEN)
            fail_msg("%s: %s", refused[i], fixture.err.message);
    }
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        assert_null(sign(&fixture, deletes(bad[i]), true));
        if (fixture.err.kind != ERROR_BAD_REQUEST)
            fail_msg("%s: %s", bad[i], fixture.err.message);
    }
    json_t *without = deletes("x");
    json_object_del(without, "body");
    assert_null(sign(&fixture, without, true));
    assert_non_null(strstr(fixture.err.message, "only with its body"));
    json_t *answer = sign(&fixture,
                          deletes("<Delete xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">"
                                  "<Quiet>true</Quiet><Object><Key>db/t/a</Key></Object></Delete>"),
                          true);
    if (answer == NULL)
        fail_msg("%s", fixture.err.message);
    assert_int_equal(strlen(header_of(answer, "X-Amz-Content-SHA256")), 64); /* of that very list */
    json_decref(answer);
    arena_finish(&fixture.arena);
}

static void test_sign__knows_the_names_of_aws(void **state)
{
    (void)state;
    static const char profile[] = "{\"type\":\"s3\",\"region\":\"eu-central-1\",\"credentials\":"
                                  "{\"source\":\"environment\"}}";
    static const char *const fine[] = {
        "https://lake.s3.eu-central-1.amazonaws.com/db/t/a",
        "https://s3.eu-central-1.amazonaws.com/lake/db/t/a",
        "https://lake.s3.amazonaws.com/db/t/a",
        "https://lake.s3.dualstack.eu-central-1.amazonaws.com/db/t/a",
    };
    static const char *const refused[] = {
        "https://lake.s3.us-east-1.amazonaws.com/db/t/a",
        "https://lake.s3.eu-central-1.amazonaws.com.evil/db/t/a",
        "https://sts.eu-central-1.amazonaws.com/lake/db/t/a",
        "http://lake.s3.eu-central-1.amazonaws.com/db/t/a",
    };
    struct fixture fixture;
    fixture_init(&fixture, profile);
    for (size_t i = 0; i < sizeof(fine) / sizeof(fine[0]); i++) {
        json_t *answer = sign(&fixture, request_of("GET", fine[i]), true);
        if (answer == NULL)
            fail_msg("%s: %s", fine[i], fixture.err.message);
        json_decref(answer);
    }
    for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
        assert_null(sign(&fixture, request_of("GET", refused[i]), true));
        assert_int_equal(fixture.err.kind, ERROR_FORBIDDEN);
    }
    arena_finish(&fixture.arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sign__objects_of_the_table_in_every_style),
        cmocka_unit_test(test_sign__no_other_place),
        cmocka_unit_test(test_sign__no_other_host),
        cmocka_unit_test(test_sign__no_other_request),
        cmocka_unit_test(test_sign__writes_only_for_who_may),
        cmocka_unit_test(test_sign__refuses_headers_that_open_an_object),
        cmocka_unit_test(test_sign__signs_as_the_store_reads_it),
        cmocka_unit_test(test_sign__keeps_what_the_client_says_of_its_body),
        cmocka_unit_test(test_sign__lists_of_deletes_by_their_body),
        cmocka_unit_test(test_sign__knows_the_names_of_aws),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
