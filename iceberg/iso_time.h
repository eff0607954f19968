/*
 * iso_time.h — ISO 8601 dates and times, as single-value JSON spells them, to days and nanoseconds.
 *
 * Spec:     table spec, appendix D "JSON single-value serialization"
 * Errors:   false for text that is no such date or time; the caller has the sentence
 */
#ifndef ICEBERG_ISO_TIME_H
#define ICEBERG_ISO_TIME_H

#include "base/slice.h"

/* A point of time: days since 1970-01-01 and nanoseconds of that day. */
struct iso_moment {
    int64_t days;
    int64_t nanos;
    bool has_offset; /* "+hh:mm[:ss]" or "Z" was there */
    int32_t offset_s;
};

/* "2017-11-16"; years of more than four digits carry a sign. */
bool iso_date_parse(struct slice text, int64_t *ret_days);
/* "22:31", "22:31:08", "22:31:08.000001": nanoseconds of the day. */
bool iso_time_parse(struct slice text, int64_t *ret_nanos);
/* "<date>T<time>" with or without an offset. The offset is reported, not applied. */
bool iso_moment_parse(struct slice text, struct iso_moment *ret_moment);

#endif
