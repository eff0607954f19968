#include "iceberg/value_decimal.h"

value_wide decimal_power(int64_t exponent)
{
    value_wide power = 1;
    for (int64_t i = 0; i < exponent; i++)
        power *= 10;
    return power;
}

/* Reads "digits[.digits]" and returns how far it came. */
static size_t scan_digits(struct slice text, struct decimal *decimal, bool *ret_seen)
{
    bool is_fraction = false;
    size_t at = 0;
    for (; at < text.len; at++) {
        char c = text.ptr[at];
        if (c == '.' && !is_fraction) {
            is_fraction = true;
            continue;
        }
        if (c < '0' || c > '9')
            break;
        *ret_seen = true;
        decimal->digits += decimal->digits > 0 || c != '0';
        decimal->scale += is_fraction;
        if (decimal->digits <= DECIMAL_MAX_DIGITS)
            decimal->unscaled = decimal->unscaled * 10 + (c - '0');
    }
    return at;
}

/* "e-2", "E+20", or nothing. */
static bool scan_exponent(struct slice text, int64_t *ret_exponent)
{
    if (text.len == 0)
        return true;
    if (text.ptr[0] != 'e' && text.ptr[0] != 'E')
        return false;
    struct slice digits = slice_from(text, 1);
    if (digits.len > 1 && digits.ptr[0] == '+' && digits.ptr[1] != '-')
        digits = slice_from(digits, 1);
    return slice_to_int64(digits, ret_exponent) && *ret_exponent > -INT32_MAX &&
           *ret_exponent < INT32_MAX;
}

bool decimal_parse(struct slice text, struct decimal *ret_decimal)
{
    struct decimal decimal = {0};
    bool is_negative = text.len > 0 && text.ptr[0] == '-';
    bool has_sign = is_negative || (text.len > 0 && text.ptr[0] == '+');
    bool seen = false;
    int64_t exponent = 0;
    struct slice number = slice_from(text, has_sign);
    size_t end = scan_digits(number, &decimal, &seen);
    if (!seen || decimal.digits > DECIMAL_MAX_DIGITS ||
        !scan_exponent(slice_from(number, end), &exponent))
        return false;
    decimal.scale -= exponent;
    if (is_negative)
        decimal.unscaled = -decimal.unscaled;
    *ret_decimal = decimal;
    return true;
}

/* Most significant digit first. */
static int write_digits(value_wide unscaled, char digits[DECIMAL_MAX_DIGITS + 2])
{
    char reversed[DECIMAL_MAX_DIGITS + 2];
    int count = 0;
    do {
        reversed[count++] = (char)('0' + (int)(unscaled % 10));
        unscaled /= 10;
    } while (unscaled > 0 && count <= DECIMAL_MAX_DIGITS);
    for (int i = 0; i < count; i++)
        digits[i] = reversed[count - 1 - i];
    return count;
}

void decimal_write(value_wide unscaled, int32_t scale, struct buffer *out)
{
    char digits[DECIMAL_MAX_DIGITS + 2];
    int count = write_digits(unscaled < 0 ? -unscaled : unscaled, digits);
    int whole = scale > 0 ? count - scale : count;
    if (unscaled < 0)
        buffer_append_byte(out, '-');
    if (whole > 0)
        buffer_append(out, digits, (size_t)whole);
    else
        buffer_append_byte(out, '0');
    if (scale > 0)
        buffer_append_byte(out, '.');
    for (int zeros = whole; zeros < 0; zeros++)
        buffer_append_byte(out, '0');
    if (scale > 0)
        buffer_append(out, digits + (whole > 0 ? whole : 0),
                      (size_t)(count - (whole > 0 ? whole : 0)));
    if (scale < 0)
        buffer_printf(out, "E+%d", -scale);
}

/* Drops digits: towards minus infinity. */
static enum decimal_fit drop_digits(const struct decimal *decimal, int64_t count,
                                    value_wide *ret_unscaled)
{
    if (count > DECIMAL_MAX_DIGITS) {
        *ret_unscaled = decimal->unscaled < 0 ? -1 : 0;
        return DECIMAL_BETWEEN;
    }
    value_wide power = decimal_power(count);
    value_wide rest = decimal->unscaled % power;
    *ret_unscaled = decimal->unscaled / power - (rest < 0);
    return rest == 0 ? DECIMAL_EXACT : DECIMAL_BETWEEN;
}

enum decimal_fit decimal_rescale(const struct decimal *decimal, int32_t scale,
                                 value_wide *ret_unscaled)
{
    int64_t more = scale - decimal->scale;
    if (decimal->unscaled == 0) {
        *ret_unscaled = 0;
        return DECIMAL_EXACT;
    }
    if (more < 0)
        return drop_digits(decimal, -more, ret_unscaled);
    if (decimal->digits + more > DECIMAL_MAX_DIGITS)
        return DECIMAL_HUGE;
    *ret_unscaled = decimal->unscaled * decimal_power(more);
    return DECIMAL_EXACT;
}
