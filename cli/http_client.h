/*
 * http_client.h — one request to a running server, for the commands that ask it something.
 *
 * Owns:     nothing that stays; the answer is the caller's buffer
 * Errors:   ERROR_STORAGE where there is no answer, with the address and what to do
 * Threads:  any; not beside another first call in the process
 * Rule:     http and https only, no redirects: an answer is that of the server that was named
 */
#ifndef CLI_HTTP_CLIENT_H
#define CLI_HTTP_CLIENT_H

#include "base/buffer.h"
#include "base/error.h"

struct http_exchange {
    const char *method; /* "GET", "POST", "DELETE" */
    const char *url;
    struct slice body;     /* JSON; ptr NULL: none */
    bool is_own_machine;   /* then no proxy is asked, whatever the environment says */
    struct buffer *answer; /* its body */
    long status;           /* 0: no answer */
};

bool http_client_send(struct http_exchange *exchange, struct error *err);

#endif
