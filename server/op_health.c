/* GET /healthz and /readyz (server/op.h): for load balancers and supervisors. They name no
 * warehouse, and the answer says nothing but what a probe needs. */
#include "server/op.h"

#include "server/server.h"

#define ANSWER_CEILING 256

static bool answer_status(const char *status, struct reply **ret_reply, struct error *err)
{
    struct buffer body;
    buffer_init(&body, ANSWER_CEILING);
    buffer_printf(&body, "{\"status\":\"%s\"}", status);
    return reply_json(200, &body, ret_reply, err);
}

bool op_get_health(struct op *op, struct reply **ret_reply, struct error *err)
{
    (void)op;
    return answer_status("ok", ret_reply, err);
}

/* 503 is what load balancers look for, and no kind of error has it: clients of the protocol take it
 * for an unknown outcome, so it must not come out of anything that changes something. */
static bool answer_not_ready(const char *why, struct reply **ret_reply)
{
    *ret_reply = reply_fault(503, "ServiceUnavailableException", why);
    return true;
}

bool op_get_readiness(struct op *op, struct reply **ret_reply, struct error *err)
{
    struct server *server = op->server;
    char sentence[ERROR_MESSAGE_SIZE + 64];
    struct error why = {0};
    if (atomic_load(&server->is_draining))
        return answer_not_ready("The server is stopping: it finishes what runs and takes no more",
                                ret_reply);
    switch (readiness_check(&server->readiness, op->request->may_block, &why)) {
    case READINESS_READY:
        return answer_status("ready", ret_reply, err);
    case READINESS_UNKNOWN:
        return op_would_block(op);
    case READINESS_NOT_READY:
        break;
    }
    snprintf(sentence, sizeof(sentence), "The database cannot be written: %s", why.message);
    return answer_not_ready(sentence, ret_reply);
}
