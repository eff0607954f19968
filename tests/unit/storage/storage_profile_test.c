#include "storage/storage_profile.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/json_tree.h"
#include "base/limits.h"

struct fixture {
    struct arena arena;
    json_t *json;
    json_t *secrets;
    struct storage_profile *profile;
    struct error err;
};

static void fixture_finish(struct fixture *fixture)
{
    json_decref(fixture->json);
    json_decref(fixture->secrets);
    arena_finish(&fixture->arena);
}

static bool parse(struct fixture *fixture, const char *text, const char *secrets)
{
    struct error err = {0};
    *fixture = (struct fixture){0};
    arena_init(&fixture->arena, MIB);
    if (!json_tree_parse(slice_from_string(text), "test", &fixture->json, &err) ||
        (secrets && !json_tree_parse(slice_from_string(secrets), "test", &fixture->secrets, &err)))
        fail_msg("%s: %s", text, err.message);
    return storage_profile_parse(fixture->json, fixture->secrets, &fixture->arena,
                                 &fixture->profile, &fixture->err);
}

static void parse_well(struct fixture *fixture, const char *text, const char *secrets)
{
    if (!parse(fixture, text, secrets))
        fail_msg("%s: %s", text, fixture->err.message);
}

static void expect_refused(const char *text, const char *part)
{
    struct fixture fixture;
    if (parse(&fixture, text, NULL))
        fail_msg("accepted: %s", text);
    assert_int_equal(fixture.err.kind, ERROR_BAD_REQUEST);
    if (strstr(fixture.err.message, part) == NULL)
        fail_msg("%s: %s", text, fixture.err.message);
    fixture_finish(&fixture);
}

#define KEYS                                                                  \
    "\"credentials\": {\"source\": \"static\", \"access-key-id\": \"anna\", " \
    "\"secret-access-key\": \"hush-hush\"}"
#define MINIO "\"type\": \"s3\", \"endpoint\": \"http://minio:9000\", "

static void test_parse__fills_in_what_a_store_of_its_own_needs(void **state)
{
    (void)state;
    struct fixture fixture;
    parse_well(&fixture, "{" MINIO KEYS "}", NULL);
    const struct storage_profile *profile = fixture.profile;
    assert_int_equal(profile->type, STORAGE_S3);
    assert_string_equal(profile->endpoint.ptr, "http://minio:9000");
    assert_string_equal(profile->region.ptr, "us-east-1");
    assert_true(profile->is_path_style);
    assert_string_equal(profile->credentials.access_key_id.ptr, "anna");
    assert_string_equal(profile->credentials.secret_access_key.ptr, "hush-hush");
    assert_false(profile->sts.is_set);
    assert_int_equal(profile->client_access, CLIENT_ACCESS_SIGNING);
    assert_false(credentials_are_ambient(&profile->credentials));
    fixture_finish(&fixture);
}

static void test_parse__takes_amazon_without_an_endpoint(void **state)
{
    (void)state;
    struct fixture fixture;
    parse_well(&fixture,
               "{\"type\": \"s3\", \"region\": \"eu-central-1\", \"credentials\": {\"source\": "
               "\"web-identity\"}, \"sts\": {\"role-arn\": \"arn:aws:iam::1:role/x\", "
               "\"external-id\": \"e\", \"duration-seconds\": 900}, \"unique-suffix\": true}",
               NULL);
    const struct storage_profile *profile = fixture.profile;
    assert_int_equal(profile->endpoint.len, 0);
    assert_false(profile->is_path_style);
    assert_int_equal(profile->sts.duration_s, 900);
    assert_int_equal(profile->client_access, CLIENT_ACCESS_SIGNING | CLIENT_ACCESS_VENDED);
    assert_true(credentials_are_ambient(&profile->credentials));
    assert_true(profile->has_unique_suffix);
    fixture_finish(&fixture);
}

static char *written(const struct storage_profile *profile)
{
    struct buffer out;
    struct json_writer writer;
    buffer_init(&out, MIB);
    json_writer_init(&writer, &out);
    storage_profile_write(&writer, profile);
    buffer_append_byte(&out, '\0');
    assert_true(buffer_ok(&out));
    return buffer_detach(&out);
}

static const char everything[] =
    "{\"type\":\"s3\",\"endpoint\":\"https://s3.example\",\"client-endpoints\":[{\"endpoint\":"
    "\"http://localhost:9000\",\"hosts\":[\"localhost\"],\"networks\":[\"10.0.0.0/8\"]}],"
    "\"region\":\"eu-1\",\"path-style\":false,\"ca-bundle\":\"/etc/ca.pem\",\"credentials\":{"
    "\"source\":\"static\",\"access-key-id\":\"anna\",\"secret-access-key\":null,"
    "\"session-token\":null},\"sts\":{\"endpoint\":\"https://sts.example\",\"role-arn\":"
    "\"arn:aws:iam::1:role/x\",\"external-id\":\"e\",\"duration-seconds\":900},"
    "\"client-access\":[\"vended-credentials\",\"static-keys\"],\"unique-suffix\":true}";
#define EVERY_SECRET "{\"secret-access-key\":\"hush-hush\",\"session-token\":\"tok\"}"

static void test_write__gives_back_all_but_the_secrets(void **state)
{
    (void)state;
    struct fixture fixture;
    struct buffer secrets;
    parse_well(&fixture, everything, EVERY_SECRET);
    assert_string_equal(fixture.profile->credentials.secret_access_key.ptr, "hush-hush");
    char *text = written(fixture.profile);
    assert_string_equal(text, everything);
    buffer_init(&secrets, MIB);
    storage_credentials_secrets_append(&secrets, &fixture.profile->credentials);
    assert_true(slice_equals_string(buffer_slice(&secrets), EVERY_SECRET));
    buffer_finish(&secrets);
    free(text);
    fixture_finish(&fixture);
}

static void test_parse__wants_a_secret_that_was_never_given(void **state)
{
    (void)state;
    expect_refused("{" MINIO "\"credentials\": {\"source\": \"static\", \"access-key-id\": \"a\", "
                   "\"secret-access-key\": null}}",
                   "secret-access-key must be a string (null stands for the one that is kept");
    expect_refused("{" MINIO "\"credentials\": {\"source\": \"static\", \"access-key-id\": \"a\"}}",
                   "secret-access-key must be a string");
}

static void test_parse__names_what_is_wrong(void **state)
{
    (void)state;
    static const char *const cases[][2] = {
        {"[]", "storage must be an object"},
        {"{" KEYS "}", "type"},
        {"{\"type\": \"hdfs\"}", "use s3, gcs or adls"},
        {"{" MINIO KEYS ", \"bucket\": \"b\"}", "storage has no field 'bucket'"},
        {"{" MINIO "\"credentials\": {\"source\": \"static\", \"acess-key-id\": \"a\"}}",
         "storage.credentials has no field 'acess-key-id'"},
        {"{" MINIO "\"credentials\": {\"source\": \"environment\", \"access-key-id\": \"a\"}}",
         "access-key-id is not for source environment"},
        {"{" MINIO "\"credentials\": {\"source\": \"vault\"}}", "source is 'vault'"},
        {"{" MINIO "\"credentials\": {\"source\": \"account-key\"}}", "is not for type s3"},
        {"{\"type\": \"s3\", \"endpoint\": \"http://a\"}", "credentials"},
        {"{\"type\": \"s3\", " KEYS "}", "AWS needs a region"},
        {"{\"type\": \"s3\", \"endpoint\": \"minio:9000\", " KEYS "}", "must begin with http"},
        {"{\"type\": \"s3\", \"endpoint\": \"http://minio:9000/bucket\", " KEYS "}",
         "endpoint must be a scheme, a host"},
        {"{\"type\": \"s3\", \"endpoint\": \"http://anna:pw@minio\", " KEYS "}",
         "endpoint must be a scheme, a host"},
        {"{" MINIO KEYS ", \"region\": \"eu/central\"}", "region is 'eu/central'"},
        {"{" MINIO KEYS ", \"ca-bundle\": \"ca.pem\"}", "ca-bundle must be an absolute path"},
        {"{" MINIO KEYS ", \"path-style\": \"yes\"}", "path-style"},
        {"{" MINIO KEYS ", \"sts\": {\"duration-seconds\": 60}}", "STS allows 900 to 43200"},
        {"{" MINIO KEYS ", \"sts\": {\"role\": \"x\"}}", "storage.sts has no field 'role'"},
        {"{" MINIO KEYS ", \"sts\": {\"role-arn\": \"x\"}}", "must begin with arn:"},
        {"{\"type\": \"s3\", \"region\": \"eu-1\", " KEYS ", \"sts\": {}}", "needs a role-arn"},
        {"{" MINIO KEYS ", \"client-access\": [\"vended-credentials\"]}", "say where with sts"},
        {"{" MINIO KEYS ", \"client-access\": [\"all\"]}", "and nothing else"},
        {"{" MINIO "\"credentials\": {\"source\": \"instance\"}, \"client-access\": "
         "[\"static-keys\"]}",
         "source is instance"},
        {"{" MINIO KEYS ", \"client-endpoints\": [{\"hosts\": [\"a\"]}]}", "endpoint is missing"},
        {"{" MINIO KEYS ", \"client-endpoints\": [{\"endpoint\": \"http://a\", \"hosts\": "
         "[\"a:1\"]}]}",
         "without a port"},
        {"{" MINIO KEYS ", \"client-endpoints\": [{\"endpoint\": \"http://a\", \"networks\": "
         "[\"10.0.0.0/33\"]}]}",
         "is no network"},
        {"{\"type\": \"gcs\", \"region\": \"x\", \"credentials\": {\"source\": \"instance\"}}",
         "for type s3"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        expect_refused(cases[i][0], cases[i][1]);
}

static void test_parse__says_no_secret_in_an_error(void **state)
{
    (void)state;
    struct fixture fixture;
    assert_false(parse(&fixture,
                       "{" MINIO "\"credentials\": {\"source\": \"static\", \"access-key-id\": "
                       "\"a\", \"secret-access-key\": \"hush\\nhush\"}}",
                       NULL));
    assert_non_null(strstr(fixture.err.message, "secret-access-key must have"));
    assert_null(strstr(fixture.err.message, "hush"));
    fixture_finish(&fixture);
}

static void test_parse__reads_the_secrets_of_the_other_clouds(void **state)
{
    (void)state;
    struct fixture fixture;
    parse_well(&fixture,
               "{\"type\": \"adls\", \"credentials\": {\"source\": \"client-secret\", "
               "\"tenant-id\": \"t\", \"client-id\": \"c\", \"client-secret\": null}}",
               "{\"client-secret\": \"hush\"}");
    assert_string_equal(fixture.profile->credentials.client_secret.ptr, "hush");
    assert_int_equal(fixture.profile->client_access, 0);
    fixture_finish(&fixture);
    parse_well(&fixture,
               "{\"type\": \"gcs\", \"credentials\": {\"source\": \"service-account\", "
               "\"service-account-key\": \"{\\n}\"}}",
               NULL);
    assert_string_equal(fixture.profile->credentials.service_account_key.ptr, "{\n}");
    fixture_finish(&fixture);
    parse_well(&fixture,
               "{\"type\": \"gcs\", \"credentials\": {\"source\": \"service-account\", "
               "\"service-account-key\": {\"a\": [1]}}}",
               NULL);
    assert_string_equal(fixture.profile->credentials.service_account_key.ptr, "{\"a\":[1]}");
    fixture_finish(&fixture);
}

#define GCS "\"type\": \"gcs\", \"credentials\": {\"source\": \"instance\"}"

/* Google always makes tokens for one table; a store that speaks like it only where it is said who
 * does. */
static void test_parse__gives_clients_tokens_of_google(void **state)
{
    (void)state;
    struct fixture fixture;
    parse_well(&fixture, "{" GCS "}", NULL);
    assert_int_equal(fixture.profile->client_access, CLIENT_ACCESS_VENDED);
    fixture_finish(&fixture);
    parse_well(&fixture, "{" GCS ", \"client-access\": []}", NULL);
    assert_int_equal(fixture.profile->client_access, 0);
    fixture_finish(&fixture);
    parse_well(&fixture, "{" GCS ", \"endpoint\": \"http://a\"}", NULL);
    assert_int_equal(fixture.profile->client_access, 0);
    fixture_finish(&fixture);
    parse_well(&fixture,
               "{" GCS ", \"endpoint\": \"http://a\", \"sts\": {\"endpoint\": \"http://b/\"}}",
               NULL);
    assert_int_equal(fixture.profile->client_access, CLIENT_ACCESS_VENDED);
    assert_string_equal(fixture.profile->sts.endpoint.ptr, "http://b");
    struct storage_profile *copy = NULL;
    assert_true(storage_profile_copy(fixture.profile, &fixture.arena, &copy, &fixture.err));
    assert_true(storage_profile_equals(fixture.profile, copy));
    fixture_finish(&fixture);
    expect_refused("{" GCS ", \"sts\": {\"role-arn\": \"arn:x\"}}", "no field 'role-arn'");
    expect_refused("{" GCS ", \"client-access\": [\"remote-signing\"]}",
                   "client-access has remote-signing, which is not for type gcs");
    expect_refused("{" GCS ", \"endpoint\": \"http://a\", \"client-access\": "
                   "[\"vended-credentials\"]}",
                   "say where with sts");
}

#define ADLS \
    "\"type\": \"adls\", \"credentials\": {\"source\": \"account-key\", \"account-key\": \"k\"}"

/* What an account without a hierarchical namespace would refuse is given where it is asked for. */
static void test_parse__gives_clients_of_azure_what_is_said(void **state)
{
    (void)state;
    struct fixture fixture;
    parse_well(&fixture, "{" ADLS "}", NULL);
    assert_int_equal(fixture.profile->client_access, 0);
    fixture_finish(&fixture);
    parse_well(&fixture,
               "{" ADLS ", \"client-access\": [\"vended-credentials\", \"static-keys\"]}", NULL);
    assert_int_equal(fixture.profile->client_access,
                     CLIENT_ACCESS_VENDED | CLIENT_ACCESS_STATIC_KEYS);
    fixture_finish(&fixture);
    expect_refused("{" ADLS ", \"client-access\": [\"remote-signing\"]}",
                   "client-access has remote-signing, which is not for type adls");
    expect_refused("{" ADLS ", \"sts\": {}}", "sts is for types s3 and gcs");
    expect_refused("{\"type\": \"adls\", \"credentials\": {\"source\": \"instance\"}, "
                   "\"client-access\": [\"static-keys\"]}",
                   "the credentials' source is instance");
}

static void expect_endpoint(const struct storage_profile *profile, const char *host,
                            const char *address, const char *wanted)
{
    struct slice found = storage_profile_client_endpoint(profile, slice_from_string(host),
                                                         slice_from_string(address));
    assert_true(slice_equals_string(found, wanted));
}

static void test_client_endpoint__is_chosen_by_host_and_network(void **state)
{
    (void)state;
    struct fixture fixture;
    parse_well(
        &fixture,
        "{" MINIO KEYS ", \"client-endpoints\": ["
        "{\"endpoint\": \"http://LOCALHOST:9000/\", \"hosts\": [\"localhost\", \"[::1]\"]},"
        "{\"endpoint\": \"https://inner:443\", \"networks\": [\"10.0.0.0/8\", \"fd00::/7\"]},"
        "{\"endpoint\": \"https://both\", \"hosts\": [\"lake\"], \"networks\": "
        "[\"192.168.0.1\"]}]}",
        NULL);
    const struct storage_profile *profile = fixture.profile;
    expect_endpoint(profile, "localhost:8181", "127.0.0.1", "http://localhost:9000");
    expect_endpoint(profile, "LocalHost", "10.1.1.1", "http://localhost:9000");
    expect_endpoint(profile, "[::1]:8181", "::1", "http://localhost:9000");
    expect_endpoint(profile, "firn:8181", "10.255.0.1", "https://inner");
    expect_endpoint(profile, "firn", "::ffff:10.0.0.1", "https://inner");
    expect_endpoint(profile, "firn", "fc00::1", "https://inner");
    expect_endpoint(profile, "lake", "192.168.0.1", "https://both");
    expect_endpoint(profile, "lake", "192.168.0.2", "http://minio:9000");
    expect_endpoint(profile, "", "", "http://minio:9000");
    fixture_finish(&fixture);
}

static void test_copy__is_equal_until_anything_differs(void **state)
{
    (void)state;
    struct fixture fixture, other;
    struct storage_profile *copy = NULL;
    struct arena arena;
    arena_init(&arena, MIB);
    parse_well(&fixture, everything, EVERY_SECRET);
    assert_true(storage_profile_copy(fixture.profile, &arena, &copy, &fixture.err));
    assert_true(storage_profile_equals(fixture.profile, copy));
    assert_ptr_not_equal(copy->credentials.secret_access_key.ptr,
                         fixture.profile->credentials.secret_access_key.ptr);
    fixture_finish(&fixture);
    assert_string_equal(copy->credentials.secret_access_key.ptr, "hush-hush");
    parse_well(&other, everything,
               "{\"secret-access-key\":\"hush-hush\",\"session-token\":\"tik\"}");
    assert_false(storage_profile_equals(other.profile, copy));
    fixture_finish(&other);
    arena_finish(&arena);
}

static bool may_keep(const char *changed)
{
    struct fixture old, now;
    parse_well(&old, "{" MINIO KEYS "}", NULL);
    parse_well(&now, changed, NULL);
    bool ok = storage_profile_may_keep_secrets(old.profile, now.profile);
    fixture_finish(&old);
    fixture_finish(&now);
    return ok;
}

static void test_may_keep_secrets__sends_them_to_no_other_place(void **state)
{
    (void)state;
    assert_true(may_keep("{" MINIO KEYS ", \"region\": \"eu-1\", \"unique-suffix\": true}"));
    assert_false(may_keep("{\"type\": \"s3\", \"endpoint\": \"http://evil:9000\", " KEYS "}"));
    assert_false(may_keep("{" MINIO KEYS ", \"sts\": {\"endpoint\": \"http://evil\"}}"));
    assert_false(may_keep("{" MINIO "\"credentials\": {\"source\": \"static\", \"access-key-id\": "
                          "\"eve\", \"secret-access-key\": \"x\"}}"));
    assert_false(may_keep("{" MINIO "\"credentials\": {\"source\": \"environment\"}}"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_parse__fills_in_what_a_store_of_its_own_needs),
        cmocka_unit_test(test_parse__takes_amazon_without_an_endpoint),
        cmocka_unit_test(test_write__gives_back_all_but_the_secrets),
        cmocka_unit_test(test_parse__wants_a_secret_that_was_never_given),
        cmocka_unit_test(test_parse__names_what_is_wrong),
        cmocka_unit_test(test_parse__says_no_secret_in_an_error),
        cmocka_unit_test(test_parse__reads_the_secrets_of_the_other_clouds),
        cmocka_unit_test(test_parse__gives_clients_tokens_of_google),
        cmocka_unit_test(test_parse__gives_clients_of_azure_what_is_said),
        cmocka_unit_test(test_client_endpoint__is_chosen_by_host_and_network),
        cmocka_unit_test(test_copy__is_equal_until_anything_differs),
        cmocka_unit_test(test_may_keep_secrets__sends_them_to_no_other_place),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
