/* firn undrop (cli/command.h): asks the running server to bring back what was dropped. */
#include "cli/command.h"

#include "base/clock.h"
#include "base/json_tree.h"
#include "base/limits.h"
#include "base/percent.h"
#include "cli/entity_name.h"
#include "cli/output.h"
#include "cli/remote.h"
#include "cli/show.h"
#include "cli/terminal.h"

/* --- the request ---------------------------------------------------------------------------- */

static bool set_destination(json_t *body, struct slice name, struct error *err)
{
    json_t *destination = json_object();
    if (destination == NULL || json_object_set_new(body, "destination", destination) != 0)
        return error_no_memory(err, "a request");
    return entity_name_put_members(name, destination, err);
}

static bool fill_body(const struct options *options, json_t *body, struct error *err)
{
    struct slice name = options->operands[0];
    struct slice uuid = option_text(options, FLAG_UUID), as = option_text(options, FLAG_AS);
    if (name.ptr)
        TRY(entity_name_put_members(name, body, err));
    if (uuid.len > 0 && json_object_set_new(body, "uuid", json_from_slice(uuid)) != 0)
        return error_set(err, ERROR_BAD_REQUEST, "The option uuid is not UTF-8");
    return as.len == 0 || set_destination(body, as, err);
}

static bool check_usage(const struct options *options, struct error *err)
{
    bool lists = option_number(options, FLAG_LIST), forgets = option_number(options, FLAG_FORGET);
    bool has_as = option_text(options, FLAG_AS).len > 0;
    bool names = options->operands[0].ptr || option_text(options, FLAG_UUID).len > 0;
    if (lists && (names || forgets || has_as))
        return error_set(err, ERROR_BAD_REQUEST,
                         "--list goes with no TABLE, --uuid, --as or --forget");
    if (!lists && !names)
        return error_set(err, ERROR_BAD_REQUEST,
                         "firn undrop needs a TABLE, --uuid or --list: see firn undrop --help");
    return !forgets || !has_as ||
           error_set(err, ERROR_BAD_REQUEST, "--forget brings nothing back: leave --as out");
}

/* --- what it says --------------------------------------------------------------------------- */

static struct slice text_of(const json_t *object, const char *name)
{
    const json_t *value = json_object_get(object, name);
    return json_is_string(value) ? json_slice(value) : SLICE_EMPTY;
}

static void print_name(const json_t *object)
{
    struct buffer name;
    buffer_init(&name, MAX_SHOWN_SIZE);
    show_identifier(object, &name);
    fwrite(buffer_slice(&name).ptr, 1, buffer_slice(&name).len, stdout);
    buffer_finish(&name);
}

static bool is_purge(const json_t *object)
{
    return json_is_true(json_object_get(object, "purge-requested"));
}

static void print_change(const struct options *options, const json_t *answer)
{
    terminal_print(stdout, text_of(answer, "type"));
    putchar(' ');
    print_name(answer);
    if (!option_number(options, FLAG_FORGET))
        puts(" is back");
    else if (is_purge(answer))
        puts(" is forgotten, and its files are deleted");
    else
        puts(" is forgotten; its files stay");
}

static void print_time(const json_t *row, const char *name)
{
    char text[32];
    time_format_iso(json_integer_value(json_object_get(row, name)), text, sizeof text);
    printf("%.19sZ  ", text);
}

static void print_row(const json_t *row)
{
    struct slice type = text_of(row, "type");
    terminal_print(stdout, type);
    printf("%*s", type.len < 7 ? (int)(7 - type.len) : 0, "");
    print_time(row, "dropped-ms");
    print_time(row, "kept-until-ms");
    printf("%-5s  ", is_purge(row) ? "purge" : "stay");
    terminal_print(stdout, text_of(row, "uuid"));
    fputs("  ", stdout);
    print_name(row);
    putchar('\n');
}

static void print_rows(const struct options *options, const json_t *rows)
{
    size_t i;
    const json_t *row;
    if (json_array_size(rows) == 0) {
        struct slice warehouse = option_text(options, FLAG_WAREHOUSE);
        fputs("nothing that was dropped is kept in warehouse ", stdout);
        terminal_print(stdout, warehouse);
        putchar('\n');
        return;
    }
    printf("%-5s  %-20s  %-20s  %-5s  %-36s  %s\n", "type", "dropped", "kept until", "files",
           "uuid", "name");
    json_array_foreach(rows, i, row)
        print_row(row);
}

/* --- asking --------------------------------------------------------------------------------- */

static bool call(struct command_run *run, const char *method, const char *suffix,
                 const json_t *body, json_t **ret_answer, struct error *err)
{
    struct remote_request request = {.method = method,
                                     .place = REMOTE_WAREHOUSE,
                                     .name = option_text(&run->options, FLAG_WAREHOUSE),
                                     .suffix = suffix,
                                     .body = body};
    return remote_send(run, &request, ret_answer, err);
}

static bool put_page_suffix(struct slice token, struct buffer *suffix, struct error *err)
{
    buffer_truncate(suffix, 0);
    buffer_append_string(suffix, "/dropped?pageToken=");
    percent_append(suffix, token);
    buffer_append_byte(suffix, '\0');
    return buffer_check(suffix, "the address", err);
}

/* Every page, one behind the other, into `rows`. */
static bool read_pages(struct command_run *run, struct buffer *suffix, json_t *rows,
                       struct error *err)
{
    bool more = true, ok = put_page_suffix(SLICE_EMPTY, suffix, err);
    while (ok && more) {
        json_t *page = NULL;
        TRY(call(run, "GET", suffix->ptr, NULL, &page, err));
        const json_t *next = json_object_get(page, "next-page-token");
        more = json_is_string(next);
        ok =
            json_array_extend(rows, json_object_get(page, "dropped")) == 0 ||
            error_set(err, ERROR_INTERNAL, "The answer lists nothing: is it this version of firn?");
        if (ok && more)
            ok = put_page_suffix(json_slice(next), suffix, err);
        json_decref(page);
    }
    return ok;
}

static bool list(struct command_run *run, struct error *err)
{
    struct buffer suffix;
    json_t *rows = json_array();
    if (rows == NULL)
        return error_no_memory(err, "the list");
    buffer_init(&suffix, MAX_URI_SIZE);
    bool ok = read_pages(run, &suffix, rows, err);
    buffer_finish(&suffix);
    if (ok && run->wants_json)
        return output_json(json_pack("{s:o}", "dropped", rows), err);
    if (ok)
        print_rows(&run->options, rows);
    json_decref(rows);
    return ok;
}

static bool change(struct command_run *run, struct error *err)
{
    json_t *body = json_object(), *answer = NULL;
    bool forgets = option_number(&run->options, FLAG_FORGET);
    bool ok = body != NULL || error_no_memory(err, "a request");
    ok = ok && fill_body(&run->options, body, err) &&
         call(run, "POST", forgets ? "/forget-dropped" : "/undrop", body, &answer, err);
    json_decref(body);
    if (ok && run->wants_json)
        return output_json(answer, err);
    if (ok)
        print_change(&run->options, answer);
    json_decref(answer);
    return ok;
}

static bool undrop(struct command_run *run, struct error *err)
{
    TRY(check_usage(&run->options, err));
    return option_number(&run->options, FLAG_LIST) ? list(run, err) : change(run, err);
}

static const unsigned IDS[] = {FLAG_LIST,   FLAG_UUID,      FLAG_AS,
                               FLAG_FORGET, FLAG_WAREHOUSE, REMOTE_IDS};

const struct command command_undrop = {
    .takes = COMMAND_TAKES("undrop", "[TABLE]", IDS),
    .summary = "bring back a table or view that was dropped",
    .details = "Brings back what was dropped, as it was: in a warehouse that keeps what is\n"
               "dropped (its property soft-delete-retention), and until that time is over. The\n"
               "running server is asked. TABLE is namespace.table, or a view; a level with a dot\n"
               "in it stands in `. A name that was dropped more than once takes --uuid.\n",
    .examples = "    firn undrop --list\n"
                "    firn undrop db.events --as db.events_old\n"
                "    firn undrop db.events --forget\n",
    .run = undrop,
};
