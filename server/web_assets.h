/*
 * web_assets.h — the files of the web page, which are part of the program.
 *
 * Owns:     nothing; static bytes, put in by the assembler from web/
 */
#ifndef SERVER_WEB_ASSETS_H
#define SERVER_WEB_ASSETS_H

#include "base/slice.h"

struct web_asset {
    const char *name; /* "app.js" */
    const char *type; /* its Content-Type */
    struct slice bytes;
};

/* False where there is none of that name. */
bool web_asset_find(struct slice name, struct web_asset *ret_asset);

#endif
