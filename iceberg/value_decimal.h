/*
 * value_decimal.h — decimal numbers as text and as unscaled integers.
 *
 * Spec:     table spec, appendix D (decimal as JSON string): up to 38 digits
 */
#ifndef ICEBERG_VALUE_DECIMAL_H
#define ICEBERG_VALUE_DECIMAL_H

#include "base/buffer.h"
#include "iceberg/value.h"

#define DECIMAL_MAX_DIGITS 38

struct decimal {
    value_wide unscaled;
    int64_t scale; /* the value is unscaled × 10^-scale */
    int digits;    /* significant ones */
};

/* "14.20", "-1", "2E+20": false for other text, and for more than 38 significant digits. */
bool decimal_parse(struct slice text, struct decimal *ret_decimal);

/* Plain digits; scientific where the scale is negative. */
void decimal_write(value_wide unscaled, int32_t scale, struct buffer *out);

/* 10^exponent for 0 to DECIMAL_MAX_DIGITS. */
value_wide decimal_power(int64_t exponent);

/* How the number lies to those that have `scale` digits after the point. */
enum decimal_fit {
    DECIMAL_EXACT,
    DECIMAL_BETWEEN, /* *ret_unscaled is the next lower one */
    DECIMAL_HUGE     /* beyond 38 digits: no value is returned */
};
enum decimal_fit decimal_rescale(const struct decimal *decimal, int32_t scale,
                                 value_wide *ret_unscaled);

#endif
