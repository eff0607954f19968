/* Commits to one table and to several (server/op.h). */
#include "catalog/commit.h"

#include "server/load_reply.h"

bool op_update_table(struct op *op, struct reply **ret_reply, struct error *err)
{
    struct entity_name name;
    struct table_result result = {0};
    json_t *body = NULL;
    TRY(op_entity(op, PARAMETER_TABLE, &name, err));
    TRY(op_body(op, &body, err));
    bool ok = table_commit(&op->call, name, body, &result, err) &&
              load_reply_commit(op, &result, ret_reply, err);
    json_decref(body);
    table_result_finish(&result);
    return ok;
}

bool op_commit_transaction(struct op *op, struct reply **ret_reply, struct error *err)
{
    json_t *body = NULL;
    TRY(op_body(op, &body, err));
    bool ok = transaction_commit(&op->call, body, err);
    json_decref(body);
    return ok && op_no_content(ret_reply, err);
}
