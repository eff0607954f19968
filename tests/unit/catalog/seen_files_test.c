#include "catalog/seen_files.h"

#include <stdio.h>

#include "tests/unit/cmocka_all.h"

#define SECOND INT64_C(1000000)

static void test_seen_files__are_trusted_for_a_minute(void **state)
{
    struct seen_files *files = NULL;
    struct error err = {0};
    const struct slice one = SLICE_LITERAL("s3://bucket/t/metadata/00000-a.metadata.json");
    const struct slice other = SLICE_LITERAL("s3://bucket/t/metadata/00000-b.metadata.json");
    (void)state;
    assert_ok(seen_files_create(SEEN_FAR, &files, &err), &err);
    assert_false(seen_files_has(files, one, SECOND));
    seen_files_note(files, one, 5 * SECOND);
    assert_true(seen_files_has(files, one, 5 * SECOND));
    assert_true(seen_files_has(files, one, 65 * SECOND - 1));
    assert_false(seen_files_has(files, one, 65 * SECOND));
    assert_false(seen_files_has(files, other, 5 * SECOND));
    seen_files_note(files, one, 70 * SECOND);
    assert_true(seen_files_has(files, one, 80 * SECOND));
    seen_files_destroy(files);
}

static void test_seen_files__near_ones_are_looked_for_in_every_tick(void **state)
{
    struct seen_files *files = NULL;
    struct error err = {0};
    const struct slice one = SLICE_LITERAL("file:///t/metadata/00000-a.metadata.json");
    (void)state;
    assert_ok(seen_files_create(SEEN_NEAR, &files, &err), &err);
    seen_files_note(files, one, SECOND);
    assert_true(seen_files_has(files, one, SECOND + SEEN_NEAR_TICK_US - 1));
    assert_false(seen_files_has(files, one, SECOND + SEEN_NEAR_TICK_US));
    assert_false(seen_files_has(files, one, SECOND - 1));
    seen_files_destroy(files);
}

/* Of so many names some share a slot: none is taken for the other. */
static void test_seen_files__tell_names_apart(void **state)
{
    struct seen_files *files = NULL;
    struct error err = {0};
    char name[64];
    (void)state;
    assert_ok(seen_files_create(SEEN_FAR, &files, &err), &err);
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
        cmocka_unit_test(test_seen_files__near_ones_are_looked_for_in_every_tick),
        cmocka_unit_test(test_seen_files__tell_names_apart),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
