#include "storage/object_counts.h"

const char *object_call_name(enum object_call call)
{
    static const char *const NAMES[] = {
#define X(enumerator, name) [enumerator] = name,
        OBJECT_CALLS(X)
#undef X
    };
    return NAMES[call];
}

void object_counts_add(struct object_counts *counts, enum object_call call, enum error_kind kind,
                       int64_t microseconds)
{
    atomic_fetch_add_explicit(&counts->calls[call].by_kind[kind], 1, memory_order_relaxed);
    histogram_add(&counts->calls[call].latency, &histogram_latency,
                  microseconds > 0 ? (uint64_t)microseconds : 0);
}
