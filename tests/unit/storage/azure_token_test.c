#include "storage/azure_token_fetch.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/limits.h"
#include "tests/unit/cmocka_all.h"
#include "tests/unit/storage/http_script.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define NOW_MS 1769860800000 /* 2026-01-31T12:00:00Z */
#define SECRET "a-secret"
#define TOKEN                                                                        \
    ANSWER("HTTP/1.1 200 OK\r\nContent-Length: 42\r\n\r\n{\"access_token\":\"abc\"," \
           "\"expires_in\":\"3599\"}")
#define NOBODY ANSWER("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n")
#define MAX_VARIABLES 8

/* What the environment has. */
static const char *variables[MAX_VARIABLES][2];

static void set(const char *name, const char *value)
{
    size_t i = 0;
    while (i + 1 < MAX_VARIABLES && variables[i][0] && strcmp(variables[i][0], name) != 0)
        i++;
    variables[i][0] = name;
    variables[i][1] = value;
}

static const char *variable(const char *name)
{
    for (size_t i = 0; i < MAX_VARIABLES; i++)
        if (variables[i][0] && strcmp(variables[i][0], name) == 0)
            return variables[i][1];
    return NULL;
}

struct trial {
    struct fake_time time;
    struct http_script *script;
    struct http_transport *transport;
    struct azure_token_origin origin;
    struct bearer_token token;
    struct error err;
};

/* Nobody is asked but the script. */
static void trial_begin(struct trial *trial, enum credentials_source source,
                        const struct http_step *steps, size_t count)
{
    *trial = (struct trial){.time.now_ms = NOW_MS};
    struct http_transport_options options = fake_time_options(&trial->time);
    trial->script = http_script_start(steps, count);
    assert_ok(http_transport_create(&options, &trial->transport, &trial->err), &trial->err);
    trial->origin =
        (struct azure_token_origin){.transport = trial->transport, .environment = variable};
    trial->origin.credentials = (struct storage_credentials){
        .source = source,
        .tenant_id = SLICE_LITERAL("a tenant/.."),
        .client_id = SLICE_LITERAL("me&you"),
        .client_secret = SLICE_LITERAL(SECRET),
    };
    memset(variables, 0, sizeof variables);
    set("AZURE_AUTHORITY_HOST", http_script_url(trial->script));
    set("AZURE_POD_IDENTITY_AUTHORITY_HOST", http_script_url(trial->script));
}

static void trial_end(struct trial *trial)
{
    assert_null(strstr(trial->err.message, SECRET));
    http_transport_destroy(trial->transport);
    http_script_stop(trial->script);
}

static bool fetch(struct trial *trial)
{
    return azure_token_fetch(&trial->origin, &trial->token, &trial->err);
}

static void expect_token(struct trial *trial)
{
    assert_ok(fetch(trial), &trial->err);
    assert_string_equal(trial->token.text, "abc");
    assert_int_equal(trial->token.expires_ms, NOW_MS + 3599000);
}

static bool request_has(struct trial *trial, size_t n, const char *text)
{
    struct slice request = http_script_request(trial->script, n);
    return memmem(request.ptr, request.len, text, strlen(text)) != NULL;
}

static void test_client_secret__is_given_to_the_tenants_endpoint(void **state)
{
    (void)state;
    const struct http_step steps[] = {TOKEN};
    struct trial trial;
    trial_begin(&trial, CREDENTIALS_CLIENT_SECRET, steps, COUNT(steps));
    expect_token(&trial);
    assert_true(request_has(&trial, 0, "POST /a%20tenant%2F../oauth2/v2.0/token HTTP/1.1\r\n"));
    assert_true(request_has(&trial, 0,
                            "\r\n\r\ngrant_type=client_credentials&client_id=me%26you&"
                            "scope=https%3A%2F%2Fstorage.azure.com%2F.default&"
                            "client_secret=" SECRET));
    trial_end(&trial);
}

static void test_client_secret__that_is_refused_is_told_with_its_code(void **state)
{
    (void)state;
    const struct http_step steps[] = {
        ANSWER("HTTP/1.1 401 Unauthorized\r\nContent-Length: 79\r\n\r\n"
               "{\"error\":\"invalid_client\",\"error_description\":\"AADSTS7000215: Invalid "
               "client.\"}")};
    struct trial trial;
    trial_begin(&trial, CREDENTIALS_CLIENT_SECRET, steps, COUNT(steps));
    assert_fails(fetch(&trial), &trial.err, ERROR_STORAGE);
    assert_non_null(strstr(trial.err.message, "invalid_client (AADSTS7000215: Invalid client.)"));
    assert_non_null(strstr(trial.err.message, "give the warehouse a new one"));
    trial_end(&trial);
}

static void test_client_secret__goes_over_no_network_in_the_clear(void **state)
{
    (void)state;
    static const char *const hosts[] = {"http://login.example", "http://localhost.example",
                                        "http://127.0.0.1@example", "ftp://localhost", "localhost"};
    struct trial trial;
    trial_begin(&trial, CREDENTIALS_CLIENT_SECRET, NULL, 0);
    for (size_t i = 0; i < COUNT(hosts); i++) {
        set("AZURE_AUTHORITY_HOST", hosts[i]);
        assert_fails(fetch(&trial), &trial.err, ERROR_STORAGE);
        assert_non_null(strstr(trial.err.message, "AZURE_AUTHORITY_HOST must be https"));
    }
    trial_end(&trial);
}

static void test_workload__sends_the_token_that_the_platform_wrote(void **state)
{
    (void)state;
    const struct http_step steps[] = {TOKEN};
    char path[] = "/tmp/firn-azure-XXXXXX";
    struct trial trial;
    int fd = mkstemp(path);
    assert_int_equal(write(fd, "ey.j\n", 5), 5);
    close(fd);
    trial_begin(&trial, CREDENTIALS_WEB_IDENTITY, steps, COUNT(steps));
    assert_fails(fetch(&trial), &trial.err, ERROR_STORAGE);
    assert_non_null(strstr(trial.err.message, "AZURE_FEDERATED_TOKEN_FILE"));
    set("AZURE_FEDERATED_TOKEN_FILE", path);
    set("AZURE_TENANT_ID", "t");
    set("AZURE_CLIENT_ID", "c");
    expect_token(&trial);
    assert_true(request_has(&trial, 0,
                            "client_assertion_type=urn%3Aietf%3Aparams%3Aoauth%3A"
                            "client-assertion-type%3Ajwt-bearer&client_assertion=ey.j"));
    unlink(path);
    assert_fails(fetch(&trial), &trial.err, ERROR_STORAGE);
    assert_non_null(strstr(trial.err.message, path));
    trial_end(&trial);
}

static void test_instance__asks_the_machines_identity_service(void **state)
{
    (void)state;
    const struct http_step steps[] = {TOKEN, TOKEN, NOBODY};
    struct trial trial;
    trial_begin(&trial, CREDENTIALS_INSTANCE, steps, COUNT(steps));
    expect_token(&trial);
    assert_true(request_has(&trial, 0,
                            "GET /metadata/identity/oauth2/token?api-version=2018-02-01&"
                            "resource=https%3A%2F%2Fstorage.azure.com%2F HTTP/1.1\r\n"));
    assert_true(request_has(&trial, 0, "\r\nMetadata: true\r\n"));
    set("AZURE_CLIENT_ID", "c d");
    expect_token(&trial);
    assert_true(request_has(&trial, 1, "&client_id=c%20d HTTP/1.1\r\n"));
    assert_fails(fetch(&trial), &trial.err, ERROR_STORAGE);
    assert_non_null(strstr(trial.err.message, "this machine has no identity"));
    trial_end(&trial);
}

static void test_instance__asks_the_app_services_own_first(void **state)
{
    (void)state;
    const struct http_step steps[] = {
        ANSWER("HTTP/1.1 200 OK\r\nContent-Length: 48\r\n\r\n{\"access_token\":\"abc\","
               "\"expires_on\":\"1769864399\"}")};
    char endpoint[128];
    struct trial trial;
    trial_begin(&trial, CREDENTIALS_INSTANCE, steps, COUNT(steps));
    snprintf(endpoint, sizeof endpoint, "%s/msi/token", http_script_url(trial.script));
    set("IDENTITY_ENDPOINT", endpoint);
    set("IDENTITY_HEADER", SECRET);
    expect_token(&trial);
    assert_true(request_has(&trial, 0, "GET /msi/token?api-version=2019-08-01&resource="));
    assert_true(request_has(&trial, 0, "\r\nX-IDENTITY-HEADER: " SECRET "\r\n"));
    trial_end(&trial);
}

static void test_any__is_the_first_that_is_there(void **state)
{
    (void)state;
    const struct http_step steps[] = {NOBODY, TOKEN, TOKEN,
                                      ANSWER("HTTP/1.1 400 Bad Request\r\nContent-Length: 2\r\n\r\n"
                                             "{}")};
    struct trial trial;
    trial_begin(&trial, CREDENTIALS_INSTANCE, steps, COUNT(steps));
    trial.origin.is_any = true;
    assert_fails(fetch(&trial), &trial.err, ERROR_STORAGE);
    assert_non_null(strstr(trial.err.message, "there are no credentials for Azure"));
    assert_non_null(strstr(trial.err.message, "AZURE_STORAGE_KEY"));
    expect_token(&trial);
    assert_true(request_has(&trial, 1, "GET /metadata/"));
    set("AZURE_TENANT_ID", "t");
    set("AZURE_CLIENT_ID", "c");
    set("AZURE_CLIENT_SECRET", SECRET);
    expect_token(&trial);
    assert_true(request_has(&trial, 2, "POST /t/oauth2/v2.0/token"));
    /* What is there and fails is not passed over. */
    assert_fails(fetch(&trial), &trial.err, ERROR_STORAGE);
    assert_non_null(strstr(trial.err.message, "Microsoft Entra ID answered 400"));
    trial_end(&trial);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_client_secret__is_given_to_the_tenants_endpoint),
        cmocka_unit_test(test_client_secret__that_is_refused_is_told_with_its_code),
        cmocka_unit_test(test_client_secret__goes_over_no_network_in_the_clear),
        cmocka_unit_test(test_workload__sends_the_token_that_the_platform_wrote),
        cmocka_unit_test(test_instance__asks_the_machines_identity_service),
        cmocka_unit_test(test_instance__asks_the_app_services_own_first),
        cmocka_unit_test(test_any__is_the_first_that_is_there),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
