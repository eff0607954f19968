/*
 * value_json.h — values from and to single-value JSON, and what a literal becomes for a column.
 *
 * Spec:     table spec, appendix D "JSON single-value serialization"; expressions spec, "Constant
 *           values"
 * Owns:     texts and decoded bytes go to the arena
 * Errors:   ERROR_BAD_REQUEST "Cannot parse … as a value of type …"
 */
#ifndef ICEBERG_VALUE_JSON_H
#define ICEBERG_VALUE_JSON_H

#include "base/buffer.h"
#include "iceberg/value.h"

/* What JSON says by itself: boolean, long, double or string. Null, lists, objects are refused. */
bool value_literal_from_json(const json_t *json, struct arena *arena, struct value *ret_value,
                             struct error *err);

/* A value of that type, exactly. */
bool value_from_json(const struct type *type, const json_t *json, struct arena *arena,
                     struct value *ret_value, struct error *err);

/* How a literal lies to the values of a column's type. */
enum value_fit {
    VALUE_FITS,
    VALUE_ABOVE,   /* greater than any value of the type; no value is returned */
    VALUE_BELOW,   /* less than any */
    VALUE_BETWEEN, /* between two decimals of the column's scale: the lower one is returned */
    VALUE_UNFIT    /* no conversion between the types */
};

/* The conversions of the reference implementation's literals: numbers to wider and narrower
 * numbers, longs to times, texts to dates, times, uuids, decimals and (as hexadecimal digits)
 * binaries. False only where memory is short. */
bool value_convert(const struct value *literal, const struct type *type, struct arena *arena,
                   struct value *ret_value, enum value_fit *ret_fit, struct error *err);

/* A finite float or double in the fewest digits that give the same number again. */
#define VALUE_REAL_SIZE 40 /* a sign, 17 digits, a point, an exponent */
void value_real_text(const struct value *value, char ret_text[VALUE_REAL_SIZE]);

/* Single-value JSON, null included. Infinite numbers and NaN, which JSON lacks, become strings. */
void value_write_json(const struct value *value, struct buffer *out);

#endif
