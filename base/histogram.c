#include "base/histogram.h"

const struct histogram_scale histogram_latency = {
    .count = 14,
    .bounds = {100, 250, 500, 1000, 2500, 5000, 10000, 25000, 50000, 100000, 250000, 1000000,
               2500000, 10000000},
    .unit = 1e-6,
};

const struct histogram_scale histogram_batch = {
    .count = 8,
    .bounds = {1, 2, 4, 8, 16, 32, 64, 128},
    .unit = 1,
};

void histogram_add(struct histogram *histogram, const struct histogram_scale *scale, uint64_t value)
{
    size_t range = 0;
    while (range < scale->count && value > scale->bounds[range])
        range++;
    atomic_fetch_add_explicit(&histogram->counts[range], 1, memory_order_relaxed);
    atomic_fetch_add_explicit(&histogram->sum, value, memory_order_relaxed);
}
