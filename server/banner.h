/*
 * banner.h — what the server prints when it listens: its address and lines to paste.
 */
#ifndef SERVER_BANNER_H
#define SERVER_BANNER_H

#include <stdio.h>

#include "server/server.h"

/* The address that clients on this machine use ("http://127.0.0.1:8181"). */
void server_url(const struct server *server, char *ret_url, size_t size);
void banner_print(const struct server *server, FILE *out);

#endif
