#include "server/request_counts.h"

static enum request_status status_index(int status)
{
    switch (status) {
#define X(number) \
    case number:  \
        return REQUEST_STATUS_##number;
        REQUEST_STATUSES(X)
#undef X
    default:
        return REQUEST_STATUS_OTHER;
    }
}

void request_counts_add(struct request_counts *counts, const struct operation *operation,
                        int status, uint64_t microseconds)
{
    size_t row = operation ? (size_t)operation->id : REQUEST_ROW_NONE;
    atomic_fetch_add_explicit(&counts->rows[row].by_status[status_index(status)], 1,
                              memory_order_relaxed);
    histogram_add(&counts->rows[row].latency, &histogram_latency, microseconds);
}

const char *request_row_name(size_t row)
{
    return row == REQUEST_ROW_NONE ? "none" : operations[row].name;
}

const char *request_status_name(enum request_status status)
{
    static const char *const names[] = {
#define X(number) [REQUEST_STATUS_##number] = #number,
        REQUEST_STATUSES(X)
#undef X
            [REQUEST_STATUS_OTHER] = "other",
    };
    return names[status];
}

uint64_t request_counts_get(const struct request_counts *counts, size_t row,
                            enum request_status status)
{
    return atomic_load_explicit(&counts->rows[row].by_status[status], memory_order_relaxed);
}
