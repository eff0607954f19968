/*
 * percent.h — percent-encoding of URI segments, decoded once.
 *
 * Spec:     RFC 3986, sections 2.1 and 2.4
 * Errors:   ERROR_BAD_REQUEST: a '%' without two hexadecimal digits, or an encoded NUL
 */
#ifndef BASE_PERCENT_H
#define BASE_PERCENT_H

#include "base/arena.h"
#include "base/buffer.h"
#include "base/error.h"

/* Decodes one path segment or query part into the arena (NUL-terminated). '+' stays '+' unless
 * plus_is_space (query strings, application/x-www-form-urlencoded). */
bool percent_decode(struct slice text, bool plus_is_space, struct arena *arena,
                    struct slice *ret_text, struct error *err);

/* Appends with all but unreserved characters (RFC 3986, 2.3) encoded. */
void percent_append(struct buffer *out, struct slice text);
/* The same, '/' left as it is. */
void percent_path_append(struct buffer *out, struct slice path);
/* A field of a form (application/x-www-form-urlencoded): "name=value", behind '&' where something
 * is there. The name needs no encoding. */
void percent_form_append(struct buffer *form, const char *name, struct slice value);

#endif
