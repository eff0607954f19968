/*
 * filter_text.h — a filter as people write it, as the JSON of the protocol.
 *
 *     ts >= '2024-01-01' and (id in (1, 2) or not name like 'ap%') and bucket(16, id) = 3
 *
 *   column      name, a.b for a nested one, `with spaces`; year(ts) month day hour, bucket(16, id),
 *               truncate(4, name), also as bucket[16](id)
 *   value       7, -1.5, 'text', "text", true, false; dates and times are texts, and may follow the
 *               words date, time, timestamp
 *   predicate   = == != <> < <= > >=, [not] in (…), [not] between a and b, is [not] null,
 *               is [not] nan, [not] like 'x%', [not] starts with 'x', true, false
 *
 * not binds closer than and, and closer than or. Words count in any case. What
 * expression_write_text prints is read back, unless it cut a list.
 *
 * Spec:     REST protocol, Expression; the result is what expression_parse reads
 * Errors:   ERROR_BAD_REQUEST "Cannot parse filter at position N: …"
 * Threads:  pure functions
 */
#ifndef ICEBERG_FILTER_TEXT_H
#define ICEBERG_FILTER_TEXT_H

#include <jansson.h>

#include "base/arena.h"
#include "base/error.h"

/* The caller owns *ret_filter. Where it fails, *ret_at (which may be NULL) is the byte of the text
 * that was not understood. The arena holds what is made on the way. */
bool filter_text_parse(struct slice text, struct arena *arena, json_t **ret_filter, size_t *ret_at,
                       struct error *err);

#endif
