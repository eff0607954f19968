#include "catalog/seen_files.h"

#include <stdio.h>

#include "tests/unit/cmocka_all.h"

static void test_seen_files__are_trusted_for_a_minute(void **state)
{
    struct seen_files *files = NULL;
    struct error err = {0};
    const struct slice one = SLICE_LITERAL("s3://bucket/t/metadata/00000-a.metadata.json");
    const struct slice other = SLICE_LITERAL("s3://bucket/t/metadata/00000-b.metadata.json");
    (void)state;
    assert_ok(seen_files_create(&files, &err), &err);
    assert_false(seen_files_has(files, one, 0));
    seen_files_note(files, one, 5000);
    assert_true(seen_files_has(files, one, 5000));
    assert_true(seen_files_has(files, one, 5000 + SEEN_FILE_TRUST_MS - 1000));
    assert_false(seen_files_has(files, one, 5000 + SEEN_FILE_TRUST_MS));
    assert_false(seen_files_has(files, other, 5000));
    seen_files_note(files, one, 70000);
    assert_true(seen_files_has(files, one, 80000));
    seen_files_destroy(files);
}

/* Of so many names some share a slot: none is taken for the other. */
static void test_seen_files__tell_names_apart(void **state)
{
    struct seen_files *files = NULL;
    struct error err = {0};
    char name[64];
    (void)state;
    assert_ok(seen_files_create(&files, &err), &err);
    for (int i = 0; i < 100000; i++) {
        snprintf(name, sizeof name, "s3://bucket/%d", i);
        seen_files_note(files, slice_from_string(name), 1000);
        assert_true(seen_files_has(files, slice_from_string(name), 1000));
    }
    for (int i = 0; i < 100000; i++) {
        snprintf(name, sizeof name, "s3://other/%d", i);
        assert_false(seen_files_has(files, slice_from_string(name), 1000));
    }
    seen_files_destroy(files);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_seen_files__are_trusted_for_a_minute),
        cmocka_unit_test(test_seen_files__tell_names_apart),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
