/* firn fsck (cli/command.h). */
#include "cli/command.h"

#include <errno.h>

#include "base/json_write.h"
#include "base/limits.h"
#include "catalog/fsck.h"
#include "cli/progress.h"
#include "server/secrets.h"
#include "storage/data_directory.h"
#include "storage/data_lock.h"

/* One line of output: names and locations. */
#define LINE_CEILING (1 * MIB)
#define BUSY_TIMEOUT_MS 5000

/* --- one finding -------------------------------------------------------------------------- */

static void append_path(struct buffer *out, struct slice levels)
{
    for (size_t i = 0; i < levels.len; i++)
        buffer_append_byte(out, levels.ptr[i] == NAMESPACE_SEPARATOR ? '.' : levels.ptr[i]);
}

static const char *kind_word(enum entity_kind kind)
{
    return kind == ENTITY_TABLE ? "table" : kind == ENTITY_VIEW ? "view" : "function";
}

/* "wrong-uuid: table default db.t: file:/…: the file says …"; "dropped table" where it is kept */
static void write_sentence(struct buffer *line, const struct fsck_finding *finding)
{
    buffer_append_string(line, fsck_kind_name(finding->kind));
    buffer_append_string(line, ": ");
    if (finding->entity) {
        buffer_append_string(line, finding->entity->is_dropped ? "dropped " : "");
        buffer_printf(line, "%s %.*s ", kind_word(finding->entity->kind),
                      SLICE_ARG(finding->warehouse));
        append_path(line, finding->entity->namespace_path);
        buffer_append_byte(line, '.');
        buffer_append_slice(line, finding->entity->name);
        buffer_append_string(line, ": ");
    }
    buffer_append_slice(line, finding->file);
    if (finding->detail.len > 0)
        buffer_append_string(line, ": ");
    buffer_append_slice(line, finding->detail);
    if (finding->is_deleted)
        buffer_append_string(line, ": deleted");
}

static void write_namespace(struct json_writer *writer, struct slice levels)
{
    json_write_key(writer, "namespace");
    json_write_array_begin(writer);
    for (bool more = true; more;) {
        size_t end = slice_find(levels, NAMESPACE_SEPARATOR);
        json_write_string(writer, slice_make(levels.ptr, end));
        more = end < levels.len;
        levels = slice_from(levels, end + 1);
    }
    json_write_array_end(writer);
}

static void write_object(struct buffer *line, const struct fsck_finding *finding)
{
    struct json_writer writer;
    json_writer_init(&writer, line);
    json_write_object_begin(&writer);
    json_write_string_member(&writer, "finding", slice_from_string(fsck_kind_name(finding->kind)));
    if (finding->entity) {
        json_write_string_member(&writer, "kind",
                                 slice_from_string(kind_word(finding->entity->kind)));
        json_write_string_member(&writer, "warehouse", finding->warehouse);
        write_namespace(&writer, finding->entity->namespace_path);
        json_write_string_member(&writer, "name", finding->entity->name);
        json_write_string_member(&writer, "uuid", finding->entity->uuid);
        if (finding->entity->is_dropped) {
            json_write_key(&writer, "dropped");
            json_write_bool(&writer, true);
        }
    }
    json_write_string_member(&writer, "file", finding->file);
    if (finding->detail.len > 0)
        json_write_string_member(&writer, "detail", finding->detail);
    if (finding->kind == FSCK_ORPHAN) {
        json_write_key(&writer, "deleted");
        json_write_bool(&writer, finding->is_deleted);
    }
    json_write_object_end(&writer);
}

static bool put_line(struct buffer *line, struct error *err)
{
    buffer_append_byte(line, '\n');
    TRY(buffer_check(line, "a finding", err));
    if (fwrite(line->ptr, 1, line->len, stdout) == line->len)
        return true;
    return error_set(err, ERROR_STORAGE, "the output cannot be written: %s", strerror(errno));
}

/* What the callbacks of a check need. */
struct checking {
    const struct options *options;
    struct progress progress;
};

static void show_progress(void *context, int64_t done, int64_t total)
{
    struct checking *checking = context;
    progress_show(&checking->progress, "tables, views and functions", done, total);
}

static bool report(void *context, const struct fsck_finding *finding, struct error *err)
{
    struct checking *checking = context;
    const struct options *options = checking->options;
    struct buffer line;
    progress_wipe(&checking->progress);
    buffer_init(&line, LINE_CEILING);
    if (option_number(options, FLAG_JSON))
        write_object(&line, finding);
    else
        write_sentence(&line, finding);
    bool ok = put_line(&line, err);
    buffer_finish(&line);
    return ok;
}

/* --- the run ------------------------------------------------------------------------------ */

static void print_summary(const struct options *options, const struct fsck_summary *summary)
{
    long long entities = summary->entities, files = summary->files;
    long long findings = summary->findings, deleted = summary->deleted;
    long long carried = summary->carried;
    if (option_number(options, FLAG_JSON)) {
        printf("{\"checked\":%lld,\"files\":%lld,\"findings\":%lld,\"deleted\":%lld,"
               "\"carried\":%lld}\n",
               entities, files, findings, deleted, carried);
        return;
    }
    if (carried > 0)
        printf(
            "%lld metadata files were lost or torn by a crash; the database has their bytes, and "
            "the next start of the server writes them again\n",
            carried);
    printf("%lld tables, views and functions checked, %lld files; %lld findings, %lld files "
           "deleted\n",
           entities, files, findings, deleted);
}

/* *ret_keys: what the warehouses' secrets are opened with; none where there is no key. */
static bool find_keys(struct options *options, struct secret_keys *ret_keys, struct error *err)
{
    struct slice directory;
    bool is_found = false;
    TRY(data_directory_open(option_text(options, OPTION_DATA).ptr, &options->arena, &directory,
                            err));
    return secrets_find(options, directory, ret_keys, &is_found, err);
}

static bool check(struct options *options, const char *database, struct fsck_summary *ret_summary,
                  struct error *err)
{
    struct secret_keys keys = {.count = 0};
    struct pointer_store *pointers = NULL;
    struct object_stores *objects = NULL;
    struct checking checking = {.options = options};
    struct pointer_store_options store = {
        .path = database,
        .clock = &clock_real,
        .busy_timeout_ms = BUSY_TIMEOUT_MS,
        .is_reader = true,
    };
    struct fsck_options fsck = {
        .secret_keys = &keys,
        .is_deep = option_number(options, FLAG_DEEP) != 0,
        .may_delete = option_number(options, FLAG_DELETE) != 0,
        .is_served = !option_number(options, FLAG_DELETE) && data_lock_is_held(database),
        .report = report,
        .context = &checking,
    };
    progress_init(&checking.progress, !option_number(options, FLAG_JSON));
    fsck.progress = checking.progress.is_on ? show_progress : NULL;
    bool ok = pointer_store_open(&store, &pointers, err) && find_keys(options, &keys, err) &&
              command_files(&objects, err) &&
              fsck_run(pointers, objects, &fsck, ret_summary, err);
    progress_wipe(&checking.progress);
    object_stores_destroy(objects);
    pointer_store_close(pointers);
    secret_keys_wipe(&keys);
    return ok;
}

/* With --delete the lock of the data directory keeps servers out until the end. */
static bool check_alone(struct options *options, struct fsck_summary *ret_summary,
                        struct error *err)
{
    const char *database = NULL;
    struct data_lock lock = DATA_LOCK_NONE;
    TRY(command_database(options, &database, err));
    if (option_number(options, FLAG_DELETE))
        TRY(data_lock_take(database, &lock, err));
    bool ok = check(options, database, ret_summary, err);
    data_lock_release(lock);
    return ok;
}

/* As with other checkers: 1 is a finding, 2 that nothing is known. */
static bool fsck(struct command_run *run, struct error *err)
{
    struct fsck_summary summary = {0};
    run->code = EXIT_USAGE;
    TRY(check_alone(&run->options, &summary, err));
    print_summary(&run->options, &summary);
    run->code = summary.findings > 0 ? EXIT_FAILED : EXIT_DONE;
    return true;
}

static const unsigned IDS[] = {OPTION_DATA,   OPTION_SECRET_KEY_FILE, OPTION_SECRET_KEY,
                               OPTION_CONFIG, FLAG_DEEP,              FLAG_DELETE,
                               FLAG_JSON,     OPTION_END};

const struct command command_fsck = {
    .takes = COMMAND_TAKES("fsck", NULL, IDS),
    .summary = "check that the catalog and its files agree",
    .details = "Checks that the metadata file of every table, view and function is there, can be\n"
               "read, and has the uuid and location that the catalog has; and lists orphans:\n"
               "metadata files beside those of tables that the catalog never pointed at. A\n"
               "server may run meanwhile; files of commits that are just being made may then be\n"
               "listed as orphans. A file that a crash has taken before it was synced is no\n"
               "finding where the database has its bytes: the next start of the server writes it\n"
               "again. After a restore, files that are newer than the backup are listed as\n"
               "orphans: look at them before you say --delete.\n\n"
               "Ends with 0 where nothing was found, 1 where something was, 2 where it could not\n"
               "run.\n",
    .run = fsck,
};
