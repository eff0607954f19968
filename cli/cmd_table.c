/* firn table: list, drop, rename, register (cli/command.h); show and history have a file. */
#include "cli/command.h"

#include "cli/entity_name.h"
#include "cli/listing_command.h"
#include "cli/output.h"
#include "cli/remote.h"

static const unsigned IDS[] = {FLAG_WAREHOUSE, REMOTE_IDS};
static const unsigned DROP_IDS[] = {FLAG_PURGE, FLAG_WAREHOUSE, REMOTE_IDS};
static const unsigned REGISTER_IDS[] = {FLAG_OVERWRITE, FLAG_WAREHOUSE, REMOTE_IDS};
static const unsigned NO_IDS[] = {OPTION_END};

const struct command command_table = {
    .takes = COMMAND_TAKES("table", NULL, NO_IDS),
    .summary = "list, show, drop, rename and register tables",
    .details =
        "Tables of the running server. A TABLE is namespace.table; a level with a dot in it\n"
        "stands in `quotes`.\n",
};

static bool list(struct command_run *run, struct error *err)
{
    return listing_print(run, "/tables", err);
}

const struct command command_table_list = {
    .takes = COMMAND_TAKES("table list", "NAMESPACE", IDS),
    .summary = "those of a namespace, one a line",
    .details = "Prints the tables of a namespace as the other commands take them.\n",
    .run = list,
};

/* --- drop ----------------------------------------------------------------------------------- */

static bool drop(struct command_run *run, struct error *err)
{
    bool purges = option_number(&run->options, FLAG_PURGE) != 0;
    struct remote_request request = {.method = "DELETE",
                                     .place = REMOTE_TABLE,
                                     .name = run->options.operands[0],
                                     .suffix = purges ? "?purgeRequested=true" : NULL};
    json_t *answer = NULL;
    TRY(remote_send(run, &request, &answer, err));
    json_decref(answer);
    return output_done(run->wants_json, "dropped", run->options.operands[0], err);
}

const struct command command_table_drop = {
    .takes = COMMAND_TAKES("table drop", "TABLE", DROP_IDS),
    .summary = "remove one; files stay without --purge",
    .details = "Removes a table from the catalog. Its files stay where they are, and its name can\n"
               "be registered again; with --purge they are deleted, and there is no way back.\n",
    .run = drop,
};

/* --- rename --------------------------------------------------------------------------------- */

static bool rename_table(struct command_run *run, struct error *err)
{
    return rename_command(run, "/tables/rename", err);
}

const struct command command_table_rename = {
    .takes = COMMAND_TAKES("table rename", "FROM TO", IDS),
    .summary = "give one another name or namespace",
    .details = "Renames a table; its files stay where they are. Both names are namespace.table.\n",
    .run = rename_table,
};

/* --- register ------------------------------------------------------------------------------- */

static bool make_body(struct command_run *run, json_t *identifier, json_t **ret_body,
                      struct error *err)
{
    struct slice location = run->options.operands[1];
    *ret_body = json_pack("{s:O, s:s%, s:b}", "name", json_object_get(identifier, "name"),
                          "metadata-location", location.ptr, location.len, "overwrite",
                          (int)option_number(&run->options, FLAG_OVERWRITE));
    return *ret_body || error_set(err, ERROR_BAD_REQUEST, "The location is not UTF-8");
}

static bool register_table(struct command_run *run, struct error *err)
{
    json_t *identifier = NULL, *body = NULL, *answer = NULL;
    struct slice name = run->options.operands[0];
    TRY(entity_name_identifier(name, &identifier, err));
    bool ok = make_body(run, identifier, &body, err) &&
              remote_send(run,
                          &(struct remote_request){.method = "POST",
                                                   .place = REMOTE_NAMESPACE,
                                                   .name = entity_name_namespace(name),
                                                   .suffix = "/register",
                                                   .body = body},
                          &answer, err);
    json_decref(identifier);
    json_decref(body);
    json_decref(answer);
    return ok && output_done(run->wants_json, "registered", name, err);
}

const struct command command_table_register = {
    .takes = COMMAND_TAKES("table register", "TABLE METADATA", REGISTER_IDS),
    .summary = "add one by its metadata file",
    .details = "METADATA is the location of a metadata file that lies where the server may read "
               "it.\n",
    .examples = "    firn table register db.t file:///srv/lake/t/metadata/3.metadata.json\n",
    .run = register_table,
};
