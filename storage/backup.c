/*
 * Restoring, and what a crash between two steps leaves:
 *
 *   1  the backup is copied to "<database>.restore" and checked    old database
 *   2  the old database's log is copied back into it               old database
 *   3  a second name for the old database                          old database, and that name
 *   4  the old log is removed, if 2 could not empty it             see below
 *   5  the copy is renamed to <database>                           restored database
 *
 * A log must never meet a database that it does not belong to: SQLite would take its pages for that
 * database's own. So it goes before 5, and because 2 has emptied it nothing is lost by that.
 * Step 2 is left out where the old database is damaged, which is why it is being replaced; then a
 * second name is made for the log in 3, too, and a crash after 4 leaves the damaged database
 * without its log, and both of them whole under their second names.
 */
#include "storage/backup.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "storage/data_lock.h"
#include "storage/migrations.h"

#define BUSY_TIMEOUT_MS 5000

/* --- files -------------------------------------------------------------------------------- */

static bool file_error(const char *doing, const char *path, struct error *err)
{
    char reason[128];
    bool is_full = errno == ENOSPC || errno == EDQUOT;
    return error_set(err, is_full ? ERROR_STORAGE_FULL : ERROR_STORAGE, "cannot %s '%s': %s", doing,
                     path, strerror_r(errno, reason, sizeof reason));
}

static bool is_there(const char *path)
{
    struct stat status;
    return lstat(path, &status) == 0;
}

static const char *path_with(struct arena *arena, const char *path, const char *suffix,
                             struct error *err)
{
    struct slice text = arena_printf(arena, "%s%s", path, suffix);
    if (text.ptr == NULL)
        (void)error_no_memory(err, "a file's name");
    return text.ptr;
}

static bool remove_if_there(const char *path, struct error *err)
{
    return unlink(path) == 0 || errno == ENOENT || file_error("remove", path, err);
}

/* A file or a directory. */
static bool sync_path(const char *path, struct error *err)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return file_error("open", path, err);
    bool ok = fsync(fd) == 0 || file_error("sync", path, err);
    close(fd);
    return ok;
}

static const char *directory_of(const char *path, struct arena *arena, struct error *err)
{
    const char *slash = strrchr(path, '/');
    /* "/x" lies in "/". */
    size_t size = slash == path ? 1 : (size_t)(slash ? slash - path : 0);
    const char *directory =
        arena_string(arena, slash ? slice_make(path, size) : SLICE_LITERAL("."));
    if (directory == NULL)
        (void)error_no_memory(err, "a file's name");
    return directory;
}

static bool sync_directory_of(const char *path, struct arena *arena, struct error *err)
{
    const char *directory = directory_of(path, arena, err);
    return directory && sync_path(directory, err);
}

/* What root makes in somebody else's directory must be that one's, or his server cannot open it. */
static bool give_to_owner_of(const char *model, const char *path, struct error *err)
{
    struct stat status;
    if (geteuid() != 0)
        return true;
    if (stat(model, &status) != 0)
        return file_error("look at", model, err);
    return chown(path, status.st_uid, status.st_gid) == 0 || file_error("hand over", path, err);
}

/* --- a whole database from one file to another -------------------------------------------- */

static bool integrity_check(struct sqlite_connection *connection, struct error *err)
{
    STATEMENT_SCOPED struct statement statement;
    bool has_row = false;
    TRY(statement_begin(connection, STATEMENT_INTEGRITY_CHECK, &statement, err));
    TRY(statement_step(&statement, &has_row, err));
    const char *verdict =
        has_row ? (const char *)sqlite3_column_text(statement.handle, 0) : "no answer";
    if (verdict && strcmp(verdict, "ok") == 0)
        return true;
    return error_set(err, ERROR_CORRUPT, "it is damaged: %s", verdict ? verdict : "no answer");
}

/* The pages say that there is a log, because the original has one. Reading opens it; only then can
 * it be given up. */
static bool seal(struct sqlite_connection *copy, struct error *err)
{
    return integrity_check(copy, err) && connection_run(copy, STATEMENT_JOURNAL_DELETE, err);
}

static bool copy_pages(struct sqlite_connection *source, struct sqlite_connection *copy,
                       struct error *err)
{
    sqlite3_backup *backup = sqlite3_backup_init(copy->db, "main", source->db, "main");
    if (backup == NULL)
        return connection_error(sqlite3_extended_errcode(copy->db), err);
    /* All pages in one step: of one moment, and writers of a log do not wait for a reader. */
    int code = sqlite3_backup_step(backup, -1);
    int end = sqlite3_backup_finish(backup);
    if (code != SQLITE_DONE)
        return connection_error(code, err);
    return end == SQLITE_OK || connection_error(end, err);
}

static bool copy_into(struct sqlite_connection *source, const char *target, struct error *err)
{
    struct sqlite_connection copy = {0};
    struct connection_options options = {.path = target,
                                         .busy_timeout_ms = BUSY_TIMEOUT_MS,
                                         .is_writer = true};
    bool ok =
        connection_open(&options, &copy, err) && copy_pages(source, &copy, err) && seal(&copy, err);
    connection_close(&copy);
    return ok && sync_path(target, err);
}

static bool copy_from(const char *source, const char *target, struct error *err)
{
    struct sqlite_connection connection = {0};
    struct connection_options options = {.path = source,
                                         .busy_timeout_ms = BUSY_TIMEOUT_MS,
                                         .is_onlooker = true};
    bool ok = connection_open(&options, &connection, err) &&
              migrations_check(&connection, source, err) && copy_into(&connection, target, err);
    connection_close(&connection);
    return ok;
}

static void remove_copy(const char *target, struct arena *arena)
{
    static const char *const suffixes[] = {"", "-journal", "-wal", "-shm"};
    for (size_t i = 0; i < sizeof suffixes / sizeof *suffixes; i++) {
        const char *path = path_with(arena, target, suffixes[i], NULL);
        if (path)
            (void)remove_if_there(path, NULL);
    }
}

/* `target` is a name that nobody else uses. */
static bool copy_database(const char *source, const char *target, struct arena *arena,
                          struct error *err)
{
    if (!is_there(source))
        return error_set(err, ERROR_NOT_FOUND, "there is no catalog database '%s'", source);
    int fd = open(target, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0)
        return file_error("make", target, err);
    close(fd);
    if (copy_from(source, target, err))
        return true;
    remove_copy(target, arena);
    return error_prefix(err, "the copy of '%s'", source);
}

/* --- backup ------------------------------------------------------------------------------- */

static bool exists_already(const char *file, struct error *err)
{
    return error_set(err, ERROR_ALREADY_EXISTS, "'%s' exists already: choose another name", file);
}

/* A second name instead of a rename: it never replaces a file that came meanwhile. */
static bool publish(const char *partial, const char *file, struct arena *arena, struct error *err)
{
    if (link(partial, file) != 0)
        return errno == EEXIST ? exists_already(file, err) : file_error("make", file, err);
    return remove_if_there(partial, err) && sync_directory_of(file, arena, err);
}

static bool write_backup(const char *database, const char *file, struct arena *arena,
                         struct error *err)
{
    struct slice partial = arena_printf(arena, "%s.partial-%ld", file, (long)getpid());
    if (partial.ptr == NULL)
        return error_no_memory(err, "a file's name");
    if (is_there(file))
        return exists_already(file, err);
    TRY(copy_database(database, partial.ptr, arena, err));
    if (publish(partial.ptr, file, arena, err))
        return true;
    remove_copy(partial.ptr, arena);
    return false;
}

/* Paths only. */
#define ARENA_CEILING ((size_t)1 << 20)

bool backup_write(const char *database, const char *file, struct error *err)
{
    struct arena arena;
    arena_init(&arena, ARENA_CEILING);
    bool ok = write_backup(database, file, &arena, err);
    arena_finish(&arena);
    return ok;
}

/* --- restore ------------------------------------------------------------------------------ */

/* With its log, and without a change to either. */
static bool is_sound(const char *database)
{
    struct sqlite_connection connection = {0};
    struct connection_options options = {.path = database,
                                         .busy_timeout_ms = BUSY_TIMEOUT_MS,
                                         .is_onlooker = true};
    bool ok = connection_open(&options, &connection, NULL) && integrity_check(&connection, NULL);
    connection_close(&connection);
    return ok;
}

/* Step 2. A damaged database is kept as it is, with its log: something in it may be worth saving.
 */
static void settle_old(const char *database)
{
    struct sqlite_connection connection = {0};
    struct connection_options options = {.path = database, .busy_timeout_ms = BUSY_TIMEOUT_MS};
    int64_t tables;
    if (!is_sound(database))
        return;
    /* The log is opened by the first read only. */
    if (connection_open(&options, &connection, NULL) &&
        connection_int64(&connection, STATEMENT_SCHEMA_COUNT, &tables, NULL))
        (void)sqlite3_wal_checkpoint_v2(connection.db, NULL, SQLITE_CHECKPOINT_TRUNCATE, NULL,
                                        NULL);
    connection_close(&connection);
}

/* "20260131T120000000Z" */
static void time_compact(const struct clock *clock, char *ret_text, size_t size)
{
    char iso[32];
    size_t used = 0;
    time_format_iso(clock_now_ms(clock), iso, sizeof iso);
    for (const char *c = iso; *c && used + 1 < size; c++)
        if (strchr(":-.", *c) == NULL)
            ret_text[used++] = *c;
    ret_text[used] = '\0';
}

static bool keep_file(const char *path, const char *kept, struct error *err)
{
    return !is_there(path) || link(path, kept) == 0 || file_error("make", kept, err);
}

/* Steps 2 to 4. */
static bool put_aside(const char *database, const char *kept, struct arena *arena,
                      struct error *err)
{
    const char *log = path_with(arena, database, "-wal", err);
    const char *shared = path_with(arena, database, "-shm", err);
    const char *kept_log = path_with(arena, kept, "-wal", err);
    if (log == NULL || shared == NULL || kept_log == NULL)
        return false;
    if (is_there(database))
        settle_old(database);
    TRY(keep_file(database, kept, err));
    TRY(keep_file(log, kept_log, err));
    TRY(sync_directory_of(database, arena, err));
    return remove_if_there(log, err) && remove_if_there(shared, err);
}

static bool keep_anew(struct sqlite_connection *connection, int64_t now_ms, struct error *err)
{
    int64_t version = 0;
    TRY(connection_int64(connection, STATEMENT_USER_VERSION, &version, err));
    if (version < SQL_SCHEMA_WITH_DROPPED)
        return true;
    STATEMENT_SCOPED struct statement statement;
    TRY(statement_begin(connection, STATEMENT_DROPPED_KEEP_ANEW, &statement, err));
    statement_bind_int64(&statement, 1, now_ms);
    return statement_run(&statement, err);
}

/* What the backup says was dropped may have been brought back after it, and be in use: its time
 * begins again, or the first start would delete its files. */
static bool keep_dropped(const char *copy, int64_t now_ms, struct error *err)
{
    struct sqlite_connection connection = {0};
    struct connection_options options = {
        .path = copy, .busy_timeout_ms = BUSY_TIMEOUT_MS, .is_writer = true};
    bool ok = connection_open(&options, &connection, err) && keep_anew(&connection, now_ms, err);
    connection_close(&connection);
    return ok;
}

static bool restore_locked(const char *file, const char *database, const char *kept,
                           int64_t now_ms, struct arena *arena, struct error *err)
{
    const char *copy = path_with(arena, database, ".restore", err);
    if (copy == NULL)
        return false;
    remove_copy(copy, arena); /* of a restore that was interrupted: the lock says that it is gone */
    const char *directory = directory_of(database, arena, err);
    if (directory == NULL)
        return false;
    TRY(copy_database(file, copy, arena, err));
    if (!keep_dropped(copy, now_ms, err) || !give_to_owner_of(directory, copy, err) ||
        !put_aside(database, kept, arena, err)) {
        remove_copy(copy, arena);
        return false;
    }
    if (rename(copy, database) != 0)
        return file_error("replace", database, err);
    return sync_directory_of(database, arena, err);
}

bool backup_restore(const char *file, const char *database, const struct clock *clock,
                    struct arena *arena, struct slice *ret_kept, struct error *err)
{
    char time[32];
    struct data_lock lock = DATA_LOCK_NONE;
    time_compact(clock, time, sizeof time);
    struct slice kept = arena_printf(arena, "%s.before-restore-%s", database, time);
    if (kept.ptr == NULL)
        return error_no_memory(err, "a file's name");
    TRY(data_lock_take(database, &lock, err));
    bool had_database = is_there(database);
    bool ok =
        restore_locked(file, database, kept.ptr, clock_now_ms(clock), arena, err);
    data_lock_release(lock);
    if (ok)
        *ret_kept = had_database ? kept : slice_make(NULL, 0);
    return ok;
}
