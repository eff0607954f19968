/* The answer to a repeated Idempotency-Key, made again from what was kept (server/op.h).
 *
 * Kept are the status, the error, the metadata location, small bodies, and what a staged create
 * drew. "The response body may reflect a newer state of the catalog than existed at the time of the
 * commit": where the metadata file that a commit has written is gone meanwhile, the same table or
 * view as it is now is the answer. Otherwise there is none, and that must not look like a change
 * that was not made: after a 404 a client deletes the files that it has committed. */
#include "server/op.h"

#include "base/json_tree.h"
#include "base/json_write.h"
#include "base/limits.h"
#include "catalog/warehouse.h"
#include "server/load_reply.h"

static enum error_kind error_kind_of_name(struct slice name)
{
    for (enum error_kind kind = ERROR_NONE; kind < ERROR_KIND_COUNT; kind++)
        if (slice_equals_string(name, error_kind_name(kind)))
            return kind;
    return ERROR_INTERNAL;
}

static bool is_view_operation(const struct op *op)
{
    enum operation_id id = op->request->operation->id;
    return id == OPERATION_createView || id == OPERATION_replaceView ||
           id == OPERATION_registerView;
}

/* Does a commit's body assert another uuid? Then the name has become another table's or view's. */
static bool is_of_request(const json_t *body, struct slice uuid)
{
    size_t i;
    json_t *requirement;
    json_array_foreach(json_object_get(body, "requirements"), i, requirement)
    {
        const json_t *asserted = json_object_get(requirement, "uuid");
        if (json_is_string(asserted) && !slice_equals_ignore_case(json_slice(asserted), uuid))
            return false;
    }
    return true;
}

static bool check_is_same(struct op *op, struct slice uuid, struct error *err)
{
    json_t *body = NULL;
    TRY(op_body(op, &body, err));
    bool is_same = is_of_request(body, uuid);
    json_decref(body);
    return is_same || error_set(err, ERROR_NOT_FOUND, "the name belongs to another one by now");
}

/* May what has the name now be the answer to the commit of this request? */
static bool can_be_newer(const struct op *op, const struct error *err)
{
    enum operation_id id = op->request->operation->id;
    return err->kind == ERROR_NOT_FOUND &&
           (id == OPERATION_updateTable || id == OPERATION_replaceView);
}

static bool make_access(struct op *op, const struct table_metadata *metadata, struct access *access)
{
    json_t *body = NULL;
    TRY(op_body(op, &body, NULL));
    bool ok = op_name_new_table(op, body, NULL) &&
              access_make_of_table(op, metadata, SESSION_READ_WRITE, access, NULL);
    json_decref(body);
    return ok;
}

/* A table that came in is answered with access to it, as the first time. The change is made: where
 * STS does not answer now, or where it told of no access then, it tells of none. */
static bool answer_table(struct op *op, const struct table_result *result,
                         struct reply **ret_reply, struct error *err)
{
    enum operation_id id = op->request->operation->id;
    struct access access = access_none;
    if (id == OPERATION_createTable || id == OPERATION_registerTable)
        (void)make_access(op, result->metadata, &access);
    return load_reply_table_with(op, result, REPRESENT_ALL, &access, ret_reply, err);
}

static bool replay_table(struct op *op, struct slice location, struct reply **ret_reply,
                         struct error *err)
{
    struct table_result result = {.metadata_location = location};
    struct entity_name name;
    bool ok = true;
    if (!table_metadata_at(&op->call, location, &result.metadata, err)) {
        if (!can_be_newer(op, err))
            return false;
        TRY(op_entity(op, PARAMETER_TABLE, &name, err));
        TRY(table_load(&op->call, name, &result, err));
        ok = check_is_same(op, result.metadata->uuid, err);
    }
    ok = ok && answer_table(op, &result, ret_reply, err);
    table_result_finish(&result);
    return ok;
}

static bool replay_view(struct op *op, struct slice location, struct reply **ret_reply,
                        struct error *err)
{
    struct view_result result = {.metadata_location = location};
    struct entity_name name;
    bool ok = true;
    if (!view_metadata_at(&op->call, location, &result.metadata, err)) {
        if (!can_be_newer(op, err))
            return false;
        TRY(op_entity(op, PARAMETER_VIEW, &name, err));
        TRY(view_load(&op->call, name, &result, err));
        ok = check_is_same(op, result.metadata->uuid, err);
    }
    ok = ok && load_reply_view(op, &result, ret_reply, err);
    view_result_finish(&result);
    return ok;
}

/* Nothing was stored of a staged table: it is made again from the request and what was drawn. */
static bool replay_staged(struct op *op, const struct idempotency_row *row,
                          struct reply **ret_reply, struct error *err)
{
    struct table_result result = {0};
    struct slice path;
    json_t *body = NULL;
    TRY(op_namespace(op, &path, err));
    TRY(op_body(op, &body, err));
    bool ok = table_stage_again(&op->call, path, body, row->body, &result, err);
    json_decref(body);
    TRY(ok);
    ok = answer_table(op, &result, ret_reply, err);
    table_result_finish(&result);
    return ok;
}

static bool replay_body(const struct idempotency_row *row, struct reply **ret_reply,
                        struct error *err)
{
    struct buffer body;
    buffer_init(&body, MAX_BODY_SIZE);
    buffer_append_slice(&body, row->body);
    return reply_json((int)row->status, &body, ret_reply, err);
}

/* {"namespace": […]} of the body, as it is now. */
static bool replay_namespace(struct op *op, struct reply **ret_reply, struct error *err)
{
    json_t *body = NULL, *levels = NULL;
    struct slice path;
    TRY(op_body(op, &body, err));
    bool ok = json_get_array(body, "namespace", &levels, err) &&
              namespace_path_parse(&op->call, levels, false, &path, err);
    json_decref(body);
    TRY(ok);
    return op_answer_namespace(op, path, ret_reply, err);
}

static bool replay_warehouse(struct op *op, struct reply **ret_reply, struct error *err)
{
    json_t *body = NULL;
    struct slice name;
    TRY(op_body(op, &body, err));
    const struct warehouse *found = NULL;
    bool ok = json_get_string(body, "name", &name, err) &&
              warehouse_find(op->call.catalog, name, &found, err);
    json_decref(body);
    TRY(ok);
    warehouse_unref(op->call.warehouse);
    op->call.warehouse = found;
    return op_load_warehouse(op, ret_reply, err);
}

static void write_keys(struct json_writer *writer, const char *name, const json_t *keys)
{
    const char *key;
    json_t *value;
    json_write_key(writer, name);
    json_write_array_begin(writer);
    json_object_foreach((json_t *)keys, key, value)
        json_write_string(writer, slice_from_string(key));
    json_write_array_end(writer);
}

/* Too many keys to be kept. All are as the request wants them; which of the removed ones had been
 * missing is not known any more. */
static bool answer_properties(const json_t *updates, const json_t *removals,
                              struct reply **ret_reply, struct error *err)
{
    json_auto_t *removed = json_object(), *missing = json_object();
    struct json_writer writer;
    struct buffer body;
    size_t i;
    json_t *key;
    json_array_foreach(removals, i, key)
        if (json_object_set_new(removed, json_string_value(key), json_true()) != 0)
            return error_no_memory(err, "the answer");
    buffer_init(&body, MAX_BODY_SIZE + MIB);
    json_writer_init(&writer, &body);
    json_write_object_begin(&writer);
    write_keys(&writer, "updated", updates);
    write_keys(&writer, "removed", removed);
    write_keys(&writer, "missing", missing);
    json_write_object_end(&writer);
    return reply_json(200, &body, ret_reply, err);
}

static bool replay_properties(struct op *op, struct reply **ret_reply, struct error *err)
{
    json_t *body = NULL, *updates = NULL, *removals = NULL;
    TRY(op_body(op, &body, err));
    bool ok = json_opt_string_map(body, "updates", &updates, err) &&
              json_opt_array(body, "removals", &removals, err) &&
              answer_properties(updates, removals, ret_reply, err);
    json_decref(body);
    return ok;
}

/* Answers with a body of which nothing was kept: they are made from the state as it is now. */
static bool replay_from_state(struct op *op, const struct idempotency_row *row,
                              struct reply **ret_reply, struct error *err)
{
    switch (op->request->operation->id) {
    case OPERATION_createNamespace:
        return replay_namespace(op, ret_reply, err);
    case OPERATION_updateProperties:
        return replay_properties(op, ret_reply, err);
    case OPERATION_createWarehouse:
        return replay_warehouse(op, ret_reply, err);
    case OPERATION_alterWarehouse:
        return op_load_warehouse(op, ret_reply, err);
    case OPERATION_putFunction:
        return op_load_function(op, ret_reply, err);
    default:
        return reply_create((int)row->status, ret_reply, err);
    }
}

static bool replay_success(struct op *op, const struct idempotency_row *row,
                           struct reply **ret_reply, struct error *err)
{
    /* A transaction over one table has kept its location, but says nothing. */
    if (row->status == 204)
        return op_no_content(ret_reply, err);
    if (row->metadata_location.len > 0)
        return is_view_operation(op) ? replay_view(op, row->metadata_location, ret_reply, err)
                                     : replay_table(op, row->metadata_location, ret_reply, err);
    if (op->request->operation->id == OPERATION_createTable)
        return replay_staged(op, row, ret_reply, err);
    if (row->body.len > 0)
        return replay_body(row, ret_reply, err);
    return replay_from_state(op, row, ret_reply, err);
}

bool op_replay(struct op *op, const struct idempotency_row *row, struct reply **ret_reply,
               struct error *err)
{
    if (row->error_kind.len > 0)
        return error_set(err, error_kind_of_name(row->error_kind), "%.*s",
                         SLICE_ARG(row->error_message));
    if (replay_success(op, row, ret_reply, err))
        return true;
    if (err->kind == ERROR_OVERLOADED)
        return false; /* the next try may be answered */
    error_prefix(err, "The request with this Idempotency-Key was carried out, but its answer "
                      "cannot be given again: load what it changed");
    err->kind = ERROR_COMMIT_UNKNOWN;
    return false;
}
