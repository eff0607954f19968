#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/slice.h"
#include "iceberg/view_metadata.h"
#include "tests/unit/iceberg/metadata_fixture.h"

static void refuse(const char *old, const char *new, const char *word)
{
    struct blob *blob = fixture_replace(VIEW_METADATA, old, new);
    struct view_metadata *metadata = NULL;
    struct error err = {.kind = ERROR_NONE};
    if (view_metadata_parse(blob, &metadata, &err))
        fail_msg("accepted with '%s'", new);
    assert_null(metadata);
    assert_int_equal(err.kind, ERROR_BAD_REQUEST);
    if (!strstr(err.message, word))
        fail_msg("'%s' is not in: %s", word, err.message);
    blob_unref(blob);
}

static void test_view_metadata__reads_a_view_and_keeps_unknown_fields(void **state)
{
    (void)state;
    struct blob *blob = fixture_blob(VIEW_METADATA);
    struct view_metadata *view = NULL;
    struct error err = {.kind = ERROR_NONE};
    assert_true(view_metadata_parse(blob, &view, &err));
    blob_unref(blob);
    assert_true(slice_equals_string(view->uuid, "fa6506c3-7681-40c8-86dc-e36561f83385"));
    assert_true(slice_equals_string(view->location, "s3://b/v"));
    assert_int_equal(view->current_version_id, 2);
    assert_true(json_is_array(json_object_get(view->tree, "from-the-future")));
    struct view_metadata *second = view_metadata_ref(view);
    view_metadata_unref(view);
    assert_int_equal(second->current_version_id, 2);
    view_metadata_unref(second);
    view_metadata_unref(NULL);
}

static void test_view_metadata__refuses_a_view_without_its_required_fields(void **state)
{
    (void)state;
    static const char *const REQUIRED[] = {
        "view-uuid",       "format-version", "location",    "current-version-id",
        "versions",        "schemas",        "version-log", "default-namespace",
        "representations", "summary",        "version-id",  "timestamp-ms",
    };
    for (size_t i = 0; i < sizeof(REQUIRED) / sizeof(REQUIRED[0]); i++) {
        char old[64], renamed[64];
        snprintf(old, sizeof(old), "\"%s\":", REQUIRED[i]);
        snprintf(renamed, sizeof(renamed), "\"not-%s\":", REQUIRED[i]);
        refuse(old, renamed, REQUIRED[i]);
    }
}

static void test_view_metadata__refuses_an_unsupported_format_version(void **state)
{
    (void)state;
    refuse("\"format-version\":1", "\"format-version\":2", "Unsupported format version: 2");
    refuse("\"format-version\":1", "\"format-version\":0", "Unsupported format version: 0");
}

static void test_view_metadata__requires_the_current_version_and_its_schema(void **state)
{
    (void)state;
    refuse("\"current-version-id\":2", "\"current-version-id\":3",
           "Cannot find current version 3 in view versions");
    refuse("\"timestamp-ms\":2,\"schema-id\":1", "\"timestamp-ms\":2,\"schema-id\":5",
           "Cannot find current schema with id 5");
}

static void test_view_metadata__refuses_duplicate_ids_and_members(void **state)
{
    (void)state;
    refuse("\"version-id\":1,\"timestamp-ms\":1", "\"version-id\":2,\"timestamp-ms\":1",
           "versions: id 2 is there twice");
    refuse("{\"type\":\"struct\",\"fields\":[]}",
           "{\"type\":\"struct\",\"schema-id\":1,\"fields\":[]}", "schemas: id 1 is there twice");
    refuse("{", "{\"location\":\"x\",", "two members of the same name");
}

static void test_view_metadata__checks_representations_and_namespaces(void **state)
{
    (void)state;
    refuse("\"sql\":\"select 1\"", "\"sql\":1", "sql");
    refuse(",\"dialect\":\"spark\"", "", "dialect");
    refuse("{\"type\":\"ir\"}", "{}", "type");
    refuse("{\"type\":\"ir\"}", "3", "must be an object");
    refuse("[\"ns\"]", "[1]", "default-namespace must hold only strings");
    refuse("\"engine\":\"spark\"", "\"engine\":1", "summary");
    refuse("\"comment\":\"c\"", "\"comment\":null", "properties");
    refuse("{\"timestamp-ms\":1,\"version-id\":1}", "{\"version-id\":1}", "version-log");
}

static void test_view_metadata__refuses_text_that_is_no_object(void **state)
{
    (void)state;
    refuse(VIEW_METADATA, "[]", "object");
    refuse(VIEW_METADATA, "", "JSON");
    refuse("\"c\"", "\"c", "JSON");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_view_metadata__reads_a_view_and_keeps_unknown_fields),
        cmocka_unit_test(test_view_metadata__refuses_a_view_without_its_required_fields),
        cmocka_unit_test(test_view_metadata__refuses_an_unsupported_format_version),
        cmocka_unit_test(test_view_metadata__requires_the_current_version_and_its_schema),
        cmocka_unit_test(test_view_metadata__refuses_duplicate_ids_and_members),
        cmocka_unit_test(test_view_metadata__checks_representations_and_namespaces),
        cmocka_unit_test(test_view_metadata__refuses_text_that_is_no_object),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
