#include "cli/http_client.h"

#include <curl/curl.h>
#include <stdlib.h>

/* A server on this machine or beside it answers at once, or is not there. */
#define CONNECT_TIMEOUT_S 10L
/* The longest plan; longer than any, and still an end. */
#define TIMEOUT_S 600L

static size_t take(char *bytes, size_t size, size_t count, void *context)
{
    struct buffer *answer = context;
    buffer_append(answer, bytes, size * count);
    return buffer_ok(answer) ? size * count : 0;
}

static bool set_up(CURL *curl, struct http_exchange *exchange, struct curl_slist *headers,
                   char *reason)
{
    CURLcode codes[] = {
        curl_easy_setopt(curl, CURLOPT_URL, exchange->url),
        curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https"),
        curl_easy_setopt(curl, CURLOPT_NOPROXY, exchange->is_own_machine ? "*" : NULL),
        curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)exchange->body.len),
        exchange->body.ptr ? curl_easy_setopt(curl, CURLOPT_POSTFIELDS, exchange->body.ptr)
                           : CURLE_OK,
        curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, exchange->method),
        curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers),
        curl_easy_setopt(curl, CURLOPT_USERAGENT, "firn/" FIRN_VERSION),
        curl_easy_setopt(curl, CURLOPT_ACCEPT_ENCODING, ""), /* all that the library can inflate */
        curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT, CONNECT_TIMEOUT_S),
        curl_easy_setopt(curl, CURLOPT_TIMEOUT, TIMEOUT_S),
        curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L),
        curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take),
        curl_easy_setopt(curl, CURLOPT_WRITEDATA, exchange->answer),
        curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, reason),
    };
    for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++)
        if (codes[i] != CURLE_OK)
            return false;
    return true;
}

#define OUR_ADVICE "Is `firn serve` running there? Start it, or say with --url where it is"

static bool perform(CURL *curl, struct http_exchange *exchange, struct curl_slist *headers,
                    struct error *err)
{
    char reason[CURL_ERROR_SIZE] = "";
    if (!set_up(curl, exchange, headers, reason))
        return error_no_memory(err, "a request");
    CURLcode code = curl_easy_perform(curl);
    curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, NULL);
    if (code == CURLE_OK) {
        curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &exchange->status);
        return true;
    }
    if (!buffer_ok(exchange->answer))
        return buffer_check(exchange->answer, "the answer", err);
    return error_set(err, ERROR_STORAGE, "No answer from %s: %s. %s", exchange->url,
                     reason[0] ? reason : curl_easy_strerror(code),
                     exchange->advice ? exchange->advice : OUR_ADVICE);
}

/* False where memory is short: then the list is as it was. */
static bool append_header(struct curl_slist **headers, const char *text)
{
    struct curl_slist *longer = curl_slist_append(*headers, text);
    if (longer)
        *headers = longer;
    return longer != NULL;
}

static bool perform_with_headers(CURL *curl, struct http_exchange *exchange, struct error *err)
{
    const char *type =
        exchange->content_type ? exchange->content_type : "Content-Type: application/json";
    struct curl_slist *headers = NULL;
    bool ok = append_header(&headers, type) &&
              (!exchange->authorization || append_header(&headers, exchange->authorization));
    ok = ok ? perform(curl, exchange, headers, err) : error_no_memory(err, "a request");
    curl_slist_free_all(headers);
    return ok;
}

struct http_client {
    CURL *curl;
};

bool http_client_create(struct http_client **ret_client, struct error *err)
{
    struct http_client *client = calloc(1, sizeof(*client));
    bool is_ready = client && curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK;
    if (is_ready)
        client->curl = curl_easy_init();
    if (is_ready && client->curl) {
        *ret_client = client;
        return true;
    }
    if (is_ready)
        curl_global_cleanup();
    free(client);
    return error_no_memory(err, "a request");
}

void http_client_destroy(struct http_client *client)
{
    if (client == NULL)
        return;
    curl_easy_cleanup(client->curl);
    curl_global_cleanup();
    free(client);
}

bool http_client_send(struct http_client *client, struct http_exchange *exchange, struct error *err)
{
    if (client) {
        curl_easy_reset(client->curl); /* of options, not of connections */
        return perform_with_headers(client->curl, exchange, err);
    }
    TRY(http_client_create(&client, err));
    bool ok = perform_with_headers(client->curl, exchange, err);
    http_client_destroy(client);
    return ok;
}
