#include "storage/gcs_token_fetch.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/base64url.h"
#include "base/json_tree.h"
#include "base/json_write.h"
#include "base/limits.h"
#include "storage/gcs_service_account.h"
#include "tests/unit/cmocka_all.h"
#include "tests/unit/storage/http_script.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define NOW_MS 1769860800000 /* 2026-01-31T12:00:00Z */
#define TOKEN_ANSWER                                                                      \
    ANSWER("HTTP/1.1 200 OK\r\nContent-Length: 46\r\n\r\n{\"access_token\": \"ya29.a\", " \
           "\"expires_in\": 3599}")

static EVP_PKEY *private_key;
static char private_pem[8192];
static char folder[] = "/tmp/firn-gcs-XXXXXX";

/* A key of its own for the run; the files that the tests write lie beside. */
static int make_key(void **state)
{
    (void)state;
    private_key = EVP_RSA_gen(2048);
    BIO *out = BIO_new(BIO_s_mem());
    if (!private_key || !out || !mkdtemp(folder) ||
        PEM_write_bio_PKCS8PrivateKey(out, private_key, NULL, NULL, 0, NULL, NULL) != 1)
        return 1;
    int size = BIO_read(out, private_pem, sizeof private_pem - 1);
    BIO_free(out);
    return size > 0 ? 0 : 1;
}

static int free_key(void **state)
{
    (void)state;
    EVP_PKEY_free(private_key);
    return rmdir(folder);
}

/* The key file, as Google makes it. */
static void key_file(struct buffer *out, const char *pem, const char *token_uri)
{
    struct json_writer json;
    buffer_init(out, 64 * KIB);
    json_writer_init(&json, out);
    json_write_object_begin(&json);
    json_write_string_member(&json, "type", SLICE_LITERAL("service_account"));
    json_write_string_member(&json, "project_id", SLICE_LITERAL("p"));
    json_write_string_member(&json, "private_key_id", SLICE_LITERAL("key-7"));
    json_write_string_member(&json, "private_key", slice_from_string(pem));
    json_write_string_member(&json, "client_email", SLICE_LITERAL("firn@p.iam"));
    if (token_uri)
        json_write_string_member(&json, "token_uri", slice_from_string(token_uri));
    json_write_object_end(&json);
}

/* One part of a JWT, as a tree. */
static json_t *jwt_part(struct slice text)
{
    unsigned char *bytes = test_malloc(text.len + 1);
    size_t size = 0;
    json_t *tree = NULL;
    struct error err = {0};
    assert_true(base64url_decode(text, bytes, &size));
    assert_ok(json_tree_parse(slice_make((char *)bytes, size), "a part", &tree, &err), &err);
    test_free(bytes);
    return tree;
}

static void expect_text(const json_t *tree, const char *name, const char *text)
{
    assert_string_equal(json_string_value(json_object_get(tree, name)), text);
}

static void check_signature(struct slice signed_text, struct slice signature)
{
    unsigned char *bytes = test_malloc(signature.len + 1);
    size_t size = 0;
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    assert_true(base64url_decode(signature, bytes, &size));
    assert_int_equal(EVP_DigestVerifyInit(context, NULL, EVP_sha256(), NULL, private_key), 1);
    assert_int_equal(EVP_DigestVerify(context, bytes, size, (const unsigned char *)signed_text.ptr,
                                      signed_text.len),
                     1);
    EVP_MD_CTX_free(context);
    test_free(bytes);
}

/* header.claims.signature, signed by the key. */
static void check_assertion(struct slice jwt, const char *audience)
{
    size_t dot = slice_find(jwt, '.');
    struct slice rest = slice_from(jwt, dot + 1);
    size_t second = slice_find(rest, '.');
    json_t *header = jwt_part(slice_make(jwt.ptr, dot));
    json_t *claims = jwt_part(slice_make(rest.ptr, second));
    expect_text(header, "alg", "RS256");
    expect_text(header, "typ", "JWT");
    expect_text(header, "kid", "key-7");
    expect_text(claims, "iss", "firn@p.iam");
    expect_text(claims, "aud", audience);
    expect_text(claims, "scope", "https://www.googleapis.com/auth/cloud-platform");
    assert_int_equal(json_integer_value(json_object_get(claims, "iat")), NOW_MS / 1000);
    assert_int_equal(json_integer_value(json_object_get(claims, "exp")), NOW_MS / 1000 + 3600);
    check_signature(slice_make(jwt.ptr, dot + 1 + second), slice_from(rest, second + 1));
    json_decref(header);
    json_decref(claims);
}

/* --- the key file ------------------------------------------------------------------------- */

static void test_account__is_read_with_the_usual_endpoint(void **state)
{
    (void)state;
    struct arena arena;
    struct buffer json;
    struct gcs_service_account account;
    struct slice endpoint;
    struct error err = {0};
    arena_init(&arena, MIB);
    key_file(&json, private_pem, NULL);
    assert_ok(gcs_service_account_parse(buffer_slice(&json), &arena, &account, &err), &err);
    assert_slice_equal(account.client_email, "firn@p.iam");
    assert_slice_equal(account.token_uri, "https://oauth2.googleapis.com/token");
    buffer_finish(&json);
    key_file(&json, private_pem, "HTTPS://Tokens.Example:443/a/b");
    assert_ok(gcs_service_account_parse(buffer_slice(&json), &arena, &account, &err), &err);
    assert_ok(gcs_service_account_endpoint(&account, &arena, &endpoint, &err), &err);
    assert_slice_equal(endpoint, "https://tokens.example");
    buffer_finish(&json);
    arena_finish(&arena);
}

static void test_account__needs_a_place_without_tricks(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "https://oauth2.googleapis.com@evil.example/token",
        "https://oauth2.googleapis.com#@evil/",
        "https://oauth2.googleapis.com\\@evil/token",
        "ftp://oauth2.googleapis.com/token",
        "file:///etc/passwd",
        "oauth2.googleapis.com/token",
        "https://oauth2.googleapis.com/t\r\nX: 1",
        "https://a b/token",
    };
    struct arena arena;
    struct gcs_service_account account;
    arena_init(&arena, MIB);
    for (size_t i = 0; i < COUNT(bad); i++) {
        struct error err = {0};
        struct buffer json;
        key_file(&json, private_pem, bad[i]);
        assert_fails(gcs_service_account_parse(buffer_slice(&json), &arena, &account, &err), &err,
                     ERROR_BAD_REQUEST);
        assert_non_null(strstr(err.message, "token_uri"));
        buffer_finish(&json);
    }
    arena_finish(&arena);
}

static void test_account__never_tells_its_key(void **state)
{
    (void)state;
    static const char *const bad[] = {"", "no PEM at all", "-----BEGIN PRIVATE KEY-----\nhidden"};
    struct arena arena;
    struct gcs_service_account account;
    struct error err = {0};
    arena_init(&arena, MIB);
    for (size_t i = 0; i < COUNT(bad); i++) {
        struct buffer json;
        key_file(&json, bad[i], NULL);
        assert_fails(gcs_service_account_parse(buffer_slice(&json), &arena, &account, &err), &err,
                     ERROR_BAD_REQUEST);
        assert_non_null(strstr(err.message, "service-account-key: "));
        assert_non_null(strstr(err.message, "private_key"));
        assert_null(strstr(err.message, "hidden"));
        buffer_finish(&json);
    }
    assert_fails(gcs_service_account_parse(SLICE_LITERAL("{\"type\": \"external_account\"}"),
                                           &arena, &account, &err),
                 &err, ERROR_BAD_REQUEST);
    assert_non_null(strstr(err.message, "type is 'external_account'"));
    assert_fails(gcs_service_account_parse(SLICE_LITERAL("7"), &arena, &account, &err), &err,
                 ERROR_BAD_REQUEST);
    arena_finish(&arena);
}

/* Signatures of elliptic curves would be taken for RS256. */
static void test_account__has_an_rsa_key_alone(void **state)
{
    (void)state;
    EVP_PKEY *curve = EVP_EC_gen("P-256");
    BIO *out = BIO_new(BIO_s_mem());
    char pem[1024] = "";
    struct arena arena;
    struct buffer json;
    struct gcs_service_account account;
    struct error err = {0};
    arena_init(&arena, MIB);
    assert_int_equal(PEM_write_bio_PKCS8PrivateKey(out, curve, NULL, NULL, 0, NULL, NULL), 1);
    assert_true(BIO_read(out, pem, sizeof pem - 1) > 0);
    key_file(&json, pem, NULL);
    assert_fails(gcs_service_account_parse(buffer_slice(&json), &arena, &account, &err), &err,
                 ERROR_BAD_REQUEST);
    buffer_finish(&json);
    BIO_free(out);
    EVP_PKEY_free(curve);
    arena_finish(&arena);
}

/* --- fetching ----------------------------------------------------------------------------- */

static struct {
    char home[64];
    char credentials[128];
    char metadata[64];
    const char *no_metadata;
} variables;

static const char *variable(const char *name)
{
    if (strcmp(name, "HOME") == 0)
        return variables.home;
    if (strcmp(name, "GOOGLE_APPLICATION_CREDENTIALS") == 0)
        return variables.credentials[0] ? variables.credentials : NULL;
    if (strcmp(name, "GCE_METADATA_HOST") == 0)
        return variables.metadata[0] ? variables.metadata : NULL;
    return strcmp(name, "NO_GCE_CHECK") == 0 ? variables.no_metadata : NULL;
}

struct trial {
    struct fake_time time;
    struct http_script *script;
    struct gcs_token_origin origin;
    struct bearer_token token;
    struct error err;
    char url[128]; /* of the script's, "/token" */
    struct buffer key;
};

static void trial_begin(struct trial *trial, const struct http_step *steps, size_t count)
{
    *trial = (struct trial){.time.now_ms = NOW_MS};
    struct http_transport_options options = fake_time_options(&trial->time);
    memset(&variables, 0, sizeof variables);
    snprintf(variables.home, sizeof variables.home, "%s", folder);
    trial->script = http_script_start(steps, count);
    assert_ok(http_transport_create(&options, &trial->origin.transport, &trial->err), &trial->err);
    trial->origin.environment = variable;
    snprintf(trial->url, sizeof trial->url, "%s/token", http_script_url(trial->script));
    key_file(&trial->key, private_pem, trial->url);
}

static void trial_end(struct trial *trial)
{
    buffer_finish(&trial->key);
    http_transport_destroy(trial->origin.transport);
    http_script_stop(trial->script);
}

static bool fetch(struct trial *trial)
{
    return gcs_token_fetch(&trial->origin, &trial->token, &trial->err);
}

static void expect_exchange(struct trial *trial)
{
    struct slice sent = http_script_request(trial->script, 0);
    static const char form[] = "\r\n\r\ngrant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Ajwt-"
                               "bearer&assertion=";
    assert_true(slice_starts_with(sent, SLICE_LITERAL("POST /token HTTP/1.1\r\n")));
    const char *body = memmem(sent.ptr, sent.len, form, sizeof form - 1);
    assert_non_null(body);
    body += sizeof form - 1;
    check_assertion(slice_make(body, (size_t)(sent.ptr + sent.len - body)), trial->url);
}

static void test_service_account__exchanges_a_signed_assertion(void **state)
{
    (void)state;
    const struct http_step steps[] = {TOKEN_ANSWER};
    struct trial trial;
    trial_begin(&trial, steps, COUNT(steps));
    trial.origin.credentials.source = CREDENTIALS_SERVICE_ACCOUNT;
    trial.origin.credentials.service_account_key = buffer_slice(&trial.key);
    assert_ok(fetch(&trial), &trial.err);
    assert_string_equal(trial.token.text, "ya29.a");
    assert_int_equal(trial.token.expires_ms, NOW_MS + 3599000);
    expect_exchange(&trial);
    trial_end(&trial);
}

static void test_service_account__says_why_there_is_no_token(void **state)
{
    (void)state;
    const struct http_step steps[] = {
        ANSWER("HTTP/1.1 400 No\r\nContent-Length: 70\r\n\r\n{\"error\":\"invalid_grant\","
               "\"error_description\":\"Invalid JWT Signature.\"}")};
    struct trial trial;
    trial_begin(&trial, steps, COUNT(steps));
    trial.origin.credentials.source = CREDENTIALS_SERVICE_ACCOUNT;
    trial.origin.credentials.service_account_key = buffer_slice(&trial.key);
    assert_fails(fetch(&trial), &trial.err, ERROR_STORAGE);
    assert_non_null(strstr(trial.err.message, "400, invalid_grant (Invalid JWT Signature.)"));
    assert_non_null(strstr(trial.err.message, "make a new key"));
    trial_end(&trial);
}

static void test_instance__asks_the_metadata_service(void **state)
{
    (void)state;
    const struct http_step steps[] = {TOKEN_ANSWER};
    struct trial trial;
    trial_begin(&trial, steps, COUNT(steps));
    trial.origin.credentials.source = CREDENTIALS_INSTANCE;
    snprintf(variables.metadata, sizeof variables.metadata, "%s",
             http_script_url(trial.script) + strlen("http://"));
    assert_ok(fetch(&trial), &trial.err);
    assert_string_equal(trial.token.text, "ya29.a");
    struct slice sent = http_script_request(trial.script, 0);
    assert_true(slice_starts_with(
        sent, SLICE_LITERAL("GET /computeMetadata/v1/instance/service-accounts/default/token "
                            "HTTP/1.1\r\n")));
    assert_non_null(memmem(sent.ptr, sent.len, "Metadata-Flavor: Google\r\n", 25));
    trial_end(&trial);
}

/* --- the machine's own -------------------------------------------------------------------- */

static void write_file(const char *path, struct slice text)
{
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_int_equal(fwrite(text.ptr, 1, text.len, file), text.len);
    assert_int_equal(fclose(file), 0);
}

static void test_any__takes_the_file_that_is_named_first(void **state)
{
    (void)state;
    const struct http_step steps[] = {TOKEN_ANSWER};
    struct trial trial;
    trial_begin(&trial, steps, COUNT(steps));
    trial.origin.is_any = true;
    snprintf(variables.credentials, sizeof variables.credentials, "%s/key.json", folder);
    write_file(variables.credentials, buffer_slice(&trial.key));
    assert_ok(fetch(&trial), &trial.err);
    expect_exchange(&trial);
    unlink(variables.credentials);
    assert_fails(fetch(&trial), &trial.err, ERROR_STORAGE);
    assert_non_null(strstr(trial.err.message, "GOOGLE_APPLICATION_CREDENTIALS: cannot read"));
    assert_non_null(strstr(trial.err.message, variables.credentials));
    trial_end(&trial);
}

static void test_any__takes_the_login_of_a_person(void **state)
{
    (void)state;
    const struct http_step steps[] = {TOKEN_ANSWER};
    struct trial trial;
    char text[512], path[128];
    trial_begin(&trial, steps, COUNT(steps));
    trial.origin.is_any = true;
    snprintf(path, sizeof path, "%s/.config", folder);
    assert_int_equal(mkdir(path, 0700), 0);
    snprintf(path, sizeof path, "%s/.config/gcloud", folder);
    assert_int_equal(mkdir(path, 0700), 0);
    snprintf(path, sizeof path, "%s/.config/gcloud/application_default_credentials.json", folder);
    snprintf(text, sizeof text,
             "{\"type\": \"authorized_user\", \"client_id\": \"c\", \"client_secret\": \"s/1\", "
             "\"refresh_token\": \"r\", \"token_uri\": \"%s\"}",
             trial.url);
    write_file(path, slice_from_string(text));
    assert_ok(fetch(&trial), &trial.err);
    assert_true(slice_ends_with(http_script_request(trial.script, 0),
                                SLICE_LITERAL("\r\n\r\ngrant_type=refresh_token&client_id=c&"
                                              "client_secret=s%2F1&refresh_token=r")));
    write_file(path, SLICE_LITERAL("{\"type\": \"external_account\"}"));
    assert_fails(fetch(&trial), &trial.err, ERROR_STORAGE);
    assert_non_null(strstr(trial.err.message, "its type is 'external_account'"));
    unlink(path);
    snprintf(path, sizeof path, "%s/.config/gcloud", folder);
    rmdir(path);
    snprintf(path, sizeof path, "%s/.config", folder);
    rmdir(path);
    trial_end(&trial);
}

static void test_any__goes_on_to_the_instance_and_says_what_is_missing(void **state)
{
    (void)state;
    const struct http_step steps[] = {TOKEN_ANSWER};
    struct trial trial;
    trial_begin(&trial, steps, COUNT(steps));
    trial.origin.is_any = true;
    snprintf(variables.metadata, sizeof variables.metadata, "%s",
             http_script_url(trial.script) + strlen("http://"));
    assert_ok(fetch(&trial), &trial.err);
    variables.no_metadata = "true";
    assert_fails(fetch(&trial), &trial.err, ERROR_STORAGE);
    assert_non_null(strstr(trial.err.message, "there are no credentials for Google"));
    trial_end(&trial);
}

#define TEST(name) cmocka_unit_test(name)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_account__is_read_with_the_usual_endpoint),
        TEST(test_account__needs_a_place_without_tricks),
        TEST(test_account__never_tells_its_key),
        TEST(test_account__has_an_rsa_key_alone),
        TEST(test_service_account__exchanges_a_signed_assertion),
        TEST(test_service_account__says_why_there_is_no_token),
        TEST(test_instance__asks_the_metadata_service),
        TEST(test_any__takes_the_file_that_is_named_first),
        TEST(test_any__takes_the_login_of_a_person),
        TEST(test_any__goes_on_to_the_instance_and_says_what_is_missing),
    };
    return cmocka_run_group_tests(tests, make_key, free_key);
}
