#include "storage/s3_client_url.h"

#include "base/limits.h"
#include "base/percent.h"
#include "storage/endpoint.h"

#define SCHEME SLICE_LITERAL("s3://")

/* --- keys ----------------------------------------------------------------------------------- */

/* "", ".", "..", and what becomes one of them where it is decoded once more. */
static bool is_hostile_segment(struct slice segment)
{
    size_t dots = 0;
    for (size_t i = 0; i < segment.len; dots++) {
        struct slice rest = slice_from(segment, i);
        if (rest.ptr[0] == '.')
            i++;
        else if (rest.len >= 3 &&
                 slice_equals_ignore_case(slice_make(rest.ptr, 3), SLICE_LITERAL("%2e")))
            i += 3;
        else
            return false;
    }
    return dots <= 2;
}

static bool is_plain_key(struct slice key)
{
    if (!slice_is_utf8(key))
        return false;
    for (size_t i = 0; i < key.len; i++)
        if ((unsigned char)key.ptr[i] < 0x20 || key.ptr[i] == 0x7F || key.ptr[i] == '\\')
            return false;
    for (size_t at = 0; at <= key.len;) {
        struct slice rest = slice_from(key, at);
        struct slice segment = slice_make(rest.ptr, slice_find(rest, '/'));
        bool is_last = segment.len == rest.len;
        /* A slash at the end makes the mark of a directory, or the prefix of a listing. */
        if (is_hostile_segment(segment) && !(is_last && segment.len == 0 && key.len > 0))
            return false;
        at += segment.len + 1;
    }
    return true;
}

bool s3_key_is_within(struct slice bucket, struct slice key, struct slice place)
{
    if (!slice_starts_with(place, SCHEME) || !is_plain_key(key))
        return false;
    struct slice rest = slice_from(place, SCHEME.len);
    if (!slice_starts_with(rest, bucket) || bucket.len == 0)
        return false;
    rest = slice_from(rest, bucket.len);
    if (rest.len == 0)
        return key.len > 0;
    if (rest.ptr[0] != '/')
        return false;
    struct slice prefix = slice_from(rest, 1);
    return slice_starts_with(key, prefix) && key.len > prefix.len && key.ptr[prefix.len] == '/';
}

/* --- hosts ---------------------------------------------------------------------------------- */

/* What stands before ".<host>" of the endpoint, or *ret_bucket empty where they are equal. */
static bool host_fits(const struct endpoint *url, const struct endpoint *endpoint,
                      struct slice *ret_bucket)
{
    if (url->is_tls != endpoint->is_tls || url->port != endpoint->port)
        return false;
    if (slice_equals_ignore_case(url->host, endpoint->host)) {
        *ret_bucket = SLICE_EMPTY;
        return true;
    }
    size_t tail = endpoint->host.len + 1;
    if (url->host.len <= tail)
        return false;
    struct slice end = slice_from(url->host, url->host.len - tail);
    if (end.ptr[0] != '.' || !slice_equals_ignore_case(slice_from(end, 1), endpoint->host))
        return false;
    *ret_bucket = slice_make(url->host.ptr, url->host.len - tail);
    return true;
}

static bool fits_text(const struct endpoint *url, struct slice endpoint, struct slice *ret_bucket)
{
    struct endpoint parsed;
    return endpoint.len > 0 && endpoint_parse(endpoint, "endpoint", &parsed, NULL) &&
           host_fits(url, &parsed, ret_bucket);
}

/* Amazon's own names for a region's S3. */
static bool fits_aws(const struct endpoint *url, const struct storage_profile *profile,
                     struct arena *arena, struct slice *ret_bucket)
{
    static const char *const beginnings[] = {"s3.", "s3-", "s3.dualstack."};
    bool is_china = slice_starts_with(profile->region, SLICE_LITERAL("cn-"));
    if (profile->endpoint.len > 0)
        return false;
    for (size_t i = 0; i < sizeof(beginnings) / sizeof(beginnings[0]); i++) {
        struct slice text = arena_printf(arena, "https://%s%.*s.amazonaws.com%s", beginnings[i],
                                         SLICE_ARG(profile->region), is_china ? ".cn" : "");
        if (text.ptr != NULL && fits_text(url, text, ret_bucket))
            return true;
    }
    return fits_text(url, SLICE_LITERAL("https://s3.amazonaws.com"), ret_bucket);
}

static bool find_host(const struct endpoint *url, const struct storage_profile *profile,
                      struct arena *arena, struct slice *ret_bucket, struct error *err)
{
    if (fits_text(url, profile->endpoint, ret_bucket))
        return true;
    for (size_t i = 0; i < profile->client_endpoint_count; i++)
        if (fits_text(url, profile->client_endpoints[i].endpoint, ret_bucket))
            return true;
    return fits_aws(url, profile, arena, ret_bucket) ||
           error_set(err, ERROR_FORBIDDEN,
                     "%.*s is no host of the warehouse's object store: requests to it are not "
                     "signed",
                     SLICE_ARG(url->host));
}

/* --- URLs ----------------------------------------------------------------------------------- */

static bool check_bytes(struct slice url, struct error *err)
{
    for (size_t i = 0; i < url.len; i++) {
        unsigned char c = (unsigned char)url.ptr[i];
        if (c <= 0x20 || c >= 0x7F || c == '#' || c == '\\' || c == '"' || c == '<' || c == '>')
            return error_set(err, ERROR_BAD_REQUEST,
                             "The uri has a byte (at %zu) that must be percent-encoded", i);
        if (c == '+')
            return error_set(
                err, ERROR_BAD_REQUEST,
                "The uri has a '+', which stores read in two ways: write %%2B or %%20");
    }
    return url.len <= MAX_URI_SIZE || error_set(err, ERROR_BAD_REQUEST, "The uri is too long");
}

/* Scheme and authority, path, query. */
static bool split(struct slice url, struct endpoint *ret_host, struct s3_client_url *ret,
                  struct error *err)
{
    size_t colon = slice_find(url, ':');
    size_t start = colon + 3;
    struct slice rest = slice_from(url, start);
    size_t end = 0;
    while (end < rest.len && rest.ptr[end] != '/' && rest.ptr[end] != '?')
        end++;
    ret->authority = slice_make(rest.ptr, end);
    TRY(endpoint_parse(slice_make(url.ptr, start < url.len ? start + end : url.len), "uri",
                       ret_host, err));
    struct slice tail = slice_from(rest, end);
    ret->path = slice_make(tail.ptr, slice_find(tail, '?'));
    ret->query = slice_from(tail, ret->path.len + 1);
    if (ret->path.len == 0)
        ret->path = SLICE_LITERAL("/");
    return true;
}

bool s3_client_url_parse(struct slice url, const struct storage_profile *profile,
                         struct arena *arena, struct s3_client_url *ret, struct error *err)
{
    struct s3_client_url parsed = {.bucket = SLICE_EMPTY};
    struct endpoint host;
    struct slice key;
    TRY(check_bytes(url, err));
    TRY(split(url, &host, &parsed, err));
    TRY(find_host(&host, profile, arena, &parsed.bucket, err));
    TRY(percent_decode(slice_from(parsed.path, 1), false, arena, &key, err));
    if (parsed.bucket.len == 0) {
        parsed.bucket = slice_make(key.ptr, slice_find(key, '/'));
        key = slice_from(key, parsed.bucket.len + 1);
    }
    if (parsed.bucket.len == 0)
        return error_set(err, ERROR_FORBIDDEN,
                         "The uri names no bucket: only requests for a table's objects are signed");
    parsed.key = key;
    *ret = parsed;
    return true;
}
