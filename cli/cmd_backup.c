/* firn backup and firn restore (cli/command.h). */
#include "cli/command.h"

#include "cli/output.h"
#include "server/secrets.h"
#include "storage/backup.h"
#include "storage/data_directory.h"
#include "storage/pointer_store.h"

static const unsigned IDS[] = {OPTION_DATA, OPTION_CONFIG, FLAG_JSON, OPTION_END};
static const unsigned RESTORE_IDS[] = {OPTION_DATA,       OPTION_SECRET_KEY_FILE,
                                       OPTION_SECRET_KEY, OPTION_CONFIG,
                                       FLAG_JSON,         OPTION_END};

/* --- backup ------------------------------------------------------------------------------- */

/* A JSON array of the warehouses, or lines for people. */
static bool print_warehouses(struct command_run *run, const struct warehouse_row *rows,
                             size_t count, struct error *err)
{
    json_t *list = run->wants_json ? json_array() : NULL;
    for (size_t i = 0; i < count; i++) {
        struct slice name = rows[i].name, location = rows[i].location;
        if (run->wants_json)
            json_array_append_new(list, json_pack("{s:s%, s:s%}", "name", name.ptr, name.len,
                                                  "location", location.ptr, location.len));
        else
            printf("  %.*s  %.*s\n", SLICE_ARG(name), SLICE_ARG(location));
    }
    return !run->wants_json ||
           output_json(json_pack("{s:s, s:o}", "file", run->options.operands[0].ptr, "warehouses",
                                 list),
                       err);
}

static bool list_warehouses(struct command_run *run, struct pointer_store *backup,
                            struct error *err)
{
    struct pointer_view *view = NULL;
    struct warehouse_row *rows = NULL;
    size_t count = 0;
    TRY(pointer_view_begin(backup, &view, err));
    bool ok = pointer_warehouse_list(view, &run->options.arena, &rows, &count, err);
    pointer_view_end(view);
    return ok && print_warehouses(run, rows, count, err);
}

/* Read from the backup itself: that it can be read is worth to know. */
static bool print_what_is_missing(struct command_run *run, struct error *err)
{
    const char *file = run->options.operands[0].ptr;
    struct pointer_store *backup = NULL;
    struct pointer_store_options store = {.path = file, .clock = &clock_real, .is_reader = true};
    TRY(pointer_store_open(&store, &backup, err));
    if (!run->wants_json)
        printf("%s holds the catalog: pointers, properties, history.\n"
               "Secrets of warehouses are in it encrypted. Their key is not: keep a copy "
               "of\n" SECRET_KEY_FILE_NAME
               " (or of what --secret-key-file names) in another place.\n"
               "The metadata and data files of the tables are not in it. They lie in:\n",
               file);
    bool ok = list_warehouses(run, backup, err);
    pointer_store_close(backup);
    return ok;
}

static bool backup(struct command_run *run, struct error *err)
{
    const char *database = NULL;
    TRY(command_database(&run->options, &database, err));
    TRY(backup_write(database, run->options.operands[0].ptr, err));
    return print_what_is_missing(run, err);
}

const struct command command_backup = {
    .takes = COMMAND_TAKES("backup", "FILE", IDS),
    .summary = "copy the catalog database while it is in use",
    .details = "Copies the catalog database to a new file, as it is at one moment; a server that\n"
               "runs goes on. Metadata and data files of tables are not in it: copy the\n"
               "warehouses after it, so that the files which it points at are in that copy.\n",
    .run = backup,
};

/* --- restore ------------------------------------------------------------------------------ */

/* *ret_name: a warehouse whose secrets the key that is here does not open; empty: there is none. */
static bool find_closed(struct command_run *run, const char *database, struct slice directory,
                        struct slice *ret_name, struct error *err)
{
    struct secret_keys keys = {.count = 0};
    struct pointer_store *store = NULL;
    struct pointer_store_options options = {.path = database,
                                            .clock = &clock_real,
                                            .is_reader = true};
    bool is_found = false;
    size_t closed = 0;
    TRY(secrets_find(&run->options, directory, &keys, &is_found, err));
    bool ok = pointer_store_open(&options, &store, err) &&
              secrets_count_closed(store, &keys, &run->options.arena, &closed, ret_name, err);
    pointer_store_close(store);
    secret_keys_wipe(&keys);
    return ok;
}

static bool restore(struct command_run *run, struct error *err)
{
    const char *database = NULL, *file = run->options.operands[0].ptr;
    struct slice kept = {NULL, 0}, closed = SLICE_EMPTY, directory;
    TRY(command_database(&run->options, &database, err));
    TRY(data_directory_open(option_text(&run->options, OPTION_DATA).ptr, &run->options.arena,
                            &directory, err));
    TRY(backup_restore(file, database, &clock_real, &run->options.arena, &kept, err));
    TRY(find_closed(run, database, directory, &closed, err));
    if (run->wants_json)
        return output_json(json_pack("{s:s, s:s, s:s?, s:b}", "file", file, "database", database,
                                     "kept", kept.ptr, "key-fits", closed.len == 0),
                           err);
    printf("%s is the catalog of %s now.\n", file, database);
    if (kept.ptr)
        printf("The old one is kept as %s.\n", kept.ptr);
    if (closed.len > 0)
        printf(
            "The key that is here does not open the secrets of warehouse %.*s: put the one that\n"
            "belongs to the backup in its place, or name it with --secret-key-file.\n",
            SLICE_ARG(closed));
    puts("Run `firn fsck` to see whether all metadata files that it points at are there.");
    return true;
}

const struct command command_restore = {
    .takes = COMMAND_TAKES("restore", "FILE", RESTORE_IDS),
    .summary = "put a backup in the database's place",
    .details = "Puts a backup in the place of the catalog database. The server must be stopped;\n"
               "the old database is kept beside, as firn.db.before-restore-TIME. Files of tables\n"
               "are not touched: run `firn fsck` afterwards to see whether all that the backup\n"
               "points at is there.\n",
    .run = restore,
};
