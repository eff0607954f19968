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

/* What each command that calls the server takes beside its own options. */
#define REMOTE_IDS FLAG_URL, OPTION_LISTEN, OPTION_CONFIG, FLAG_JSON, OPTION_END

/* "http://127.0.0.1:8181", without a slash at the end. */
void remote_put_url(const struct options *options, struct buffer *url);
/* "/v1/<warehouse>" and "/management/v1/warehouses/<warehouse>" of --warehouse. */
void remote_put_prefix(const struct options *options, struct buffer *path);
void remote_put_management(const struct options *options, struct buffer *path);

/* `path` is encoded and begins with '/'; `body` may be NULL. *ret_answer is the caller's, NULL for
 * an answer without a body. */
bool remote_call(struct command_run *run, const char *method, struct buffer *path,
                 const json_t *body, json_t **ret_answer, struct error *err);

#endif
