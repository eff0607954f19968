/*
 * reply_stream.h — an answer that is sent while it is still being made.
 *
 * A worker writes pieces, the HTTP thread reads bytes, and between them waits at most
 * STREAM_WINDOW_SIZE. The first so many bytes are held back: an answer that ends within them is
 * sent as a whole, and a failure within them is still an error's answer. After that the status is
 * gone, and all that a failure can do is to cut the connection, so that no client takes half an
 * answer for a whole one.
 *
 * Spec:     HTTP/1.1: chunked, with no last chunk where it fails; HTTP/1.0: until the connection
 *           ends
 * Owns:     its pieces; shared by reference count between its writer and its reply
 * Errors:   ERROR_BAD_REQUEST where the client hung up or reads too slowly (the channel's
 *           stall_ms): nobody is left to read it, but it ends the work; ERROR_NO_MEMORY
 * Threads:  one writer at a time, one reader; one mutex inside, below which the channel's calls are
 *           made (libmicrohttpd's own mutexes)
 */
#ifndef SERVER_REPLY_STREAM_H
#define SERVER_REPLY_STREAM_H

#include <sys/types.h>

#include "server/reply.h"
#include "server/request.h"

struct reply_stream;

/* `channel` NULL: nobody reads while it is made, and reply_stream_end gives all of it. It must
 * outlive the writing. */
bool reply_stream_create(const struct reply_channel *channel, struct reply_stream **ret_stream,
                         struct error *err);
struct reply_stream *reply_stream_ref(struct reply_stream *stream);
void reply_stream_unref(struct reply_stream *stream); /* NULL is fine */

/* --- the writer's side --- */

/* The answer carries secrets: nobody on its way may keep it. Before anything is taken. */
void reply_stream_set_private(struct reply_stream *stream);
/* Takes the piece's bytes and leaves it empty; waits for room. The context is the stream. */
bool reply_stream_take(void *context, struct buffer *piece, struct error *err);
/* The end of an answer that is whole. */
bool reply_stream_end(struct reply_stream *stream, struct reply **ret_reply, struct error *err);
/* The end of one that is not: cuts the connection where bytes of it are on their way. */
void reply_stream_fail(struct reply_stream *stream);

/* --- the reader's side --- */

enum { STREAM_PAUSED = 0, STREAM_END = -1, STREAM_FAILED = -2 };

/* Bytes that were read, or one of the above. Before it is STREAM_PAUSED the channel was paused, and
 * it is resumed when there is something to say. */
ssize_t reply_stream_read(struct reply_stream *stream, char *out, size_t capacity);
/* The connection is gone, or about to go: nothing of the channel is called any more. */
void reply_stream_abandon(struct reply_stream *stream);

#endif
