#include "cli/remote.h"

#include <stdlib.h>

#include "base/json_tree.h"
#include "base/limits.h"
#include "base/percent.h"
#include "cli/http_client.h"

/* A table's metadata may be large. */
#define MAX_ANSWER_SIZE MAX_METADATA_SIZE
#define MAX_URL_SIZE (64 * KIB)

/* A server that listens on all addresses is called by that of this machine. */
static void put_listen(struct slice listen, struct buffer *url)
{
    static const char *const ALL[][2] = {{"0.0.0.0:", "127.0.0.1:"}, {"[::]:", "[::1]:"}};
    buffer_append_string(url, "http://");
    for (size_t i = 0; i < 2; i++) {
        if (!slice_starts_with(listen, slice_from_string(ALL[i][0])))
            continue;
        buffer_append_string(url, ALL[i][1]);
        listen = slice_from(listen, strlen(ALL[i][0]));
    }
    buffer_append_slice(url, listen);
}

void remote_put_url(const struct options *options, struct buffer *url)
{
    struct slice base = option_text(options, FLAG_URL);
    while (slice_ends_with(base, SLICE_LITERAL("/")))
        base.len--;
    if (base.len > 0)
        buffer_append_slice(url, base);
    else
        put_listen(option_text(options, OPTION_LISTEN), url);
}

void remote_put_prefix(const struct options *options, struct buffer *path)
{
    buffer_append_string(path, "/v1/");
    percent_append(path, option_text(options, FLAG_WAREHOUSE));
}

void remote_put_management(const struct options *options, struct buffer *path)
{
    buffer_append_string(path, "/management/v1/warehouses/");
    percent_append(path, option_text(options, FLAG_WAREHOUSE));
}

static bool no_answer_of_ours(const struct http_exchange *exchange, struct error *err)
{
    return error_set(err, ERROR_INTERNAL,
                     "%s answered with status %ld and no explanation: is it this version of firn?",
                     exchange->url, exchange->status);
}

static enum exit_code code_of(long status)
{
    return status == 404 ? EXIT_NOT_THERE : status == 409 ? EXIT_CONFLICT : EXIT_FAILED;
}

static bool read_answer(struct command_run *run, const struct http_exchange *exchange,
                        json_t **ret_answer, struct error *err)
{
    json_t *tree = NULL;
    bool is_fine = exchange->status >= 200 && exchange->status < 300;
    if (exchange->answer->len > 0 &&
        !json_tree_parse(buffer_slice(exchange->answer), "the answer", &tree, err)) {
        run->code = EXIT_FAILED;
        return no_answer_of_ours(exchange, err);
    }
    if (is_fine) {
        *ret_answer = tree;
        return true;
    }
    const json_t *message = json_object_get(json_object_get(tree, "error"), "message");
    run->code = code_of(exchange->status);
    if (json_is_string(message))
        error_set(err, ERROR_VALIDATION, "%s", json_string_value(message));
    else
        no_answer_of_ours(exchange, err);
    json_decref(tree);
    return false;
}

static bool send_text(struct command_run *run, struct http_exchange *exchange, json_t **ret_answer,
                      struct error *err)
{
    if (http_client_send(exchange, err))
        return read_answer(run, exchange, ret_answer, err);
    run->code = exchange->answer->len > 0 ? EXIT_FAILED : EXIT_NO_SERVER;
    return false;
}

static bool make_url(struct command_run *run, struct buffer *path, struct buffer *url,
                     struct error *err)
{
    TRY(buffer_check(path, "the address", err));
    remote_put_url(&run->options, url);
    buffer_append_slice(url, buffer_slice(path));
    buffer_append_byte(url, '\0');
    return buffer_check(url, "the address", err);
}

bool remote_call(struct command_run *run, const char *method, struct buffer *path,
                 const json_t *body, json_t **ret_answer, struct error *err)
{
    struct buffer url, answer;
    char *text = body ? json_dumps(body, JSON_COMPACT) : NULL;
    struct http_exchange exchange = {
        .method = method,
        .is_own_machine = option_text(&run->options, FLAG_URL).len == 0,
        .answer = &answer,
    };
    if (body && text == NULL)
        return error_no_memory(err, "a request");
    if (text)
        exchange.body = slice_from_string(text);
    buffer_init(&url, MAX_URL_SIZE);
    buffer_init(&answer, MAX_ANSWER_SIZE);
    bool ok = make_url(run, path, &url, err);
    exchange.url = url.ptr;
    ok = ok && send_text(run, &exchange, ret_answer, err);
    buffer_finish(&answer);
    buffer_finish(&url);
    free(text);
    return ok;
}
