/* Namespaces: list, create, load, exists, drop, properties (server/op.h). */
#include "catalog/namespace.h"

#include "base/limits.h"
#include "base/percent.h"
#include "server/listing.h"
#include "server/server.h"

/* A namespace, its properties, and what surrounds them. */
#define MAX_NAMESPACE_ANSWER (MAX_PROPERTIES_SIZE + MIB)

/* PyIceberg encodes the parent twice. The name as it came is tried first: it is what the protocol
 * says, and a namespace may well have a percent sign in its name. */
static bool list_below(struct op *op, struct slice *parent, const struct page_request *request,
                       struct name_page *ret_page, struct error *err)
{
    struct slice decoded;
    if (namespace_list(&op->call, *parent, request, ret_page, err))
        return true;
    if (err->kind != ERROR_NO_SUCH_NAMESPACE || slice_find(*parent, '%') == parent->len ||
        !percent_decode(*parent, false, &op->request->arena, &decoded, NULL) ||
        !namespace_levels_check(decoded, NULL) ||
        !namespace_list(&op->call, decoded, request, ret_page, NULL))
        return false;
    *parent = decoded;
    return true;
}

bool op_list_namespaces(struct op *op, struct reply **ret_reply, struct error *err)
{
    struct slice parent, listed;
    struct listing listing;
    struct name_page page;
    TRY(request_query(op->request, "parent", &parent, err));
    if (parent.ptr == NULL || parent.len == 0)
        parent = SLICE_EMPTY; /* "empty string is treated as absent" */
    else
        TRY(namespace_levels_check(parent, err));
    TRY(listing_find(op, LISTING_NAMESPACES, parent, &listing, ret_reply, err));
    if (*ret_reply)
        return true;
    if (!op->request->may_block)
        return op_would_block(op);
    listed = parent;
    TRY(list_below(op, &listed, &listing.page, &page, err));
    if (!slice_equals(listed, parent))
        listing.key = (struct slice){NULL, 0}; /* the version is that of the name as it was sent */
    return listing_reply(op, &listing, &page, ret_reply, err);
}

static void write_namespace(struct buffer *body, struct slice path, struct slice properties)
{
    struct json_writer writer;
    json_writer_init(&writer, body);
    json_write_object_begin(&writer);
    json_write_key(&writer, "namespace");
    listing_write_levels(&writer, path, (struct slice){NULL, 0});
    json_write_key(&writer, "properties");
    json_write_raw(&writer, properties);
    json_write_object_end(&writer);
}

static bool answer_namespace(struct slice path, struct slice properties, struct reply **ret_reply,
                             struct error *err)
{
    struct buffer body;
    buffer_init(&body, MAX_NAMESPACE_ANSWER);
    write_namespace(&body, path, properties);
    return reply_json(200, &body, ret_reply, err);
}

bool op_create_namespace(struct op *op, struct reply **ret_reply, struct error *err)
{
    struct namespace_row row;
    json_t *body = NULL;
    TRY(op_body(op, &body, err));
    bool ok = namespace_create(&op->call, body, &row, err);
    json_decref(body);
    return ok && answer_namespace(row.path, row.properties, ret_reply, err);
}

bool op_answer_namespace(struct op *op, struct slice path, struct reply **ret_reply,
                         struct error *err)
{
    struct namespace_row row;
    TRY(namespace_load(&op->call, path, &row, err));
    return answer_namespace(path, row.properties, ret_reply, err);
}

bool op_load_namespace(struct op *op, struct reply **ret_reply, struct error *err)
{
    struct slice path;
    TRY(op_namespace(op, &path, err));
    return op_answer_namespace(op, path, ret_reply, err);
}

bool op_namespace_exists(struct op *op, struct reply **ret_reply, struct error *err)
{
    struct slice path;
    struct namespace_row row;
    TRY(op_namespace(op, &path, err));
    TRY(namespace_load(&op->call, path, &row, err));
    return op_no_content(ret_reply, err);
}

bool op_drop_namespace(struct op *op, struct reply **ret_reply, struct error *err)
{
    struct slice path;
    TRY(op_namespace(op, &path, err));
    TRY(namespace_drop(&op->call, path, err));
    return op_no_content(ret_reply, err);
}

static bool answer_tree(const json_t *tree, struct reply **ret_reply, struct error *err)
{
    struct buffer body;
    struct json_writer writer;
    buffer_init(&body, MAX_NAMESPACE_ANSWER);
    json_writer_init(&writer, &body);
    json_write_tree(&writer, tree);
    return reply_json(200, &body, ret_reply, err);
}

bool op_update_properties(struct op *op, struct reply **ret_reply, struct error *err)
{
    struct slice path;
    json_t *body = NULL, *answer = NULL;
    TRY(op_namespace(op, &path, err));
    TRY(op_body(op, &body, err));
    bool ok = namespace_update_properties(&op->call, path, body, &answer, err) &&
              answer_tree(answer, ret_reply, err);
    json_decref(body);
    json_decref(answer);
    return ok;
}
