#include "storage/store_place.h"

#include <stdlib.h>

#include "tests/unit/cmocka_all.h"

static unsigned released;

static void release(struct store_place *place)
{
    (void)place;
    released++;
}

static struct store_place *make(const struct storage_profile *profile)
{
    struct error err = {0};
    struct store_place *place = calloc(1, sizeof *place);
    assert_non_null(place);
    store_place_init(place, release);
    assert_ok(store_place_describe(place, profile, &err), &err);
    return place;
}

/* Each of these decides what the server sends, or what it may vend. */
static void test_store_place__is_of_an_equal_profile_alone(void **state)
{
    struct storage_profile profile = {.type = STORAGE_S3};
    struct slice *texts[] = {
        &profile.endpoint,
        &profile.region,
        &profile.ca_bundle,
        &profile.sts.endpoint,
        &profile.sts.role_arn,
        &profile.sts.external_id,
        &profile.credentials.access_key_id,
        &profile.credentials.secret_access_key,
        &profile.credentials.session_token,
        &profile.credentials.profile,
        &profile.credentials.service_account_key,
        &profile.credentials.account_key,
        &profile.credentials.tenant_id,
        &profile.credentials.client_id,
        &profile.credentials.client_secret,
    };
    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        *texts[i] = SLICE_LITERAL("text");
    struct store_place *place = make(&profile);
    assert_true(store_place_is_of(place, &profile));
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        *texts[i] = SLICE_LITERAL("other");
        assert_false(store_place_is_of(place, &profile));
        *texts[i] = SLICE_LITERAL("text");
    }
    profile.is_path_style = true;
    assert_false(store_place_is_of(place, &profile));
    profile.is_path_style = false;
    profile.sts.duration_s = 900;
    assert_false(store_place_is_of(place, &profile));
    store_place_unref(place);
}

static void test_store_place__what_moves_between_members_is_another(void **state)
{
    struct storage_profile profile = {.type = STORAGE_S3}, shifted = {.type = STORAGE_S3};
    (void)state;
    profile.endpoint = SLICE_LITERAL("ab");
    profile.region = SLICE_LITERAL("c");
    shifted.endpoint = SLICE_LITERAL("a");
    shifted.region = SLICE_LITERAL("bc");
    struct store_place *place = make(&profile);
    assert_false(store_place_is_of(place, &shifted));
    store_place_unref(place);
}

static void test_store_place__ends_with_its_last_reference(void **state)
{
    struct storage_profile profile = {.type = STORAGE_GCS};
    (void)state;
    released = 0;
    struct store_place *place = make(&profile);
    assert_ptr_equal(store_place_ref(place), place);
    store_place_unref(place);
    assert_int_equal(released, 0);
    store_place_unref(place);
    assert_int_equal(released, 1);
    store_place_unref(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_store_place__is_of_an_equal_profile_alone),
        cmocka_unit_test(test_store_place__what_moves_between_members_is_another),
        cmocka_unit_test(test_store_place__ends_with_its_last_reference),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
