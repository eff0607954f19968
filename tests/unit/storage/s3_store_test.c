#include "storage/s3_store.h"

#include <stdio.h>

#include "base/limits.h"
#include "storage/s3_place.h"
#include "tests/unit/cmocka_all.h"
#include "tests/unit/storage/store_trial.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define SECRET "very-secret-key"
#define EMPTY ANSWER_OK("0\r\n\r\n")
#define STATUS(line) ANSWER("HTTP/1.1 " line "\r\nContent-Length: 0\r\n\r\n")

static const char *endpoint; /* what the table of variables below answers */

static const char *variable(const char *name)
{
    if (strcmp(name, "AWS_ACCESS_KEY_ID") == 0)
        return "AKIDTEST";
    if (strcmp(name, "AWS_SECRET_ACCESS_KEY") == 0)
        return SECRET;
    if (strcmp(name, "AWS_SESSION_TOKEN") == 0)
        return "token-" SECRET;
    if (strcmp(name, "AWS_ENDPOINT_URL_S3") == 0)
        return endpoint;
    return NULL;
}

static void trial_begin(struct store_trial *trial, const struct http_step *steps, size_t count)
{
    store_trial_begin(trial, steps, count);
    endpoint = http_script_url(trial->script);
    store_trial_open(trial, s3_store_create, variable);
}

static void trial_end(struct store_trial *trial)
{
    store_trial_end(trial, SECRET);
}

static struct http_step fault(char *text, size_t size, const char *status, const char *code)
{
    char body[256];
    snprintf(body, sizeof body, "<Error><Code>%s</Code><Message>m</Message></Error>", code);
    return store_trial_answer(text, size, status, body);
}

/* --- get, exists, remove ------------------------------------------------------------------ */

static void test_get__asks_by_path_and_signs(void **state)
{
    (void)state;
    const struct http_step steps[] = {ANSWER_OK("5\r\n\r\nhello")};
    struct store_trial trial;
    trial_begin(&trial, steps, COUNT(steps));
    assert_ok(store_trial_get(&trial, "s3a://bucket/a b/k%20+\xC3\xA9"), &trial.err);
    assert_slice_equal(buffer_slice(&trial.out), "hello");
    store_trial_assert_line(&trial, 0, "GET /bucket/a%20b/k%2520%2B%C3%A9 HTTP/1.1");
    assert_true(store_trial_request_has(&trial, 0, "X-Amz-Date: 20150830T123600Z\r\n"));
    assert_true(store_trial_request_has(&trial, 0, "X-Amz-Security-Token: token-" SECRET "\r\n"));
    assert_true(store_trial_request_has(
        &trial, 0,
        "Authorization: AWS4-HMAC-SHA256 Credential=AKIDTEST/20150830/"
        "us-east-1/s3/aws4_request, SignedHeaders=host;x-amz-content-sha256;"
        "x-amz-date;x-amz-security-token, Signature="));
    trial_end(&trial);
}

static void test_get__tells_no_object_from_no_bucket(void **state)
{
    (void)state;
    char one[512], two[512];
    const struct http_step steps[] = {fault(one, sizeof one, "404 Not Found", "NoSuchKey"),
                                      fault(two, sizeof two, "404 Not Found", "NoSuchBucket")};
    struct store_trial trial;
    trial_begin(&trial, steps, COUNT(steps));
    assert_fails(store_trial_get(&trial, "s3://bucket/k"), &trial.err, ERROR_NOT_FOUND);
    assert_string_equal(trial.err.message, "'s3://bucket/k' does not exist");
    assert_fails(store_trial_get(&trial, "s3://bucket/k"), &trial.err, ERROR_STORAGE);
    assert_non_null(strstr(trial.err.message, "cannot read 's3://bucket/k': NoSuchBucket: there is "
                                              "no bucket bucket at http://127.0.0.1:"));
    trial_end(&trial);
}

static void test_calls__refuse_what_is_no_object(void **state)
{
    (void)state;
    static const char *const uris[] = {"s3:///k",     "s3:/b/k",     "s3://b@host/k",
                                       "s3://b:9/k",  "s3://b/../k", "s3://b/%2e%2e/k",
                                       "s3://b/a?x=y"};
    struct store_trial trial;
    trial_begin(&trial, NULL, 0);
    for (size_t i = 0; i < COUNT(uris); i++)
        assert_fails(store_trial_get(&trial, uris[i]), &trial.err, ERROR_BAD_REQUEST);
    trial_end(&trial);
}

static void test_exists__asks_why_where_head_has_no_reason(void **state)
{
    (void)state;
    char denied[512];
    bool exists = false;
    const struct http_step steps[] = {STATUS("200 OK"), STATUS("404 Not Found"),
                                      ANSWER("HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n"),
                                      fault(denied, sizeof denied, "403 Forbidden",
                                            "AccessDenied")};
    struct store_trial trial;
    struct slice uri = SLICE_LITERAL("s3://bucket/k");
    trial_begin(&trial, steps, COUNT(steps));
    assert_ok(trial.store->ops->exists(trial.store, uri, &exists, &trial.err), &trial.err);
    assert_true(exists);
    assert_ok(trial.store->ops->exists(trial.store, uri, &exists, &trial.err), &trial.err);
    assert_false(exists);
    assert_fails(trial.store->ops->exists(trial.store, uri, &exists, &trial.err), &trial.err,
                 ERROR_STORAGE);
    assert_non_null(strstr(trial.err.message, "cannot look for 's3://bucket/k': AccessDenied: "));
    store_trial_assert_line(&trial, 2, "HEAD /bucket/k HTTP/1.1");
    store_trial_assert_line(&trial, 3, "GET /bucket/k HTTP/1.1");
    assert_true(store_trial_request_has(&trial, 3, "Range: bytes=0-0\r\n"));
    trial_end(&trial);
}

static void test_remove__takes_an_object_that_is_gone_for_removed(void **state)
{
    (void)state;
    char gone[512];
    const struct http_step steps[] = {STATUS("204 No Content"),
                                      fault(gone, sizeof gone, "404 Not Found", "NoSuchKey")};
    struct store_trial trial;
    struct slice uri = SLICE_LITERAL("s3://bucket/k");
    trial_begin(&trial, steps, COUNT(steps));
    assert_ok(trial.store->ops->remove(trial.store, uri, &trial.err), &trial.err);
    assert_ok(trial.store->ops->remove(trial.store, uri, &trial.err), &trial.err);
    store_trial_assert_line(&trial, 0, "DELETE /bucket/k HTTP/1.1");
    trial_end(&trial);
}

/* --- put ---------------------------------------------------------------------------------- */

static void test_put__is_conditional_and_refused_where_something_is(void **state)
{
    (void)state;
    char taken[512];
    const struct http_step steps[] = {EMPTY,
                                      fault(taken, sizeof taken, "412 Precondition Failed",
                                            "PreconditionFailed"),
                                      ANSWER_OK("5\r\n\r\nother")};
    struct store_trial trial;
    trial_begin(&trial, steps, COUNT(steps));
    assert_ok(store_trial_put(&trial, "s3://bucket/k", "bytes"), &trial.err);
    store_trial_assert_line(&trial, 0, "PUT /bucket/k HTTP/1.1");
    assert_true(store_trial_request_has(&trial, 0, "If-None-Match: *\r\n"));
    assert_true(store_trial_request_has(&trial, 0, "\r\n\r\nbytes"));
    assert_fails(store_trial_put(&trial, "s3://bucket/k", "bytes"), &trial.err,
                 ERROR_ALREADY_EXISTS);
    trial_end(&trial);
}

/* The first try was written, and its answer lost. */
static void test_put__knows_its_own_bytes_after_a_lost_answer(void **state)
{
    (void)state;
    const struct http_step steps[] = {CUT(""), STATUS("412 Precondition Failed"),
                                      ANSWER_OK("5\r\n\r\nbytes")};
    struct store_trial trial;
    trial_begin(&trial, steps, COUNT(steps));
    assert_ok(store_trial_put(&trial, "s3://bucket/k", "bytes"), &trial.err);
    store_trial_assert_line(&trial, 2, "GET /bucket/k HTTP/1.1");
    trial_end(&trial);
}

static void test_put__takes_nobody_elses_bytes_for_its_own(void **state)
{
    (void)state;
    const struct http_step steps[] = {
        CUT(""),
        STATUS("412 Precondition Failed"),
        ANSWER_OK("5\r\n\r\nother"),
        STATUS("412 Precondition Failed"),
        CUT("HTTP/1.1 200 OK\r\nContent-Length: 4000\r\n\r\nbytes and more"),
        STATUS("412 Precondition Failed"),
        STATUS("404 Not Found"),
    };
    struct store_trial trial;
    trial_begin(&trial, steps, COUNT(steps));
    for (size_t i = 0; i < 3; i++)
        assert_fails(store_trial_put(&trial, "s3://bucket/k", "bytes"), &trial.err,
                     ERROR_ALREADY_EXISTS);
    trial_end(&trial);
}

static void test_put__looks_first_where_the_store_knows_no_condition(void **state)
{
    (void)state;
    char lacks[512];
    const struct http_step steps[] = {fault(lacks, sizeof lacks, "501 Not Implemented",
                                            "NotImplemented"),
                                      STATUS("404 Not Found"),
                                      EMPTY,
                                      STATUS("404 Not Found"),
                                      EMPTY,
                                      STATUS("200 OK")};
    struct store_trial trial;
    trial_begin(&trial, steps, COUNT(steps));
    assert_ok(store_trial_put(&trial, "s3://bucket/k", "bytes"), &trial.err);
    assert_ok(store_trial_put(&trial, "s3://bucket/l", "bytes"), &trial.err);
    assert_fails(store_trial_put(&trial, "s3://bucket/m", "bytes"), &trial.err,
                 ERROR_ALREADY_EXISTS);
    store_trial_assert_line(&trial, 1, "HEAD /bucket/k HTTP/1.1");
    assert_false(store_trial_request_has(&trial, 2, "If-None-Match"));
    store_trial_assert_line(&trial, 3, "HEAD /bucket/l HTTP/1.1");
    trial_end(&trial);
}

static void test_put__tries_again_after_a_conflict(void **state)
{
    (void)state;
    char conflict[512];
    const struct http_step steps[] = {fault(conflict, sizeof conflict, "409 Conflict",
                                            "ConditionalRequestConflict"),
                                      EMPTY};
    struct store_trial trial;
    trial_begin(&trial, steps, COUNT(steps));
    assert_ok(store_trial_put(&trial, "s3://bucket/k", "bytes"), &trial.err);
    trial_end(&trial);
}

/* --- many --------------------------------------------------------------------------------- */

static bool remove_three(struct store_trial *trial)
{
    const struct slice uris[] = {SLICE_LITERAL("s3://bucket/a"), SLICE_LITERAL("s3a://bucket/b"),
                                 SLICE_LITERAL("s3://bucket/c&d")};
    return trial->store->ops->remove_many(trial->store, uris, COUNT(uris), &trial->err);
}

static void test_remove_many__is_one_request(void **state)
{
    (void)state;
    char done[512];
    const struct http_step steps[] = {
        store_trial_answer(done, sizeof done, "200 OK", "<DeleteResult/>")};
    struct store_trial trial;
    trial_begin(&trial, steps, COUNT(steps));
    assert_ok(remove_three(&trial), &trial.err);
    store_trial_assert_line(&trial, 0, "POST /bucket?delete= HTTP/1.1");
    assert_true(store_trial_request_has(&trial, 0, "Content-MD5: "));
    assert_true(store_trial_request_has(&trial, 0, "<Key>a</Key>"));
    assert_true(store_trial_request_has(&trial, 0, "<Key>c&#38;d</Key>"));
    trial_end(&trial);
}

static void test_remove_many__names_what_could_not_be_removed(void **state)
{
    (void)state;
    char done[512];
    const struct http_step steps[] = {store_trial_answer(
        done, sizeof done, "200 OK",
        "<DeleteResult><Error><Key>b</Key><Code>AccessDenied</Code></Error></DeleteResult>")};
    struct store_trial trial;
    trial_begin(&trial, steps, COUNT(steps));
    assert_fails(remove_three(&trial), &trial.err, ERROR_STORAGE);
    assert_non_null(strstr(trial.err.message, "key 'b'"));
    assert_non_null(strstr(trial.err.message, "AccessDenied"));
    trial_end(&trial);
}

static void test_remove_many__goes_one_by_one_where_it_must(void **state)
{
    (void)state;
    char lacks[512];
    const struct http_step steps[] = {fault(lacks, sizeof lacks, "501 Not Implemented",
                                            "NotImplemented"),
                                      STATUS("204 No Content"), STATUS("204 No Content"),
                                      STATUS("204 No Content")};
    struct store_trial trial;
    trial_begin(&trial, steps, COUNT(steps));
    assert_ok(remove_three(&trial), &trial.err);
    store_trial_assert_line(&trial, 3, "DELETE /bucket/c%26d HTTP/1.1");
    trial_end(&trial);
}

static bool note_uri(void *context, struct slice uri, uint64_t size, struct error *err)
{
    (void)err;
    buffer_printf(context, "%.*s=%llu ", SLICE_ARG(uri), (unsigned long long)size);
    return true;
}

static void test_list__walks_all_pages(void **state)
{
    (void)state;
    char first[512], second[512];
    const struct http_step steps[] = {
        store_trial_answer(
            first, sizeof first, "200 OK",
            "<ListBucketResult><Contents><Key>t/a+b</Key><Size>1</Size></Contents>"
            "<NextContinuationToken>x/y=</NextContinuationToken></ListBucketResult>"),
        store_trial_answer(second, sizeof second, "200 OK",
                           "<ListBucketResult><Contents><Key>t/c</Key><Size>2</Size></Contents>"
                           "</ListBucketResult>")};
    struct store_trial trial;
    trial_begin(&trial, steps, COUNT(steps));
    assert_ok(trial.store->ops->list(trial.store, SLICE_LITERAL("s3a://bucket/t"), note_uri,
                                     &trial.out, &trial.err),
              &trial.err);
    assert_slice_equal(buffer_slice(&trial.out), "s3a://bucket/t/a b=1 s3a://bucket/t/c=2 ");
    store_trial_assert_line(
        &trial, 0, "GET /bucket?list-type=2&encoding-type=url&max-keys=1000&prefix=t%2F HTTP/1.1");
    assert_true(store_trial_request_has(&trial, 1, "&continuation-token=x%2Fy%3D HTTP/1.1"));
    trial_end(&trial);
}

/* --- what is refused ---------------------------------------------------------------------- */

static void test_faults__name_the_object_the_code_and_the_cure(void **state)
{
    (void)state;
    static const struct {
        const char *status, *code;
        enum error_kind kind;
        const char *cure;
    } cases[] = {
        {"403 Forbidden", "AccessDenied", ERROR_STORAGE, "the credentials may not do that"},
        {"403 Forbidden", "SignatureDoesNotMatch", ERROR_STORAGE, "the secret access key is wrong"},
        {"403 Forbidden", "RequestTimeTooSkewed", ERROR_STORAGE, "set the clock"},
        {"301 Moved", "PermanentRedirect", ERROR_STORAGE, "is in another region"},
        {"400 Bad Request", "AuthorizationHeaderMalformed", ERROR_STORAGE, "in another region"},
        {"400 Bad Request", "InvalidBucketName", ERROR_BAD_REQUEST, "change the warehouse's"},
        {"400 Bad Request", "KeyTooLongError", ERROR_BAD_REQUEST, "1,024 bytes"},
        {"507 Full", "XMinioStorageFull", ERROR_STORAGE_FULL, "make room"},
        {"418 Teapot", "NeverHeardOf", ERROR_STORAGE, "look at the store's log"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        char text[512];
        struct store_trial trial;
        const struct http_step steps[] = {fault(text, sizeof text, cases[i].status, cases[i].code)};
        trial_begin(&trial, steps, COUNT(steps));
        assert_fails(store_trial_get(&trial, "s3://bucket/k"), &trial.err, cases[i].kind);
        assert_non_null(strstr(trial.err.message, "cannot read 's3://bucket/k': "));
        assert_non_null(strstr(trial.err.message, cases[i].code));
        assert_non_null(strstr(trial.err.message, cases[i].cure));
        trial_end(&trial);
    }
}

static void test_faults__say_which_region_and_by_how_much_clocks_differ(void **state)
{
    (void)state;
    const struct http_step steps[] = {
        ANSWER("HTTP/1.1 301 Moved\r\nx-amz-bucket-region: eu-west-1\r\nContent-Length: 0\r\n\r\n"),
        ANSWER(
            "HTTP/1.1 403 No\r\nDate: Sun, 30 Aug 2015 12:56:00 GMT\r\nContent-Length: 60\r\n\r\n"
            "<Error><Code>RequestTimeTooSkewed</Code><Message/></Error>  "),
    };
    struct store_trial trial;
    trial_begin(&trial, steps, COUNT(steps));
    assert_fails(store_trial_get(&trial, "s3://bucket/k"), &trial.err, ERROR_STORAGE);
    assert_non_null(strstr(trial.err.message, "another region, eu-west-1: set the warehouse's"));
    assert_fails(store_trial_get(&trial, "s3://bucket/k"), &trial.err, ERROR_STORAGE);
    assert_non_null(strstr(trial.err.message, "differ by 1200 seconds, this one is behind: set "));
    trial_end(&trial);
}

/* Five tries, and then it is the store's wish. */
static void test_faults__pass_on_that_the_store_wants_fewer_requests(void **state)
{
    (void)state;
    char text[512];
    struct http_step steps[5];
    struct store_trial trial;
    for (size_t i = 0; i < COUNT(steps); i++)
        steps[i] = fault(text, sizeof text, "503 Slow Down", "SlowDown");
    trial_begin(&trial, steps, COUNT(steps));
    assert_fails(store_trial_get(&trial, "s3://bucket/k"), &trial.err, ERROR_OVERLOADED);
    trial_end(&trial);
}

/* Keys that come from outside may be newer the next time they are asked for. */
static void test_calls__ask_for_new_keys_where_the_store_calls_them_old(void **state)
{
    (void)state;
    char old[512];
    const struct http_step steps[] = {fault(old, sizeof old, "400 Bad Request", "ExpiredToken"),
                                      ANSWER_OK("5\r\n\r\nhello")};
    struct store_trial trial;
    trial_begin(&trial, steps, COUNT(steps));
    assert_ok(store_trial_get(&trial, "s3://bucket/k"), &trial.err);
    trial_end(&trial);
}

/* --- places ------------------------------------------------------------------------------- */

static struct storage_profile profile_at(const char *url, const char *key_id)
{
    return (struct storage_profile){
        .type = STORAGE_S3,
        .endpoint = slice_from_string(url),
        .region = SLICE_LITERAL("eu-west-1"),
        .is_path_style = true,
        .credentials = {.source = CREDENTIALS_STATIC,
                        .access_key_id = slice_from_string(key_id),
                        .secret_access_key = SLICE_LITERAL(SECRET)},
    };
}

static void test_profiles__count_by_the_longest_root(void **state)
{
    (void)state;
    const struct http_step steps[] = {EMPTY, EMPTY, EMPTY};
    struct store_trial trial;
    trial_begin(&trial, steps, COUNT(steps));
    struct storage_profile outer = profile_at(endpoint, "OUTER");
    struct storage_profile inner = profile_at(endpoint, "INNER");
    const struct storage_profile *profiles[] = {&outer, &inner, NULL};
    const struct slice roots[] = {SLICE_LITERAL("s3://bucket"), SLICE_LITERAL("s3://bucket/in"),
                                  SLICE_LITERAL("file:///x")};
    assert_ok(trial.store->ops->set_profiles(trial.store, roots, profiles, 3, &trial.err),
              &trial.err);
    outer.credentials.access_key_id = SLICE_LITERAL("GONE"); /* nothing is borrowed */
    assert_ok(store_trial_get(&trial, "s3n://bucket/in/k"), &trial.err);
    assert_ok(store_trial_get(&trial, "s3://bucket/inner/k"), &trial.err);
    assert_ok(store_trial_get(&trial, "s3://other/k"), &trial.err);
    assert_true(store_trial_request_has(&trial, 0, "Credential=INNER/20150830/eu-west-1/s3/"));
    assert_true(store_trial_request_has(&trial, 1, "Credential=OUTER/"));
    assert_true(store_trial_request_has(&trial, 2, "Credential=AKIDTEST/"));
    trial_end(&trial);
}

/* A server lends the machine's keys to no place that nobody has told it of. */
static void test_profiles__are_needed_where_machine_keys_are_not_lent(void **state)
{
    (void)state;
    const struct http_step steps[] = {EMPTY};
    struct object_store *store = NULL;
    struct store_trial trial;
    trial_begin(&trial, steps, COUNT(steps));
    const struct remote_store_options options = {trial.transport, variable, false};
    const struct slice root = SLICE_LITERAL("s3://bucket/in");
    const struct storage_profile *none = NULL;
    assert_ok(s3_store_create(&options, &store, &trial.err), &trial.err);
    assert_ok(store->ops->set_profiles(store, &root, &none, 1, &trial.err), &trial.err);
    assert_ok(store->ops->get(store, SLICE_LITERAL("s3://bucket/in/k"), &trial.out, &trial.err),
              &trial.err);
    assert_fails(store->ops->get(store, SLICE_LITERAL("s3://bucket/k"), &trial.out, &trial.err),
                 &trial.err, ERROR_STORAGE);
    assert_non_null(strstr(trial.err.message, "'s3://bucket/k' lies below no warehouse"));
    store->ops->destroy(store);
    trial_end(&trial);
}

static void test_address__is_by_host_unless_the_bucket_has_a_dot(void **state)
{
    (void)state;
    static const struct {
        const char *endpoint, *uri, *host, *path;
        bool by_path;
    } cases[] = {
        {"", "s3://b/k", "https://b.s3.eu-west-1.amazonaws.com", "/k", false},
        {"", "s3://b.c/k", "https://s3.eu-west-1.amazonaws.com", "/b.c/k", false},
        {"http://h:9", "s3://b.c/k", "http://b.c.h:9", "/k", false},
        {"http://h:9", "s3://b/k", "http://h:9", "/b/k", true},
        {"http://h:9", "s3://b", "http://h:9", "/b", true},
        {"http://h:9", "s3://b//k/", "http://h:9", "/b//k/", true},
    };
    struct store_trial trial;
    trial_begin(&trial, NULL, 0);
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct storage_profile profile = profile_at(cases[i].endpoint, "KEY");
        struct store_place *place = NULL;
        struct bucket_object object;
        struct slice host, path;
        struct arena arena;
        arena_init(&arena, MIB);
        profile.is_path_style = cases[i].by_path;
        assert_ok(s3_place_create(&profile,
                                  &(struct place_source){trial.transport, variable, false}, &place,
                                  &trial.err),
                  &trial.err);
        assert_ok(bucket_object_parse(slice_from_string(cases[i].uri), &object, &trial.err),
                  &trial.err);
        assert_ok(s3_place_address(s3_place_of(place), &object, &arena, &host, &path, &trial.err),
                  &trial.err);
        assert_slice_equal(host, cases[i].host);
        assert_slice_equal(path, cases[i].path);
        store_place_unref(place);
        arena_finish(&arena);
    }
    trial_end(&trial);
}

#define TEST(name) cmocka_unit_test(name)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_get__asks_by_path_and_signs),
        TEST(test_get__tells_no_object_from_no_bucket),
        TEST(test_calls__refuse_what_is_no_object),
        TEST(test_exists__asks_why_where_head_has_no_reason),
        TEST(test_remove__takes_an_object_that_is_gone_for_removed),
        TEST(test_put__is_conditional_and_refused_where_something_is),
        TEST(test_put__knows_its_own_bytes_after_a_lost_answer),
        TEST(test_put__takes_nobody_elses_bytes_for_its_own),
        TEST(test_put__looks_first_where_the_store_knows_no_condition),
        TEST(test_put__tries_again_after_a_conflict),
        TEST(test_remove_many__is_one_request),
        TEST(test_remove_many__names_what_could_not_be_removed),
        TEST(test_remove_many__goes_one_by_one_where_it_must),
        TEST(test_list__walks_all_pages),
        TEST(test_faults__name_the_object_the_code_and_the_cure),
        TEST(test_faults__say_which_region_and_by_how_much_clocks_differ),
        TEST(test_faults__pass_on_that_the_store_wants_fewer_requests),
        TEST(test_calls__ask_for_new_keys_where_the_store_calls_them_old),
        TEST(test_profiles__count_by_the_longest_root),
        TEST(test_profiles__are_needed_where_machine_keys_are_not_lent),
        TEST(test_address__is_by_host_unless_the_bucket_has_a_dot),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
