#include "cli/remote.h"

#include <stdlib.h>

#include "base/json_tree.h"
#include "base/limits.h"
#include "base/percent.h"
#include "cli/entity_name.h"
#include "cli/output.h"

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

static bool put_prefixed(const struct command_run *run, const struct remote_request *request,
                         struct buffer *url, struct error *err)
{
    bool is_managed = request->place == REMOTE_MANAGED_TABLE;
    buffer_append_string(url, is_managed ? "/management/v1/warehouses/" : "/v1/");
    percent_append(url, option_text(&run->options, FLAG_WAREHOUSE));
    switch (request->place) {
    case REMOTE_NAMESPACE:
        buffer_append_string(url, "/namespaces/");
        return entity_name_put_namespace(request->name, url, err);
    case REMOTE_TABLE:
    case REMOTE_MANAGED_TABLE:
        return entity_name_put_path(request->name, "tables", url, err);
    case REMOTE_VIEW:
        return entity_name_put_path(request->name, "views", url, err);
    default:
        return true;
    }
}

/* NUL-terminated. */
static bool put_whole_url(const struct command_run *run, const struct remote_request *request,
                          struct buffer *url, struct error *err)
{
    remote_put_url(&run->options, url);
    if (request->place == REMOTE_WAREHOUSE) {
        buffer_append_string(url, "/management/v1/warehouses/");
        percent_append(url, request->name);
    } else if (request->place != REMOTE_ROOT) {
        TRY(put_prefixed(run, request, url, err));
    }
    buffer_append_string(url, request->suffix ? request->suffix : "");
    buffer_append_byte(url, '\0');
    return buffer_check(url, "the address", err);
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
    run->code = (int)code_of(exchange->status);
    if (json_is_string(message))
        error_set(err, ERROR_VALIDATION, "%s", json_string_value(message));
    else
        no_answer_of_ours(exchange, err);
    json_decref(tree);
    return false;
}

static bool send_text(struct command_run *run, struct http_client *client,
                      struct http_exchange *exchange, json_t **ret_answer, struct error *err)
{
    if (http_client_send(client, exchange, err))
        return read_answer(run, exchange, ret_answer, err);
    run->code = exchange->answer->len > 0 ? EXIT_FAILED : EXIT_NO_SERVER;
    return false;
}

static bool send_json(struct command_run *run, const struct remote_request *request,
                      struct buffer *url, json_t **ret_answer, struct error *err)
{
    struct buffer answer;
    char *text = request->body ? json_dumps(request->body, JSON_COMPACT) : NULL;
    struct http_exchange exchange = {
        .method = request->method,
        .url = url->ptr,
        .is_own_machine = option_text(&run->options, FLAG_URL).len == 0,
        .answer = &answer,
    };
    if (request->body && text == NULL)
        return error_no_memory(err, "a request");
    if (text)
        exchange.body = slice_from_string(text);
    buffer_init(&answer, MAX_ANSWER_SIZE);
    bool ok = send_text(run, request->client, &exchange, ret_answer, err);
    buffer_finish(&answer);
    free(text);
    return ok;
}

bool remote_send(struct command_run *run, const struct remote_request *request, json_t **ret_answer,
                 struct error *err)
{
    struct buffer url;
    buffer_init(&url, MAX_URL_SIZE);
    bool ok =
        put_whole_url(run, request, &url, err) && send_json(run, request, &url, ret_answer, err);
    buffer_finish(&url);
    return ok;
}

bool remote_set_properties(const struct options *options, json_t *body, struct error *err)
{
    const struct option_value *given = &options->values[FLAG_PROPERTY];
    json_t *properties = json_object();
    bool ok = json_object_set_new(body, "properties", properties) == 0 ||
              error_no_memory(err, "the properties");
    for (size_t i = 0; ok && i < given->item_count; i++) {
        struct slice item = given->items[i];
        size_t equals = slice_find(item, '=');
        if (equals == 0 || equals == item.len)
            return error_set(err, ERROR_BAD_REQUEST,
                             "The option property is '%.*s': it must be KEY=VALUE",
                             SLICE_ARG(item));
        ok = json_object_setn_new(properties, item.ptr, equals,
                                  json_from_slice(slice_from(item, equals + 1))) == 0 ||
             error_set(err, ERROR_BAD_REQUEST, "The property '%.*s' is not UTF-8", SLICE_ARG(item));
    }
    return ok;
}

bool remote_send_operand(struct command_run *run, const char *method, enum remote_place place,
                         json_t **ret_answer, struct error *err)
{
    struct remote_request request = {.method = method,
                                     .place = place,
                                     .name = run->options.operands[0]};
    return remote_send(run, &request, ret_answer, err);
}

bool remote_drop_operand(struct command_run *run, enum remote_place place, struct error *err)
{
    json_t *answer = NULL;
    TRY(remote_send_operand(run, "DELETE", place, &answer, err));
    json_decref(answer);
    return output_done(run->wants_json, "dropped", run->options.operands[0], err);
}
