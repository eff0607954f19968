#include "server/web_assets.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/digest.h"
#include "base/embed.h"

#define HTML "text/html; charset=utf-8"
#define SCRIPT "text/javascript; charset=utf-8"

/* X(symbol, name, type): a file in web/, whose folder the build names FIRN_WEB. */
#define WEB_ASSETS(X)                                       \
    X(index, "index.html", HTML)                            \
    X(docs, "docs.html", HTML)                              \
    X(style, "app.css", "text/css; charset=utf-8")          \
    X(icon, "icon.svg", "image/svg+xml")                    \
    X(api, "api.js", SCRIPT)                                \
    X(app, "app.js", SCRIPT)                                \
    X(bounds, "bounds.js", SCRIPT)                          \
    X(catalog, "catalog.js", SCRIPT)                        \
    X(connect, "connect.js", SCRIPT)                        \
    X(dialogs, "dialogs.js", SCRIPT)                        \
    X(dom, "dom.js", SCRIPT)                                \
    X(dropped, "dropped.js", SCRIPT)                        \
    X(namespace, "namespace.js", SCRIPT)                    \
    X(plots, "plots.js", SCRIPT)                            \
    X(schema, "schema.js", SCRIPT)                          \
    X(snapshots, "snapshots.js", SCRIPT)                    \
    X(table, "table.js", SCRIPT)                            \
    X(tree, "tree.js", SCRIPT)

#define X(symbol, name, type) EMBED_FILE(web_asset_##symbol, FIRN_WEB "/" name)
WEB_ASSETS(X)
#undef X

static const struct {
    const char *name;
    const char *type;
    struct embedded file;
} FILES[] = {
#define X(symbol, name, type) {name, type, EMBEDDED(web_asset_##symbol)},
    WEB_ASSETS(X)
#undef X
};
#define FILE_COUNT (sizeof(FILES) / sizeof(FILES[0]))

struct web_assets {
    struct web_asset items[FILE_COUNT];
};

static bool fill(struct web_assets *assets, struct error *err)
{
    char digest[DIGEST_HEX_SIZE];
    for (size_t i = 0; i < FILE_COUNT; i++) {
        struct web_asset *asset = &assets->items[i];
        *asset = (struct web_asset){
            .name = FILES[i].name, .type = FILES[i].type, .bytes = embedded_slice(FILES[i].file)};
        TRY(digest_bytes(asset->bytes, digest, err));
        (void)snprintf(asset->etag, sizeof(asset->etag), "\"%.32s\"", digest);
    }
    return true;
}

bool web_assets_create(struct web_assets **ret_assets, struct error *err)
{
    struct web_assets *assets = calloc(1, sizeof(*assets));
    if (assets == NULL)
        return error_no_memory(err, "the web page");
    if (fill(assets, err)) {
        *ret_assets = assets;
        return true;
    }
    free(assets);
    return false;
}

void web_assets_destroy(struct web_assets *assets)
{
    free(assets);
}

const struct web_asset *web_assets_find(const struct web_assets *assets, struct slice name)
{
    for (size_t i = 0; i < FILE_COUNT; i++)
        if (slice_equals_string(name, assets->items[i].name))
            return &assets->items[i];
    return NULL;
}
