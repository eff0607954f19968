#include "bench/load_appends.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

#include "base/blob.h"
#include "base/json_text.h"
#include "base/limits.h"
#include "iceberg/avro_write.h"
#include "iceberg/manifest_list_extend.h"
#include "iceberg/table_metadata.h"

#define PATH_SIZE 1024
#define ARENA_CEILING (64 * MIB)
#define ROWS 1000
/* Any 16 bytes do; with the same in every file their blocks can be copied. */
#define SYNC ((const unsigned char *)"load_appends.c: ")

struct appender {
    struct table_metadata *table;
    struct buffer body;
};

static const char MANIFEST_SCHEMA[] =
    "{\"type\":\"record\",\"name\":\"manifest_entry\",\"fields\":["
    "{\"name\":\"status\",\"type\":\"int\",\"field-id\":0},"
    "{\"name\":\"snapshot_id\",\"type\":[\"null\",\"long\"],\"field-id\":1},"
    "{\"name\":\"sequence_number\",\"type\":[\"null\",\"long\"],\"field-id\":3},"
    "{\"name\":\"file_sequence_number\",\"type\":[\"null\",\"long\"],\"field-id\":4},"
    "{\"name\":\"data_file\",\"type\":{\"type\":\"record\",\"name\":\"r2\",\"fields\":["
    "{\"name\":\"content\",\"type\":\"int\",\"field-id\":134},"
    "{\"name\":\"file_path\",\"type\":\"string\",\"field-id\":100},"
    "{\"name\":\"file_format\",\"type\":\"string\",\"field-id\":101},"
    "{\"name\":\"partition\",\"type\":{\"type\":\"record\",\"name\":\"r102\",\"fields\":[]},"
    "\"field-id\":102},"
    "{\"name\":\"record_count\",\"type\":\"long\",\"field-id\":103},"
    "{\"name\":\"file_size_in_bytes\",\"type\":\"long\",\"field-id\":104}]},\"field-id\":2}]}";

static const char LIST_SCHEMA[] =
    "{\"type\":\"record\",\"name\":\"manifest_file\",\"fields\":["
    "{\"name\":\"manifest_path\",\"type\":\"string\",\"field-id\":500},"
    "{\"name\":\"manifest_length\",\"type\":\"long\",\"field-id\":501},"
    "{\"name\":\"partition_spec_id\",\"type\":\"int\",\"field-id\":502},"
    "{\"name\":\"content\",\"type\":\"int\",\"field-id\":517},"
    "{\"name\":\"sequence_number\",\"type\":\"long\",\"field-id\":515},"
    "{\"name\":\"min_sequence_number\",\"type\":\"long\",\"field-id\":516},"
    "{\"name\":\"added_snapshot_id\",\"type\":\"long\",\"field-id\":503},"
    "{\"name\":\"added_files_count\",\"type\":\"int\",\"field-id\":504},"
    "{\"name\":\"existing_files_count\",\"type\":\"int\",\"field-id\":505},"
    "{\"name\":\"deleted_files_count\",\"type\":\"int\",\"field-id\":506},"
    "{\"name\":\"added_rows_count\",\"type\":\"long\",\"field-id\":512},"
    "{\"name\":\"existing_rows_count\",\"type\":\"long\",\"field-id\":513},"
    "{\"name\":\"deleted_rows_count\",\"type\":\"long\",\"field-id\":514}]}";

bool appender_create(struct appender **ret_appender, struct error *err)
{
    struct appender *appender = calloc(1, sizeof *appender);
    if (!appender)
        return error_no_memory(err, "an appender");
    buffer_init(&appender->body, MIB);
    *ret_appender = appender;
    return true;
}

void appender_destroy(struct appender *appender)
{
    if (!appender)
        return;
    table_metadata_unref(appender->table);
    buffer_finish(&appender->body);
    free(appender);
}

bool appender_has_looked(const struct appender *appender)
{
    return appender->table != NULL;
}

bool appender_look(struct appender *appender, struct slice answer, struct error *err)
{
    struct slice text;
    struct blob *blob = NULL;
    table_metadata_unref(appender->table);
    appender->table = NULL;
    TRY(json_object_find(answer, "metadata", &text, err));
    if (!text.ptr)
        return error_set(err, ERROR_BAD_REQUEST, "the answer has no metadata");
    TRY(blob_copy(text, &blob, err));
    bool ok = table_metadata_parse(blob, &appender->table, err);
    blob_unref(blob);
    return ok;
}

/* --- files -------------------------------------------------------------------------------- */

/* "file:///x", "file:/x" and "/x" are one place. */
static const char *local_path(const char *location)
{
    const char *path = strncmp(location, "file:", 5) == 0 ? location + 5 : location;
    while (path[0] == '/' && path[1] == '/')
        path++;
    return path;
}

static bool file_write(const char *location, const struct buffer *bytes, struct error *err)
{
    const char *path = local_path(location);
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
    bool ok = fd >= 0 && write(fd, bytes->ptr, bytes->len) == (ssize_t)bytes->len;
    if (!ok)
        error_set(err, ERROR_STORAGE, "cannot write %s: %s", path, strerror(errno));
    if (fd >= 0)
        close(fd);
    return ok;
}

static bool file_read(const char *location, struct buffer *out, struct error *err)
{
    const char *path = local_path(location);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t got = 1;
    while (fd >= 0 && got > 0 && buffer_reserve(out, 64 * KIB)) {
        got = read(fd, out->ptr + out->len, 64 * KIB);
        out->len += got > 0 ? (size_t)got : 0;
    }
    if (fd >= 0)
        close(fd);
    return (fd >= 0 && got == 0) || error_set(err, ERROR_STORAGE, "cannot read %s", path);
}

/* A file of one record, which `out` is made from. */
static bool container_make(const char *schema, struct slice record, struct buffer *out,
                           struct error *err)
{
    const struct avro_pair pairs[] = {
        {SLICE_LITERAL("avro.schema"), slice_from_string(schema)},
        {SLICE_LITERAL("avro.codec"), SLICE_LITERAL("deflate")},
        {SLICE_LITERAL("format-version"), SLICE_LITERAL("2")},
        {SLICE_LITERAL("content"), SLICE_LITERAL("data")},
    };
    const struct avro_block block = {1, record};
    avro_put_header(out, pairs, sizeof pairs / sizeof *pairs, SYNC);
    return avro_put_deflated_block(out, &block, SYNC, err);
}

static bool manifest_write(const char *path, size_t *ret_size, struct error *err)
{
    struct buffer record, bytes;
    buffer_init(&record, MIB);
    buffer_init(&bytes, MIB);
    avro_put_long(&record, 1); /* ADDED; what follows is null: all inherited */
    for (int i = 0; i < 3; i++)
        avro_put_long(&record, 0);
    avro_put_long(&record, 0);
    avro_put_bytes(&record, slice_from_string(path)); /* as good a name as any */
    avro_put_bytes(&record, SLICE_LITERAL("PARQUET"));
    avro_put_long(&record, ROWS);
    avro_put_long(&record, 1024 * ROWS);
    bool ok = container_make(MANIFEST_SCHEMA, buffer_slice(&record), &bytes, err) &&
              file_write(path, &bytes, err);
    *ret_size = bytes.len;
    buffer_finish(&record);
    buffer_finish(&bytes);
    return ok;
}

static bool entry_make(const char *manifest, size_t size, int64_t snapshot_id,
                       int64_t sequence_number, struct buffer *out, struct error *err)
{
    struct buffer record;
    buffer_init(&record, MIB);
    avro_put_bytes(&record, slice_from_string(manifest));
    avro_put_long(&record, (int64_t)size);
    avro_put_long(&record, 0);
    avro_put_long(&record, MANIFEST_DATA);
    avro_put_long(&record, sequence_number);
    avro_put_long(&record, sequence_number);
    avro_put_long(&record, snapshot_id);
    avro_put_long(&record, 1);
    avro_put_long(&record, 0);
    avro_put_long(&record, 0);
    avro_put_long(&record, ROWS);
    avro_put_long(&record, 0);
    avro_put_long(&record, 0);
    bool ok = container_make(LIST_SCHEMA, buffer_slice(&record), out, err);
    buffer_finish(&record);
    return ok;
}

/* --- the append --------------------------------------------------------------------------- */

static bool parent_list_read(const struct appender *appender, struct buffer *out, struct error *err)
{
    const struct table_metadata *table = appender->table;
    const struct table_snapshot *parent =
        table_metadata_snapshot(table, table->current_snapshot_id);
    struct slice value, path;
    struct arena arena;
    if (!parent)
        return true;
    arena_init(&arena, ARENA_CEILING);
    bool ok = json_object_find(parent->text, "manifest-list", &value, err) && value.ptr &&
              json_value_string(value, &arena, &path, err) &&
              file_read(arena_string(&arena, path), out, err);
    arena_finish(&arena);
    return ok;
}

static bool list_write(const struct appender *appender, const char *path, const char *manifest,
                       size_t manifest_size, int64_t snapshot_id, struct error *err)
{
    const struct table_metadata *table = appender->table;
    int64_t sequence_number = table->last_sequence_number + 1;
    const bool is_added = true;
    struct buffer parent, entry, list;
    struct manifest_list_extended extended;
    buffer_init(&parent, 64 * MIB);
    buffer_init(&entry, MIB);
    buffer_init(&list, 64 * MIB);
    bool ok = parent_list_read(appender, &parent, err) &&
              entry_make(manifest, manifest_size, snapshot_id, sequence_number, &entry, err);
    const struct manifest_list_extension extension = {
        .parent = buffer_slice(&parent),
        .source = buffer_slice(&entry),
        .is_added = &is_added,
        .entry_count = 1,
        .format_version = 2,
        .snapshot_id = snapshot_id,
        .parent_snapshot_id = table->current_snapshot_id,
        .sequence_number = sequence_number,
    };
    ok = ok && manifest_list_extend(&extension, &list, &extended, err) &&
         file_write(path, &list, err);
    buffer_finish(&parent);
    buffer_finish(&entry);
    buffer_finish(&list);
    return ok;
}

static int64_t time_now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void body_print(struct appender *appender, int64_t snapshot_id, const char *list,
                       const char *mark)
{
    const struct table_metadata *table = appender->table;
    char parent[64] = "", asserted[32] = "null";
    if (table->current_snapshot_id != NO_SNAPSHOT) {
        snprintf(parent, sizeof parent, "\"parent-snapshot-id\":%" PRId64 ",",
                 table->current_snapshot_id);
        snprintf(asserted, sizeof asserted, "%" PRId64, table->current_snapshot_id);
    }
    buffer_truncate(&appender->body, 0);
    buffer_printf(&appender->body,
                  "{\"requirements\":[{\"type\":\"assert-table-uuid\",\"uuid\":\"%.*s\"},"
                  "{\"type\":\"assert-ref-snapshot-id\",\"ref\":\"main\",\"snapshot-id\":%s}],"
                  "\"updates\":[{\"action\":\"add-snapshot\",\"snapshot\":{\"snapshot-id\":%" PRId64
                  ",%s\"sequence-number\":%" PRId64 ",\"timestamp-ms\":%" PRId64 ",",
                  SLICE_ARG(table->uuid), asserted, snapshot_id, parent,
                  table->last_sequence_number + 1, time_now_ms());
    buffer_printf(&appender->body,
                  "\"manifest-list\":\"%s\",\"schema-id\":%d,\"summary\":{\"operation\":\"append\","
                  "\"added-data-files\":\"1\",\"added-records\":\"%d\",\"mark\":\"%s\"}}},"
                  "{\"action\":\"set-snapshot-ref\",\"ref-name\":\"main\",\"type\":\"branch\","
                  "\"snapshot-id\":%" PRId64 "}]}",
                  list, (int)table->current_schema_id, ROWS, mark, snapshot_id);
}

bool appender_next(struct appender *appender, const char *mark, struct slice *ret_body,
                   struct error *err)
{
    char manifest[PATH_SIZE], list[PATH_SIZE];
    uint64_t chance = 0;
    size_t size = 0;
    struct slice location = appender->table->location;
    if (getrandom(&chance, sizeof chance, 0) != (ssize_t)sizeof chance)
        return error_set(err, ERROR_INTERNAL, "no random bytes");
    int64_t snapshot_id = (int64_t)(chance >> 2);
    snprintf(manifest, sizeof manifest, "%.*s/metadata/%s-m0.avro", (int)location.len, location.ptr,
             mark);
    snprintf(list, sizeof list, "%.*s/metadata/snap-%" PRId64 "-1-%s.avro", (int)location.len,
             location.ptr, snapshot_id, mark);
    TRY(manifest_write(manifest, &size, err));
    TRY(list_write(appender, list, manifest, size, snapshot_id, err));
    body_print(appender, snapshot_id, list, mark);
    *ret_body = buffer_slice(&appender->body);
    return buffer_check(&appender->body, "a commit", err);
}
