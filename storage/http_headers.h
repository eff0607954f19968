/*
 * http_headers.h — the headers of a request: a short list, for whoever signs it, and the lines that
 * are sent.
 *
 * Owns:     nothing: texts are borrowed, and lines lie in the arena
 * Errors:   ERROR_NO_MEMORY
 * Threads:  one at a time
 */
#ifndef STORAGE_HTTP_HEADERS_H
#define STORAGE_HTTP_HEADERS_H

#include "base/arena.h"
#include "base/error.h"

struct http_header {
    struct slice name; /* in any case */
    struct slice value;
};

/* More than any request of ours has. */
#define HTTP_MAX_HEADERS 10

struct http_header_list {
    struct http_header items[HTTP_MAX_HEADERS];
    size_t count;
};

/* An empty value: there is no such header. */
void http_headers_add(struct http_header_list *list, const char *name, struct slice value);
/* "Bearer …". */
bool http_headers_add_bearer(struct http_header_list *list, const char *token, struct arena *arena,
                             struct error *err);
/* As a request has them (storage/http_transport.h). */
struct http_header_lines;
bool http_headers_lines(const struct http_header_list *list, struct arena *arena,
                        struct http_header_lines *ret_lines, struct error *err);

#endif
