/*
 * remote.h — calls to the running server, for commands.
 *
 * Where: --url, else where `firn serve` with the same settings listens.
 *
 * Errors:   no answer: exit code EXIT_NO_SERVER; the server's own error: its sentence, and 404 is
 *           EXIT_NOT_THERE, 409 EXIT_CONFLICT, the rest EXIT_FAILED
 */
#ifndef CLI_REMOTE_H
#define CLI_REMOTE_H

#include <jansson.h>

#include "base/buffer.h"
#include "cli/command.h"
#include "cli/http_client.h"

/* What each command that calls the server takes beside its own options. */
#define REMOTE_IDS FLAG_URL, OPTION_LISTEN, OPTION_CONFIG, FLAG_JSON, OPTION_END

enum remote_place {
    REMOTE_ROOT,         /* the suffix is the whole path */
    REMOTE_PREFIX,       /* /v1/<--warehouse> */
    REMOTE_NAMESPACE,    /* …/namespaces/<name> */
    REMOTE_TABLE,        /* …/namespaces/<levels>/tables/<name> */
    REMOTE_VIEW,         /* …/namespaces/<levels>/views/<name> */
    REMOTE_WAREHOUSE,    /* /management/v1/warehouses/<name> */
    REMOTE_MANAGED_TABLE /* /management/v1/warehouses/<--warehouse>/namespaces/…/tables/… */
};

struct remote_request {
    const char *method;
    enum remote_place place;
    struct slice name;          /* of what is there, as people write it */
    const char *suffix;         /* encoded: "/tables", "?purgeRequested=true"; NULL: none */
    const json_t *body;         /* NULL: none */
    struct http_client *client; /* whose connections are used again; NULL: its own */
};

/* *ret_answer is the caller's, NULL for an answer without a body. */
bool remote_send(struct command_run *run, const struct remote_request *request, json_t **ret_answer,
                 struct error *err);

/* The same, without a body, about what the command's first operand names. */
bool remote_send_operand(struct command_run *run, const char *method, enum remote_place place,
                         json_t **ret_answer, struct error *err);

/* Drops what the first operand names, and says so. */
bool remote_drop_operand(struct command_run *run, enum remote_place place, struct error *err);

/* "http://127.0.0.1:8181", without a slash at the end. */
void remote_put_url(const struct options *options, struct buffer *url);

/* --property KEY=VALUE, as the object "properties" of `body`. */
bool remote_set_properties(const struct options *options, json_t *body, struct error *err);

#endif
