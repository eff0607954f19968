/* firn plan (server/commands.h): asks the running server to explain a scan. */
#include "server/commands.h"

#include <jansson.h>
#include <stdlib.h>

#include "base/json_tree.h"
#include "base/limits.h"
#include "base/percent.h"
#include "iceberg/filter_text.h"
#include "server/http_client.h"

#define MAX_ANSWER_SIZE (16 * MIB)
#define MAX_URL_SIZE (64 * KIB)

static const enum option_id OPTIONS_OF_PLAN[] = {OPTION_FILTER,    OPTION_SNAPSHOT, OPTION_REF,
                                                 OPTION_WAREHOUSE, OPTION_URL,      OPTION_JSON,
                                                 OPTION_LISTEN,    OPTION_CONFIG,   OPTION_COUNT};
static const struct option_command PLAN = {"plan", "TABLE", OPTIONS_OF_PLAN};

static const char PLAN_HELP[] =
    "firn plan TABLE [options]\n\n"
    "Explains a scan of a table: which manifests and files it reads, which it leaves out and why.\n"
    "The running server is asked. TABLE is namespace.table; levels with a dot stand in `.\n\n"
    "    firn plan db.events --filter \"ts >= '2024-01-01' and id in (7, 8)\"\n\n"
    "A filter has = != < <= > >=, in, between, is null, is nan, like 'x%', starts with 'x', and,\n"
    "or, not, and the transforms year(ts), month, day, hour, bucket(16, id), truncate(4, name).\n\n"
    "Ends with 0 where there is a plan, 1 where there is none, 2 for wrong usage.\n";

/* --- where ---------------------------------------------------------------------------------- */

/* One level of "a.`b.c`.t", as a segment of a path; *rest is what follows its dot. */
static bool put_level(struct slice *rest, struct buffer *path, struct error *err)
{
    bool is_quoted = rest->len > 0 && rest->ptr[0] == '`';
    struct slice text = is_quoted ? slice_from(*rest, 1) : *rest;
    size_t size = slice_find(text, is_quoted ? '`' : '.');
    *rest = slice_from(text, size + is_quoted);
    bool is_whole = (!is_quoted || size < text.len) && (rest->len == 0 || rest->ptr[0] == '.');
    if (!is_whole || size == 0)
        return error_set(err, ERROR_BAD_REQUEST,
                         "The table must be named as namespace.table; a level with a dot in it "
                         "stands in `quotes of this kind`");
    percent_append(path, slice_make(text.ptr, size));
    return true;
}

/* Where the last dot outside of quotes is: behind it is the table. */
static size_t last_dot(struct slice name)
{
    size_t at = name.len;
    bool is_quoted = false;
    for (size_t i = 0; i < name.len; i++) {
        is_quoted ^= name.ptr[i] == '`';
        at = name.ptr[i] == '.' && !is_quoted ? i : at;
    }
    return at;
}

static bool put_table(struct slice name, struct buffer *url, struct error *err)
{
    size_t dot = last_dot(name);
    struct slice levels = slice_make(name.ptr, dot), table = slice_from(name, dot + 1);
    buffer_append_string(url, "/namespaces/");
    TRY(put_level(&levels, url, err));
    while (levels.len > 0) {
        buffer_append_string(url, "%1F");
        levels = slice_from(levels, 1);
        TRY(put_level(&levels, url, err));
    }
    buffer_append_string(url, "/tables/");
    return put_level(&table, url, err) && buffer_check(url, "the address", err);
}

/* --url, else where `firn serve` with the same settings listens. */
static bool make_url(const struct options *options, struct buffer *url, struct error *err)
{
    struct slice base = option_text(options, OPTION_URL);
    while (slice_ends_with(base, SLICE_LITERAL("/")))
        base.len--;
    buffer_append_string(url, base.len > 0 ? "" : "http://");
    buffer_append_slice(url, base.len > 0 ? base : option_text(options, OPTION_LISTEN));
    buffer_append_string(url, "/management/v1/warehouses/");
    percent_append(url, option_text(options, OPTION_WAREHOUSE));
    TRY(put_table(options->operand, url, err));
    buffer_append_string(url, "/explain");
    buffer_append_byte(url, '\0');
    return buffer_check(url, "the address", err);
}

/* --- what ----------------------------------------------------------------------------------- */

/* The server reads the filter itself; here it is only looked at, to show where a mistake is. */
static bool check_filter(struct options *options, struct error *err)
{
    struct slice text = option_text(options, OPTION_FILTER);
    json_t *filter = NULL;
    size_t at = 0;
    if (filter_text_parse(text, &options->arena, &filter, &at, err)) {
        json_decref(filter);
        return true;
    }
    if (slice_find(text, '\n') < text.len)
        return false;
    fprintf(stderr, "%.*s\n", SLICE_ARG(text));
    for (size_t i = 0; i < at; i++)
        if (((unsigned char)text.ptr[i] & 0xC0) != 0x80)
            fputc(text.ptr[i] == '\t' ? '\t' : ' ', stderr);
    fputs("^\n", stderr);
    return false;
}

static bool set_text(json_t *body, const char *name, struct slice text, struct error *err)
{
    if (text.len == 0)
        return true;
    return json_object_set_new(body, name, json_from_slice(text)) == 0 ||
           error_set(err, ERROR_BAD_REQUEST, "The option for %s is not UTF-8", name);
}

/* A snapshot is read as it was: with its own schema. */
static bool set_snapshot(json_t *body, struct slice text, struct error *err)
{
    int64_t id = 0;
    if (text.len == 0)
        return true;
    if (!slice_to_int64(text, &id))
        return error_set(err, ERROR_BAD_REQUEST,
                         "The option snapshot is '%.*s': it must be a snapshot's number",
                         SLICE_ARG(text));
    bool ok = json_object_set_new(body, "snapshot-id", json_integer(id)) == 0 &&
              json_object_set_new(body, "use-snapshot-schema", json_true()) == 0;
    return ok || error_no_memory(err, "a request");
}

static bool fill_body(struct options *options, json_t *body, struct error *err)
{
    if (option_text(options, OPTION_FILTER).len > 0)
        TRY(check_filter(options, err));
    return set_text(body, "where", option_text(options, OPTION_FILTER), err) &&
           set_text(body, "ref", option_text(options, OPTION_REF), err) &&
           set_snapshot(body, option_text(options, OPTION_SNAPSHOT), err);
}

static bool make_body(struct options *options, char **ret_text, struct error *err)
{
    json_t *body = json_object();
    bool ok = body != NULL || error_no_memory(err, "a request");
    ok = ok && fill_body(options, body, err);
    if (ok)
        *ret_text = json_dumps(body, JSON_COMPACT);
    json_decref(body);
    return ok && (*ret_text != NULL || error_no_memory(err, "a request"));
}

/* --- the answer ----------------------------------------------------------------------------- */

static bool no_answer_of_ours(const struct http_exchange *exchange, struct error *err)
{
    return error_set(err, ERROR_STORAGE,
                     "%s answered with status %ld and no explanation: is it this version of firn?",
                     exchange->url, exchange->status);
}

static bool print_words(const struct http_exchange *exchange, const json_t *tree, struct error *err)
{
    const json_t *words = json_object_get(tree, "words"), *line;
    size_t i;
    if (!json_is_array(words))
        return no_answer_of_ours(exchange, err);
    json_array_foreach(words, i, line)
        puts(json_is_string(line) ? json_string_value(line) : "");
    return true;
}

static bool print_answer(const struct options *options, const struct http_exchange *exchange,
                         struct error *err)
{
    struct slice text = buffer_slice(exchange->answer);
    json_t *tree = NULL;
    if (!json_tree_parse(text, "the answer", &tree, err))
        return no_answer_of_ours(exchange, err);
    const json_t *message = json_object_get(json_object_get(tree, "error"), "message");
    bool ok = exchange->status == 200;
    if (!ok && json_is_string(message))
        error_set(err, ERROR_BAD_REQUEST, "%s", json_string_value(message));
    else if (!ok)
        no_answer_of_ours(exchange, err);
    else if (option_number(options, OPTION_JSON))
        printf("%.*s\n", (int)text.len, text.ptr);
    else
        ok = print_words(exchange, tree, err);
    json_decref(tree);
    return ok;
}

static bool ask(struct options *options, const char *url, const char *body, struct error *err)
{
    struct buffer answer;
    struct http_exchange exchange = {
        .url = url,
        .body = slice_from_string(body),
        .is_own_machine = option_text(options, OPTION_URL).len == 0,
        .answer = &answer,
    };
    buffer_init(&answer, MAX_ANSWER_SIZE);
    bool ok = http_client_post(&exchange, err) && print_answer(options, &exchange, err);
    buffer_finish(&answer);
    return ok;
}

static int explain(struct options *options, struct error *err)
{
    struct buffer url;
    char *body = NULL;
    buffer_init(&url, MAX_URL_SIZE);
    int code = make_url(options, &url, err) && make_body(options, &body, err) ? EXIT_FINE
                                                                              : EXIT_USAGE;
    if (code == EXIT_FINE && !ask(options, url.ptr, body, err))
        code = EXIT_FAILED;
    free(body);
    buffer_finish(&url);
    return code;
}

int cmd_plan(int count, char *const *arguments)
{
    struct options options;
    struct error err = {0};
    bool wants_help = false;
    int code = EXIT_FINE;
    if (!options_load_for(&PLAN, count, arguments, command_variable, &options, &wants_help, &err))
        return command_fail(&err, EXIT_USAGE);
    if (wants_help) {
        puts(PLAN_HELP);
        options_print_help_for(&PLAN, stdout);
    } else {
        code = explain(&options, &err);
    }
    options_finish(&options);
    return code == EXIT_FINE ? code : command_fail(&err, code);
}
