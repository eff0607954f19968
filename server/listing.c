#include "server/listing.h"

#include "base/limits.h"
#include "server/reply_cache.h"
#include "server/server.h"

/* What tells one answer from all others, before its three texts. */
struct listing_key {
    int64_t warehouse_id;
    int64_t page_size;
    size_t warehouse_size;
    size_t path_size;
    size_t parent_size;
    char kind;
    char is_paginated;
};

void listing_write_levels(struct json_writer *writer, struct slice path, struct slice name)
{
    json_write_array_begin(writer);
    while (path.len > 0) {
        size_t end = slice_find(path, NAMESPACE_SEPARATOR);
        json_write_string(writer, (struct slice){path.ptr, end});
        path = slice_from(path, end + 1);
    }
    if (name.ptr)
        json_write_string(writer, name);
    json_write_array_end(writer);
}

static void write_item(struct json_writer *writer, char kind, struct slice path, struct slice name)
{
    const struct slice none = {NULL, 0};
    if (kind == LISTING_NAMESPACES) {
        listing_write_levels(writer, name, none);
        return;
    }
    if (kind == LISTING_FUNCTIONS) {
        listing_write_levels(writer, path, name);
        return;
    }
    json_write_object_begin(writer);
    json_write_key(writer, "namespace");
    listing_write_levels(writer, path, none);
    json_write_key(writer, "name");
    json_write_string(writer, name);
    json_write_object_end(writer);
}

/* --- kept answers --------------------------------------------------------------------------- */

/* The warehouse's name and the parent are in the next page's token. */
static struct slice make_key(struct op *op, const struct listing *listing,
                             const struct page_listing *token_of)
{
    struct listing_key key;
    memset(&key, 0, sizeof(key)); /* padding counts, too */
    key.warehouse_id = op->call.warehouse->id;
    key.page_size = listing->page.size;
    key.warehouse_size = token_of->warehouse.len;
    key.path_size = listing->path.len;
    key.parent_size = token_of->parent.len;
    key.kind = listing->kind;
    key.is_paginated = listing->page.is_paginated;
    const struct slice parts[] = {SLICE_LITERAL("names "), {(const char *)&key, sizeof(key)},
                                  token_of->warehouse,     listing->path,
                                  token_of->parent,        listing->page.after};
    return arena_join(&op->request->arena, parts, sizeof(parts) / sizeof(parts[0]));
}

bool listing_find(struct op *op, char kind, struct slice path, struct listing *ret_listing,
                  struct reply **ret_reply, struct error *err)
{
    struct page_listing token_of;
    struct listing listing = {.kind = kind, .path = path};
    TRY(op_page(op, kind, path, &listing.page, err));
    TRY(op_page_listing(op, kind, path, &token_of, err));
    listing.key = make_key(op, &listing, &token_of);
    listing.version =
        pointer_store_listing_version(op->server->pointers, op->call.warehouse->id, path);
    struct reply *kept = listing.key.ptr ? reply_cache_find(op->server->cache, listing.key) : NULL;
    if (kept && kept->version != listing.version) {
        reply_unref(kept);
        kept = NULL;
    }
    *ret_listing = listing;
    *ret_reply = kept;
    return true;
}

/* --- answers -------------------------------------------------------------------------------- */

static void write_page(struct buffer *body, const struct listing *listing,
                       const struct name_page *page, struct slice token)
{
    struct json_writer writer;
    json_writer_init(&writer, body);
    json_write_object_begin(&writer);
    json_write_key(&writer, listing->kind == LISTING_NAMESPACES ? "namespaces" : "identifiers");
    json_write_array_begin(&writer);
    for (size_t i = 0; i < page->count; i++)
        write_item(&writer, listing->kind, listing->path, page->names[i]);
    json_write_array_end(&writer);
    json_write_key(&writer, "next-page-token");
    if (token.ptr)
        json_write_string(&writer, token);
    else
        json_write_null(&writer);
    json_write_object_end(&writer);
}

bool listing_reply(struct op *op, const struct listing *listing, const struct name_page *page,
                   struct reply **ret_reply, struct error *err)
{
    struct slice token = {NULL, 0};
    struct buffer body;
    struct reply *reply = NULL;
    if (page->next.ptr) {
        struct page_listing token_of;
        TRY(op_page_listing(op, listing->kind, listing->path, &token_of, err));
        TRY(page_token_make(&token_of, page->next, &op->request->arena, &token, err));
    }
    buffer_init(&body, MAX_LISTING_SIZE);
    write_page(&body, listing, page, token);
    TRY(reply_json(200, &body, &reply, err));
    reply->version = listing->version;
    if (listing->key.ptr)
        reply_cache_keep(op->server->cache, listing->key, reply);
    *ret_reply = reply;
    return true;
}

bool listing_answer(struct op *op, char kind, listing_read_fn read, struct reply **ret_reply,
                    struct error *err)
{
    struct slice path;
    struct listing listing;
    struct name_page page;
    TRY(op_namespace(op, &path, err));
    TRY(listing_find(op, kind, path, &listing, ret_reply, err));
    if (*ret_reply)
        return true;
    if (!op->request->may_block)
        return op_would_block(op);
    TRY(read(&op->call, path, &listing.page, &page, err));
    return listing_reply(op, &listing, &page, ret_reply, err);
}
