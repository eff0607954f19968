#include "server/web_assets.h"

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

/* The assembler puts the bytes in, and their number behind them. */
#define X(symbol, name, type)                         \
    __asm__(".section .rodata\n"                      \
            "web_asset_" #symbol ":\n"                \
            ".incbin \"" FIRN_WEB "/" name "\"\n"     \
            "1: .byte 0\n"                            \
            ".balign 8\n"                             \
            "web_asset_" #symbol "_size:\n"           \
            ".quad 1b - web_asset_" #symbol "\n"      \
            ".previous\n");                           \
    extern const char web_asset_##symbol[];           \
    extern const uint64_t web_asset_##symbol##_size;
WEB_ASSETS(X)
#undef X

static const struct {
    struct web_asset asset;
    const uint64_t *size;
} ASSETS[] = {
#define X(symbol, name, type) {{name, type, {web_asset_##symbol, 0}}, &web_asset_##symbol##_size},
    WEB_ASSETS(X)
#undef X
};

bool web_asset_find(struct slice name, struct web_asset *ret_asset)
{
    for (size_t i = 0; i < sizeof(ASSETS) / sizeof(ASSETS[0]); i++) {
        if (!slice_equals_string(name, ASSETS[i].asset.name))
            continue;
        *ret_asset = ASSETS[i].asset;
        ret_asset->bytes.len = (size_t)*ASSETS[i].size;
        return true;
    }
    return false;
}
