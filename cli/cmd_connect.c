/* firn connect (cli/command.h): asks the server where things are, and prints the lines to paste. */
#include "cli/command.h"

#include "base/json_tree.h"
#include "base/limits.h"
#include "cli/connect.h"
#include "cli/output.h"
#include "cli/remote.h"

#define MAX_TEXT_SIZE (64 * KIB)

static bool get(struct command_run *run, enum remote_place place, struct slice name,
                const char *suffix, json_t **ret_answer, struct error *err)
{
    struct remote_request request = {.method = "GET",
                                     .place = place,
                                     .name = name,
                                     .suffix = suffix};
    return remote_send(run, &request, ret_answer, err);
}

static bool ask_location(struct command_run *run, struct slice *ret_location, struct error *err)
{
    json_t *answer = NULL;
    struct slice location = SLICE_EMPTY;
    TRY(get(run, REMOTE_WAREHOUSE, option_text(&run->options, FLAG_WAREHOUSE), NULL, &answer, err));
    bool ok = json_get_string(answer, "location", &location, err);
    if (ok)
        *ret_location = arena_slice(&run->options.arena, location);
    json_decref(answer);
    return ok && (ret_location->ptr || error_no_memory(err, "the warehouse's location"));
}

/* Whether demo.flights is there; a table of that name that somebody else made will do as well. */
static bool ask_demo(struct command_run *run, bool *ret_has_demo, struct error *err)
{
    json_t *answer = NULL;
    *ret_has_demo =
        get(run, REMOTE_TABLE, SLICE_LITERAL("demo.flights"), "?snapshots=refs", &answer, err);
    json_decref(answer);
    if (!*ret_has_demo && run->code != EXIT_NOT_THERE)
        return false;
    run->code = EXIT_DONE;
    return true;
}

/* What /v1/config answers is for clients; that it answers, and knows the warehouse, is for us. */
static bool ask_config(struct command_run *run, struct error *err)
{
    json_t *answer = NULL;
    struct slice suffix = arena_printf(&run->options.arena, "/v1/config?warehouse=%s",
                                       option_text(&run->options, FLAG_WAREHOUSE).ptr);
    if (suffix.ptr == NULL)
        return error_no_memory(err, "the address");
    bool ok = get(run, REMOTE_ROOT, SLICE_EMPTY, suffix.ptr, &answer, err);
    json_decref(answer);
    return ok;
}

static bool print(struct command_run *run, const struct connect *connect, struct error *err)
{
    struct buffer text;
    buffer_init(&text, MAX_TEXT_SIZE);
    bool ok = connect_put(connect, &text, err);
    if (ok && run->wants_json)
        ok = output_json(connect_json(connect, buffer_slice(&text)), err);
    else if (ok)
        fwrite(text.ptr, 1, text.len, stdout);
    buffer_finish(&text);
    return ok;
}

static bool connect_engine(struct command_run *run, struct error *err)
{
    struct options *options = &run->options;
    struct buffer url;
    buffer_init(&url, MAX_URI_SIZE);
    remote_put_url(options, &url);
    struct connect asked = {
        .target = options->operands[0],
        .url = buffer_slice(&url),
        .warehouse = option_text(options, FLAG_WAREHOUSE),
        .catalog = option_text(options, FLAG_CATALOG),
        .spark = option_text(options, FLAG_SPARK),
        .scala = option_text(options, FLAG_SCALA),
        .flink = option_text(options, FLAG_FLINK),
    };
    bool ok = buffer_check(&url, "the address", err) && connect_check(&asked, err) &&
              ask_config(run, err) && ask_location(run, &asked.location, err) &&
              ask_demo(run, &asked.has_demo, err) && print(run, &asked, err);
    buffer_finish(&url);
    return ok;
}

static const unsigned IDS[] = {FLAG_WAREHOUSE, FLAG_CATALOG, FLAG_SPARK,
                               FLAG_SCALA,     FLAG_FLINK,   REMOTE_IDS};

const struct command command_connect = {
    .takes = {.command = "connect",
              .operands = "TARGET",
              .choices = connect_names,
              .rows = flag_rows,
              .ids = IDS},
    .summary = "print the lines that connect an engine to this server",
    .details =
        "Prints lines to paste as they are: for a shell, Python, SQL, or a file of properties.\n"
        "The running server is asked which warehouse they lead to and where it lies.\n",
    .examples = "    python3 -i <(firn connect pyspark)\n",
    .run = connect_engine,
};
