/*
 * error.h — one error value for the whole program: a kind, and a sentence that says what to do.
 *
 * Owns:     nothing; struct error is a plain value on the caller's stack: it works without memory
 * Errors:   every function that can fail returns bool and takes `struct error *err` last
 * Threads:  values only, no thread-local state
 * Rule:     errno, SQLite, zlib … codes become a kind and a sentence at the call that met them;
 *           only server/reply.c knows which HTTP status a kind has
 */
#ifndef BASE_ERROR_H
#define BASE_ERROR_H

#include <stdbool.h>

enum error_kind {
    ERROR_NONE = 0,
    /* what the caller sent */
    ERROR_BAD_REQUEST,           /* malformed, or breaks a rule that needs no state to see */
    ERROR_VALIDATION,            /* well formed, but not applicable to the entity as it is */
    ERROR_ILLEGAL_ARGUMENT,      /* as ERROR_VALIDATION, where Java clients look for that type */
    ERROR_UNPROCESSABLE,         /* a key both updated and removed (updateProperties) */
    ERROR_FORBIDDEN,             /* refused by policy: cross-site request, anonymous access … */
    ERROR_UNSUPPORTED_OPERATION, /* in the protocol, not served here */
    ERROR_NO_SUCH_ROUTE,
    ERROR_METHOD_NOT_ALLOWED,
    ERROR_UNSUPPORTED_MEDIA_TYPE,
    ERROR_TOO_LARGE, /* a body, a name or a derived text over its ceiling */
    /* what is, or is not, there */
    ERROR_NO_SUCH_WAREHOUSE,
    ERROR_NO_SUCH_NAMESPACE,
    ERROR_NO_SUCH_TABLE,
    ERROR_NO_SUCH_VIEW,
    ERROR_NO_SUCH_FUNCTION,
    ERROR_NO_SUCH_PLAN_ID,
    ERROR_NO_SUCH_PLAN_TASK,
    ERROR_NOT_FOUND, /* a file that metadata points at is gone */
    ERROR_ALREADY_EXISTS,
    ERROR_NAMESPACE_NOT_EMPTY,
    ERROR_CONFLICT, /* any other state that must change first (warehouse not empty …) */
    ERROR_COMMIT_FAILED, /* a requirement does not hold, or the pointer moved: try again */
    ERROR_COMMIT_UNKNOWN, /* the outcome of a commit is unknown: nothing may be cleaned up */
    /* what the machine did */
    ERROR_OVERLOADED,   /* a queue is full: 429 with Retry-After */
    ERROR_STORAGE_FULL, /* nothing was changed */
    ERROR_STORAGE,      /* I/O failed; nothing was changed */
    ERROR_CORRUPT,      /* stored bytes are not what was written */
    ERROR_NO_MEMORY,    /* nothing was changed */
    ERROR_INTERNAL,     /* a bug of ours that was caught */
    ERROR_KIND_COUNT
};

/* Longest sentence; names from clients are quoted cut (error_set truncates on a UTF-8 boundary). */
#define ERROR_MESSAGE_SIZE 1024

struct error {
    enum error_kind kind;
    char message[ERROR_MESSAGE_SIZE];
};

/* Fills *err (which may be NULL) and returns false, so that callers write `return error_set(…)`. */
bool error_set(struct error *err, enum error_kind kind, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* ERROR_NO_MEMORY with a fixed sentence that says what could not be held. Always false. */
bool error_no_memory(struct error *err, const char *what);

/* Puts "<context>: " before the message that is there. Always false. */
bool error_prefix(struct error *err, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

void error_clear(struct error *err);

/* The kind's name as in the enum, without ERROR_, lower case: for logs and tests. */
const char *error_kind_name(enum error_kind kind);

/* The only macro that returns: `TRY(expr)` leaves the function with false when expr is false. */
#define TRY(expr)         \
    do {                  \
        if (!(expr))      \
            return false; \
    } while (0)

#endif
