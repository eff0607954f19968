#include "base/percent.h"

/* The byte of the triplet at `at`; false where it is cut off or not hexadecimal. */
static bool triplet(struct slice text, size_t at, char *ret_byte)
{
    if (text.len - at < 3)
        return false;
    int high = hex_value(text.ptr[at + 1]);
    int low = hex_value(text.ptr[at + 2]);
    if (high < 0 || low < 0)
        return false;
    *ret_byte = (char)(high * 16 + low);
    return true;
}

bool percent_decode(struct slice text, bool plus_is_space, struct arena *arena,
                    struct slice *ret_text, struct error *err)
{
    char *out = arena_string(arena, text); /* decoding never makes it longer */
    if (!out)
        return error_no_memory(err, "a part of the URI");
    size_t len = 0;
    for (size_t at = 0; at < text.len; at++) {
        char byte = text.ptr[at];
        if (byte == '%') {
            if (!triplet(text, at, &byte))
                return error_set(err, ERROR_BAD_REQUEST,
                                 "'%%' must be followed by two hexadecimal digits in '%.*s'",
                                 SLICE_ARG(text));
            at += 2;
        } else if (byte == '+' && plus_is_space) {
            byte = ' ';
        }
        if (byte == '\0')
            return error_set(err, ERROR_BAD_REQUEST, "a NUL byte is not allowed in a URI");
        out[len++] = byte;
    }
    out[len] = '\0';
    *ret_text = (struct slice){out, len};
    return true;
}

/* RFC 3986, section 2.3. */
static bool is_unreserved(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '.' || c == '_' || c == '~';
}

void percent_append(struct buffer *out, struct slice text)
{
    static const char hex[] = "0123456789ABCDEF";
    for (size_t at = 0; at < text.len; at++) {
        unsigned char byte = (unsigned char)text.ptr[at];
        if (is_unreserved(text.ptr[at]))
            buffer_append_byte(out, text.ptr[at]);
        else
            buffer_append(out, (char[]){'%', hex[byte >> 4], hex[byte & 0xF]}, 3);
    }
}

void percent_form_append(struct buffer *form, const char *name, struct slice value)
{
    buffer_printf(form, "%s%s=", form->len > 0 ? "&" : "", name);
    percent_append(form, value);
}

void percent_path_append(struct buffer *out, struct slice path)
{
    while (path.len > 0) {
        size_t len = slice_find(path, '/');
        percent_append(out, slice_make(path.ptr, len));
        if (len < path.len)
            buffer_append_byte(out, '/');
        path = slice_from(path, len + 1);
    }
}
