/* Bodies as large as they may be: many seconds under the thread sanitizer, which is not asked to
 * look at one thread alone (./dev test threads). */
#include "base/json_tree.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/buffer.h"
#include "base/json_text.h"
#include "base/limits.h"
#include "tests/unit/cmocka_all.h"

/* --- what a tree takes: jansson's blocks, each with the size that malloc really gives --------- */

static struct {
    size_t live;
    size_t peak;
} heap;

/* jemalloc: multiples of 16 to 128, then four sizes between one power of two and the next. */
static size_t block_size(size_t size)
{
    size_t step = 16;
    while (size > 8 * step)
        step *= 2;
    return size < step ? step : (size + step - 1) / step * step;
}

static void *counting_malloc(size_t size)
{
    size_t *block = malloc(size + 16);
    if (block == NULL)
        return NULL;
    block[0] = size;
    heap.live += block_size(size);
    heap.peak = heap.live > heap.peak ? heap.live : heap.peak;
    return block + 2;
}

static void counting_free(void *pointer)
{
    size_t *block = pointer;
    if (block == NULL)
        return;
    heap.live -= block_size(block[-2]);
    free(block - 2);
}

/* `item` repeated to `size` bytes between brackets; a '#' in it becomes a number. */
static void repeat(struct buffer *out, const char *item, const char *brackets, size_t size)
{
    buffer_append_byte(out, brackets[0]);
    for (size_t i = 0; out->len < size; i++) {
        char text[96];
        const char *mark = strchr(item, '#');
        buffer_append_string(out, i == 0 ? "" : ",");
        buffer_append(out, item, mark ? (size_t)(mark - item) : strlen(item));
        if (mark) {
            (void)snprintf(text, sizeof(text), "%zu%s", i, mark + 1);
            buffer_append_string(out, text);
        }
    }
    buffer_append_byte(out, brackets[1]);
}

/* Whatever the kind of its values, a body of the largest size never takes more than the ceiling. */
static void test_json_tree_parse__bounds_the_memory_of_every_kind_of_value(void **state)
{
    (void)state;
    static const struct {
        const char *item;
        const char *brackets;
    } bodies[] = {
        {"{}", "[]"},   {"[]", "[]"},          {"0", "[]"},          {"0.5", "[]"},
        {"\"\"", "[]"}, {"null", "[]"},        {"{\"a\":1}", "[]"}, {"[0]", "[]"},
        {"\"abcdefghi\"", "[]"},               {"\"#\":{}", "{}"},   {"\"#\":null", "{}"},
        {"[0,0,0,0,0,0,0,0,0]", "[]"},
    };
    json_set_alloc_funcs(counting_malloc, counting_free);
    for (size_t i = 0; i < sizeof(bodies) / sizeof(bodies[0]); i++) {
        struct buffer text;
        struct error err;
        json_t *tree = NULL;
        heap.live = heap.peak = 0;
        buffer_init(&text, MAX_BODY_SIZE + KIB);
        repeat(&text, bodies[i].item, bodies[i].brackets, MAX_BODY_SIZE);
        assert_true(buffer_ok(&text));
        assert_fails(json_tree_parse(buffer_slice(&text), "body", &tree, &err), &err,
                     ERROR_TOO_LARGE);
        assert_non_null(strstr(err.message, "too many JSON values"));
        buffer_finish(&text);
        if (heap.peak > MAX_JSON_TREE_SIZE)
            fail_msg("%s took %zu bytes", bodies[i].item, heap.peak);
        assert_true(heap.peak > MAX_JSON_TREE_SIZE / 3);
        assert_int_equal(heap.live, 0);
    }
    json_set_alloc_funcs(malloc, free);
}

/* The largest honest requests: 100,000 columns, and a body that is nearly all text. */
static void test_json_tree_parse__takes_the_largest_honest_bodies(void **state)
{
    (void)state;
    struct buffer text;
    struct error err;
    json_t *tree = NULL;
    buffer_init(&text, MAX_BODY_SIZE + KIB);
    repeat(&text, "{\"id\":1,\"name\":\"column_of_a_wide_table\",\"required\":false,"
                  "\"type\":\"int#\"}",
           "[]", 100000 * 80);
    assert_ok(json_tree_parse(buffer_slice(&text), "body", &tree, &err), &err);
    json_decref(tree);
    buffer_finish(&text);

    buffer_init(&text, MAX_BODY_SIZE + KIB);
    repeat(&text, "\"property-#\":\"a value of a good length, as paths and comments have\"", "{}",
           MAX_BODY_SIZE / 2);
    assert_ok(json_tree_parse(buffer_slice(&text), "body", &tree, &err), &err);
    json_decref(tree);
    buffer_finish(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_json_tree_parse__bounds_the_memory_of_every_kind_of_value),
        cmocka_unit_test(test_json_tree_parse__takes_the_largest_honest_bodies),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
