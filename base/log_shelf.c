#include "base/log_shelf.h"

#include <ctype.h>
#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <zlib.h>

#include "base/limits.h"

#define TIME_TEXT_SIZE 16 /* "20260131T120000" and NUL */
/* How many files of an earlier run are passed by that were put aside in the same milliseconds. */
#define MAX_TRIES 1000
#define COMPRESSED ".gz"
#define UNFINISHED ".gz.part"
#define COPY_SIZE (64 * KIB)
/* A directory, a name in it, and what we add. */
#define PATH_SIZE (PATH_MAX + NAME_MAX + 16)

/* The directory and the first part of the names that a path's files have. */
struct shelf {
    char directory[PATH_MAX];
    char stem[NAME_MAX + 1]; /* "firn.log." */
    size_t stem_size;
};

static bool shelf_of(const char *path, struct shelf *ret_shelf)
{
    const char *slash = strrchr(path, '/');
    const char *name = slash ? slash + 1 : path;
    int directory = slash == path ? snprintf(ret_shelf->directory, PATH_MAX, "/")
                    : slash ? snprintf(ret_shelf->directory, PATH_MAX, "%.*s", (int)(slash - path),
                                       path)
                            : snprintf(ret_shelf->directory, PATH_MAX, ".");
    int stem = snprintf(ret_shelf->stem, sizeof(ret_shelf->stem), "%s.", name);
    ret_shelf->stem_size = (size_t)stem;
    return directory > 0 && directory < PATH_MAX && stem > 0 &&
           (size_t)stem < sizeof(ret_shelf->stem);
}

/* --- putting aside -------------------------------------------------------------------------- */

/* Does not replace what is there. */
static bool move(const char *from, const char *to)
{
    return link(from, to) == 0 && unlink(from) == 0;
}

/* "<path>.20260131T120000.123Z" */
static bool name_put(const char *path, int64_t now_ms, const char *end, char *out, size_t size)
{
    char text[TIME_TEXT_SIZE];
    const time_t now = (time_t)(now_ms / 1000);
    struct tm parts = {0};
    gmtime_r(&now, &parts);
    if (strftime(text, sizeof(text), "%Y%m%dT%H%M%S", &parts) == 0)
        return false;
    int length = snprintf(out, size, "%s.%s.%03dZ%s", path, text, (int)(now_ms % 1000), end);
    return length > 0 && (size_t)length < size;
}

bool log_shelf_put(const char *path, int64_t *ms)
{
    char target[PATH_MAX], compressed[PATH_MAX];
    for (int tries = 0; tries < MAX_TRIES; tries++, ++*ms) {
        if (!name_put(path, *ms, "", target, sizeof(target)) ||
            !name_put(path, *ms, COMPRESSED, compressed, sizeof(compressed)))
            return false;
        if (access(compressed, F_OK) != 0 && move(path, target))
            return true;
    }
    return false;
}

/* --- compression ---------------------------------------------------------------------------- */

static bool copy_compressed(int from, gzFile to)
{
    char bytes[COPY_SIZE];
    ssize_t got;
    while ((got = read(from, bytes, sizeof(bytes))) > 0)
        if (gzwrite(to, bytes, (unsigned)got) != (int)got)
            return false;
    return got == 0;
}

static bool write_compressed(int from, const char *path)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0640);
    int kept = fd < 0 ? -1 : dup(fd);
    gzFile to = kept < 0 ? NULL : gzdopen(fd, "wb");
    if (!to) {
        if (fd >= 0)
            close(fd);
        if (kept >= 0)
            close(kept);
        return false;
    }
    bool done = copy_compressed(from, to);
    done = (gzclose(to) == Z_OK) && done;
    done = done && fsync(kept) == 0;
    close(kept);
    return done;
}

static void compress_file(const struct shelf *shelf, const char *name)
{
    char path[PATH_SIZE], part[PATH_SIZE], whole[PATH_SIZE];
    (void)snprintf(path, sizeof(path), "%s/%s", shelf->directory, name);
    (void)snprintf(part, sizeof(part), "%s/%s" UNFINISHED, shelf->directory, name);
    (void)snprintf(whole, sizeof(whole), "%s/%s" COMPRESSED, shelf->directory, name);
    int from = open(path, O_RDONLY | O_CLOEXEC);
    if (from < 0)
        return;
    if (write_compressed(from, part) && rename(part, whole) == 0)
        (void)unlink(path);
    else
        (void)unlink(part);
    close(from);
}

/* --- the shelf ------------------------------------------------------------------------------ */

static bool ends_with(const char *name, const char *end)
{
    size_t size = strlen(name), end_size = strlen(end);
    return size >= end_size && strcmp(name + size - end_size, end) == 0;
}

/* A name of ours: the stem, then eight digits of a date and a 'T'. */
static bool is_ours(const struct shelf *shelf, const char *name)
{
    if (strncmp(name, shelf->stem, shelf->stem_size) != 0)
        return false;
    const char *time = name + shelf->stem_size;
    for (int i = 0; i < 8; i++)
        if (!isdigit((unsigned char)time[i]))
            return false;
    return time[8] == 'T';
}

/* Ours alone, the oldest first: times sort as texts. */
static int scan(const struct shelf *shelf, struct dirent ***ret_entries)
{
    int count = scandir(shelf->directory, ret_entries, NULL, alphasort), kept = 0;
    for (int i = 0; i < count; i++) {
        struct dirent *entry = (*ret_entries)[i];
        if (is_ours(shelf, entry->d_name))
            (*ret_entries)[kept++] = entry;
        else
            free(entry);
    }
    return count < 0 ? count : kept;
}

static void entries_free(struct dirent **entries, int count)
{
    for (int i = 0; i < count; i++)
        free(entries[i]);
    free(entries);
}

static void remove_file(const struct shelf *shelf, const char *name)
{
    char path[PATH_SIZE];
    (void)snprintf(path, sizeof(path), "%s/%s", shelf->directory, name);
    (void)unlink(path);
}

static void compress_all(const struct shelf *shelf)
{
    struct dirent **entries = NULL;
    int count = scan(shelf, &entries);
    for (int i = 0; i < count; i++) {
        if (ends_with(entries[i]->d_name, UNFINISHED))
            remove_file(shelf, entries[i]->d_name);
        else if (!ends_with(entries[i]->d_name, COMPRESSED))
            compress_file(shelf, entries[i]->d_name);
    }
    if (count >= 0)
        entries_free(entries, count);
}

static void remove_oldest(const struct shelf *shelf, size_t keep)
{
    struct dirent **entries = NULL;
    int count = scan(shelf, &entries);
    for (int i = 0; count > 0 && i < count && (size_t)(count - i) > keep; i++)
        remove_file(shelf, entries[i]->d_name);
    if (count >= 0)
        entries_free(entries, count);
}

void log_shelf_tidy(const char *path, size_t keep)
{
    struct shelf shelf;
    if (!shelf_of(path, &shelf))
        return;
    compress_all(&shelf);
    remove_oldest(&shelf, keep);
}
