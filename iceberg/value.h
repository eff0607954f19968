/*
 * value.h — one typed value: a literal, a column's bound, a member of a partition tuple.
 *
 * Spec:     table spec, appendix D "Binary single-value serialization", "Schema Evolution" (bounds
 *           that were written before their column's type was widened)
 * Owns:     nothing; strings and binaries are views of the bytes that they came from
 * Threads:  values only
 * Rule:     values are compared by the expressions spec: integers signed, texts and binaries (uuids
 *           too) as unsigned bytes, -0.0 equal to 0.0; NaN comes after all others, for sorting only
 */
#ifndef ICEBERG_VALUE_H
#define ICEBERG_VALUE_H

#include "iceberg/type.h"

/* 38 digits need 127 bits and a sign. */
__extension__ typedef __int128 value_wide;

/* How a value's bits are held. */
enum value_class {
    VALUE_NULL,
    VALUE_NUMBER, /* boolean, int, long, date, time, timestamps */
    VALUE_WIDE,   /* decimal */
    VALUE_REAL,   /* float, double */
    VALUE_BYTES,  /* string, uuid, fixed, binary */
    VALUE_NESTED  /* struct, list, map, variant, geometry, geography: never held */
};

struct value {
    enum type_id type; /* TYPE_UNKNOWN: null */
    int32_t scale;     /* decimal */
    union {
        int64_t number;
        value_wide unscaled;
        double real;
        struct slice bytes;
    };
};

#define VALUE_NONE ((struct value){.type = TYPE_UNKNOWN})

enum value_class value_class_of(enum type_id type);

static inline bool value_is_null(const struct value *value)
{
    return value->type == TYPE_UNKNOWN;
}

bool value_is_nan(const struct value *value);

/* -1, 0 or 1. Both are of one class and not null; decimals have one scale. */
int value_compare(const struct value *a, const struct value *b);

/* False where the bytes are no value of that type: the caller takes the bound as unknown. Shorter
 * forms from before a promotion (int, float, date) are widened. */
bool value_from_bytes(const struct type *type, struct slice bytes, struct value *ret_value);

/* The single-value form of a value that is not null: in `scratch`, or a view of its own bytes. */
#define VALUE_SCRATCH_SIZE 16
struct slice value_to_bytes(const struct value *value, char scratch[VALUE_SCRATCH_SIZE]);

#endif
