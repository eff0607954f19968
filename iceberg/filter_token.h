/*
 * filter_token.h — the words of a filter that a person wrote (iceberg/filter_text.h).
 *
 * Owns:     decoded texts lie in the arena
 * Errors:   ERROR_BAD_REQUEST "Cannot parse filter at position N: …", N counting characters from 1
 * Threads:  one thread at a time
 */
#ifndef ICEBERG_FILTER_TOKEN_H
#define ICEBERG_FILTER_TOKEN_H

#include "base/arena.h"
#include "base/error.h"

enum filter_token_kind {
    FILTER_END,
    FILTER_NAME,   /* a, a.b, `a b`.c */
    FILTER_NUMBER, /* 7, -1.5, 1e9 */
    FILTER_STRING, /* 'it''s' as SQL has it, "a\n" as JSON has it */
    FILTER_SYMBOL  /* ( ) [ ] , = == != <> < <= > >= */
};

struct filter_token {
    enum filter_token_kind kind;
    struct slice text;  /* as written */
    struct slice value; /* names and strings: what it stands for */
    bool has_quotes;    /* a name that cannot be one of the language's words */
    size_t at;          /* where it begins, in bytes */
};

struct filter_lexer {
    struct slice text;
    struct arena *arena;
    size_t at;
    size_t failed_at; /* in bytes */
};

bool filter_token_next(struct filter_lexer *lexer, struct filter_token *ret_token,
                       struct error *err);

/* Always false; the error has the position, and so has the lexer. */
bool filter_lexer_fail(struct filter_lexer *lexer, size_t at, struct error *err, const char *fmt,
                       ...) __attribute__((format(printf, 4, 5)));

#endif
