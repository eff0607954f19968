/*
 * memory_fault_test.c — every allocation of base fails in turn: an error each time, nothing leaks.
 */
#include "base/blob.h"
#include "base/json_tree.h"
#include "base/json_write.h"
#include "base/percent.h"
#include "tests/unit/cmocka_all.h"
#include "tests/unit/fault_alloc.h"

#define PLENTY ((size_t)16 << 20)
/* No scenario below allocates so often; the loop must end on its own. */
#define MAX_ROUNDS 10000

/* Runs one scenario with the n-th allocation failing, for n = 1, 2 … until none is left to fail. It
 * must fail with ERROR_NO_MEMORY whenever a failure hit it, unless it `may_recover`. */
static void fail_each(bool (*scenario)(struct error *err), bool may_recover)
{
    fault_alloc_reset();
    for (size_t n = 1; n < MAX_ROUNDS; n++) {
        struct error err = {0};
        long live = fault_alloc_live();
        fault_alloc_fail_at(n);
        bool ok = scenario(&err);
        bool hit = fault_alloc_hit();
        fault_alloc_fail_at(0);
        assert_int_equal(fault_alloc_live(), live);
        if (!hit) {
            assert_ok(ok, &err);
            assert_true(n > 1);
            return;
        }
        assert_true(ok ? may_recover : err.kind == ERROR_NO_MEMORY);
    }
    fail_msg("the scenario never ran without a failure");
}

static bool fill_buffer(struct error *err)
{
    struct buffer buffer;
    buffer_init(&buffer, PLENTY);
    for (int i = 0; i < 1000; i++) {
        buffer_append_string(&buffer, "0123456789");
        buffer_printf(&buffer, "%d", i);
        buffer_append_int64(&buffer, i);
    }
    bool ok = buffer_check(&buffer, "the text", err);
    buffer_finish(&buffer);
    return ok;
}

static bool fill_arena(struct error *err)
{
    struct arena arena;
    bool ok = true;
    arena_init(&arena, PLENTY);
    for (size_t i = 0; i < 100 && ok; i++)
        ok = arena_alloc(&arena, i * 100) && arena_calloc(&arena, i, 10) &&
             arena_string(&arena, SLICE_LITERAL("abc")) &&
             arena_slice(&arena, SLICE_LITERAL("abc")).ptr && arena_printf(&arena, "%zu", i).ptr;
    arena_finish(&arena);
    return ok ? true : error_no_memory(err, "the arena");
}

static bool make_blobs(struct error *err)
{
    struct blob *from_buffer = NULL, *copy = NULL, *empty = NULL;
    struct buffer buffer, nothing;
    buffer_init(&buffer, PLENTY);
    buffer_init(&nothing, PLENTY);
    buffer_append_string(&buffer, "a text that is kept");
    bool ok = blob_from_buffer(&buffer, &from_buffer, err) &&
              blob_copy(SLICE_LITERAL("abc"), &copy, err) &&
              blob_from_buffer(&nothing, &empty, err);
    blob_unref(from_buffer);
    blob_unref(copy);
    blob_unref(empty);
    buffer_finish(&buffer);
    buffer_finish(&nothing);
    return ok;
}

static bool parse_tree(struct error *err)
{
    static const char text[] =
        "{\"a\":[1,2.5,\"x\",\"\\n\",null,true,{\"b\":{}}],\"c\":\"short\",\"d\":"
        "[1,2,3,4,5,6,7,8,9,10,11,12],\"e\":1,\"f\":2,\"g\":3,\"h\":4,"
        "\"\\u00e9\":5,\"j\":6,\"k\":7}";
    json_t *tree = NULL;
    bool ok = json_tree_parse(slice_from_string(text), "request body", &tree, err);
    json_decref(tree);
    return ok;
}

static bool write_tree(struct error *err)
{
    struct buffer out;
    struct json_writer writer;
    json_t *tree = json_pack("{s:[i,s],s:{}}", "a", 1, "x", "b");
    if (!tree)
        return error_no_memory(err, "the tree");
    buffer_init(&out, PLENTY);
    json_writer_init(&writer, &out);
    json_write_tree(&writer, tree);
    bool ok = buffer_check(&out, "the answer", err);
    json_decref(tree);
    buffer_finish(&out);
    return ok;
}

static bool decode(struct error *err)
{
    struct arena arena;
    struct slice text;
    arena_init(&arena, PLENTY);
    bool ok = percent_decode(SLICE_LITERAL("a%20b"), false, &arena, &text, err);
    arena_finish(&arena);
    return ok;
}

static void test_buffer__reports_each_failed_allocation(void **state)
{
    (void)state;
    fail_each(fill_buffer, false);
}

static void test_arena__reports_each_failed_allocation(void **state)
{
    (void)state;
    fail_each(fill_arena, false);
}

static void test_blob__reports_each_failed_allocation(void **state)
{
    (void)state;
    /* A failed shrink keeps the larger block. */
    fail_each(make_blobs, true);
}

static void test_json_tree_parse__reports_each_failed_allocation(void **state)
{
    (void)state;
    fail_each(parse_tree, false);
}

static void test_json_write_tree__reports_each_failed_allocation(void **state)
{
    (void)state;
    fail_each(write_tree, false);
}

static void test_percent_decode__reports_each_failed_allocation(void **state)
{
    (void)state;
    fail_each(decode, false);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_buffer__reports_each_failed_allocation),
        cmocka_unit_test(test_arena__reports_each_failed_allocation),
        cmocka_unit_test(test_blob__reports_each_failed_allocation),
        cmocka_unit_test(test_json_tree_parse__reports_each_failed_allocation),
        cmocka_unit_test(test_json_write_tree__reports_each_failed_allocation),
        cmocka_unit_test(test_percent_decode__reports_each_failed_allocation),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
