/* Tables: list, create, load, exists, drop, rename, register, unregister (server/op.h). */
#include "catalog/table.h"

#include "base/json_tree.h"
#include "base/limits.h"
#include "server/listing.h"
#include "server/load_reply.h"
#include "server/server.h"

bool op_list_tables(struct op *op, struct reply **ret_reply, struct error *err)
{
    return listing_answer(op, LISTING_TABLES, table_list, ret_reply, err);
}

/* A result that holds metadata becomes the answer; its reference is given back. */
static bool answer_table(struct op *op, struct table_result *result, const struct access *access,
                         struct reply **ret_reply, struct error *err)
{
    bool ok = load_reply_table_with(op, result, REPRESENT_ALL, access, ret_reply, err);
    table_result_finish(result);
    return ok;
}

/* --- tables that come in -------------------------------------------------------------------- */

/* The access that the answer to a new table tells of: made before the table is, so that an STS that
 * does not answer is an error of a change that was not made. */
struct entrance {
    struct op *op;
    const json_t *body;
    struct access access;
};

bool op_name_new_table(struct op *op, const json_t *body, struct error *err)
{
    struct slice path, name;
    TRY(op_namespace(op, &path, err));
    TRY(json_get_string(body, "name", &name, err));
    name = arena_slice(op->call.arena, name);
    op->table = (struct entity_name){path, name};
    return name.ptr != NULL || error_no_memory(err, "a table's name");
}

static bool make_access(void *context, struct slice location, struct error *err)
{
    struct entrance *entrance = context;
    return op_name_new_table(entrance->op, entrance->body, err) &&
           access_make(entrance->op, location, SESSION_READ_WRITE, &entrance->access, err);
}

typedef bool (*enter_fn)(struct call *call, struct slice namespace_path, const json_t *request,
                         struct table_result *ret_result, struct error *err);

/* createTable and registerTable. */
static bool enter_table(struct op *op, enter_fn enter, struct reply **ret_reply, struct error *err)
{
    struct entrance entrance = {.op = op, .access = access_none};
    const struct table_gate gate = {make_access, &entrance};
    struct table_result result = {0};
    struct slice path;
    json_t *body = NULL;
    TRY(op_namespace(op, &path, err));
    TRY(op_body(op, &body, err));
    entrance.body = body;
    op->call.gate = &gate;
    bool ok = enter(&op->call, path, body, &result, err);
    op->call.gate = NULL;
    json_decref(body);
    return ok && answer_table(op, &result, &entrance.access, ret_reply, err);
}

bool op_create_table(struct op *op, struct reply **ret_reply, struct error *err)
{
    return enter_table(op, table_create, ret_reply, err);
}

bool op_register_table(struct op *op, struct reply **ret_reply, struct error *err)
{
    return enter_table(op, table_register, ret_reply, err);
}

/* --- loads, changes ------------------------------------------------------------------------- */

/* snapshots=all or refs; absent is all. */
static bool read_representation(struct op *op, enum representation *ret, struct error *err)
{
    struct slice text;
    TRY(request_query(op->request, "snapshots", &text, err));
    bool is_refs = text.ptr && slice_equals_ignore_case(text, SLICE_LITERAL("refs"));
    if (text.ptr && !is_refs && !slice_equals_ignore_case(text, SLICE_LITERAL("all")))
        return error_set(err, ERROR_BAD_REQUEST,
                         "The parameter snapshots is '%.*s': it must be all or refs",
                         SLICE_ARG(text));
    *ret = is_refs ? REPRESENT_REFS : REPRESENT_ALL;
    return true;
}

static bool read_table(struct op *op, struct entity_name name, enum representation representation,
                       struct reply **ret_reply, struct error *err)
{
    struct table_result result = {0};
    TRY(table_load(&op->call, name, &result, err));
    bool ok = load_reply_table(op, &result, representation, ret_reply, err);
    table_result_finish(&result);
    return ok;
}

bool op_load_table(struct op *op, struct reply **ret_reply, struct error *err)
{
    struct entity_name name;
    enum representation representation = REPRESENT_ALL;
    struct reply *reply = NULL;
    TRY(read_representation(op, &representation, err));
    TRY(op_entity(op, PARAMETER_TABLE, &name, err));
    TRY(load_reply_peek(op, name, representation, &reply, err));
    if (reply == NULL && !op->request->may_block)
        return op_would_block(op);
    if (reply == NULL)
        TRY(load_reply_held(op, name, representation, &reply, err));
    if (reply == NULL)
        TRY(read_table(op, name, representation, &reply, err));
    load_reply_unless_held(op, reply, ret_reply);
    return true;
}

bool op_table_exists(struct op *op, struct reply **ret_reply, struct error *err)
{
    struct entity_name name;
    struct entity_row row;
    TRY(op_entity(op, PARAMETER_TABLE, &name, err));
    if (pointer_store_peek(op->server->pointers, op->call.warehouse->id, name.namespace_path,
                           name.name, op->call.arena, &row) &&
        row.kind == ENTITY_TABLE)
        return op_no_content(ret_reply, err);
    if (!op->request->may_block)
        return op_would_block(op);
    TRY(table_exists(&op->call, name, err));
    return op_no_content(ret_reply, err);
}

bool op_drop_table(struct op *op, struct reply **ret_reply, struct error *err)
{
    struct entity_name name;
    bool purge = false;
    TRY(op_entity(op, PARAMETER_TABLE, &name, err));
    TRY(request_query_bool(op->request, "purgeRequested", &purge, err));
    TRY(table_drop(&op->call, name, purge, err));
    return op_no_content(ret_reply, err);
}

bool op_rename_table(struct op *op, struct reply **ret_reply, struct error *err)
{
    json_t *body = NULL;
    TRY(op_body(op, &body, err));
    bool ok = table_rename(&op->call, body, err);
    json_decref(body);
    return ok && op_no_content(ret_reply, err);
}

/* No access: the table is not this catalog's any more. */
bool op_unregister_table(struct op *op, struct reply **ret_reply, struct error *err)
{
    struct entity_name name;
    struct table_result result = {0};
    TRY(op_entity(op, PARAMETER_TABLE, &name, err));
    TRY(table_unregister(&op->call, name, &result, err));
    return answer_table(op, &result, &access_none, ret_reply, err);
}
