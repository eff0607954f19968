/*
 * gcs_json.h — what Google Cloud Storage answers, and what many calls in one request look like.
 *
 * Spec:     Cloud Storage JSON API: Objects: list, HTTP status and error codes, "Batch requests"
 * Owns:     texts are copied into the caller's arena
 * Errors:   ERROR_CORRUPT where a text is no such answer
 * Threads:  pure functions
 */
#ifndef STORAGE_GCS_JSON_H
#define STORAGE_GCS_JSON_H

#include "base/arena.h"
#include "base/buffer.h"
#include "base/error.h"
#include "storage/list_walk.h"

/* What an answer of another status than 2xx says. Texts that it does not have are empty. */
struct gcs_fault {
    struct slice reason;  /* "forbidden", "rateLimitExceeded" */
    struct slice message; /* its first line, as far as it can be printed */
};
/* Any text is one: what is no JSON is taken for the message, as downloads have it. */
bool gcs_fault_parse(struct slice text, struct arena *arena, struct gcs_fault *ret_fault,
                     struct error *err);

/* One page of Objects: list; names go with the call. *ret_next: where the next page begins; empty:
 * this was the last. */
bool gcs_list_parse(struct slice json, list_name_fn visit, void *context, struct arena *arena,
                    struct slice *ret_next, struct error *err);

/* A batch: `delete` calls of one bucket. The body's boundary is GCS_BATCH_BOUNDARY. */
#define GCS_BATCH_BOUNDARY "firn-batch"
#define GCS_MAX_BATCH 100
void gcs_batch_append(struct buffer *out, struct slice bucket, const struct slice *names,
                      size_t count);
/* Fills ret_statuses[i] with what was answered to the i-th call, 0 where nothing was. False where
 * the text is no answer to a batch. */
bool gcs_batch_parse(struct slice multipart, size_t count, long *ret_statuses, struct error *err);

#endif
