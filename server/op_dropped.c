/* What was dropped and is kept: list, undrop, forget (server/op.h). */
#include "catalog/dropped.h"

#include "base/json_write.h"
#include "base/limits.h"
#include "server/listing.h"

static void write_row(struct json_writer *writer, const struct dropped_row *row)
{
    bool is_view = row->entity.kind == ENTITY_VIEW;
    json_write_object_begin(writer);
    json_write_string_member(writer, "type",
                             is_view ? SLICE_LITERAL("view") : SLICE_LITERAL("table"));
    json_write_key(writer, "namespace");
    listing_write_levels(writer, row->entity.namespace_path, (struct slice){NULL, 0});
    json_write_string_member(writer, "name", row->entity.name);
    json_write_string_member(writer, "uuid", row->entity.uuid);
    json_write_string_member(writer, "location", row->entity.location);
    json_write_string_member(writer, "metadata-location", row->entity.metadata_location);
    json_write_int64_member(writer, "dropped-ms", row->dropped_ms);
    json_write_int64_member(writer, "kept-until-ms", row->until_ms);
    json_write_key(writer, "purge-requested");
    json_write_bool(writer, row->purge);
    json_write_object_end(writer);
}

/* --- pages: a token holds "<dropped-ms> <id>" of the last row ------------------------------- */

static bool read_place(struct slice after, struct dropped_place *ret_place, struct error *err)
{
    size_t space = slice_find(after, ' ');
    if (after.len == 0)
        return true;
    return (slice_to_int64(slice_make(after.ptr, space), &ret_place->dropped_ms) &&
            slice_to_int64(slice_from(after, space + 1), &ret_place->id)) ||
           error_set(err, ERROR_BAD_REQUEST, "The pageToken is not one that this listing gave");
}

static bool make_token(struct op *op, const struct dropped_page *page, struct slice *ret_token,
                       struct error *err)
{
    struct page_listing listing;
    const struct dropped_row *last = &page->rows[page->count - 1];
    struct slice after = arena_printf(op->call.arena, "%lld %lld", (long long)last->dropped_ms,
                                      (long long)last->entity.id);
    if (after.ptr == NULL)
        return error_no_memory(err, "a page token");
    return op_page_listing(op, LISTING_DROPPED, SLICE_EMPTY, &listing, err) &&
           page_token_make(&listing, after, op->call.arena, ret_token, err);
}

static bool answer_page(struct op *op, const struct dropped_page *page, struct reply **ret_reply,
                        struct error *err)
{
    struct slice token = SLICE_EMPTY;
    struct buffer body;
    struct json_writer writer;
    if (page->has_more)
        TRY(make_token(op, page, &token, err));
    buffer_init(&body, MAX_LISTING_SIZE);
    json_writer_init(&writer, &body);
    json_write_object_begin(&writer);
    json_write_key(&writer, "dropped");
    json_write_array_begin(&writer);
    for (size_t i = 0; i < page->count; i++)
        write_row(&writer, &page->rows[i]);
    json_write_array_end(&writer);
    json_write_key(&writer, "next-page-token");
    if (page->has_more)
        json_write_string(&writer, token);
    else
        json_write_null(&writer);
    json_write_object_end(&writer);
    return reply_json(200, &body, ret_reply, err);
}

/* Always in pages: there is no client that would take the first one for all. */
bool op_list_dropped(struct op *op, struct reply **ret_reply, struct error *err)
{
    struct page_request request;
    struct dropped_page page;
    struct dropped_place after = DROPPED_FROM_START;
    TRY(op_page(op, LISTING_DROPPED, SLICE_EMPTY, &request, err));
    TRY(read_place(request.after, &after, err));
    TRY(dropped_list(&op->call, after, request.size, &page, err));
    return answer_page(op, &page, ret_reply, err);
}

/* --- changes -------------------------------------------------------------------------------- */

typedef bool (*dropped_change_fn)(struct call *call, const json_t *request, struct error *err);

/* Both leave their answer in the outcome, for a repeated Idempotency-Key. */
static bool change(struct op *op, dropped_change_fn run, struct reply **ret_reply,
                   struct error *err)
{
    json_t *request = NULL;
    struct buffer body;
    TRY(op_body(op, &request, err));
    bool ok = run(&op->call, request, err);
    json_decref(request);
    TRY(ok);
    buffer_init(&body, MAX_BODY_SIZE);
    buffer_append_slice(&body, op->call.outcome.body);
    return reply_json(200, &body, ret_reply, err);
}

bool op_undrop(struct op *op, struct reply **ret_reply, struct error *err)
{
    return change(op, dropped_undrop, ret_reply, err);
}

bool op_forget_dropped(struct op *op, struct reply **ret_reply, struct error *err)
{
    return change(op, dropped_forget, ret_reply, err);
}
