#include "storage/location.h"

#define FILE_SCHEME SLICE_LITERAL("file")

static bool is_alpha(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_scheme_char(char c)
{
    return is_alpha(c) || (c >= '0' && c <= '9') || c == '+' || c == '-' || c == '.';
}

/* The length of a scheme (RFC 3986, 3.1) that a ':' follows, or 0. */
static size_t scheme_size(struct slice location)
{
    size_t colon = slice_find(location, ':');
    if (colon == location.len || colon == 0 || !is_alpha(location.ptr[0]))
        return 0;
    for (size_t i = 1; i < colon; i++) {
        if (!is_scheme_char(location.ptr[i]))
            return 0;
    }
    return colon;
}

struct slice location_scheme(struct slice location)
{
    size_t size = scheme_size(location);
    if (size)
        return slice_make(location.ptr, size);
    return location.len && location.ptr[0] == '/' ? FILE_SCHEME : SLICE_EMPTY;
}

struct slice location_strip_slash(struct slice location)
{
    size_t size = scheme_size(location);
    size_t floor = 1; /* "/" itself stays */
    if (size)
        floor = size + 1;
    if (size && slice_starts_with(slice_from(location, size), SLICE_LITERAL("://")))
        floor = size + 3;
    /* "file:///" and "file:/" are the root: their last slash is the path itself. */
    if (size && floor < location.len && location.ptr[floor] == '/')
        floor++;
    while (location.len > floor && location.ptr[location.len - 1] == '/')
        location.len--;
    return location;
}

bool location_is_within(struct slice inner, struct slice outer)
{
    if (!slice_starts_with(inner, outer))
        return false;
    if (inner.len == outer.len)
        return true;
    return outer.len > 0 && (outer.ptr[outer.len - 1] == '/' || inner.ptr[outer.len] == '/');
}

static char ascii_lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

/* True where text[at] begins '%' and these two hexadecimal digits (given in lower case). */
static bool is_encoded(struct slice text, size_t at, char high, char low)
{
    return text.len - at >= 3 && text.ptr[at] == '%' && ascii_lower(text.ptr[at + 1]) == high &&
           ascii_lower(text.ptr[at + 2]) == low;
}

/* What a reader that decodes once could take for something else: a slash, a NUL, a line end. */
static bool check_bytes(struct slice location, struct error *err)
{
    for (size_t i = 0; i < location.len; i++) {
        unsigned char c = (unsigned char)location.ptr[i];
        if (c < 0x20 || c == 0x7F)
            return error_set(err, ERROR_BAD_REQUEST,
                             "a location must not hold control characters (byte %zu)", i);
        if (c == '?' || c == '#')
            return error_set(err, ERROR_BAD_REQUEST,
                             "location '%.*s' must not have a query or fragment: write '%c' as "
                             "%%%02X",
                             SLICE_ARG(location), c, c);
        if (is_encoded(location, i, '2', 'f') || is_encoded(location, i, '0', '0'))
            return error_set(err, ERROR_BAD_REQUEST,
                             "location '%.*s' must not hold an encoded slash or NUL",
                             SLICE_ARG(location));
    }
    return true;
}

/* How many dots the segment is, once %2e is a dot: 0 where it is anything else. */
static size_t segment_dots(struct slice segment)
{
    size_t dots = 0;
    for (size_t i = 0; i < segment.len; dots++) {
        if (segment.ptr[i] == '.')
            i++;
        else if (is_encoded(segment, i, '2', 'e'))
            i += 3;
        else
            return 0;
    }
    return dots;
}

struct location_writer {
    char *text;
    size_t size;
};

static void write_bytes(struct location_writer *out, struct slice bytes)
{
    if (bytes.len)
        memcpy(out->text + out->size, bytes.ptr, bytes.len);
    out->size += bytes.len;
}

/* Appends "/segment" for each segment that says something. */
static bool write_path(struct location_writer *out, struct slice location, struct slice path,
                       struct error *err)
{
    for (size_t at = 0; at < path.len;) {
        struct slice rest = slice_from(path, at);
        struct slice segment = slice_make(rest.ptr, slice_find(rest, '/'));
        at += segment.len + 1;
        if (segment.len == 0 || slice_equals_string(segment, "."))
            continue;
        size_t dots = segment_dots(segment);
        if (dots == 1 || dots == 2)
            return error_set(err, ERROR_BAD_REQUEST,
                             "location '%.*s' must not hold '..' or encoded dots as a segment",
                             SLICE_ARG(location));
        write_bytes(out, SLICE_LITERAL("/"));
        write_bytes(out, segment);
    }
    return true;
}

static void write_lower(struct location_writer *out, struct slice text)
{
    for (size_t i = 0; i < text.len; i++)
        out->text[out->size++] = ascii_lower(text.ptr[i]);
}

static bool is_azure(struct slice scheme)
{
    static const char *const NAMES[] = {"abfss", "abfs", "wasbs", "wasb"};
    for (size_t i = 0; i < sizeof NAMES / sizeof NAMES[0]; i++)
        if (slice_equals_ignore_case(scheme, slice_from_string(NAMES[i])))
            return true;
    return false;
}

static void write_scheme(struct location_writer *out, struct slice scheme)
{
    if (slice_equals_ignore_case(scheme, SLICE_LITERAL("s3a")) ||
        slice_equals_ignore_case(scheme, SLICE_LITERAL("s3n")))
        scheme = SLICE_LITERAL("s3");
    write_lower(out, is_azure(scheme) ? SLICE_LITERAL("abfss") : scheme);
    write_bytes(out, SLICE_LITERAL("://"));
}

struct location_parts {
    struct slice scheme;
    struct slice authority;
    struct slice path; /* empty or from its first '/' on */
};

static bool parts_of_file(struct slice location, struct slice rest, struct location_parts *parts,
                          struct error *err)
{
    if (slice_starts_with(rest, SLICE_LITERAL("//"))) {
        struct slice after = slice_from(rest, 2);
        if (after.len == 0 || after.ptr[0] != '/')
            return error_set(err, ERROR_BAD_REQUEST,
                             "location '%.*s' names a host: write file:///path",
                             SLICE_ARG(location));
    }
    if (rest.len == 0 || rest.ptr[0] != '/')
        return error_set(err, ERROR_BAD_REQUEST, "location '%.*s' needs an absolute path",
                         SLICE_ARG(location));
    *parts = (struct location_parts){FILE_SCHEME, SLICE_EMPTY, rest};
    return true;
}

static bool parts_of(struct slice location, struct location_parts *parts, struct error *err)
{
    struct slice scheme = location_scheme(location);
    if (scheme.len == 0)
        return error_set(err, ERROR_BAD_REQUEST,
                         "location '%.*s' needs a scheme (s3://bucket/path) or an absolute path",
                         SLICE_ARG(location));
    if (scheme.ptr != location.ptr)
        return parts_of_file(location, location, parts, err);
    struct slice rest = slice_from(location, scheme.len + 1);
    if (slice_equals_ignore_case(scheme, FILE_SCHEME))
        return parts_of_file(location, rest, parts, err);
    if (!slice_starts_with(rest, SLICE_LITERAL("//")))
        return error_set(err, ERROR_BAD_REQUEST, "location '%.*s' needs '://' after its scheme",
                         SLICE_ARG(location));
    rest = slice_from(rest, 2);
    size_t slash = slice_find(rest, '/');
    /* HDFS alone has a default authority that its clients fill in. */
    if (slash == 0 && !slice_equals_ignore_case(scheme, SLICE_LITERAL("hdfs")))
        return error_set(err, ERROR_BAD_REQUEST, "location '%.*s' needs a bucket or host",
                         SLICE_ARG(location));
    *parts = (struct location_parts){scheme, slice_make(rest.ptr, slash), slice_from(rest, slash)};
    if (segment_dots(parts->authority))
        return error_set(err, ERROR_BAD_REQUEST, "location '%.*s' needs a bucket or host",
                         SLICE_ARG(location));
    return true;
}

/* --- Azure -------------------------------------------------------------------------------- */

static bool is_name_of(struct slice name, const char *others)
{
    for (size_t i = 0; i < name.len; i++) {
        char c = name.ptr[i];
        if (!is_alpha(c) && !(c >= '0' && c <= '9') && !strchr(others, c))
            return false;
    }
    return name.len > 0;
}

/* "container@account.dfs.core.windows.net": no user, no port, and a domain. */
static bool check_azure(struct slice location, struct slice authority, struct error *err)
{
    size_t at = slice_find(authority, '@');
    struct slice host = slice_from(authority, at + 1);
    size_t dot = slice_find(host, '.');
    bool is_fine = at < authority.len && is_name_of(slice_make(authority.ptr, at), "-_$") &&
                   is_name_of(host, "-.") && dot > 0 && dot + 1 < host.len;
    return is_fine ||
           error_set(err, ERROR_BAD_REQUEST,
                     "location '%.*s' must be abfss://container@account.dfs.core.windows.net/path",
                     SLICE_ARG(location));
}

/* The two hosts of an account, "account.blob.…" and "account.dfs.…", have the same objects. */
static void write_azure_authority(struct location_writer *out, struct slice authority)
{
    size_t at = slice_find(authority, '@');
    struct slice host = slice_from(authority, at + 1);
    size_t dot = slice_find(host, '.');
    struct slice domain = slice_from(host, dot);
    write_bytes(out, slice_make(authority.ptr, at + 1));
    write_lower(out, slice_make(host.ptr, dot));
    struct slice blob = SLICE_LITERAL(".blob.");
    if (domain.len > blob.len && slice_equals_ignore_case(slice_make(domain.ptr, blob.len), blob)) {
        write_bytes(out, SLICE_LITERAL(".dfs."));
        domain = slice_from(domain, blob.len);
    }
    write_lower(out, domain);
}

static bool write_authority(struct location_writer *out, struct slice location,
                            const struct location_parts *parts, struct error *err)
{
    if (!is_azure(parts->scheme)) {
        write_bytes(out, parts->authority);
        return true;
    }
    TRY(check_azure(location, parts->authority, err));
    write_azure_authority(out, parts->authority);
    return true;
}

/* --- the whole ---------------------------------------------------------------------------- */

bool location_canonical(struct slice location, struct arena *arena, struct slice *ret_canonical,
                        struct error *err)
{
    TRY(check_bytes(location, err));
    struct location_parts parts;
    TRY(parts_of(location, &parts, err));
    /* Longest growth: "/x" becomes "file:///x"; the root gains a slash; and the NUL. Azure's grow
     * by one at most. */
    struct location_writer out = {arena_alloc(arena, location.len + sizeof "file:///"), 0};
    if (!out.text)
        return error_no_memory(err, "a location");
    write_scheme(&out, parts.scheme);
    TRY(write_authority(&out, location, &parts, err));
    size_t start = out.size;
    TRY(write_path(&out, location, parts.path, err));
    if (out.size == start && parts.authority.len == 0)
        write_bytes(&out, SLICE_LITERAL("/"));
    out.text[out.size] = '\0';
    *ret_canonical = slice_make(out.text, out.size);
    return true;
}
