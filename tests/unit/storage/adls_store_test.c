#include "storage/adls_store.h"

#include <stdio.h>

#include "base/limits.h"
#include "storage/adls_place.h"
#include "tests/unit/cmocka_all.h"
#include "tests/unit/storage/store_trial.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define SECRET "c2VjcmV0LXNlY3JldA=="
#define ROOT "abfss://lake@acct.dfs.core.windows.net/"
#define MADE ANSWER("HTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n")
#define FAULT(line, code) \
    ANSWER("HTTP/1.1 " line "\r\nx-ms-error-code: " code "\r\nContent-Length: 0\r\n\r\n")
#define NO_BLOB FAULT("404 Not Found", "BlobNotFound")
#define TAKEN FAULT("409 Conflict", "BlobAlreadyExists")
#define DIRECTORY \
    ANSWER("HTTP/1.1 200 OK\r\nx-ms-meta-hdi_isfolder: true\r\nContent-Length: 0\r\n\r\n")

/* What the variables of the test say. */
static char connection[256];
static const char *account, *key, *identity;

static const char *variable(const char *name)
{
    if (strcmp(name, "AZURE_STORAGE_CONNECTION_STRING") == 0)
        return connection[0] ? connection : NULL;
    if (strcmp(name, "AZURE_STORAGE_ACCOUNT") == 0)
        return account;
    if (strcmp(name, "AZURE_STORAGE_KEY") == 0)
        return key;
    return strcmp(name, "AZURE_POD_IDENTITY_AUTHORITY_HOST") == 0 ? identity : NULL;
}

static void trial_begin(struct store_trial *trial, const struct http_step *steps, size_t count)
{
    store_trial_begin(trial, steps, count);
    snprintf(connection, sizeof connection,
             "DefaultEndpointsProtocol=http;AccountName=acct; accountkey = " SECRET
             ";BlobEndpoint=%s/acct/;",
             http_script_url(trial->script));
    store_trial_open(trial, adls_store_create, variable);
}

static void trial_end(struct store_trial *trial)
{
    store_trial_end(trial, SECRET);
}

static bool put(struct store_trial *trial, const char *bytes)
{
    return store_trial_put(trial, ROOT "k", bytes);
}

static bool exists(struct store_trial *trial, bool *ret_exists)
{
    return trial->store->ops->exists(trial->store, SLICE_LITERAL(ROOT "k"), ret_exists,
                                     &trial->err);
}

/* --- get, exists, remove ------------------------------------------------------------------ */

static void test_get__asks_the_blob_service_and_signs(void **state)
{
    (void)state;
    const struct http_step steps[] = {ANSWER_OK("5\r\n\r\nhello")};
    struct store_trial trial;
    trial_begin(&trial, steps, COUNT(steps));
    assert_ok(store_trial_get(&trial, "wasbs://lake@ACCT.blob.core.windows.net/a b/k%20+\xC3\xA9"),
              &trial.err);
    assert_slice_equal(buffer_slice(&trial.out), "hello");
    store_trial_assert_line(&trial, 0, "GET /acct/lake/a%20b/k%2520%2B%C3%A9 HTTP/1.1");
    assert_true(store_trial_request_has(&trial, 0, "x-ms-date: Sun, 30 Aug 2015 12:36:00 GMT\r\n"));
    assert_true(store_trial_request_has(&trial, 0, "x-ms-version: 2020-12-06\r\n"));
    assert_true(store_trial_request_has(&trial, 0, "Authorization: SharedKey acct:"));
    trial_end(&trial);
}

static void test_get__tells_no_object_from_no_container(void **state)
{
    (void)state;
    const struct http_step steps[] = {NO_BLOB, FAULT("404 Not Found", "ContainerNotFound"),
                                      DIRECTORY};
    struct store_trial trial;
    trial_begin(&trial, steps, COUNT(steps));
    assert_fails(store_trial_get(&trial, ROOT "k"), &trial.err, ERROR_NOT_FOUND);
    assert_string_equal(trial.err.message, "'" ROOT "k' does not exist");
    assert_fails(store_trial_get(&trial, ROOT "k"), &trial.err, ERROR_STORAGE);
    assert_string_equal(trial.err.message,
                        "cannot read '" ROOT "k': ContainerNotFound: there is no container lake in "
                        "account acct: make it, or change the warehouse's location");
    assert_fails(store_trial_get(&trial, ROOT "directory"), &trial.err, ERROR_NOT_FOUND);
    trial_end(&trial);
}

static void test_calls__refuse_what_is_no_object(void **state)
{
    (void)state;
    static const char *const uris[] = {"abfss://lake/k",      "abfss:/lake@acct.x/k",
                                       "abfss://@acct.x/k",   "abfss://lake@acct.x:9/k",
                                       "abfss://lake@acct/k", ROOT "a?x=y",
                                       ROOT "../k",           ROOT "%2e%2e/k"};
    struct store_trial trial;
    trial_begin(&trial, NULL, 0);
    for (size_t i = 0; i < COUNT(uris); i++)
        assert_fails(store_trial_get(&trial, uris[i]), &trial.err, ERROR_BAD_REQUEST);
    trial_end(&trial);
}

static void test_exists__takes_a_directory_for_nothing(void **state)
{
    (void)state;
    bool is_there = false;
    const struct http_step steps[] = {ANSWER_OK("0\r\n\r\n"), NO_BLOB, DIRECTORY,
                                      ANSWER("HTTP/1.1 404 Not Found\r\n\r\n"),
                                      FAULT("403 Forbidden", "AuthorizationPermissionMismatch")};
    struct store_trial trial;
    trial_begin(&trial, steps, COUNT(steps));
    assert_ok(exists(&trial, &is_there), &trial.err);
    assert_true(is_there);
    for (size_t i = 0; i < 3; i++) {
        is_there = true;
        assert_ok(exists(&trial, &is_there), &trial.err);
        assert_false(is_there);
    }
    assert_fails(exists(&trial, &is_there), &trial.err, ERROR_STORAGE);
    assert_non_null(strstr(trial.err.message,
                           "cannot look for '" ROOT "k': AuthorizationPermissionMismatch: "));
    assert_non_null(strstr(trial.err.message, "Storage Blob Data Contributor"));
    store_trial_assert_line(&trial, 0, "HEAD /acct/lake/k HTTP/1.1");
    trial_end(&trial);
}

static void test_remove__takes_an_object_that_is_gone_for_removed(void **state)
{
    (void)state;
    const struct http_step steps[] = {ANSWER("HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n"),
                                      NO_BLOB, FAULT("409 Conflict", "DirectoryIsNotEmpty")};
    struct store_trial trial;
    struct slice uri = SLICE_LITERAL(ROOT "k");
    trial_begin(&trial, steps, COUNT(steps));
    assert_ok(trial.store->ops->remove(trial.store, uri, &trial.err), &trial.err);
    assert_ok(trial.store->ops->remove(trial.store, uri, &trial.err), &trial.err);
    store_trial_assert_line(&trial, 0, "DELETE /acct/lake/k HTTP/1.1");
    assert_fails(trial.store->ops->remove(trial.store, uri, &trial.err), &trial.err, ERROR_STORAGE);
    trial_end(&trial);
}

/* --- put ---------------------------------------------------------------------------------- */

static void test_put__is_conditional_and_refused_where_something_is(void **state)
{
    (void)state;
    const struct http_step steps[] = {MADE, TAKEN, ANSWER_OK("5\r\n\r\nother"),
                                      FAULT("412 Precondition Failed", "LeaseIdMissing"),
                                      CUT("HTTP/1.1 200 OK\r\nContent-Length: 4000\r\n\r\nbytes")};
    struct store_trial trial;
    trial_begin(&trial, steps, COUNT(steps));
    assert_ok(put(&trial, "bytes"), &trial.err);
    store_trial_assert_line(&trial, 0, "PUT /acct/lake/k HTTP/1.1");
    assert_true(store_trial_request_has(&trial, 0, "If-None-Match: *\r\n"));
    assert_true(store_trial_request_has(&trial, 0, "x-ms-blob-type: BlockBlob\r\n"));
    assert_true(store_trial_request_has(&trial, 0, "Content-MD5: SzpiGLs+OnMD6KFxpg/Pkg==\r\n"));
    assert_true(store_trial_request_has(&trial, 0, "\r\n\r\nbytes"));
    assert_fails(put(&trial, "bytes"), &trial.err, ERROR_ALREADY_EXISTS);
    assert_fails(put(&trial, "bytes"), &trial.err, ERROR_ALREADY_EXISTS);
    trial_end(&trial);
}

/* The first try was written, and its answer lost. */
static void test_put__knows_its_own_bytes_after_a_lost_answer(void **state)
{
    (void)state;
    const struct http_step steps[] = {CUT(""), TAKEN, ANSWER_OK("5\r\n\r\nbytes")};
    struct store_trial trial;
    trial_begin(&trial, steps, COUNT(steps));
    assert_ok(put(&trial, "bytes"), &trial.err);
    store_trial_assert_line(&trial, 2, "GET /acct/lake/k HTTP/1.1");
    trial_end(&trial);
}

static void test_put__fails_where_a_directory_has_the_name(void **state)
{
    (void)state;
    const struct http_step steps[] = {FAULT("409 Conflict", "ResourceTypeMismatch")};
    struct store_trial trial;
    trial_begin(&trial, steps, COUNT(steps));
    assert_fails(put(&trial, "bytes"), &trial.err, ERROR_BAD_REQUEST);
    assert_non_null(strstr(trial.err.message, "a directory has that name"));
    trial_end(&trial);
}

/* --- list --------------------------------------------------------------------------------- */

static bool note_uri(void *context, struct slice uri, uint64_t size, struct error *err)
{
    struct buffer *seen = context;
    (void)err;
    buffer_printf(seen, "%.*s=%llu\n", SLICE_ARG(uri), (unsigned long long)size);
    return true;
}

#define ENTRY(name, size, more)                                                             \
    "<Blob><Name>" name "</Name><Properties><Content-Length>" size "</Content-Length>" more \
    "</Blob>"
#define PLAIN "</Properties><Metadata/>"

static void test_list__goes_from_page_to_page_and_past_directories(void **state)
{
    (void)state;
    char one[2048], two[1024];
    const struct http_step steps[] = {
        store_trial_answer(
            one, sizeof one, "200 OK",
            "\xEF\xBB\xBF<?xml version=\"1.0\" encoding=\"utf-8\"?>"
            "<EnumerationResults ContainerName=\"lake\"><Prefix>w/</Prefix><Blobs>" ENTRY(
                "w/d", "0",
                "</Properties><Metadata><hdi_isfolder>true</hdi_isfolder>"
                "</Metadata>") ENTRY("w/a &amp; b%20", "7", PLAIN)
                ENTRY("w/e", "0", "<ResourceType>directory</ResourceType></Properties>") ENTRY(
                    "w/f", "0",
                    "<ResourceType>file</ResourceType></Properties>") "</Blobs><NextMarker>2!76!a+/"
                                                                      "=</NextMarker></"
                                                                      "EnumerationResults>"),
        store_trial_answer(two, sizeof two, "200 OK",
                           "<EnumerationResults><Blobs>" ENTRY("w/\xC3\xA9", "8",
                                                               PLAIN) "</Blobs><NextMarker/>"
                                                                      "</EnumerationResults>")};
    struct store_trial trial;
    trial_begin(&trial, steps, COUNT(steps));
    assert_ok(trial.store->ops->list(trial.store, SLICE_LITERAL("abfs://lake@Acct.dfs.x/w"),
                                     note_uri, &trial.out, &trial.err),
              &trial.err);
    assert_slice_equal(buffer_slice(&trial.out), "abfs://lake@Acct.dfs.x/w/a & b%20=7\n"
                                                 "abfs://lake@Acct.dfs.x/w/f=0\n"
                                                 "abfs://lake@Acct.dfs.x/w/\xC3\xA9=8\n");
    store_trial_assert_line(&trial, 0,
                            "GET /acct/lake?restype=container&comp=list&include=metadata"
                            "&maxresults=2000&prefix=w%2F HTTP/1.1");
    store_trial_assert_line(&trial, 1,
                            "GET /acct/lake?restype=container&comp=list&include=metadata"
                            "&maxresults=2000&prefix=w%2F&marker=2%2176%21a%2B%2F%3D HTTP/1.1");
    trial_end(&trial);
}

static void test_list__takes_no_other_xml_for_a_listing(void **state)
{
    (void)state;
    char one[512], two[512];
    const struct http_step steps[] = {
        store_trial_answer(one, sizeof one, "200 OK", "<html><body>a proxy</body></html>"),
        store_trial_answer(two, sizeof two, "200 OK",
                           "<EnumerationResults><Blobs><Blob><Name>a</Name><Properties>"
                           "<Content-Length>-1</Content-Length></Properties></Blob></Blobs>"
                           "</EnumerationResults>")};
    struct store_trial trial;
    trial_begin(&trial, steps, COUNT(steps));
    for (size_t i = 0; i < COUNT(steps); i++)
        assert_fails(trial.store->ops->list(trial.store, SLICE_LITERAL(ROOT), note_uri, &trial.out,
                                            &trial.err),
                     &trial.err, ERROR_CORRUPT);
    trial_end(&trial);
}

/* --- places ------------------------------------------------------------------------------- */

static void expect_address(const char *endpoint, const char *uri, const char *wanted)
{
    struct storage_profile profile = {.type = STORAGE_ADLS,
                                      .endpoint = slice_from_string(endpoint)};
    struct store_place *place = NULL;
    struct adls_object object;
    struct slice host, path;
    struct arena arena;
    struct error err = {0};
    char got[256];
    arena_init(&arena, MIB);
    profile.credentials.source = CREDENTIALS_ACCOUNT_KEY;
    profile.credentials.account_key = SLICE_LITERAL(SECRET);
    assert_ok(adls_place_create(&profile, &(struct place_source){.environment = variable}, &place,
                                &err),
              &err);
    assert_ok(adls_object_parse(slice_from_string(uri), &arena, &object, &err), &err);
    assert_ok(adls_place_address(adls_place_of(place), &object, &arena, &host, &path, &err), &err);
    snprintf(got, sizeof got, "%.*s%.*s", SLICE_ARG(host), SLICE_ARG(path));
    assert_string_equal(got, wanted);
    store_place_unref(place);
    arena_finish(&arena);
}

static void test_address__is_the_accounts_own_or_has_the_account_in_the_path(void **state)
{
    (void)state;
    expect_address("", ROOT "k", "https://acct.blob.core.windows.net/lake/k");
    expect_address("", "abfss://lake@a.dfs.core.chinacloudapi.cn/k",
                   "https://a.blob.core.chinacloudapi.cn/lake/k");
    expect_address("", "abfss://$root@acct.dfs.core.windows.net/",
                   "https://acct.blob.core.windows.net/%24root");
    expect_address("http://127.0.0.1:10000", ROOT "k", "http://127.0.0.1:10000/acct/lake/k");
    expect_address("http://acct.localhost:10000", ROOT "k", "http://acct.localhost:10000/lake/k");
    expect_address("https://acct2.x", ROOT "k", "https://acct2.x/acct/lake/k");
}

static void test_credentials__are_those_of_the_account(void **state)
{
    (void)state;
    struct store_trial trial;
    trial_begin(&trial, NULL, 0);
    assert_fails(store_trial_get(&trial, "abfss://lake@other.dfs.core.windows.net/k"), &trial.err,
                 ERROR_STORAGE);
    assert_non_null(strstr(trial.err.message, "is of account acct"));
    trial_end(&trial);
}

#define IDENTITY(token)                                                              \
    ANSWER("HTTP/1.1 200 OK\r\nContent-Length: 30\r\n\r\n{\"access_token\":\"" token \
           "\",\"a\":\"\"}")

static void test_tokens__are_fetched_anew_where_the_store_refuses_one(void **state)
{
    (void)state;
    const struct http_step steps[] = {IDENTITY("one1"),
                                      ANSWER_OK("1\r\n\r\na"),
                                      FAULT("401 Unauthorized", "InvalidAuthenticationInfo"),
                                      IDENTITY("two2"),
                                      ANSWER_OK("1\r\n\r\nb"),
                                      FAULT("401 Unauthorized", "InvalidAuthenticationInfo"),
                                      IDENTITY("thr3"),
                                      FAULT("401 Unauthorized", "InvalidAuthenticationInfo")};
    struct store_trial trial;
    trial_begin(&trial, steps, COUNT(steps));
    struct object_store *other = NULL;
    const struct remote_store_options adls = {trial.transport, variable, true};
    snprintf(connection, sizeof connection, "AccountName=acct;BlobEndpoint=%s",
             http_script_url(trial.script));
    identity = http_script_url(trial.script);
    assert_ok(adls_store_create(&adls, &other, &trial.err), &trial.err);
    for (size_t i = 0; i < 2; i++)
        assert_ok(other->ops->get(other, SLICE_LITERAL(ROOT "k"), &trial.out, &trial.err),
                  &trial.err);
    assert_slice_equal(buffer_slice(&trial.out), "ab");
    assert_true(store_trial_request_has(&trial, 2, "Authorization: Bearer one1\r\n"));
    assert_true(store_trial_request_has(&trial, 4, "Authorization: Bearer two2\r\n"));
    assert_fails(other->ops->get(other, SLICE_LITERAL(ROOT "k"), &trial.out, &trial.err),
                 &trial.err, ERROR_STORAGE);
    assert_non_null(strstr(trial.err.message, "InvalidAuthenticationInfo"));
    assert_null(strstr(trial.err.message, "thr3"));
    other->ops->destroy(other);
    identity = NULL;
    trial_end(&trial);
}

static void test_credentials__are_asked_for_where_there_are_none(void **state)
{
    (void)state;
    const struct http_step steps[] = {
        ANSWER("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n")};
    struct store_trial trial;
    trial_begin(&trial, steps, COUNT(steps));
    identity = http_script_url(trial.script);
    struct object_store *other = NULL;
    const struct remote_store_options adls = {trial.transport, variable, true};
    connection[0] = '\0';
    account = "acct";
    assert_ok(adls_store_create(&adls, &other, &trial.err), &trial.err);
    assert_fails(other->ops->get(other, SLICE_LITERAL(ROOT "k"), &trial.out, &trial.err),
                 &trial.err, ERROR_STORAGE);
    assert_non_null(strstr(trial.err.message, "AZURE_STORAGE_KEY"));
    other->ops->destroy(other);
    account = identity = NULL;
    trial_end(&trial);
}

static void test_places__that_nobody_has_told_of_are_not_lent(void **state)
{
    (void)state;
    struct store_trial trial;
    trial_begin(&trial, NULL, 0);
    struct object_store *other = NULL;
    const struct remote_store_options adls = {trial.transport, variable, false};
    assert_ok(adls_store_create(&adls, &other, &trial.err), &trial.err);
    assert_fails(other->ops->get(other, SLICE_LITERAL(ROOT "k"), &trial.out, &trial.err),
                 &trial.err, ERROR_STORAGE);
    assert_non_null(strstr(trial.err.message, "lies below no warehouse"));
    other->ops->destroy(other);
    trial_end(&trial);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_get__asks_the_blob_service_and_signs),
        cmocka_unit_test(test_get__tells_no_object_from_no_container),
        cmocka_unit_test(test_calls__refuse_what_is_no_object),
        cmocka_unit_test(test_exists__takes_a_directory_for_nothing),
        cmocka_unit_test(test_remove__takes_an_object_that_is_gone_for_removed),
        cmocka_unit_test(test_put__is_conditional_and_refused_where_something_is),
        cmocka_unit_test(test_put__knows_its_own_bytes_after_a_lost_answer),
        cmocka_unit_test(test_put__fails_where_a_directory_has_the_name),
        cmocka_unit_test(test_list__goes_from_page_to_page_and_past_directories),
        cmocka_unit_test(test_list__takes_no_other_xml_for_a_listing),
        cmocka_unit_test(test_address__is_the_accounts_own_or_has_the_account_in_the_path),
        cmocka_unit_test(test_credentials__are_those_of_the_account),
        cmocka_unit_test(test_tokens__are_fetched_anew_where_the_store_refuses_one),
        cmocka_unit_test(test_credentials__are_asked_for_where_there_are_none),
        cmocka_unit_test(test_places__that_nobody_has_told_of_are_not_lent),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
