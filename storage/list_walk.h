/*
 * list_walk.h — a listing in an object store, page by page: what all stores behind a network have
 * in common. A store says how one page is asked for and read.
 *
 * Owns:     nothing past the call
 * Errors:   those of `ask`, of `parse` and of the visitor; ERROR_TOO_LARGE for a name or a token
 *           without end
 * Threads:  any; blocks
 */
#ifndef STORAGE_LIST_WALK_H
#define STORAGE_LIST_WALK_H

#include "storage/object_store.h"

/* Visits the names of a page, as the store has them; they go with the page. */
typedef bool (*list_name_fn)(void *context, struct slice name, uint64_t size, struct error *err);

struct list_kind {
    const char *query; /* up to the prefix: "list-type=2&prefix=" */
    const char *token; /* the parameter for where a page begins: "continuation-token" */
    /* Sends the question; an answer that is no page is an error. A NUL stands behind the query. */
    bool (*ask)(void *call, struct slice query, struct error *err);
    /* *ret_next: where the next page begins, in the arena; empty: this was the last. */
    bool (*parse)(struct slice page, list_name_fn visit, void *context, struct arena *arena,
                  struct slice *ret_next, struct error *err);
};

struct list_walk {
    const struct list_kind *kind;
    void *call;            /* what `ask` is given */
    struct buffer *answer; /* where it leaves the page; emptied before each */
    struct slice root;     /* "s3://bucket": objects are visited as this, '/' and their name */
    struct slice folder;   /* the names below it, with or without '/' at its end; empty: all */
    object_visit_fn visit;
    void *context;
};

bool list_walk(const struct list_walk *walk, struct error *err);

#endif
