/*
 * banner.h — what the server prints when it listens: its address, and what to do next.
 */
#ifndef CLI_BANNER_H
#define CLI_BANNER_H

#include <stdio.h>

#include "server/server.h"

/* For programs: {"url": …, "data": …, "version": …}. */
void banner_print(const struct server *server, bool as_json, FILE *out);

#endif
