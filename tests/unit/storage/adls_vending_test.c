#include <stdio.h>

#include "base/limits.h"
#include "storage/adls_store.h"
#include "storage/vended_keys.h"
#include "tests/unit/cmocka_all.h"
#include "tests/unit/storage/http_script.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define NOW_MS 1440938160000 /* 2015-08-30T12:36:00Z */
#define MINUTE_MS ((int64_t)60 * 1000)
#define KEY \
    "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8gISIjJCUmJygpKissLS4vMDEyMzQ1Njc4OTo7PD0+Pw=="
#define ROOT "abfss://lake@acct.dfs.core.windows.net"
#define TOKEN                                                                        \
    ANSWER("HTTP/1.1 200 OK\r\nContent-Length: 42\r\n\r\n{\"access_token\":\"abc\"," \
           "\"expires_in\":\"3599\"}")

static const char *identity; /* what the variable of the test says */

static const char *variable(const char *name)
{
    return strcmp(name, "AZURE_POD_IDENTITY_AUTHORITY_HOST") == 0 ? identity : NULL;
}

struct trial {
    struct fake_time time;
    struct http_script *script;
    struct object_stores *stores;
    struct vended_keys *vended;
    struct storage_profile profile;
    struct vended_request request;
    struct s3_keys keys;
    struct error err;
};

static void trial_begin(struct trial *trial, bool has_key, const char *location,
                        const struct http_step *steps, size_t count)
{
    *trial = (struct trial){.time.now_ms = NOW_MS};
    struct http_transport_options options = fake_time_options(&trial->time);
    struct http_transport *transport = NULL;
    struct object_store *store = NULL;
    const struct slice root = SLICE_LITERAL(ROOT);
    const struct storage_profile *profile = &trial->profile;
    trial->script = http_script_start(steps, count);
    identity = http_script_url(trial->script);
    trial->profile =
        (struct storage_profile){.type = STORAGE_ADLS, .endpoint = slice_from_string(identity)};
    trial->profile.credentials =
        (struct storage_credentials){.source =
                                         has_key ? CREDENTIALS_ACCOUNT_KEY : CREDENTIALS_INSTANCE,
                                     .account_key = has_key ? SLICE_LITERAL(KEY) : SLICE_EMPTY};
    assert_ok(object_stores_create(&trial->stores, &trial->err), &trial->err);
    assert_ok(http_transport_create(&options, &transport, &trial->err), &trial->err);
    object_stores_own_transport(trial->stores, transport);
    const struct remote_store_options adls = {transport, variable, false};
    assert_ok(adls_store_create(&adls, &store, &trial->err), &trial->err);
    assert_ok(object_stores_add(trial->stores, "abfss", store, &trial->err), &trial->err);
    assert_ok(object_stores_profiles(trial->stores, &root, &profile, 1, &trial->err), &trial->err);
    assert_ok(vended_keys_create(options.clock, &trial->vended, &trial->err), &trial->err);
    assert_ok(vended_request_begin(trial->stores, profile, slice_from_string(location),
                                   SESSION_READ, &trial->request, &trial->err),
              &trial->err);
}

static void trial_end(struct trial *trial)
{
    assert_null(strstr(trial->err.message, KEY));
    vended_request_finish(&trial->request);
    vended_keys_destroy(trial->vended);
    object_stores_destroy(trial->stores);
    http_script_stop(trial->script);
}

static bool make(struct trial *trial)
{
    return vended_keys_get(trial->vended, &trial->request, &trial->keys, &trial->err);
}

static bool request_has(struct trial *trial, size_t n, const char *text)
{
    struct slice request = http_script_request(trial->script, n);
    return memmem(request.ptr, request.len, text, strlen(text)) != NULL;
}

static struct http_step answer(char *text, size_t size, const char *body)
{
    snprintf(text, size, "HTTP/1.1 200 OK\r\nContent-Length: %zu\r\n\r\n%s", strlen(body), body);
    return ANSWER(text);
}

#define DELEGATION                                                                      \
    "<?xml version=\"1.0\"?><UserDelegationKey><SignedOid>oid-1</SignedOid>"            \
    "<SignedTid>tid-2</SignedTid><SignedStart>2015-08-30T12:21:00Z</SignedStart>"       \
    "<SignedExpiry>2015-08-30T13:36:00Z</SignedExpiry><SignedService>b</SignedService>" \
    "<SignedVersion>2020-12-06</SignedVersion><Value>" KEY "</Value></UserDelegationKey>"

static void test_sas__is_signed_by_a_key_of_the_identity(void **state)
{
    (void)state;
    char key[1024];
    const struct http_step steps[] = {TOKEN, answer(key, sizeof key, DELEGATION)};
    struct trial trial;
    trial_begin(&trial, false, ROOT "/wh/db/t", steps, COUNT(steps));
    assert_ok(make(&trial), &trial.err);
    assert_true(
        request_has(&trial, 1, "POST /acct/?restype=service&comp=userdelegationkey HTTP/1.1\r\n"));
    assert_true(request_has(&trial, 1, "Authorization: Bearer abc\r\n"));
    assert_true(request_has(&trial, 1, "Content-Type: application/xml\r\n"));
    assert_true(request_has(&trial, 1,
                            "\r\n\r\n<KeyInfo><Start>2015-08-30T12:21:00Z</Start><Expiry>"
                            "2015-08-30T13:36:00Z</Expiry></KeyInfo>"));
    static const char start[] = "sv=2020-12-06&se=2015-08-30T13%3A36%3A00Z&sr=d&sdd=3&sp=rl&"
                                "skoid=oid-1&sktid=tid-2&";
    assert_int_equal(strncmp(trial.keys.session_token, start, sizeof start - 1), 0);
    assert_non_null(strstr(trial.keys.session_token, "&sig="));
    assert_int_equal(trial.keys.expires_ms, NOW_MS + 60 * MINUTE_MS);
    /* Kept until half of its life is over: nobody is asked again. */
    trial.time.now_ms += 30 * MINUTE_MS - 1;
    assert_ok(make(&trial), &trial.err);
    trial_end(&trial);
}

static void test_sas__is_signed_by_the_accounts_key_where_that_is_all(void **state)
{
    (void)state;
    struct trial trial;
    trial_begin(&trial, true, ROOT "/wh/db/t", NULL, 0);
    trial.request.rights = SESSION_READ_WRITE;
    assert_ok(make(&trial), &trial.err);
    assert_non_null(strstr(trial.keys.session_token, "&sr=d&sdd=3&sp=racwdl&sig="));
    assert_null(strstr(trial.keys.session_token, "skoid"));
    trial_end(&trial);
}

static void test_sas__is_of_a_directory_alone(void **state)
{
    (void)state;
    struct trial trial;
    trial_begin(&trial, true, ROOT, NULL, 0);
    assert_fails(make(&trial), &trial.err, ERROR_VALIDATION);
    trial_end(&trial);
}

static void test_sas__says_why_there_is_none(void **state)
{
    (void)state;
    char other[256];
    const struct http_step steps[] = {
        TOKEN,
        ANSWER("HTTP/1.1 403 No\r\nx-ms-error-code: AuthorizationPermissionMismatch\r\n"
               "Content-Length: 0\r\n\r\n"),
        answer(other, sizeof other, "<UserDelegationKey><Value>a</Value></UserDelegationKey>")};
    struct trial trial;
    trial_begin(&trial, false, ROOT "/t", steps, COUNT(steps));
    assert_fails(make(&trial), &trial.err, ERROR_STORAGE);
    assert_non_null(strstr(trial.err.message, "cannot make credentials for '" ROOT "/t': "
                                              "AuthorizationPermissionMismatch: "));
    assert_fails(make(&trial), &trial.err, ERROR_CORRUPT);
    trial_end(&trial);
}

static void test_probe__goes_with_nothing_but_the_signature(void **state)
{
    (void)state;
    const struct http_step steps[] = {ANSWER("HTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n"),
                                      ANSWER("HTTP/1.1 403 No\r\nContent-Length: 0\r\n\r\n")};
    struct trial trial;
    struct slice uri = SLICE_LITERAL(ROOT "/t/x"), bytes = SLICE_LITERAL("bytes");
    const struct vending *kind;
    long status = 0;
    trial_begin(&trial, true, ROOT "/t", steps, COUNT(steps));
    kind = trial.request.kind;
    snprintf(trial.keys.session_token, sizeof trial.keys.session_token, "sv=1&sig=a%%2B");
    assert_ok(kind->probe(&trial.request, &trial.keys, "PUT", uri, bytes, &status, &trial.err),
              &trial.err);
    assert_int_equal(status, 201);
    assert_ok(kind->probe(&trial.request, &trial.keys, "GET", uri, SLICE_EMPTY, &status,
                          &trial.err),
              &trial.err);
    assert_int_equal(status, 403);
    assert_true(request_has(&trial, 0, "PUT /acct/lake/t/x?sv=1&sig=a%2B HTTP/1.1\r\n"));
    assert_true(request_has(&trial, 0, "\r\n\r\nbytes"));
    assert_false(request_has(&trial, 0, "Authorization"));
    assert_true(request_has(&trial, 1, "GET /acct/lake/t/x?sv=1&sig=a%2B HTTP/1.1\r\n"));
    trial_end(&trial);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sas__is_signed_by_a_key_of_the_identity),
        cmocka_unit_test(test_sas__is_signed_by_the_accounts_key_where_that_is_all),
        cmocka_unit_test(test_sas__is_of_a_directory_alone),
        cmocka_unit_test(test_sas__says_why_there_is_none),
        cmocka_unit_test(test_probe__goes_with_nothing_but_the_signature),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
