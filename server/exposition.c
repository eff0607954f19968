#include "server/exposition.h"

#include <inttypes.h>
#include <stdio.h>

/* Enough for each double to be read back as what it was. */
#define VALUE_FORMAT "%.17g"

static void begin(struct exposition *exposition, const char *name, const char *suffix,
                  const char *type, const char *help)
{
    exposition->family = name;
    buffer_printf(exposition->out, "# HELP %s%s %s\n# TYPE %s%s %s\n", name, suffix, help, name,
                  suffix, type);
}

void exposition_begin_counter(struct exposition *exposition, const char *name, const char *help)
{
    begin(exposition, name, exposition->is_open_metrics ? "" : "_total", "counter", help);
}

void exposition_begin_gauge(struct exposition *exposition, const char *name, const char *help)
{
    begin(exposition, name, "", "gauge", help);
}

void exposition_begin_histogram(struct exposition *exposition, const char *name, const char *help)
{
    begin(exposition, name, "", "histogram", help);
}

static void put_label_value(struct buffer *out, struct slice value)
{
    for (size_t i = 0; i < value.len; i++) {
        char c = value.ptr[i];
        if (c == '\n')
            buffer_append_string(out, "\\n");
        else if (c == '"' || c == '\\')
            buffer_append(out, (char[]){'\\', c}, 2);
        else
            buffer_append_byte(out, c);
    }
}

/* Up to here doubles hold every whole number. */
#define MAX_WHOLE 1e15

static bool is_whole(double value)
{
    return value > -MAX_WHOLE && value < MAX_WHOLE && (double)(int64_t)value == value;
}

/* Whole numbers, as most are, without exponent. */
static void put_value(struct buffer *out, double value)
{
    if (is_whole(value))
        buffer_printf(out, "%" PRId64 "\n", (int64_t)value);
    else
        buffer_printf(out, VALUE_FORMAT "\n", value);
}

static void put_sample(struct exposition *exposition, const char *suffix,
                       const struct exposition_label *labels, size_t label_count, double value)
{
    struct buffer *out = exposition->out;
    buffer_printf(out, "%s%s", exposition->family, suffix);
    for (size_t i = 0; i < label_count; i++) {
        buffer_printf(out, "%c%s=\"", i == 0 ? '{' : ',', labels[i].name);
        put_label_value(out, labels[i].value);
        buffer_append_byte(out, '"');
    }
    buffer_append_string(out, label_count > 0 ? "} " : " ");
    put_value(out, value);
}

void exposition_counter(struct exposition *exposition, const struct exposition_label *labels,
                        size_t label_count, double value)
{
    put_sample(exposition, "_total", labels, label_count, value);
}

void exposition_gauge(struct exposition *exposition, const struct exposition_label *labels,
                      size_t label_count, double value)
{
    put_sample(exposition, "", labels, label_count, value);
}

/* A bound as both formats want it: "0.0001", "1.0", "+Inf". */
static void put_bound(char *out, size_t size, const struct histogram_scale *scale, size_t range)
{
    double bound = range < scale->count ? (double)scale->bounds[range] * scale->unit : 0;
    if (range == scale->count)
        (void)snprintf(out, size, "+Inf");
    else if (is_whole(bound))
        (void)snprintf(out, size, "%.1f", bound);
    else
        (void)snprintf(out, size, "%.6g", bound);
}

void exposition_histogram(struct exposition *exposition, const struct exposition_label *labels,
                          size_t label_count, const struct histogram *histogram,
                          const struct histogram_scale *scale)
{
    struct exposition_label all[EXPOSITION_MAX_LABELS + 1];
    char bound[32];
    uint64_t count = 0;
    for (size_t i = 0; i < label_count; i++)
        all[i] = labels[i];
    for (size_t range = 0; range <= scale->count; range++) {
        put_bound(bound, sizeof(bound), scale, range);
        all[label_count] = (struct exposition_label){"le", slice_from_string(bound)};
        count += histogram_count(histogram, range);
        put_sample(exposition, "_bucket", all, label_count + 1, (double)count);
    }
    put_sample(exposition, "_sum", labels, label_count,
               (double)histogram_sum(histogram) * scale->unit);
    put_sample(exposition, "_count", labels, label_count, (double)count);
}

void exposition_end(struct exposition *exposition)
{
    if (exposition->is_open_metrics)
        buffer_append_string(exposition->out, "# EOF\n");
}
