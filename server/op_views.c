/* Views: list, create, load, exists, replace, drop, rename, register (server/op.h). */
#include "catalog/view.h"

#include "server/listing.h"
#include "server/load_reply.h"
#include "server/server.h"

bool op_list_views(struct op *op, struct reply **ret_reply, struct error *err)
{
    return listing_answer(op, LISTING_VIEWS, view_list, ret_reply, err);
}

static bool answer_view(struct op *op, struct view_result *result, struct reply **ret_reply,
                        struct error *err)
{
    bool ok = load_reply_view(op, result, ret_reply, err);
    view_result_finish(result);
    return ok;
}

bool op_create_view(struct op *op, struct reply **ret_reply, struct error *err)
{
    struct slice path;
    struct view_result result = {0};
    json_t *body = NULL;
    TRY(op_namespace(op, &path, err));
    TRY(op_body(op, &body, err));
    bool ok = view_create(&op->call, path, body, &result, err);
    json_decref(body);
    return ok && answer_view(op, &result, ret_reply, err);
}

bool op_load_view(struct op *op, struct reply **ret_reply, struct error *err)
{
    struct entity_name name;
    struct view_result result = {0};
    struct reply *reply = NULL;
    TRY(op_entity(op, PARAMETER_VIEW, &name, err));
    TRY(load_reply_peek(op, name, REPRESENT_VIEW, &reply, err));
    if (reply) {
        *ret_reply = reply;
        return true;
    }
    if (!op->request->may_block)
        return op_would_block(op);
    TRY(view_load(&op->call, name, &result, err));
    return answer_view(op, &result, ret_reply, err);
}

bool op_view_exists(struct op *op, struct reply **ret_reply, struct error *err)
{
    struct entity_name name;
    struct entity_row row;
    TRY(op_entity(op, PARAMETER_VIEW, &name, err));
    if (pointer_store_peek(op->server->pointers, op->call.warehouse->id, name.namespace_path,
                           name.name, op->call.arena, &row) &&
        row.kind == ENTITY_VIEW)
        return op_no_content(ret_reply, err);
    if (!op->request->may_block)
        return op_would_block(op);
    TRY(view_exists(&op->call, name, err));
    return op_no_content(ret_reply, err);
}

bool op_replace_view(struct op *op, struct reply **ret_reply, struct error *err)
{
    struct entity_name name;
    struct view_result result = {0};
    json_t *body = NULL;
    TRY(op_entity(op, PARAMETER_VIEW, &name, err));
    TRY(op_body(op, &body, err));
    bool ok = view_replace(&op->call, name, body, &result, err);
    json_decref(body);
    return ok && answer_view(op, &result, ret_reply, err);
}

bool op_drop_view(struct op *op, struct reply **ret_reply, struct error *err)
{
    struct entity_name name;
    TRY(op_entity(op, PARAMETER_VIEW, &name, err));
    TRY(view_drop(&op->call, name, err));
    return op_no_content(ret_reply, err);
}

bool op_rename_view(struct op *op, struct reply **ret_reply, struct error *err)
{
    json_t *body = NULL;
    TRY(op_body(op, &body, err));
    bool ok = view_rename(&op->call, body, err);
    json_decref(body);
    return ok && op_no_content(ret_reply, err);
}

bool op_register_view(struct op *op, struct reply **ret_reply, struct error *err)
{
    struct slice path;
    struct view_result result = {0};
    json_t *body = NULL;
    TRY(op_namespace(op, &path, err));
    TRY(op_body(op, &body, err));
    bool ok = view_register(&op->call, path, body, &result, err);
    json_decref(body);
    return ok && answer_view(op, &result, ret_reply, err);
}
