/*
 * log.h — lines for people and machines on one stream: level, message, fields.
 *
 * Owns:     struct log borrows the stream (stderr), or the file
 * Threads:  a line is one write(2), so lines of several threads never mix
 * Rule:     only server/ and main write logs; libraries return errors. Nothing secret in a field.
 */
#ifndef BASE_LOG_H
#define BASE_LOG_H

#include <stdatomic.h>
#include <stdio.h>

#include "base/clock.h"
#include "base/slice.h"

enum log_level { LOG_DEBUG, LOG_INFO, LOG_WARN, LOG_ERROR, LOG_OFF };
enum log_format { LOG_TEXT, LOG_JSON };

struct log_file;

struct log {
    int fd;
    struct log_file *file; /* borrowed; takes the lines in place of fd. NULL: none */
    _Atomic int level;
    enum log_format format;
    const struct clock *clock;
};

struct log_field {
    const char *name;
    struct slice text; /* used where text.ptr is set */
    int64_t number;
};

#define LOG_TEXT_FIELD(n, t) ((struct log_field){.name = (n), .text = (t)})
#define LOG_NUMBER_FIELD(n, v) ((struct log_field){.name = (n), .text = {NULL, 0}, .number = (v)})

static inline bool log_wants(const struct log *log, enum log_level level)
{
    return (int)level >= atomic_load_explicit(&log->level, memory_order_relaxed);
}

void log_write(struct log *log, enum log_level level, const char *message,
               const struct log_field *fields, size_t count);
/* "debug" … "off" */
const char *log_level_name(enum log_level level);
bool log_level_parse(struct slice text, enum log_level *ret_level);

#endif
