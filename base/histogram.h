/*
 * histogram.h — how often a measured value fell into which range, counted without a lock.
 *
 * Owns:     nothing; a plain value, cleared by zero bytes
 * Threads:  any; each range is an atomic of its own, so that what is read together may be of
 *           moments that lie a little apart
 */
#ifndef BASE_HISTOGRAM_H
#define BASE_HISTOGRAM_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#define HISTOGRAM_MAX_BOUNDS 16

/* The upper bounds of the ranges, each inclusive; one more range has no bound. */
struct histogram_scale {
    size_t count;
    uint64_t bounds[HISTOGRAM_MAX_BOUNDS];
    double unit; /* what a value of 1 is, in the unit that people get to see */
};

/* Microseconds, shown as seconds: from a load out of memory to a plan that takes long. */
extern const struct histogram_scale histogram_latency;
/* How many there were of something that is done together. */
extern const struct histogram_scale histogram_batch;

struct histogram {
    atomic_uint_fast64_t counts[HISTOGRAM_MAX_BOUNDS + 1];
    atomic_uint_fast64_t sum;
};

void histogram_add(struct histogram *histogram, const struct histogram_scale *scale,
                   uint64_t value);

/* How many values there were in one range. */
static inline uint64_t histogram_count(const struct histogram *histogram, size_t range)
{
    return atomic_load_explicit(&histogram->counts[range], memory_order_relaxed);
}

static inline uint64_t histogram_sum(const struct histogram *histogram)
{
    return atomic_load_explicit(&histogram->sum, memory_order_relaxed);
}

#endif
