/*
 * xml_walk.h — small XML texts by expat: each element's text, with the path that leads to it.
 *
 * Spec:     XML 1.0; a document type is refused, and with it every entity but the five of XML
 * Errors:   ERROR_CORRUPT where the text is not well formed; what the visitor sets
 * Threads:  pure function
 */
#ifndef STORAGE_XML_WALK_H
#define STORAGE_XML_WALK_H

#include "base/error.h"
#include "base/slice.h"

/* Elements within each other, and the text of one: S3's own answers have five levels, and names of
 * a kilobyte; a session token is the longest text. */
#define XML_MAX_DEPTH 16
#define XML_MAX_TEXT_SIZE (64 * 1024)

/* Called at the end of each element. `path` is "/Error/Code", and `text` what stands directly in
 * it; both go with the call. Returning false ends the walk with the error that it set. */
typedef bool (*xml_visit_fn)(void *context, struct slice path, struct slice text,
                             struct error *err);

bool xml_walk(struct slice xml, xml_visit_fn visit, void *context, struct error *err);

#endif
