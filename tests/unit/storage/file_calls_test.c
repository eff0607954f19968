#include "storage/file_calls.h"

#include <errno.h>

#include "tests/unit/cmocka_all.h"

static void test_file_error__says_what_to_do(void **state)
{
    static const struct {
        int code;
        enum error_kind kind;
        const char *cure;
    } cases[] = {
        {EROFS, ERROR_STORAGE, "mount the file system for writing"},
        {EACCES, ERROR_STORAGE, "must be allowed"},
        {EMFILE, ERROR_STORAGE, "raise the limit of open files"},
        {EIO, ERROR_STORAGE, "look at the machine's log"},
        {ENOSPC, ERROR_STORAGE_FULL, "free some space"},
        {ENAMETOOLONG, ERROR_BAD_REQUEST, "255 bytes"},
        {ENOMEM, ERROR_NO_MEMORY, "memory"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct error err = {0};
        assert_fails(file_error(&err, cases[i].code, "create", SLICE_LITERAL("file:///x")), &err,
                     cases[i].kind);
        assert_non_null(strstr(err.message, "cannot create 'file:///x': "));
        assert_non_null(strstr(err.message, cases[i].cure));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_file_error__says_what_to_do),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
