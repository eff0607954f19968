#include "base/pack_like.h"

#include <zstd.h>

#include "base/limits.h"
#include "base/pack.h"
#include "tests/unit/cmocka_all.h"

static uint32_t random_below(uint64_t *state, uint32_t bound)
{
    *state = *state * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(*state >> 33) % bound;
}

/* Text that does not pack well by itself; each `start` gives another. */
static void fill_text(char *text, size_t size, uint64_t start)
{
    for (size_t i = 0; i < size; i++)
        text[i] = (char)('a' + random_below(&start, 16));
}

/* Like a table's metadata: entries that are alike but for a few letters. */
static void fill_log(struct buffer *out, int first, int count)
{
    for (int i = first; i < first + count; i++) {
        uint64_t start = (uint64_t)i;
        char uuid[37] = "";
        fill_text(uuid, 36, start);
        buffer_printf(out,
                      ",{\"timestamp-ms\":17959390%05d,\"metadata-file\":\"file:///data/warehouse/"
                      "space/a_table/metadata/%05d-%s.metadata.json\"}",
                      i * 37 % 100000, i, uuid);
    }
}

static bool unpacks_to(struct slice packed, struct slice base, struct slice expected)
{
    struct buffer out;
    struct error err = {0};
    buffer_init(&out, MIB);
    buffer_append_string(&out, "before ");
    bool ok = unpack_like(packed, base, &out, &err);
    if (!ok) {
        assert_int_equal(err.kind, ERROR_CORRUPT);
        assert_int_equal(out.len, 7);
    }
    bool is_equal = ok && slice_equals(slice_from(buffer_slice(&out), 7), expected);
    buffer_finish(&out);
    return is_equal;
}

/* The size of the packed bytes. */
static size_t expect_round_trip(struct slice bytes, struct slice base)
{
    struct arena arena;
    struct slice packed;
    struct pack_base *packing = pack_base_create(base);
    assert_non_null(packing);
    assert_true(slice_equals(pack_base_bytes(packing), base));
    arena_init(&arena, 4 * MIB);
    assert_true(pack_like(bytes, packing, bytes.len + KIB, &arena, &packed));
    assert_true(unpacks_to(packed, base, bytes));
    size_t size = packed.len;
    arena_finish(&arena);
    pack_base_destroy(packing);
    return size;
}

static void test_pack_like__holds_what_differs_and_needs_its_base(void **state)
{
    (void)state;
    static char base[20000], text[20000], other[20000];
    struct arena arena;
    struct slice packed, whole = slice_make(base, sizeof base), next;
    fill_text(base, sizeof base, 1);
    fill_text(other, sizeof other, 2);
    fill_text(text, sizeof text, 3);
    /* One line less in front, a few letters changed, one line more at the end. */
    memcpy(text, base + 150, sizeof text - 150);
    memcpy(text + 5000, "CHANGED", 7);
    next = slice_make(text, sizeof text);
    arena_init(&arena, MIB);
    struct pack_base *packing = pack_base_create(whole);
    assert_non_null(packing);
    assert_true(pack_like(next, packing, sizeof text, &arena, &packed));
    assert_in_range(packed.len, 157, 200);
    assert_true(unpacks_to(packed, whole, next));
    assert_false(unpacks_to(packed, slice_make(other, sizeof other), next));
    assert_false(unpacks_to(packed, slice_make(base, sizeof base - 1), next));
    assert_false(unpacks_to(packed, SLICE_EMPTY, next));
    memcpy(other, base, sizeof other);
    other[10000] = '!';
    assert_false(unpacks_to(packed, slice_make(other, sizeof other), next));
    pack_base_destroy(packing);
    arena_finish(&arena);
}

static void test_unpack_like__refuses_what_is_damaged(void **state)
{
    (void)state;
    struct arena arena;
    struct slice packed, base = SLICE_LITERAL("0123456789 the same and the same and the same");
    struct slice next = SLICE_LITERAL("0123456789 the same and the other and the same");
    arena_init(&arena, MIB);
    struct pack_base *packing = pack_base_create(base);
    assert_true(pack_like(next, packing, KIB, &arena, &packed));
    pack_base_destroy(packing);
    char *damaged = arena_alloc(&arena, packed.len);
    for (size_t size = 0; size < packed.len; size++)
        assert_false(unpacks_to(slice_make(packed.ptr, size), base, next));
    for (size_t bit = 0; bit < 8 * packed.len; bit++) {
        memcpy(damaged, packed.ptr, packed.len);
        damaged[bit / 8] = (char)(damaged[bit / 8] ^ 1 << bit % 8);
        assert_false(unpacks_to(slice_make(damaged, packed.len), base, next));
    }
    arena_finish(&arena);
}

/* 100 entries, of which some have left in front and others come at the end. */
static void test_pack_like__a_log_that_has_moved_on_costs_its_new_entries(void **state)
{
    (void)state;
    for (int moved = 0; moved <= 16; moved++) {
        struct buffer base, next;
        buffer_init(&base, MIB);
        buffer_init(&next, MIB);
        buffer_append_string(&base, "{\"last-updated-ms\":1795939025365,\"metadata-log\":[");
        buffer_append_string(&next, "{\"last-updated-ms\":1795939027391,\"metadata-log\":[");
        fill_log(&base, 1, 100);
        fill_log(&next, 1 + moved, 100);
        buffer_append_string(&base, "]}");
        buffer_append_string(&next, "]}");
        size_t size = expect_round_trip(buffer_slice(&next), buffer_slice(&base));
        assert_in_range(size, 10, 60 + 70 * (size_t)moved);
        buffer_finish(&base);
        buffer_finish(&next);
    }
}

/* Parts of the base, cut, copied and mixed with others, in any order. */
static void test_pack_like__gives_back_whatever_it_took(void **state)
{
    (void)state;
    static char base[3000], other[3000];
    uint64_t random = 42;
    for (int round = 0; round < 2000; round++) {
        struct buffer next;
        size_t base_size = random_below(&random, sizeof base);
        fill_text(base, base_size, random_below(&random, 9));
        fill_text(other, sizeof other, 10 + random_below(&random, 9));
        buffer_init(&next, MIB);
        for (uint32_t parts = random_below(&random, 12); parts > 0; parts--) {
            bool is_base = random_below(&random, 3) > 0;
            size_t room = is_base ? base_size : sizeof other;
            size_t at = random_below(&random, (uint32_t)room + 1);
            size_t size = random_below(&random, (uint32_t)(room - at) + 1);
            buffer_append(&next, (is_base ? base : other) + at, size);
        }
        (void)expect_round_trip(buffer_slice(&next), slice_make(base, base_size));
        buffer_finish(&next);
    }
}

static void test_pack_like__takes_no_more_than_its_limit(void **state)
{
    (void)state;
    static char base[5000], text[5000];
    struct arena arena;
    struct slice packed, next = slice_make(text, sizeof text);
    size_t header = 4 + 4 + 1 + 1;
    fill_text(base, sizeof base, 1);
    fill_text(text, sizeof text, 2);
    memcpy(text + 1000, base + 1000, 3000);
    struct pack_base *packing = pack_base_create(slice_make(base, sizeof base));
    arena_init(&arena, MIB);
    assert_true(pack_like(next, packing, sizeof text, &arena, &packed));
    size_t size = packed.len;
    assert_in_range(size, 2000, 2040);
    for (size_t limit = 0; limit < 3000; limit++) {
        bool fits = pack_like(next, packing, limit, &arena, &packed);
        assert_int_equal(fits, limit >= size);
        assert_true(!fits || packed.len == size);
        arena_finish(&arena);
    }
    for (size_t limit = 0; limit < 100; limit++) { /* of literals alone */
        bool fits = pack_like(slice_make(text, 29), packing, limit, &arena, &packed);
        assert_int_equal(fits, limit >= header + 29);
        arena_finish(&arena);
    }
    pack_base_destroy(packing);
}

static void test_pack_base__is_at_most_a_mebibyte(void **state)
{
    (void)state;
    static char bytes[MIB + 1];
    struct pack_base *base = pack_base_create(slice_make(bytes, MIB - 1));
    assert_non_null(base);
    pack_base_destroy(base);
    assert_null(pack_base_create(slice_make(bytes, MIB + 1)));
}

static void test_unpack_like__takes_what_was_packed_by_itself(void **state)
{
    (void)state;
    static char text[2000];
    struct packer *packer = NULL;
    struct arena arena;
    struct slice packed, bytes = slice_make(text, sizeof text);
    fill_text(text, sizeof text, 1);
    arena_init(&arena, MIB);
    assert_true(packer_create(&packer, NULL));
    assert_true(pack(packer, bytes, &arena, &packed, NULL));
    packer_destroy(packer);
    assert_true(unpacks_to(packed, SLICE_EMPTY, bytes));
    assert_true(unpacks_to(SLICE_LITERAL("{}"), SLICE_EMPTY, SLICE_LITERAL("{}")));
    assert_false(unpacks_to(SLICE_LITERAL("{}"), bytes, SLICE_LITERAL("{}")));
    arena_finish(&arena);
}

/* What earlier builds have written. */
static void test_unpack_like__takes_frames_with_a_prefix(void **state)
{
    (void)state;
    static char base[2000], text[2000], frame[4000];
    fill_text(base, sizeof base, 1);
    memcpy(text, base + 20, sizeof text - 20);
    memset(text + sizeof text - 20, '!', 20);
    ZSTD_CCtx *context = ZSTD_createCCtx();
    assert_false(ZSTD_isError(ZSTD_CCtx_setParameter(context, ZSTD_c_checksumFlag, 1)));
    assert_false(ZSTD_isError(ZSTD_CCtx_refPrefix(context, base, sizeof base)));
    size_t size = ZSTD_compress2(context, frame, sizeof frame, text, sizeof text);
    ZSTD_freeCCtx(context);
    assert_in_range(size, 10, 100);
    struct slice packed = slice_make(frame, size), whole = slice_make(base, sizeof base);
    assert_true(unpacks_to(packed, whole, slice_make(text, sizeof text)));
    assert_false(unpacks_to(packed, SLICE_EMPTY, slice_make(text, sizeof text)));
    assert_false(unpacks_to(slice_make(frame, size - 1), whole, slice_make(text, sizeof text)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pack_like__holds_what_differs_and_needs_its_base),
        cmocka_unit_test(test_unpack_like__refuses_what_is_damaged),
        cmocka_unit_test(test_pack_like__a_log_that_has_moved_on_costs_its_new_entries),
        cmocka_unit_test(test_pack_like__gives_back_whatever_it_took),
        cmocka_unit_test(test_pack_like__takes_no_more_than_its_limit),
        cmocka_unit_test(test_pack_base__is_at_most_a_mebibyte),
        cmocka_unit_test(test_unpack_like__takes_what_was_packed_by_itself),
        cmocka_unit_test(test_unpack_like__takes_frames_with_a_prefix),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
