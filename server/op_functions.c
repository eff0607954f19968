/* Functions: list and load as the protocol has them, put and drop for operators (server/op.h). */
#include "catalog/function.h"

#include "base/limits.h"
#include "server/listing.h"

bool op_list_functions(struct op *op, struct reply **ret_reply, struct error *err)
{
    return listing_answer(op, LISTING_FUNCTIONS, function_list, ret_reply, err);
}

bool op_load_function(struct op *op, struct reply **ret_reply, struct error *err)
{
    struct entity_name name;
    struct slice metadata, location;
    struct buffer body;
    struct json_writer writer;
    TRY(op_entity(op, PARAMETER_FUNCTION, &name, err));
    TRY(function_load(&op->call, name, &metadata, &location, err));
    buffer_init(&body, MAX_BODY_SIZE + MIB);
    json_writer_init(&writer, &body);
    json_write_object_begin(&writer);
    json_write_key(&writer, "metadata-location");
    json_write_string(&writer, location);
    json_write_key(&writer, "metadata");
    json_write_raw(&writer, metadata);
    json_write_object_end(&writer);
    return reply_json(200, &body, ret_reply, err);
}

/* Answers as loadFunction does, whether it was new or replaced another. */
bool op_put_function(struct op *op, struct reply **ret_reply, struct error *err)
{
    struct entity_name name;
    json_t *body = NULL;
    bool is_new = false;
    TRY(op_entity(op, PARAMETER_FUNCTION, &name, err));
    TRY(op_body(op, &body, err));
    op->call.outcome.status = 200;
    bool ok = function_put(&op->call, name, body, &is_new, err);
    json_decref(body);
    return ok && op_load_function(op, ret_reply, err);
}

bool op_drop_function(struct op *op, struct reply **ret_reply, struct error *err)
{
    struct entity_name name;
    TRY(op_entity(op, PARAMETER_FUNCTION, &name, err));
    op->call.outcome.status = 204;
    TRY(function_drop(&op->call, name, err));
    return op_no_content(ret_reply, err);
}
