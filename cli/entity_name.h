/*
 * entity_name.h — names of namespaces and tables as people write them: a.`b.c`.t
 *
 * Levels are joined by dots; a level that has a dot in it stands in `quotes of this kind`.
 *
 * Errors:   ERROR_BAD_REQUEST where a level is empty or a quote is not closed
 */
#ifndef CLI_ENTITY_NAME_H
#define CLI_ENTITY_NAME_H

#include <jansson.h>

#include "base/buffer.h"
#include "base/error.h"

/* "a.b" as the segment of a path, "a%1Fb". */
bool entity_name_put_namespace(struct slice name, struct buffer *path, struct error *err);
/* "a.b.t" as "/namespaces/a%1Fb/<kind>/t"; `kind` is "tables" or "views". */
bool entity_name_put_path(struct slice name, const char *kind, struct buffer *path,
                          struct error *err);
/* "a.b" of "a.b.t"; the whole where there is no dot. */
struct slice entity_name_namespace(struct slice name);
/* The same as JSON: ["a", "b.c"], and {"namespace": ["a"], "name": "t"}. The caller owns it. */
bool entity_name_levels(struct slice name, json_t **ret_levels, struct error *err);
bool entity_name_identifier(struct slice name, json_t **ret_identifier, struct error *err);

/* "a.b.t" as the members "namespace", ["a", "b"], and "name" of an object. */
bool entity_name_put_members(struct slice name, json_t *object, struct error *err);

#endif
