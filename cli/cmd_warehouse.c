/* firn warehouse (cli/command.h). */
#include "cli/command.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/file_text.h"
#include "base/json_tree.h"
#include "base/limits.h"
#include "cli/output.h"
#include "cli/remote.h"
#include "cli/show.h"
#include "storage/secret_box.h"

static const unsigned IDS[] = {REMOTE_IDS};
static const unsigned CREATE_IDS[] = {FLAG_PROPERTY, FLAG_STORAGE, REMOTE_IDS};
static const unsigned ALTER_IDS[] = {FLAG_LOCATION, FLAG_STORAGE, FLAG_PROPERTY, REMOTE_IDS};
static const unsigned SET_IDS[] = {FLAG_PROPERTY, REMOTE_IDS};
static const unsigned NO_IDS[] = {OPTION_END};

const struct command command_warehouse = {
    .takes = COMMAND_TAKES("warehouse", NULL, NO_IDS),
    .summary = "list, show, create, change and remove warehouses",
    .details = "Warehouses of the running server: what a client names when it connects, with\n"
               "namespaces and a location of its own.\n",
};

static bool call(struct command_run *run, const char *method, const json_t *body,
                 json_t **ret_answer, struct error *err)
{
    struct remote_request request = {.method = method,
                                     .place = REMOTE_WAREHOUSE,
                                     .name = run->options.operands[0],
                                     .body = body};
    return remote_send(run, &request, ret_answer, err);
}

/* --- list ----------------------------------------------------------------------------------- */

static void put_warehouse(const json_t *warehouse, struct buffer *out)
{
    show_value(json_object_get(warehouse, "name"), out);
    buffer_append_string(out, "  ");
    show_value(json_object_get(warehouse, "location"), out);
    buffer_append_string(out, json_is_true(json_object_get(warehouse, "default")) ? "  (default)\n"
                                                                                  : "\n");
}

static bool list(struct command_run *run, struct error *err)
{
    struct remote_request request = {.method = "GET",
                                     .place = REMOTE_ROOT,
                                     .suffix = "/management/v1/warehouses"};
    json_t *answer = NULL, *warehouse;
    struct buffer out;
    size_t i;
    TRY(remote_send(run, &request, &answer, err));
    if (run->wants_json)
        return output_json(answer, err);
    buffer_init(&out, MAX_SHOWN_SIZE);
    json_array_foreach(json_object_get(answer, "warehouses"), i, warehouse)
        put_warehouse(warehouse, &out);
    json_decref(answer);
    return show_end(&out, err);
}

const struct command command_warehouse_list = {
    .takes = COMMAND_TAKES("warehouse list", NULL, IDS),
    .summary = "all of them, and where they lie",
    .details = "Prints the name and the location of each warehouse.\n",
    .run = list,
};

/* --- a storage profile ---------------------------------------------------------------------- */

static bool read_json(FILE *stream, const char *path, json_t **ret_json, struct error *err)
{
    struct buffer text;
    buffer_init(&text, MAX_PROFILE_JSON_SIZE);
    bool ok = (file_stream_read(stream, &text) ||
               error_set(err, ERROR_BAD_REQUEST, "%s cannot be read", path)) &&
              buffer_check(&text, path, err) &&
              json_tree_parse(buffer_slice(&text), path, ret_json, err);
    secret_buffer_finish(&text);
    return ok;
}

/* --storage, as the member "storage" of `body`. A file, because others see command lines. */
static bool set_storage(const struct options *options, json_t *body, struct error *err)
{
    const char *path = option_text(options, FLAG_STORAGE).ptr;
    json_t *storage = NULL;
    bool is_stdin = strcmp(path, "-") == 0;
    if (path[0] == '\0')
        return true;
    FILE *stream = is_stdin ? stdin : fopen(path, "re");
    if (stream == NULL)
        return error_set(err, ERROR_BAD_REQUEST, "%s cannot be opened: %s", path, strerror(errno));
    bool ok = read_json(stream, path, &storage, err);
    if (!is_stdin)
        fclose(stream);
    return ok && (json_object_set_new(body, "storage", storage) == 0 ||
                  error_no_memory(err, "a request"));
}

static void put_storage(const json_t *storage, struct buffer *out)
{
    char *text = storage ? json_dumps(storage, JSON_INDENT(2)) : NULL;
    if (text != NULL) {
        buffer_append_string(out, "storage ");
        buffer_append_string(out, text);
        buffer_append_string(out, "\n");
    }
    free(text);
}

/* --- show, create, alter, set --------------------------------------------------------------- */

static bool print_one(struct command_run *run, json_t *owned, struct error *err)
{
    struct buffer out;
    if (run->wants_json)
        return output_json(owned, err);
    buffer_init(&out, MAX_SHOWN_SIZE);
    put_warehouse(owned, &out);
    show_properties(json_object_get(owned, "properties"), &out);
    put_storage(json_object_get(owned, "storage"), &out);
    const json_t *fault = json_object_get(owned, "storage-fault");
    if (fault) {
        show_value(fault, &out);
        buffer_append_string(&out, "\n");
    }
    json_decref(owned);
    return show_end(&out, err);
}

static bool show(struct command_run *run, struct error *err)
{
    json_t *answer = NULL;
    return call(run, "GET", NULL, &answer, err) && print_one(run, answer, err);
}

const struct command command_warehouse_show = {
    .takes = COMMAND_TAKES("warehouse show", "NAME", IDS),
    .summary = "its location and properties",
    .details = "Prints one warehouse.\n",
    .run = show,
};

/* Takes `body` over, which is the request's, and NULL where memory was short; `is_filled` where
 * nothing that it should hold is missing. */
static bool send_body(struct command_run *run, const struct remote_request *request, json_t *body,
                      bool is_filled, struct error *err)
{
    json_t *answer = NULL;
    bool ok = is_filled && remote_send(run, request, &answer, err);
    json_decref(body);
    return ok && print_one(run, answer, err);
}

static bool create(struct command_run *run, struct error *err)
{
    struct slice name = run->options.operands[0], location = run->options.operands[1];
    json_t *body = json_pack("{s:s%, s:s%}", "name", name.ptr, name.len, "location", location.ptr,
                             location.len);
    struct remote_request request = {.method = "POST",
                                     .place = REMOTE_ROOT,
                                     .suffix = "/management/v1/warehouses",
                                     .body = body};
    bool is_filled = (body || error_no_memory(err, "a request")) &&
                     remote_set_properties(&run->options, body, err) &&
                     set_storage(&run->options, body, err);
    return send_body(run, &request, body, is_filled, err);
}

const struct command command_warehouse_create = {
    .takes = COMMAND_TAKES("warehouse create", "NAME LOCATION", CREATE_IDS),
    .summary = "make one at a place that it may use",
    .details = "Makes a warehouse. Its location lies below the server's data directory, or below\n"
               "one that the server was started with (--allow-location), or in an object store:\n"
               "then --storage says how that is reached, and with which credentials\n"
               "(docs/warehouses.md). The server encrypts secrets and shows them to nobody.\n",
    .examples = "    firn warehouse create lake file:///srv/lake --property owner=anna\n"
                "    firn warehouse create lake s3://bucket/lake --storage minio.json\n",
    .run = create,
};

static bool alter(struct command_run *run, struct error *err)
{
    json_t *body = json_object();
    struct slice location = option_text(&run->options, FLAG_LOCATION);
    struct remote_request request = {.method = "POST",
                                     .place = REMOTE_WAREHOUSE,
                                     .name = run->options.operands[0],
                                     .body = body};
    bool has_properties = run->options.values[FLAG_PROPERTY].item_count > 0;
    bool is_filled = (body || error_no_memory(err, "a request")) &&
                     (location.len == 0 ||
                      json_object_set_new(body, "location", json_from_slice(location)) == 0 ||
                      error_set(err, ERROR_BAD_REQUEST, "The option location is not UTF-8")) &&
                     (!has_properties || remote_set_properties(&run->options, body, err)) &&
                     set_storage(&run->options, body, err);
    return send_body(run, &request, body, is_filled, err);
}

const struct command command_warehouse_alter = {
    .takes = COMMAND_TAKES("warehouse alter", "NAME", ALTER_IDS),
    .summary = "change its place or its storage profile",
    .details = "Changes what is given and leaves the rest. A storage profile takes the place of\n"
               "the one there was; null in it stands for a secret that is kept. Properties that\n"
               "are given take the place of all that there were.\n",
    .examples = "    firn warehouse alter lake --storage minio.json\n",
    .run = alter,
};

static bool set(struct command_run *run, struct error *err)
{
    json_t *body = json_object();
    struct remote_request request = {.method = "POST",
                                     .place = REMOTE_WAREHOUSE,
                                     .name = run->options.operands[0],
                                     .body = body};
    bool is_filled = (body || error_no_memory(err, "a request")) &&
                     remote_set_properties(&run->options, body, err);
    return send_body(run, &request, body, is_filled, err);
}

const struct command command_warehouse_set = {
    .takes = COMMAND_TAKES("warehouse set", "NAME", SET_IDS),
    .summary = "give one these properties and no others",
    .details = "The properties that are given take the place of all that there were.\n",
    .run = set,
};

/* --- check ---------------------------------------------------------------------------------- */

static void put_check(const json_t *check, struct buffer *out)
{
    bool is_ok = json_is_true(json_object_get(check, "ok"));
    buffer_append_string(out, is_ok ? "ok      " : "failed  ");
    show_value(json_object_get(check, "check"), out);
    if (!is_ok) {
        buffer_append_string(out, ": ");
        show_value(json_object_get(check, "detail"), out);
    }
    buffer_append_string(out, "\n");
}

static bool check(struct command_run *run, struct error *err)
{
    struct remote_request request = {.method = "POST",
                                     .place = REMOTE_WAREHOUSE,
                                     .name = run->options.operands[0],
                                     .suffix = "/check"};
    json_t *answer = NULL, *one;
    struct buffer out;
    size_t i;
    TRY(remote_send(run, &request, &answer, err));
    if (json_integer_value(json_object_get(answer, "failed")) > 0)
        run->code = EXIT_FAILED;
    if (run->wants_json)
        return output_json(answer, err);
    buffer_init(&out, MAX_SHOWN_SIZE);
    json_array_foreach(json_object_get(answer, "checks"), i, one)
        put_check(one, &out);
    json_decref(answer);
    return show_end(&out, err);
}

const struct command command_warehouse_check = {
    .takes = COMMAND_TAKES("warehouse check", "NAME", IDS),
    .summary = "put, read, list and delete a probe there",
    .details = "Puts a probe object, reads, lists and deletes it; where the warehouse makes\n"
               "credentials for clients, tries them, and that they are refused outside of their\n"
               "table. Each failure comes with its cure. Ends with 1 where one is there.\n",
    .run = check,
};

/* --- remove --------------------------------------------------------------------------------- */

static bool remove_one(struct command_run *run, struct error *err)
{
    json_t *answer = NULL;
    TRY(call(run, "DELETE", NULL, &answer, err));
    json_decref(answer);
    return output_done(run->wants_json, "removed", run->options.operands[0], err);
}

const struct command command_warehouse_remove = {
    .takes = COMMAND_TAKES("warehouse remove", "NAME", IDS),
    .summary = "forget one that holds nothing",
    .details = "Removes a warehouse that has no namespace and is not the default one. Its\n"
               "directory stays. Ends with 5 where it is not empty.\n",
    .run = remove_one,
};
