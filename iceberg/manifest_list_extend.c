/*
 * A list of many appends would be many blocks of one entry each, which neither deflate well nor
 * read fast: a block's codes are built anew, which takes longer than to inflate an entry. So where
 * the blocks at the list's begin that have fewer than SMALL_BLOCK entries come to so many together,
 * they become one, and likewise those of fewer than FULL_BLOCK. Each entry is deflated anew twice
 * in its life, and a list of n entries has n / 64 + 14 blocks at most.
 */
#include "iceberg/manifest_list_extend.h"

#include "base/limits.h"
#include "iceberg/avro_records.h"
#include "iceberg/avro_transcode.h"
#include "iceberg/avro_write.h"

#define SMALL_BLOCK 8
#define FULL_BLOCK 64
/* Of a header's metadata: six are usual. */
#define MAX_PAIRS ((size_t)64)
#define NUMBER_SIZE 24

enum { OVERRIDE_SEQUENCE, OVERRIDE_MIN_SEQUENCE, OVERRIDE_FIRST_ROW, OVERRIDE_COUNT };

struct extender {
    const struct manifest_list_extension *extension;
    struct avro_records *source;
    struct avro_records *parent; /* the source, where there is no parent */
    struct avro_override overrides[OVERRIDE_COUNT];
    int64_t first_row_id; /* of the next entry */
    size_t entry;         /* of the source */
    struct buffer plain;  /* the entries of the first block */
    int64_t plain_count;
    struct buffer *out;
    struct error *err;
};

/* --- added entries ------------------------------------------------------------------------ */

static bool rows_read(struct extender *extender, struct avro_cursor entry, uint64_t *budget,
                      int64_t *ret_rows)
{
    const struct avro_shape *shape = extender->source->shape;
    int place = avro_shape_find(shape, 512, "added_rows_count");
    bool is_there = false;
    int64_t rows = 0;
    for (int i = 0; i < place; i++)
        if (!avro_shape_skip(shape->children[i].type, &entry, budget))
            return avro_records_damaged(extender->source, extender->err);
    if (place < 0 ||
        !avro_number_read(shape->children[place].type, &entry, budget, &is_there, &rows) ||
        !is_there || rows < 0)
        return error_set(extender->err, ERROR_VALIDATION,
                         "an added manifest does not say how many rows it adds");
    *ret_rows = rows;
    return true;
}

static size_t override_count(const struct extender *extender)
{
    return extender->extension->format_version >= 3 ? OVERRIDE_COUNT : OVERRIDE_FIRST_ROW;
}

static bool entry_add(struct extender *extender, struct avro_cursor *cursor, uint64_t *budget)
{
    const struct avro_transcoding transcoding = {
        .from = extender->source->shape,
        .to = extender->parent->shape,
        .overrides = extender->overrides,
        .override_count = override_count(extender),
    };
    int64_t rows = 0;
    TRY(rows_read(extender, *cursor, budget, &rows));
    extender->overrides[OVERRIDE_FIRST_ROW].value = extender->first_row_id;
    TRY(avro_transcode(&transcoding, cursor, budget, &extender->plain, extender->err));
    if (__builtin_add_overflow(extender->first_row_id, rows, &extender->first_row_id))
        return error_set(extender->err, ERROR_VALIDATION,
                         "the added manifests have more rows than there are row ids");
    extender->plain_count++;
    return true;
}

static bool entries_take(struct extender *extender, const struct avro_block *block)
{
    struct avro_cursor cursor = avro_cursor_make(block->data);
    uint64_t budget = avro_block_budget(block);
    for (int64_t i = 0; i < block->count; i++, extender->entry++) {
        if (extender->entry >= extender->extension->entry_count)
            return avro_records_damaged(extender->source, extender->err);
        if (extender->extension->is_added[extender->entry])
            TRY(entry_add(extender, &cursor, &budget));
        else if (!avro_shape_skip(extender->source->shape, &cursor, &budget))
            return avro_records_damaged(extender->source, extender->err);
    }
    return true;
}

/* A list from before an upgrade of the table has no place for what the new version says of each
 * manifest. */
static bool places_check(struct extender *extender)
{
    for (size_t i = 0; i < override_count(extender); i++) {
        const struct avro_override *override = &extender->overrides[i];
        if (avro_shape_find(extender->parent->shape, override->field_id, override->name) < 0)
            return error_set(extender->err, ERROR_VALIDATION,
                             "%s is of an older format version than the table: it has no field %s",
                             extender->parent->what, override->name);
    }
    return true;
}

static bool added_take(struct extender *extender)
{
    struct avro_block block;
    bool more = false;
    for (;;) {
        TRY(avro_records_next(extender->source, &block, &more, extender->err));
        if (!more)
            return extender->entry == extender->extension->entry_count ||
                   avro_records_damaged(extender->source, extender->err);
        TRY(entries_take(extender, &block));
    }
}

/* --- the header --------------------------------------------------------------------------- */

static bool is_written_anew(struct slice key)
{
    static const char *const keys[] = {"avro.codec",      "snapshot-id",  "parent-snapshot-id",
                                       "sequence-number", "first-row-id", "format-version"};
    for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
        if (slice_equals_string(key, keys[i]))
            return true;
    return false;
}

static bool pairs_keep(struct extender *extender, struct avro_pair *pairs, size_t *count)
{
    struct avro_cursor cursor = avro_cursor_make(extender->parent->container.metadata);
    size_t left = 0;
    struct avro_pair pair;
    while (avro_cursor_count(&cursor, &left) && left > 0) {
        for (; left > 0; left--) {
            if (!avro_cursor_bytes(&cursor, &pair.key) || !avro_cursor_bytes(&cursor, &pair.value))
                return avro_records_damaged(extender->parent, extender->err);
            if (is_written_anew(pair.key))
                continue;
            if (*count == MAX_PAIRS)
                return error_set(extender->err, ERROR_VALIDATION,
                                 "the manifest list has more than %zu pairs of metadata",
                                 MAX_PAIRS);
            pairs[(*count)++] = pair;
        }
    }
    return true;
}

static struct avro_pair number_pair(const char *key, int64_t value, bool has_value,
                                    char text[NUMBER_SIZE])
{
    int size = snprintf(text, NUMBER_SIZE, "%lld", (long long)value);
    return (struct avro_pair){
        slice_from_string(key),
        has_value ? slice_make(text, (size_t)size) : SLICE_LITERAL("null"),
    };
}

static bool header_write(struct extender *extender)
{
    const struct manifest_list_extension *extension = extender->extension;
    struct avro_pair pairs[MAX_PAIRS + 6];
    char numbers[5][NUMBER_SIZE];
    size_t count = 0;
    TRY(pairs_keep(extender, pairs, &count));
    pairs[count++] = (struct avro_pair){SLICE_LITERAL("avro.codec"), SLICE_LITERAL("deflate")};
    pairs[count++] = number_pair("snapshot-id", extension->snapshot_id, true, numbers[0]);
    pairs[count++] = number_pair("parent-snapshot-id", extension->parent_snapshot_id,
                                 extension->parent_snapshot_id != MANIFEST_NO_ID, numbers[1]);
    pairs[count++] = number_pair("sequence-number", extension->sequence_number, true, numbers[2]);
    if (extension->format_version >= 3)
        pairs[count++] = number_pair("first-row-id", extension->first_row_id, true, numbers[3]);
    pairs[count++] = number_pair("format-version", extension->format_version, true, numbers[4]);
    avro_put_header(extender->out, pairs, count, extender->parent->container.sync);
    return true;
}

/* --- the parent's blocks ------------------------------------------------------------------ */

/* How many blocks at the list's begin are to become one with the added entries. */
static bool run_measure(struct extender *extender, size_t *ret_run)
{
    struct avro_container container = extender->parent->container; /* its place in the file */
    struct avro_block block;
    size_t run = 0, small_run = 0;
    int64_t count = extender->plain_count, small_count = count;
    bool more = true;
    for (;; run++) {
        TRY(avro_container_next_raw(&container, &block, &more, extender->err));
        if (!more || block.count >= FULL_BLOCK)
            break;
        count += block.count;
        if (small_run == run && block.count < SMALL_BLOCK) {
            small_run++;
            small_count = count;
        }
    }
    *ret_run = count >= FULL_BLOCK ? run : small_count >= SMALL_BLOCK ? small_run : 0;
    return true;
}

static bool blocks_merge(struct extender *extender, size_t run)
{
    struct avro_block block;
    bool more = true;
    for (; run > 0 && more; run--) {
        TRY(avro_records_next(extender->parent, &block, &more, extender->err));
        if (more) {
            buffer_append_slice(&extender->plain, block.data);
            extender->plain_count += block.count;
        }
    }
    return buffer_check(&extender->plain, "a block of a manifest list", extender->err);
}

static bool first_block_write(struct extender *extender)
{
    const struct avro_block block = {extender->plain_count, buffer_slice(&extender->plain)};
    TRY(buffer_check(&extender->plain, "a block of a manifest list", extender->err));
    return block.count == 0 ||
           avro_put_deflated_block(extender->out, &block, extender->parent->container.sync,
                                   extender->err);
}

/* Blocks of other codecs are deflated, which the next list finds done. */
static bool blocks_copy(struct extender *extender, size_t *kept)
{
    struct avro_records *parent = extender->parent;
    const unsigned char *sync = parent->container.sync;
    bool is_raw = parent->container.codec == AVRO_CODEC_DEFLATE;
    for (;;) {
        struct avro_block block;
        bool more = false;
        TRY(is_raw ? avro_container_next_raw(&parent->container, &block, &more, extender->err)
                   : avro_records_next(parent, &block, &more, extender->err));
        if (!more)
            return true;
        *kept += (size_t)block.count;
        if (is_raw)
            avro_put_raw_block(extender->out, &block, sync);
        else
            TRY(avro_put_deflated_block(extender->out, &block, sync, extender->err));
    }
}

static bool list_write(struct extender *extender, struct manifest_list_extended *ret_extended)
{
    struct manifest_list_extended extended = {0};
    int64_t first_row_id = extender->first_row_id;
    size_t run = 0;
    TRY(places_check(extender));
    TRY(added_take(extender));
    extended.added_rows = extender->first_row_id - first_row_id;
    TRY(header_write(extender));
    if (extender->parent != extender->source) {
        int64_t added = extender->plain_count;
        TRY(run_measure(extender, &run));
        TRY(blocks_merge(extender, run));
        extended.kept_count = (size_t)(extender->plain_count - added);
    }
    TRY(first_block_write(extender));
    if (extender->parent != extender->source)
        TRY(blocks_copy(extender, &extended.kept_count));
    *ret_extended = extended;
    return buffer_check(extender->out, "a manifest list", extender->err);
}

static bool extend(const struct manifest_list_extension *extension, struct avro_records *source,
                   struct avro_records *parent, struct buffer *out,
                   struct manifest_list_extended *ret_extended, struct error *err)
{
    struct extender extender = {
        .extension = extension,
        .source = source,
        .parent = parent,
        .overrides =
            {
                [OVERRIDE_SEQUENCE] = {515, "sequence_number", extension->sequence_number},
                [OVERRIDE_MIN_SEQUENCE] = {516, "min_sequence_number", extension->sequence_number},
                [OVERRIDE_FIRST_ROW] = {520, "first_row_id", 0},
            },
        .first_row_id = extension->format_version >= 3 ? extension->first_row_id : 0,
        .out = out,
        .err = err,
    };
    buffer_init(&extender.plain, MAX_MANIFEST_BLOCK_SIZE);
    bool ok = list_write(&extender, ret_extended);
    buffer_finish(&extender.plain);
    return ok;
}

bool manifest_list_extend(const struct manifest_list_extension *extension, struct buffer *out,
                          struct manifest_list_extended *ret_extended, struct error *err)
{
    struct avro_records source, parent;
    TRY(avro_records_open(extension->source, "the manifest list", &source, err));
    bool has_parent = extension->parent.len > 0;
    bool ok = !has_parent ||
              avro_records_open(extension->parent, "the parent's manifest list", &parent, err);
    if (ok) {
        ok = extend(extension, &source, has_parent ? &parent : &source, out, ret_extended, err);
        if (has_parent)
            avro_records_finish(&parent);
    }
    avro_records_finish(&source);
    return ok;
}
