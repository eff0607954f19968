#include "catalog/retention.h"

#include "base/json_tree.h"
#include "base/limits.h"
#include "base/slice.h"

static bool refuse(struct slice text, struct error *err)
{
    return error_set(err, ERROR_BAD_REQUEST,
                     "The warehouse property " RETENTION_PROPERTY " is '%.*s': say how long what "
                     "was dropped is kept, from 1s to %dd, as in \"7d\", \"12h\", \"30m\", or 0",
                     SLICE_ARG(text), MAX_RETENTION_DAYS);
}

/* Seconds of a unit; 0 where it is none. */
static int64_t unit_s(char unit)
{
    switch (unit) {
    case 's':
        return 1;
    case 'm':
        return 60;
    case 'h':
        return 3600;
    case 'd':
        return 86400;
    default:
        return 0;
    }
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* A number without a unit would be seconds to some and days to others: only 0 needs none. */
static bool parse(struct slice text, int64_t *ret_ms)
{
    int64_t count = 0;
    if (slice_equals_string(text, "0")) {
        *ret_ms = 0;
        return true;
    }
    if (text.len < 2 || !is_digit(text.ptr[0]) ||
        !slice_to_int64(slice_make(text.ptr, text.len - 1), &count))
        return false;
    int64_t unit = unit_s(text.ptr[text.len - 1]), longest = MAX_RETENTION_DAYS * unit_s('d');
    if (unit == 0 || count < 0 || count > longest / unit)
        return false;
    *ret_ms = count * unit * 1000;
    return true;
}

bool retention_read(const json_t *properties, int64_t *ret_ms, struct error *err)
{
    const json_t *value = json_object_get(properties, RETENTION_PROPERTY);
    struct slice text = json_is_string(value) ? json_slice(value) : SLICE_EMPTY;
    int64_t ms = 0;
    if (value && !parse(text, &ms))
        return refuse(text, err);
    *ret_ms = ms;
    return true;
}
