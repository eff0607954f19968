#include "storage/s3_keys.h"

#include <openssl/crypto.h>
#include <stdlib.h>
#include <time.h>

#include "storage/kept_secret.h"
#include "storage/s3_key_fetch.h"

struct s3_key_source {
    struct s3_key_origin origin;
    struct kept_secret *kept;
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

static bool fetch_keys(void *context, void *ret_value, int64_t *ret_expires_ms, struct error *err)
{
    const struct s3_key_source *source = context;
    struct s3_keys *keys = ret_value;
    TRY(s3_key_fetch(&source->origin, keys, err));
    *ret_expires_ms = keys->expires_ms;
    return true;
}

static bool keys_equal(const void *a, const void *b)
{
    const struct s3_keys *one = a, *other = b;
    return strcmp(one->access_key_id, other->access_key_id) == 0 &&
           strcmp(one->session_token, other->session_token) == 0;
}

static const struct secret_kind S3_KEYS = {sizeof(struct s3_keys), fetch_keys, keys_equal};

bool s3_key_source_create(const struct s3_key_origin *origin, struct s3_key_source **ret_source,
                          struct error *err)
{
    struct s3_key_source *source = calloc(1, sizeof *source);
    if (!source)
        return error_no_memory(err, "the credentials of an object store");
    source->origin = *origin;
    if (!kept_secret_create(&S3_KEYS, source, http_transport_clock(origin->transport),
                            &source->kept, err)) {
        free(source);
        return false;
    }
    *ret_source = source;
    return true;
}

void s3_key_source_destroy(struct s3_key_source *source)
{
    if (!source)
        return;
    kept_secret_destroy(source->kept);
    free(source);
}

bool s3_key_source_get(struct s3_key_source *source, struct s3_keys *ret_keys, struct error *err)
{
    return kept_secret_get(source->kept, ret_keys, err);
}

bool s3_key_source_refused(struct s3_key_source *source, const struct s3_keys *keys)
{
    kept_secret_refused(source->kept, keys);
    return source->origin.is_any || source->origin.credentials.source != CREDENTIALS_STATIC;
}
