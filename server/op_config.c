/* GET /v1/config (server/op.h).
 *
 * A warehouse's properties may add to it: the property "defaults.X" becomes the default X, the
 * property "overrides.X" the override X, and "scan-planning-mode" the override of that name, for
 * clients that look for it here and not in a table's config; other properties are not shown. */
#include "server/op.h"

#include "base/json_tree.h"
#include "base/json_write.h"
#include "base/limits.h"
#include "catalog/idempotency.h"
#include "catalog/planning_mode.h"
#include "catalog/warehouse.h"
#include "server/reply_cache.h"
#include "server/server.h"

#define MAX_CONFIG_ANSWER (MAX_PROPERTIES_SIZE + MIB)

/* 0x1F as it stands in paths: what every client since the first uses. */
#define SEPARATOR_IN_PATHS "%1F"

/* What the server itself says to clients: a second member of that name would be no JSON that they
 * could agree on, and another prefix would lead them nowhere. */
static bool is_of_the_server(const char *name)
{
    return strcmp(name, "prefix") == 0 || strcmp(name, "namespace-separator") == 0;
}

/* The members of `properties` whose names begin with `prefix`, without it and without what
 * `written` names already. */
static void write_prefixed(struct json_writer *writer, json_t *properties, const char *prefix,
                           const char *written)
{
    const char *name;
    json_t *value;
    size_t size = strlen(prefix);
    json_object_foreach(properties, name, value)
        if (strncmp(name, prefix, size) == 0 && json_is_string(value) &&
            !is_of_the_server(name + size) && strcmp(name + size, written) != 0)
            json_write_string_member(writer, name + size, json_slice(value));
}

static void write_endpoints(struct json_writer *writer)
{
    char endpoint[256];
    json_write_array_begin(writer);
    for (size_t i = 0; i < OPERATION_COUNT; i++) {
        const struct operation *operation = &operations[i];
        if (operation->state != STATE_SERVED)
            continue;
        snprintf(endpoint, sizeof(endpoint), "%s %s", http_method_name(operation->method),
                 operation->path);
        json_write_string(writer, slice_from_string(endpoint));
    }
    json_write_array_end(writer);
}

static void write_overrides(struct json_writer *writer, const struct warehouse *warehouse,
                            json_t *properties)
{
    const char *mode = planning_mode_name(warehouse->planning_mode);
    json_write_object_begin(writer);
    json_write_string_member(writer, "prefix", warehouse->name);
    json_write_string_member(writer, "namespace-separator", SLICE_LITERAL(SEPARATOR_IN_PATHS));
    if (mode)
        json_write_string_member(writer, PLANNING_MODE_PROPERTY, slice_from_string(mode));
    write_prefixed(writer, properties, "overrides.", mode ? PLANNING_MODE_PROPERTY : "");
    json_write_object_end(writer);
}

static void write_config(struct buffer *body, const struct warehouse *warehouse, json_t *properties)
{
    struct json_writer writer;
    json_writer_init(&writer, body);
    json_write_object_begin(&writer);
    json_write_key(&writer, "defaults");
    json_write_object_begin(&writer);
    write_prefixed(&writer, properties, "defaults.", "");
    json_write_object_end(&writer);
    json_write_key(&writer, "overrides");
    write_overrides(&writer, warehouse, properties);
    json_write_key(&writer, "endpoints");
    write_endpoints(&writer);
    json_write_string_member(&writer, "idempotency-key-lifetime",
                             SLICE_LITERAL(IDEMPOTENCY_LIFETIME_ISO));
    json_write_object_end(&writer);
}

static bool make_config(const struct warehouse *warehouse, struct reply **ret_reply,
                        struct error *err)
{
    struct buffer body;
    json_t *properties = NULL;
    TRY(json_tree_parse(warehouse->properties, "warehouse properties", &properties, err));
    buffer_init(&body, MAX_CONFIG_ANSWER);
    write_config(&body, warehouse, properties);
    json_decref(properties);
    return reply_json(200, &body, ret_reply, err);
}

/* All that the answer is made of is in its key, so that it cannot become stale. */
static bool answer_config(struct op *op, const struct warehouse *warehouse,
                          struct reply **ret_reply, struct error *err)
{
    const char mode = (char)('0' + (int)warehouse->planning_mode);
    const struct slice parts[] = {SLICE_LITERAL("config "),
                                  {&mode, 1},
                                  warehouse->name,
                                  SLICE_LITERAL(" "),
                                  warehouse->properties};
    struct slice key = arena_join(&op->request->arena, parts, sizeof(parts) / sizeof(parts[0]));
    struct reply *kept = key.ptr ? reply_cache_find(op->server->cache, key) : NULL;
    if (kept) {
        *ret_reply = kept;
        return true;
    }
    TRY(make_config(warehouse, ret_reply, err));
    if (key.ptr)
        reply_cache_keep(op->server->cache, key, *ret_reply);
    return true;
}

bool op_get_config(struct op *op, struct reply **ret_reply, struct error *err)
{
    struct slice name;
    const struct warehouse *warehouse = NULL;
    TRY(request_query(op->request, "warehouse", &name, err));
    TRY(warehouse_find_any(op->server->catalog, name.ptr ? name : SLICE_EMPTY, &warehouse, err));
    bool ok = answer_config(op, warehouse, ret_reply, err);
    warehouse_unref(warehouse);
    return ok;
}
