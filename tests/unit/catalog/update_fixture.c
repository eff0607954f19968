#include "tests/unit/catalog/update_fixture.h"

#include <stdlib.h>

#include "base/json_tree.h"
#include "base/limits.h"
#include "tests/unit/catalog/metadata_equal.h"

const char table_v2[] =
    "{'format-version':2,'table-uuid':'" UUID_A "','location':'file:///w/t',"
    "'last-sequence-number':2,'last-updated-ms':1000000,'last-column-id':2,"
    "'current-schema-id':0,'schemas':[{'type':'struct','schema-id':0,'x-note':'kept','fields':["
    "{'id':1,'name':'id','required':true,'type':'long'},"
    "{'id':2,'name':'name','required':false,'type':'string'}]}],"
    "'default-spec-id':0,'partition-specs':[{'spec-id':0,'fields':[]}],'last-partition-id':999,"
    "'default-sort-order-id':0,'sort-orders':[{'order-id':0,'fields':[]}],"
    "'properties':{'owner':'ann','a':'1'},'current-snapshot-id':20,"
    "'refs':{'main':{'snapshot-id':20,'type':'branch'},'keep':{'snapshot-id':10,'type':'tag',"
    "'max-ref-age-ms':5}},"
    "'snapshots':[{'sequence-number':1,'snapshot-id':10,'timestamp-ms':900000,"
    "'summary':{'operation':'append'},'manifest-list':'file:///w/t/a.avro','x-snap':1},"
    "{'sequence-number':2,'snapshot-id':20,'parent-snapshot-id':10,'timestamp-ms':950000,"
    "'summary':{'operation':'append'},'manifest-list':'file:///w/t/b.avro'}],"
    "'statistics':[{'snapshot-id':10,'statistics-path':'p10','file-size-in-bytes':1,"
    "'file-footer-size-in-bytes':1,'blob-metadata':[]}],"
    "'partition-statistics':[{'snapshot-id':10,'statistics-path':'q10','file-size-in-bytes':1}],"
    "'snapshot-log':[{'timestamp-ms':900000,'snapshot-id':10},"
    "{'timestamp-ms':950000,'snapshot-id':20}],"
    "'metadata-log':[{'timestamp-ms':900000,'metadata-file':'f0'},"
    "{'timestamp-ms':950000,'metadata-file':'f1'}],"
    "'x-future':{'deep':[1,  2]}}";

const char table_v1[] =
    "{'format-version':1,'location':'file:///w/t','last-updated-ms':1000000,'last-column-id':2,"
    "'schema':{'type':'struct','fields':[{'id':1,'name':'id','required':true,'type':'long'},"
    "{'id':2,'name':'name','required':false,'type':'string'}]},"
    "'partition-spec':[{'name':'id','transform':'identity','source-id':1}],"
    "'current-snapshot-id':10,'snapshots':[{'snapshot-id':10,'timestamp-ms':900000,"
    "'manifest-list':'m'}]}";

const char table_v3[] =
    "{'format-version':3,'table-uuid':'" UUID_A "','location':'file:///w/t',"
    "'last-sequence-number':5,'last-updated-ms':1000000,'last-column-id':1,"
    "'current-schema-id':0,'schemas':[{'type':'struct','schema-id':0,'fields':["
    "{'id':1,'name':'id','required':true,'type':'long'}]}],"
    "'default-spec-id':0,'partition-specs':[{'spec-id':0,'fields':[]}],'last-partition-id':999,"
    "'default-sort-order-id':0,'sort-orders':[{'order-id':0,'fields':[]}],"
    "'current-snapshot-id':null,'next-row-id':100}";

/* JSON in C strings reads better with single quotes; no test text has one of its own. */
static char *quoted(const char *text)
{
    char *copy = strdup(text);
    assert_non_null(copy);
    for (char *c = copy; *c; c++)
        *c = *c == '\'' ? '"' : *c;
    return copy;
}

json_t *json_of(const char *text)
{
    struct error err = {0};
    json_t *tree = NULL;
    char *copy = quoted(text);
    if (!json_tree_parse(slice_from_string(copy), "test", &tree, &err))
        fail_msg("%s in %s", err.message, copy);
    free(copy);
    return tree;
}

int update_setup(void **state)
{
    struct fixture *fixture = calloc(1, sizeof(*fixture));
    assert_non_null(fixture);
    arena_init(&fixture->arena, MAX_REQUEST_ARENA);
    buffer_init(&fixture->out, MAX_METADATA_SIZE);
    fixture->now_ms = NOW_MS;
    *state = fixture;
    return 0;
}

int update_teardown(void **state)
{
    struct fixture *fixture = *state;
    json_decref(fixture->result);
    table_metadata_unref(fixture->table);
    table_metadata_unref(fixture->next);
    view_metadata_unref(fixture->view);
    buffer_finish(&fixture->out);
    arena_finish(&fixture->arena);
    free(fixture);
    return 0;
}

static void table_put(struct fixture *fixture, struct slice text)
{
    struct blob *blob = NULL;
    struct table_metadata *table = NULL;
    assert_ok(blob_copy(text, &blob, &fixture->err), &fixture->err);
    assert_ok(table_metadata_parse(blob, &table, &fixture->err), &fixture->err);
    blob_unref(blob);
    table_metadata_unref(fixture->table);
    fixture->table = table;
}

struct table_metadata *table_of(struct fixture *fixture, const char *text)
{
    char *copy = quoted(text);
    table_put(fixture, slice_from_string(copy));
    free(copy);
    return fixture->table;
}

struct table_metadata *table_v2_with(struct fixture *fixture, const char *member, const char *json)
{
    json_t *tree = json_of(table_v2);
    if (json)
        json_object_set_new(tree, member, json_of(json));
    else
        json_object_del(tree, member);
    char *text = json_dumps(tree, JSON_COMPACT);
    json_decref(tree);
    table_put(fixture, slice_from_string(text));
    free(text);
    return fixture->table;
}

/* The whole text of what may share parts of it. */
static struct blob *text_of(const struct table_metadata *metadata)
{
    struct table_text text;
    struct buffer whole;
    struct blob *blob = NULL;
    struct error err = {0};
    buffer_init(&whole, MAX_METADATA_SIZE);
    table_metadata_text(metadata, &text);
    table_text_append(&text, &whole);
    assert_int_equal(whole.len, text.size);
    assert_ok(blob_from_buffer(&whole, &blob, &err), &err);
    buffer_finish(&whole);
    return blob;
}

/* The result is indexed in both ways. It is of its own blob, as the base's may go. */
static void next_make(struct fixture *fixture)
{
    struct table_metadata *whole = NULL;
    struct blob *blob = NULL;
    assert_ok(blob_copy(buffer_slice(&fixture->out), &blob, &fixture->err), &fixture->err);
    assert_ok(table_metadata_parse_next(blob, &fixture->table_result.copied, &fixture->next,
                                        &fixture->err),
              &fixture->err);
    if (fixture->next->origin) {
        blob_unref(blob);
        blob = text_of(fixture->next);
    }
    assert_ok(json_tree_parse(blob_slice(blob), "result", &fixture->result, &fixture->err),
              &fixture->err);
    assert_ok(table_metadata_parse(blob, &whole, &fixture->err), &fixture->err);
    if (fixture->next->origin)
        metadata_same(fixture->next, whole);
    else
        metadata_equals(fixture->next, whole);
    table_metadata_unref(whole);
    blob_unref(blob);
}

static bool apply_to(struct fixture *fixture, struct table_metadata *base, const char *text)
{
    json_t *updates = json_of(text);
    struct table_update_input input = {.base = base,
                                       .base_metadata_location = slice_from_string(BASE_FILE),
                                       .updates = updates,
                                       .now_ms = fixture->now_ms,
                                       .share_from = fixture->share_from};
    if (!base)
        input.base_metadata_location = SLICE_EMPTY;
    error_clear(&fixture->err);
    buffer_truncate(&fixture->out, 0);
    json_decref(fixture->result);
    fixture->result = NULL;
    table_metadata_unref(fixture->next);
    fixture->next = NULL;
    bool ok = table_updates_apply(&input, &fixture->arena, &fixture->out, &fixture->table_result,
                                  &fixture->err);
    json_decref(updates);
    if (!ok)
        assert_int_equal(fixture->out.len, 0);
    if (ok && fixture->table_result.is_changed)
        next_make(fixture);
    return ok;
}

bool apply(struct fixture *fixture, const char *updates)
{
    assert_non_null(fixture->table);
    return apply_to(fixture, fixture->table, updates);
}

bool apply_from_empty(struct fixture *fixture, const char *updates)
{
    return apply_to(fixture, NULL, updates);
}

void commit_result(struct fixture *fixture)
{
    if (!fixture->next) { /* a creation's */
        table_put(fixture, buffer_slice(&fixture->out));
        return;
    }
    table_metadata_unref(fixture->table);
    fixture->table = fixture->next;
    fixture->next = NULL;
}

void refuses(struct fixture *fixture, const char *updates, enum error_kind kind, const char *part)
{
    bool ok = fixture->table ? apply(fixture, updates) : apply_from_empty(fixture, updates);
    assert_false(ok);
    if (!strstr(fixture->err.message, part) || fixture->err.kind != kind)
        fail_msg("%s: '%s' lacks '%s'", error_kind_name(fixture->err.kind), fixture->err.message,
                 part);
}

void changes_nothing(struct fixture *fixture, const char *updates)
{
    assert_ok(apply(fixture, updates), &fixture->err);
    assert_false(fixture->table_result.is_changed);
    assert_int_equal(fixture->out.len, 0);
}

json_t *at(const struct fixture *fixture, const char *path)
{
    json_t *value = fixture->result;
    while (value && *path) {
        char name[64];
        size_t len = strcspn(path, ".");
        snprintf(name, sizeof(name), "%.*s", (int)len, path);
        value = json_is_array(value) ? json_array_get(value, (size_t)atol(name))
                                     : json_object_get(value, name);
        path += len + (path[len] == '.' ? 1 : 0);
    }
    return value;
}

int64_t int_at(const struct fixture *fixture, const char *path)
{
    if (!json_is_integer(at(fixture, path)))
        fail_msg("no integer at %s", path);
    return json_integer_value(at(fixture, path));
}

const char *text_at(const struct fixture *fixture, const char *path)
{
    if (!json_is_string(at(fixture, path)))
        fail_msg("no string at %s", path);
    return json_string_value(at(fixture, path));
}

size_t size_at(const struct fixture *fixture, const char *path)
{
    const json_t *value = at(fixture, path);
    if (!json_is_array(value) && !json_is_object(value))
        fail_msg("no array or object at %s", path);
    return json_is_array(value) ? json_array_size(value) : json_object_size(value);
}

void equals_at(const struct fixture *fixture, const char *path, const char *json)
{
    json_t *wanted = json_of(json);
    if (!json_equal(at(fixture, path), wanted)) {
        char *found = json_dumps(at(fixture, path), JSON_COMPACT | JSON_ENCODE_ANY);
        fail_msg("%s is %s, not %s", path, found ? found : "absent", json);
    }
    json_decref(wanted);
}

bool require(struct fixture *fixture, const char *requirements)
{
    json_t *tree = json_of(requirements);
    error_clear(&fixture->err);
    bool ok = table_requirements_check(tree, fixture->table, &fixture->err);
    json_decref(tree);
    return ok;
}
