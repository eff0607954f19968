#include "server/load_reply.h"

#include "base/json_write.h"
#include "base/limits.h"
#include "catalog/lookup.h"
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
/* And mostly is, without keys for storage. */
#define USUAL_FRAME_SIZE ((size_t)1 * KIB)
/* A representation, a mode, and the access: "refs client 0f3a…". */
#define ETAG_VARIANT_SIZE 64
/* Of the digest of what a client was told of its access: enough that no two are alike. */
#define ACCESS_MARK 32

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

/* An empty digest tells that this client is told nothing of its access. */
static bool has_access(const struct access *access)
{
    return access->digest[0] != '\0';
}

static void append_tail(struct buffer *out, enum planning_mode mode, const struct access *access)
{
    struct slice plain = tail(mode);
    if (!has_access(access)) {
        buffer_append_slice(out, plain);
        return;
    }
    /* Without the braces that close config and the answer. */
    buffer_append_slice(out, slice_make(plain.ptr, plain.len - 2));
    if (out->ptr && out->len > 0 && out->ptr[out->len - 1] != '{')
        buffer_append_byte(out, ',');
    buffer_append_slice(out, access->config);
    buffer_append_byte(out, '}');
    if (access->credentials.len > 0) {
        buffer_append_string(out, ",\"storage-credentials\":");
        buffer_append_slice(out, access->credentials);
    }
    if (access->signing.len > 0) {
        buffer_append_string(out, ",\"remote-signing-config\":");
        buffer_append_slice(out, access->signing);
    }
    buffer_append_byte(out, '}');
}

static const char *const REPRESENTATIONS[] = {
    [REPRESENT_ALL] = "all",
    [REPRESENT_REFS] = "refs",
    [REPRESENT_VIEW] = "view",
};

/* Of one metadata file there are as many answers as the warehouse has had planning modes, and as
 * clients have kinds of access. ptr is NULL where memory is short, and then nothing is kept. */
static struct slice cache_key(struct op *op, struct slice location,
                              enum representation representation, const struct access *access)
{
    const char mode = (char)('0' + (int)op->call.warehouse->planning_mode);
    const struct slice parts[] = {SLICE_LITERAL("load "),
                                  slice_from_string(REPRESENTATIONS[representation]),
                                  {&mode, 1},
                                  slice_from_string(access->digest),
                                  SLICE_LITERAL(" "),
                                  location};
    return arena_join(&op->request->arena, parts, sizeof(parts) / sizeof(parts[0]));
}

static struct reply *find_kept(struct op *op, struct slice location,
                               enum representation representation, const struct access *access)
{
    struct slice key = cache_key(op, location, representation, access);
    return key.ptr ? reply_cache_find(op->server->cache, key) : NULL;
}

static void keep(struct op *op, struct slice location, enum representation representation,
                 const struct access *access, struct reply *reply)
{
    struct slice key = cache_key(op, location, representation, access);
    if (key.ptr)
        reply_cache_keep(op->server->cache, key, reply);
}

/* *ret_is_known is false where STS has to be asked first: not here. */
static bool peek_access(struct op *op, const struct entity_row *row, struct access *ret,
                        bool *ret_is_known, struct error *err)
{
    *ret = access_none;
    *ret_is_known =
        row->kind != ENTITY_TABLE || access_make(op, row->location, SESSION_READ_WRITE, ret, err);
    bool is_fine = *ret_is_known || op->would_block;
    op->would_block = false;
    return is_fine;
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

/* What an answer is made of, beside the metadata. */
struct form {
    enum representation representation;
    enum planning_mode mode;
    const struct access *access;
    size_t one_piece_size;
};

static bool add_tail(struct reply *reply, const struct form *form, struct error *err)
{
    struct buffer text;
    struct blob *blob = NULL;
    if (!has_access(form->access)) {
        reply_add_segment(reply, tail(form->mode), NULL);
        return true;
    }
    buffer_init(&text, FRAME_SIZE + ONE_PIECE_SIZE);
    append_tail(&text, form->mode, form->access);
    bool ok = buffer_check(&text, "the answer", err) && blob_from_buffer(&text, &blob, err);
    buffer_finish(&text);
    if (ok)
        reply_add_segment(reply, blob_slice(blob), blob);
    blob_unref(blob);
    return ok;
}

static struct table_text text_of_blob(struct blob *blob)
{
    return (struct table_text){
        .parts = {blob_slice(blob)}, .blobs = {blob}, .count = 1, .size = blob->size};
}

/* Head, metadata and tail as one piece, or as several that share the metadata's bytes. */
static bool add_body(struct reply *reply, struct slice location, const struct table_text *metadata,
                     const struct form *form, struct error *err)
{
    struct buffer head;
    struct blob *blob = NULL;
    bool is_one_piece = metadata->size < form->one_piece_size;
    buffer_init(&head, FRAME_SIZE + ONE_PIECE_SIZE);
    if (is_one_piece)
        (void)buffer_reserve(&head, metadata->size + USUAL_FRAME_SIZE);
    write_head(&head, location);
    if (is_one_piece) {
        table_text_append(metadata, &head);
        append_tail(&head, form->mode, form->access);
    }
    bool ok = buffer_check(&head, "the answer", err) && blob_from_buffer(&head, &blob, err);
    buffer_finish(&head);
    if (!ok)
        return false;
    reply_add_segment(reply, blob_slice(blob), blob);
    blob_unref(blob);
    if (is_one_piece)
        return true;
    for (size_t i = 0; i < metadata->count; i++)
        reply_add_segment(reply, metadata->parts[i], metadata->blobs[i]);
    return add_tail(reply, form, err);
}

/* Nobody on the way may keep secrets, nor an answer that stands for them. */
static bool add_cache_control(struct reply *reply, const struct form *form, struct error *err)
{
    return !form->access->has_secrets ||
           reply_add_header(reply, "Cache-Control", SLICE_LITERAL("no-store"), err);
}

static bool make_not_modified(struct slice etag, const struct form *form, struct reply **ret_reply,
                              struct error *err)
{
    struct reply *reply = NULL;
    TRY(reply_create(304, &reply, err));
    if (reply_add_header(reply, "ETag", etag, err) && reply_add_vary(reply, err) &&
        add_cache_control(reply, form, err)) {
        *ret_reply = reply;
        return true;
    }
    reply_unref(reply);
    return false;
}

/* The mode is part of the answer, and may change with the warehouse while the file stays; so is the
 * access, and credentials are given anew before the old ones end: a 304 never outlives them. */
static bool make_etag(struct slice location, const struct form *form, char ret_etag[ETAG_SIZE],
                      struct error *err)
{
    char variant[ETAG_VARIANT_SIZE];
    const char *word = planning_mode_name(form->mode);
    snprintf(variant, sizeof(variant), "%s%s%s%s%.*s", REPRESENTATIONS[form->representation],
             word ? " " : "", word ? word : "", has_access(form->access) ? " " : "", ACCESS_MARK,
             form->access->digest);
    return etag_make(location, variant, ret_etag, err);
}

static bool add_etag(struct reply *reply, struct slice location, const struct form *form,
                     struct error *err)
{
    char weak[ETAG_SIZE];
    if (location.len == 0)
        return true;
    TRY(make_etag(location, form, reply->etag, err));
    struct slice etag = slice_from_string(reply->etag);
    TRY(reply_add_header(reply, "ETag", etag, err));
    TRY(make_not_modified(etag, form, &reply->not_modified, err));
    return make_not_modified(etag_weak(reply->etag, weak), form, &reply->not_modified_encoded, err);
}

/* Of an answer that is not in memory: *ret_reply is its 304 where the client holds it, else NULL.
 * Nothing is read for that. The table may say itself who plans its scans, which only its metadata
 * tells; but then no answer was ever made of this file with the warehouse's mode, unless both are
 * the same, and nobody holds its tag. */
static bool make_held(struct op *op, struct slice location, enum representation representation,
                      const struct access *access, struct reply **ret_reply, struct error *err)
{
    const struct form form = {representation, op->call.warehouse->planning_mode, access, 0};
    struct slice header = request_header(op->request, "If-None-Match");
    char etag[ETAG_SIZE], weak[ETAG_SIZE];
    if (header.ptr == NULL || representation == REPRESENT_VIEW)
        return true;
    TRY(make_etag(location, &form, etag, err));
    switch (etag_match(header, etag)) {
    case ETAG_LISTED:
        return make_not_modified(slice_from_string(etag), &form, ret_reply, err);
    case ETAG_LISTED_WEAK:
        return make_not_modified(etag_weak(etag, weak), &form, ret_reply, err);
    default:
        return true;
    }
}

bool load_reply_peek(struct op *op, struct entity_name name, enum representation representation,
                     struct reply **ret_reply, struct error *err)
{
    struct entity_row row;
    struct access access;
    enum entity_kind kind = representation == REPRESENT_VIEW ? ENTITY_VIEW : ENTITY_TABLE;
    bool is_known = false;
    *ret_reply = NULL;
    if (!pointer_store_peek(op->server->pointers, op->call.warehouse->id, name.namespace_path,
                            name.name, &op->request->arena, &row) ||
        row.kind != kind)
        return true;
    TRY(metadata_file_must_exist_near(op->server->catalog, row.metadata_location, &is_known, err));
    if (is_known)
        TRY(peek_access(op, &row, &access, &is_known, err));
    if (is_known)
        *ret_reply = find_kept(op, row.metadata_location, representation, &access);
    return *ret_reply || !is_known ||
           make_held(op, row.metadata_location, representation, &access, ret_reply, err);
}

bool load_reply_held(struct op *op, struct entity_name name, enum representation representation,
                     struct reply **ret_reply, struct error *err)
{
    struct entity_row row;
    *ret_reply = NULL;
    if (request_header(op->request, "If-None-Match").ptr == NULL)
        return true;
    TRY(entity_find(&op->call, name, ENTITY_TABLE, &row, err));
    if (!metadata_file_must_exist(op->server->catalog, row.metadata_location, NULL))
        return true; /* who reads it says so */
    return load_reply_peek(op, name, representation, ret_reply, err);
}

static bool add_headers(struct reply *reply, struct slice location, const struct form *form,
                        struct error *err)
{
    TRY(reply_add_header(reply, "Content-Type", SLICE_LITERAL("application/json"), err));
    TRY(add_cache_control(reply, form, err));
    return form->representation == REPRESENT_VIEW || add_etag(reply, location, form, err);
}

static bool make_reply(struct slice location, const struct table_text *metadata,
                       const struct form *form, struct reply **ret_reply, struct error *err)
{
    struct reply *reply = NULL;
    TRY(reply_create(200, &reply, err));
    if (add_headers(reply, location, form, err) && add_body(reply, location, metadata, form, err)) {
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

static bool make_table(struct op *op, const struct table_result *result, struct form *form,
                       struct reply **ret_reply, struct error *err)
{
    struct blob *blob = NULL;
    struct table_text text;
    TRY(planning_mode_of_table(result->metadata, op->call.warehouse->planning_mode, op->call.arena,
                               &form->mode, err));
    if (form->representation == REPRESENT_REFS) {
        TRY(refs_blob(result->metadata, &blob, err));
        text = text_of_blob(blob);
    } else {
        table_metadata_text(result->metadata, &text);
    }
    bool ok = make_reply(result->metadata_location, &text, form, ret_reply, err);
    blob_unref(blob);
    return ok;
}

bool load_reply_table_with(struct op *op, const struct table_result *result,
                           enum representation representation, const struct access *access,
                           struct reply **ret_reply, struct error *err)
{
    struct slice location = result->metadata_location;
    struct form form = {representation, PLANNING_UNSET, access, ONE_PIECE_SIZE};
    struct reply *reply = location.len ? find_kept(op, location, representation, access) : NULL;
    if (reply == NULL) {
        TRY(make_table(op, result, &form, &reply, err));
        if (location.len > 0)
            keep(op, location, representation, access, reply);
    }
    *ret_reply = reply;
    return true;
}

bool load_reply_table(struct op *op, const struct table_result *result,
                      enum representation representation, struct reply **ret_reply,
                      struct error *err)
{
    struct access access;
    TRY(access_make_of_table(op, result->metadata, SESSION_READ_WRITE, &access, err));
    return load_reply_table_with(op, result, representation, &access, ret_reply, err);
}

/* The answer for the metadata before, which no pointer names any more: else each commit of a fast
 * client takes new memory, until old answers have filled the cache. */
static void forget_previous(struct op *op, const struct table_metadata *metadata)
{
    if (metadata->metadata_log_count == 0)
        return;
    struct slice previous =
        metadata->metadata_log[metadata->metadata_log_count - 1].metadata_file;
    struct slice key = cache_key(op, previous, REPRESENT_ALL, &access_none);
    if (key.ptr)
        cache_remove(op->server->cache, key);
}

/* A commit's answer tells nothing of access: who committed has it, and where STS fails after the
 * commit that must not look like a failure of the commit. */
bool load_reply_commit(struct op *op, const struct table_result *result, struct reply **ret_reply,
                       struct error *err)
{
    struct form form = {REPRESENT_ALL, PLANNING_UNSET, &access_none, COMMIT_ONE_PIECE_SIZE};
    struct table_text text;
    table_metadata_text(result->metadata, &text);
    if (op->call.warehouse->storage == NULL && text.size < COMMIT_ONE_PIECE_SIZE) {
        forget_previous(op, result->metadata);
        return load_reply_table(op, result, REPRESENT_ALL, ret_reply, err);
    }
    return make_table(op, result, &form, ret_reply, err);
}

bool load_reply_view(struct op *op, const struct view_result *result, struct reply **ret_reply,
                     struct error *err)
{
    const struct form form = {REPRESENT_VIEW, PLANNING_UNSET, &access_none, ONE_PIECE_SIZE};
    struct reply *reply = find_kept(op, result->metadata_location, REPRESENT_VIEW, &access_none);
    if (reply == NULL) {
        const struct table_text text = text_of_blob(result->metadata->blob);
        TRY(make_reply(result->metadata_location, &text, &form, &reply, err));
        keep(op, result->metadata_location, REPRESENT_VIEW, &access_none, reply);
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
