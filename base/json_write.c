/*
 * has_item[depth] says whether the next value needs a comma before it. A key writes its own comma
 * and then clears the flag, so that the value after it writes none.
 */
#include "base/json_write.h"

#include <assert.h>

#include "base/json_text.h"

void json_writer_init(struct json_writer *writer, struct buffer *out)
{
    *writer = (struct json_writer){.out = out};
}

static void begin_value(struct json_writer *writer)
{
    if (writer->has_item[writer->depth])
        buffer_append_byte(writer->out, ',');
    writer->has_item[writer->depth] = true;
}

static void open_level(struct json_writer *writer, char bracket)
{
    begin_value(writer);
    buffer_append_byte(writer->out, bracket);
    assert(writer->depth + 1 < JSON_WRITER_MAX_DEPTH);
    writer->has_item[++writer->depth] = false;
}

static void close_level(struct json_writer *writer, char bracket)
{
    assert(writer->depth > 0);
    writer->depth--;
    buffer_append_byte(writer->out, bracket);
}

void json_write_object_begin(struct json_writer *writer)
{
    open_level(writer, '{');
}

void json_write_object_end(struct json_writer *writer)
{
    close_level(writer, '}');
}

void json_write_array_begin(struct json_writer *writer)
{
    open_level(writer, '[');
}

void json_write_array_end(struct json_writer *writer)
{
    close_level(writer, ']');
}

void json_write_key(struct json_writer *writer, const char *key)
{
    json_write_string(writer, slice_from_string(key));
    buffer_append_byte(writer->out, ':');
    writer->has_item[writer->depth] = false;
}

void json_write_string(struct json_writer *writer, struct slice text)
{
    begin_value(writer);
    json_append_string(writer->out, text);
}

void json_write_int64(struct json_writer *writer, int64_t value)
{
    begin_value(writer);
    buffer_append_int64(writer->out, value);
}

void json_write_bool(struct json_writer *writer, bool value)
{
    begin_value(writer);
    buffer_append_string(writer->out, value ? "true" : "false");
}

void json_write_null(struct json_writer *writer)
{
    begin_value(writer);
    buffer_append_string(writer->out, "null");
}

void json_write_string_member(struct json_writer *writer, const char *key, struct slice text)
{
    json_write_key(writer, key);
    json_write_string(writer, text);
}

void json_write_int64_member(struct json_writer *writer, const char *key, int64_t value)
{
    json_write_key(writer, key);
    json_write_int64(writer, value);
}

void json_write_raw(struct json_writer *writer, struct slice json)
{
    begin_value(writer);
    buffer_append_slice(writer->out, json);
}

static int append_dumped(const char *bytes, size_t size, void *context)
{
    struct buffer *out = context;
    buffer_append(out, bytes, size);
    return buffer_ok(out) ? 0 : -1;
}

void json_write_tree(struct json_writer *writer, const json_t *value)
{
    begin_value(writer);
    if (json_dump_callback(value, append_dumped, writer->out, JSON_COMPACT | JSON_ENCODE_ANY) == 0)
        return;
    /* Our trees hold no cycles and only UTF-8, so what is left is memory that jansson lacked. */
    if (buffer_ok(writer->out))
        writer->out->state = BUFFER_NO_MEMORY;
}

static void append_escape(struct buffer *out, char c)
{
    static const char hex[] = "0123456789abcdef";
    static const char short_names[0x20] = {
        ['\b'] = 'b', ['\f'] = 'f', ['\n'] = 'n', ['\r'] = 'r', ['\t'] = 't'};
    unsigned char byte = (unsigned char)c;
    if (c == '"' || c == '\\') {
        buffer_append(out, (char[]){'\\', c}, 2);
    } else if (short_names[byte]) {
        buffer_append(out, (char[]){'\\', short_names[byte]}, 2);
    } else {
        buffer_append(out, (char[]){'\\', 'u', '0', '0', hex[byte >> 4], hex[byte & 0xF]}, 6);
    }
}

/* Blocks whose bytes are looked at together: a compiler makes a few wide comparisons of each. */
#define PLAIN_BLOCK 64

static unsigned char special_in(const unsigned char *bytes, size_t size)
{
    unsigned char found = 0;
    for (size_t i = 0; i < size; i++)
        found |= (unsigned char)((bytes[i] < 0x20) | (bytes[i] >= 0x7F) | (bytes[i] == '"') |
                                 (bytes[i] == '\\'));
    return found;
}

bool json_text_is_plain(struct slice text)
{
    const unsigned char *bytes = (const unsigned char *)text.ptr;
    size_t left = text.len;
    for (; left >= PLAIN_BLOCK; left -= PLAIN_BLOCK, bytes += PLAIN_BLOCK)
        if (special_in(bytes, PLAIN_BLOCK))
            return false;
    return !special_in(bytes, left);
}

void json_append_string(struct buffer *out, struct slice text)
{
    if (!buffer_reserve(out, text.len))
        return;
    buffer_append_byte(out, '"');
    for (;;) {
        size_t plain = json_plain_size(text);
        buffer_append(out, text.ptr, plain);
        if (plain == text.len)
            break;
        append_escape(out, text.ptr[plain]);
        text = slice_from(text, plain + 1);
    }
    buffer_append_byte(out, '"');
}
