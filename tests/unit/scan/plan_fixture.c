#include "tests/unit/scan/plan_fixture.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/json_tree.h"
#include "base/limits.h"
#include "tests/unit/cmocka_all.h"

/* They list one manifest of deletes, with two sequence numbers. */
#define SNAPSHOT(id)                                                                              \
    "{'snapshot-id':" id ",'sequence-number':" id ",'timestamp-ms':1700000000002,"                \
    "'summary':{'operation':'append'},'schema-id':0,'manifest-list':'mem://b/t/metadata/list-" id \
    ".avro'}"
static const char METADATA[] =
    "{'format-version':2,'table-uuid':'9c12d441-03fe-4693-9a96-a0705ddf69c1',"
    "'location':'mem://b/t','last-sequence-number':22,'last-updated-ms':1700000000001,"
    "'last-column-id':2,'current-schema-id':0,'schemas':[{'type':'struct','schema-id':0,'fields':["
    "{'id':1,'name':'id','required':false,'type':'long'},"
    "{'id':2,'name':'ts','required':false,'type':'timestamp'}]}],'default-spec-id':1,"
    "'partition-specs':[{'spec-id':0,'fields':[{'source-id':2,'field-id':1000,'name':'day',"
    "'transform':'day'}]},{'spec-id':1,'fields':[]}],'last-partition-id':1000,"
    "'default-sort-order-id':0,'sort-orders':[{'order-id':0,'fields':[]}],'properties':{},"
    "'current-snapshot-id':7,'snapshots':[{'snapshot-id':7,'sequence-number':7,"
    "'timestamp-ms':1700000000001,'summary':{'operation':'append'},'schema-id':0,"
    "'manifest-list':'mem://b/t/metadata/list.avro'}," SNAPSHOT("21") "," SNAPSHOT("22") "]}";

/* ' becomes "; the caller frees it. (What strdup gives is counted by no fault test.) */
static char *quoted(const char *text)
{
    size_t size = strlen(text) + 1;
    char *copy = malloc(size);
    if (copy)
        memcpy(copy, text, size);
    for (char *at = copy; at && *at; at++)
        *at = *at == '\'' ? '"' : *at;
    return copy;
}

/* mem://b/t/metadata/x is tests/unit/scan/plan_table/x. */
static bool memory_get(struct object_store *self, struct slice uri, struct buffer *out,
                       struct error *err)
{
    char path[256], bytes[4096];
    size_t size = 0;
    struct slice name = slice_from(uri, strlen("mem://b/t/metadata/"));
    (void)self;
    (void)snprintf(path, sizeof(path), "tests/unit/scan/plan_table/%.*s", SLICE_ARG(name));
    int file = open(path, O_RDONLY | O_CLOEXEC);
    if (file < 0)
        return error_set(err, ERROR_NOT_FOUND, "%s is not there", path);
    for (ssize_t got; (got = read(file, bytes, sizeof(bytes))) > 0; size += (size_t)got)
        buffer_append(out, bytes, (size_t)got);
    (void)close(file);
    return buffer_check(out, "a test's file", err);
}

static void memory_destroy(struct object_store *self)
{
    (void)self;
}

static const struct object_store_ops MEMORY_OPS = {.get = memory_get, .destroy = memory_destroy};
static struct object_store memory = {.ops = &MEMORY_OPS};

struct object_store *plan_fixture_store(void)
{
    return &memory;
}

void plan_fixture_init(struct plan_fixture *fixture)
{
    struct error err = {0};
    struct blob *blob = NULL;
    char *text = quoted(METADATA);
    *fixture = (struct plan_fixture){0};
    assert_ok(blob_copy(slice_from_string(text), &blob, &err), &err);
    assert_ok(table_metadata_parse(blob, &fixture->metadata, &err), &err);
    assert_ok(object_stores_create(&fixture->objects, &err), &err);
    assert_ok(object_stores_add(fixture->objects, "mem", &memory, &err), &err);
    blob_unref(blob);
    free(text);
}

void plan_fixture_finish(struct plan_fixture *fixture)
{
    crew_destroy(fixture->crew);
    cache_destroy(fixture->cache);
    object_stores_destroy(fixture->objects);
    table_metadata_unref(fixture->metadata);
}

/* A sink that keeps everything. */
static bool keep_piece(void *context, struct buffer *piece, struct error *err)
{
    struct buffer *out = context;
    buffer_append_slice(out, buffer_slice(piece));
    buffer_truncate(piece, 0);
    return buffer_check(out, "the plan", err);
}

static bool write_plan(struct plan_fixture *fixture, struct plan *plan, struct plan_window window,
                       struct buffer *out, struct error *err)
{
    struct json_writer json;
    struct buffer text;
    const struct plan_sink sink = {keep_piece, out};
    const struct plan_work shared = {window, fixture->crew, fixture->crew ? fixture->hands : 1};
    buffer_init(&text, 1 * MIB);
    json_writer_init(&json, &text);
    json_write_object_begin(&json);
    bool ok = plan_open(plan, fixture->objects, fixture->cache, NULL, err) &&
              plan_answer_files(plan, &shared, &sink, &json, err);
    json_write_object_end(&json);
    ok = ok && keep_piece(out, &text, err);
    buffer_finish(&text);
    fixture->counts = plan_counts(plan);
    return ok;
}

static bool write_request(struct plan_fixture *fixture, const json_t *tree,
                          struct plan_window window, struct buffer *out, struct error *err)
{
    struct arena arena;
    struct plan_request request;
    struct plan *plan = NULL;
    arena_init(&arena, 1 * MIB);
    bool ok = plan_request_parse(tree, &arena, &request, err) &&
              plan_create(fixture->metadata, &request, &plan, err) &&
              write_plan(fixture, plan, window, out, err);
    plan_destroy(plan);
    arena_finish(&arena);
    return ok;
}

bool plan_fixture_write(struct plan_fixture *fixture, const char *request,
                        struct plan_window window, struct buffer *out, struct error *err)
{
    json_t *tree = NULL;
    char *text = quoted(request);
    bool ok = text ? json_tree_parse(slice_from_string(text), "request", &tree, err)
                   : error_no_memory(err, "a test");
    ok = ok && write_request(fixture, tree, window, out, err);
    json_decref(tree);
    free(text);
    return ok;
}
