#include "server/etag.h"

#include <stdio.h>

#include "base/digest.h"

/* Half of a SHA-256: 128 bits name a representation for good. */
#define ETAG_DIGITS 32

bool etag_make(struct slice metadata_location, const char *representation, char ret_etag[ETAG_SIZE],
               struct error *err)
{
    const struct slice parts[] = {metadata_location, slice_from_string(representation)};
    char hex[DIGEST_HEX_SIZE];
    TRY(digest_parts(parts, 2, hex, err));
    snprintf(ret_etag, ETAG_SIZE, "\"%.*s\"", ETAG_DIGITS, hex);
    return true;
}

static struct slice trim(struct slice text)
{
    while (text.len > 0 && (text.ptr[0] == ' ' || text.ptr[0] == '\t'))
        text = slice_from(text, 1);
    while (text.len > 0 && (text.ptr[text.len - 1] == ' ' || text.ptr[text.len - 1] == '\t'))
        text.len--;
    return text;
}

bool etag_is_listed(struct slice header, const char *etag)
{
    if (header.ptr == NULL)
        return false;
    struct slice rest = trim(header), wanted = slice_from_string(etag);
    if (slice_equals_string(rest, "*"))
        return true;
    while (rest.len > 0) {
        /* Our tags hold no comma, so a tag that a comma cuts is none of ours. */
        size_t end = slice_find(rest, ',');
        struct slice tag = trim((struct slice){rest.ptr, end});
        if (slice_starts_with(tag, SLICE_LITERAL("W/")))
            tag = slice_from(tag, 2);
        if (slice_equals(tag, wanted))
            return true;
        rest = slice_from(rest, end + 1);
    }
    return false;
}
