/*
 * fault_cure.h — what an object store refused, in one sentence: "cannot read 's3://b/k': SlowDown:
 * the store wants fewer requests: try again later".
 *
 * Owns:     nothing: tables are constant, texts borrowed
 * Threads:  pure functions
 */
#ifndef STORAGE_FAULT_CURE_H
#define STORAGE_FAULT_CURE_H

#include "base/buffer.h"
#include "base/error.h"

/* What a code of the store's is for us, and what to do. */
struct fault_cure {
    const char *code;
    enum error_kind kind;
    const char *text; /* '%' and a letter stand for a word (fault_cure_word_fn) */
};

/* NULL: the code is none of them. */
const struct fault_cure *fault_cure_find(const struct fault_cure *cures, size_t count,
                                         struct slice code);

/* Appends what the letter stands for. */
typedef void (*fault_cure_word_fn)(struct buffer *out, char letter, const void *context);

struct fault_cure_sentence {
    const char *verb; /* what was tried: "read" */
    struct slice uri;
    struct slice said; /* the store's own words */
    fault_cure_word_fn word;
    const void *context;
};

/* Always false. */
bool fault_cure_tell(const struct fault_cure_sentence *sentence, enum error_kind kind,
                     const char *text, struct error *err);

#endif
