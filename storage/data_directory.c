#include "storage/data_directory.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "storage/file_calls.h"

static bool failed(const char *path, const char *verb, int code, struct error *err)
{
    return error_set(err, ERROR_BAD_REQUEST, "The data directory %s cannot be %s: %s", path, verb,
                     strerror(code));
}

/* Also where it was there: who made it may have died before the sync. But a directory above that
 * may not be read was made by someone else, who gave us this one. */
static bool sync_name(const char *absolute, bool is_made, struct arena *arena, struct error *err)
{
    const char *parent = file_parent(absolute, arena);
    if (!parent)
        return error_no_memory(err, "the data directory");
    int code = file_sync_directory(&file_calls_real, parent);
    if (code == 0 || (!is_made && (code == EACCES || code == EPERM || code == EROFS)))
        return true;
    return failed(absolute, "made durable", code, err);
}

bool data_directory_open(const char *path, struct arena *arena, struct slice *ret_absolute,
                         struct error *err)
{
    char absolute[PATH_MAX];
    bool is_made = mkdir(path, 0700) == 0;
    if (!is_made && errno != EEXIST)
        return failed(path, "made", errno, err);
    if (realpath(path, absolute) == NULL)
        return failed(path, "used", errno, err);
    TRY(sync_name(absolute, is_made, arena, err));
    *ret_absolute = arena_slice(arena, slice_from_string(absolute));
    return ret_absolute->ptr != NULL || error_no_memory(err, "the data directory");
}
