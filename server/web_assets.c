#include "server/web_assets.h"

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
} ASSETS[] = {
#define X(symbol, name, type) {name, type, EMBEDDED(web_asset_##symbol)},
    WEB_ASSETS(X)
#undef X
};

bool web_asset_find(struct slice name, struct web_asset *ret_asset)
{
    for (size_t i = 0; i < sizeof(ASSETS) / sizeof(ASSETS[0]); i++) {
        if (!slice_equals_string(name, ASSETS[i].name))
            continue;
        *ret_asset =
            (struct web_asset){ASSETS[i].name, ASSETS[i].type, embedded_slice(ASSETS[i].file)};
        return true;
    }
    return false;
}
