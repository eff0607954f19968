/* firn backup and firn restore (server/commands.h). */
#include "server/commands.h"

#include <errno.h>
#include <sys/stat.h>

#include "storage/backup.h"
#include "storage/pointer_store.h"

static const enum option_id OPTIONS_OF_BOTH[] = {OPTION_DATA, OPTION_CONFIG, OPTION_COUNT};
static const struct option_command BACKUP = {"backup", "FILE", OPTIONS_OF_BOTH};
static const struct option_command RESTORE = {"restore", "FILE", OPTIONS_OF_BOTH};

typedef bool (*command_fn)(struct options *options, struct error *err);

static int run(const struct option_command *command, const char *help, command_fn act, int count,
               char *const *arguments)
{
    struct options options;
    struct error err = {0};
    bool wants_help = false;
    int code = EXIT_FINE;
    if (!options_load_for(command, count, arguments, command_variable, &options, &wants_help, &err))
        return command_fail(&err, EXIT_USAGE);
    if (wants_help) {
        puts(help);
        options_print_help_for(command, stdout);
    } else if (!act(&options, &err)) {
        code = command_fail(&err, EXIT_FAILED);
    }
    options_finish(&options);
    return code;
}

/* --- backup ------------------------------------------------------------------------------- */

static const char BACKUP_HELP[] =
    "firn backup FILE [options]\n\n"
    "Copies the catalog database to a new file, as it is at one moment; a server that runs goes\n"
    "on. Metadata and data files of tables are not in it: copy the warehouses after it, so that\n"
    "the files which it points at are in that copy.\n\n"
    "Ends with 0 where the file is whole and synced, 1 where there is none, 2 for wrong usage.\n";

static bool print_warehouses(struct options *options, struct pointer_store *backup,
                             struct error *err)
{
    struct pointer_view *view = NULL;
    struct warehouse_row *rows = NULL;
    size_t count = 0;
    TRY(pointer_view_begin(backup, &view, err));
    bool ok = pointer_warehouse_list(view, &options->arena, &rows, &count, err);
    pointer_view_end(view);
    for (size_t i = 0; i < count; i++)
        printf("  %.*s  %.*s\n", SLICE_ARG(rows[i].name), SLICE_ARG(rows[i].location));
    return ok;
}

/* Read from the backup itself: that it can be read is worth to know. */
static bool print_what_is_missing(struct options *options, struct error *err)
{
    struct pointer_store *backup = NULL;
    struct pointer_store_options store = {.path = options->operand.ptr,
                                          .clock = &clock_real,
                                          .is_reader = true};
    TRY(pointer_store_open(&store, &backup, err));
    printf("%s holds the catalog: pointers, properties, history, secrets.\n"
           "The metadata and data files of the tables are not in it. They lie in:\n",
           options->operand.ptr);
    bool ok = print_warehouses(options, backup, err);
    pointer_store_close(backup);
    return ok;
}

static bool backup(struct options *options, struct error *err)
{
    const char *database = NULL;
    TRY(command_database(options, &database, err));
    TRY(backup_write(database, options->operand.ptr, err));
    return print_what_is_missing(options, err);
}

int cmd_backup(int count, char *const *arguments)
{
    return run(&BACKUP, BACKUP_HELP, backup, count, arguments);
}

/* --- restore ------------------------------------------------------------------------------ */

static const char RESTORE_HELP[] =
    "firn restore FILE [options]\n\n"
    "Puts a backup in the place of the catalog database. The server must be stopped; the old\n"
    "database is kept beside, as firn.db.before-restore-TIME. Files of tables are not touched:\n"
    "run `firn fsck` afterwards to see whether all that the backup points at is there.\n\n"
    "Ends with 0 where it is done, 1 where nothing was changed, 2 for wrong usage.\n";

static bool make_data_directory(const struct options *options, struct error *err)
{
    const char *data = option_text(options, OPTION_DATA).ptr;
    if (mkdir(data, 0700) == 0 || errno == EEXIST)
        return true;
    return error_set(err, ERROR_BAD_REQUEST, "The data directory %s cannot be made: %s", data,
                     strerror(errno));
}

static bool restore(struct options *options, struct error *err)
{
    const char *database = NULL;
    struct slice kept = {NULL, 0};
    TRY(command_database(options, &database, err));
    TRY(make_data_directory(options, err));
    TRY(backup_restore(options->operand.ptr, database, &clock_real, &options->arena, &kept, err));
    printf("%s is the catalog of %s now.\n", options->operand.ptr, database);
    if (kept.ptr)
        printf("The old one is kept as %s.\n", kept.ptr);
    puts("Run `firn fsck` to see whether all metadata files that it points at are there.");
    return true;
}

int cmd_restore(int count, char *const *arguments)
{
    return run(&RESTORE, RESTORE_HELP, restore, count, arguments);
}
