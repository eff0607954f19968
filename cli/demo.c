#include "cli/demo.h"

#include <endian.h>
#include <stdlib.h>

#include "base/buffer.h"
#include "base/limits.h"
#include "cli/demo_files.h"
#include "iceberg/avro_write.h"

/* Codes of the spec: an entry's status, a file's and a manifest's content. */
#define STATUS_ADDED 1
#define CONTENT_DATA 0

#define MAX_MANIFEST_SIZE (1 * MIB)

/* Where a union {null, x} stands. */
#define IS_NULL 0
#define IS_THERE 1

/* --- data files ----------------------------------------------------------------------------- */

static struct slice data_path(const struct demo *demo, int month)
{
    return arena_printf(demo->arena, "%.*s/data/month=%d/%lld.parquet", (int)demo->location.len,
                        demo->location.ptr, month, (long long)demo->snapshot_id);
}

static struct slice metadata_path(const struct demo *demo, const char *name)
{
    return arena_printf(demo->arena, "%.*s/metadata/%s-%lld.avro", (int)demo->location.len,
                        demo->location.ptr, name, (long long)demo->snapshot_id);
}

static bool write_data(struct demo *demo, struct error *err)
{
    for (int month = 1; month <= DEMO_MONTHS; month++) {
        struct slice bytes = demo_file((enum demo_file_id)(DEMO_MONTH_01 + month - 1));
        struct slice path = data_path(demo, month);
        if (path.ptr == NULL)
            return error_no_memory(err, "a path");
        TRY(object_put_new(demo->objects, path, bytes, err));
        demo->bytes += (int64_t)bytes.len;
    }
    return true;
}

/* --- Avro files ----------------------------------------------------------------------------- */

/* The bytes that end each block are those of the snapshot: no other file of the table has them. */
static void sync_marker(const struct demo *demo, unsigned char sync[AVRO_SYNC_SIZE])
{
    memset(sync, 'f', AVRO_SYNC_SIZE);
    memcpy(sync, &demo->snapshot_id, sizeof(demo->snapshot_id));
}

static bool put_file(struct demo *demo, struct slice path, const struct avro_pair *pairs,
                     size_t count, const struct avro_block *block, int64_t *ret_size,
                     struct error *err)
{
    struct buffer out;
    unsigned char sync[AVRO_SYNC_SIZE];
    sync_marker(demo, sync);
    buffer_init(&out, MAX_MANIFEST_SIZE);
    avro_put_header(&out, pairs, count, sync);
    avro_put_raw_block(&out, block, sync);
    bool ok = (path.ptr || error_no_memory(err, "a path")) &&
              buffer_check(&out, "an Avro file", err) &&
              object_put_new(demo->objects, path, buffer_slice(&out), err);
    *ret_size = (int64_t)out.len;
    buffer_finish(&out);
    return ok;
}

/* --- the manifest --------------------------------------------------------------------------- */

/* Its record count stands in the tail as the fourth field: format, partition, records, … */
static void put_entry(struct demo *demo, int month, struct slice tail, struct buffer *out)
{
    avro_put_long(out, STATUS_ADDED);
    avro_put_long(out, IS_THERE);
    avro_put_long(out, demo->snapshot_id);
    avro_put_long(out, IS_NULL); /* both sequence numbers are inherited from the list */
    avro_put_long(out, IS_NULL);
    avro_put_long(out, CONTENT_DATA);
    avro_put_bytes(out, data_path(demo, month));
    buffer_append_slice(out, tail);
}

static void put_entries(struct demo *demo, struct buffer *out)
{
    struct slice rest = demo_file(DEMO_ENTRIES);
    for (int month = 1; month <= DEMO_MONTHS; month++) {
        uint64_t numbers[2]; /* the tail's size and the file's records, little endian */
        memcpy(numbers, rest.ptr, sizeof(numbers));
        rest = slice_from(rest, sizeof(numbers));
        struct slice tail = slice_make(rest.ptr, le64toh(numbers[0]));
        demo->records += (int64_t)le64toh(numbers[1]);
        put_entry(demo, month, tail, out);
        rest = slice_from(rest, tail.len);
    }
}

/* Texts of parts of the metadata, as a manifest's header wants them. */
static char *json_of(const json_t *metadata, const char *list, const char *member)
{
    const json_t *part = json_array_get(json_object_get(metadata, list), 0);
    return json_dumps(member ? json_object_get(part, member) : part, JSON_COMPACT);
}

static bool put_manifest(struct demo *demo, const char *schema, const char *fields,
                         struct slice path, int64_t *ret_size, struct error *err)
{
    struct buffer entries;
    const struct avro_pair pairs[] = {
        {SLICE_LITERAL("avro.schema"), demo_file(DEMO_MANIFEST)},
        {SLICE_LITERAL("avro.codec"), SLICE_LITERAL("null")},
        {SLICE_LITERAL("schema"), slice_from_string(schema)},
        {SLICE_LITERAL("schema-id"), SLICE_LITERAL("0")},
        {SLICE_LITERAL("partition-spec"), slice_from_string(fields)},
        {SLICE_LITERAL("partition-spec-id"), SLICE_LITERAL("0")},
        {SLICE_LITERAL("format-version"), SLICE_LITERAL("2")},
        {SLICE_LITERAL("content"), SLICE_LITERAL("data")},
    };
    buffer_init(&entries, MAX_MANIFEST_SIZE);
    put_entries(demo, &entries);
    struct avro_block block = {DEMO_MONTHS, buffer_slice(&entries)};
    bool ok = buffer_check(&entries, "the manifest", err) &&
              put_file(demo, path, pairs, sizeof(pairs) / sizeof(pairs[0]), &block, ret_size, err);
    buffer_finish(&entries);
    return ok;
}

static bool write_manifest(struct demo *demo, struct slice path, int64_t *ret_size,
                           struct error *err)
{
    char *schema = json_of(demo->metadata, "schemas", NULL);
    char *fields = json_of(demo->metadata, "partition-specs", "fields");
    bool ok = schema && fields ? put_manifest(demo, schema, fields, path, ret_size, err)
                               : error_no_memory(err, "the manifest");
    free(schema);
    free(fields);
    return ok;
}

/* --- the manifest list ---------------------------------------------------------------------- */

static void put_bound(int32_t month, struct buffer *out)
{
    uint32_t bytes = htole32((uint32_t)month); /* spec, appendix D: int as 4 bytes, little endian */
    avro_put_long(out, IS_THERE);
    avro_put_bytes(out, slice_make((const char *)&bytes, sizeof(bytes)));
}

/* One partition field: no null, no NaN, the months from first to last. */
static void put_partitions(struct buffer *out)
{
    avro_put_long(out, IS_THERE);
    avro_put_long(out, 1);
    buffer_append_byte(out, 0); /* contains_null: false */
    avro_put_long(out, IS_THERE);
    buffer_append_byte(out, 0); /* contains_nan: false */
    put_bound(1, out);
    put_bound(DEMO_MONTHS, out);
    avro_put_long(out, 0); /* the array's end */
}

static void put_list_entry(const struct demo *demo, struct slice manifest, int64_t size,
                           struct buffer *out)
{
    const int64_t numbers[] = {size,
                               0, /* partition spec */
                               CONTENT_DATA,
                               demo->sequence_number,
                               demo->sequence_number,
                               demo->snapshot_id,
                               DEMO_MONTHS,
                               0, /* existing and deleted files */
                               0,
                               demo->records,
                               0, /* existing and deleted rows */
                               0};
    avro_put_bytes(out, manifest);
    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
        avro_put_long(out, numbers[i]);
    put_partitions(out);
    avro_put_long(out, IS_NULL); /* key_metadata */
}

static bool write_list(struct demo *demo, struct slice manifest, int64_t size, struct error *err)
{
    struct buffer entry;
    int64_t unused = 0;
    struct slice id = arena_printf(demo->arena, "%lld", (long long)demo->snapshot_id);
    struct slice number = arena_printf(demo->arena, "%lld", (long long)demo->sequence_number);
    const struct avro_pair pairs[] = {
        {SLICE_LITERAL("avro.schema"), demo_file(DEMO_LIST)},
        {SLICE_LITERAL("avro.codec"), SLICE_LITERAL("null")},
        {SLICE_LITERAL("snapshot-id"), id},
        {SLICE_LITERAL("parent-snapshot-id"), SLICE_LITERAL("null")},
        {SLICE_LITERAL("sequence-number"), number},
        {SLICE_LITERAL("format-version"), SLICE_LITERAL("2")},
    };
    buffer_init(&entry, MAX_MANIFEST_SIZE);
    put_list_entry(demo, manifest, size, &entry);
    struct avro_block block = {1, buffer_slice(&entry)};
    bool ok = (id.ptr && number.ptr) || error_no_memory(err, "the manifest list");
    ok = ok && buffer_check(&entry, "the manifest list", err) &&
         put_file(demo, demo->manifest_list, pairs, sizeof(pairs) / sizeof(pairs[0]), &block,
                  &unused, err);
    buffer_finish(&entry);
    return ok;
}

bool demo_write(struct demo *demo, struct error *err)
{
    int64_t size = 0;
    struct slice manifest = metadata_path(demo, "manifest");
    demo->manifest_list = metadata_path(demo, "snap");
    return write_data(demo, err) && write_manifest(demo, manifest, &size, err) &&
           write_list(demo, manifest, size, err);
}

/* --- the commit ----------------------------------------------------------------------------- */

static json_t *number_text(int64_t number)
{
    return json_sprintf("%lld", (long long)number);
}

static json_t *make_summary(const struct demo *demo)
{
    return json_pack("{s:s, s:o, s:o, s:o, s:o, s:o, s:o, s:s, s:s, s:s}", "operation", "append",
                     "added-data-files", number_text(DEMO_MONTHS), "added-records",
                     number_text(demo->records), "added-files-size", number_text(demo->bytes),
                     "total-data-files", number_text(DEMO_MONTHS), "total-records",
                     number_text(demo->records), "total-files-size", number_text(demo->bytes),
                     "total-delete-files", "0", "total-position-deletes", "0",
                     "total-equality-deletes", "0");
}

static json_t *make_snapshot(const struct demo *demo)
{
    return json_pack("{s:I, s:I, s:I, s:s%, s:o, s:i}", "snapshot-id",
                     (json_int_t)demo->snapshot_id, "sequence-number",
                     (json_int_t)demo->sequence_number, "timestamp-ms", (json_int_t)demo->now_ms,
                     "manifest-list", demo->manifest_list.ptr, demo->manifest_list.len, "summary",
                     make_summary(demo), "schema-id", 0);
}

json_t *demo_commit(const struct demo *demo)
{
    return json_pack("{s:[{s:s, s:O}, {s:s, s:s, s:n}], s:[{s:s, s:o}, {s:s, s:s, s:s, s:I}]}",
                     "requirements", "type", "assert-table-uuid", "uuid",
                     json_object_get(demo->metadata, "table-uuid"), "type",
                     "assert-ref-snapshot-id", "ref", "main", "snapshot-id", "updates", "action",
                     "add-snapshot", "snapshot", make_snapshot(demo), "action", "set-snapshot-ref",
                     "ref-name", "main", "type", "branch", "snapshot-id",
                     (json_int_t)demo->snapshot_id);
}
