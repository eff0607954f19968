#include <stdlib.h>

#include "iceberg/manifest_list.h"
#include "tests/unit/cmocka_all.h"
#include "tests/unit/fault_alloc.h"
#include "tests/unit/iceberg/metadata_fixture.h"

/* Every allocation fails in turn: an error that says so, nothing leaks, and then it works. */
static void test_manifest_list__survives_every_failed_allocation(void **state)
{
    (void)state;
    size_t size;
    char *bytes = fixture_file("tests/unit/iceberg/data/v2-list.avro", &size);
    fault_alloc_reset();
    bool was_hit = true;
    size_t failures = 0;
    for (size_t n = 1; was_hit; n++) {
        struct manifest_list *list = NULL;
        struct error err = {.kind = ERROR_NONE};
        long before = fault_alloc_live();
        fault_alloc_fail_at(n);
        bool ok = manifest_list_parse(slice_make(bytes, size), &list, &err);
        was_hit = fault_alloc_hit();
        fault_alloc_fail_at(0);
        if (ok)
            assert_int_equal(list->count, 2);
        else
            assert_int_equal(err.kind, ERROR_NO_MEMORY);
        failures += !ok;
        manifest_list_unref(list);
        assert_int_equal(fault_alloc_live(), before);
    }
    assert_true(failures > 10);
    free(bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_manifest_list__survives_every_failed_allocation),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
