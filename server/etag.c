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

struct slice etag_weak(const char *etag, char weak[ETAG_SIZE])
{
    snprintf(weak, ETAG_SIZE, "W/%s", etag);
    return slice_from_string(weak);
}

enum etag_match etag_match(struct slice header, const char *etag)
{
    if (header.ptr == NULL)
        return ETAG_NOT_LISTED;
    struct slice rest = slice_trim(header), wanted = slice_from_string(etag);
    if (slice_equals_string(rest, "*"))
        return ETAG_ANY;
    while (rest.len > 0) {
        /* Our tags hold no comma, so a tag that a comma cuts is none of ours. */
        size_t end = slice_find(rest, ',');
        struct slice tag = slice_trim((struct slice){rest.ptr, end});
        bool is_weak = slice_starts_with(tag, SLICE_LITERAL("W/"));
        if (slice_equals(slice_from(tag, is_weak ? 2 : 0), wanted))
            return is_weak ? ETAG_LISTED_WEAK : ETAG_LISTED;
        rest = slice_from(rest, end + 1);
    }
    return ETAG_NOT_LISTED;
}

bool etag_is_listed(struct slice header, const char *etag)
{
    return etag_match(header, etag) != ETAG_NOT_LISTED;
}
