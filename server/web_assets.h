/*
 * web_assets.h — the files of the web page, which are part of the program.
 *
 * Owns:     their ETags, made once; the bytes are static, put in by the assembler from web/
 * Errors:   ERROR_NO_MEMORY
 * Threads:  any, once they are created
 */
#ifndef SERVER_WEB_ASSETS_H
#define SERVER_WEB_ASSETS_H

#include "base/error.h"
#include "server/reply.h"

struct web_assets;

struct web_asset {
    const char *name; /* "app.js" */
    const char *type; /* its Content-Type */
    struct slice bytes;
    char etag[ETAG_SIZE]; /* with its quotes */
};

bool web_assets_create(struct web_assets **ret_assets, struct error *err);
void web_assets_destroy(struct web_assets *assets); /* NULL is fine */

/* NULL where there is none of that name. */
const struct web_asset *web_assets_find(const struct web_assets *assets, struct slice name);

#endif
