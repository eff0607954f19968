/* firn import (cli/command.h): moves the tables and views of another catalog in. */
#include "cli/command.h"

#include "cli/import.h"
#include "cli/remote.h"

/* In the order of the choices of --from. */
static const struct import_source *const SOURCES[] = {&import_rest, &import_jdbc, &import_hadoop};

static bool check_usage(const struct options *options, struct error *err)
{
    bool has_login =
        option_text(options, FLAG_TOKEN).len > 0 || option_text(options, FLAG_CREDENTIAL).len > 0;
    if (option_text(options, FLAG_TOKEN).len > 0 && option_text(options, FLAG_CREDENTIAL).len > 0)
        return error_set(err, ERROR_BAD_REQUEST, "Give --token or --credential, not both");
    if (has_login && option_number(options, FLAG_FROM) != 0)
        return error_set(err, ERROR_BAD_REQUEST,
                         "--token and --credential are for --from rest: a file needs none");
    return true;
}

/* The report comes also where a run was cut short: what it says was done is done. */
static bool run_and_print(struct import *import, struct error *err)
{
    if (!import_run(import, err)) {
        enum exit_code code = (enum exit_code)import->run->code;
        import_print(import, NULL);
        import->run->code = (int)code;
        return false;
    }
    import->run->code = (int)import_code(import);
    return import_print(import, err);
}

static bool import_all(struct import *import, struct error *err)
{
    const struct import_source *source = SOURCES[option_number(&import->run->options, FLAG_FROM)];
    import->source = source;
    if ((source->open && !source->open(import, err)) || !source->list(import, err))
        return false;
    return import_prune(import, err) && run_and_print(import, err);
}

static bool import_catalog(struct command_run *run, struct error *err)
{
    struct import import;
    TRY(check_usage(&run->options, err));
    bool ok = import_init(&import, run, err) && import_all(&import, err);
    import_finish(&import);
    return ok;
}

static const unsigned IDS[] = {
    FLAG_FROM,  FLAG_SOURCE_WAREHOUSE, FLAG_DRY_RUN, FLAG_INCLUDE,   FLAG_EXCLUDE, FLAG_INTO,
    FLAG_TOKEN, FLAG_CREDENTIAL,       FLAG_SCOPE,   FLAG_WAREHOUSE, REMOTE_IDS};

const struct command command_import = {
    .takes = COMMAND_TAKES("import", "SOURCE", IDS),
    .summary = "move the tables and views of another catalog in",
    .details = "Registers with the running server what another catalog has. Files stay where they\n"
               "are, and the source is not changed: stop its writers first. A run that was cut\n"
               "short goes on when it is started again. SOURCE is a REST catalog's address, the\n"
               "SQLite file of a JDBC catalog, or a directory of Hadoop tables.\n",
    .examples = "    firn import http://old:8181 --dry-run\n"
                "    firn import --from jdbc-sqlite catalog.db\n"
                "    firn import --from hadoop /srv/lake --include 'sales.*'\n",
    .run = import_catalog,
};
