/*
 * readiness.h — can the database be written right now? What GET /readyz answers from.
 *
 * A probe is one small durable write; its outcome holds for a second, so that any number of health
 * checks costs one write a second. While one request probes, others are answered from memory: with
 * the outcome before, or, where the probe takes long, with the news that it does.
 *
 * Owns:     nothing outlives readiness_finish
 * Errors:   the probe's own error; ERROR_OVERLOADED where a probe hangs
 * Threads:  any; one mutex, a leaf in the lock order, not held during the probe
 */
#ifndef SERVER_READINESS_H
#define SERVER_READINESS_H

#include <pthread.h>

#include "base/clock.h"
#include "base/error.h"

#define READINESS_LIFETIME_MS 1000

/* Writes something that nobody sees, durably. */
typedef bool (*readiness_probe_fn)(void *context, struct error *err);

struct readiness {
    const struct clock *clock;
    readiness_probe_fn probe;
    void *context;
    pthread_mutex_t lock; /* guards what follows */
    bool is_probing;
    int64_t probing_since_ms;
    bool has_outcome;
    int64_t outcome_ms;
    struct error failure; /* kind ERROR_NONE: the last probe succeeded */
};

/* `clock` and `context` are borrowed. */
bool readiness_init(struct readiness *readiness, const struct clock *clock,
                    readiness_probe_fn probe, void *context, struct error *err);
void readiness_finish(struct readiness *readiness); /* one that was never made (zeros) is fine */

enum readiness_verdict { READINESS_READY, READINESS_NOT_READY, READINESS_UNKNOWN };

/* READINESS_UNKNOWN only where `may_block` is false: a probe is due. NOT_READY says why in *err. */
enum readiness_verdict readiness_check(struct readiness *readiness, bool may_block,
                                       struct error *err);

#endif
