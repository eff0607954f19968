/*
 * server_fixture.h — a whole server on a temporary directory, asked without sockets.
 *
 * Owns:     the directory and the server; server_fixture_finish removes both
 */
#ifndef TESTS_UNIT_SERVER_SERVER_FIXTURE_H
#define TESTS_UNIT_SERVER_SERVER_FIXTURE_H

#include "server/server.h"
#include "tests/unit/cmocka_all.h"

#define FIXTURE_MAX_HEADERS 4

struct server_fixture {
    char directory[64];
    struct options options;
    struct server *server;
    /* The request that is sent next; cleared by each send. */
    const char *header_names[FIXTURE_MAX_HEADERS];
    const char *header_values[FIXTURE_MAX_HEADERS];
    size_t header_count;
    bool is_remote; /* of all requests from now on */
    /* What came back, valid until the next send. */
    struct reply *reply;
    struct buffer body;
    bool was_fast;               /* answered on the HTTP thread's lane */
    void (*around)(bool begins); /* called before and after the server works; may be NULL */
};

/* `extra` are flags beside --data and --listen, ended by NULL; may be NULL. */
void server_fixture_init(struct server_fixture *fixture, const char *const *extra);
void server_fixture_finish(struct server_fixture *fixture);

void fixture_header(struct server_fixture *fixture, const char *name, const char *value);
/* As the HTTP glue does it: the fast lane first, then a worker's. Gives the status. A body gets
 * Content-Type: application/json where no header was set. */
int fixture_send(struct server_fixture *fixture, const char *method, const char *uri,
                 const char *body);
/* The answer's text; NUL-terminated. */
const char *fixture_body(const struct server_fixture *fixture);
const char *fixture_reply_header(const struct server_fixture *fixture, const char *name);

#define assert_contains(text, part)                         \
    do {                                                    \
        if (strstr((text), (part)) == NULL)                 \
            fail_msg("'%s' is not in: %s", (part), (text)); \
    } while (0)

#endif
