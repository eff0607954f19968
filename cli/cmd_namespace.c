/* firn namespace (cli/command.h). */
#include "cli/command.h"

#include "base/limits.h"
#include "cli/entity_name.h"
#include "cli/output.h"
#include "cli/remote.h"
#include "cli/show.h"

static const unsigned IDS[] = {FLAG_WAREHOUSE, REMOTE_IDS};
static const unsigned CREATE_IDS[] = {FLAG_PROPERTY, FLAG_WAREHOUSE, REMOTE_IDS};
static const unsigned NO_IDS[] = {OPTION_END};

#define NAMES_HELP "A level with a dot in it stands in `quotes`: a.`b.c`.\n"

const struct command command_namespace = {
    .takes = COMMAND_TAKES("namespace", NULL, NO_IDS),
    .summary = "list, show, create and drop namespaces",
    .details = "Namespaces of the running server. " NAMES_HELP,
};

/* --- list ----------------------------------------------------------------------------------- */

static bool ask_list(struct command_run *run, json_t **ret_answer, struct error *err)
{
    struct buffer suffix;
    struct slice parent = run->options.operands[0];
    buffer_init(&suffix, MAX_URI_SIZE);
    buffer_append_string(&suffix, "/namespaces");
    bool ok = true;
    if (parent.ptr) {
        buffer_append_string(&suffix, "?parent=");
        ok = entity_name_put_namespace(parent, &suffix, err);
    }
    buffer_append_byte(&suffix, '\0');
    ok = ok && buffer_check(&suffix, "the address", err) &&
         remote_send(run,
                     &(struct remote_request){.method = "GET",
                                              .place = REMOTE_PREFIX,
                                              .suffix = suffix.ptr},
                     ret_answer, err);
    buffer_finish(&suffix);
    return ok;
}

static bool list(struct command_run *run, struct error *err)
{
    json_t *answer = NULL, *levels;
    struct buffer out;
    size_t i;
    TRY(ask_list(run, &answer, err));
    if (run->wants_json)
        return output_json(answer, err);
    buffer_init(&out, MAX_SHOWN_SIZE);
    json_array_foreach(json_object_get(answer, "namespaces"), i, levels) {
        show_levels(levels, &out);
        buffer_append_byte(&out, '\n');
    }
    json_decref(answer);
    return show_end(&out, err);
}

const struct command command_namespace_list = {
    .takes = COMMAND_TAKES("namespace list", "[PARENT]", IDS),
    .summary = "those of a level, one a line",
    .details = "Prints the namespaces directly below PARENT, or those at the top. " NAMES_HELP,
    .run = list,
};

/* --- show ----------------------------------------------------------------------------------- */

static bool show(struct command_run *run, struct error *err)
{
    json_t *answer = NULL;
    struct buffer out;
    TRY(remote_send_operand(run, "GET", REMOTE_NAMESPACE, &answer, err));
    if (run->wants_json)
        return output_json(answer, err);
    buffer_init(&out, MAX_SHOWN_SIZE);
    show_levels(json_object_get(answer, "namespace"), &out);
    buffer_append_byte(&out, '\n');
    show_properties(json_object_get(answer, "properties"), &out);
    json_decref(answer);
    return show_end(&out, err);
}

const struct command command_namespace_show = {
    .takes = COMMAND_TAKES("namespace show", "NAMESPACE", IDS),
    .summary = "its properties",
    .details = "Prints a namespace with its properties. " NAMES_HELP,
    .run = show,
};

/* --- create --------------------------------------------------------------------------------- */

static bool create(struct command_run *run, struct error *err)
{
    json_t *body = json_object(), *levels = NULL, *answer = NULL;
    bool ok =
        (body || error_no_memory(err, "a request")) &&
        remote_set_properties(&run->options, body, err) &&
        entity_name_levels(run->options.operands[0], &levels, err) &&
        (json_object_set_new(body, "namespace", levels) == 0 || error_no_memory(err, "a request"));
    ok = ok && remote_send(run,
                           &(struct remote_request){.method = "POST",
                                                    .place = REMOTE_PREFIX,
                                                    .suffix = "/namespaces",
                                                    .body = body},
                           &answer, err);
    json_decref(body);
    if (!ok)
        return false;
    if (run->wants_json)
        return output_json(answer, err);
    json_decref(answer);
    return output_done(false, "created", run->options.operands[0], err);
}

const struct command command_namespace_create = {
    .takes = COMMAND_TAKES("namespace create", "NAMESPACE", CREATE_IDS),
    .summary = "make one; its parent must be there",
    .details = "Makes a namespace below one that is there, or at the top. " NAMES_HELP,
    .examples = "    firn namespace create sales.eu --property owner=anna\n",
    .run = create,
};

/* --- drop ----------------------------------------------------------------------------------- */

static bool drop(struct command_run *run, struct error *err)
{
    return remote_drop_operand(run, REMOTE_NAMESPACE, err);
}

const struct command command_namespace_drop = {
    .takes = COMMAND_TAKES("namespace drop", "NAMESPACE", IDS),
    .summary = "remove one that is empty",
    .details = "Removes a namespace that holds neither tables nor views nor namespaces. Ends with\n"
               "5 where it does. " NAMES_HELP,
    .run = drop,
};
