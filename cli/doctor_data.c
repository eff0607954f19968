/* The database and the warehouses' places (cli/doctor.h). */
#include "cli/doctor.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "server/secrets.h"
#include "storage/location.h"
#include "storage/pointer_store.h"

static void check_place(struct doctor *doctor, const struct warehouse_row *row)
{
    struct arena *arena = &doctor->run->options.arena;
    struct slice canonical, path;
    struct error err = {0};
    if (!location_canonical(row->location, arena, &canonical, &err)) {
        doctor_report(doctor, DOCTOR_BAD, "storage", DOCTOR_TEXT(doctor, "%s", err.message),
                      DOCTOR_TEXT(doctor, "firn warehouse show %.*s", SLICE_ARG(row->name)));
        return;
    }
    if (!slice_starts_with(canonical, SLICE_LITERAL("file://"))) {
        doctor_report(doctor, DOCTOR_SKIPPED, "storage",
                      DOCTOR_TEXT(doctor, "%.*s is no local directory: the server knows",
                                  SLICE_ARG(canonical)),
                      DOCTOR_NO_CURE);
        return;
    }
    path = slice_from(canonical, strlen("file://"));
    path = arena_slice(arena, path);
    if (path.ptr == NULL || access(path.ptr, W_OK | X_OK) == 0)
        doctor_report(doctor, DOCTOR_GOOD, "storage",
                      DOCTOR_TEXT(doctor, "warehouse %.*s: %s can be written", SLICE_ARG(row->name),
                                  path.ptr ? path.ptr : ""),
                      DOCTOR_NO_CURE);
    else if (errno == ENOENT)
        doctor_report(doctor, DOCTOR_SKIPPED, "storage",
                      DOCTOR_TEXT(doctor, "warehouse %.*s: the first table makes %s",
                                  SLICE_ARG(row->name), path.ptr),
                      DOCTOR_NO_CURE);
    else
        doctor_report(doctor, DOCTOR_BAD, "storage",
                      DOCTOR_TEXT(doctor, "warehouse %.*s: %s: %s", SLICE_ARG(row->name), path.ptr,
                                  strerror(errno)),
                      DOCTOR_TEXT(doctor, "chown -R %ld %s", (long)geteuid(), path.ptr));
}

static bool list_warehouses(struct doctor *doctor, struct pointer_store *store,
                            struct warehouse_row **ret_rows, size_t *ret_count, struct error *err)
{
    struct pointer_view *view = NULL;
    TRY(pointer_view_begin(store, &view, err));
    bool ok = pointer_warehouse_list(view, &doctor->run->options.arena, ret_rows, ret_count, err);
    pointer_view_end(view);
    return ok;
}

static void report_database(struct doctor *doctor, const char *path, const struct error *err)
{
    bool is_new = err->kind == ERROR_NOT_FOUND;
    doctor_report(doctor, is_new ? DOCTOR_SKIPPED : DOCTOR_BAD, "database",
                  is_new ? DOCTOR_TEXT(doctor, "%s is not there yet: `firn serve` makes it", path)
                         : DOCTOR_TEXT(doctor, "%s", err->message),
                  is_new ? DOCTOR_NO_CURE
                         : DOCTOR_TEXT(doctor, "the version that wrote it, or firn restore FILE"));
}

/* Whoever can read the key can read the secrets of every backup. */
static void check_key_file(struct doctor *doctor, const char *directory)
{
    struct stat status;
    struct slice path = DOCTOR_TEXT(doctor, "%s/" SECRET_KEY_FILE_NAME, directory);
    if (path.ptr && stat(path.ptr, &status) == 0 && (status.st_mode & 077) != 0)
        doctor_report(doctor, DOCTOR_WARNING, "secrets",
                      DOCTOR_TEXT(doctor, "%s can be read by others than its owner", path.ptr),
                      DOCTOR_TEXT(doctor, "chmod 600 %s", path.ptr));
}

static void report_keys(struct doctor *doctor, bool is_found, size_t closed, struct slice name)
{
    if (closed > 0)
        doctor_report(doctor, DOCTOR_BAD, "secrets",
                      DOCTOR_TEXT(doctor,
                                  "warehouse %.*s: its secrets were encrypted with a key that is "
                                  "not here (%zu warehouses)",
                                  SLICE_ARG(name), closed),
                      DOCTOR_TEXT(doctor, "firn serve --secret-key-file FILE, with the key that "
                                          "belongs to this database"));
    else
        doctor_report(doctor, is_found ? DOCTOR_GOOD : DOCTOR_SKIPPED, "secrets",
                      is_found ? DOCTOR_TEXT(doctor, "the key opens all that warehouses have")
                               : DOCTOR_TEXT(doctor, "no key yet: `firn serve` makes one"),
                      DOCTOR_NO_CURE);
}

static void check_secrets(struct doctor *doctor, struct pointer_store *store)
{
    struct options *options = &doctor->run->options;
    struct secret_keys keys = {.count = 0};
    struct slice name = SLICE_EMPTY;
    struct error err = {0};
    bool is_found = false;
    size_t closed = 0;
    char *directory = realpath(option_text(options, OPTION_DATA).ptr, NULL);
    if (directory == NULL)
        return;
    if (secrets_find(options, slice_from_string(directory), &keys, &is_found, &err) &&
        secrets_count_closed(store, &keys, &options->arena, &closed, &name, &err))
        report_keys(doctor, is_found, closed, name);
    else
        doctor_report(doctor, DOCTOR_BAD, "secrets", DOCTOR_TEXT(doctor, "%s", err.message),
                      DOCTOR_TEXT(doctor, "mend --secret-key-file or FIRN_SECRET_KEY"));
    check_key_file(doctor, directory);
    free(directory);
    secret_keys_wipe(&keys);
}

/* Opened as a reader: its schema must be one that this program knows. */
void doctor_check_database(struct doctor *doctor)
{
    const char *path = NULL;
    struct pointer_store *store = NULL;
    struct warehouse_row *rows = NULL;
    struct error err = {0};
    size_t count = 0;
    struct pointer_store_options options = {.clock = &clock_real, .is_reader = true};
    bool ok = command_database(&doctor->run->options, &path, &err);
    options.path = path;
    ok = ok && pointer_store_open(&options, &store, &err) &&
         list_warehouses(doctor, store, &rows, &count, &err);
    if (ok)
        doctor_report(doctor, DOCTOR_GOOD, "database",
                      DOCTOR_TEXT(doctor, "%s can be read; warehouses: %zu", path, count),
                      DOCTOR_NO_CURE);
    else
        report_database(doctor, path ? path : "firn.db", &err);
    for (size_t i = 0; i < count; i++)
        check_place(doctor, &rows[i]);
    if (ok)
        check_secrets(doctor, store);
    pointer_store_close(store);
}
