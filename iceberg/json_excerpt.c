#include "iceberg/json_excerpt.h"

struct excerpt_sink {
    struct json_excerpt *excerpt;
    size_t len;
};

/* Stops the dump as soon as the excerpt is full, so that a huge value costs nothing. */
static int excerpt_append(const char *bytes, size_t size, void *data)
{
    struct excerpt_sink *sink = data;
    size_t room = JSON_EXCERPT_SIZE - 1 - sink->len;
    size_t taken = size < room ? size : room;
    memcpy(sink->excerpt->text + sink->len, bytes, taken);
    sink->len += taken;
    return taken == size ? 0 : -1;
}

size_t text_cut(const char *text, size_t len)
{
    size_t start = len;
    while (start > 0 && ((unsigned char)text[start - 1] & 0xC0) == 0x80)
        start--;
    if (start == 0)
        return len; /* no first byte in sight: not UTF-8, left as it is */
    unsigned char first = (unsigned char)text[start - 1];
    size_t expected = first < 0x80 ? 1 : first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4;
    return len - start + 1 < expected ? start - 1 : len;
}

struct json_excerpt json_excerpt(const json_t *json)
{
    struct json_excerpt excerpt = {{0}};
    struct excerpt_sink sink = {&excerpt, 0};
    if (!json) {
        memcpy(excerpt.text, "null", sizeof("null"));
        return excerpt;
    }
    /* A failure is a full excerpt or short memory; both leave what was printed so far. */
    (void)json_dump_callback(json, excerpt_append, &sink, JSON_COMPACT | JSON_ENCODE_ANY);
    excerpt.text[text_cut(excerpt.text, sink.len)] = '\0';
    return excerpt;
}
