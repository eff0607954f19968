/*
 * metadata_fields.h — reads the few members of a JSON object that a caller names, out of its text.
 *
 * Owns:     nothing; values are views into the text, unescaped strings may be in the caller's arena
 * Errors:   ERROR_BAD_REQUEST "<list>: <field> is missing" or "… must be …"
 * Rule:     as in Java's reader: the last of two equal names counts, an optional null is absent
 */
#ifndef ICEBERG_METADATA_FIELDS_H
#define ICEBERG_METADATA_FIELDS_H

#include "base/arena.h"
#include "base/error.h"
#include "base/json_text.h"

/* True where the raw name between quotes spells `name` (ASCII), escapes resolved. */
bool metadata_name_is(struct slice raw, const char *name);

/* Fills ret_values[i] with the raw value of names[i]; ptr is NULL where it is absent. */
bool metadata_fields_read(struct slice object, const char *list, const char *const *names,
                          size_t count, struct slice *ret_values, struct error *err);

/* A field's raw value and what to call it in a message; `list` is NULL at the top level. */
struct metadata_field {
    const char *list;
    const char *name;
    struct slice value;
};

/* Absent, or null. */
bool metadata_field_is_absent(struct metadata_field field);
/* `get`: required. `opt`: absent or null leaves *ret untouched. */
bool metadata_get_int64(struct metadata_field field, int64_t *ret, struct error *err);
bool metadata_get_int32(struct metadata_field field, int32_t *ret, struct error *err);
bool metadata_opt_int64(struct metadata_field field, int64_t *ret, struct error *err);
bool metadata_opt_int32(struct metadata_field field, int32_t *ret, struct error *err);
/* A view into the text where it has no escapes, else a copy in the arena. */
bool metadata_get_string(struct metadata_field field, struct arena *arena, struct slice *ret,
                         struct error *err);
/* The first byte tells: '{', '[' or '"'. The text behind it is known to be well formed. */
bool metadata_require_kind(struct metadata_field field, char first, struct error *err);

#endif
