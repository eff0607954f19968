#include "server/listing.h"

#include "base/limits.h"

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

bool listing_reply(struct op *op, char kind, struct slice path, const struct name_page *page,
                   struct reply **ret_reply, struct error *err)
{
    struct slice token = {NULL, 0};
    struct buffer body;
    struct json_writer writer;
    if (page->next.ptr) {
        struct page_listing listing;
        TRY(op_page_listing(op, kind, path, &listing, err));
        TRY(page_token_make(&listing, page->next, &op->request->arena, &token, err));
    }
    buffer_init(&body, MAX_LISTING_SIZE);
    json_writer_init(&writer, &body);
    json_write_object_begin(&writer);
    json_write_key(&writer, kind == LISTING_NAMESPACES ? "namespaces" : "identifiers");
    json_write_array_begin(&writer);
    for (size_t i = 0; i < page->count; i++)
        write_item(&writer, kind, path, page->names[i]);
    json_write_array_end(&writer);
    json_write_key(&writer, "next-page-token");
    if (token.ptr)
        json_write_string(&writer, token);
    else
        json_write_null(&writer);
    json_write_object_end(&writer);
    return reply_json(200, &body, ret_reply, err);
}
