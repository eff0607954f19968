/* The web page and the API's documentation (server/op.h): files of the program. Browsers ask for
 * them each time, so that a new program's page is never an old one's. */
#include "server/op.h"

#include "server/etag.h"
#include "server/server.h"
#include "server/web_assets.h"

/* The page loads its own files and asks its own server: nothing else is allowed, whatever the names
 * of tables contain. */
#define CONTENT_POLICY                                                                         \
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "                \
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

static bool add_headers(struct reply *reply, const char *etag, struct error *err)
{
    return reply_add_header(reply, "ETag", slice_from_string(etag), err) &&
           reply_add_header(reply, "Cache-Control", SLICE_LITERAL("no-cache"), err) &&
           reply_add_header(reply, "Content-Security-Policy", SLICE_LITERAL(CONTENT_POLICY), err) &&
           reply_add_header(reply, "X-Content-Type-Options", SLICE_LITERAL("nosniff"), err) &&
           reply_add_header(reply, "Referrer-Policy", SLICE_LITERAL("no-referrer"), err);
}

static bool make_reply(const struct web_asset *asset, bool is_known, struct reply **ret_reply,
                       struct error *err)
{
    struct reply *reply = NULL;
    TRY(reply_create(is_known ? 304 : 200, &reply, err));
    bool ok = add_headers(reply, asset->etag, err) &&
              (is_known || reply_add_header(reply, "Content-Type", slice_from_string(asset->type),
                                            err));
    if (!ok) {
        reply_unref(reply);
        return false;
    }
    if (!is_known)
        reply_add_segment(reply, asset->bytes, NULL);
    *ret_reply = reply;
    return true;
}

static bool answer_asset(struct op *op, struct slice name, struct reply **ret_reply,
                         struct error *err)
{
    const struct web_asset *asset = web_assets_find(op->server->web_assets, name);
    if (asset == NULL)
        return error_set(err, ERROR_NO_SUCH_ROUTE, "The page has no file '%.*s'", SLICE_ARG(name));
    bool is_known = etag_is_listed(request_header(op->request, "If-None-Match"), asset->etag);
    return make_reply(asset, is_known, ret_reply, err);
}

bool op_get_page(struct op *op, struct reply **ret_reply, struct error *err)
{
    return answer_asset(op, SLICE_LITERAL("index.html"), ret_reply, err);
}

bool op_get_documentation(struct op *op, struct reply **ret_reply, struct error *err)
{
    return answer_asset(op, SLICE_LITERAL("docs.html"), ret_reply, err);
}

bool op_get_asset(struct op *op, struct reply **ret_reply, struct error *err)
{
    struct slice name;
    TRY(op_parameter(op, PARAMETER_ASSET, &name, err));
    return answer_asset(op, name, ret_reply, err);
}
