/*
 * token_source.h — bearer tokens of OAuth 2.0: fetched where a store's tokens come from, kept, and
 * fetched anew before they expire.
 *
 * Spec:     RFC 6750 (what a token may look like)
 * Owns:     struct bearer_token is a plain value that holds a secret: bearer_token_wipe ends it.
 *           struct token_source owns what it keeps
 * Errors:   those of the fetch
 * Threads:  any, as storage/kept_secret.h, which keeps them
 */
#ifndef STORAGE_TOKEN_SOURCE_H
#define STORAGE_TOKEN_SOURCE_H

#include "base/clock.h"
#include "base/error.h"
#include "base/slice.h"

/* Tokens of Google have some 1,000 bytes (it reserves 2,048; cut down ones are longer), those of
 * Microsoft some 2,000. What is longer would not pass as a header. */
#define BEARER_TOKEN_SIZE (16 * 1024)

struct bearer_token {
    char text[BEARER_TOKEN_SIZE];
    int64_t expires_ms; /* wall time; 0: nobody said */
};

void bearer_token_wipe(struct bearer_token *token);
/* ERROR_STORAGE where it is empty, too long, or could not stand in a header. */
bool bearer_token_set(struct bearer_token *token, const char *source, struct slice text,
                      int64_t expires_ms, struct error *err);

/* Into a cleared token. It may block, and is never called twice at a time. */
typedef bool (*token_fetch_fn)(void *context, struct bearer_token *ret_token, struct error *err);

struct token_source;

/* The end of a fetch that went wrong, always false: to whoever needs a token, that nothing is there
 * to make one of is ERROR_STORAGE as all else is. */
bool token_fetch_failed(const struct error *cause, struct error *err);

/* `context` and `clock` must stay as long as the source. Nothing is fetched yet. */
bool token_source_create(token_fetch_fn fetch, void *context, const struct clock *clock,
                         struct token_source **ret_source, struct error *err);
void token_source_destroy(struct token_source *source); /* NULL is fine */

/* One that is good for a while. Blocks where it has to be fetched. */
bool token_source_get(struct token_source *source, struct bearer_token *ret_token,
                      struct error *err);
/* Fetches another where less than `least_ms` are left of the one that is kept, which stays where
 * none comes: for who gives on what it has. Blocks. */
void token_source_renew(struct token_source *source, int64_t least_ms);
/* The store says that this one is good no more (401): the next is fetched anew. */
void token_source_refused(struct token_source *source, const struct bearer_token *token);

/* A request with a token. */
struct token_use {
    bool (*send)(void *context, const struct bearer_token *token, struct error *err);
    /* Did the store say that the token was no good? */
    bool (*is_refused)(const void *context);
    void *context;
};
/* Sends, and once more with another token where the first is refused. */
bool token_source_use(struct token_source *source, const struct token_use *use, struct error *err);

#endif
