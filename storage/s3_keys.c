/*
 * Kept keys
 *
 *   fresh    more than REFRESH_BEFORE_MS of their life is left, or half of it: used as they are
 *   aging    one caller fetches new ones, all others go on with these; a failure is tried again
 *            after RETRY_MS
 *   gone     at most SAFETY_MS are left, or the store refused them: every caller waits for the one
 *            that fetches, and a failure is every caller's
 */
#include "storage/s3_keys.h"

#include <openssl/crypto.h>
#include <pthread.h>
#include <stdlib.h>
#include <time.h>

#include "storage/s3_key_fetch.h"

#define REFRESH_BEFORE_MS (5 * 60 * 1000)
/* A request that is signed now arrives within it. */
#define SAFETY_MS (30 * 1000)
#define RETRY_MS 5000

struct s3_key_source {
    struct s3_key_origin origin;
    pthread_mutex_t mutex;
    pthread_cond_t fetched;
    struct s3_keys keys;
    bool has_keys;
    bool is_fetching;
    int64_t fetched_ms; /* when the keys were */
    int64_t failed_ms;  /* when the last fetch failed; 0: it did not */
    struct error failure;
};

void s3_keys_wipe(struct s3_keys *keys)
{
    OPENSSL_cleanse(keys, sizeof *keys);
}

struct s3_credentials s3_keys_credentials(const struct s3_keys *keys)
{
    return (struct s3_credentials){slice_from_string(keys->access_key_id),
                                   slice_from_string(keys->secret_access_key),
                                   slice_from_string(keys->session_token)};
}

static bool copy(char *place, size_t size, struct slice text)
{
    if (text.len >= size || slice_find(text, '\0') != text.len)
        return false;
    if (text.len > 0)
        memcpy(place, text.ptr, text.len);
    place[text.len] = '\0';
    return true;
}

bool s3_keys_set(struct s3_keys *keys, const char *source, const struct s3_credentials *from,
                 int64_t expires_ms, struct error *err)
{
    keys->expires_ms = expires_ms;
    return (copy(keys->access_key_id, sizeof keys->access_key_id, from->access_key_id) &&
            copy(keys->secret_access_key, sizeof keys->secret_access_key,
                 from->secret_access_key) &&
            copy(keys->session_token, sizeof keys->session_token, from->session_token)) ||
           error_set(err, ERROR_STORAGE, "%s gave keys that are too long to be true", source);
}

bool s3_keys_parse_time(struct slice text, int64_t *ret_ms)
{
    struct tm parts = {0};
    char copied[32];
    if (!copy(copied, sizeof copied, text))
        return false;
    const char *rest = strptime(copied, "%Y-%m-%dT%H:%M:%S", &parts);
    if (rest && *rest == '.')
        rest += 1 + strspn(rest + 1, "0123456789");
    if (!rest || (strcmp(rest, "Z") != 0 && strcmp(rest, "+00:00") != 0))
        return false;
    *ret_ms = (int64_t)timegm(&parts) * 1000;
    return true;
}

/* --- the source --------------------------------------------------------------------------- */

bool s3_key_source_create(const struct s3_key_origin *origin, struct s3_key_source **ret_source,
                          struct error *err)
{
    struct s3_key_source *source = calloc(1, sizeof *source);
    if (!source)
        return error_no_memory(err, "the credentials of an object store");
    source->origin = *origin;
    pthread_mutex_init(&source->mutex, NULL);
    pthread_cond_init(&source->fetched, NULL);
    *ret_source = source;
    return true;
}

void s3_key_source_destroy(struct s3_key_source *source)
{
    if (!source)
        return;
    s3_keys_wipe(&source->keys);
    pthread_cond_destroy(&source->fetched);
    pthread_mutex_destroy(&source->mutex);
    free(source);
}

enum freshness { FRESH, AGING, GONE };

static enum freshness freshness_of(const struct s3_key_source *source, int64_t now_ms)
{
    int64_t expires_ms = source->keys.expires_ms;
    if (!source->has_keys)
        return GONE;
    if (expires_ms == 0)
        return FRESH;
    int64_t half_ms = (expires_ms - source->fetched_ms) / 2;
    int64_t early_ms = half_ms < REFRESH_BEFORE_MS ? half_ms : REFRESH_BEFORE_MS;
    if (expires_ms - now_ms > early_ms)
        return FRESH;
    return expires_ms - now_ms > (SAFETY_MS < early_ms ? SAFETY_MS : early_ms / 2) ? AGING : GONE;
}

static bool failed_just_now(const struct s3_key_source *source, int64_t now_ms)
{
    return source->failed_ms != 0 && now_ms - source->failed_ms < RETRY_MS &&
           now_ms >= source->failed_ms;
}

/* Called with the mutex, which is given back meanwhile. */
static void fetch(struct s3_key_source *source)
{
    struct s3_keys keys = {.expires_ms = 0};
    struct error cause = {0};
    source->is_fetching = true;
    pthread_mutex_unlock(&source->mutex);
    bool ok = s3_key_fetch(&source->origin, &keys, &cause);
    int64_t now_ms = clock_now_ms(http_transport_clock(source->origin.transport));
    pthread_mutex_lock(&source->mutex);
    source->is_fetching = false;
    if (ok) {
        source->keys = keys;
        source->has_keys = true;
        source->fetched_ms = now_ms;
        source->failed_ms = 0;
    } else {
        source->failure = cause;
        source->failed_ms = now_ms;
    }
    s3_keys_wipe(&keys);
    pthread_cond_broadcast(&source->fetched);
}

/* With the mutex held: until there is something to say. */
static bool settle(struct s3_key_source *source, struct error *err)
{
    for (;;) {
        int64_t now_ms = clock_now_ms(http_transport_clock(source->origin.transport));
        enum freshness freshness = freshness_of(source, now_ms);
        bool has_failed = failed_just_now(source, now_ms);
        if (freshness == FRESH || (freshness == AGING && (source->is_fetching || has_failed)))
            return true;
        if (has_failed && !source->is_fetching)
            return error_set(err, source->failure.kind, "%s", source->failure.message);
        if (source->is_fetching)
            pthread_cond_wait(&source->fetched, &source->mutex);
        else
            fetch(source);
    }
}

bool s3_key_source_get(struct s3_key_source *source, struct s3_keys *ret_keys, struct error *err)
{
    pthread_mutex_lock(&source->mutex);
    bool ok = settle(source, err);
    if (ok)
        *ret_keys = source->keys;
    pthread_mutex_unlock(&source->mutex);
    return ok;
}

/* Another caller may have had the same refusal, and new keys may be there already. */
bool s3_key_source_refused(struct s3_key_source *source, const struct s3_keys *keys)
{
    bool is_static =
        !source->origin.is_any && source->origin.credentials.source == CREDENTIALS_STATIC;
    pthread_mutex_lock(&source->mutex);
    if (strcmp(source->keys.access_key_id, keys->access_key_id) == 0 &&
        strcmp(source->keys.session_token, keys->session_token) == 0)
        source->has_keys = false;
    pthread_mutex_unlock(&source->mutex);
    return !is_static;
}
