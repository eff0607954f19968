#include "iceberg/iso_time.h"

#define NANOS_PER_SECOND INT64_C(1000000000)
/* What the longest readers of dates take; beyond it days would not fit their counters anyway. */
#define MAX_YEAR_DIGITS 9

struct scanner {
    struct slice text;
    size_t at;
};

static bool take_byte(struct scanner *scanner, char byte)
{
    if (scanner->at >= scanner->text.len || scanner->text.ptr[scanner->at] != byte)
        return false;
    scanner->at++;
    return true;
}

static bool next_is_digit(const struct scanner *scanner)
{
    return scanner->at < scanner->text.len && scanner->text.ptr[scanner->at] >= '0' &&
           scanner->text.ptr[scanner->at] <= '9';
}

/* Between `least` and `most` digits; *ret_count says how many there were. */
static bool take_digits(struct scanner *scanner, int least, int most, int64_t *ret_value,
                        int *ret_count)
{
    int64_t value = 0;
    int count = 0;
    while (count < most && next_is_digit(scanner)) {
        value = value * 10 + (scanner->text.ptr[scanner->at++] - '0');
        count++;
    }
    *ret_value = value;
    *ret_count = count;
    return count >= least;
}

static bool take_two(struct scanner *scanner, int64_t most, int64_t *ret_value)
{
    int count = 0;
    return take_digits(scanner, 2, 2, ret_value, &count) && *ret_value <= most;
}

static bool is_leap(int64_t year)
{
    return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

static int64_t days_in_month(int64_t year, int64_t month)
{
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    return month == 2 && is_leap(year) ? 29 : days[month - 1];
}

/* Days since 1970-01-01 in the proleptic Gregorian calendar. The year is taken to begin in March,
 * so that the leap day is its last; eras of 400 years have 146,097 days each. */
static int64_t days_from_civil(int64_t year, int64_t month, int64_t day)
{
    int64_t shifted = month <= 2 ? year - 1 : year;
    int64_t era = (shifted >= 0 ? shifted : shifted - 399) / 400;
    int64_t year_of_era = shifted - era * 400;
    int64_t day_of_year = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;
    int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    return era * 146097 + day_of_era - 719468;
}

/* Four digits, or more with a sign; a plus only where there are more. */
static bool take_year(struct scanner *scanner, int64_t *ret_year)
{
    bool is_negative = take_byte(scanner, '-');
    bool is_positive = !is_negative && take_byte(scanner, '+');
    int most = is_negative || is_positive ? MAX_YEAR_DIGITS : 4;
    int count = 0;
    if (!take_digits(scanner, is_positive ? 5 : 4, most, ret_year, &count))
        return false;
    if (is_negative)
        *ret_year = -*ret_year;
    return true;
}

static bool take_date(struct scanner *scanner, int64_t *ret_days)
{
    int64_t year = 0, month = 0, day = 0;
    if (!take_year(scanner, &year) || !take_byte(scanner, '-') ||
        !take_two(scanner, 12, &month) || month == 0 || !take_byte(scanner, '-') ||
        !take_two(scanner, days_in_month(year, month), &day) || day == 0)
        return false;
    *ret_days = days_from_civil(year, month, day);
    return true;
}

static bool take_fraction(struct scanner *scanner, int64_t *ret_nanos)
{
    int count = 0;
    if (!take_digits(scanner, 1, 9, ret_nanos, &count))
        return false;
    for (; count < 9; count++)
        *ret_nanos *= 10;
    return true;
}

static bool take_time(struct scanner *scanner, int64_t *ret_nanos)
{
    int64_t hour = 0, minute = 0, second = 0, fraction = 0;
    if (!take_two(scanner, 23, &hour) || !take_byte(scanner, ':') ||
        !take_two(scanner, 59, &minute))
        return false;
    if (take_byte(scanner, ':')) {
        if (!take_two(scanner, 59, &second))
            return false;
        if (take_byte(scanner, '.') && !take_fraction(scanner, &fraction))
            return false;
    }
    *ret_nanos = ((hour * 60 + minute) * 60 + second) * NANOS_PER_SECOND + fraction;
    return true;
}

/* "Z", "+hh:mm", "-hh:mm:ss". */
static bool take_offset(struct scanner *scanner, int32_t *ret_offset_s)
{
    int64_t hour = 0, minute = 0, second = 0;
    if (take_byte(scanner, 'Z') || take_byte(scanner, 'z')) {
        *ret_offset_s = 0;
        return true;
    }
    bool is_negative = take_byte(scanner, '-');
    if (!is_negative && !take_byte(scanner, '+'))
        return false;
    if (!take_two(scanner, 18, &hour) || !take_byte(scanner, ':') ||
        !take_two(scanner, 59, &minute))
        return false;
    if (take_byte(scanner, ':') && !take_two(scanner, 59, &second))
        return false;
    int64_t offset = (hour * 60 + minute) * 60 + second;
    *ret_offset_s = (int32_t)(is_negative ? -offset : offset);
    return true;
}

static bool is_done(const struct scanner *scanner)
{
    return scanner->at == scanner->text.len;
}

bool iso_date_parse(struct slice text, int64_t *ret_days)
{
    struct scanner scanner = {text, 0};
    int64_t days = 0;
    if (!take_date(&scanner, &days) || !is_done(&scanner))
        return false;
    *ret_days = days;
    return true;
}

bool iso_time_parse(struct slice text, int64_t *ret_nanos)
{
    struct scanner scanner = {text, 0};
    int64_t nanos = 0;
    if (!take_time(&scanner, &nanos) || !is_done(&scanner))
        return false;
    *ret_nanos = nanos;
    return true;
}

bool iso_moment_parse(struct slice text, struct iso_moment *ret_moment)
{
    struct scanner scanner = {text, 0};
    struct iso_moment moment = {0};
    if (!take_date(&scanner, &moment.days) ||
        (!take_byte(&scanner, 'T') && !take_byte(&scanner, 't')) ||
        !take_time(&scanner, &moment.nanos))
        return false;
    moment.has_offset = !is_done(&scanner);
    if (moment.has_offset && (!take_offset(&scanner, &moment.offset_s) || !is_done(&scanner)))
        return false;
    *ret_moment = moment;
    return true;
}
