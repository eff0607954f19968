#include "server/logs.h"

#include <unistd.h>

#include "base/log_file.h"

/* "stderr" or "-" stand for the stream. */
static bool is_stream(struct slice path)
{
    return slice_equals_string(path, "stderr") || slice_equals_string(path, "-");
}

static bool open_one(const struct options *options, struct slice path, struct log *log,
                     struct error *err)
{
    const struct log_file_options file = {
        .path = path.ptr,
        .max_size = (uint64_t)option_number(options, OPTION_LOG_MAX_SIZE),
        .max_age_ms = option_number(options, OPTION_LOG_MAX_AGE) * 1000,
        .keep = (size_t)option_number(options, OPTION_LOG_KEEP),
        .clock = &clock_real,
    };
    return is_stream(path) || log_file_open(&file, &log->file, err);
}

static void init_one(const struct options *options, int level, struct log *ret_log)
{
    *ret_log = (struct log){
        .fd = STDERR_FILENO,
        .format = (enum log_format)option_number(options, OPTION_LOG_FORMAT),
        .clock = &clock_real,
    };
    atomic_init(&ret_log->level, level);
}

bool logs_open(const struct options *options, struct logs *ret_logs, struct error *err)
{
    struct slice access = option_text(options, OPTION_ACCESS_LOG);
    struct slice audit = option_text(options, OPTION_AUDIT_LOG);
    init_one(options, (int)option_number(options, OPTION_LOG_LEVEL), &ret_logs->main);
    init_one(options, access.len > 0 ? LOG_INFO : LOG_OFF, &ret_logs->access);
    init_one(options, audit.len > 0 ? LOG_INFO : LOG_OFF, &ret_logs->audit);
    ret_logs->slow_us = option_number(options, OPTION_SLOW_REQUEST) * 1000;
    if (open_one(options, option_text(options, OPTION_LOG_FILE), &ret_logs->main, err) &&
        (access.len == 0 || open_one(options, access, &ret_logs->access, err)) &&
        (audit.len == 0 || open_one(options, audit, &ret_logs->audit, err)))
        return true;
    logs_close(ret_logs);
    return false;
}

bool logs_reopen(struct logs *logs, struct error *err)
{
    struct log *all[] = {&logs->main, &logs->access, &logs->audit};
    bool done = true;
    for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
        if (all[i]->file && !log_file_reopen(all[i]->file, done ? err : NULL))
            done = false;
    return done;
}

uint64_t logs_lost(const struct logs *logs)
{
    const struct log *all[] = {&logs->main, &logs->access, &logs->audit};
    uint64_t lost = 0;
    for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
        lost += all[i]->file ? log_file_lost(all[i]->file) : 0;
    return lost;
}

void logs_close(struct logs *logs)
{
    struct log *all[] = {&logs->main, &logs->access, &logs->audit};
    for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
        log_file_close(all[i]->file);
        all[i]->file = NULL;
    }
}
