#include "storage/vended_keys.h"

#include <openssl/crypto.h>
#include <pthread.h>
#include <stdlib.h>

#include "base/digest.h"
#include "base/limits.h"

/* Tables whose keys are kept: a bucket has the newest few of its hash. Some 2 KB each. */
#define BUCKETS 1024
#define MOST_IN_BUCKET 8
#define VENDING_ARENA_SIZE (2 * MIB)

struct entry {
    struct entry *next; /* older ones */
    char digest[DIGEST_HEX_SIZE];
    int64_t half_ms; /* wall time: not given out from then on */
    int64_t expires_ms;
    size_t size;  /* of `texts` */
    char texts[]; /* access key id, secret, token, each with its NUL */
};

struct vended_keys {
    const struct clock *clock;
    pthread_mutex_t mutex;
    struct entry *buckets[BUCKETS];
};

bool vended_keys_create(const struct clock *clock, struct vended_keys **ret_vended,
                        struct error *err)
{
    struct vended_keys *vended = calloc(1, sizeof(*vended));
    if (vended == NULL)
        return error_no_memory(err, "clients' keys");
    vended->clock = clock;
    pthread_mutex_init(&vended->mutex, NULL);
    *ret_vended = vended;
    return true;
}

static void entry_free(struct entry *entry)
{
    OPENSSL_cleanse(entry, sizeof(*entry) + entry->size);
    free(entry);
}

static void entries_free(struct entry *entry)
{
    while (entry != NULL) {
        struct entry *next = entry->next;
        entry_free(entry);
        entry = next;
    }
}

void vended_keys_destroy(struct vended_keys *vended)
{
    if (vended == NULL)
        return;
    for (size_t i = 0; i < BUCKETS; i++)
        entries_free(vended->buckets[i]);
    pthread_mutex_destroy(&vended->mutex);
    free(vended);
}

/* Whatever the keys depend on: another secret or role gives others. */
static bool name_request(const struct vended_request *request, char ret_digest[DIGEST_HEX_SIZE],
                         struct error *err)
{
    const char rights = request->rights == SESSION_READ ? 'r' : 'w';
    const struct slice parts[] = {request->place->identity, request->location, {&rights, 1}};
    return digest_parts(parts, sizeof(parts) / sizeof(parts[0]), ret_digest, err);
}

static size_t bucket_of(const char *digest)
{
    unsigned value = 0;
    for (size_t i = 0; i < 4; i++)
        value = value * 16 + (unsigned)hex_value(digest[i]);
    return value % BUCKETS;
}

static bool entry_read(const struct entry *entry, struct s3_keys *ret_keys)
{
    const char *id = entry->texts, *secret = id + strlen(id) + 1;
    const char *token = secret + strlen(secret) + 1;
    const struct s3_credentials credentials = {slice_from_string(id), slice_from_string(secret),
                                               slice_from_string(token)};
    return s3_keys_set(ret_keys, "STS", &credentials, entry->expires_ms, NULL);
}

static bool find(struct vended_keys *vended, const char *digest, struct s3_keys *ret_keys)
{
    int64_t now_ms = clock_now_ms(vended->clock);
    bool is_found = false;
    pthread_mutex_lock(&vended->mutex);
    for (struct entry *entry = vended->buckets[bucket_of(digest)]; entry && !is_found;
         entry = entry->next)
        is_found = strcmp(entry->digest, digest) == 0 && now_ms < entry->half_ms &&
                   entry_read(entry, ret_keys);
    pthread_mutex_unlock(&vended->mutex);
    return is_found;
}

bool vended_keys_find(struct vended_keys *vended, const struct vended_request *request,
                      struct s3_keys *ret_keys)
{
    char digest[DIGEST_HEX_SIZE];
    return name_request(request, digest, NULL) && find(vended, digest, ret_keys);
}

/* --- keeping -------------------------------------------------------------------------------- */

static void put_text(char **at, const char *text)
{
    size_t size = strlen(text) + 1;
    memcpy(*at, text, size);
    *at += size;
}

static struct entry *entry_make(const char *digest, const struct s3_keys *keys, int64_t now_ms)
{
    size_t size = strlen(keys->access_key_id) + strlen(keys->secret_access_key) +
                  strlen(keys->session_token) + 3;
    struct entry *entry = calloc(1, sizeof(*entry) + size);
    if (entry == NULL)
        return NULL;
    memcpy(entry->digest, digest, sizeof(entry->digest));
    entry->half_ms = now_ms + (keys->expires_ms - now_ms) / 2;
    entry->expires_ms = keys->expires_ms;
    entry->size = size;
    char *at = entry->texts;
    put_text(&at, keys->access_key_id);
    put_text(&at, keys->secret_access_key);
    put_text(&at, keys->session_token);
    return entry;
}

/* Drops what is of the same request, is old, or is one too many. */
static void trim(struct entry *newest, int64_t now_ms)
{
    size_t count = 1;
    for (struct entry **link = &newest->next; *link;) {
        struct entry *entry = *link;
        bool is_kept = now_ms < entry->half_ms && strcmp(entry->digest, newest->digest) != 0 &&
                       ++count <= MOST_IN_BUCKET;
        if (is_kept) {
            link = &entry->next;
        } else {
            *link = entry->next;
            entry_free(entry);
        }
    }
}

/* Where memory is short the next request asks STS again. */
static void keep(struct vended_keys *vended, const char *digest, const struct s3_keys *keys,
                 int64_t now_ms)
{
    struct entry *entry = entry_make(digest, keys, now_ms);
    if (entry == NULL)
        return;
    pthread_mutex_lock(&vended->mutex);
    struct entry **bucket = &vended->buckets[bucket_of(digest)];
    entry->next = *bucket;
    *bucket = entry;
    trim(entry, now_ms);
    pthread_mutex_unlock(&vended->mutex);
}

/* --- asking --------------------------------------------------------------------------------- */

bool vended_keys_get(struct vended_keys *vended, const struct vended_request *request,
                     struct s3_keys *ret_keys, struct error *err)
{
    char digest[DIGEST_HEX_SIZE];
    struct arena arena;
    TRY(name_request(request, digest, err));
    if (find(vended, digest, ret_keys))
        return true;
    arena_init(&arena, VENDING_ARENA_SIZE);
    int64_t now_ms = clock_now_ms(vended->clock);
    bool ok = request->kind->make(request, &arena, ret_keys, err);
    arena_finish(&arena);
    if (ok)
        keep(vended, digest, ret_keys, now_ms);
    return ok;
}
