/*
 * value_time.h — days, months and years of points of time, and their ISO 8601 text.
 *
 * Spec:     table spec, "Partition Transforms" (year, month, day, hour), appendix D
 * Rule:     divisions round down, so that what lies before 1970 falls into negative units
 */
#ifndef ICEBERG_VALUE_TIME_H
#define ICEBERG_VALUE_TIME_H

#include "base/buffer.h"
#include "iceberg/type.h"

#define MICROS_PER_DAY INT64_C(86400000000)
#define NANOS_PER_DAY INT64_C(86400000000000)

static inline int64_t divide_down(int64_t value, int64_t unit)
{
    return value / unit - (value % unit < 0);
}

struct civil_date {
    int64_t year;
    int32_t month; /* 1 to 12 */
    int32_t day;   /* 1 to 31 */
};

/* The proleptic Gregorian date of a day counted from 1970-01-01. */
struct civil_date civil_from_days(int64_t days);

/* Units of a day of a date (1), microsecond or nanosecond type; 0 for a type that has no days. */
int64_t time_units_per_day(enum type_id type);

/* "2017-11-16", "22:31:08.000001", "2017-11-16T22:31:08+00:00": fractions of three, six or nine
 * digits where there are any. */
void time_write(enum type_id type, int64_t number, struct buffer *out);

#endif
