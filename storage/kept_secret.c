/*
 * The states of what is kept
 *
 *   fresh    more than REFRESH_BEFORE_MS of its life is left, or half of it: used as it is
 *   aging    one caller fetches a new one, all others go on with this; a failure is tried again
 *            after RETRY_MS
 *   gone     at most SAFETY_MS are left, or the store refused it: every caller waits for the one
 *            that fetches, and a failure is every caller's
 */
#include "storage/kept_secret.h"

#include <openssl/crypto.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/blocking.h"

#define REFRESH_BEFORE_MS (5 * 60 * 1000)
/* A request that is sent now arrives within it. */
#define SAFETY_MS (30 * 1000)
#define RETRY_MS 5000

struct kept_secret {
    const struct secret_kind *kind;
    void *context;
    const struct clock *clock;
    pthread_mutex_t mutex;
    pthread_cond_t fetched;
    bool has_value;
    bool is_fetching;
    int64_t expires_ms; /* 0: never */
    int64_t fetched_ms; /* when the value was */
    int64_t failed_ms;  /* when the last fetch failed; 0: it did not */
    struct error failure;
    char *value; /* of the kind's size, as is the next one, which only who fetches touches */
    char *next;
};

bool kept_secret_create(const struct secret_kind *kind, void *context, const struct clock *clock,
                        struct kept_secret **ret_kept, struct error *err)
{
    struct kept_secret *kept = calloc(1, sizeof *kept);
    char *values = calloc(2, kind->size);
    if (!kept || !values) {
        free(kept);
        free(values);
        return error_no_memory(err, "the credentials of an object store");
    }
    kept->kind = kind;
    kept->context = context;
    kept->clock = clock;
    kept->value = values;
    kept->next = values + kind->size;
    pthread_mutex_init(&kept->mutex, NULL);
    pthread_cond_init(&kept->fetched, NULL);
    *ret_kept = kept;
    return true;
}

void kept_secret_destroy(struct kept_secret *kept)
{
    if (!kept)
        return;
    OPENSSL_cleanse(kept->value, 2 * kept->kind->size);
    free(kept->value);
    pthread_cond_destroy(&kept->fetched);
    pthread_mutex_destroy(&kept->mutex);
    free(kept);
}

enum freshness { FRESH, AGING, GONE };

static enum freshness freshness_of(const struct kept_secret *kept, int64_t now_ms)
{
    if (!kept->has_value)
        return GONE;
    if (kept->expires_ms == 0)
        return FRESH;
    int64_t left_ms = kept->expires_ms - now_ms;
    int64_t half_ms = (kept->expires_ms - kept->fetched_ms) / 2;
    int64_t early_ms = half_ms < REFRESH_BEFORE_MS ? half_ms : REFRESH_BEFORE_MS;
    if (left_ms > early_ms)
        return FRESH;
    return left_ms > (SAFETY_MS < early_ms ? SAFETY_MS : early_ms / 2) ? AGING : GONE;
}

static bool failed_just_now(const struct kept_secret *kept, int64_t now_ms)
{
    return kept->failed_ms != 0 && now_ms - kept->failed_ms < RETRY_MS && now_ms >= kept->failed_ms;
}

/* Called with the mutex, which is given back meanwhile. */
static void fetch(struct kept_secret *kept)
{
    int64_t expires_ms = 0;
    struct error cause = {0};
    kept->is_fetching = true;
    pthread_mutex_unlock(&kept->mutex);
    bool ok = kept->kind->fetch(kept->context, kept->next, &expires_ms, &cause);
    int64_t now_ms = clock_now_ms(kept->clock);
    pthread_mutex_lock(&kept->mutex);
    kept->is_fetching = false;
    if (ok) {
        memcpy(kept->value, kept->next, kept->kind->size);
        kept->has_value = true;
        kept->expires_ms = expires_ms;
        kept->fetched_ms = now_ms;
        kept->failed_ms = 0;
    } else {
        kept->failure = cause;
        kept->failed_ms = now_ms;
    }
    OPENSSL_cleanse(kept->next, kept->kind->size);
    pthread_cond_broadcast(&kept->fetched);
}

/* With the mutex held: until there is something to say. */
static bool settle(struct kept_secret *kept, struct error *err)
{
    for (;;) {
        int64_t now_ms = clock_now_ms(kept->clock);
        enum freshness freshness = freshness_of(kept, now_ms);
        bool has_failed = failed_just_now(kept, now_ms);
        if (freshness == FRESH || (freshness == AGING && (kept->is_fetching || has_failed)))
            return true;
        if (has_failed && !kept->is_fetching)
            return error_set(err, kept->failure.kind, "%s", kept->failure.message);
        if (kept->is_fetching)
            blocking_wait(&kept->fetched, &kept->mutex);
        else
            fetch(kept);
    }
}

bool kept_secret_get(struct kept_secret *kept, void *ret_value, struct error *err)
{
    pthread_mutex_lock(&kept->mutex);
    bool ok = settle(kept, err);
    if (ok)
        memcpy(ret_value, kept->value, kept->kind->size);
    pthread_mutex_unlock(&kept->mutex);
    return ok;
}

void kept_secret_renew(struct kept_secret *kept, int64_t least_ms)
{
    pthread_mutex_lock(&kept->mutex);
    int64_t now_ms = clock_now_ms(kept->clock);
    bool is_short =
        kept->has_value && kept->expires_ms != 0 && kept->expires_ms - now_ms < least_ms;
    if (is_short && !kept->is_fetching && !failed_just_now(kept, now_ms))
        fetch(kept);
    pthread_mutex_unlock(&kept->mutex);
}

/* Another caller may have had the same refusal, and a new one may be there already. */
void kept_secret_refused(struct kept_secret *kept, const void *value)
{
    pthread_mutex_lock(&kept->mutex);
    if (kept->kind->equals(kept->value, value))
        kept->has_value = false;
    pthread_mutex_unlock(&kept->mutex);
}
