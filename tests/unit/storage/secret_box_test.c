#include "storage/secret_box.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/limits.h"

#define KEY_A "00112233445566778899aabbccddeeff00112233445566778899AABBCCDDEEFF"
#define KEY_B "ff112233445566778899aabbccddeeff00112233445566778899aabbccddee00"
#define OWNER SLICE_LITERAL("warehouse lake")
#define SECRET "{\"secret-access-key\":\"hush-hush\"}"

static struct secret_keys keys_of(const char *text)
{
    struct secret_keys keys;
    struct error err = {0};
    if (!secret_keys_parse(slice_from_string(text), "test", &keys, &err))
        fail_msg("%s", err.message);
    return keys;
}

static void seal(const struct secret_keys *keys, struct buffer *ret_box)
{
    struct error err = {0};
    buffer_init(ret_box, MIB);
    if (!secret_box_seal(keys, &random_source_real, OWNER, SLICE_LITERAL(SECRET), ret_box, &err))
        fail_msg("%s", err.message);
}

static void expect_opens(const struct secret_keys *keys, struct slice box)
{
    struct buffer secret;
    struct error err = {0};
    buffer_init(&secret, MIB);
    if (!secret_box_open(keys, OWNER, box, &secret, &err))
        fail_msg("%s", err.message);
    assert_true(slice_equals_string(buffer_slice(&secret), SECRET));
    secret_buffer_finish(&secret);
}

static void expect_closed(const struct secret_keys *keys, struct slice owner, struct slice box,
                          enum error_kind kind, const char *part)
{
    struct buffer secret;
    struct error err = {0};
    buffer_init(&secret, MIB);
    assert_false(secret_box_open(keys, owner, box, &secret, &err));
    assert_int_equal(err.kind, kind);
    if (strstr(err.message, part) == NULL)
        fail_msg("%s", err.message);
    assert_int_equal(secret.len, 0);
    secret_buffer_finish(&secret);
}

static void test_seal__gives_what_only_the_key_opens(void **state)
{
    (void)state;
    struct secret_keys a = keys_of(KEY_A), b = keys_of(KEY_B);
    struct buffer box, other;
    seal(&a, &box);
    seal(&a, &other);
    expect_opens(&a, buffer_slice(&box));
    assert_false(slice_equals(buffer_slice(&box), buffer_slice(&other))); /* a nonce each */
    assert_null(memmem(box.ptr, box.len, "hush", 4));
    expect_closed(&b, OWNER, buffer_slice(&box), ERROR_CONFLICT, b.keys[0].id);
    expect_closed(&b, OWNER, buffer_slice(&box), ERROR_CONFLICT, a.keys[0].id);
    buffer_finish(&box);
    buffer_finish(&other);
}

static void test_seal__wants_a_key(void **state)
{
    (void)state;
    struct secret_keys none = {.count = 0};
    struct buffer box;
    struct error err = {0};
    buffer_init(&box, MIB);
    assert_false(
        secret_box_seal(&none, &random_source_real, OWNER, SLICE_LITERAL(SECRET), &box, &err));
    assert_int_equal(err.kind, ERROR_CONFLICT);
    buffer_finish(&box);
}

static void test_open__refuses_another_owner_and_any_change(void **state)
{
    (void)state;
    struct secret_keys a = keys_of(KEY_A);
    struct buffer box;
    seal(&a, &box);
    expect_closed(&a, SLICE_LITERAL("warehouse other"), buffer_slice(&box), ERROR_CORRUPT, "other");
    for (size_t i = 11; i < box.len; i++) {
        char old = box.ptr[i];
        box.ptr[i] = old == 'A' ? 'B' : 'A';
        expect_closed(&a, OWNER, buffer_slice(&box), ERROR_CORRUPT, "damaged");
        box.ptr[i] = old;
    }
    for (size_t size = 0; size < box.len; size++)
        expect_closed(&a, OWNER, slice_make(box.ptr, size), ERROR_CORRUPT, "damaged");
    expect_opens(&a, buffer_slice(&box));
    buffer_finish(&box);
}

static void test_keys__are_changed_by_putting_one_before(void **state)
{
    (void)state;
    struct secret_keys a = keys_of(KEY_A "\n"), both = keys_of(KEY_B "\r\n\n " KEY_A "\n"),
                       comma = keys_of(KEY_B "," KEY_A);
    struct buffer old, now;
    seal(&a, &old);
    seal(&both, &now);
    assert_int_equal(both.count, 2);
    expect_opens(&both, buffer_slice(&old));
    expect_opens(&comma, buffer_slice(&now));
    assert_true(slice_equals_string(secret_box_key_id(buffer_slice(&now)), both.keys[0].id));
    assert_true(slice_equals_string(secret_box_key_id(buffer_slice(&old)), both.keys[1].id));
    buffer_finish(&old);
    buffer_finish(&now);
}

static void test_keys__say_nothing_of_what_they_are(void **state)
{
    (void)state;
    static const char *const bad[] = {"",
                                      "\n",
                                      "0011",
                                      KEY_A "0",
                                      "hush" KEY_A,
                                      KEY_A "\n" KEY_A "\n" KEY_A "\n" KEY_A "\n" KEY_A "\n" KEY_A
                                            "\n" KEY_A "\n" KEY_A "\n" KEY_A "\n"};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct secret_keys keys;
        struct error err = {0};
        assert_false(secret_keys_parse(slice_from_string(bad[i]), "FIRN_SECRET_KEY", &keys, &err));
        assert_int_equal(err.kind, ERROR_BAD_REQUEST);
        assert_non_null(strstr(err.message, "FIRN_SECRET_KEY"));
        assert_null(strstr(err.message, "hush"));
        assert_null(strstr(err.message, "0011"));
    }
}

static void test_keys__are_made_once_and_for_the_owner_alone(void **state)
{
    (void)state;
    char directory[] = "/tmp/firn-keys-XXXXXX", path[64];
    struct secret_keys made, read = {.count = 0}, again;
    struct error err = {0};
    struct stat status;
    bool is_found = true;
    assert_non_null(mkdtemp(directory));
    snprintf(path, sizeof(path), "%s/firn.db.key", directory);
    assert_true(secret_keys_read(path, &read, &is_found, &err));
    assert_false(is_found);
    assert_true(secret_keys_make(path, &random_source_real, &made, &err));
    assert_int_equal(stat(path, &status), 0);
    assert_int_equal(status.st_mode & 0777, 0600);
    assert_int_equal(status.st_nlink, 1); /* nothing is left of the file it was written as */
    assert_true(secret_keys_read(path, &read, &is_found, &err));
    assert_true(is_found);
    assert_memory_equal(read.keys[0].bytes, made.keys[0].bytes, SECRET_KEY_BYTES);
    assert_false(secret_keys_make(path, &random_source_real, &again, &err));
    assert_int_equal(err.kind, ERROR_ALREADY_EXISTS);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(rmdir(directory), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_seal__gives_what_only_the_key_opens),
        cmocka_unit_test(test_seal__wants_a_key),
        cmocka_unit_test(test_open__refuses_another_owner_and_any_change),
        cmocka_unit_test(test_keys__are_changed_by_putting_one_before),
        cmocka_unit_test(test_keys__say_nothing_of_what_they_are),
        cmocka_unit_test(test_keys__are_made_once_and_for_the_owner_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
