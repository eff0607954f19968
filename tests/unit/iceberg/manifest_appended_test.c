#include "iceberg/manifest_appended.h"

#include "tests/unit/cmocka_all.h"
#include "tests/unit/iceberg/manifest_fixture.h"

#define SNAPSHOT 77

static bool check(const struct fixture_file *files, size_t count, struct manifest_appended *ret,
                  struct error *err)
{
    struct buffer bytes;
    fixture_manifest_make(files, count, &bytes);
    bool ok = manifest_appended_check(buffer_slice(&bytes), SNAPSHOT, ret, err);
    buffer_finish(&bytes);
    return ok;
}

static void test_manifest_appended__counts_files_and_rows(void **state)
{
    (void)state;
    struct fixture_file files[3] = {FIXTURE_ADDED(5), FIXTURE_ADDED(0), FIXTURE_ADDED(37)};
    struct manifest_appended appended = {0};
    struct error err = {0};
    files[2].snapshot_id = SNAPSHOT;
    assert_ok(check(files, 3, &appended, &err), &err);
    assert_int_equal(appended.files, 3);
    assert_int_equal(appended.rows, 42);
}

static void refuse(struct fixture_file wrong, const char *reason)
{
    struct fixture_file files[2] = {FIXTURE_ADDED(5), wrong};
    struct manifest_appended appended;
    struct error err = {0};
    assert_fails(check(files, 2, &appended, &err), &err, ERROR_VALIDATION);
    if (!strstr(err.message, reason))
        fail_msg("'%s' is not in: %s", reason, err.message);
}

static void test_manifest_appended__refuses_what_does_not_inherit_everything(void **state)
{
    (void)state;
    struct fixture_file file = FIXTURE_ADDED(1), added = file;
    file.status = 0;
    refuse(file, "not ADDED");
    file.status = 2;
    refuse(file, "not ADDED");
    file = added, file.snapshot_id = SNAPSHOT + 1;
    refuse(file, "another snapshot");
    file = added, file.sequence_number = 3;
    refuse(file, "sequence number of its own");
    file = added, file.content = 1;
    refuse(file, "a delete file");
    file = added, file.rows = -1;
    refuse(file, "without a record_count");
    file = added, file.first_row_id = 0;
    refuse(file, "row ids of its own");
}

static void test_manifest_appended__refuses_what_is_no_manifest(void **state)
{
    (void)state;
    struct manifest_appended appended;
    struct error err = {0};
    struct buffer bytes;
    const struct fixture_entry entry = {.path = "x"};
    const struct fixture_list list = {.format_version = 2, .entries = &entry, .count = 1};
    assert_fails(manifest_appended_check(SLICE_LITERAL("Parquet"), 1, &appended, &err), &err,
                 ERROR_CORRUPT);
    fixture_list_make(&list, &bytes);
    assert_fails(manifest_appended_check(buffer_slice(&bytes), 1, &appended, &err), &err,
                 ERROR_CORRUPT);
    assert_non_null(strstr(err.message, "no manifest"));
    buffer_finish(&bytes);
}

/* Whatever byte is changed: an answer, and never a read past the end. */
static void test_manifest_appended__survives_any_changed_byte(void **state)
{
    (void)state;
    struct fixture_file files[2] = {FIXTURE_ADDED(5), FIXTURE_ADDED(7)};
    struct manifest_appended appended;
    struct buffer bytes;
    size_t refused = 0;
    fixture_manifest_make(files, 2, &bytes);
    for (size_t i = 0; i < bytes.len; i++) {
        bytes.ptr[i] = (char)(bytes.ptr[i] ^ 0x15);
        refused += !manifest_appended_check(buffer_slice(&bytes), SNAPSHOT, &appended, NULL);
        bytes.ptr[i] = (char)(bytes.ptr[i] ^ 0x15);
        refused += !manifest_appended_check(slice_make(bytes.ptr, i), SNAPSHOT, &appended, NULL);
    }
    assert_true(refused > bytes.len);
    buffer_finish(&bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_manifest_appended__counts_files_and_rows),
        cmocka_unit_test(test_manifest_appended__refuses_what_does_not_inherit_everything),
        cmocka_unit_test(test_manifest_appended__refuses_what_is_no_manifest),
        cmocka_unit_test(test_manifest_appended__survives_any_changed_byte),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
