/*
 * exposition.h — numbers as Prometheus reads them, in its own text format and in OpenMetrics.
 *
 * Spec:     Prometheus exposition formats, text 0.0.4 · OpenMetrics 1.0
 * Owns:     nothing; appends to the caller's buffer, whose state the caller checks
 * Rule:     a family is begun once, and all its samples follow at once
 */
#ifndef SERVER_EXPOSITION_H
#define SERVER_EXPOSITION_H

#include "base/buffer.h"
#include "base/histogram.h"

struct exposition {
    struct buffer *out;
    bool is_open_metrics;
    const char *family; /* as begun last */
};

struct exposition_label {
    const char *name;
    struct slice value; /* any text */
};

/* At most this many labels on a sample. */
#define EXPOSITION_MAX_LABELS 4

/* `name` without "_total": its samples get it. */
void exposition_begin_counter(struct exposition *exposition, const char *name, const char *help);
void exposition_begin_gauge(struct exposition *exposition, const char *name, const char *help);
void exposition_begin_histogram(struct exposition *exposition, const char *name, const char *help);

/* One sample of the family begun last; `labels` may be NULL where label_count is 0. */
void exposition_counter(struct exposition *exposition, const struct exposition_label *labels,
                        size_t label_count, double value);
void exposition_gauge(struct exposition *exposition, const struct exposition_label *labels,
                      size_t label_count, double value);
/* The ranges, the sum and the count. */
void exposition_histogram(struct exposition *exposition, const struct exposition_label *labels,
                          size_t label_count, const struct histogram *histogram,
                          const struct histogram_scale *scale);
/* What ends an exposition. */
void exposition_end(struct exposition *exposition);

#endif
