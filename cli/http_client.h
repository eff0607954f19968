/*
 * http_client.h — one request to a running server, for the commands that ask it something.
 *
 * Owns:     a client its connections; the answer is the caller's buffer
 * Errors:   ERROR_STORAGE where there is no answer, with the address and what to do
 * Threads:  any; not beside another first call in the process
 * Rule:     http and https only, no redirects: an answer is that of the server that was named
 */
#ifndef CLI_HTTP_CLIENT_H
#define CLI_HTTP_CLIENT_H

#include "base/buffer.h"
#include "base/error.h"

/* Keeps connections for further requests: for whoever makes thousands. */
struct http_client;

bool http_client_create(struct http_client **ret_client, struct error *err);
void http_client_destroy(struct http_client *client); /* NULL is fine */

struct http_exchange {
    const char *method; /* "GET", "POST", "DELETE" */
    const char *url;
    struct slice body;         /* ptr NULL: none */
    const char *content_type;  /* NULL: JSON */
    const char *authorization; /* "Authorization: Bearer …"; NULL: none */
    const char *advice;        /* what to do where nobody answers; NULL: as for Firn */
    bool is_own_machine;       /* then no proxy is asked, whatever the environment says */
    struct buffer *answer;     /* its body */
    long status;               /* 0: no answer */
};

/* `client` NULL: with a connection of its own. */
bool http_client_send(struct http_client *client, struct http_exchange *exchange,
                      struct error *err);

#endif
