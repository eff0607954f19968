#include "base/log_file.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log_shelf.h"
#include "base/write_whole.h"

struct log_file {
    struct log_file_options options; /* its path is a copy of its own */
    pthread_mutex_t mutex;
    int fd;
    uint64_t size;
    int64_t first_ms; /* when its first line was written, about */
    int64_t aside_ms; /* the time in the name of the last file put aside */
    bool is_torn;     /* the last line was written in part: the next begins on a new line */
    atomic_uint_fast64_t lost;
    pthread_t shelver; /* compresses what was put aside */
    bool has_shelver;  /* a thread that has to be joined */
    bool is_shelving;  /* it has not seen its end yet */
    bool has_more;     /* it is to go through the files once more */
};

/* Readable by its owner and group alone: a log names tables and people. */
#define LOG_MODE 0640

static bool open_path(struct log_file *file, int *ret_fd, struct error *err)
{
    int fd = open(file->options.path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, LOG_MODE);
    if (fd < 0)
        return error_set(err, errno == ENOSPC ? ERROR_STORAGE_FULL : ERROR_STORAGE,
                         "The log file %s cannot be opened: %s", file->options.path,
                         strerror(errno));
    *ret_fd = fd;
    return true;
}

/* Takes over a descriptor of the path. A file that has lines counts as begun when the file system
 * says that it was made, where it says so. */
static void adopt(struct log_file *file, int fd)
{
    struct statx status = {0};
    file->fd = fd;
    file->size = 0;
    file->first_ms = clock_now_ms(file->options.clock);
    file->is_torn = false;
    if (statx(fd, "", AT_EMPTY_PATH, STATX_SIZE | STATX_BTIME, &status) != 0)
        return;
    file->size = status.stx_size;
    if (status.stx_size > 0 && (status.stx_mask & STATX_BTIME))
        file->first_ms = status.stx_btime.tv_sec * 1000;
}

/* --- putting aside -------------------------------------------------------------------------- */

static void *shelve(void *context)
{
    struct log_file *file = context;
    pthread_setname_np(pthread_self(), "firn-log");
    for (bool is_done = false; !is_done;) {
        log_shelf_tidy(file->options.path, file->options.keep);
        pthread_mutex_lock(&file->mutex);
        is_done = !file->has_more;
        file->has_more = false;
        file->is_shelving = !is_done;
        pthread_mutex_unlock(&file->mutex);
    }
    return NULL;
}

/* The mutex is held, so nobody waits here for a compression: a thread that is at work goes through
 * the files again, and one that is joined has ended, but for its last instructions. A thread that
 * cannot be made is made up for by the next file put aside. */
static void start_shelver(struct log_file *file)
{
    if (file->is_shelving) {
        file->has_more = true;
        return;
    }
    if (file->has_shelver)
        pthread_join(file->shelver, NULL);
    file->is_shelving = true;
    file->has_shelver = pthread_create(&file->shelver, NULL, shelve, file) == 0;
    file->is_shelving = file->has_shelver;
}

static bool is_due(const struct log_file *file, size_t more)
{
    const struct log_file_options *options = &file->options;
    if (file->size == 0)
        return false;
    if (options->max_size > 0 && file->size + more > options->max_size)
        return true;
    return options->max_age_ms > 0 &&
           clock_now_ms(options->clock) - file->first_ms >= options->max_age_ms;
}

/* Where the name cannot be changed or the path not be opened again, the old file goes on: it is
 * better too large than gone. */
static void put_aside(struct log_file *file)
{
    int fd = -1;
    int64_t now_ms = clock_now_ms(file->options.clock);
    file->aside_ms = now_ms > file->aside_ms ? now_ms : file->aside_ms + 1;
    if (!log_shelf_put(file->options.path, &file->aside_ms) || !open_path(file, &fd, NULL)) {
        file->first_ms = now_ms;
        return;
    }
    close(file->fd);
    adopt(file, fd);
    start_shelver(file);
}

/* --- lines ---------------------------------------------------------------------------------- */

static void write_line(struct log_file *file, struct slice line)
{
    if (file->is_torn) {
        size_t ended = write_whole(write, file->fd, SLICE_LITERAL("\n"));
        file->is_torn = ended == 0;
        file->size += ended;
    }
    size_t done = file->is_torn ? 0 : write_whole(write, file->fd, line);
    file->size += done;
    if (done == line.len)
        return;
    file->is_torn = file->is_torn || done > 0;
    atomic_fetch_add_explicit(&file->lost, 1, memory_order_relaxed);
}

void log_file_write(struct log_file *file, struct slice line)
{
    pthread_mutex_lock(&file->mutex);
    if (is_due(file, line.len))
        put_aside(file);
    write_line(file, line);
    pthread_mutex_unlock(&file->mutex);
}

bool log_file_reopen(struct log_file *file, struct error *err)
{
    int fd = -1;
    TRY(open_path(file, &fd, err));
    pthread_mutex_lock(&file->mutex);
    close(file->fd);
    adopt(file, fd);
    pthread_mutex_unlock(&file->mutex);
    return true;
}

uint64_t log_file_lost(const struct log_file *file)
{
    return atomic_load_explicit(&file->lost, memory_order_relaxed);
}

/* --- life ----------------------------------------------------------------------------------- */

bool log_file_open(const struct log_file_options *options, struct log_file **ret_file,
                   struct error *err)
{
    int fd = -1;
    struct log_file *file = calloc(1, sizeof(*file));
    char *path = file ? strdup(options->path) : NULL;
    if (!path) {
        free(file);
        return error_no_memory(err, "a log file");
    }
    file->options = *options;
    file->options.path = path;
    if (!open_path(file, &fd, err)) {
        free(path);
        free(file);
        return false;
    }
    pthread_mutex_init(&file->mutex, NULL);
    pthread_mutex_lock(&file->mutex);
    adopt(file, fd);
    start_shelver(file);
    pthread_mutex_unlock(&file->mutex);
    *ret_file = file;
    return true;
}

void log_file_close(struct log_file *file)
{
    union {
        const char *borrowed;
        char *owned;
    } path;
    if (!file)
        return;
    if (file->has_shelver)
        pthread_join(file->shelver, NULL);
    close(file->fd);
    pthread_mutex_destroy(&file->mutex);
    path.borrowed = file->options.path;
    free(path.owned);
    free(file);
}
