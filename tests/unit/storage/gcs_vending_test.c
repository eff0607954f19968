#include <stdio.h>

#include "base/json_tree.h"
#include "base/limits.h"
#include "base/percent.h"
#include "storage/gcs_boundary.h"
#include "storage/gcs_store.h"
#include "storage/vended_keys.h"
#include "tests/unit/cmocka_all.h"
#include "tests/unit/storage/http_script.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define NOW_MS 1769860800000 /* 2026-01-31T12:00:00Z */
#define MINUTE_MS ((int64_t)60 * 1000)

/* --- the boundary ------------------------------------------------------------------------- */

static void test_boundary__is_cut_to_the_prefix_with_its_slash(void **state)
{
    (void)state;
    static const struct {
        const char *location;
        enum session_rights rights;
        const char *json;
    } cases[] = {
        {"gs://lake/wh/db/t", SESSION_READ,
         "{\"accessBoundary\":{\"accessBoundaryRules\":[{\"availableResource\":\"//storage."
         "googleapis.com/projects/_/buckets/lake\",\"availablePermissions\":[\"inRole:roles/"
         "storage."
         "objectViewer\"],\"availabilityCondition\":{\"expression\":\"resource.name.startsWith('"
         "projects/_/buckets/lake/objects/wh/db/t/') || api.getAttribute('storage.googleapis.com/"
         "objectListPrefix', '').startsWith('wh/db/t/')\"}}]}}"},
        {"gs://lake", SESSION_READ_WRITE,
         "{\"accessBoundary\":{\"accessBoundaryRules\":[{\"availableResource\":\"//storage."
         "googleapis.com/projects/_/buckets/lake\",\"availablePermissions\":[\"inRole:roles/"
         "storage."
         "objectUser\"],\"availabilityCondition\":{\"expression\":\"resource.name.startsWith('"
         "projects/_/buckets/lake/objects/') || api.getAttribute('storage.googleapis.com/"
         "objectListPrefix', '').startsWith('')\"}}]}}"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct arena arena;
        struct slice boundary;
        struct error err = {0};
        arena_init(&arena, MIB);
        assert_ok(gcs_boundary_make(slice_from_string(cases[i].location), cases[i].rights, &arena,
                                    &boundary, &err),
                  &err);
        assert_slice_equal(boundary, cases[i].json);
        arena_finish(&arena);
    }
}

/* What a name has in it must not end the text that it stands in: "x') || true || ('" would open all
 * of the bucket. */
static void test_boundary__lets_no_name_out_of_its_quotes(void **state)
{
    (void)state;
    struct arena arena;
    struct slice boundary;
    struct error err = {0};
    json_t *tree = NULL;
    arena_init(&arena, MIB);
    assert_ok(gcs_boundary_make(SLICE_LITERAL("gs://lake/a') || true || ('\\\"%27+\xC3\xA9"),
                                SESSION_READ, &arena, &boundary, &err),
              &err);
    assert_ok(json_tree_parse(boundary, "a boundary", &tree, &err), &err);
    const json_t *rule = json_array_get(json_object_get(json_object_get(tree, "accessBoundary"),
                                                        "accessBoundaryRules"),
                                        0);
    const json_t *condition = json_object_get(rule, "availabilityCondition");
    assert_string_equal(
        json_string_value(json_object_get(condition, "expression")),
        "resource.name.startsWith('projects/_/buckets/lake/objects/a\\') || true || "
        "(\\'\\\\\"%27+\xC3\xA9/') || api.getAttribute('storage.googleapis.com/objectListPrefix', "
        "'').startsWith('a\\') || true || (\\'\\\\\"%27+\xC3\xA9/')");
    json_decref(tree);
    arena_finish(&arena);
}

static void test_boundary__is_of_a_bucket_of_google(void **state)
{
    (void)state;
    static const char *const bad[] = {"s3://lake/t", "gs:///t", "gs://la'ke/t", "file:///t"};
    struct arena arena;
    struct slice boundary;
    struct error err = {0};
    arena_init(&arena, MIB);
    for (size_t i = 0; i < COUNT(bad); i++)
        assert_fails(gcs_boundary_make(slice_from_string(bad[i]), SESSION_READ, &arena, &boundary,
                                       &err),
                     &err, ERROR_VALIDATION);
    arena_finish(&arena);
}

/* --- tokens ------------------------------------------------------------------------------- */

static char metadata[64];

static const char *variable(const char *name)
{
    return strcmp(name, "GCE_METADATA_HOST") == 0 ? metadata : NULL;
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

static void trial_begin(struct trial *trial, const struct http_step *steps, size_t count)
{
    *trial = (struct trial){.time.now_ms = NOW_MS};
    struct http_transport_options options = fake_time_options(&trial->time);
    struct http_transport *transport = NULL;
    struct object_store *store = NULL;
    const struct slice root = SLICE_LITERAL("gs://lake");
    const struct storage_profile *profile = &trial->profile;
    trial->script = http_script_start(steps, count);
    struct slice url = slice_from_string(http_script_url(trial->script));
    snprintf(metadata, sizeof metadata, "%s", url.ptr + strlen("http://"));
    trial->profile = (struct storage_profile){.type = STORAGE_GCS,
                                              .endpoint = url,
                                              .sts = {.is_set = true, .endpoint = url},
                                              .credentials.source = CREDENTIALS_INSTANCE};
    assert_ok(object_stores_create(&trial->stores, &trial->err), &trial->err);
    assert_ok(http_transport_create(&options, &transport, &trial->err), &trial->err);
    object_stores_own_transport(trial->stores, transport);
    const struct remote_store_options gcs = {transport, variable, false};
    assert_ok(gcs_store_create(&gcs, &store, &trial->err), &trial->err);
    assert_ok(object_stores_add(trial->stores, "gs", store, &trial->err), &trial->err);
    assert_ok(object_stores_profiles(trial->stores, &root, &profile, 1, &trial->err), &trial->err);
    assert_ok(vended_keys_create(options.clock, &trial->vended, &trial->err), &trial->err);
    assert_ok(vended_request_begin(trial->stores, profile, SLICE_LITERAL("gs://lake/db/t"),
                                   SESSION_READ, &trial->request, &trial->err),
              &trial->err);
}

static void trial_end(struct trial *trial)
{
    vended_request_finish(&trial->request);
    vended_keys_destroy(trial->vended);
    object_stores_destroy(trial->stores);
    http_script_stop(trial->script);
}

static bool make(struct trial *trial)
{
    return vended_keys_get(trial->vended, &trial->request, &trial->keys, &trial->err);
}

#define OWN(text, seconds)                                 \
    ANSWER("HTTP/1.1 200 OK\r\nContent-Length: 40\r\n\r\n" \
           "{\"access_token\":\"" text "\",\"expires_in\":" seconds "}")
/* STS has no expires_in where the life is that of the token it was given. */
#define CUT_DOWN(text) ANSWER_OK("22\r\n\r\n{\"access_token\":\"" text "\"}")

static void test_token__is_the_servers_own_cut_down(void **state)
{
    (void)state;
    const struct http_step steps[] = {OWN("own", "3600"), CUT_DOWN("cut")};
    struct trial trial;
    trial_begin(&trial, steps, COUNT(steps));
    assert_false(vended_keys_find(trial.vended, &trial.request, &trial.keys));
    assert_ok(make(&trial), &trial.err);
    assert_string_equal(trial.keys.session_token, "cut");
    assert_string_equal(trial.keys.access_key_id, "");
    assert_int_equal(trial.keys.expires_ms, NOW_MS + 60 * MINUTE_MS);
    struct slice sent = http_script_request(trial.script, 1);
    static const char form[] =
        "\r\n\r\ngrant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Atoken-exchange&"
        "subject_token_type=urn%3Aietf%3Aparams%3Aoauth%3Atoken-type%3Aaccess_token&"
        "requested_token_type=urn%3Aietf%3Aparams%3Aoauth%3Atoken-type%3Aaccess_token&"
        "subject_token=own&options=%7B%22accessBoundary%22%3A";
    assert_true(slice_starts_with(sent, SLICE_LITERAL("POST /v1/token HTTP/1.1\r\n")));
    assert_non_null(memmem(sent.ptr, sent.len, form, sizeof form - 1));
    assert_non_null(memmem(sent.ptr, sent.len, "objectViewer", 12));
    trial_end(&trial);
}

static void test_token__is_kept_until_half_of_its_life(void **state)
{
    (void)state;
    const struct http_step steps[] = {OWN("own", "3600"), CUT_DOWN("one"), OWN("new", "3600"),
                                      CUT_DOWN("two")};
    struct trial trial;
    trial_begin(&trial, steps, COUNT(steps));
    assert_ok(make(&trial), &trial.err);
    trial.time.now_ms += 30 * MINUTE_MS - 1;
    assert_true(vended_keys_find(trial.vended, &trial.request, &trial.keys));
    assert_string_equal(trial.keys.session_token, "one");
    trial.request.rights = SESSION_READ_WRITE; /* that is another */
    assert_false(vended_keys_find(trial.vended, &trial.request, &trial.keys));
    trial.request.rights = SESSION_READ;
    trial.time.now_ms += 2;
    /* Half an hour of the server's own is too little to be given on. */
    assert_ok(make(&trial), &trial.err);
    assert_string_equal(trial.keys.session_token, "two");
    assert_int_equal(trial.keys.expires_ms, NOW_MS + 90 * MINUTE_MS + 1);
    trial_end(&trial);
}

static void test_token__goes_on_where_no_longer_one_comes(void **state)
{
    (void)state;
    const struct http_step steps[] = {OWN("own", "1200"),
                                      ANSWER("HTTP/1.1 404 No\r\nContent-Length: 0\r\n\r\n"),
                                      CUT_DOWN("one")};
    struct trial trial;
    trial_begin(&trial, steps, COUNT(steps));
    assert_ok(make(&trial), &trial.err);
    assert_string_equal(trial.keys.session_token, "one");
    assert_int_equal(trial.keys.expires_ms, NOW_MS + 20 * MINUTE_MS);
    trial_end(&trial);
}

static void test_token__says_why_there_is_none(void **state)
{
    (void)state;
    const struct http_step steps[] = {
        OWN("own", "3600"),
        ANSWER("HTTP/1.1 400 No\r\nContent-Length: 62\r\n\r\n{\"error\":\"invalid_request\","
               "\"error_description\":\"Bad boundary\"}"),
    };
    struct trial trial;
    trial_begin(&trial, steps, COUNT(steps));
    assert_fails(make(&trial), &trial.err, ERROR_STORAGE);
    assert_non_null(strstr(trial.err.message, "the STS answered 400, invalid_request (Bad "
                                              "boundary): Google does not take such a boundary"));
    trial_end(&trial);
}

#define TEST(name) cmocka_unit_test(name)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_boundary__is_cut_to_the_prefix_with_its_slash),
        TEST(test_boundary__lets_no_name_out_of_its_quotes),
        TEST(test_boundary__is_of_a_bucket_of_google),
        TEST(test_token__is_the_servers_own_cut_down),
        TEST(test_token__is_kept_until_half_of_its_life),
        TEST(test_token__goes_on_where_no_longer_one_comes),
        TEST(test_token__says_why_there_is_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
