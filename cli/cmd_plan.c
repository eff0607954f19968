/* firn plan (cli/command.h): asks the running server to explain a scan. */
#include "cli/command.h"

#include "base/json_tree.h"
#include "cli/output.h"
#include "cli/remote.h"
#include "cli/terminal.h"
#include "iceberg/filter_text.h"

/* --- what ----------------------------------------------------------------------------------- */

/* The server reads the filter itself; here it is only looked at, to show where a mistake is. */
static bool check_filter(struct options *options, struct error *err)
{
    struct slice text = option_text(options, FLAG_FILTER);
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
    if (option_text(options, FLAG_FILTER).len > 0)
        TRY(check_filter(options, err));
    return set_text(body, "where", option_text(options, FLAG_FILTER), err) &&
           set_text(body, "ref", option_text(options, FLAG_REF), err) &&
           set_snapshot(body, option_text(options, FLAG_SNAPSHOT), err);
}

static bool make_body(struct options *options, json_t **ret_body, struct error *err)
{
    json_t *body = json_object();
    if (body == NULL)
        return error_no_memory(err, "a request");
    if (fill_body(options, body, err)) {
        *ret_body = body;
        return true;
    }
    json_decref(body);
    return false;
}

/* --- the answer ----------------------------------------------------------------------------- */

static bool print_words(const json_t *answer, struct error *err)
{
    const json_t *words = json_object_get(answer, "words"), *line;
    size_t i;
    if (!json_is_array(words))
        return error_set(err, ERROR_INTERNAL,
                         "The answer has no words: is it this version of firn?");
    json_array_foreach(words, i, line) {
        terminal_print(stdout, json_is_string(line) ? json_slice(line) : SLICE_EMPTY);
        putchar('\n');
    }
    return true;
}

static bool print_answer(struct command_run *run, json_t *owned, struct error *err)
{
    if (run->wants_json)
        return output_json(owned, err);
    bool ok = print_words(owned, err);
    json_decref(owned);
    return ok;
}

static bool plan(struct command_run *run, struct error *err)
{
    json_t *body = NULL, *answer = NULL;
    TRY(make_body(&run->options, &body, err));
    bool ok = remote_send(run,
                          &(struct remote_request){.method = "POST",
                                                   .place = REMOTE_MANAGED_TABLE,
                                                   .name = run->options.operands[0],
                                                   .suffix = "/explain",
                                                   .body = body},
                          &answer, err);
    json_decref(body);
    return ok && print_answer(run, answer, err);
}

static const unsigned IDS[] = {FLAG_FILTER, FLAG_SNAPSHOT, FLAG_REF, FLAG_WAREHOUSE, REMOTE_IDS};

const struct command command_plan = {
    .takes = COMMAND_TAKES("plan", "TABLE", IDS),
    .summary = "explain a scan: what it reads, what it leaves out, and why",
    .details = "Asks the running server which manifests and files a scan of a table reads, which\n"
               "it leaves out and why. TABLE is namespace.table; a level with a dot in it stands\n"
               "in `.\n\n"
               "A filter has = != < <= > >=, in, between, is null, is nan, like 'x%', starts\n"
               "with 'x', and, or, not, and the transforms year(ts), month, day, hour,\n"
               "bucket(16, id), truncate(4, name).\n",
    .examples = "    firn plan db.events --filter \"ts >= '2024-01-01' and id in (7, 8)\"\n",
    .run = plan,
};
