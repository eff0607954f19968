/*
 * profile_text.h — the members of a storage profile's objects, read with the errors they share.
 *
 * Owns:     nothing; texts are copied into the arena, NUL-terminated
 * Errors:   ERROR_BAD_REQUEST naming the field
 * Threads:  pure functions
 */
#ifndef STORAGE_PROFILE_TEXT_H
#define STORAGE_PROFILE_TEXT_H

#include <jansson.h>

#include "base/arena.h"
#include "base/error.h"

/* No members but `names`, which end with NULL; `what` is the object's place: "storage.sts". */
bool profile_check_members(const json_t *object, const char *const *names, const char *what,
                           struct error *err);

/* A text on one line, of 1 to MAX_PROFILE_TEXT_SIZE bytes. Absent leaves *ret untouched. */
bool profile_text_read(const json_t *object, const char *name, struct arena *arena,
                       struct slice *ret, struct error *err);
/* The same for an endpoint, in its canonical form (storage/endpoint.h). */
bool profile_endpoint_read(const json_t *object, const char *name, struct arena *arena,
                           struct slice *ret, struct error *err);

bool profile_has_control(struct slice text);

#endif
