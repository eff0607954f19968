/*
 * store_trial.h — a store behind a network, before a server on loopback that answers as a test
 *                 says.
 *
 * Threads:  one; the script has its own
 */
#ifndef TESTS_UNIT_STORAGE_STORE_TRIAL_H
#define TESTS_UNIT_STORAGE_STORE_TRIAL_H

#include "storage/remote_store.h"
#include "tests/unit/storage/http_script.h"

struct store_trial {
    struct fake_time time; /* 2015-08-30T12:36:00Z, of AWS's own examples */
    struct http_script *script;
    struct http_transport *transport;
    struct object_store *store;
    struct buffer out;
    struct error err;
};

typedef bool (*store_create_fn)(const struct remote_store_options *options,
                                struct object_store **ret_store, struct error *err);

/* First the script, whose address the variables then tell; then the store, which reads them. */
void store_trial_begin(struct store_trial *trial, const struct http_step *steps, size_t count);
void store_trial_open(struct store_trial *trial, store_create_fn create,
                      environment_fn environment);
/* Fails where the last error's sentence has the secret (NULL: there is none). */
void store_trial_end(struct store_trial *trial, const char *secret);

/* Into trial->out. */
bool store_trial_get(struct store_trial *trial, const char *uri);
bool store_trial_put(struct store_trial *trial, const char *uri, const char *bytes);

/* The first line of the n-th request. */
void store_trial_assert_line(struct store_trial *trial, size_t n, const char *line);
bool store_trial_request_has(struct store_trial *trial, size_t n, const char *text);

/* An answer with a body, written to `text`, which must outlive the script. */
struct http_step store_trial_answer(char *text, size_t size, const char *status, const char *body);

#endif
