#include "storage/gcs_store.h"

#include <stdio.h>

#include "base/limits.h"
#include "tests/unit/cmocka_all.h"
#include "tests/unit/storage/store_trial.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define EMPTY ANSWER_OK("0\r\n\r\n")
#define TOKEN(text)                                        \
    ANSWER("HTTP/1.1 200 OK\r\nContent-Length: 40\r\n\r\n" \
           "{\"access_token\":\"" text "\",\"expires_in\":3600}")

static char endpoint[64]; /* what the table of variables below answers */
static bool has_tokens;   /* of a metadata service; else it is an emulator, which wants none */

static const char *variable(const char *name)
{
    if (strcmp(name, "HOME") == 0)
        return "/nonexistent";
    return strcmp(name, has_tokens ? "GCE_METADATA_HOST" : "STORAGE_EMULATOR_HOST") == 0 ? endpoint
                                                                                         : NULL;
}

static void trial_begin(struct store_trial *trial, const struct http_step *steps, size_t count)
{
    has_tokens = false;
    store_trial_begin(trial, steps, count);
    snprintf(endpoint, sizeof endpoint, "%s", http_script_url(trial->script) + strlen("http://"));
    store_trial_open(trial, gcs_store_create, variable);
}

static void trial_end(struct store_trial *trial)
{
    store_trial_end(trial, NULL);
}

/* The script stands for the store and for the metadata service, which gives tokens. */
static void use_tokens(struct store_trial *trial)
{
    struct storage_profile profile = {.type = STORAGE_GCS,
                                      .endpoint = slice_from_string(http_script_url(trial->script)),
                                      .ca_bundle = SLICE_EMPTY,
                                      .credentials.source = CREDENTIALS_INSTANCE};
    const struct storage_profile *profiles[] = {&profile};
    const struct slice root = SLICE_LITERAL("gs://bucket");
    has_tokens = true;
    assert_ok(trial->store->ops->set_profiles(trial->store, &root, profiles, 1, &trial->err),
              &trial->err);
}

static struct http_step fault(char *text, size_t size, const char *status, const char *reason,
                              const char *message)
{
    char body[512];
    snprintf(body, sizeof body,
             "{\"error\":{\"code\":0,\"message\":\"%s\",\"errors\":[{\"reason\":\"%s\"}]}}",
             message, reason);
    return store_trial_answer(text, size, status, body);
}

/* --- one object --------------------------------------------------------------------------- */

static void test_get__names_the_object_in_one_segment(void **state)
{
    (void)state;
    const struct http_step steps[] = {ANSWER_OK("5\r\n\r\nhello")};
    struct store_trial trial;
    trial_begin(&trial, steps, COUNT(steps));
    assert_ok(store_trial_get(&trial, "gs://bucket/a b/k%20+\xC3\xA9"), &trial.err);
    assert_slice_equal(buffer_slice(&trial.out), "hello");
    store_trial_assert_line(
        &trial, 0, "GET /storage/v1/b/bucket/o/a%20b%2Fk%2520%2B%C3%A9?alt=media HTTP/1.1");
    assert_true(store_trial_request_has(&trial, 0, "\r\nAccept-Encoding: gzip\r\n"));
    assert_false(store_trial_request_has(&trial, 0, "Authorization"));
    trial_end(&trial);
}

static void test_get__tells_no_object_from_no_bucket(void **state)
{
    (void)state;
    char one[512], two[512];
    const struct http_step steps[] = {store_trial_answer(one, sizeof one, "404 Not Found",
                                                         "No such object: bucket/k"),
                                      store_trial_answer(two, sizeof two, "404 Not Found",
                                                         "The specified bucket does not exist.")};
    struct store_trial trial;
    trial_begin(&trial, steps, COUNT(steps));
    assert_fails(store_trial_get(&trial, "gs://bucket/k"), &trial.err, ERROR_NOT_FOUND);
    assert_string_equal(trial.err.message, "'gs://bucket/k' does not exist");
    assert_fails(store_trial_get(&trial, "gs://bucket/k"), &trial.err, ERROR_STORAGE);
    assert_non_null(strstr(trial.err.message,
                           "cannot read 'gs://bucket/k': 404 (The specified bucket does not "
                           "exist.): there is no bucket bucket at http://127.0.0.1:"));
    trial_end(&trial);
}

static void test_exists__and_remove__take_an_absent_object_for_what_it_is(void **state)
{
    (void)state;
    char one[512], two[512], three[512], four[512];
    const struct http_step steps[] = {
        store_trial_answer(one, sizeof one, "200 OK", "{\"name\":\"k\"}"),
        fault(two, sizeof two, "404 Not Found", "notFound", "No such object: bucket/k"),
        fault(three, sizeof three, "404 Not Found", "notFound", "No such object: bucket/k"),
        fault(four, sizeof four, "404 Not Found", "notFound",
              "The specified bucket does not exist."),
    };
    struct store_trial trial;
    const struct slice uri = SLICE_LITERAL("gs://bucket/k");
    bool exists = false;
    trial_begin(&trial, steps, COUNT(steps));
    const struct object_store_ops *ops = trial.store->ops;
    assert_ok(ops->exists(trial.store, uri, &exists, &trial.err), &trial.err);
    assert_true(exists);
    assert_ok(ops->exists(trial.store, uri, &exists, &trial.err), &trial.err);
    assert_false(exists);
    assert_ok(ops->remove(trial.store, uri, &trial.err), &trial.err);
    store_trial_assert_line(&trial, 2, "DELETE /storage/v1/b/bucket/o/k HTTP/1.1");
    assert_fails(ops->exists(trial.store, uri, &exists, &trial.err), &trial.err, ERROR_STORAGE);
    trial_end(&trial);
}

static void test_put__writes_in_one_request_what_was_never_there(void **state)
{
    (void)state;
    const struct http_step steps[] = {EMPTY};
    struct store_trial trial;
    trial_begin(&trial, steps, COUNT(steps));
    assert_ok(store_trial_put(&trial, "gs://bucket/a/b+c", "bytes"), &trial.err);
    store_trial_assert_line(
        &trial, 0,
        "POST /upload/storage/v1/b/bucket/o?uploadType=media&ifGenerationMatch=0&"
        "fields=generation&name=a%2Fb%2Bc HTTP/1.1");
    assert_true(store_trial_request_has(&trial, 0, "Content-Length: 5\r\n"));
    assert_true(slice_ends_with(http_script_request(trial.script, 0), SLICE_LITERAL("\nbytes")));
    trial_end(&trial);
}

static void test_put__knows_its_own_bytes(void **state)
{
    (void)state;
    char taken[512];
    const struct http_step steps[] = {
        fault(taken, sizeof taken, "412 Precondition Failed", "conditionNotMet", "m"),
        ANSWER_OK("5\r\n\r\nbytes"),
        fault(taken, sizeof taken, "412 Precondition Failed", "conditionNotMet", "m"),
        ANSWER_OK("5\r\n\r\nother"),
        fault(taken, sizeof taken, "412 Precondition Failed", "conditionNotMet", "m"),
        ANSWER_OK("9\r\n\r\nbytes and"),
    };
    struct store_trial trial;
    trial_begin(&trial, steps, COUNT(steps));
    assert_ok(store_trial_put(&trial, "gs://bucket/k", "bytes"), &trial.err);
    assert_fails(store_trial_put(&trial, "gs://bucket/k", "bytes"), &trial.err,
                 ERROR_ALREADY_EXISTS);
    assert_string_equal(trial.err.message, "'gs://bucket/k' already exists");
    assert_fails(store_trial_put(&trial, "gs://bucket/k", "bytes"), &trial.err,
                 ERROR_ALREADY_EXISTS);
    trial_end(&trial);
}

/* The first try was written, and its answer lost. */
static void test_put__that_was_answered_by_nobody_is_looked_at_again(void **state)
{
    (void)state;
    char taken[512];
    const struct http_step steps[] = {
        CUT(""),
        fault(taken, sizeof taken, "412 Precondition Failed", "conditionNotMet", "m"),
        ANSWER_OK("5\r\n\r\nbytes"),
    };
    struct store_trial trial;
    trial_begin(&trial, steps, COUNT(steps));
    assert_ok(store_trial_put(&trial, "gs://bucket/k", "bytes"), &trial.err);
    trial_end(&trial);
}

/* --- tokens and refusals ------------------------------------------------------------------ */

static void test_calls__have_a_token_and_fetch_another_where_it_is_refused(void **state)
{
    (void)state;
    char refused[512];
    const struct http_step steps[] = {
        TOKEN("one"),
        ANSWER_OK("2\r\n\r\nhi"),
        fault(refused, sizeof refused, "401 Unauthorized", "authError", "Invalid Credentials"),
        TOKEN("two"),
        ANSWER_OK("2\r\n\r\nho"),
    };
    struct store_trial trial;
    trial_begin(&trial, steps, COUNT(steps));
    use_tokens(&trial);
    assert_ok(store_trial_get(&trial, "gs://bucket/k"), &trial.err);
    assert_true(store_trial_request_has(&trial, 1, "\r\nAuthorization: Bearer one\r\n"));
    assert_ok(store_trial_get(&trial, "gs://bucket/k"), &trial.err);
    assert_true(store_trial_request_has(&trial, 4, "\r\nAuthorization: Bearer two\r\n"));
    assert_slice_equal(buffer_slice(&trial.out), "ho");
    trial_end(&trial);
}

static void test_faults__name_the_stores_words_and_the_cure(void **state)
{
    (void)state;
    static const struct {
        const char *status, *reason, *message;
        enum error_kind kind;
        const char *words;
    } cases[] = {
        {"403 Forbidden", "forbidden", "anna does not have storage.objects.get access",
         ERROR_STORAGE,
         "403 forbidden (anna does not have storage.objects.get access): the credentials may not "
         "do that: give their account the role Storage Object User on the bucket bucket"},
        {"401 Unauthorized", "required", "Anonymous caller", ERROR_STORAGE,
         "401 required (Anonymous caller): the store does not take the token"},
        {"403 Forbidden", "accountDisabled", "closed", ERROR_STORAGE,
         "the account of the project is closed"},
        {"400 Bad Request", "invalid", "no", ERROR_BAD_REQUEST, "1,024 bytes"},
        {"403 Forbidden", "rateLimitExceeded", "slow", ERROR_OVERLOADED, "wants fewer requests"},
        {"418 Teapot", "", "", ERROR_STORAGE, "418: look at the state of the store"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        char text[1024];
        const struct http_step steps[] = {
            fault(text, sizeof text, cases[i].status, cases[i].reason, cases[i].message)};
        struct store_trial trial;
        trial_begin(&trial, steps, COUNT(steps));
        assert_fails(store_trial_get(&trial, "gs://bucket/k"), &trial.err, cases[i].kind);
        if (!strstr(trial.err.message, cases[i].words))
            fail_msg("%s", trial.err.message);
        trial_end(&trial);
    }
}

static void test_calls__refuse_what_is_no_object(void **state)
{
    (void)state;
    static const char *const uris[] = {"gs:///k", "gs:/b/k", "gs://b@host/k", "gs://b:9/k",
                                       "gs://b/../k"};
    struct store_trial trial;
    trial_begin(&trial, NULL, 0);
    for (size_t i = 0; i < COUNT(uris); i++)
        assert_fails(store_trial_get(&trial, uris[i]), &trial.err, ERROR_BAD_REQUEST);
    trial_end(&trial);
}

/* --- many --------------------------------------------------------------------------------- */

struct seen {
    char text[512];
};

static bool note(void *context, struct slice uri, uint64_t size, struct error *err)
{
    struct seen *seen = context;
    size_t used = strlen(seen->text);
    (void)err;
    snprintf(seen->text + used, sizeof seen->text - used, "%.*s=%llu\n", SLICE_ARG(uri),
             (unsigned long long)size);
    return true;
}

static void test_list__goes_through_all_pages_below_the_prefix(void **state)
{
    (void)state;
    char one[512], two[512], three[512];
    const struct http_step steps[] = {
        store_trial_answer(
            one, sizeof one, "200 OK",
            "{\"nextPageToken\":\"p/2=\",\"items\":[{\"name\":\"wh/t/a b\",\"size\":\"7\"}]}"),
        store_trial_answer(two, sizeof two, "200 OK", "{\"nextPageToken\":\"p3\"}"),
        store_trial_answer(
            three, sizeof three, "200 OK",
            "{\"items\":[{\"name\":\"wh/t/\xC3\xA9%2F\",\"size\":\"9007199254740993\"}]}"),
    };
    struct store_trial trial;
    struct seen seen = {""};
    trial_begin(&trial, steps, COUNT(steps));
    assert_ok(trial.store->ops->list(trial.store, SLICE_LITERAL("gs://bucket/wh/t"), note, &seen,
                                     &trial.err),
              &trial.err);
    assert_string_equal(seen.text, "gs://bucket/wh/t/a b=7\n"
                                   "gs://bucket/wh/t/\xC3\xA9%2F=9007199254740993\n");
    store_trial_assert_line(&trial, 0,
                            "GET /storage/v1/b/bucket/o?maxResults=1000&fields=nextPageToken,"
                            "items(name,size)&prefix=wh%2Ft%2F HTTP/1.1");
    assert_true(store_trial_request_has(&trial, 1, "&pageToken=p%2F2%3D HTTP"));
    assert_true(store_trial_request_has(&trial, 2, "&pageToken=p3 HTTP"));
    trial_end(&trial);
}

static bool remove_many(struct store_trial *trial, size_t count)
{
    const struct slice uris[] = {SLICE_LITERAL("gs://bucket/a b"), SLICE_LITERAL("gs://bucket/c/d"),
                                 SLICE_LITERAL("gs://bucket/e"), SLICE_LITERAL("gs://other/f")};
    return trial->store->ops->remove_many(trial->store, uris, count, &trial->err);
}

#define PART(id, status) \
    "--x\r\nContent-Type: application/http\r\nContent-ID: <response-call-" id ">\r\n\r\n" status

/* What a batch did not do is tried alone, and a bucket of its own is no part of it. */
static void test_remove_many__is_one_batch_and_what_it_left(void **state)
{
    (void)state;
    char batch[1024];
    const struct http_step steps[] = {
        store_trial_answer(batch, sizeof batch, "200 OK",
                           PART("1", "HTTP/1.1 404 Not Found\r\n\r\n{}\r\n")
                               PART("0", "HTTP/1.1 204 No Content\r\n\r\n\r\n")
                                   PART("2", "HTTP/1.1 503 Busy\r\n\r\n\r\n") "--x--\r\n"),
        EMPTY,
        EMPTY,
    };
    struct store_trial trial;
    trial_begin(&trial, steps, COUNT(steps));
    assert_ok(remove_many(&trial, 4), &trial.err);
    store_trial_assert_line(&trial, 0, "POST /batch/storage/v1 HTTP/1.1");
    assert_true(store_trial_request_has(&trial, 0,
                                        "Content-Type: multipart/mixed; boundary=firn-batch\r\n"));
    assert_true(store_trial_request_has(
        &trial, 0,
        "--firn-batch\r\nContent-Type: application/http\r\nContent-ID: "
        "<call-0>\r\n\r\nDELETE /storage/v1/b/bucket/o/a%20b HTTP/1.1\r\n\r\n"
        "--firn-batch\r\n"));
    assert_true(slice_ends_with(http_script_request(trial.script, 0),
                                SLICE_LITERAL("o/e HTTP/1.1\r\n\r\n--firn-batch--\r\n")));
    store_trial_assert_line(&trial, 1, "DELETE /storage/v1/b/bucket/o/e HTTP/1.1");
    store_trial_assert_line(&trial, 2, "DELETE /storage/v1/b/other/o/f HTTP/1.1");
    trial_end(&trial);
}

static void test_remove_many__does_without_batches_where_there_are_none(void **state)
{
    (void)state;
    char none[512];
    const struct http_step steps[] = {fault(none, sizeof none, "404 Not Found", "", "Not Found"),
                                      EMPTY, EMPTY, EMPTY, EMPTY};
    struct store_trial trial;
    trial_begin(&trial, steps, COUNT(steps));
    assert_ok(remove_many(&trial, 2), &trial.err);
    assert_ok(remove_many(&trial, 2), &trial.err);
    store_trial_assert_line(&trial, 3, "DELETE /storage/v1/b/bucket/o/a%20b HTTP/1.1");
    trial_end(&trial);
}

static void test_remove_many__says_which_could_not_be_removed(void **state)
{
    (void)state;
    char batch[1024], denied[512];
    const struct http_step steps[] = {
        store_trial_answer(batch, sizeof batch, "200 OK",
                           PART("0", "HTTP/1.1 403 Forbidden\r\n\r\n{}\r\n")
                               PART("1", "HTTP/1.1 204 No Content\r\n\r\n\r\n") "--x--\r\n"),
        fault(denied, sizeof denied, "403 Forbidden", "forbidden", "held"),
    };
    struct store_trial trial;
    trial_begin(&trial, steps, COUNT(steps));
    assert_fails(remove_many(&trial, 2), &trial.err, ERROR_STORAGE);
    assert_non_null(strstr(trial.err.message, "cannot remove 'gs://bucket/a b': 403 forbidden"));
    trial_end(&trial);
}

#define TEST(name) cmocka_unit_test(name)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_get__names_the_object_in_one_segment),
        TEST(test_get__tells_no_object_from_no_bucket),
        TEST(test_exists__and_remove__take_an_absent_object_for_what_it_is),
        TEST(test_put__writes_in_one_request_what_was_never_there),
        TEST(test_put__knows_its_own_bytes),
        TEST(test_put__that_was_answered_by_nobody_is_looked_at_again),
        TEST(test_calls__have_a_token_and_fetch_another_where_it_is_refused),
        TEST(test_faults__name_the_stores_words_and_the_cure),
        TEST(test_calls__refuse_what_is_no_object),
        TEST(test_list__goes_through_all_pages_below_the_prefix),
        TEST(test_remove_many__is_one_batch_and_what_it_left),
        TEST(test_remove_many__does_without_batches_where_there_are_none),
        TEST(test_remove_many__says_which_could_not_be_removed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
