#include "storage/s3_keys.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/limits.h"
#include "storage/sts.h"
#include "tests/unit/cmocka_all.h"
#include "tests/unit/storage/http_script.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define MAX_VARIABLES 8
#define NOW_MS 1769860800000 /* 2026-01-31T12:00:00Z */

/* The environment of a test. */
static struct {
    const char *name;
    char value[256];
} variables[MAX_VARIABLES];
static size_t variable_count;

static const char *variable(const char *name)
{
    for (size_t i = 0; i < variable_count; i++)
        if (strcmp(variables[i].name, name) == 0)
            return variables[i].value;
    return NULL;
}

static void set_variable(const char *name, const char *value, const char *rest)
{
    assert_true(variable_count < MAX_VARIABLES);
    variables[variable_count].name = name;
    snprintf(variables[variable_count++].value, sizeof variables[0].value, "%s%s", value, rest);
}

struct trial {
    struct fake_time time;
    struct http_script *script;
    struct http_transport *transport;
    struct s3_key_source *source;
    struct s3_keys keys;
    struct error err;
};

static void trial_begin(struct trial *trial, enum credentials_source source,
                        const struct http_step *steps, size_t count)
{
    *trial = (struct trial){.time.now_ms = NOW_MS};
    struct http_transport_options options = fake_time_options(&trial->time);
    variable_count = 0;
    trial->script = http_script_start(steps, count);
    assert_ok(http_transport_create(&options, &trial->transport, &trial->err), &trial->err);
    const struct s3_key_origin origin = {.credentials.source = source,
                                         .is_any = source == CREDENTIALS_SOURCE_COUNT,
                                         .transport = trial->transport,
                                         .environment = variable,
                                         .region = SLICE_LITERAL("eu-west-1")};
    assert_ok(s3_key_source_create(&origin, &trial->source, &trial->err), &trial->err);
}

static void trial_end(struct trial *trial)
{
    s3_key_source_destroy(trial->source);
    http_transport_destroy(trial->transport);
    http_script_stop(trial->script);
}

static bool get(struct trial *trial)
{
    return s3_key_source_get(trial->source, &trial->keys, &trial->err);
}

static void write_file(const char *path, const char *text)
{
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

/* Keys of a service, that live until this time of 2026-01-31. */
#define SERVICE_KEYS(id, until)                                                           \
    ANSWER("HTTP/1.1 200 OK\r\nContent-Length: 109\r\n\r\n{\"AccessKeyId\": \"" id "\", " \
           "\"SecretAccessKey\": \"secret\", \"Token\": \"token\", \"Expiration\": "      \
           "\"2026-01-31T" until "Z\"}")

static void container(struct trial *trial)
{
    set_variable("AWS_CONTAINER_CREDENTIALS_FULL_URI", http_script_url(trial->script), "/keys");
}

/* --- kept keys ---------------------------------------------------------------------------- */

static void test_source__keeps_keys_until_they_age(void **state)
{
    (void)state;
    const struct http_step steps[] = {SERVICE_KEYS("first", "13:00:00"),
                                      SERVICE_KEYS("other", "14:00:00")};
    struct trial trial;
    trial_begin(&trial, CREDENTIALS_CONTAINER, steps, COUNT(steps));
    container(&trial);
    assert_ok(get(&trial), &trial.err);
    assert_string_equal(trial.keys.access_key_id, "first");
    assert_string_equal(trial.keys.session_token, "token");
    trial.time.now_ms = NOW_MS + 54 * 60 * 1000;
    assert_ok(get(&trial), &trial.err);
    assert_string_equal(trial.keys.access_key_id, "first");
    trial.time.now_ms = NOW_MS + 56 * 60 * 1000;
    assert_ok(get(&trial), &trial.err);
    assert_string_equal(trial.keys.access_key_id, "other");
    trial_end(&trial);
}

static void test_source__goes_on_with_aging_keys_where_no_new_ones_come(void **state)
{
    (void)state;
    const struct http_step steps[] = {
        SERVICE_KEYS("first", "13:00:00"),
        ANSWER("HTTP/1.1 404 No\r\nContent-Length: 0\r\n\r\n"),
        ANSWER("HTTP/1.1 404 No\r\nContent-Length: 0\r\n\r\n"),
    };
    struct trial trial;
    trial_begin(&trial, CREDENTIALS_CONTAINER, steps, COUNT(steps));
    container(&trial);
    assert_ok(get(&trial), &trial.err);
    trial.time.now_ms = NOW_MS + 57 * 60 * 1000;
    assert_ok(get(&trial), &trial.err);
    assert_ok(get(&trial), &trial.err); /* not asked again at once */
    assert_string_equal(trial.keys.access_key_id, "first");
    trial.time.now_ms = NOW_MS + 60 * 60 * 1000;
    assert_fails(get(&trial), &trial.err, ERROR_STORAGE);
    assert_fails(get(&trial), &trial.err, ERROR_STORAGE);
    trial_end(&trial);
}

static void test_source__fetches_anew_what_was_refused(void **state)
{
    (void)state;
    const struct http_step steps[] = {SERVICE_KEYS("first", "13:00:00"),
                                      SERVICE_KEYS("other", "14:00:00")};
    struct trial trial;
    trial_begin(&trial, CREDENTIALS_CONTAINER, steps, COUNT(steps));
    container(&trial);
    assert_ok(get(&trial), &trial.err);
    struct s3_keys first = trial.keys;
    assert_true(s3_key_source_refused(trial.source, &first));
    assert_ok(get(&trial), &trial.err);
    assert_string_equal(trial.keys.access_key_id, "other");
    assert_true(s3_key_source_refused(trial.source, &first)); /* that is known already */
    assert_ok(get(&trial), &trial.err);
    assert_string_equal(trial.keys.access_key_id, "other");
    trial_end(&trial);
}

static void *get_in_thread(void *context)
{
    struct trial *trial = context;
    struct s3_keys *keys = calloc(1, sizeof *keys);
    struct error err = {0};
    bool ok = keys && s3_key_source_get(trial->source, keys, &err) &&
              strcmp(keys->access_key_id, "first") == 0;
    free(keys);
    return ok ? trial : NULL;
}

/* One answer is all that there is. */
static void test_source__asks_once_for_many_threads(void **state)
{
    (void)state;
    const struct http_step steps[] = {SERVICE_KEYS("first", "13:00:00")};
    struct trial trial;
    pthread_t threads[8];
    trial_begin(&trial, CREDENTIALS_CONTAINER, steps, COUNT(steps));
    container(&trial);
    for (size_t i = 0; i < COUNT(threads); i++)
        assert_int_equal(pthread_create(&threads[i], NULL, get_in_thread, &trial), 0);
    for (size_t i = 0; i < COUNT(threads); i++) {
        void *worked = NULL;
        assert_int_equal(pthread_join(threads[i], &worked), 0);
        assert_non_null(worked);
    }
    trial_end(&trial);
}

/* --- where they come from ----------------------------------------------------------------- */

static void test_environment__needs_both_keys(void **state)
{
    (void)state;
    struct trial trial;
    trial_begin(&trial, CREDENTIALS_ENVIRONMENT, NULL, 0);
    assert_fails(get(&trial), &trial.err, ERROR_STORAGE);
    assert_non_null(strstr(trial.err.message, "AWS_ACCESS_KEY_ID"));
    trial_end(&trial);
    trial_begin(&trial, CREDENTIALS_ENVIRONMENT, NULL, 0);
    set_variable("AWS_ACCESS_KEY_ID", "id", "");
    set_variable("AWS_SECRET_ACCESS_KEY", "secret", "");
    assert_ok(get(&trial), &trial.err);
    assert_string_equal(trial.keys.access_key_id, "id");
    assert_string_equal(trial.keys.secret_access_key, "secret");
    assert_string_equal(trial.keys.session_token, "");
    assert_int_equal(trial.keys.expires_ms, 0);
    trial_end(&trial);
}

static void test_container__sends_its_token_to_safe_places_only(void **state)
{
    (void)state;
    static const char *const unsafe[] = {"http://example.com/keys", "http://127.0.0.1.example.com/",
                                         "ftp://localhost/"};
    const struct http_step steps[] = {SERVICE_KEYS("first", "13:00:00")};
    struct trial trial;
    trial_begin(&trial, CREDENTIALS_CONTAINER, steps, COUNT(steps));
    container(&trial);
    set_variable("AWS_CONTAINER_AUTHORIZATION_TOKEN", "Bearer x", "");
    assert_ok(get(&trial), &trial.err);
    struct slice request = http_script_request(trial.script, 0);
    assert_non_null(memmem(request.ptr, request.len, "Authorization: Bearer x\r\n", 25));
    trial_end(&trial);
    for (size_t i = 0; i < COUNT(unsafe); i++) {
        trial_begin(&trial, CREDENTIALS_CONTAINER, NULL, 0);
        set_variable("AWS_CONTAINER_CREDENTIALS_FULL_URI", unsafe[i], "");
        assert_fails(get(&trial), &trial.err, ERROR_STORAGE);
        assert_non_null(strstr(trial.err.message, "must be https, or of this machine"));
        trial_end(&trial);
    }
}

static void test_instance__asks_for_token_role_and_keys(void **state)
{
    (void)state;
    const struct http_step steps[] = {ANSWER_OK("3\r\n\r\ntok"), ANSWER_OK("5\r\n\r\nrole\n"),
                                      SERVICE_KEYS("first", "13:00:00")};
    struct trial trial;
    trial_begin(&trial, CREDENTIALS_INSTANCE, steps, COUNT(steps));
    set_variable("AWS_EC2_METADATA_SERVICE_ENDPOINT", http_script_url(trial.script), "/");
    assert_ok(get(&trial), &trial.err);
    assert_string_equal(trial.keys.access_key_id, "first");
    assert_int_equal(trial.keys.expires_ms, NOW_MS + 60 * 60 * 1000);
    assert_true(slice_starts_with(http_script_request(trial.script, 0),
                                  SLICE_LITERAL("PUT /latest/api/token HTTP/1.1\r\n")));
    struct slice last = http_script_request(trial.script, 2);
    assert_true(slice_starts_with(
        last, SLICE_LITERAL("GET /latest/meta-data/iam/security-credentials/role HTTP/1.1\r\n")));
    assert_non_null(memmem(last.ptr, last.len, "X-aws-ec2-metadata-token: tok\r\n", 31));
    trial_end(&trial);
}

#define STS_KEYS                                                                                \
    ANSWER("HTTP/1.1 200 OK\r\nContent-Length: 179\r\n\r\n<R><Credentials><AccessKeyId>assumed" \
           "</AccessKeyId><SecretAccessKey>s</SecretAccessKey><SessionToken>t</SessionToken>"   \
           "<Expiration>2026-01-31T13:00:00Z</Expiration></Credentials></R>")

static void test_web_identity__gives_its_token_unsigned(void **state)
{
    (void)state;
    const struct http_step steps[] = {STS_KEYS};
    struct trial trial;
    char path[] = "/tmp/firn-token-XXXXXX";
    close(mkstemp(path));
    write_file(path, "the-token\n");
    trial_begin(&trial, CREDENTIALS_WEB_IDENTITY, steps, COUNT(steps));
    set_variable("AWS_WEB_IDENTITY_TOKEN_FILE", path, "");
    set_variable("AWS_ROLE_ARN", "arn:aws:iam::1:role/r", "");
    set_variable("AWS_ENDPOINT_URL_STS", http_script_url(trial.script), "");
    assert_ok(get(&trial), &trial.err);
    assert_string_equal(trial.keys.access_key_id, "assumed");
    struct slice request = http_script_request(trial.script, 0);
    assert_true(slice_ends_with(
        request, SLICE_LITERAL("Action=AssumeRoleWithWebIdentity&Version=2011-06-15&RoleArn=arn%3A"
                               "aws%3Aiam%3A%3A1%3Arole%2Fr&RoleSessionName=firn&WebIdentityToken="
                               "the-token")));
    assert_null(memmem(request.ptr, request.len, "Authorization:", 14));
    trial_end(&trial);
    unlink(path);
    trial_begin(&trial, CREDENTIALS_WEB_IDENTITY, NULL, 0);
    set_variable("AWS_WEB_IDENTITY_TOKEN_FILE", path, "");
    set_variable("AWS_ROLE_ARN", "arn:aws:iam::1:role/r", "");
    assert_fails(get(&trial), &trial.err, ERROR_STORAGE);
    assert_non_null(strstr(trial.err.message, path));
    trial_end(&trial);
}

static void test_sts__says_why_there_are_no_keys(void **state)
{
    (void)state;
    const struct http_step steps[] = {
        ANSWER("HTTP/1.1 403 No\r\nContent-Length: 71\r\n\r\n<ErrorResponse><Error><Code>"
               "AccessDenied</Code></Error></ErrorResponse>")};
    struct trial trial;
    trial_begin(&trial, CREDENTIALS_STATIC, steps, COUNT(steps));
    const struct s3_credentials signer = {SLICE_LITERAL("id"), SLICE_LITERAL("hidden"),
                                          SLICE_EMPTY};
    const struct sts_request request = {.endpoint =
                                            slice_from_string(http_script_url(trial.script)),
                                        .region = SLICE_LITERAL("us-east-1"),
                                        .signer = &signer,
                                        .role_arn = SLICE_LITERAL("arn"),
                                        .session_name = SLICE_LITERAL("s"),
                                        .policy = SLICE_LITERAL("{}"),
                                        .duration_s = 900};
    assert_fails(sts_assume_role(trial.transport, &request, &trial.keys, &trial.err), &trial.err,
                 ERROR_STORAGE);
    assert_non_null(strstr(trial.err.message, "AccessDenied: the role does not let"));
    assert_null(strstr(trial.err.message, "hidden"));
    struct slice sent = http_script_request(trial.script, 0);
    assert_true(slice_ends_with(
        sent, SLICE_LITERAL("Action=AssumeRole&Version=2011-06-15&RoleArn=arn&RoleSessionName=s&"
                            "Policy=%7B%7D&DurationSeconds=900")));
    assert_non_null(memmem(sent.ptr, sent.len, "/us-east-1/sts/aws4_request", 27));
    trial_end(&trial);
}

/* --- shared files ------------------------------------------------------------------------- */

static char folder[] = "/tmp/firn-aws-XXXXXX";
static char credentials_path[64], config_path[64];

static int make_files(void **state)
{
    (void)state;
    if (!mkdtemp(folder))
        return 1;
    snprintf(credentials_path, sizeof credentials_path, "%s/credentials", folder);
    snprintf(config_path, sizeof config_path, "%s/config", folder);
    write_file(credentials_path, "# keys\n[default]\naws_access_key_id = plain\n"
                                 "aws_secret_access_key=s1\n\n[ base ]\r\n"
                                 "aws_access_key_id = base\r\naws_secret_access_key = s2\r\n"
                                 "[empty]\n");
    write_file(config_path, "[default]\naws_access_key_id = shadowed\nregion = x\n"
                            "[profile role]\nrole_arn = arn:x\nsource_profile = base\n"
                            "s3 =\n  role_arn = nested\n"
                            "[profile circle]\nrole_arn = arn:x\nsource_profile = other\n"
                            "[profile other]\nrole_arn = arn:x\nsource_profile = circle\n"
                            "[profile run]\ncredential_process = /bin/true\n");
    return 0;
}

static int remove_files(void **state)
{
    (void)state;
    unlink(credentials_path);
    unlink(config_path);
    return rmdir(folder);
}

static void shared(struct trial *trial, const char *profile, const struct http_step *steps,
                   size_t count)
{
    trial_begin(trial, CREDENTIALS_SHARED_CONFIG, steps, count);
    set_variable("AWS_SHARED_CREDENTIALS_FILE", credentials_path, "");
    set_variable("AWS_CONFIG_FILE", config_path, "");
    set_variable("AWS_ENDPOINT_URL_STS", http_script_url(trial->script), "");
    if (profile)
        set_variable("AWS_PROFILE", profile, "");
}

static void test_shared_config__has_keys_by_profile(void **state)
{
    (void)state;
    struct trial trial;
    shared(&trial, NULL, NULL, 0);
    assert_ok(get(&trial), &trial.err);
    assert_string_equal(trial.keys.access_key_id, "plain");
    assert_int_not_equal(trial.keys.expires_ms, 0); /* files may change */
    trial_end(&trial);
    shared(&trial, "base", NULL, 0);
    assert_ok(get(&trial), &trial.err);
    assert_string_equal(trial.keys.access_key_id, "base");
    assert_string_equal(trial.keys.secret_access_key, "s2");
    trial_end(&trial);
}

static void test_shared_config__assumes_a_role_with_another_profiles_keys(void **state)
{
    (void)state;
    const struct http_step steps[] = {STS_KEYS};
    struct trial trial;
    shared(&trial, "role", steps, COUNT(steps));
    assert_ok(get(&trial), &trial.err);
    assert_string_equal(trial.keys.access_key_id, "assumed");
    struct slice request = http_script_request(trial.script, 0);
    assert_non_null(memmem(request.ptr, request.len, "Credential=base/", 16));
    assert_non_null(memmem(request.ptr, request.len, "RoleArn=arn%3Ax&", 16));
    trial_end(&trial);
}

static void test_shared_config__says_what_is_missing(void **state)
{
    (void)state;
    static const char *const cases[][2] = {
        {"nobody", "have no profile 'nobody'"},
        {"empty", "'empty' has no aws_access_key_id"},
        {"circle", "look for a circle"},
        {"run", "which a server does not run"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct trial trial;
        shared(&trial, cases[i][0], NULL, 0);
        assert_fails(get(&trial), &trial.err, ERROR_STORAGE);
        assert_non_null(strstr(trial.err.message, cases[i][1]));
        trial_end(&trial);
    }
}

static void test_any__goes_from_one_source_to_the_next(void **state)
{
    (void)state;
    const struct http_step steps[] = {SERVICE_KEYS("first", "13:00:00")};
    struct trial trial;
    trial_begin(&trial, CREDENTIALS_SOURCE_COUNT, steps, COUNT(steps));
    set_variable("AWS_SHARED_CREDENTIALS_FILE", "/nonexistent/credentials", "");
    set_variable("AWS_CONFIG_FILE", "/nonexistent/config", "");
    container(&trial);
    assert_ok(get(&trial), &trial.err);
    assert_string_equal(trial.keys.access_key_id, "first");
    trial_end(&trial);
    trial_begin(&trial, CREDENTIALS_SOURCE_COUNT, NULL, 0);
    set_variable("AWS_SHARED_CREDENTIALS_FILE", "/nonexistent/credentials", "");
    set_variable("AWS_CONFIG_FILE", "/nonexistent/config", "");
    set_variable("AWS_EC2_METADATA_DISABLED", "true", "");
    assert_fails(get(&trial), &trial.err, ERROR_STORAGE);
    assert_non_null(strstr(trial.err.message, "there are no credentials"));
    trial_end(&trial);
}

static void test_time__is_read_in_utc(void **state)
{
    (void)state;
    int64_t ms = 0;
    assert_true(s3_keys_parse_time(SLICE_LITERAL("2026-01-31T12:00:00Z"), &ms));
    assert_int_equal(ms, NOW_MS);
    assert_true(s3_keys_parse_time(SLICE_LITERAL("2026-01-31T12:00:00.123Z"), &ms));
    assert_int_equal(ms, NOW_MS);
    assert_false(s3_keys_parse_time(SLICE_LITERAL("2026-01-31T12:00:00"), &ms));
    assert_false(s3_keys_parse_time(SLICE_LITERAL("2026-01-31T12:00:00+01:00"), &ms));
    assert_false(s3_keys_parse_time(SLICE_LITERAL("tomorrow"), &ms));
}

#define TEST(name) cmocka_unit_test(name)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_source__keeps_keys_until_they_age),
        TEST(test_source__goes_on_with_aging_keys_where_no_new_ones_come),
        TEST(test_source__fetches_anew_what_was_refused),
        TEST(test_source__asks_once_for_many_threads),
        TEST(test_environment__needs_both_keys),
        TEST(test_container__sends_its_token_to_safe_places_only),
        TEST(test_instance__asks_for_token_role_and_keys),
        TEST(test_web_identity__gives_its_token_unsigned),
        TEST(test_sts__says_why_there_are_no_keys),
        TEST(test_shared_config__has_keys_by_profile),
        TEST(test_shared_config__assumes_a_role_with_another_profiles_keys),
        TEST(test_shared_config__says_what_is_missing),
        TEST(test_any__goes_from_one_source_to_the_next),
        TEST(test_time__is_read_in_utc),
    };
    return cmocka_run_group_tests(tests, make_files, remove_files);
}
