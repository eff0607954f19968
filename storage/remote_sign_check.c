/* What of clients' requests is signed (storage/remote_sign.h). */
#include "storage/remote_sign.h"

#include "base/percent.h"
#include "storage/xml_walk.h"

/* What clients do with objects, and the parameters that each may have: no other means the object
 * itself (?acl, ?policy, ?tagging and the like are requests of their own). */
static const struct rule {
    const char *method;
    bool is_object;
    bool is_change;
    const char *parameters[10];
} rules[] = {
    {"GET",
     true,
     false,
     {"x-id", "versionId", "partNumber", "uploadId", "max-parts", "part-number-marker"}},
    {"HEAD", true, false, {"x-id", "versionId", "partNumber"}},
    {"GET",
     false,
     false,
     {"x-id", "list-type", "prefix", "delimiter", "continuation-token", "start-after", "marker",
      "max-keys", "encoding-type", "fetch-owner"}},
    {"PUT", true, true, {"x-id", "partNumber", "uploadId"}},
    {"POST", true, true, {"x-id", "uploads", "uploadId"}},
    {"POST", false, true, {"x-id", "delete"}},
    {"DELETE", true, true, {"x-id", "uploadId"}},
};
#define RULE_COUNT (sizeof(rules) / sizeof(rules[0]))
#define PARAMETER_COUNT (sizeof(rules[0].parameters) / sizeof(rules[0].parameters[0]))

/* Headers of S3 that change nothing but the object itself; those that end with '-' by their
 * beginning. Others open it to the world (x-amz-acl), or lock it. */
static const char *const headers_allowed[] = {
    "x-amz-content-sha256",
    "x-amz-date",
    "x-amz-checksum-",
    "x-amz-sdk-checksum-algorithm",
    "x-amz-trailer",
    "x-amz-decoded-content-length",
    "x-amz-te",
    "x-amz-server-side-encryption",
    "x-amz-server-side-encryption-",
    "x-amz-storage-class",
    "x-amz-tagging",
    "x-amz-meta-",
    "x-amz-request-payer",
    "x-amz-expected-bucket-owner",
    "x-amz-copy-source",
    "x-amz-copy-source-range",
    "x-amz-copy-source-if-",
    "x-amz-metadata-directive",
    "x-amz-tagging-directive",
    "x-amz-mp-object-size",
    "x-amz-user-agent",
};

static bool is_allowed_header(struct slice name)
{
    for (size_t i = 0; i < sizeof(headers_allowed) / sizeof(headers_allowed[0]); i++) {
        struct slice allowed = slice_from_string(headers_allowed[i]);
        bool is_beginning = allowed.ptr[allowed.len - 1] == '-' && name.len > allowed.len;
        if (slice_equals_ignore_case(is_beginning ? slice_make(name.ptr, allowed.len) : name,
                                     allowed))
            return true;
    }
    return false;
}

static bool forbidden(const struct remote_sign *request, struct slice place, struct error *err)
{
    return error_set(err, ERROR_FORBIDDEN,
                     "%.*s of s3://%.*s/%.*s is not signed: it is not an object below %.*s",
                     SLICE_ARG(request->method), SLICE_ARG(request->url.bucket),
                     SLICE_ARG(request->url.key), SLICE_ARG(place));
}

/* "/bucket/key" or "bucket/key", encoded, perhaps with a version. */
static bool check_copy_source(struct slice value, struct slice place, struct arena *arena,
                              struct error *err)
{
    struct slice source, raw = slice_make(value.ptr, slice_find(value, '?'));
    if (raw.len > 0 && raw.ptr[0] == '/')
        raw = slice_from(raw, 1);
    TRY(percent_decode(raw, false, arena, &source, err));
    struct slice bucket = slice_make(source.ptr, slice_find(source, '/'));
    struct slice key = slice_from(source, bucket.len + 1);
    return (slice_find(raw, '+') == raw.len && s3_key_is_within(bucket, key, place)) ||
           error_set(err, ERROR_FORBIDDEN,
                     "A copy of %.*s is not signed: it is not an object below %.*s",
                     SLICE_ARG(source), SLICE_ARG(place));
}

static bool check_headers(const struct remote_sign *request, struct slice place,
                          struct arena *arena, struct error *err)
{
    const struct slice amazon = SLICE_LITERAL("x-amz-");
    for (size_t i = 0; i < request->header_count; i++) {
        const struct http_header *header = &request->headers[i];
        bool is_s3 = header->name.len >= amazon.len &&
                     slice_equals_ignore_case(slice_make(header->name.ptr, amazon.len), amazon);
        if (is_s3 && !is_allowed_header(header->name))
            return error_set(err, ERROR_FORBIDDEN, "Requests with the header %.*s are not signed",
                             SLICE_ARG(header->name));
        if (slice_equals_ignore_case(header->name, SLICE_LITERAL("x-amz-copy-source")))
            TRY(check_copy_source(header->value, place, arena, err));
    }
    return true;
}

/* --- the query ------------------------------------------------------------------------------ */

struct query_found {
    bool has_prefix;
    bool has_delete;
    struct slice prefix;
    unsigned seen; /* bits of the rule's parameters */
};

static bool take_parameter(const struct rule *rule, struct slice name, struct slice value,
                           struct query_found *found, struct error *err)
{
    for (size_t i = 0; i < PARAMETER_COUNT && rule->parameters[i]; i++) {
        if (!slice_equals_string(name, rule->parameters[i]))
            continue;
        if ((found->seen & (1U << i)) != 0)
            return error_set(err, ERROR_BAD_REQUEST, "The uri has the parameter %.*s twice",
                             SLICE_ARG(name));
        found->seen |= 1U << i;
        found->has_delete = found->has_delete || slice_equals_string(name, "delete");
        if (slice_equals_string(name, "prefix")) {
            found->has_prefix = true;
            found->prefix = value;
        }
        return true;
    }
    return error_set(err, ERROR_FORBIDDEN, "%s requests with the parameter %.*s are not signed",
                     rule->method, SLICE_ARG(name));
}

static bool read_query(const struct rule *rule, struct slice query, struct arena *arena,
                       struct query_found *found, struct error *err)
{
    while (query.len > 0) {
        struct slice part = slice_make(query.ptr, slice_find(query, '&'));
        struct slice raw = slice_make(part.ptr, slice_find(part, '='));
        struct slice name, value;
        query = slice_from(query, part.len + 1);
        if (part.len == 0)
            continue;
        TRY(percent_decode(raw, false, arena, &name, err));
        TRY(percent_decode(slice_from(part, raw.len + 1), false, arena, &value, err));
        TRY(take_parameter(rule, name, value, found, err));
    }
    return true;
}

/* --- a list of deletes ---------------------------------------------------------------------- */

struct deletes {
    const struct remote_sign *request;
    struct slice place;
    size_t count;
};

static bool visit_delete(void *context, struct slice path, struct slice text, struct error *err)
{
    struct deletes *deletes = context;
    if (slice_equals_string(path, "/Delete/Object/Key")) {
        deletes->count++;
        return s3_key_is_within(deletes->request->url.bucket, text, deletes->place) ||
               error_set(err, ERROR_FORBIDDEN,
                         "A delete of %.*s is not signed: it is not an object below %.*s",
                         SLICE_ARG(text), SLICE_ARG(deletes->place));
    }
    return slice_equals_string(path, "/Delete") || slice_equals_string(path, "/Delete/Object") ||
           slice_equals_string(path, "/Delete/Quiet") ||
           error_set(err, ERROR_FORBIDDEN, "A list of deletes with %.*s is not signed",
                     SLICE_ARG(path));
}

static bool check_deletes(const struct remote_sign *request, struct slice place, struct error *err)
{
    struct deletes deletes = {.request = request, .place = place};
    if (request->body.ptr == NULL)
        return error_set(err, ERROR_BAD_REQUEST,
                         "A request to delete several objects is signed only with its body, which "
                         "lists them: send it as body, or delete them one by one");
    if (!xml_walk(request->body, visit_delete, &deletes, err)) {
        if (err && err->kind == ERROR_CORRUPT)
            err->kind = ERROR_BAD_REQUEST;
        return false;
    }
    return deletes.count > 0 ||
           error_set(err, ERROR_BAD_REQUEST, "The list of deletes names no object");
}

/* --- all of it ------------------------------------------------------------------------------ */

static const struct rule *find_rule(const struct remote_sign *request)
{
    bool is_object = request->url.key.len > 0;
    for (size_t i = 0; i < RULE_COUNT; i++)
        if (rules[i].is_object == is_object &&
            slice_equals_string(request->method, rules[i].method))
            return &rules[i];
    return NULL;
}

/* A listing of what is below a prefix that lies in the table. */
static bool check_listing(const struct remote_sign *request, const struct query_found *found,
                          struct slice place, struct error *err)
{
    if (found->has_prefix && s3_key_is_within(request->url.bucket, found->prefix, place))
        return true;
    return error_set(err, ERROR_FORBIDDEN,
                     "A listing of s3://%.*s/%.*s is not signed: it is not below %.*s/",
                     SLICE_ARG(request->url.bucket), SLICE_ARG(found->prefix), SLICE_ARG(place));
}

bool remote_sign_check(const struct remote_sign *request, struct slice place, bool may_write,
                       struct arena *arena, struct error *err)
{
    struct query_found found = {.prefix = SLICE_EMPTY};
    const struct rule *rule = find_rule(request);
    if (rule == NULL)
        return forbidden(request, place, err);
    if (rule->is_object && !s3_key_is_within(request->url.bucket, request->url.key, place))
        return forbidden(request, place, err);
    if (rule->is_change && !may_write)
        return error_set(err, ERROR_FORBIDDEN, "%s requests are not signed: the table is only read",
                         rule->method);
    TRY(read_query(rule, request->url.query, arena, &found, err));
    TRY(check_headers(request, place, arena, err));
    if (rule->is_object)
        return true;
    if (!rule->is_change)
        return check_listing(request, &found, place, err);
    return found.has_delete ? check_deletes(request, place, err) : forbidden(request, place, err);
}
