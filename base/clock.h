/*
 * clock.h — time and randomness as parameters, so that a test can make the clock jump.
 *
 * Threads:  the real ones may be used from any thread
 */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

struct clock {
    int64_t (*now_ms)(void *context);       /* wall time since the epoch, UTC */
    int64_t (*monotonic_us)(void *context); /* for time limits */
    void *context;
};

struct random_source {
    bool (*fill)(void *context, void *bytes, size_t size);
    void *context;
};

extern const struct clock clock_real;                 /* CLOCK_REALTIME, CLOCK_MONOTONIC */
extern const struct random_source random_source_real; /* the kernel's */

/* CLOCK_MONOTONIC in microseconds: for measures that no answer depends on. */
int64_t clock_measure_us(void);

static inline int64_t clock_now_ms(const struct clock *clock)
{
    return clock->now_ms(clock->context);
}

static inline int64_t clock_monotonic_us(const struct clock *clock)
{
    return clock->monotonic_us(clock->context);
}

static inline int64_t clock_monotonic_ms(const struct clock *clock)
{
    return clock_monotonic_us(clock) / 1000;
}

#define UUID_TEXT_SIZE 37 /* 36 characters and NUL */

/* A version 4 uuid (RFC 9562), lower case. */
bool uuid_make(const struct random_source *random, char ret_text[UUID_TEXT_SIZE],
               struct error *err);
/* 8-4-4-4-12 hexadecimal digits of any version and case. */
bool uuid_is_valid(const char *text, size_t len);
/* The one spelling of a valid uuid: lower case (RFC 9562, 4). */
void uuid_canonical(const char *text, char ret_text[UUID_TEXT_SIZE]);

/* "2026-01-31T12:00:00.000Z"; `size` at least 25. */
void time_format_iso(int64_t ms, char *ret_text, size_t size);

#endif
