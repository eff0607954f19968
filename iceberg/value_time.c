#include "iceberg/value_time.h"

/* Eras of 400 years have 146,097 days each; a year is taken to begin in March, so that the leap day
 * is its last. 719,468 days lie between 0000-03-01 and 1970-01-01. */
struct civil_date civil_from_days(int64_t days)
{
    int64_t shifted = days + 719468;
    int64_t era = divide_down(shifted, 146097);
    int64_t day_of_era = shifted - era * 146097;
    int64_t year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    int64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    int64_t march_month = (5 * day_of_year + 2) / 153;
    int64_t month = march_month < 10 ? march_month + 3 : march_month - 9;
    return (struct civil_date){
        .year = year_of_era + era * 400 + (month <= 2),
        .month = (int32_t)month,
        .day = (int32_t)(day_of_year - (153 * march_month + 2) / 5 + 1),
    };
}

int64_t time_units_per_day(enum type_id type)
{
    switch (type) {
    case TYPE_DATE:
        return 1;
    case TYPE_TIME:
    case TYPE_TIMESTAMP:
    case TYPE_TIMESTAMPTZ:
        return MICROS_PER_DAY;
    case TYPE_TIMESTAMP_NS:
    case TYPE_TIMESTAMPTZ_NS:
        return NANOS_PER_DAY;
    default:
        return 0;
    }
}

/* Years of more than four digits carry a sign, as ISO 8601 wants it. */
static void write_date(int64_t days, struct buffer *out)
{
    struct civil_date date = civil_from_days(days);
    const char *sign = date.year > 9999 ? "+" : date.year < 0 ? "-" : "";
    long long year = date.year < 0 ? -date.year : date.year;
    buffer_printf(out, "%s%04lld-%02d-%02d", sign, year, date.month, date.day);
}

static void write_clock(int64_t nanos, struct buffer *out)
{
    long long seconds = nanos / INT64_C(1000000000);
    long long fraction = nanos % INT64_C(1000000000);
    buffer_printf(out, "%02lld:%02lld:%02lld", seconds / 3600, seconds / 60 % 60, seconds % 60);
    if (fraction == 0)
        return;
    if (fraction % 1000000 == 0)
        buffer_printf(out, ".%03lld", fraction / 1000000);
    else if (fraction % 1000 == 0)
        buffer_printf(out, ".%06lld", fraction / 1000);
    else
        buffer_printf(out, ".%09lld", fraction);
}

void time_write(enum type_id type, int64_t number, struct buffer *out)
{
    int64_t units = time_units_per_day(type);
    int64_t days = type == TYPE_TIME ? 0 : divide_down(number, units);
    if (type != TYPE_TIME)
        write_date(days, out);
    if (type == TYPE_DATE)
        return;
    if (type != TYPE_TIME)
        buffer_append_byte(out, 'T');
    /* The product fits: the remainder is less than one day. */
    write_clock((number - days * units) * (NANOS_PER_DAY / units), out);
    if (type == TYPE_TIMESTAMPTZ || type == TYPE_TIMESTAMPTZ_NS)
        buffer_append_string(out, "+00:00");
}
