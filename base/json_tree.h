/*
 * json_tree.h — what jansson lacks at our border: bounded parsing with our errors, and typed reads
 * that name the field which is wrong.
 *
 * Owns:     trees are jansson's; the caller holds the reference
 * Errors:   ERROR_BAD_REQUEST "…: <field> must be …"; missing required fields likewise
 * Rule:     numbers are int64, never double, where ids are read
 */
#ifndef BASE_JSON_TREE_H
#define BASE_JSON_TREE_H

#include <jansson.h>

#include "base/arena.h"
#include "base/error.h"

/* Parses text (duplicate keys, trailing bytes, invalid UTF-8 and a depth over JSON_TEXT_MAX_DEPTH
 * are refused). `what` names the text in the error: "request body", "table metadata 's3://…'".
 * The caller owns *ret_tree. */
bool json_tree_parse(struct slice text, const char *what, json_t **ret_tree, struct error *err);

/* Field readers. `get` variants: the field must be there and of the type. `opt` variants: absent or
 * null leaves *ret untouched and is fine. Strings are views into the tree. */
bool json_get_string(const json_t *object, const char *field, struct slice *ret, struct error *err);
bool json_opt_string(const json_t *object, const char *field, struct slice *ret, struct error *err);
bool json_get_int64(const json_t *object, const char *field, int64_t *ret, struct error *err);
bool json_opt_int64(const json_t *object, const char *field, int64_t *ret, bool *ret_present,
                    struct error *err);
bool json_get_int32(const json_t *object, const char *field, int32_t *ret, struct error *err);
bool json_opt_int32(const json_t *object, const char *field, int32_t *ret, bool *ret_present,
                    struct error *err);
bool json_opt_bool(const json_t *object, const char *field, bool *ret, struct error *err);
bool json_get_object(const json_t *object, const char *field, json_t **ret_borrowed,
                     struct error *err);
bool json_opt_object(const json_t *object, const char *field, json_t **ret_borrowed,
                     struct error *err);
bool json_get_array(const json_t *object, const char *field, json_t **ret_borrowed,
                    struct error *err);
bool json_opt_array(const json_t *object, const char *field, json_t **ret_borrowed,
                    struct error *err);
/* An object whose values must all be strings (properties); absent gives NULL. */
bool json_opt_string_map(const json_t *object, const char *field, json_t **ret_borrowed,
                         struct error *err);

/* A string node's text as a slice (view into the node). */
struct slice json_slice(const json_t *string);
/* A new string node from a slice; NULL when memory is short or the text is not UTF-8. */
json_t *json_from_slice(struct slice text);

#endif
