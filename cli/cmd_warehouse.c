/* firn warehouse (cli/command.h). */
#include "cli/command.h"

#include "cli/output.h"
#include "cli/remote.h"
#include "cli/show.h"

static const unsigned IDS[] = {REMOTE_IDS};
static const unsigned CREATE_IDS[] = {FLAG_PROPERTY, REMOTE_IDS};
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

/* --- show, create, set ---------------------------------------------------------------------- */

static bool print_one(struct command_run *run, json_t *owned, struct error *err)
{
    struct buffer out;
    if (run->wants_json)
        return output_json(owned, err);
    buffer_init(&out, MAX_SHOWN_SIZE);
    put_warehouse(owned, &out);
    show_properties(json_object_get(owned, "properties"), &out);
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

static bool send_body(struct command_run *run, const struct remote_request *request, json_t *body,
                      struct error *err)
{
    json_t *answer = NULL;
    bool ok = (body || error_no_memory(err, "a request")) &&
              remote_set_properties(&run->options, body, err) &&
              remote_send(run, request, &answer, err);
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
    return send_body(run, &request, body, err);
}

const struct command command_warehouse_create = {
    .takes = COMMAND_TAKES("warehouse create", "NAME LOCATION", CREATE_IDS),
    .summary = "make one at a place that it may use",
    .details = "Makes a warehouse. Its location lies below the server's data directory, or below\n"
               "one that the server was started with (--allow-location).\n",
    .examples = "    firn warehouse create lake file:///srv/lake --property owner=anna\n",
    .run = create,
};

static bool set(struct command_run *run, struct error *err)
{
    json_t *body = json_object();
    struct remote_request request = {.method = "POST",
                                     .place = REMOTE_WAREHOUSE,
                                     .name = run->options.operands[0],
                                     .body = body};
    return send_body(run, &request, body, err);
}

const struct command command_warehouse_set = {
    .takes = COMMAND_TAKES("warehouse set", "NAME", CREATE_IDS),
    .summary = "give one these properties and no others",
    .details = "The properties that are given take the place of all that there were.\n",
    .run = set,
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
