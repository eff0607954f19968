/*
 * Another REST catalog as a source (cli/import.h). Spec: REST protocol, getConfig, listNamespaces,
 * loadNamespaceMetadata, listTables, loadTable, listViews, loadView, and the OAuth token endpoint.
 */
#include "cli/import.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/file_text.h"
#include "base/json_tree.h"
#include "base/limits.h"
#include "base/percent.h"

#define ADVICE "Is that the address of a REST catalog, without /v1 at its end?"
#define MAX_LOGIN_SIZE (64 * KIB)
/* A token is renewed so long before its end, or when half of a shorter life is over. */
#define RENEW_BEFORE_S 60
#define US_OF_SECOND INT64_C(1000000)
/* Pages of one listing; the smallest pages of real servers have a hundred entries. */
#define MAX_PAGES 100000

struct rest_source {
    struct http_client *client;
    struct buffer authorization; /* the header; empty: none */
    int64_t renew_us;            /* when it is to be renewed, monotonic; 0: nobody has said */
    struct slice base;           /* without a slash at its end */
    json_t *config;              /* what getConfig answered */
    struct buffer root;          /* "<base>/v1/<prefix>" */
    const char *separator;       /* between levels, encoded */
    bool has_views;
};

/* --- requests --------------------------------------------------------------------------------- */

static bool refused(const struct http_exchange *exchange, const json_t *answer, struct error *err)
{
    const json_t *told = json_object_get(json_object_get(answer, "error"), "message");
    if (!told)
        told = json_object_get(answer, "error_description");
    return error_set(err, exchange->status == 404 ? ERROR_NOT_FOUND : ERROR_VALIDATION,
                     "The source answers %s %s with %ld%s%s", exchange->method, exchange->url,
                     exchange->status, json_is_string(told) ? ": " : "",
                     json_is_string(told) ? json_string_value(told) : "");
}

static bool read_answer(struct import *import, const struct http_exchange *exchange,
                        json_t **ret_answer, struct error *err)
{
    json_t *tree = NULL;
    bool is_fine = exchange->status >= 200 && exchange->status < 300;
    bool is_json =
        json_tree_parse(buffer_slice(exchange->answer), "the source's answer", &tree, err);
    import->run->code = exchange->status == 404 ? EXIT_NOT_THERE : EXIT_FAILED;
    if (is_fine && !is_json)
        return error_prefix(err, "%s is no REST catalog", exchange->url);
    if (!is_fine) {
        refused(exchange, tree, err);
        json_decref(tree);
        return false;
    }
    import->run->code = EXIT_DONE;
    *ret_answer = tree;
    return true;
}

static bool send_once(struct import *import, struct http_exchange *exchange, struct error *err)
{
    struct rest_source *rest = import->source_state;
    buffer_truncate(exchange->answer, 0);
    exchange->advice = ADVICE;
    if (http_client_send(rest->client, exchange, err))
        return true;
    import->run->code = exchange->answer->len > 0 ? EXIT_FAILED : EXIT_NO_SERVER;
    return false;
}

/* --- logging in ------------------------------------------------------------------------------- */

/* The option's text, or that of the file that it names behind an @. */
static bool read_secret(const struct options *options, unsigned id, struct buffer *ret_secret,
                        struct error *err)
{
    struct slice text = option_text(options, id);
    if (!slice_starts_with(text, SLICE_LITERAL("@"))) {
        buffer_append_slice(ret_secret, text);
    } else {
        if (!file_text_read(text.ptr + 1, ret_secret, err))
            return error_prefix(err, "The file %s", text.ptr + 1);
        struct slice kept = buffer_slice(ret_secret);
        while (kept.len > 0 && (kept.ptr[kept.len - 1] == '\n' || kept.ptr[kept.len - 1] == '\r'))
            kept.len--;
        buffer_truncate(ret_secret, kept.len);
    }
    return buffer_check(ret_secret, "the secret", err);
}

static bool set_token(struct rest_source *rest, struct slice token, struct error *err)
{
    for (size_t i = 0; i < token.len; i++)
        if (token.ptr[i] <= ' ' || token.ptr[i] == 0x7f)
            return error_set(err, ERROR_BAD_REQUEST,
                             "The token has a blank or a control character in it");
    buffer_truncate(&rest->authorization, 0);
    buffer_append_string(&rest->authorization, "Authorization: Bearer ");
    buffer_append_slice(&rest->authorization, token);
    buffer_append_byte(&rest->authorization, '\0');
    return buffer_check(&rest->authorization, "the token", err);
}

/* "ID:SECRET", or a secret alone. */
static void put_login(struct buffer *form, struct slice credential, struct slice scope)
{
    size_t colon = slice_find(credential, ':');
    percent_form_append(form, "grant_type", SLICE_LITERAL("client_credentials"));
    if (colon < credential.len)
        percent_form_append(form, "client_id", slice_make(credential.ptr, colon));
    percent_form_append(form, "client_secret",
             colon < credential.len ? slice_from(credential, colon + 1) : credential);
    percent_form_append(form, "scope", scope);
}

/* Without the old token: a server may refuse what has one that is over. */
static bool send_login(struct import *import, const char *url, struct slice form,
                       json_t **ret_answer, struct error *err)
{
    struct buffer answer;
    struct http_exchange exchange = {.method = "POST",
                                     .url = url,
                                     .body = form,
                                     .content_type =
                                         "Content-Type: application/x-www-form-urlencoded",
                                     .answer = &answer};
    buffer_init(&answer, MAX_METADATA_SIZE);
    bool ok = send_once(import, &exchange, err) && read_answer(import, &exchange, ret_answer, err);
    buffer_finish(&answer);
    return ok;
}

/* `expires_in` is recommended, and in seconds (RFC 6749, section 5.1). */
static bool take_token(struct rest_source *rest, const json_t *answer, struct error *err)
{
    struct slice token = SLICE_EMPTY;
    const json_t *life = json_object_get(answer, "expires_in");
    TRY(json_get_string(answer, "access_token", &token, err));
    int64_t life_s = json_is_integer(life) ? json_integer_value(life) : -1;
    int64_t wait_s = life_s > 2 * RENEW_BEFORE_S ? life_s - RENEW_BEFORE_S : life_s / 2;
    bool is_told = life_s >= 0 && life_s <= INT32_MAX;
    rest->renew_us = is_told ? clock_measure_us() + wait_s * US_OF_SECOND : 0;
    return set_token(rest, token, err);
}

static bool ask_token(struct import *import, struct slice form, struct error *err)
{
    struct rest_source *rest = import->source_state;
    struct buffer url;
    json_t *answer = NULL;
    buffer_init(&url, MAX_URI_SIZE);
    buffer_append_slice(&url, rest->base);
    buffer_append_string(&url, "/v1/oauth/tokens");
    buffer_append_byte(&url, '\0');
    bool ok = buffer_check(&url, "the address", err) &&
              send_login(import, url.ptr, form, &answer, err) && take_token(rest, answer, err);
    json_decref(answer);
    buffer_finish(&url);
    return ok;
}

static bool log_in(struct import *import, struct error *err)
{
    const struct options *options = &import->run->options;
    struct buffer secret, form;
    bool has_token = option_text(options, FLAG_TOKEN).len > 0, ok = true;
    buffer_init(&secret, MAX_LOGIN_SIZE);
    buffer_init(&form, 4 * MAX_LOGIN_SIZE);
    if (has_token) {
        ok = read_secret(options, FLAG_TOKEN, &secret, err) &&
             set_token(import->source_state, buffer_slice(&secret), err);
    } else if (option_text(options, FLAG_CREDENTIAL).len > 0) {
        ok = read_secret(options, FLAG_CREDENTIAL, &secret, err);
        put_login(&form, buffer_slice(&secret), option_text(options, FLAG_SCOPE));
        ok = ok && buffer_check(&form, "the login", err) &&
             ask_token(import, buffer_slice(&form), err);
    }
    buffer_finish(&secret);
    buffer_finish(&form);
    return ok;
}

/* Another token is to be had by the credential, or from a file that somebody keeps fresh. */
static bool can_renew(const struct import *import)
{
    const struct options *options = &import->run->options;
    return option_text(options, FLAG_CREDENTIAL).len > 0 ||
           slice_starts_with(option_text(options, FLAG_TOKEN), SLICE_LITERAL("@"));
}

static bool renew_if_due(struct import *import, struct error *err)
{
    const struct rest_source *rest = import->source_state;
    return rest->renew_us == 0 || clock_measure_us() < rest->renew_us || log_in(import, err);
}

/* --- requests with a token -------------------------------------------------------------------- */

static bool send_with_token(struct import *import, struct http_exchange *exchange,
                            struct error *err)
{
    const struct rest_source *rest = import->source_state;
    exchange->authorization = rest->authorization.len > 0 ? rest->authorization.ptr : NULL;
    return send_once(import, exchange, err);
}

/* A token may end before it was said to, or nobody has said when: one that is refused is renewed
 * once. */
static bool send_request(struct import *import, struct http_exchange *exchange, json_t **ret_answer,
                         struct error *err)
{
    struct buffer answer;
    buffer_init(&answer, MAX_METADATA_SIZE);
    exchange->answer = &answer;
    bool ok = renew_if_due(import, err) && send_with_token(import, exchange, err);
    if (ok && exchange->status == 401 && can_renew(import))
        ok = log_in(import, err) && send_with_token(import, exchange, err);
    ok = ok && read_answer(import, exchange, ret_answer, err);
    buffer_finish(&answer);
    return ok;
}

/* Takes the buffer over. */
static bool get(struct import *import, struct buffer *url, json_t **ret_answer, struct error *err)
{
    buffer_append_byte(url, '\0');
    bool ok = buffer_check(url, "the address", err) &&
              send_request(import, &(struct http_exchange){.method = "GET", .url = url->ptr},
                           ret_answer, err);
    buffer_finish(url);
    return ok;
}

static void begin_url(const struct rest_source *rest, struct buffer *url)
{
    buffer_init(url, MAX_URI_SIZE);
    buffer_append_slice(url, buffer_slice(&rest->root));
    buffer_append_string(url, "/namespaces");
}

static void put_levels(const struct rest_source *rest, const json_t *levels, struct buffer *url)
{
    size_t i;
    json_t *level;
    json_array_foreach(levels, i, level) {
        buffer_append_string(url, i == 0 ? "" : rest->separator);
        percent_append(url, json_is_string(level) ? json_slice(level) : SLICE_EMPTY);
    }
}

/* --- the configuration ------------------------------------------------------------------------ */

/* What the server insists on, else what it proposes. */
static const char *setting(const struct rest_source *rest, const char *name)
{
    const json_t *value = json_object_get(json_object_get(rest->config, "overrides"), name);
    if (!json_is_string(value))
        value = json_object_get(json_object_get(rest->config, "defaults"), name);
    return json_string_value(value);
}

static bool ask_config(struct import *import, struct error *err)
{
    struct rest_source *rest = import->source_state;
    struct slice warehouse = option_text(&import->run->options, FLAG_SOURCE_WAREHOUSE);
    struct buffer url;
    buffer_init(&url, MAX_URI_SIZE);
    buffer_append_slice(&url, rest->base);
    buffer_append_string(&url, "/v1/config");
    if (warehouse.len > 0) {
        buffer_append_string(&url, "?warehouse=");
        percent_append(&url, warehouse);
    }
    return get(import, &url, &rest->config, err);
}

/* A server that lists its operations is taken at its word; one that does not has views only where
 * it says so. */
static bool lists_views(const struct rest_source *rest)
{
    const json_t *endpoints = json_object_get(rest->config, "endpoints"), *one;
    const char *told = setting(rest, "view-endpoints-supported");
    size_t i;
    if (!json_is_array(endpoints))
        return told && strcmp(told, "true") == 0;
    json_array_foreach(endpoints, i, one)
        if (json_is_string(one) &&
            strcmp(json_string_value(one), "GET /v1/{prefix}/namespaces/{namespace}/views") == 0)
            return true;
    return false;
}

static bool read_config(struct import *import, struct error *err)
{
    struct rest_source *rest = import->source_state;
    const char *prefix = NULL, *separator = NULL;
    TRY(ask_config(import, err));
    prefix = setting(rest, "prefix");
    separator = setting(rest, "namespace-separator");
    buffer_append_slice(&rest->root, rest->base);
    buffer_append_string(&rest->root, "/v1");
    if (prefix && *prefix)
        buffer_printf(&rest->root, "/%s", prefix);
    rest->separator = separator && *separator ? separator : "%1F";
    rest->has_views = lists_views(rest);
    return buffer_check(&rest->root, "the address", err);
}

static bool open_source(struct import *import, struct error *err)
{
    struct rest_source *rest = calloc(1, sizeof(*rest));
    if (rest == NULL)
        return error_no_memory(err, "the source");
    import->source_state = rest;
    buffer_init(&rest->authorization, 2 * MAX_LOGIN_SIZE);
    buffer_init(&rest->root, MAX_URI_SIZE);
    rest->base = import->run->options.operands[0];
    while (slice_ends_with(rest->base, SLICE_LITERAL("/")))
        rest->base.len--;
    if (!slice_starts_with(rest->base, SLICE_LITERAL("http://")) &&
        !slice_starts_with(rest->base, SLICE_LITERAL("https://")))
        return error_set(err, ERROR_BAD_REQUEST,
                         "SOURCE is '%.*s': the address of a REST catalog begins with http:// or "
                         "https://; --from says what else it is",
                         SLICE_ARG(rest->base));
    return http_client_create(&rest->client, err) && log_in(import, err) &&
           read_config(import, err);
}

static void close_source(struct import *import)
{
    struct rest_source *rest = import->source_state;
    if (rest == NULL)
        return;
    http_client_destroy(rest->client);
    buffer_finish(&rest->authorization);
    buffer_finish(&rest->root);
    json_decref(rest->config);
    free(rest);
    import->source_state = NULL;
}

/* --- listings --------------------------------------------------------------------------------- */

/* What is done with one entry of a listing. */
typedef bool (*entry_fn)(struct import *import, const json_t *levels, const json_t *entry,
                         struct error *err);

/* Of namespaces below `levels`, or with a kind ("/tables") of what is in them. */
static void put_listing(const struct rest_source *rest, const json_t *levels, const char *kind,
                        const char *token, struct buffer *url)
{
    bool has_query = false;
    begin_url(rest, url);
    if (kind) {
        buffer_append_string(url, "/");
        put_levels(rest, levels, url);
        buffer_append_string(url, kind);
    } else if (json_array_size(levels) > 0) {
        buffer_append_string(url, "?parent=");
        put_levels(rest, levels, url);
        has_query = true;
    }
    buffer_append_string(url, has_query ? "&pageToken=" : "?pageToken=");
    percent_append(url, slice_from_string(token));
}

static bool visit_page(struct import *import, const json_t *levels, const json_t *page,
                       const char *member, entry_fn visit, struct error *err)
{
    json_t *entries = NULL, *entry;
    size_t i;
    TRY(json_get_array(page, member, &entries, err));
    json_array_foreach(entries, i, entry)
        TRY(visit(import, levels, entry, err));
    return true;
}

/* NULL: it was the last one. A view into the page. */
static const char *next_token(const json_t *page)
{
    const char *token = json_string_value(json_object_get(page, "next-page-token"));
    return token && *token ? token : NULL;
}

/* A source that goes on for ever must not be believed, and cutting it short would lose tables. */
static bool check_pages(const char *token, const char *next, size_t pages, struct error *err)
{
    if (next && (strcmp(token, next) == 0 || pages == MAX_PAGES))
        return error_set(err, ERROR_VALIDATION,
                         "The source's listing has no end: after %zu pages it names %s as the next",
                         pages, next);
    return true;
}

static bool visit_all(struct import *import, const json_t *levels, const char *kind,
                      const char *member, entry_fn visit, struct error *err)
{
    json_t *page = NULL;
    const char *token = "";
    bool ok = true;
    for (size_t pages = 1; ok && token; pages++) {
        struct buffer url;
        json_t *next = NULL;
        put_listing(import->source_state, levels, kind, token, &url);
        ok = get(import, &url, &next, err) && check_pages(token, next_token(next), pages, err) &&
             visit_page(import, levels, next, member, visit, err);
        json_decref(page); /* the token was of it */
        page = next;
        token = next_token(page);
    }
    json_decref(page);
    return ok;
}

static bool add_entry(struct import *import, const char *type, const json_t *levels,
                      const json_t *entry, struct error *err)
{
    struct slice name = SLICE_EMPTY;
    TRY(json_get_string(entry, "name", &name, err));
    return import_add_item(import, type, levels, name, SLICE_EMPTY, err);
}

static bool add_table(struct import *import, const json_t *levels, const json_t *entry,
                      struct error *err)
{
    return add_entry(import, "table", levels, entry, err);
}

static bool add_view(struct import *import, const json_t *levels, const json_t *entry,
                     struct error *err)
{
    return add_entry(import, "view", levels, entry, err);
}

static bool add_namespace(struct import *import, const json_t *levels, struct error *err)
{
    const struct rest_source *rest = import->source_state;
    struct buffer url;
    json_t *answer = NULL, *properties = NULL;
    begin_url(rest, &url);
    buffer_append_string(&url, "/");
    put_levels(rest, levels, &url);
    TRY(get(import, &url, &answer, err));
    bool ok = json_opt_string_map(answer, "properties", &properties, err) &&
              import_add_namespace(import, levels, properties, err);
    json_decref(answer);
    return ok && visit_all(import, levels, "/tables", "identifiers", add_table, err) &&
           (!rest->has_views || visit_all(import, levels, "/views", "identifiers", add_view, err));
}

/* A server that does not know `parent` lists the top again, which must not go on for ever: a child
 * has one level more, and no namespace more than Firn has room for. */
static bool is_child(const json_t *levels, const json_t *entry)
{
    size_t depth = json_array_size(levels), i;
    json_t *level;
    if (json_array_size(entry) != depth + 1 || depth >= MAX_NAMESPACE_LEVELS)
        return false;
    json_array_foreach(levels, i, level)
        if (!json_equal(level, json_array_get(entry, i)))
            return false;
    return true;
}

static bool visit_namespace(struct import *import, const json_t *levels, const json_t *entry,
                            struct error *err)
{
    if (!is_child(levels, entry))
        return true;
    return add_namespace(import, entry, err) &&
           visit_all(import, entry, NULL, "namespaces", visit_namespace, err);
}

static bool list(struct import *import, struct error *err)
{
    json_t *root = json_array();
    if (root == NULL)
        return error_no_memory(err, "the list");
    bool ok = visit_all(import, root, NULL, "namespaces", visit_namespace, err);
    json_decref(root);
    return ok;
}

/* --- one table or view ------------------------------------------------------------------------ */

static bool keep_found(json_t *item, const json_t *answer, const char *uuid_member,
                       struct error *err)
{
    json_t *location = json_object_get(answer, "metadata-location");
    json_t *uuid = json_object_get(json_object_get(answer, "metadata"), uuid_member);
    bool ok =
        (!json_is_string(location) || json_object_set(item, "metadata-location", location) == 0) &&
        (!json_is_string(uuid) || json_object_set(item, "uuid", uuid) == 0);
    return ok || error_no_memory(err, "the report");
}

static bool locate(struct import *import, json_t *item, struct error *err)
{
    const struct rest_source *rest = import->source_state;
    bool is_view = strcmp(json_string_value(json_object_get(item, "type")), "view") == 0;
    struct buffer url;
    json_t *answer = NULL;
    begin_url(rest, &url);
    buffer_append_string(&url, "/");
    put_levels(rest, json_object_get(item, "source-namespace"), &url);
    buffer_append_string(&url, is_view ? "/views/" : "/tables/");
    percent_append(&url, json_slice(json_object_get(item, "name")));
    buffer_append_string(&url, is_view ? "" : "?snapshots=refs");
    TRY(get(import, &url, &answer, err));
    bool ok = keep_found(item, answer, is_view ? "view-uuid" : "table-uuid", err);
    json_decref(answer);
    return ok;
}

const struct import_source import_rest = {.open = open_source,
                                          .list = list,
                                          .locate = locate,
                                          .close = close_source};
