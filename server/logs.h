/*
 * logs.h — the logs of the process: where their lines go, and how they are turned over.
 *
 * Owns:     the log files; stderr where there is none
 * Errors:   ERROR_STORAGE, ERROR_STORAGE_FULL where a file cannot be opened
 * Threads:  any, once they are open
 */
#ifndef SERVER_LOGS_H
#define SERVER_LOGS_H

#include "base/log.h"
#include "server/options.h"

struct logs {
    struct log main;
    struct log access; /* its level is off where there is no access log */
    struct log audit;  /* likewise */
    int64_t slow_us;   /* requests that take longer are worth a line; 0: none is */
};

/* As the options say. */
bool logs_open(const struct options *options, struct logs *ret_logs, struct error *err);
/* For SIGHUP: opens the files anew. The first error is returned, all are tried. */
bool logs_reopen(struct logs *logs, struct error *err);
/* Will there be lines that say who asked? Only then it is looked up. */
static inline bool logs_want_clients(const struct logs *logs)
{
    return log_wants(&logs->access, LOG_INFO) || log_wants(&logs->audit, LOG_INFO) ||
           log_wants(&logs->main, LOG_DEBUG);
}

/* Lines that could not be written, in all files. */
uint64_t logs_lost(const struct logs *logs);
void logs_close(struct logs *logs);

#endif
