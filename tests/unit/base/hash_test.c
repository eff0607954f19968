#include "base/hash.h"

#include <stdio.h>
#include <stdlib.h>

#include "tests/unit/cmocka_all.h"

#define LONGEST 40

static uint64_t hash_of(const char *bytes, size_t size)
{
    return hash_end(hash_bytes(HASH_BEGIN, slice_make(bytes, size)));
}

static void test_hash__every_bit_of_every_byte_counts(void **state)
{
    char bytes[LONGEST];
    (void)state;
    for (size_t size = 1; size <= LONGEST; size++) {
        memset(bytes, 'x', sizeof(bytes));
        uint64_t before = hash_of(bytes, size);
        for (size_t i = 0; i < 8 * size; i++) {
            bytes[i / 8] = (char)(bytes[i / 8] ^ (1 << i % 8));
            assert_true(hash_of(bytes, size) != before);
            bytes[i / 8] = 'x';
        }
    }
}

static void test_hash__what_follows_the_text_does_not_count(void **state)
{
    char bytes[LONGEST + 1];
    (void)state;
    for (size_t size = 0; size <= LONGEST; size++) {
        memset(bytes, 'x', sizeof(bytes));
        uint64_t before = hash_of(bytes, size);
        bytes[size] = 'y';
        assert_true(hash_of(bytes, size) == before);
    }
}

static void test_hash__length_counts(void **state)
{
    static const char zeros[LONGEST];
    (void)state;
    for (size_t a = 0; a <= LONGEST; a++)
        for (size_t b = 0; b < a; b++)
            assert_true(hash_of(zeros, a) != hash_of(zeros, b));
}

static void test_hash__parts_count(void **state)
{
    uint64_t one = hash_bytes(hash_bytes(HASH_BEGIN, SLICE_LITERAL("ab")), SLICE_LITERAL("c"));
    uint64_t two = hash_bytes(hash_bytes(HASH_BEGIN, SLICE_LITERAL("a")), SLICE_LITERAL("bc"));
    (void)state;
    assert_true(hash_end(one) != hash_end(two));
}

static void test_hash__nothing_has_a_hash(void **state)
{
    (void)state;
    assert_true(hash_bytes(HASH_BEGIN, (struct slice){NULL, 0}) ==
                hash_bytes(HASH_BEGIN, SLICE_EMPTY));
}

/* --- names that are alike, as those of a catalog's files ------------------------------------- */

#define NAMES 65536U
#define BUCKETS 1024U
#define SHARDS 64U

static int compare(const void *a, const void *b)
{
    const uint64_t *left = a, *right = b;
    return (*left > *right) - (*left < *right);
}

static uint64_t hash_of_name(unsigned number)
{
    char name[128];
    int size = snprintf(name, sizeof(name),
                        "file:///data/warehouse/db/table_%u/metadata/00001-%u.metadata.json",
                        number / 16, number % 16);
    return hash_of(name, (size_t)size);
}

/* Of 64 names in a bucket on the average, chance alone gives some bucket a hundred. */
static void test_hash__names_that_are_alike_spread(void **state)
{
    unsigned low[BUCKETS] = {0}, high[SHARDS] = {0}, most = 0, most_high = 0;
    (void)state;
    for (unsigned i = 0; i < NAMES; i++) {
        uint64_t hash = hash_of_name(i);
        unsigned in_low = ++low[hash % BUCKETS], in_high = ++high[hash >> 58];
        most = in_low > most ? in_low : most;
        most_high = in_high > most_high ? in_high : most_high;
    }
    assert_in_range(most, NAMES / BUCKETS, 110);
    assert_in_range(most_high, NAMES / SHARDS, NAMES / SHARDS * 12 / 10);
}

/* As many bits as catalog/seen_files.c keeps. */
static void test_hash__the_upper_40_bits_tell_names_apart(void **state)
{
    uint64_t *hashes = malloc(NAMES * sizeof(*hashes));
    (void)state;
    assert_non_null(hashes);
    for (unsigned i = 0; i < NAMES; i++)
        hashes[i] = hash_of_name(i) >> 24;
    qsort(hashes, NAMES, sizeof(*hashes), compare);
    for (unsigned i = 1; i < NAMES; i++)
        assert_true(hashes[i] != hashes[i - 1]);
    free(hashes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_hash__every_bit_of_every_byte_counts),
        cmocka_unit_test(test_hash__what_follows_the_text_does_not_count),
        cmocka_unit_test(test_hash__length_counts),
        cmocka_unit_test(test_hash__parts_count),
        cmocka_unit_test(test_hash__nothing_has_a_hash),
        cmocka_unit_test(test_hash__names_that_are_alike_spread),
        cmocka_unit_test(test_hash__the_upper_40_bits_tell_names_apart),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
