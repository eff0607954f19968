#include "server/encoded_reply.h"

#include "base/blocking.h"
#include "base/byte_budget.h"
#include "base/limits.h"
#include "server/etag.h"
#include "server/reply_cache.h"
#include "server/server.h"

/* Two packets. Below it a client has the answer no sooner, and has to inflate it. */
#define MIN_ENCODED_SIZE (2 * KIB)
/* An answer may take another such buffer while it is compressed, beside the compressed bytes. */
#define MAX_ENCODED_SIZE (32 * MIB)
/* What an answer is expected to shrink to, at most; JSON shrinks to a third and less. */
#define EXPECTED_PERCENT 50

void encoders_init(struct encoders *encoders)
{
    for (size_t i = 0; i < ENCODER_COUNT; i++)
        pthread_mutex_init(&encoders->busy[i], NULL);
}

void encoders_finish(struct encoders *encoders)
{
    for (size_t i = 0; i < ENCODER_COUNT; i++)
        pthread_mutex_destroy(&encoders->busy[i]);
}

/* --- who gets what -------------------------------------------------------------------------- */

static bool is_for(enum compression policy, const struct request *request)
{
    return policy == COMPRESS_ALWAYS || (policy == COMPRESS_REMOTE && request->is_remote);
}

/* Only what is kept: compressing an answer for one client costs more than sending it. */
enum encoding encoded_reply_wanted(const struct server *server, const struct request *request,
                                   const struct reply *reply)
{
    enum compression policy = (enum compression)option_number(server->options, OPTION_COMPRESS);
    if (policy == COMPRESS_NEVER || request->method != METHOD_GET || reply->kept_key == NULL)
        return ENCODING_IDENTITY;
    struct encoding_wish wish = encoding_choose(request_header(request, "Accept-Encoding"));
    if (wish.encoding == ENCODING_IDENTITY)
        return ENCODING_IDENTITY;
    if (!wish.is_demanded && (reply->body_size < MIN_ENCODED_SIZE || !is_for(policy, request)))
        return ENCODING_IDENTITY;
    if (reply->body_size > MAX_ENCODED_SIZE)
        return ENCODING_IDENTITY;
    bool is_there = atomic_load(&reply->encoded[wish.encoding]) != NULL;
    return is_there || reply_cache_admits(server->cache, reply, EXPECTED_PERCENT)
               ? wish.encoding
               : ENCODING_IDENTITY;
}

/* --- making one ----------------------------------------------------------------------------- */

static bool compress(const struct reply *reply, enum encoding encoding, struct blob **ret_blob,
                     struct error *err)
{
    if (reply->segment_count == 1)
        return encoding_apply(encoding, reply->segments[0].bytes, ret_blob, err);
    struct buffer whole;
    buffer_init(&whole, reply->body_size);
    bool ok = reply_body(reply, &whole)
                  ? encoding_apply(encoding, buffer_slice(&whole), ret_blob, err)
                  : error_no_memory(err, "a compressed answer");
    buffer_finish(&whole);
    return ok;
}

static bool add_headers(const struct reply *reply, enum encoding encoding, struct reply *coded,
                        struct error *err)
{
    char weak[ETAG_SIZE];
    for (size_t i = 0; i < reply->header_count; i++) {
        struct slice value = slice_from_string(reply->headers[i].value);
        if (strcmp(reply->headers[i].name, "ETag") == 0)
            value = etag_weak(reply->etag, weak);
        TRY(reply_add_header(coded, reply->headers[i].name, value, err));
    }
    return reply_add_header(coded, "Content-Encoding", slice_from_string(encoding_name(encoding)),
                            err);
}

static struct reply *make_encoded(const struct reply *reply, enum encoding encoding)
{
    struct reply *coded = NULL;
    struct blob *blob = NULL;
    if (!compress(reply, encoding, &blob, NULL))
        return NULL;
    if (reply_create(reply->status, &coded, NULL) && add_headers(reply, encoding, coded, NULL)) {
        reply_add_segment(coded, blob_slice(blob), blob);
    } else {
        reply_unref(coded);
        coded = NULL;
    }
    blob_unref(blob);
    return coded;
}

/* Twice the answer's size: it may have to be joined first. Where there is no room at once, the
 * answer goes out as it is. */
static struct reply *make_within_budget(struct server *server, const struct reply *reply,
                                        enum encoding encoding)
{
    size_t size = 2 * reply->body_size;
    if (!byte_budget_take(server->reading, size, 0, "answers to compress", NULL))
        return NULL;
    struct reply *coded = make_encoded(reply, encoding);
    byte_budget_give(server->reading, size);
    return coded;
}

/* A reference; NULL where memory is short. */
static struct reply *find_or_make(struct server *server, struct reply *reply,
                                  enum encoding encoding)
{
    pthread_mutex_t *busy =
        &server->encoders.busy[(uintptr_t)reply / sizeof(*reply) % ENCODER_COUNT];
    blocking_lock(busy);
    struct reply *coded = atomic_load(&reply->encoded[encoding]);
    if (coded) {
        reply_ref(coded);
    } else {
        coded = make_within_budget(server, reply, encoding);
        if (coded)
            reply_cache_add_encoded(server->cache, reply, encoding, coded);
    }
    pthread_mutex_unlock(busy);
    return coded;
}

struct reply *encoded_reply_choose(struct server *server, const struct request *request,
                                   struct reply *owned)
{
    enum encoding encoding = encoded_reply_wanted(server, request, owned);
    if (encoding == ENCODING_IDENTITY)
        return owned;
    struct reply *coded = atomic_load(&owned->encoded[encoding]);
    if (coded)
        reply_ref(coded);
    else if (request->may_block)
        coded = find_or_make(server, owned, encoding);
    else {
        reply_unref(owned);
        return NULL;
    }
    if (coded == NULL)
        return owned; /* it goes out as it is */
    reply_unref(owned);
    return coded;
}
