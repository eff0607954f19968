/* Warehouses: list, create, load, alter, check, remove (server/op.h). */
#include "catalog/warehouse.h"

#include "base/json_write.h"
#include "base/limits.h"
#include "server/op.h"
#include "server/warehouse_check.h"

#define MAX_WAREHOUSES_ANSWER (64 * MIB)

static void write_warehouse(struct json_writer *writer, const struct warehouse *warehouse)
{
    json_write_object_begin(writer);
    json_write_string_member(writer, "name", warehouse->name);
    json_write_string_member(writer, "location", warehouse->location);
    json_write_key(writer, "default");
    json_write_bool(writer, warehouse->is_default);
    json_write_key(writer, "properties");
    json_write_raw(writer, warehouse->properties);
    if (warehouse->storage_json.len > 0) {
        json_write_key(writer, "storage");
        json_write_raw(writer, warehouse->storage_json);
    }
    if (warehouse->storage_fault.len > 0)
        json_write_string_member(writer, "storage-fault", warehouse->storage_fault);
    json_write_object_end(writer);
}

static bool answer_warehouse(const struct warehouse *warehouse, struct reply **ret_reply,
                             struct error *err)
{
    struct buffer body;
    struct json_writer writer;
    buffer_init(&body, MAX_WAREHOUSES_ANSWER);
    json_writer_init(&writer, &body);
    write_warehouse(&writer, warehouse);
    return reply_json(200, &body, ret_reply, err);
}

bool op_list_warehouses(struct op *op, struct reply **ret_reply, struct error *err)
{
    const struct warehouse **warehouses = NULL;
    struct buffer body;
    struct json_writer writer;
    size_t count = 0;
    TRY(warehouse_list(&op->call, &warehouses, &count, err));
    buffer_init(&body, MAX_WAREHOUSES_ANSWER);
    json_writer_init(&writer, &body);
    json_write_object_begin(&writer);
    json_write_key(&writer, "warehouses");
    json_write_array_begin(&writer);
    for (size_t i = 0; i < count; i++) {
        write_warehouse(&writer, warehouses[i]);
        warehouse_unref(warehouses[i]);
    }
    json_write_array_end(&writer);
    json_write_object_end(&writer);
    return reply_json(200, &body, ret_reply, err);
}

/* Takes the reference over. */
static bool answer_and_unref(const struct warehouse *warehouse, struct reply **ret_reply,
                             struct error *err)
{
    bool ok = answer_warehouse(warehouse, ret_reply, err);
    warehouse_unref(warehouse);
    return ok;
}

bool op_create_warehouse(struct op *op, struct reply **ret_reply, struct error *err)
{
    const struct warehouse *warehouse = NULL;
    json_t *body = NULL;
    TRY(op_body(op, &body, err));
    op->call.outcome.status = 200;
    bool ok = warehouse_create(&op->call, body, &warehouse, err);
    json_decref(body);
    return ok && answer_and_unref(warehouse, ret_reply, err);
}

bool op_load_warehouse(struct op *op, struct reply **ret_reply, struct error *err)
{
    return answer_warehouse(op->call.warehouse, ret_reply, err);
}

bool op_alter_warehouse(struct op *op, struct reply **ret_reply, struct error *err)
{
    const struct warehouse *warehouse = NULL;
    json_t *body = NULL;
    TRY(op_body(op, &body, err));
    op->call.outcome.status = 200;
    bool ok = warehouse_alter(&op->call, op->call.warehouse->name, body, &warehouse, err);
    json_decref(body);
    return ok && answer_and_unref(warehouse, ret_reply, err);
}

bool op_check_warehouse(struct op *op, struct reply **ret_reply, struct error *err)
{
    struct buffer body;
    struct json_writer writer;
    buffer_init(&body, MAX_WAREHOUSES_ANSWER);
    json_writer_init(&writer, &body);
    if (warehouse_check_write(op, &writer, err))
        return reply_json(200, &body, ret_reply, err);
    buffer_finish(&body);
    return false;
}

bool op_remove_warehouse(struct op *op, struct reply **ret_reply, struct error *err)
{
    op->call.outcome.status = 204;
    TRY(warehouse_remove(&op->call, op->call.warehouse->name, err));
    return op_no_content(ret_reply, err);
}
