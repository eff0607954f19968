#include "base/blob.h"

#include <pthread.h>

#include "tests/unit/cmocka_all.h"

static void test_blob_from_buffer__takes_the_bytes_and_empties_the_buffer(void **state)
{
    (void)state;
    struct buffer buffer;
    struct blob *blob = NULL;
    struct error err = {0};
    buffer_init(&buffer, 7);
    buffer_append_string(&buffer, "content"); /* exactly the ceiling: the NUL is not counted */
    assert_ok(blob_from_buffer(&buffer, &blob, &err), &err);
    assert_slice_equal(blob_slice(blob), "content");
    assert_int_equal(blob->bytes[blob->size], '\0');
    assert_int_equal(buffer.len, 0);
    assert_null(buffer.ptr);
    blob_unref(blob);
}

static void test_blob_from_buffer__empty_is_fine(void **state)
{
    (void)state;
    struct buffer buffer;
    struct blob *blob = NULL;
    struct error err = {0};
    buffer_init(&buffer, 0);
    assert_ok(blob_from_buffer(&buffer, &blob, &err), &err);
    assert_slice_equal(blob_slice(blob), "");
    blob_unref(blob);
}

static void test_blob_from_buffer__refuses_a_failed_buffer(void **state)
{
    (void)state;
    struct buffer buffer;
    struct blob *blob = NULL;
    struct error err = {0};
    buffer_init(&buffer, 3);
    buffer_append_string(&buffer, "content");
    assert_fails(blob_from_buffer(&buffer, &blob, &err), &err, ERROR_TOO_LARGE);
    assert_null(blob);
    buffer_finish(&buffer);
}

static void test_blob_copy__does_not_share_the_source(void **state)
{
    (void)state;
    char source[] = "abc";
    struct blob *blob = NULL;
    struct error err = {0};
    assert_ok(blob_copy(slice_from_string(source), &blob, &err), &err);
    source[0] = 'z';
    assert_slice_equal(blob_slice(blob), "abc");
    assert_int_equal(blob->bytes[3], '\0');
    blob_unref(blob);
    assert_ok(blob_copy((struct slice){NULL, 0}, &blob, &err), &err);
    assert_slice_equal(blob_slice(blob), "");
    blob_unref(blob);
    blob_unref(NULL);
}

static void test_blob__lives_until_the_last_reference_goes(void **state)
{
    (void)state;
    struct blob *blob = NULL;
    struct error err = {0};
    assert_ok(blob_copy(SLICE_LITERAL("abc"), &blob, &err), &err);
    struct blob *second = blob_ref(blob);
    assert_ptr_equal(second, blob);
    blob_unref(blob);
    assert_slice_equal(blob_slice(second), "abc");
    blob_unref(second);
}

#define THREADS 4
#define ROUNDS 20000

static void *take_and_drop(void *context)
{
    struct blob *blob = context;
    for (int i = 0; i < ROUNDS; i++)
        blob_unref(blob_ref(blob));
    return NULL;
}

static void test_blob__counts_references_of_many_threads(void **state)
{
    (void)state;
    struct blob *blob = NULL;
    struct error err = {0};
    pthread_t threads[THREADS];
    assert_ok(blob_copy(SLICE_LITERAL("abc"), &blob, &err), &err);
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, take_and_drop, blob), 0);
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    assert_int_equal(atomic_load(&blob->references), 1);
    blob_unref(blob);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_blob_from_buffer__takes_the_bytes_and_empties_the_buffer),
        cmocka_unit_test(test_blob_from_buffer__empty_is_fine),
        cmocka_unit_test(test_blob_from_buffer__refuses_a_failed_buffer),
        cmocka_unit_test(test_blob_copy__does_not_share_the_source),
        cmocka_unit_test(test_blob__lives_until_the_last_reference_goes),
        cmocka_unit_test(test_blob__counts_references_of_many_threads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
