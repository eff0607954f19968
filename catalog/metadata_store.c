#include "catalog/metadata_store.h"

#include "base/byte_budget.h"
#include "base/limits.h"
#include "base/pack.h"
#include "catalog/pending_base.h"
#include "catalog/pending_files.h"
#include "catalog/seen_files.h"
#include "storage/location.h"

/* How long a large file waits for room in catalog->reading: others end within a second or two. */
#define READING_WAIT_MS 5000
/* What is packed like another file, and needs that one's row, is at most such a part of itself: by
 * itself it is a sixth. */
#define MIN_LIKENESS 8

static void table_ref(void *value)
{
    table_metadata_ref(value);
}

static void table_unref(void *value)
{
    table_metadata_unref(value);
}

static void view_ref(void *value)
{
    view_metadata_ref(value);
}

static void view_unref(void *value)
{
    view_metadata_unref(value);
}

static const struct cache_kind table_kind = {"table metadata", table_ref, table_unref};
static const struct cache_kind view_kind = {"view metadata", view_ref, view_unref};

/* Keys of the two kinds differ by their first word: a view's file is never taken for a table's. */
static struct slice cache_key(struct arena *scratch, const char *word, struct slice location)
{
    struct slice key = arena_slice(scratch, location);
    return key.ptr ? arena_printf(scratch, "%s %s", word, key.ptr) : key;
}

#define KEY_ARENA_CEILING (4 * MAX_URI_SIZE)

/* The sentence that Java's file IO gives: clients tell a lost file from a lost table by it. */
static bool gone(struct slice location, struct error *err)
{
    return error_set(err, ERROR_NOT_FOUND, "Failed to open input stream for file: %.*s",
                     SLICE_ARG(location));
}

/* What one buffer has taken from catalog->reading. */
struct share {
    struct byte_budget *budget;
    size_t taken;
};

static bool share_take(struct share *share, size_t size, struct error *err)
{
    if (share->budget && size > MAX_SMALL_METADATA_SIZE) {
        TRY(byte_budget_take(share->budget, size, READING_WAIT_MS, "large metadata files", err));
        share->taken = size;
    }
    return true;
}

/* Gives back what is above `size`. */
static void share_keep(struct share *share, size_t size)
{
    if (share->taken <= size)
        return;
    byte_budget_give(share->budget, share->taken - size);
    share->taken = size;
}

/* The file's bytes. Its size is not known before, and a refusal for the ceiling comes before
 * anything is read: so the ceiling grows, and nothing is held while more is waited for. */
static bool read_bytes(struct catalog *catalog, struct slice location, struct share *share,
                       struct buffer *bytes, struct error *err)
{
    struct error cause = {0};
    for (size_t room = MAX_SMALL_METADATA_SIZE;;
         room = room < MAX_METADATA_SIZE / 8 ? room * 8 : MAX_METADATA_SIZE) {
        TRY(share_take(share, room, err));
        buffer_init(bytes, room);
        if (object_get(catalog->objects, location, bytes, &cause)) {
            share_keep(share, bytes->len);
            return true;
        }
        buffer_finish(bytes);
        share_keep(share, 0);
        if (cause.kind == ERROR_NOT_FOUND)
            return gone(location, err);
        if (cause.kind != ERROR_TOO_LARGE || room == MAX_METADATA_SIZE)
            return error_set(err, cause.kind, "%s", cause.message);
        error_clear(&cause);
    }
}

static bool decode_within(struct slice bytes, size_t room, struct share *share,
                          struct blob **ret_blob, struct error *err)
{
    struct buffer text;
    TRY(share_take(share, room, err));
    buffer_init(&text, room);
    bool ok = metadata_file_decode(bytes, &text, err) && blob_from_buffer(&text, ret_blob, err);
    buffer_finish(&text);
    if (!ok) {
        share_keep(share, 0);
        return false;
    }
    share_keep(share, (*ret_blob)->size);
    if (share->taken > 0)
        blob_charge(*ret_blob, share->budget, share->taken);
    return true;
}

/* A gzip file that says less than it holds is tried again with the most. */
static bool decode(struct catalog *catalog, struct slice bytes, struct blob **ret_blob,
                   struct error *err)
{
    struct error cause = {0};
    struct share share = {catalog->reading, 0};
    size_t room = metadata_file_claimed_size(bytes);
    if (room < MAX_SMALL_METADATA_SIZE)
        room = MAX_SMALL_METADATA_SIZE;
    if (room < MAX_METADATA_SIZE) {
        if (decode_within(bytes, room, &share, ret_blob, &cause))
            return true;
        if (cause.kind != ERROR_TOO_LARGE)
            return error_set(err, cause.kind, "%s", cause.message);
    }
    return decode_within(bytes, MAX_METADATA_SIZE, &share, ret_blob, err);
}

static bool read_text(struct catalog *catalog, struct slice location, struct blob **ret_blob,
                      struct error *err)
{
    struct buffer bytes;
    struct share share = {catalog->reading, 0};
    TRY(read_bytes(catalog, location, &share, &bytes, err));
    bool ok = decode(catalog, buffer_slice(&bytes), ret_blob, err);
    buffer_finish(&bytes);
    share_keep(&share, 0);
    return ok;
}

/* A file that a pointer names but that does not read as metadata is damage, not a bad request. */
static bool as_corrupt(struct slice location, struct error *err)
{
    if (err && (err->kind == ERROR_BAD_REQUEST || err->kind == ERROR_VALIDATION ||
                err->kind == ERROR_CORRUPT)) {
        err->kind = ERROR_CORRUPT;
        error_prefix(err, "metadata file %.*s", SLICE_ARG(location));
    }
    return false;
}

static bool table_metadata_fetch(struct catalog *catalog, struct slice location,
                                 struct table_metadata **ret_metadata, struct error *err)
{
    struct blob *blob = NULL;
    TRY(read_text(catalog, location, &blob, err));
    bool ok = table_metadata_parse(blob, ret_metadata, err);
    blob_unref(blob);
    return ok || as_corrupt(location, err);
}

void table_metadata_remember(struct catalog *catalog, struct slice location,
                             struct table_metadata *metadata)
{
    struct arena scratch;
    arena_init(&scratch, KEY_ARENA_CEILING);
    struct slice key = cache_key(&scratch, "table", location);
    if (key.ptr)
        cache_put(catalog->cache, key, metadata, table_metadata_memory(metadata),
                  &table_kind);
    arena_finish(&scratch);
}

void table_metadata_forget(struct catalog *catalog, struct slice location)
{
    struct arena scratch;
    arena_init(&scratch, KEY_ARENA_CEILING);
    struct slice key = cache_key(&scratch, "table", location);
    if (key.ptr)
        cache_remove(catalog->cache, key);
    arena_finish(&scratch);
}

void view_metadata_remember(struct catalog *catalog, struct slice location,
                            struct view_metadata *metadata)
{
    /* A jansson tree takes some six bytes for each byte of text. */
    size_t size = metadata->blob->size * 7;
    struct arena scratch;
    arena_init(&scratch, KEY_ARENA_CEILING);
    struct slice key = cache_key(&scratch, "view", location);
    if (key.ptr)
        cache_put(catalog->cache, key, metadata, size, &view_kind);
    arena_finish(&scratch);
}

static void *remembered(struct catalog *catalog, const char *word, struct slice location)
{
    struct arena scratch;
    arena_init(&scratch, KEY_ARENA_CEILING);
    struct slice key = cache_key(&scratch, word, location);
    void *value = key.ptr ? cache_get(catalog->cache, key) : NULL;
    arena_finish(&scratch);
    return value;
}

bool table_metadata_read(struct catalog *catalog, struct slice location,
                         struct table_metadata **ret_metadata, struct error *err)
{
    struct table_metadata *metadata = remembered(catalog, "table", location);
    if (metadata == NULL) {
        TRY(table_metadata_fetch(catalog, location, &metadata, err));
        table_metadata_remember(catalog, location, metadata);
    }
    *ret_metadata = metadata;
    return true;
}

bool view_metadata_read(struct catalog *catalog, struct slice location,
                        struct view_metadata **ret_metadata, struct error *err)
{
    struct view_metadata *metadata = remembered(catalog, "view", location);
    if (metadata == NULL) {
        struct blob *blob = NULL;
        TRY(read_text(catalog, location, &blob, err));
        bool ok = view_metadata_parse(blob, &metadata, err);
        blob_unref(blob);
        if (!ok)
            return as_corrupt(location, err);
        view_metadata_remember(catalog, location, metadata);
    }
    *ret_metadata = metadata;
    return true;
}

/* NULL where no store serves it. */
static const struct object_store_ops *store_of(struct catalog *catalog, struct slice location)
{
    struct object_store *store = NULL;
    return object_stores_find(catalog->objects, location, &store, NULL) ? store->ops : NULL;
}

/* NULL where no store serves it. */
static struct seen_files *seen_of(struct catalog *catalog, const struct object_store_ops *ops)
{
    if (ops == NULL)
        return NULL;
    return ops->is_local ? catalog->seen_near : catalog->seen_far;
}

static void note_seen(struct catalog *catalog, struct seen_files *seen, struct slice location)
{
    if (seen)
        seen_files_note(seen, location, clock_monotonic_us(catalog->clock));
}

static bool look_for(struct catalog *catalog, struct seen_files *seen, struct slice location,
                     struct error *err)
{
    bool exists = false;
    TRY(object_exists(catalog->objects, location, &exists, err));
    if (!exists)
        return gone(location, err);
    note_seen(catalog, seen, location);
    return true;
}

bool metadata_file_must_exist_near(struct catalog *catalog, struct slice location, bool *ret_known,
                                   struct error *err)
{
    const struct object_store_ops *ops = store_of(catalog, location);
    struct seen_files *seen = seen_of(catalog, ops);
    *ret_known = seen && seen_files_has(seen, location, clock_monotonic_us(catalog->clock));
    if (*ret_known || ops == NULL || !ops->is_local)
        return true;
    *ret_known = true;
    return look_for(catalog, seen, location, err);
}

bool metadata_file_must_exist(struct catalog *catalog, struct slice location, struct error *err)
{
    bool is_known = false;
    TRY(metadata_file_must_exist_near(catalog, location, &is_known, err));
    return is_known ||
           look_for(catalog, seen_of(catalog, store_of(catalog, location)), location, err);
}

/* A table's metadata is packed like an earlier one of its own, or to be what the next ones are
 * packed like. `uuid` is empty for what is neither: other files, and the metadata of a new table,
 * which comes too seldom, and nobody tries again for it. */
static bool pack_file(struct call *call, struct slice bytes, struct slice uuid,
                      struct carried_file *file, struct error *err)
{
    struct pending_bases *bases = call->catalog->bases;
    bool may_be_alike = uuid.len > 0;
    struct pending_base *base = may_be_alike ? pending_bases_find(bases, uuid) : NULL;
    size_t limit = bytes.len / MIN_LIKENESS;
    if (base &&
        pack_like(bytes, pending_base_bytes(base), limit, call->arena, &file->packed)) {
        file->base = base;
        return true;
    }
    pending_base_unref(base);
    TRY(pack(call->catalog->packer, bytes, call->arena, &file->packed, err));
    if (may_be_alike)
        file->own = pending_base_create(bases, uuid, bytes);
    return true;
}

void carried_file_finish(struct carried_file *file)
{
    pending_base_unref(file->base);
    pending_base_unref(file->own);
    file->base = file->own = NULL;
}

static bool put_durable(struct call *call, struct slice location, struct slice bytes,
                        struct error *err)
{
    struct seen_files *seen = seen_of(call->catalog, store_of(call->catalog, location));
    TRY(object_put_new(call->catalog->objects, location, bytes, err));
    note_seen(call->catalog, seen, location);
    return true;
}

/* Where the store does not make it durable at once, the bytes are kept for the transaction. */
static bool put_carried(struct call *call, struct slice bytes, struct carried_file *file,
                        struct error *err)
{
    bool is_durable = false;
    TRY(object_put_unsynced(call->catalog->objects, file->location, bytes, &is_durable, err));
    if (is_durable) {
        carried_file_finish(file);
        file->packed = SLICE_EMPTY;
    }
    return true;
}

static bool is_carried(const struct call *call, struct slice location, struct slice bytes)
{
    const struct object_store_ops *ops = store_of(call->catalog, location);
    return bytes.len <= MAX_CARRIED_SIZE && (!ops || ops->put_unsynced);
}

/* `uuid`: as pack_file has it. */
static bool file_write(struct call *call, struct slice location, struct slice bytes,
                       struct slice uuid, struct carried_file *ret_file, struct error *err)
{
    *ret_file = (struct carried_file){.location = location, .packed = SLICE_EMPTY};
    if (!is_carried(call, location, bytes))
        return put_durable(call, location, bytes, err);
    if (pack_file(call, bytes, uuid, ret_file, err) && put_carried(call, bytes, ret_file, err))
        return true;
    carried_file_finish(ret_file);
    return false;
}

bool carried_file_write(struct call *call, struct slice location, struct slice bytes,
                        struct carried_file *ret_file, struct error *err)
{
    return file_write(call, location, bytes, SLICE_EMPTY, ret_file, err);
}

/* What is compressed is not like anything. */
static bool encode_and_put(struct call *call, struct slice text, enum metadata_codec codec,
                           struct slice location, struct slice uuid, struct carried_file *ret_file,
                           struct error *err)
{
    struct buffer bytes;
    if (codec == METADATA_CODEC_NONE)
        return file_write(call, location, text, uuid, ret_file, err);
    buffer_init(&bytes, MAX_METADATA_SIZE);
    bool ok = metadata_file_encode(text, codec, &bytes, err) &&
              carried_file_write(call, location, buffer_slice(&bytes), ret_file, err);
    buffer_finish(&bytes);
    return ok;
}

bool metadata_write(struct call *call, struct slice text, struct slice directory,
                    struct slice previous, enum metadata_codec codec, struct carried_file *ret_file,
                    struct error *err)
{
    struct slice location;
    TRY(metadata_file_name(directory, previous, codec, call->catalog->random, call->arena,
                           &location, err));
    return encode_and_put(call, text, codec, location, SLICE_EMPTY, ret_file, err);
}

/* Text in parts is too long to be carried. */
static bool parts_put(struct call *call, const struct table_text *text, struct slice location,
                      struct carried_file *ret_file, struct error *err)
{
    struct seen_files *seen = seen_of(call->catalog, store_of(call->catalog, location));
    TRY(object_put_new_parts(call->catalog->objects, location, text->parts, text->count, err));
    note_seen(call->catalog, seen, location);
    *ret_file = (struct carried_file){.location = location, .packed = SLICE_EMPTY};
    return true;
}

static bool text_gather(const struct table_text *text, struct buffer *out, struct error *err)
{
    buffer_init(out, MAX_METADATA_SIZE);
    table_text_append(text, out);
    return buffer_check(out, "table metadata", err);
}

bool table_metadata_write(struct call *call, const struct table_metadata *metadata,
                          struct slice directory, struct slice previous, enum metadata_codec codec,
                          struct carried_file *ret_file, struct error *err)
{
    struct table_text text;
    struct buffer whole;
    struct slice location;
    struct slice uuid = previous.len > 0 ? metadata->uuid : SLICE_EMPTY;
    TRY(metadata_file_name(directory, previous, codec, call->catalog->random, call->arena,
                           &location, err));
    table_metadata_text(metadata, &text);
    if (text.count == 1)
        return encode_and_put(call, text.parts[0], codec, location, uuid, ret_file, err);
    if (codec == METADATA_CODEC_NONE && text.size > MAX_CARRIED_SIZE)
        return parts_put(call, &text, location, ret_file, err);
    bool ok = text_gather(&text, &whole, err) &&
              encode_and_put(call, buffer_slice(&whole), codec, location, uuid, ret_file, err);
    buffer_finish(&whole);
    return ok;
}

static bool carry_like(struct pointer_txn *txn, struct carried_file *file, struct error *err)
{
    bool has_base = false;
    TRY(pointer_pending_add_like(txn, file->location, file->packed, pending_base_id(file->base),
                                 &file->pending_id, &has_base, err));
    if (has_base)
        return true;
    pending_base_withdraw(file->base);
    file->has_lost_base = true;
    return error_set(err, ERROR_COMMIT_FAILED,
                     "The metadata file that this commit's was packed like is durable: try again");
}

/* What an earlier run of the transaction found was undone with it. */
bool metadata_carry(struct pointer_txn *txn, struct carried_file *file, struct error *err)
{
    file->has_lost_base = false;
    if (file->packed.len == 0)
        return true;
    if (file->base)
        return carry_like(txn, file, err);
    return pointer_pending_add(txn, file->location, file->packed, &file->pending_id, err);
}

void metadata_carried(struct catalog *catalog, const struct carried_file *file)
{
    if (file->pending_id != 0)
        pending_files_add(catalog->pending, file->pending_id, file->location, file->own);
}

bool table_metadata_directory(const struct table_metadata *metadata, struct slice location,
                              struct arena *arena, struct slice *ret_directory, struct error *err)
{
    struct slice path = {NULL, 0};
    if (metadata)
        TRY(table_metadata_property(metadata, "write.metadata.path", arena, &path, err));
    path = path.len > 0 ? arena_slice(arena, location_strip_slash(path))
                        : arena_printf(arena, "%.*s/metadata", (int)location.len, location.ptr);
    if (!path.ptr)
        return error_no_memory(err, "a metadata directory");
    *ret_directory = path;
    return true;
}
