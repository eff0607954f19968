/*
 * cmocka_all.h — cmocka with the four headers that it wants before it, and struct error checks.
 *
 * The order of these includes matters, so no formatter may sort them: they stand apart.
 */
#ifndef TESTS_UNIT_CMOCKA_ALL_H
#define TESTS_UNIT_CMOCKA_ALL_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/error.h"
#include "base/slice.h"

#define assert_slice_equal(actual, expected)                                              \
    do {                                                                                  \
        struct slice actual_slice_ = (actual);                                            \
        struct slice expected_slice_ = slice_from_string(expected);                       \
        assert_non_null(actual_slice_.ptr);                                               \
        assert_int_equal(actual_slice_.len, expected_slice_.len);                         \
        assert_memory_equal(actual_slice_.ptr, expected_slice_.ptr, expected_slice_.len); \
    } while (0)

/* Fails with the error's sentence, which says more than "false is not true". */
#define assert_ok(call, err)                           \
    do {                                               \
        if (!(call))                                   \
            fail_msg("%s: %s", #call, (err)->message); \
    } while (0)

#define assert_fails(call, err, expected_kind)                                             \
    do {                                                                                   \
        error_clear(err);                                                                  \
        assert_false(call);                                                                \
        assert_string_equal(error_kind_name((err)->kind), error_kind_name(expected_kind)); \
    } while (0)

#endif
