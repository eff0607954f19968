#include "server/readiness.h"

bool readiness_init(struct readiness *readiness, const struct clock *clock,
                    readiness_probe_fn probe, void *context, struct error *err)
{
    if (pthread_mutex_init(&readiness->lock, NULL) != 0)
        return error_no_memory(err, "the lock of the health checks");
    readiness->clock = clock;
    readiness->probe = probe;
    readiness->context = context;
    return true;
}

void readiness_finish(struct readiness *readiness)
{
    if (readiness->probe)
        pthread_mutex_destroy(&readiness->lock);
    readiness->probe = NULL;
}

static enum readiness_verdict failed(const struct error *failure, struct error *err)
{
    error_set(err, failure->kind, "%s", failure->message);
    return READINESS_NOT_READY;
}

/* Under the lock. Before the first outcome the server counts as ready: it has just opened the
 * database for writing. */
static enum readiness_verdict remembered(const struct readiness *readiness, int64_t now_ms,
                                         struct error *err)
{
    bool is_fresh =
        readiness->has_outcome && now_ms - readiness->outcome_ms < READINESS_LIFETIME_MS;
    if (!is_fresh && !readiness->is_probing)
        return READINESS_UNKNOWN;
    if (readiness->failure.kind != ERROR_NONE)
        return failed(&readiness->failure, err);
    if (is_fresh || now_ms - readiness->probing_since_ms < READINESS_LIFETIME_MS)
        return READINESS_READY;
    error_set(err, ERROR_OVERLOADED, "the database has not answered a write for %lld ms",
              (long long)(now_ms - readiness->probing_since_ms));
    return READINESS_NOT_READY;
}

static enum readiness_verdict probe(struct readiness *readiness, struct error *err)
{
    struct error failure = {0};
    bool ok = readiness->probe(readiness->context, &failure);
    pthread_mutex_lock(&readiness->lock);
    readiness->is_probing = false;
    readiness->has_outcome = true;
    readiness->outcome_ms = clock_monotonic_ms(readiness->clock);
    readiness->failure = failure;
    pthread_mutex_unlock(&readiness->lock);
    return ok ? READINESS_READY : failed(&failure, err);
}

enum readiness_verdict readiness_check(struct readiness *readiness, bool may_block,
                                       struct error *err)
{
    int64_t now_ms = clock_monotonic_ms(readiness->clock);
    pthread_mutex_lock(&readiness->lock);
    enum readiness_verdict verdict = remembered(readiness, now_ms, err);
    bool is_due = verdict == READINESS_UNKNOWN && may_block;
    if (is_due) {
        readiness->is_probing = true;
        readiness->probing_since_ms = now_ms;
    }
    pthread_mutex_unlock(&readiness->lock);
    return is_due ? probe(readiness, err) : verdict;
}
