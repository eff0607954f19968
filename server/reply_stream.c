/*
 *            take              take, more than the window held     end
 *   HOLDING ------> HOLDING ------------------------------> SENDING ---> ENDED
 *      | end: one reply with its length                        | fail: FAILED
 *
 * Invariants, with the mutex held:
 * 1. `size` is the sum of the pieces' unread bytes.
 * 2. The channel is paused only where there is nothing to read, and whoever adds enough, ends or
 *    fails resumes it, once.
 * 3. After is_abandoned no call of the channel is made: its connection may be gone.
 */
#include "server/reply_stream.h"

#include <pthread.h>
#include <stdlib.h>

#include "base/blocking.h"
#include "base/limits.h"
#include "base/timed_wait.h"

/* A paused reader is not woken for less, while more is to come: waking costs five system calls. */
#define WAKE_SIZE (128 * KIB)

enum stream_state { STREAM_IS_HOLDING, STREAM_IS_SENDING, STREAM_HAS_ENDED, STREAM_HAS_FAILED };

struct stream_piece {
    struct stream_piece *next;
    size_t size;
    size_t read;
    char bytes[];
};

struct reply_stream {
    atomic_size_t references;
    const struct reply_channel *channel;
    struct reply *reply; /* what was given to the channel: a view, as it holds this stream */
    pthread_mutex_t mutex;
    pthread_cond_t has_room;
    enum stream_state state;
    bool is_paused;
    bool is_abandoned;
    bool is_private;
    struct stream_piece *first, *last;
    size_t size;
};

bool reply_stream_create(const struct reply_channel *channel, struct reply_stream **ret_stream,
                         struct error *err)
{
    struct reply_stream *stream = calloc(1, sizeof(*stream));
    if (!stream)
        return error_no_memory(err, "an answer");
    timed_wait_init(&stream->has_room);
    atomic_init(&stream->references, 1);
    pthread_mutex_init(&stream->mutex, NULL);
    stream->channel = channel;
    *ret_stream = stream;
    return true;
}

struct reply_stream *reply_stream_ref(struct reply_stream *stream)
{
    atomic_fetch_add_explicit(&stream->references, 1, memory_order_relaxed);
    return stream;
}

static void pieces_free(struct reply_stream *stream)
{
    while (stream->first) {
        struct stream_piece *next = stream->first->next;
        free(stream->first);
        stream->first = next;
    }
    stream->last = NULL;
    stream->size = 0;
}

void reply_stream_unref(struct reply_stream *stream)
{
    if (!stream || atomic_fetch_sub_explicit(&stream->references, 1, memory_order_acq_rel) != 1)
        return;
    pieces_free(stream);
    pthread_cond_destroy(&stream->has_room);
    pthread_mutex_destroy(&stream->mutex);
    free(stream);
}

/* --- writing -------------------------------------------------------------------------------- */

static void resume_if_paused(struct reply_stream *stream)
{
    if (!stream->is_paused || stream->is_abandoned)
        return;
    stream->is_paused = false;
    stream->channel->resume(stream->channel->context);
}

static bool add_piece(struct reply_stream *stream, struct slice bytes, struct error *err)
{
    struct stream_piece *piece = malloc(sizeof(*piece) + bytes.len);
    if (!piece)
        return error_no_memory(err, "an answer");
    *piece = (struct stream_piece){.size = bytes.len};
    memcpy(piece->bytes, bytes.ptr, bytes.len);
    if (stream->last)
        stream->last->next = piece;
    else
        stream->first = piece;
    stream->last = piece;
    stream->size += bytes.len;
    return true;
}

/* A worker waits here for the client. One deadline for each piece, however often the client reads
 * a little: so a piece's size over the time is the slowest reader that is served. */
static bool wait_for_room(struct reply_stream *stream, struct error *err)
{
    struct timespec until = timed_wait_deadline(stream->channel->stall_ms);
    int timed_out = 0;
    while (stream->size >= STREAM_WINDOW_SIZE && !stream->is_abandoned && !timed_out)
        timed_out = blocking_wait_until(&stream->has_room, &stream->mutex, &until);
    if (stream->is_abandoned)
        return error_set(err, ERROR_BAD_REQUEST, "The client hung up before the answer ended");
    if (stream->size < STREAM_WINDOW_SIZE)
        return true;
    return error_set(err, ERROR_BAD_REQUEST,
                     "The client read too little of the answer in %lld ms: the connection was cut",
                     (long long)stream->channel->stall_ms);
}

void reply_stream_set_private(struct reply_stream *stream)
{
    stream->is_private = true;
}

static bool add_cache_control(const struct reply_stream *stream, struct reply *reply,
                              struct error *err)
{
    return !stream->is_private ||
           reply_add_header(reply, "Cache-Control", SLICE_LITERAL("no-store"), err);
}

static bool make_reply(struct reply_stream *stream, struct reply **ret_reply, struct error *err)
{
    struct reply *reply = NULL;
    TRY(reply_create(200, &reply, err));
    if (!reply_add_header(reply, "Content-Type", SLICE_LITERAL("application/json"), err) ||
        !add_cache_control(stream, reply, err)) {
        reply_unref(reply);
        return false;
    }
    reply->stream = reply_stream_ref(stream);
    *ret_reply = reply;
    return true;
}

/* Too much is held: from now on it is sent. Without the mutex, as the reader may come at once. */
static bool start_sending(struct reply_stream *stream, struct error *err)
{
    struct reply *reply = NULL;
    TRY(make_reply(stream, &reply, err));
    stream->reply = reply;
    stream->state = STREAM_IS_SENDING;
    stream->channel->open(stream->channel->context, reply);
    return true;
}

/* What is collected for nobody has a ceiling instead of a reader. */
static bool check_held(const struct reply_stream *stream, struct error *err)
{
    return stream->size <= MAX_PLAN_ANSWER_SIZE ||
           error_set(err, ERROR_TOO_LARGE, "the answer is larger than %zu bytes",
                     MAX_PLAN_ANSWER_SIZE);
}

bool reply_stream_take(void *context, struct buffer *piece, struct error *err)
{
    struct reply_stream *stream = context;
    bool ok = true;
    if (piece->len == 0)
        return true;
    pthread_mutex_lock(&stream->mutex);
    if (stream->state == STREAM_IS_SENDING)
        ok = wait_for_room(stream, err);
    ok = ok && add_piece(stream, buffer_slice(piece), err);
    if (ok && stream->size >= WAKE_SIZE)
        resume_if_paused(stream);
    bool is_due = ok && stream->state == STREAM_IS_HOLDING && stream->channel &&
                  stream->size >= STREAM_WINDOW_SIZE;
    pthread_mutex_unlock(&stream->mutex);
    buffer_truncate(piece, 0);
    return ok && (stream->channel || check_held(stream, err)) &&
           (!is_due || start_sending(stream, err));
}

/* --- ends ----------------------------------------------------------------------------------- */

static bool gather(const struct reply_stream *stream, struct buffer *out, struct error *err)
{
    buffer_init(out, MAX_PLAN_ANSWER_SIZE + STREAM_WINDOW_SIZE);
    buffer_reserve(out, stream->size);
    for (const struct stream_piece *piece = stream->first; piece; piece = piece->next)
        buffer_append(out, piece->bytes, piece->size);
    return buffer_check(out, "the answer", err);
}

static bool end_whole(struct reply_stream *stream, struct reply **ret_reply, struct error *err)
{
    struct buffer body;
    struct reply *reply = NULL;
    if (!gather(stream, &body, err)) {
        buffer_finish(&body);
        return false;
    }
    TRY(reply_json(200, &body, &reply, err));
    if (add_cache_control(stream, reply, err)) {
        *ret_reply = reply;
        return true;
    }
    reply_unref(reply);
    return false;
}

static void settle(struct reply_stream *stream, enum stream_state state)
{
    pthread_mutex_lock(&stream->mutex);
    stream->state = state;
    resume_if_paused(stream);
    if (state == STREAM_HAS_FAILED && !stream->is_abandoned)
        stream->channel->cut(stream->channel->context);
    pthread_mutex_unlock(&stream->mutex);
}

bool reply_stream_end(struct reply_stream *stream, struct reply **ret_reply, struct error *err)
{
    if (stream->state == STREAM_IS_HOLDING)
        return end_whole(stream, ret_reply, err);
    *ret_reply = reply_ref(stream->reply);
    settle(stream, STREAM_HAS_ENDED);
    return true;
}

void reply_stream_fail(struct reply_stream *stream)
{
    if (stream->state == STREAM_IS_SENDING)
        settle(stream, STREAM_HAS_FAILED);
}

/* --- reading -------------------------------------------------------------------------------- */

static size_t take_bytes(struct reply_stream *stream, char *out, size_t capacity)
{
    size_t total = 0;
    while (stream->first && total < capacity) {
        struct stream_piece *piece = stream->first;
        size_t left = piece->size - piece->read;
        size_t size = left < capacity - total ? left : capacity - total;
        memcpy(out + total, piece->bytes + piece->read, size);
        piece->read += size;
        total += size;
        if (piece->read < piece->size)
            break;
        stream->first = piece->next;
        free(piece);
    }
    if (!stream->first)
        stream->last = NULL;
    stream->size -= total;
    return total;
}

static ssize_t read_locked(struct reply_stream *stream, char *out, size_t capacity)
{
    if (stream->state == STREAM_HAS_FAILED)
        return STREAM_FAILED;
    size_t size = take_bytes(stream, out, capacity);
    if (stream->size < STREAM_WINDOW_SIZE)
        pthread_cond_signal(&stream->has_room);
    if (size > 0)
        return (ssize_t)size;
    if (stream->state == STREAM_HAS_ENDED)
        return STREAM_END;
    stream->is_paused = true;
    stream->channel->pause(stream->channel->context);
    return STREAM_PAUSED;
}

ssize_t reply_stream_read(struct reply_stream *stream, char *out, size_t capacity)
{
    pthread_mutex_lock(&stream->mutex);
    ssize_t result = read_locked(stream, out, capacity);
    pthread_mutex_unlock(&stream->mutex);
    return result;
}

void reply_stream_abandon(struct reply_stream *stream)
{
    pthread_mutex_lock(&stream->mutex);
    stream->is_abandoned = true;
    pthread_cond_signal(&stream->has_room);
    pthread_mutex_unlock(&stream->mutex);
}
