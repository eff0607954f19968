#include "tests/unit/catalog/append_fixture.h"

#include <stdio.h>

#include "base/json_tree.h"
#include "base/limits.h"
#include "tests/unit/iceberg/manifest_fixture.h"

#define MAX_ENTRIES 64

static struct slice list_location_of(struct world *world, const struct table_metadata *metadata)
{
    const struct table_snapshot *snapshot =
        table_metadata_snapshot(metadata, metadata->current_snapshot_id);
    json_t *json = NULL;
    struct slice list = SLICE_EMPTY;
    if (!snapshot)
        return SLICE_EMPTY;
    assert_true(json_tree_parse(snapshot->text, "a snapshot", &json, NULL));
    assert_true(json_get_string(json, "manifest-list", &list, NULL));
    list = arena_slice(&world->client.arena, list);
    json_decref(json);
    return list;
}

static struct manifest_list *list_read(struct world *world, struct slice location)
{
    struct manifest_list *list = NULL;
    struct buffer bytes;
    struct error err = {0};
    buffer_init(&bytes, MIB);
    assert_ok(object_get(world->objects, location, &bytes, &err), &err);
    assert_ok(manifest_list_parse(buffer_slice(&bytes), &list, &err), &err);
    buffer_finish(&bytes);
    return list;
}

struct slice head_list_location(struct world *world, struct entity_name name)
{
    struct table_result result = {0};
    assert_ok(load_table(world, name, &result), &world->client.err);
    struct slice location = list_location_of(world, result.metadata);
    table_result_finish(&result);
    return location;
}

struct manifest_list *head_list(struct world *world, struct entity_name name)
{
    return list_read(world, head_list_location(world, name));
}

static void manifest_write(const char *path, int64_t rows)
{
    const struct fixture_file file = FIXTURE_ADDED(rows);
    struct buffer bytes;
    fixture_manifest_make(&file, 1, &bytes);
    file_write(path, buffer_slice(&bytes));
    buffer_finish(&bytes);
}

static size_t entries_fill(struct world *world, const struct table_metadata *metadata,
                           struct manifest_list **ret_parent, struct fixture_entry *entries)
{
    struct slice location = list_location_of(world, metadata);
    *ret_parent = NULL;
    if (location.len == 0)
        return 0;
    struct manifest_list *parent = *ret_parent = list_read(world, location);
    assert_true(parent->count < MAX_ENTRIES);
    for (size_t i = 0; i < parent->count; i++) {
        const struct manifest_list_entry *entry = &parent->entries[i];
        entries[i] = (struct fixture_entry){
            .path = arena_string(&world->client.arena, entry->path),
            .sequence_number = entry->sequence_number,
            .snapshot_id = entry->snapshot_id,
            .added_files = entry->added_files,
            .added_rows = entry->added_rows,
            .first_row_id = entry->first_row_id,
        };
    }
    return parent->count;
}

static void list_write(struct world *world, const struct table_metadata *metadata,
                       int64_t snapshot_id, int64_t rows, const char *manifest, const char *path)
{
    struct fixture_entry entries[MAX_ENTRIES];
    struct manifest_list *parent = NULL;
    struct buffer bytes;
    size_t count = entries_fill(world, metadata, &parent, entries + 1);
    entries[0] = (struct fixture_entry){
        .path = manifest,
        .sequence_number = metadata->last_sequence_number + 1,
        .snapshot_id = snapshot_id,
        .added_files = 1,
        .added_rows = rows,
        .first_row_id = metadata->next_row_id,
    };
    const struct fixture_list list = {.format_version = metadata->format_version,
                                      .entries = entries,
                                      .count = count + 1};
    fixture_list_make(&list, &bytes);
    file_write(path, buffer_slice(&bytes));
    buffer_finish(&bytes);
    manifest_list_unref(parent);
}

static void request_print(const struct table_metadata *metadata, int64_t snapshot_id, int64_t rows,
                          struct made_append *append)
{
    char parent[64] = "", rows_text[96] = "";
    char asserted[32] = "null";
    if (metadata->current_snapshot_id != NO_SNAPSHOT) {
        snprintf(parent, sizeof parent, "'parent-snapshot-id':%lld,",
                 (long long)metadata->current_snapshot_id);
        snprintf(asserted, sizeof asserted, "%lld", (long long)metadata->current_snapshot_id);
    }
    if (metadata->format_version >= 3)
        snprintf(rows_text, sizeof rows_text, "'first-row-id':%lld,'added-rows':%lld,",
                 (long long)metadata->next_row_id, (long long)rows);
    snprintf(append->requirements, sizeof append->requirements,
             "[{'type':'assert-ref-snapshot-id','ref':'main','snapshot-id':%s}]", asserted);
    snprintf(append->updates, sizeof append->updates,
             "[{'action':'add-snapshot','snapshot':{'snapshot-id':%lld,%s%s'sequence-number':%lld,"
             "'timestamp-ms':%lld,'schema-id':%d,'manifest-list':'%s','summary':{"
             "'operation':'append','added-records':'%lld'}}},"
             "{'action':'set-snapshot-ref','ref-name':'main','type':'branch','snapshot-id':%lld}]",
             (long long)snapshot_id, parent, rows_text,
             (long long)metadata->last_sequence_number + 1, (long long)metadata->last_updated_ms,
             (int)metadata->current_schema_id, append->list, (long long)rows,
             (long long)snapshot_id);
}

void append_make(struct world *world, struct entity_name name, int64_t snapshot_id, int64_t rows,
                 struct made_append *ret_append)
{
    struct table_result result = {0};
    char manifest[512];
    assert_ok(load_table(world, name, &result), &world->client.err);
    const struct table_metadata *metadata = result.metadata;
    snprintf(manifest, sizeof manifest, "%.*s/metadata/%lld-m0.avro", (int)metadata->location.len,
             metadata->location.ptr, (long long)snapshot_id);
    snprintf(ret_append->list, sizeof ret_append->list, "%.*s/metadata/%lld-list.avro",
             (int)metadata->location.len, metadata->location.ptr, (long long)snapshot_id);
    manifest_write(manifest, rows);
    list_write(world, metadata, snapshot_id, rows, manifest, ret_append->list);
    request_print(metadata, snapshot_id, rows, ret_append);
    table_result_finish(&result);
}

void append_make_late(struct world *world, struct entity_name name, struct made_append *ret_late)
{
    struct made_append first;
    assert_ok(make_table_with(world, name, REBASES, NULL), &world->client.err);
    append_make(world, name, 1, 10, &first);
    append_make(world, name, 2, 10, ret_late);
    assert_ok(append_commit(world, name, &first), &world->client.err);
}

bool append_commit(struct world *world, struct entity_name name, const struct made_append *append)
{
    struct table_result result = {0};
    bool ok = commit_table(world, name, append->requirements, append->updates, &result);
    table_result_finish(&result);
    return ok;
}
