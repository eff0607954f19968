#include "catalog/warehouse_storage.h"

#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <stdlib.h>
#include <string.h>

#include "catalog/warehouse.h"
#include "storage/secret_keys.h"
#include "storage/storage_profile.h"
#include "tests/unit/catalog/catalog_fixture.h"

/* What the store was told last. */
struct told {
    struct object_store store; /* first */
    size_t count;
    char roots[8][64];
    char secrets[8][64]; /* "-" where there is no profile */
};

static void told_destroy(struct object_store *self)
{
    free(self);
}

static bool told_set(struct object_store *self, const struct slice *roots,
                     const struct storage_profile *const *profiles, size_t count, struct error *err)
{
    struct told *told = (struct told *)self;
    (void)err;
    told->count = count;
    for (size_t i = 0; i < count && i < 8; i++) {
        (void)snprintf(told->roots[i], 64, "%.*s", SLICE_ARG(roots[i]));
        (void)snprintf(told->secrets[i], 64, "%s",
                       profiles[i] ? profiles[i]->credentials.secret_access_key.ptr : "-");
    }
    return true;
}

static const struct object_store_ops told_ops = {.destroy = told_destroy, .set_profiles = told_set};
static struct secret_keys keys;

static struct told *add_store(struct world *world)
{
    struct told *told = calloc(1, sizeof(*told));
    assert_non_null(told);
    told->store.ops = &told_ops;
    assert_ok(object_stores_add(world->objects, "s3", &told->store, &world->client.err),
              &world->client.err);
    world->catalog->secret_keys = &keys;
    return told;
}

/* The secret that the store has for a root; NULL: it was not told of it. */
static const char *told_secret(const struct told *told, const char *root)
{
    for (size_t i = 0; i < told->count; i++)
        if (strcmp(told->roots[i], root) == 0)
            return told->secrets[i];
    return NULL;
}

static bool create(struct world *world, const char *name, const char *location, const char *storage)
{
    const struct warehouse *made = NULL;
    json_t *request = json_of_text("{'name':'%s','location':'%s'%s%s}", name, location,
                                   storage ? ",'storage':" : "", storage ? storage : "");
    error_clear(&world->client.err);
    bool ok = warehouse_create(&world->client.call, request, &made, &world->client.err);
    json_decref(request);
    warehouse_unref(made);
    return ok;
}

static bool alter(struct world *world, const char *name, const char *change)
{
    const struct warehouse *made = NULL;
    json_t *request = json_of_text("%s", change);
    error_clear(&world->client.err);
    bool ok = warehouse_alter(&world->client.call, slice_from_string(name), request, &made,
                              &world->client.err);
    json_decref(request);
    warehouse_unref(made);
    return ok;
}

static const struct warehouse *find(struct world *world, const char *name)
{
    const struct warehouse *found = NULL;
    assert_ok(warehouse_find(world->catalog, slice_from_string(name), &found, &world->client.err),
              &world->client.err);
    return found;
}

#define AT(endpoint, secret)                                                   \
    "{'type':'s3','endpoint':'" endpoint "','credentials':{'source':'static'," \
    "'access-key-id':'anna','secret-access-key':" secret "}}"
#define MINIO "http://minio:9000"
#define AMBIENT "{'type':'s3','region':'eu-1','credentials':{'source':'environment'}}"

static void test_create__opens_what_its_own_credentials_open(void **state)
{
    struct world *world = *state;
    struct told *told = add_store(world);
    assert_ok(create(world, "lake", "s3://bucket/lake/", AT(MINIO, "'hush'")), &world->client.err);
    assert_string_equal(told_secret(told, "s3://bucket/lake"), "hush");
    assert_string_equal(told_secret(told, world->allowed), "-");
    const struct warehouse *lake = find(world, "lake");
    assert_non_null(lake->storage);
    assert_null(memmem(lake->storage_json.ptr, lake->storage_json.len, "hush", 4));
    warehouse_unref(lake);
    assert_false(create(world, "inner", "s3://bucket/lake/x", AT(MINIO, "'hush'")));
    assert_error_has(world, ERROR_CONFLICT, "overlaps with s3://bucket/lake");
    assert_ok(create(world, "beside", "s3://bucket/lake2", AT(MINIO, "'hush'")),
              &world->client.err);
}

static void test_create__lends_no_credentials_of_the_machine(void **state)
{
    struct world *world = *state;
    (void)add_store(world);
    assert_false(create(world, "lake", "s3://bucket", AMBIENT));
    assert_error_has(world, ERROR_FORBIDDEN, "(environment) are not lent to s3://bucket");
    struct slice opened = SLICE_LITERAL("s3://bucket");
    world->catalog->allowed_locations[0] = opened;
    assert_ok(create(world, "lake", "s3://bucket", AMBIENT), &world->client.err);
    assert_false(alter(world, "lake",
                       "{'storage':{'type':'s3','endpoint':'http://evil','credentials':{'source':"
                       "'environment'}}}"));
    assert_error_has(world, ERROR_FORBIDDEN, "do not go to the endpoint http://evil");
    assert_false(alter(world, "lake",
                       "{'storage':{'type':'s3','region':'eu-1','sts':{'endpoint':'http://evil'},"
                       "'credentials':{'source':'web-identity'}}}"));
    assert_error_has(world, ERROR_FORBIDDEN, "do not go to the sts endpoint http://evil");
}

static void test_create__wants_a_profile_where_it_needs_one(void **state)
{
    struct world *world = *state;
    char inside[WORLD_PATH_SIZE];
    (void)add_store(world);
    (void)snprintf(inside, sizeof inside, "%s/x", world->allowed);
    assert_false(create(world, "lake", "s3://bucket", NULL));
    assert_error_has(world, ERROR_BAD_REQUEST, "say with storage how it is reached");
    assert_false(create(world, "lake", inside, AT(MINIO, "'hush'")));
    assert_error_has(world, ERROR_BAD_REQUEST, "is a local directory");
    assert_false(
        create(world, "lake", "s3://bucket", "{'type':'gcs','credentials':{'source':'instance'}}"));
    assert_error_has(world, ERROR_BAD_REQUEST, "type gcs is for gs://");
    assert_false(create(world, "lake", "s3://bucket", AT(MINIO, "null")));
    assert_error_has(world, ERROR_BAD_REQUEST, "secret-access-key must be a string");
}

static void test_alter__keeps_secrets_for_the_same_place_alone(void **state)
{
    struct world *world = *state;
    struct told *told = add_store(world);
    assert_ok(create(world, "lake", "s3://bucket/lake", AT(MINIO, "'hush'")), &world->client.err);
    assert_ok(alter(world, "lake", "{'properties':{'a':'1'}}"), &world->client.err);
    assert_string_equal(told_secret(told, "s3://bucket/lake"), "hush");
    assert_ok(alter(world, "lake",
                    "{'storage':{'type':'s3','endpoint':'" MINIO "','region':'eu-2',"
                    "'credentials':{'source':'static','access-key-id':'anna',"
                    "'secret-access-key':null}}}"),
              &world->client.err);
    assert_string_equal(told_secret(told, "s3://bucket/lake"), "hush");
    assert_false(alter(world, "lake", "{'storage':" AT("http://evil", "null") "}"));
    assert_error_has(world, ERROR_BAD_REQUEST, "secrets have to be given again");
    assert_false(alter(world, "lake", "{'location':'s3://other'}"));
    assert_error_has(world, ERROR_FORBIDDEN, "give the secrets again");
    assert_false(alter(world, "lake", "{'location':'s3://other','storage':" AT(MINIO, "null") "}"));
    assert_error_has(world, ERROR_FORBIDDEN, "give the secrets again");
    assert_ok(alter(world, "lake", "{'location':'s3://other','storage':" AT(MINIO, "'new'") "}"),
              &world->client.err);
    assert_string_equal(told_secret(told, "s3://other"), "new");
    assert_null(told_secret(told, "s3://bucket/lake"));
    assert_false(alter(world, "lake", "{'storage':null}"));
    assert_error_has(world, ERROR_BAD_REQUEST, "say with storage");
}

static void test_load__one_that_cannot_be_opened_says_why_and_harms_no_other(void **state)
{
    struct world *world = *state;
    struct told *told = add_store(world);
    struct error err = {0};
    assert_ok(create(world, "a", "s3://a", AT(MINIO, "'hush'")), &world->client.err);
    struct secret_keys other;
    assert_true(secret_keys_parse(SLICE_LITERAL("000102030405060708090a0b0c0d0e0f"
                                                "101112131415161718191a1b1c1d1e1f"),
                                  "test", &other, &err));
    world->catalog->secret_keys = &other;
    assert_ok(create(world, "b", "s3://b", AT(MINIO, "'hush-b'")), &world->client.err);
    assert_null(told_secret(told, "s3://a"));
    assert_string_equal(told_secret(told, "s3://b"), "hush-b");
    const struct warehouse *a = find(world, "a");
    assert_null(a->storage);
    assert_non_null(memmem(a->storage_fault.ptr, a->storage_fault.len, keys.keys[0].id, 8));
    warehouse_unref(a);
    assert_false(alter(world, "a", "{'storage':" AT(MINIO, "null") "}"));
    assert_error_has(world, ERROR_CONFLICT, "--secret-key-file");
    assert_ok(alter(world, "a", "{'storage':" AT(MINIO, "'again'") "}"), &world->client.err);
    assert_string_equal(told_secret(told, "s3://a"), "again");
    world->catalog->secret_keys = &keys;
}

static void test_create__without_a_key_keeps_no_secret(void **state)
{
    struct world *world = *state;
    static const struct secret_keys none = {.count = 0};
    (void)add_store(world);
    world->catalog->secret_keys = &none;
    assert_false(create(world, "lake", "s3://bucket", AT(MINIO, "'hush'")));
    assert_error_has(world, ERROR_CONFLICT, "--secret-key-file");
    world->catalog->secret_keys = &keys;
}

/* A warehouse on GCS, by a key that names its token endpoint itself. */
static bool create_by_key(struct world *world, const char *name, const char *pem,
                          const char *token_uri)
{
    const struct warehouse *made = NULL;
    json_t *key = json_pack("{ssssssss}", "type", "service_account", "client_email", "firn@p",
                            "private_key", pem, "token_uri", token_uri);
    char *text = json_dumps(key, 0);
    char location[64];
    (void)snprintf(location, sizeof location, "gs://bucket/%s", name);
    json_t *request =
        json_pack("{sssss{sss{ssss}}}", "name", name, "location", location, "storage", "type",
                  "gcs", "credentials", "source", "service-account", "service-account-key", text);
    error_clear(&world->client.err);
    bool ok = warehouse_create(&world->client.call, request, &made, &world->client.err);
    json_decref(request);
    json_decref(key);
    free(text);
    warehouse_unref(made);
    return ok;
}

/* A key file comes with a request: it must not choose whom the server posts to. */
static void test_create__exchanges_a_key_at_allowed_endpoints_alone(void **state)
{
    struct world *world = *state;
    struct slice allowed[] = {SLICE_LITERAL("http://tokens:8080")};
    char pem[4096] = "";
    EVP_PKEY *key = EVP_RSA_gen(2048);
    BIO *out = BIO_new(BIO_s_mem());
    struct told *told = add_store(world);
    assert_ok(object_stores_add(world->objects, "gs", &told->store, &world->client.err),
              &world->client.err);
    assert_int_equal(PEM_write_bio_PKCS8PrivateKey(out, key, NULL, NULL, 0, NULL, NULL), 1);
    assert_true(BIO_read(out, pem, sizeof pem - 1) > 0);
    assert_ok(create_by_key(world, "google", pem, "https://oauth2.googleapis.com/token"),
              &world->client.err);
    assert_false(create_by_key(world, "own", pem, "http://tokens:8080/token"));
    assert_error_has(world, ERROR_FORBIDDEN, "the key's token_uri is at http://tokens:8080");
    assert_false(create_by_key(world, "own", pem, "http://oauth2.googleapis.com/token"));
    assert_error_has(world, ERROR_FORBIDDEN, "the key's token_uri is at http://oauth2");
    assert_false(create_by_key(world, "own", "hush", "https://oauth2.googleapis.com/token"));
    assert_error_has(world, ERROR_BAD_REQUEST, "private_key is no RSA key");
    assert_null(strstr(world->client.err.message, "hush"));
    world->catalog->allowed_endpoints = allowed;
    world->catalog->allowed_endpoint_count = 1;
    assert_ok(create_by_key(world, "own", pem, "http://tokens:8080/token"), &world->client.err);
    world->catalog->allowed_endpoint_count = 0;
    BIO_free(out);
    EVP_PKEY_free(key);
}

int main(void)
{
    struct error err = {0};
    if (!secret_keys_parse(SLICE_LITERAL("ff0102030405060708090a0b0c0d0e0f"
                                         "101112131415161718191a1b1c1d1eff"),
                           "test", &keys, &err))
        return EXIT_FAILURE;
#define TEST(name) cmocka_unit_test_setup_teardown(name, world_setup, world_teardown)
    const struct CMUnitTest tests[] = {
        TEST(test_create__opens_what_its_own_credentials_open),
        TEST(test_create__lends_no_credentials_of_the_machine),
        TEST(test_create__wants_a_profile_where_it_needs_one),
        TEST(test_alter__keeps_secrets_for_the_same_place_alone),
        TEST(test_load__one_that_cannot_be_opened_says_why_and_harms_no_other),
        TEST(test_create__without_a_key_keeps_no_secret),
        TEST(test_create__exchanges_a_key_at_allowed_endpoints_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
