/*
 * supervisor.h — tells systemd, or whoever sets NOTIFY_SOCKET, how the server does.
 *
 * Spec:     sd_notify(3): datagrams of NAME=VALUE lines to a socket that the environment names
 * Errors:   none: a supervisor that cannot be told is none
 * Threads:  the main thread
 */
#ifndef CLI_SUPERVISOR_H
#define CLI_SUPERVISOR_H

#include <stdint.h>

/* "READY=1", "STOPPING=1", "WATCHDOG=1"; does nothing where nobody asks. */
void supervisor_tell(const char *state);

/* How often "WATCHDOG=1" is expected, in milliseconds: half of what WATCHDOG_USEC allows. 0: not at
 * all, or another process is meant. */
int64_t supervisor_watchdog_ms(void);

#endif
