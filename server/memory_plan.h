/*
 * memory_plan.h — how the ceiling that --memory sets is shared out.
 *
 *   the process, its threads, the database     PROCESS_MEMORY
 *   connections                                CONNECTION_MEMORY each
 *   of what is left:  1/2  request bodies while they are parsed and worked on
 *                     1/8  bodies that arrive or wait for a worker
 *                     1/8  caches (or --cache-size, where that is less)
 *                     1/8  metadata that is being read
 *                     1/8  answers, and what malloc keeps
 *
 * A request that finds no room is answered 429. Without --memory each part has the ceiling that
 * base/limits.h gives it, and parsed bodies have one each but none together.
 *
 * Errors:   ERROR_BAD_REQUEST: the ceiling is too low for the other options; the sentence names the
 *           least that would do
 * Threads:  none; at the start
 */
#ifndef SERVER_MEMORY_PLAN_H
#define SERVER_MEMORY_PLAN_H

#include "base/limits.h"
#include "server/options.h"

/* What the HTTP library holds for each connection: the longest URI and 16 KiB for headers, ours
 * included, must fit. Not more than that: it is mapped when a connection opens, and libmicrohttpd
 * clears all of it after each request (with 128 KiB that was an eighth of the time of a small
 * loadTable). */
#define CONNECTION_MEMORY (MAX_URI_SIZE + 16 * KIB)

struct memory_plan {
    size_t cache;      /* metadata and prepared answers */
    size_t bodies;     /* as they arrived, all together */
    size_t small_body; /* up to here a body is not counted */
    size_t reading;    /* metadata that is being read, `cache` included */
    size_t parsed;     /* what body_claim says of the bodies that are worked on */
};

bool memory_plan_make(const struct options *options, struct memory_plan *ret_plan,
                      struct error *err);

/* What a body of that size may take while it is parsed and worked on; 0 for small ones. */
size_t body_claim(size_t body_size);

#endif
