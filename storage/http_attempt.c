#include "storage/http_attempt.h"

#include "base/blocking.h"
#include "base/limits.h"

/* Of the largest object, at the lowest speed that is let pass. */
#define MAX_TRY_MS (30 * 60 * 1000L)
#define LOWEST_BYTES_PER_S 1024L
/* Services of the machine's own network answer at once, or are not there. */
#define LOCAL_TRY_MS 2000L
#define HEADERS_ARENA_SIZE (256 * KIB)
#define MAX_ENDPOINT_SIZE 512

struct slice http_endpoint_of(const char *url)
{
    const char *host = strstr(url, "://");
    host = host ? host + 3 : url;
    size_t size = (size_t)(host - url) + strcspn(host, "/?#");
    return slice_make(url, size < MAX_ENDPOINT_SIZE ? size : MAX_ENDPOINT_SIZE);
}

static bool is_success(long status)
{
    return status >= 200 && status < 300;
}

/* A body whose length is known to be too much is not read at all. */
static bool fits(const struct http_attempt *attempt, const struct buffer *out)
{
    curl_off_t size = -1;
    curl_easy_getinfo(attempt->curl, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &size);
    return size < 0 || (uint64_t)size <= out->ceiling - attempt->body_start;
}

static size_t take_body(char *bytes, size_t size, size_t count, void *context)
{
    struct http_attempt *attempt = context;
    struct http_answer *answer = attempt->answer;
    size *= count;
    curl_easy_getinfo(attempt->curl, CURLINFO_RESPONSE_CODE, &answer->status);
    if (is_success(answer->status)) {
        if (answer->body->len == attempt->body_start && !fits(attempt, answer->body))
            answer->body->state = BUFFER_OVER_CEILING;
        buffer_append(answer->body, bytes, size);
        return buffer_ok(answer->body) ? size : 0;
    }
    /* What is cut of a fault's text cannot be read, and then its status alone speaks. */
    if (answer->fault && answer->fault->len + size <= HTTP_MAX_FAULT_SIZE)
        buffer_append(answer->fault, bytes, size);
    return size;
}

static size_t give_body(char *out, size_t size, size_t count, void *context)
{
    struct http_attempt *attempt = context;
    size_t room = size * count;
    size_t given = attempt->unsent.len < room ? attempt->unsent.len : room;
    memcpy(out, attempt->unsent.ptr, given);
    attempt->unsent = slice_from(attempt->unsent, given);
    return given;
}

/* A connection that was closed while it was idle is made anew, and the body sent again. */
static int rewind_body(void *context, curl_off_t offset, int origin)
{
    struct http_attempt *attempt = context;
    if (origin != SEEK_SET || offset < 0)
        return CURL_SEEKFUNC_CANTSEEK;
    attempt->unsent = slice_from(attempt->request->body, (size_t)offset);
    return CURL_SEEKFUNC_OK;
}

/* A status line begins an answer (a provisional one may precede it), an empty line its body. */
static void note_head(struct http_attempt *attempt, struct slice line)
{
    attempt->has_head = !slice_starts_with(line, SLICE_LITERAL("HTTP/"));
    if (!attempt->has_head)
        attempt->has_measure = false;
}

static void keep_header(char *place, struct slice value)
{
    value = slice_trim_lines(value);
    size_t length = value.len < HTTP_HEADER_VALUE_SIZE ? value.len : HTTP_HEADER_VALUE_SIZE - 1;
    memcpy(place, value.ptr, length);
    place[length] = '\0';
}

static size_t take_header(char *bytes, size_t size, size_t count, void *context)
{
    static const char *const NAMES[HTTP_ANSWER_HEADER_COUNT] = {
        [HTTP_ANSWER_REGION] = "x-amz-bucket-region",
        [HTTP_ANSWER_REQUEST_ID] = "x-amz-request-id",
        [HTTP_ANSWER_DATE] = "date",
        [HTTP_ANSWER_RETRY_AFTER] = "retry-after",
        [HTTP_ANSWER_CONTENT_RANGE] = "content-range",
        [HTTP_ANSWER_ERROR_CODE] = "x-ms-error-code",
        [HTTP_ANSWER_IS_FOLDER] = "x-ms-meta-hdi_isfolder",
    };
    struct http_attempt *attempt = context;
    struct slice line = slice_make(bytes, size * count);
    size_t colon = slice_find(line, ':');
    struct slice name = slice_make(line.ptr, colon);
    if (colon == line.len)
        note_head(attempt, line);
    if (slice_equals_ignore_case(name, SLICE_LITERAL("content-length")) ||
        slice_equals_ignore_case(name, SLICE_LITERAL("transfer-encoding")))
        attempt->has_measure = true;
    for (size_t i = 0; colon < line.len && i < HTTP_ANSWER_HEADER_COUNT; i++)
        if (slice_equals_ignore_case(name, slice_from_string(NAMES[i])))
            keep_header(attempt->answer->headers[i], slice_from(line, colon + 1));
    return line.len;
}

/* The library takes an end within the headers, and the end of a body that has no measure, for the
 * end of the answer. S3 gives each body one. */
static bool is_whole(struct http_attempt *attempt)
{
    long version = CURL_HTTP_VERSION_NONE, status = attempt->answer->status;
    curl_easy_getinfo(attempt->curl, CURLINFO_HTTP_VERSION, &version);
    bool has_no_body =
        status == 204 || status == 304 || strcmp(attempt->request->method, "HEAD") == 0;
    return attempt->has_head &&
           (attempt->has_measure || has_no_body || version >= CURL_HTTP_VERSION_2_0);
}

static CURLcode set_method(struct http_attempt *attempt)
{
    const struct http_request *request = attempt->request;
    CURL *curl = attempt->curl;
    if (strcmp(request->method, "HEAD") == 0)
        return curl_easy_setopt(curl, CURLOPT_NOBODY, 1L);
    if (strcmp(request->method, "PUT") == 0)
        curl_easy_setopt(curl, CURLOPT_UPLOAD, 1L);
    else if (request->body.len > 0 || strcmp(request->method, "POST") == 0)
        curl_easy_setopt(curl, CURLOPT_POST, 1L);
    attempt->unsent = request->body;
    curl_easy_setopt(curl, CURLOPT_READFUNCTION, give_body);
    curl_easy_setopt(curl, CURLOPT_READDATA, attempt);
    curl_easy_setopt(curl, CURLOPT_SEEKFUNCTION, rewind_body);
    curl_easy_setopt(curl, CURLOPT_SEEKDATA, attempt);
    curl_easy_setopt(curl, CURLOPT_INFILESIZE_LARGE, (curl_off_t)request->body.len);
    curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)request->body.len);
    return curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, request->method);
}

static void set_limits(struct http_attempt *attempt)
{
    CURL *curl = attempt->curl;
    bool is_local = attempt->request->is_local_service;
    long silence = is_local ? LOCAL_TRY_MS : (long)attempt->silence_ms;
    curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, silence);
    curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, is_local ? LOCAL_TRY_MS : MAX_TRY_MS);
    curl_easy_setopt(curl, CURLOPT_LOW_SPEED_LIMIT, LOWEST_BYTES_PER_S);
    curl_easy_setopt(curl, CURLOPT_LOW_SPEED_TIME, (silence + 999) / 1000);
    curl_easy_setopt(curl, CURLOPT_NOPROXY, is_local ? "*" : NULL);
    if (attempt->request->ca_bundle)
        curl_easy_setopt(curl, CURLOPT_CAINFO, attempt->request->ca_bundle);
}

static bool set_up(struct http_attempt *attempt, struct curl_slist *headers)
{
    CURL *curl = attempt->curl;
    /* Keeps connections, names and TLS sessions. */
    curl_easy_reset(curl);
    set_limits(attempt);
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take_body);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, attempt);
    curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, take_header);
    curl_easy_setopt(curl, CURLOPT_HEADERDATA, attempt);
    curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, attempt->reason);
    curl_easy_setopt(curl, CURLOPT_PATH_AS_IS, 1L); /* the path is signed as it is */
    curl_easy_setopt(curl, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_2TLS);
    curl_easy_setopt(curl, CURLOPT_TCP_KEEPALIVE, 1L);
    return curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https") == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_USERAGENT, "firn/" FIRN_VERSION) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers) == CURLE_OK &&
           set_method(attempt) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_URL, attempt->request->url) == CURLE_OK;
}

/* Two headers of the library's own would be unsigned, or cost a round trip. */
static bool headers_make(const struct http_request *request, struct curl_slist **ret_list,
                         struct error *err)
{
    struct arena arena;
    struct http_header_lines lines = {0};
    struct curl_slist *list = curl_slist_append(NULL, "Expect:");
    arena_init(&arena, HEADERS_ARENA_SIZE);
    bool ok = !request->headers || request->headers(request->context, &arena, &lines, err);
    bool is_held = list != NULL;
    for (size_t i = 0; ok && is_held && i < lines.count; i++) {
        struct curl_slist *longer = curl_slist_append(list, lines.items[i]);
        is_held = longer != NULL;
        list = longer ? longer : list;
    }
    arena_finish(&arena);
    if (ok && is_held) {
        *ret_list = list;
        return true;
    }
    curl_slist_free_all(list);
    return ok ? error_no_memory(err, "a request to an object store") : false;
}

static CURLcode perform(CURL *curl)
{
    blocking_begin();
    CURLcode code = curl_easy_perform(curl);
    blocking_end();
    return code;
}

bool http_attempt_make(struct http_attempt *attempt, CURLcode *ret_code, struct error *err)
{
    struct curl_slist *headers = NULL;
    struct http_answer *answer = attempt->answer;
    TRY(headers_make(attempt->request, &headers, err));
    buffer_truncate(answer->body, attempt->body_start);
    if (answer->fault)
        buffer_truncate(answer->fault, 0);
    memset(answer->headers, 0, sizeof answer->headers);
    answer->status = 0;
    attempt->reason[0] = '\0';
    attempt->has_head = attempt->has_measure = false;
    bool is_ready = set_up(attempt, headers);
    CURLcode code = is_ready ? perform(attempt->curl) : CURLE_OUT_OF_MEMORY;
    curl_easy_getinfo(attempt->curl, CURLINFO_RESPONSE_CODE, &answer->status);
    curl_easy_setopt(attempt->curl, CURLOPT_ERRORBUFFER, NULL);
    curl_easy_setopt(attempt->curl, CURLOPT_HTTPHEADER, NULL);
    curl_slist_free_all(headers);
    if (code == CURLE_OUT_OF_MEMORY)
        return error_no_memory(err, "a request to an object store");
    *ret_code = code == CURLE_OK && !is_whole(attempt) ? CURLE_PARTIAL_FILE : code;
    return true;
}

/* --- what went wrong ------------------------------------------------------------------------ */

static const char *cure(CURLcode code)
{
    switch (code) {
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_RESOLVE_PROXY:
        return "the name is unknown to DNS: check the endpoint, and whether this machine can "
               "resolve it";
    case CURLE_COULDNT_CONNECT:
        return "nothing takes the connection: check the endpoint's port, and that the store runs";
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_CONNECT_ERROR:
        return "check that the endpoint speaks TLS, and give its authority's certificate as the "
               "warehouse's CA bundle";
    case CURLE_OPERATION_TIMEDOUT:
        return "it does not answer: check that the store is well, and what lies between";
    case CURLE_PARTIAL_FILE:
        return "the answer was cut off: look at what lies between";
    case CURLE_URL_MALFORMAT:
    case CURLE_UNSUPPORTED_PROTOCOL:
        return "an endpoint is http:// or https://, a host and perhaps a port";
    default:
        return "the connection was lost: look at the store, and at what lies between";
    }
}

/* libcurl's reasons name hosts, ports and certificates; a URL with its query only where that is
 * malformed, so there it is left out. */
bool http_attempt_failed(const struct http_attempt *attempt, CURLcode code, struct error *err)
{
    if (!buffer_ok(attempt->answer->body))
        return buffer_check(attempt->answer->body, "the object", err);
    bool is_malformed = code == CURLE_URL_MALFORMAT;
    const char *reason =
        attempt->reason[0] && !is_malformed ? attempt->reason : curl_easy_strerror(code);
    return error_set(err, ERROR_STORAGE, "no answer from %.*s (%s): %s",
                     SLICE_ARG(http_endpoint_of(attempt->request->url)), reason, cure(code));
}
