/*
 * etag.h — entity tags: which of them a client holds.
 *
 * Spec:     RFC 9110, sections 8.8.3 and 13.1.2 (If-None-Match: a list, weak comparison, "*")
 * Threads:  pure functions
 */
#ifndef SERVER_ETAG_H
#define SERVER_ETAG_H

#include "base/error.h"
#include "base/slice.h"
#include "server/reply.h"

/* A strong tag, quotes included, for one representation of the metadata at a location. */
bool etag_make(struct slice metadata_location, const char *representation, char ret_etag[ETAG_SIZE],
               struct error *err);

/* W/"…" of "…": a view of `weak`. */
struct slice etag_weak(const char *etag, char weak[ETAG_SIZE]);

/* How the header's value (ptr NULL: none was sent) names this tag: ETAG_ANY is "*". */
enum etag_match { ETAG_NOT_LISTED, ETAG_ANY, ETAG_LISTED, ETAG_LISTED_WEAK };

enum etag_match etag_match(struct slice header, const char *etag);
bool etag_is_listed(struct slice header, const char *etag);

#endif
