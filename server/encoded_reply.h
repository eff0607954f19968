/*
 * encoded_reply.h — which form of an answer a client is to have: as it is, or compressed.
 *
 * An answer that is kept (server/reply_cache.h) is compressed once, and its compressed form is kept
 * beside it. --compress says for whom: what a network saves by it is lost between two processes of
 * one machine, and most clients ask for gzip wherever the server is.
 *
 * Spec:     RFC 9110, 12.5.3 (Accept-Encoding), 12.5.5 (Vary), 8.8.1 (weak ETags: two codings of
 *           one representation)
 * Threads:  any
 */
#ifndef SERVER_ENCODED_REPLY_H
#define SERVER_ENCODED_REPLY_H

#include <pthread.h>

#include "server/reply.h"
#include "server/request.h"

struct server;

/* So many answers are compressed at one time: cores are for others, too. */
#define ENCODER_COUNT 4

struct encoders {
    pthread_mutex_t busy[ENCODER_COUNT];
};

void encoders_init(struct encoders *encoders);
void encoders_finish(struct encoders *encoders);

/* ENCODING_IDENTITY where the answer is to go out as it is. */
enum encoding encoded_reply_wanted(const struct server *server, const struct request *request,
                                   const struct reply *reply);
/* Takes `owned` and gives it, or its compressed form. NULL where that has to be made first and the
 * request must not block. */
struct reply *encoded_reply_choose(struct server *server, const struct request *request,
                                   struct reply *owned);

#endif
