#include "storage/oauth_token.h"

#include "base/json_tree.h"
#include "base/limits.h"
#include "storage/secret_box.h"

/* A token, and a few fields beside it. */
#define MAX_OAUTH_ANSWER (64 * KIB)
/* Tokens live for hours; a day at most where somebody set it so. What is longer is cut, so that no
 * sum of times overflows. */
#define MAX_TOKEN_LIFE_S (10LL * 365 * 24 * 3600)
/* Of what the endpoint says about an error: its first sentence, not the rest that it may quote. */
#define MAX_SAID_SIZE 200
#define FORM_HEADER "Content-Type: application/x-www-form-urlencoded"

/* --- answers ------------------------------------------------------------------------------ */

/* The services of instances have numbers as strings. */
static bool read_seconds(const json_t *node, int64_t *ret_s)
{
    if (json_is_string(node))
        return slice_to_int64(json_slice(node), ret_s) && *ret_s > 0;
    *ret_s = json_integer_value(node);
    return *ret_s > 0;
}

/* Those of Azure's apps say when, and not for how long. */
static bool read_life(const json_t *tree, int64_t now_ms, int64_t *ret_s, bool *ret_present)
{
    const json_t *in = json_object_get(tree, "expires_in");
    const json_t *on = json_object_get(tree, "expires_on");
    bool is_duration = in != NULL && !json_is_null(in);
    *ret_present = is_duration || (on != NULL && !json_is_null(on));
    if (!*ret_present)
        return true;
    if (!read_seconds(is_duration ? in : on, ret_s))
        return false;
    if (!is_duration)
        *ret_s -= now_ms / 1000;
    return *ret_s > 0;
}

static bool read_token(const json_t *tree, const char *service, int64_t now_ms,
                       struct bearer_token *ret_token, struct error *err)
{
    struct slice text;
    int64_t life_s = 0;
    bool has_life = false;
    TRY(json_get_string(tree, "access_token", &text, err));
    if (!read_life(tree, now_ms, &life_s, &has_life))
        return error_set(err, ERROR_STORAGE, "expires_in is no number of seconds");
    if (life_s > MAX_TOKEN_LIFE_S)
        life_s = MAX_TOKEN_LIFE_S;
    return bearer_token_set(ret_token, service, text, has_life ? now_ms + life_s * 1000 : 0, err);
}

bool oauth_answer_parse(struct slice json, const char *service, int64_t now_ms,
                        struct bearer_token *ret_token, struct error *err)
{
    json_t *tree = NULL;
    struct error cause = {0};
    bool ok = json_tree_parse(json, "the answer", &tree, &cause) &&
              read_token(tree, service, now_ms, ret_token, &cause);
    json_decref(tree);
    if (ok)
        return true;
    /* What they answered is no fault of a client. */
    enum error_kind kind = cause.kind == ERROR_NO_MEMORY ? ERROR_NO_MEMORY : ERROR_STORAGE;
    return error_set(err, kind, "%s gave no token: %s", service, cause.message);
}

static const char *find_cure(const struct oauth_cure *cures, struct slice code)
{
    for (size_t i = 0; cures && cures[i].code; i++)
        if (slice_equals_string(code, cures[i].code))
            return cures[i].cure;
    return NULL;
}

/* {"error": "invalid_grant", "error_description": "…"}, or {"error": {"status", "message"}}. */
static void read_fault(const json_t *tree, struct slice *code, struct slice *said)
{
    json_t *object = json_object_get(tree, "error");
    const json_t *name = json_is_object(object) ? json_object_get(object, "status") : object;
    const json_t *text = json_is_object(object) ? json_object_get(object, "message")
                                                : json_object_get(tree, "error_description");
    if (json_is_string(name))
        *code = slice_printable(json_slice(name), MAX_SAID_SIZE);
    if (json_is_string(text))
        *said = slice_printable(json_slice(text), MAX_SAID_SIZE);
}

static bool refused(const struct oauth_request *request, const struct http_answer *answer,
                    struct error *err)
{
    struct slice code = SLICE_EMPTY, said = SLICE_EMPTY;
    json_t *tree = NULL;
    bool is_busy = answer->status == 429 || answer->status == 503;
    if (json_tree_parse(buffer_slice(answer->fault), "the answer", &tree, NULL))
        read_fault(tree, &code, &said);
    const char *cure = find_cure(request->cures, code);
    enum error_kind kind = is_busy ? ERROR_OVERLOADED : ERROR_STORAGE;
    if (request->is_local_service && answer->status == 404)
        kind = ERROR_NOT_FOUND;
    error_set(err, kind, "%s answered %ld%s%.*s%s%.*s%s%s", request->service, answer->status,
              code.len > 0 ? ", " : "", SLICE_ARG(code), said.len > 0 ? " (" : "", SLICE_ARG(said),
              said.len > 0 ? "): " : ": ",
              cure ? cure : "look at the credentials, and at what they are allowed");
    json_decref(tree);
    return false;
}

/* --- asking ------------------------------------------------------------------------------- */

static bool give_headers(void *context, struct arena *arena, struct http_header_lines *ret_lines,
                         struct error *err)
{
    const struct oauth_request *request = context;
    const char **lines = ARENA_ARRAY(arena, const char *, 2);
    size_t count = 0;
    if (!lines)
        return error_no_memory(err, "the headers of a request");
    if (request->form.len > 0)
        lines[count++] = FORM_HEADER;
    if (request->header)
        lines[count++] = request->header;
    *ret_lines = (struct http_header_lines){lines, count};
    return true;
}

static bool send(struct http_transport *transport, const struct oauth_request *request,
                 struct http_answer *answer, struct error *err)
{
    struct oauth_request copy = *request;
    const struct http_request http = {
        .method = request->method,
        .url = request->url,
        .body = request->form,
        .ca_bundle = request->ca_bundle,
        .is_local_service = request->is_local_service,
        .headers = give_headers,
        .context = &copy,
    };
    struct error cause = {0};
    if (http_transport_send(transport, &http, answer, &cause))
        return true;
    bool is_absent = request->is_local_service && cause.kind == ERROR_STORAGE;
    return error_set(err, is_absent ? ERROR_NOT_FOUND : cause.kind, "%s: %s", request->service,
                     cause.message);
}

bool oauth_token_ask(struct http_transport *transport, const struct oauth_request *request,
                     struct bearer_token *ret_token, struct error *err)
{
    struct buffer body, fault;
    struct http_answer answer = {.body = &body, .fault = &fault};
    int64_t now_ms = clock_now_ms(http_transport_clock(transport));
    buffer_init(&body, MAX_OAUTH_ANSWER);
    buffer_init(&fault, HTTP_MAX_FAULT_SIZE);
    bool ok = send(transport, request, &answer, err);
    if (ok && answer.status != 200)
        ok = refused(request, &answer, err);
    else if (ok)
        ok = oauth_answer_parse(buffer_slice(&body), request->service, now_ms, ret_token, err);
    secret_buffer_finish(&body);
    secret_buffer_finish(&fault);
    return ok;
}
