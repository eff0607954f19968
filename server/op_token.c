/* POST /v1/oauth/tokens (server/op.h): there is no authentication, and the answer says so in
 * OAuth's own shape (RFC 6749, section 5.2). */
#include "server/op.h"

#define NO_TOKENS                                                                         \
    "{\"error\":\"unsupported_grant_type\",\"error_description\":\"No authentication is " \
    "configured on this server: connect without a credential, token or OAuth2 server\"}"

bool op_get_token(struct op *op, struct reply **ret_reply, struct error *err)
{
    (void)op;
    struct reply *reply = NULL;
    TRY(reply_create(400, &reply, err));
    reply_add_segment(reply, SLICE_LITERAL(NO_TOKENS), NULL);
    if (reply_add_header(reply, "Content-Type", SLICE_LITERAL("application/json"), err) &&
        reply_add_header(reply, "Cache-Control", SLICE_LITERAL("no-store"), err)) {
        *ret_reply = reply;
        return true;
    }
    reply_unref(reply);
    return false;
}
