#include "storage/session_policy.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/limits.h"

static void expect_policy(const char *location, enum session_rights rights, const char *region,
                          const char *wanted)
{
    struct arena arena;
    struct slice policy;
    struct error err = {0};
    arena_init(&arena, MIB);
    if (!session_policy_make(slice_from_string(location), rights, slice_from_string(region),
                             &arena, &policy, &err))
        fail_msg("%s", err.message);
    assert_string_equal(policy.ptr, wanted);
    arena_finish(&arena);
}

static void test_policy__opens_the_table_and_nothing_beside_it(void **state)
{
    (void)state;
    expect_policy("s3://lake/db/t", SESSION_READ, "eu-1",
                  "{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Allow\",\"Action\":["
                  "\"s3:GetObject\"],\"Resource\":\"arn:aws:s3:::lake/db/t/*\"},{\"Effect\":"
                  "\"Allow\",\"Action\":[\"s3:ListBucket\"],\"Resource\":\"arn:aws:s3:::lake\","
                  "\"Condition\":{\"StringLike\":{\"s3:prefix\":\"db/t/*\"}}}]}");
    expect_policy("s3://lake/db/t", SESSION_READ_WRITE, "cn-north-1",
                  "{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Allow\",\"Action\":["
                  "\"s3:GetObject\",\"s3:PutObject\",\"s3:DeleteObject\","
                  "\"s3:AbortMultipartUpload\",\"s3:ListMultipartUploadParts\"],\"Resource\":"
                  "\"arn:aws-cn:s3:::lake/db/t/*\"},{\"Effect\":\"Allow\",\"Action\":["
                  "\"s3:ListBucket\"],\"Resource\":\"arn:aws-cn:s3:::lake\",\"Condition\":{"
                  "\"StringLike\":{\"s3:prefix\":\"db/t/*\"}}}]}");
}

static void test_policy__cannot_be_widened_by_a_name(void **state)
{
    (void)state;
    static const char *const refused[] = {"s3://lake/db/*", "s3://lake/db/t?", "s3://la*e/t",
                                          "s3://lake/db/${aws:username}", "file:///x", "s3://"};
    for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
        struct arena arena;
        struct slice policy;
        struct error err = {0};
        arena_init(&arena, MIB);
        assert_false(session_policy_make(slice_from_string(refused[i]), SESSION_READ,
                                         SLICE_LITERAL("eu-1"), &arena, &policy, &err));
        assert_int_equal(err.kind, ERROR_VALIDATION);
        arena_finish(&arena);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_policy__opens_the_table_and_nothing_beside_it),
        cmocka_unit_test(test_policy__cannot_be_widened_by_a_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
