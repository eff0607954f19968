#include "server/request.h"

#include <inttypes.h>

#include "base/limits.h"
#include "base/percent.h"

static const char *const METHOD_NAMES[] = {
    [METHOD_GET] = "GET", [METHOD_HEAD] = "HEAD",     [METHOD_POST] = "POST",
    [METHOD_PUT] = "PUT", [METHOD_DELETE] = "DELETE", [METHOD_OTHER] = "OTHER",
};

static struct slice no_header(const void *context, const char *name)
{
    (void)context;
    (void)name;
    return (struct slice){NULL, 0};
}

/* "http://host/path" is what proxies are sent, and servers must take it too (RFC 9112, section
 * 3.2.2): the part from the path on. */
static struct slice without_authority(struct slice uri)
{
    const struct slice scheme = SLICE_LITERAL("http://");
    if (!slice_starts_with(uri, scheme))
        return uri;
    struct slice rest = slice_from(uri, scheme.len);
    return slice_from(rest, slice_find(rest, '/'));
}

void request_init(struct request *request, enum http_method method, struct slice uri)
{
    uri = without_authority(uri);
    *request = (struct request){
        .method = method,
        .method_text = slice_from_string(METHOD_NAMES[method]),
        .uri = uri,
        .body = SLICE_EMPTY,
        .header = no_header,
    };
    size_t end = slice_find(uri, '?');
    request->path = (struct slice){uri.ptr, end};
    request->query = slice_from(uri, end + 1);
    arena_init(&request->arena, MAX_REQUEST_ARENA);
}

void request_finish(struct request *request)
{
    arena_finish(&request->arena);
}

enum http_method http_method_parse(const char *text)
{
    for (enum http_method method = METHOD_GET; method < METHOD_OTHER; method++)
        if (strcmp(text, METHOD_NAMES[method]) == 0)
            return method;
    return METHOD_OTHER;
}

const char *http_method_name(enum http_method method)
{
    return METHOD_NAMES[method];
}

/* Takes the next "name=value" off the front of the query. */
static struct slice take_pair(struct slice *query)
{
    size_t end = slice_find(*query, '&');
    struct slice pair = {query->ptr, end};
    *query = slice_from(*query, end + 1);
    return pair;
}

bool request_query(struct request *request, const char *name, struct slice *ret_value,
                   struct error *err)
{
    struct slice rest = request->query;
    while (rest.len > 0) {
        struct slice pair = take_pair(&rest);
        size_t equals = slice_find(pair, '=');
        struct slice key;
        if (equals != strlen(name) && memchr(pair.ptr, '%', equals) == NULL)
            continue;
        TRY(percent_decode((struct slice){pair.ptr, equals}, true, &request->arena, &key, err));
        if (slice_equals_string(key, name))
            return percent_decode(slice_from(pair, equals + 1), true, &request->arena, ret_value,
                                  err);
    }
    *ret_value = (struct slice){NULL, 0};
    return true;
}

bool request_query_bool(struct request *request, const char *name, bool *ret_value,
                        struct error *err)
{
    struct slice text;
    TRY(request_query(request, name, &text, err));
    if (text.ptr == NULL)
        return true;
    bool is_true = slice_equals_ignore_case(text, SLICE_LITERAL("true"));
    if (!is_true && !slice_equals_ignore_case(text, SLICE_LITERAL("false")))
        return error_set(err, ERROR_BAD_REQUEST, "The parameter %s must be true or false", name);
    *ret_value = is_true;
    return true;
}

bool request_query_int64(struct request *request, const char *name, int64_t min, int64_t max,
                         int64_t *ret_value, struct error *err)
{
    struct slice text;
    int64_t value = 0;
    TRY(request_query(request, name, &text, err));
    if (text.ptr == NULL)
        return true;
    if (!slice_to_int64(text, &value) || value < min || value > max)
        return error_set(err, ERROR_BAD_REQUEST,
                         "The parameter %s must be an integer from %" PRId64 " to %" PRId64, name,
                         min, max);
    *ret_value = value;
    return true;
}
