#include "base/json_write.h"

#include <stdio.h>

#include "tests/unit/cmocka_all.h"

#define PLENTY ((size_t)1 << 20)

static void test_json_write__puts_commas_where_they_belong(void **state)
{
    (void)state;
    struct buffer out;
    struct json_writer writer;
    buffer_init(&out, PLENTY);
    json_writer_init(&writer, &out);
    json_write_object_begin(&writer);
    json_write_key(&writer, "a");
    json_write_int64(&writer, INT64_MIN);
    json_write_key(&writer, "b");
    json_write_array_begin(&writer);
    json_write_array_begin(&writer);
    json_write_array_end(&writer);
    json_write_object_begin(&writer);
    json_write_object_end(&writer);
    json_write_bool(&writer, true);
    json_write_bool(&writer, false);
    json_write_null(&writer);
    json_write_string(&writer, SLICE_LITERAL("x"));
    json_write_raw(&writer, SLICE_LITERAL("{\"raw\":1}"));
    json_write_array_end(&writer);
    json_write_key(&writer, "c\"d");
    json_write_object_begin(&writer);
    json_write_key(&writer, "e");
    json_write_int64(&writer, 0);
    json_write_object_end(&writer);
    json_write_object_end(&writer);
    assert_slice_equal(
        buffer_slice(&out),
        "{\"a\":-9223372036854775808,\"b\":[[],{},true,false,null,\"x\",{\"raw\":1}],"
        "\"c\\\"d\":{\"e\":0}}");
    assert_int_equal(writer.depth, 0);
    buffer_finish(&out);
}

static void test_json_write_string__escapes_controls_quote_and_backslash_only(void **state)
{
    (void)state;
    struct buffer out;
    buffer_init(&out, PLENTY);
    json_append_string(&out, slice_make("\"\\/\b\f\n\r\t\0\x1F\x7F雪", 14));
    assert_slice_equal(buffer_slice(&out), "\"\\\"\\\\/\\b\\f\\n\\r\\t\\u0000\\u001f\x7F雪\"");
    buffer_finish(&out);
}

static void test_json_write_string__survives_jansson(void **state)
{
    (void)state;
    char text[512];
    size_t len = 0;
    for (int c = 1; c < 0x80; c++) {
        text[len++] = (char)c;
        memcpy(text + len, c % 2 ? "é" : "雪", c % 2 ? 2 : 3);
        len += c % 2 ? 2 : 3;
    }
    /* Every start shifts what stands at the borders of runs. */
    for (size_t start = 0; start < len; start++) {
        struct slice part = slice_from(slice_make(text, len), start);
        struct buffer out;
        if (!slice_is_utf8(part))
            continue;
        buffer_init(&out, PLENTY);
        json_append_string(&out, part);
        json_t *read = json_loadb(out.ptr, out.len, JSON_DECODE_ANY, NULL);
        assert_non_null(read);
        assert_true(
            slice_equals(part, slice_make(json_string_value(read), json_string_length(read))));
        json_decref(read);
        buffer_finish(&out);
    }
}

static void test_json_write_tree__is_compact_and_keeps_the_order(void **state)
{
    (void)state;
    static const char text[] =
        "{\"z\":1,\"a\":[1.5,\"x/y\",null,{\"m\":{},\"b\":true}],\"id\":3051729675574597004}";
    struct buffer out;
    struct json_writer writer;
    json_t *tree = json_loads(text, 0, NULL);
    buffer_init(&out, PLENTY);
    json_writer_init(&writer, &out);
    json_write_array_begin(&writer);
    json_write_tree(&writer, tree);
    json_write_tree(&writer, json_object_get(tree, "z"));
    json_write_array_end(&writer);
    char expected[200];
    snprintf(expected, sizeof(expected), "[%s,1]", text);
    assert_slice_equal(buffer_slice(&out), expected);
    json_decref(tree);
    buffer_finish(&out);
}

static void test_json_write__reports_a_full_buffer_at_the_end(void **state)
{
    (void)state;
    struct buffer out;
    struct json_writer writer;
    struct error err = {0};
    json_t *tree = json_loads("{\"a\":\"a text that does not fit\"}", 0, NULL);
    buffer_init(&out, 20);
    json_writer_init(&writer, &out);
    json_write_tree(&writer, tree);
    assert_fails(buffer_check(&out, "the answer", &err), &err, ERROR_TOO_LARGE);
    json_decref(tree);
    buffer_finish(&out);
}

/* Every byte at every place of texts that are longer than what is looked at together. */
static void test_json_text_is_plain__of_what_is_written_as_it_is(void **state)
{
    char text[150];
    (void)state;
    for (size_t at = 0; at < sizeof(text); at++) {
        memset(text, 'a', sizeof(text));
        for (unsigned byte = 0; byte < 256; byte++) {
            text[at] = (char)byte;
            bool is_plain = byte >= 0x20 && byte < 0x7F && byte != '"' && byte != '\\';
            assert_int_equal(json_text_is_plain(slice_make(text, sizeof(text))), is_plain);
            assert_true(json_text_is_plain(slice_make(text, at)));
        }
    }
    assert_true(json_text_is_plain(SLICE_EMPTY));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_json_write__puts_commas_where_they_belong),
        cmocka_unit_test(test_json_write_string__escapes_controls_quote_and_backslash_only),
        cmocka_unit_test(test_json_write_string__survives_jansson),
        cmocka_unit_test(test_json_write_tree__is_compact_and_keeps_the_order),
        cmocka_unit_test(test_json_write__reports_a_full_buffer_at_the_end),
        cmocka_unit_test(test_json_text_is_plain__of_what_is_written_as_it_is),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
