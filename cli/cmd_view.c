/* firn view (cli/command.h). */
#include "cli/command.h"

#include "cli/listing_command.h"
#include "cli/output.h"
#include "cli/remote.h"
#include "cli/show.h"

static const unsigned IDS[] = {FLAG_WAREHOUSE, REMOTE_IDS};
static const unsigned NO_IDS[] = {OPTION_END};

const struct command command_view = {
    .takes = COMMAND_TAKES("view", NULL, NO_IDS),
    .summary = "list, show, drop and rename views",
    .details = "Views of the running server. A VIEW is namespace.view; a level with a dot in it\n"
               "stands in `quotes`.\n",
};

static bool list(struct command_run *run, struct error *err)
{
    return listing_print(run, "/views", err);
}

const struct command command_view_list = {
    .takes = COMMAND_TAKES("view list", "NAMESPACE", IDS),
    .summary = "those of a namespace, one a line",
    .details = "Prints the views of a namespace as the other commands take them.\n",
    .run = list,
};

/* --- show ----------------------------------------------------------------------------------- */

/* Each dialect's text, of the version that is current. */
static void put_texts(const json_t *metadata, struct buffer *out)
{
    const json_t *current = json_object_get(metadata, "current-version-id");
    size_t i, j;
    json_t *version, *text;
    json_array_foreach(json_object_get(metadata, "versions"), i, version) {
        if (!json_equal(json_object_get(version, "version-id"), (json_t *)current))
            continue;
        json_array_foreach(json_object_get(version, "representations"), j, text) {
            show_value(json_object_get(text, "dialect"), out);
            buffer_append_string(out, ": ");
            show_value(json_object_get(text, "sql"), out);
            buffer_append_byte(out, '\n');
        }
    }
}

static bool show(struct command_run *run, struct error *err)
{
    json_t *answer = NULL;
    struct buffer out;
    TRY(remote_send_operand(run, "GET", REMOTE_VIEW, &answer, err));
    if (run->wants_json)
        return output_json(answer, err);
    const json_t *metadata = json_object_get(answer, "metadata");
    buffer_init(&out, MAX_SHOWN_SIZE);
    put_texts(metadata, &out);
    show_properties(json_object_get(metadata, "properties"), &out);
    json_decref(answer);
    return show_end(&out, err);
}

const struct command command_view_show = {
    .takes = COMMAND_TAKES("view show", "VIEW", IDS),
    .summary = "its SQL and its properties",
    .details =
        "Prints what a view says now; --json prints all that the server answers to a load.\n",
    .run = show,
};

/* --- drop, rename --------------------------------------------------------------------------- */

static bool drop(struct command_run *run, struct error *err)
{
    return remote_drop_operand(run, REMOTE_VIEW, err);
}

const struct command command_view_drop = {
    .takes = COMMAND_TAKES("view drop", "VIEW", IDS),
    .summary = "remove one",
    .details = "Removes a view from the catalog.\n",
    .run = drop,
};

static bool rename_view(struct command_run *run, struct error *err)
{
    return rename_command(run, "/views/rename", err);
}

const struct command command_view_rename = {
    .takes = COMMAND_TAKES("view rename", "FROM TO", IDS),
    .summary = "give one another name or namespace",
    .details = "Renames a view. Both names are namespace.view.\n",
    .run = rename_view,
};
