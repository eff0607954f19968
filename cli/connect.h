/*
 * connect.h — the lines that connect an engine to one server and warehouse, ready to paste.
 *
 * Each target is a row of text with {places} in cli/connect_targets.h; lines that begin with
 * "?word " are there only where that holds: ?file and ?s3 (where the warehouse lies), ?demo and
 * ?empty (is demo.flights there), ?loopback (the address is of this machine alone).
 *
 * Owns:     struct connect borrows its texts
 * Errors:   ERROR_BAD_REQUEST: a version that no runtime is published for (and which are), a name
 *           that would not be itself in the lines
 */
#ifndef CLI_CONNECT_H
#define CLI_CONNECT_H

#include <jansson.h>

#include "base/buffer.h"
#include "base/error.h"

/* "spark-sql|pyspark|…" */
extern const char connect_names[];

struct connect {
    struct slice target;
    struct slice url;
    struct slice warehouse;
    struct slice location; /* of the warehouse */
    struct slice catalog;  /* what it is called in the engine */
    struct slice spark;    /* version; empty: SPARK_DEFAULT */
    struct slice scala;    /* empty: the one of Spark's package */
    struct slice flink;
    bool has_demo;
};

/* Versions and names are good: before the server is asked. */
bool connect_check(const struct connect *connect, struct error *err);
bool connect_put(const struct connect *connect, struct buffer *out, struct error *err);
/* {"target", "language", "url", "warehouse", "catalog", "packages", "text"}; NULL where memory is
 * short. */
json_t *connect_json(const struct connect *connect, struct slice text);

#endif
