/*
 * banner.h — what the server prints when it listens: its address and lines to paste.
 */
#ifndef SERVER_BANNER_H
#define SERVER_BANNER_H

#include <stdio.h>

#include "server/server.h"

void banner_print(const struct server *server, FILE *out);

#endif
