#include "server/load_reply.h"

#include "base/json_write.h"
#include "base/limits.h"
#include "catalog/metadata_store.h"
#include "catalog/planning_mode.h"
#include "server/encoded_reply.h"
#include "server/etag.h"
#include "server/reply_cache.h"
#include "server/server.h"

/* Below this an answer is one piece of bytes, which leaves with its headers in one system call: at
 * 1.5 MB the second call costs a fifth of the rate. Above it the second copy in the cache's budget,
 * beside the metadata itself, costs more than the call. */
#define ONE_PIECE_SIZE (8 * MIB)
/* A commit's answer is sent once, and the next commit's is another: from here on, where copying
 * costs more than the second call, it is made of pieces, and not kept. */
#define COMMIT_ONE_PIECE_SIZE (256 * KIB)
/* What surrounds the metadata: a location and a few words. */
#define FRAME_SIZE (1 * MIB)
/* A representation and a mode: "refs client". */
#define ETAG_VARIANT_SIZE 32

/* What follows the metadata: the config, which says who plans the table's scans. */
#define MODE_TAIL(mode) SLICE_LITERAL(",\"config\":{\"" PLANNING_MODE_PROPERTY "\":\"" mode "\"}}")
static struct slice tail(enum planning_mode mode)
{
    switch (mode) {
    case PLANNING_CLIENT:
        return MODE_TAIL("client");
    case PLANNING_SERVER:
        return MODE_TAIL("server");
    default:
        return SLICE_LITERAL(",\"config\":{}}");
    }
}

static const char *const REPRESENTATIONS[] = {
    [REPRESENT_ALL] = "all",
    [REPRESENT_REFS] = "refs",
    [REPRESENT_VIEW] = "view",
};

/* Of one metadata file there are as many answers as the warehouse has had planning modes. ptr is
 * NULL where memory is short, and then nothing is kept. */
static struct slice cache_key(struct op *op, struct slice location,
                              enum representation representation)
{
    const char mode = (char)('0' + (int)op->call.warehouse->planning_mode);
    const struct slice parts[] = {SLICE_LITERAL("load "),
                                  slice_from_string(REPRESENTATIONS[representation]),
                                  {&mode, 1},
                                  SLICE_LITERAL(" "),
                                  location};
    return arena_join(&op->request->arena, parts, sizeof(parts) / sizeof(parts[0]));
}

static struct reply *find_kept(struct op *op, struct slice location,
                               enum representation representation)
{
    struct slice key = cache_key(op, location, representation);
    return key.ptr ? reply_cache_find(op->server->cache, key) : NULL;
}

static void keep(struct op *op, struct slice location, enum representation representation,
                 struct reply *reply)
{
    struct slice key = cache_key(op, location, representation);
    if (key.ptr)
        reply_cache_keep(op->server->cache, key, reply);
}

bool load_reply_peek(struct op *op, struct entity_name name, enum representation representation,
                     struct reply **ret_reply, struct error *err)
{
    struct entity_row row;
    enum entity_kind kind = representation == REPRESENT_VIEW ? ENTITY_VIEW : ENTITY_TABLE;
    bool is_known = false;
    *ret_reply = NULL;
    if (!pointer_store_peek(op->server->pointers, op->call.warehouse->id, name.namespace_path,
                            name.name, &op->request->arena, &row) ||
        row.kind != kind)
        return true;
    TRY(metadata_file_must_exist_near(op->server->catalog, row.metadata_location, &is_known, err));
    if (is_known)
        *ret_reply = find_kept(op, row.metadata_location, representation);
    return true;
}

/* --- making one ----------------------------------------------------------------------------- */

static void write_head(struct buffer *head, struct slice metadata_location)
{
    buffer_append_string(head, "{");
    if (metadata_location.len > 0) {
        buffer_append_string(head, "\"metadata-location\":");
        json_append_string(head, metadata_location);
        buffer_append_string(head, ",");
    }
    buffer_append_string(head, "\"metadata\":");
}

/* Head, metadata and tail as one piece, or as three that share the metadata's bytes. */
static bool add_body(struct reply *reply, struct slice location, struct blob *metadata,
                     enum planning_mode mode, size_t one_piece_size, struct error *err)
{
    struct buffer head;
    struct blob *blob = NULL;
    bool is_one_piece = metadata->size < one_piece_size;
    buffer_init(&head, FRAME_SIZE + ONE_PIECE_SIZE);
    write_head(&head, location);
    if (is_one_piece) {
        buffer_append_slice(&head, blob_slice(metadata));
        buffer_append_slice(&head, tail(mode));
    }
    bool ok = buffer_check(&head, "the answer", err) && blob_from_buffer(&head, &blob, err);
    buffer_finish(&head);
    if (!ok)
        return false;
    reply_add_segment(reply, blob_slice(blob), blob);
    blob_unref(blob);
    if (!is_one_piece) {
        reply_add_segment(reply, blob_slice(metadata), metadata);
        reply_add_segment(reply, tail(mode), NULL);
    }
    return true;
}

static bool make_not_modified(struct slice etag, struct reply **ret_reply, struct error *err)
{
    struct reply *reply = NULL;
    TRY(reply_create(304, &reply, err));
    if (reply_add_header(reply, "ETag", etag, err) && reply_add_vary(reply, err)) {
        *ret_reply = reply;
        return true;
    }
    reply_unref(reply);
    return false;
}

/* The mode is part of the answer, and may change with the warehouse while the file stays. */
static bool add_etag(struct reply *reply, struct slice location, enum representation representation,
                     enum planning_mode mode, struct error *err)
{
    char variant[ETAG_VARIANT_SIZE], weak[ETAG_SIZE];
    const char *word = planning_mode_name(mode);
    if (location.len == 0)
        return true;
    snprintf(variant, sizeof(variant), "%s%s%s", REPRESENTATIONS[representation], word ? " " : "",
             word ? word : "");
    TRY(etag_make(location, variant, reply->etag, err));
    struct slice etag = slice_from_string(reply->etag);
    TRY(reply_add_header(reply, "ETag", etag, err));
    TRY(make_not_modified(etag, &reply->not_modified, err));
    return make_not_modified(etag_weak(reply->etag, weak), &reply->not_modified_encoded, err);
}

static bool make_reply(struct slice location, struct blob *metadata,
                       enum representation representation, enum planning_mode mode,
                       size_t one_piece_size, struct reply **ret_reply, struct error *err)
{
    struct reply *reply = NULL;
    TRY(reply_create(200, &reply, err));
    if (reply_add_header(reply, "Content-Type", SLICE_LITERAL("application/json"), err) &&
        (representation == REPRESENT_VIEW ||
         add_etag(reply, location, representation, mode, err)) &&
        add_body(reply, location, metadata, mode, one_piece_size, err)) {
        *ret_reply = reply;
        return true;
    }
    reply_unref(reply);
    return false;
}

static bool refs_blob(const struct table_metadata *metadata, struct blob **ret_blob,
                      struct error *err)
{
    struct buffer text;
    buffer_init(&text, MAX_METADATA_SIZE);
    bool ok = table_metadata_refs_text(metadata, &text, err) &&
              buffer_check(&text, "the metadata", err) && blob_from_buffer(&text, ret_blob, err);
    buffer_finish(&text);
    return ok;
}

bool load_reply_table(struct op *op, const struct table_result *result,
                      enum representation representation, struct reply **ret_reply,
                      struct error *err)
{
    struct slice location = result->metadata_location;
    struct reply *reply = location.len ? find_kept(op, location, representation) : NULL;
    struct blob *blob = NULL;
    enum planning_mode mode = PLANNING_UNSET;
    if (reply) {
        *ret_reply = reply;
        return true;
    }
    TRY(planning_mode_of_table(result->metadata, op->call.warehouse->planning_mode, op->call.arena,
                               &mode, err));
    if (representation == REPRESENT_REFS)
        TRY(refs_blob(result->metadata, &blob, err));
    else
        blob = blob_ref(result->metadata->blob);
    bool ok = make_reply(location, blob, representation, mode, ONE_PIECE_SIZE, &reply, err);
    blob_unref(blob);
    if (!ok)
        return false;
    if (location.len > 0)
        keep(op, location, representation, reply);
    *ret_reply = reply;
    return true;
}

bool load_reply_commit(struct op *op, const struct table_result *result, struct reply **ret_reply,
                       struct error *err)
{
    enum planning_mode mode = PLANNING_UNSET;
    if (result->metadata->blob->size < COMMIT_ONE_PIECE_SIZE)
        return load_reply_table(op, result, REPRESENT_ALL, ret_reply, err);
    TRY(planning_mode_of_table(result->metadata, op->call.warehouse->planning_mode, op->call.arena,
                               &mode, err));
    return make_reply(result->metadata_location, result->metadata->blob, REPRESENT_ALL, mode,
                      COMMIT_ONE_PIECE_SIZE, ret_reply, err);
}

bool load_reply_view(struct op *op, const struct view_result *result, struct reply **ret_reply,
                     struct error *err)
{
    struct reply *reply = find_kept(op, result->metadata_location, REPRESENT_VIEW);
    if (reply == NULL) {
        TRY(make_reply(result->metadata_location, result->metadata->blob, REPRESENT_VIEW,
                       PLANNING_UNSET, ONE_PIECE_SIZE, &reply, err));
        keep(op, result->metadata_location, REPRESENT_VIEW, reply);
    }
    *ret_reply = reply;
    return true;
}

void load_reply_unless_held(struct op *op, struct reply *owned, struct reply **ret_reply)
{
    struct slice header = request_header(op->request, "If-None-Match");
    if (owned->not_modified == NULL || !etag_is_listed(header, owned->etag)) {
        *ret_reply = owned;
        return;
    }
    bool is_plain = encoded_reply_wanted(op->server, op->request, owned) == ENCODING_IDENTITY;
    *ret_reply = reply_ref(is_plain ? owned->not_modified : owned->not_modified_encoded);
    reply_unref(owned);
}
