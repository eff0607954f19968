/*
 * The body of a commit, a create or a view's replacement, whatever it is: it is refused, or the
 * metadata that it leads to reads back as metadata.
 */
#include <assert.h>
#include <stdint.h>

#include "base/json_tree.h"
#include "base/limits.h"
#include "catalog/requirement.h"
#include "catalog/table_update.h"
#include "catalog/view_update.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define UUID "9c12d441-03fe-4693-9a96-a0705ddf69c1"
#define NOW_MS INT64_C(2000000)

static const char base_text[] =
    "{\"format-version\":2,\"table-uuid\":\"" UUID "\",\"location\":\"file:///w/t\","
    "\"last-sequence-number\":1,\"last-updated-ms\":1000000,\"last-column-id\":2,"
    "\"current-schema-id\":0,\"schemas\":[{\"type\":\"struct\",\"schema-id\":0,\"fields\":["
    "{\"id\":1,\"name\":\"id\",\"required\":true,\"type\":\"long\"},"
    "{\"id\":2,\"name\":\"name\",\"required\":false,\"type\":\"string\"}]}],"
    "\"default-spec-id\":0,\"partition-specs\":[{\"spec-id\":0,\"fields\":[]}],"
    "\"last-partition-id\":999,\"default-sort-order-id\":0,"
    "\"sort-orders\":[{\"order-id\":0,\"fields\":[]}],\"properties\":{\"a\":\"b\"},"
    "\"current-snapshot-id\":10,\"refs\":{\"main\":{\"snapshot-id\":10,\"type\":\"branch\"}},"
    "\"snapshots\":[{\"snapshot-id\":10,\"sequence-number\":1,\"timestamp-ms\":1000000,"
    "\"summary\":{\"operation\":\"append\"},\"manifest-list\":\"file:///w/t/m.avro\","
    "\"schema-id\":0}],\"snapshot-log\":[{\"timestamp-ms\":1000000,\"snapshot-id\":10}],"
    "\"metadata-log\":[]}";

static struct table_metadata *read_back(struct buffer *text)
{
    struct blob *blob = NULL;
    struct table_metadata *metadata = NULL;
    if (!blob_from_buffer(text, &blob, NULL))
        return NULL;
    table_metadata_parse(blob, &metadata, NULL);
    blob_unref(blob);
    return metadata;
}

static struct table_metadata *make_base(void)
{
    struct buffer text;
    buffer_init(&text, MIB);
    buffer_append_string(&text, base_text);
    struct table_metadata *base = read_back(&text);
    buffer_finish(&text);
    assert(base != NULL);
    return base;
}

/* `base` is NULL for the commit that ends a staged create. */
static void try_commit(const json_t *request, struct table_metadata *base)
{
    struct table_update_input input = {
        .base = base,
        .base_metadata_location = base ? SLICE_LITERAL("file:///w/t/00001-a.metadata.json")
                                       : SLICE_EMPTY,
        .updates = json_object_get(request, "updates"),
        .now_ms = NOW_MS,
    };
    struct table_update_result result;
    struct arena arena;
    struct buffer out;
    arena_init(&arena, 64 * MIB);
    buffer_init(&out, 16 * MIB);
    table_requirements_check(json_object_get(request, "requirements"), base, NULL);
    if (json_is_array(input.updates) &&
        table_updates_apply(&input, &arena, &out, &result, NULL) && result.is_changed)
        table_metadata_unref(read_back(&out));
    buffer_finish(&out);
    arena_finish(&arena);
}

static void try_create(const json_t *request)
{
    struct table_create_input input = {
        .schema = json_object_get(request, "schema"),
        .partition_spec = json_object_get(request, "partition-spec"),
        .write_order = json_object_get(request, "write-order"),
        .location = SLICE_LITERAL("file:///w/t"),
        .uuid = SLICE_LITERAL(UUID),
        .now_ms = NOW_MS,
    };
    struct table_update_result result;
    struct arena arena;
    struct buffer out;
    arena_init(&arena, 64 * MIB);
    buffer_init(&out, 16 * MIB);
    if (json_is_object(input.schema) &&
        table_metadata_new(&input, &arena, &out, &result, NULL)) {
        struct table_metadata *metadata = read_back(&out);
        assert(metadata != NULL); /* What was accepted can be loaded. */
        table_metadata_unref(metadata);
    }
    buffer_finish(&out);
    arena_finish(&arena);
}

static void try_view(const json_t *request)
{
    struct view_create_input input = {
        .schema = json_object_get(request, "schema"),
        .view_version = json_object_get(request, "view-version"),
        .location = SLICE_LITERAL("file:///w/v"),
        .uuid = SLICE_LITERAL(UUID),
        .now_ms = NOW_MS,
    };
    struct view_update_result result;
    struct arena arena;
    struct buffer out;
    arena_init(&arena, 64 * MIB);
    buffer_init(&out, 16 * MIB);
    if (json_is_object(input.schema) && json_is_object(input.view_version))
        view_metadata_new(&input, &arena, &out, &result, NULL);
    buffer_finish(&out);
    arena_finish(&arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct table_metadata *base;
    json_t *request = NULL;
    if (base == NULL)
        base = make_base();
    if (size > 64 * KIB ||
        !json_tree_parse(slice_make((const char *)data, size), "body", &request, NULL))
        return 0;
    if (json_is_object(request)) {
        try_commit(request, base);
        try_commit(request, NULL);
        try_create(request);
        try_view(request);
    }
    json_decref(request);
    return 0;
}
