#include "catalog/table_update.h"

#include "base/json_tree.h"
#include "tests/unit/catalog/update_fixture.h"

static const char schema[] =
    "{'type':'struct','schema-id':4,'identifier-field-ids':[10],'fields':["
    "{'id':10,'name':'id','required':true,'type':'long'},"
    "{'id':3,'name':'s','required':false,'type':{'type':'struct','fields':["
    "{'id':20,'name':'x','required':false,'type':'int'}]}},"
    "{'id':1,'name':'ts','required':false,'type':'timestamp'}]}";

/* The parts as JSON, NULL for absent ones. */
static bool create_of(struct fixture *fixture, const char *columns, const char *spec,
                      const char *order, const char *properties)
{
    json_t *schema_json = json_of(columns);
    json_t *spec_json = spec ? json_of(spec) : NULL;
    json_t *order_json = order ? json_of(order) : NULL;
    json_t *properties_json = properties ? json_of(properties) : NULL;
    struct table_create_input input = {.schema = schema_json,
                                       .partition_spec = spec_json,
                                       .write_order = order_json,
                                       .properties = properties_json,
                                       .location = SLICE_LITERAL("s3://b/t/"),
                                       .uuid = SLICE_LITERAL(UUID_A),
                                       .now_ms = NOW_MS};
    buffer_truncate(&fixture->out, 0);
    json_decref(fixture->result);
    fixture->result = NULL;
    error_clear(&fixture->err);
    bool ok = table_metadata_new(&input, &fixture->arena, &fixture->out, &fixture->table_result,
                                 &fixture->err);
    if (ok)
        assert_ok(json_tree_parse(buffer_slice(&fixture->out), "result", &fixture->result,
                                  &fixture->err),
                  &fixture->err);
    json_decref(schema_json);
    json_decref(spec_json);
    json_decref(order_json);
    json_decref(properties_json);
    return ok;
}

static bool create(struct fixture *fixture, const char *spec, const char *order,
                   const char *properties)
{
    return create_of(fixture, schema, spec, order, properties);
}

static void create_fails(struct fixture *fixture, const char *spec, const char *order,
                         const char *properties, const char *part)
{
    assert_false(create(fixture, spec, order, properties));
    if (!strstr(fixture->err.message, part))
        fail_msg("'%s' lacks '%s'", fixture->err.message, part);
    assert_true(fixture->err.kind == ERROR_VALIDATION || fixture->err.kind == ERROR_BAD_REQUEST);
}

/* Rule 13: field ids are given anew from 1, and the schema, spec and order get theirs. */
static void test_table_metadata_new__assigns_fresh_ids(void **state)
{
    struct fixture *fixture = *state;
    assert_ok(create(fixture,
                     "{'spec-id':9,'fields':[{'source-id':1,'field-id':1700,'name':'d',"
                     "'transform':'day'},{'source-id':20,'field-id':1600,'name':'x',"
                     "'transform':'identity'}]}",
                     "{'order-id':8,'fields':[{'source-id':10,'transform':'identity',"
                     "'direction':'asc','null-order':'nulls-first'}]}",
                     NULL),
              &fixture->err);
    equals_at(fixture, "schemas",
              "[{'type':'struct','schema-id':0,'identifier-field-ids':[1],'fields':["
              "{'id':1,'name':'id','required':true,'type':'long'},"
              "{'id':2,'name':'s','required':false,'type':{'type':'struct','fields':["
              "{'id':4,'name':'x','required':false,'type':'int'}]}},"
              "{'id':3,'name':'ts','required':false,'type':'timestamp'}]}]");
    assert_int_equal(int_at(fixture, "last-column-id"), 4);
    assert_int_equal(int_at(fixture, "current-schema-id"), 0);
    equals_at(fixture, "partition-specs",
              "[{'spec-id':0,'fields':[{'source-id':3,'field-id':1000,'name':'d',"
              "'transform':'day'},{'source-id':4,'field-id':1001,'name':'x',"
              "'transform':'identity'}]}]");
    assert_int_equal(int_at(fixture, "default-spec-id"), 0);
    assert_int_equal(int_at(fixture, "last-partition-id"), 1001);
    assert_int_equal(int_at(fixture, "default-sort-order-id"), 1);
    equals_at(fixture, "sort-orders",
              "[{'order-id':1,'fields':[{'source-id':1,'transform':'identity','direction':'asc',"
              "'null-order':'nulls-first'}]}]");
    commit_result(fixture);
}

/* Rule 13: without a spec and an order the table is unpartitioned and unsorted; v2
 * is the default. */
static void test_table_metadata_new__defaults(void **state)
{
    struct fixture *fixture = *state;
    assert_ok(create(fixture, NULL, NULL, NULL), &fixture->err);
    assert_int_equal(int_at(fixture, "format-version"), 2);
    assert_string_equal(text_at(fixture, "table-uuid"), UUID_A);
    assert_string_equal(text_at(fixture, "location"), "s3://b/t");
    assert_int_equal(int_at(fixture, "last-sequence-number"), 0);
    assert_int_equal(int_at(fixture, "last-updated-ms"), NOW_MS);
    equals_at(fixture, "partition-specs", "[{'spec-id':0,'fields':[]}]");
    assert_int_equal(int_at(fixture, "last-partition-id"), 999);
    equals_at(fixture, "sort-orders", "[{'order-id':0,'fields':[]}]");
    assert_int_equal(int_at(fixture, "default-sort-order-id"), 0);
    assert_int_equal(int_at(fixture, "current-snapshot-id"), -1);
    equals_at(fixture, "refs", "{}");
    equals_at(fixture, "metadata-log", "[]");
    assert_slice_equal(fixture->table_result.metadata_directory, "s3://b/t/metadata");
    commit_result(fixture);
}

/* Rule 48: zstd is written down for Parquet unless a codec is given. */
static void test_table_metadata_new__parquet_codec_is_persisted(void **state)
{
    struct fixture *fixture = *state;
    assert_ok(create(fixture, NULL, NULL, NULL), &fixture->err);
    equals_at(fixture, "properties", "{'write.parquet.compression-codec':'zstd'}");
    assert_ok(create(fixture, NULL, NULL, "{'write.parquet.compression-codec':'gzip','k':'v'}"),
              &fixture->err);
    equals_at(fixture, "properties", "{'write.parquet.compression-codec':'gzip','k':'v'}");
}

/* Rules 42, 47: format-version is consumed, reserved properties are not stored. */
static void test_table_metadata_new__reserved_properties(void **state)
{
    struct fixture *fixture = *state;
    assert_ok(create(fixture, NULL, NULL,
                     "{'format-version':'3','uuid':'x','current-schema':'y',"
                     "'write.parquet.compression-codec':'zstd'}"),
              &fixture->err);
    equals_at(fixture, "properties", "{'write.parquet.compression-codec':'zstd'}");
    assert_int_equal(int_at(fixture, "format-version"), 3);
    assert_int_equal(int_at(fixture, "next-row-id"), 0);
    assert_true(json_is_null(at(fixture, "current-snapshot-id")));
    commit_result(fixture);
    assert_ok(create(fixture, NULL, NULL, "{'format-version':'1'}"), &fixture->err);
    assert_true(json_equal(at(fixture, "schema"), at(fixture, "schemas.0")));
    equals_at(fixture, "partition-spec", "[]");
    commit_result(fixture);
    create_fails(fixture, NULL, NULL, "{'format-version':'4'}",
                 "Unsupported format version: v4 (supported: v3)");
    create_fails(fixture, NULL, NULL, "{'format-version':'0'}", "Unsupported format version");
    create_fails(fixture, NULL, NULL, "{'format-version':'two'}", "integer");
}

static void test_table_metadata_new__properties_are_checked(void **state)
{
    struct fixture *fixture = *state;
    create_fails(fixture, NULL, NULL, "{'commit.retry.num-retries':'x'}",
                 "Table property commit.retry.num-retries must have integer value");
    create_fails(fixture, NULL, NULL, "{'commit.retry.total-timeout-ms':'-1'}",
                 "must have non negative integer value");
    create_fails(fixture, NULL, NULL, "{'write.metadata.metrics.column.gone':'full'}",
                 "could not find column gone");
    assert_ok(create(fixture, NULL, NULL, "{'write.metadata.metrics.column.s.x':'full'}"),
              &fixture->err);
    create_fails(fixture, NULL, NULL, "{'encryption.key-id':'k'}",
                 "Invalid properties for v2: encryption.key-id");
    assert_ok(create(fixture, NULL, NULL, "{'encryption.key-id':'k','format-version':'3'}"),
              &fixture->err);
    create_fails(fixture, NULL, NULL, "{'k':1}", "must be a string");
}

/* Rules 20, 22: the parts fit each other. */
static void test_table_metadata_new__parts_are_checked(void **state)
{
    struct fixture *fixture = *state;
    create_fails(fixture, "{'fields':[{'source-id':99,'name':'x','transform':'identity'}]}", NULL,
                 NULL, "source column");
    create_fails(fixture, "{'fields':[{'source-id':10,'name':'x','transform':'day'}]}", NULL, NULL,
                 "Invalid source type long for transform: day");
    create_fails(fixture, "{'fields':[{'source-id':10,'name':'ts','transform':'identity'}]}", NULL,
                 NULL, "ts");
    create_fails(fixture, NULL,
                 "{'order-id':1,'fields':[{'source-id':3,'transform':'identity',"
                 "'direction':'asc','null-order':'nulls-first'}]}",
                 NULL, "non-primitive");
    assert_null(fixture->result);
    assert_int_equal(fixture->out.len, 0);
}

/* Rule: a creation by updates begins in the format version that they name, wherever it stands. */
static void test_create_by_updates__first_format_version_counts(void **state)
{
    struct fixture *fixture = *state;
    assert_ok(apply_from_empty(
                  fixture,
                  "[{'action':'assign-uuid','uuid':'" UUID_A "'},"
                  "{'action':'add-schema','schema':{'type':'struct','fields':[{'id':5,"
                  "'name':'t','required':false,'type':'timestamp_ns'}]}},"
                  "{'action':'upgrade-format-version','format-version':3},"
                  "{'action':'set-current-schema','schema-id':-1},"
                  "{'action':'add-spec','spec':{'fields':[{'source-id':5,'name':'h',"
                  "'transform':'hour'}]}},{'action':'set-default-spec','spec-id':-1},"
                  "{'action':'add-sort-order','sort-order':{'order-id':1,'fields':[{'source-id':5,"
                  "'transform':'identity','direction':'desc','null-order':'nulls-last'}]}},"
                  "{'action':'set-default-sort-order','sort-order-id':-1},"
                  "{'action':'set-location','location':'s3://b/t'},"
                  "{'action':'set-properties','updates':{'k':'v'}}]"),
              &fixture->err);
    assert_true(fixture->table_result.is_changed);
    assert_int_equal(int_at(fixture, "format-version"), 3);
    assert_int_equal(int_at(fixture, "schemas.0.schema-id"), 0);
    assert_int_equal(int_at(fixture, "last-column-id"), 5);
    assert_int_equal(int_at(fixture, "partition-specs.0.fields.0.field-id"), 1000);
    assert_int_equal(int_at(fixture, "default-sort-order-id"), 1);
    /* What is not given is not made up: only createTable persists defaults. */
    equals_at(fixture, "properties", "{'k':'v'}");
    commit_result(fixture);
}

/* Rule: a table needs a schema, a spec, an order, a location and a uuid. */
static void test_create_by_updates__needs_all_parts(void **state)
{
    struct fixture *fixture = *state;
    static const char *const parts[] = {
        "{'action':'assign-uuid','uuid':'" UUID_A "'}",
        "{'action':'set-location','location':'s3://b/t'}",
        "{'action':'add-schema','schema':{'type':'struct','fields':[]}}",
        "{'action':'add-spec','spec':{'fields':[]}}",
        "{'action':'add-sort-order','sort-order':{'order-id':0,'fields':[]}}"};
    static const char *const missing[] = {"UUID is required", "Table location is required",
                                          "no current schema", "no default partition spec",
                                          "no default sort order"};
    for (size_t without = 0; without < 5; without++) {
        char text[1000] = "[{'action':'upgrade-format-version','format-version':2}";
        for (size_t i = 0; i < 5; i++)
            if (i != without)
                snprintf(text + strlen(text), sizeof(text) - strlen(text), ",%s", parts[i]);
        snprintf(text + strlen(text), sizeof(text) - strlen(text), "]");
        refuses(fixture, text, ERROR_VALIDATION, missing[without]);
    }
    refuses(fixture, "[{'action':'upgrade-format-version','format-version':9}]", ERROR_VALIDATION,
            "Unsupported format version: v9");
}

/* Rule 25: types of v3 are refused in a table of v2. */
static void test_table_metadata_new__types_need_their_format_version(void **state)
{
    struct fixture *fixture = *state;
    const char *columns = "{'type':'struct','fields':[{'id':1,'name':'v','required':false,"
                          "'type':'variant'}]}";
    assert_fails(create_of(fixture, columns, NULL, NULL, NULL), &fixture->err, ERROR_VALIDATION);
    assert_non_null(strstr(fixture->err.message, "Invalid schema for v2"));
    assert_ok(create_of(fixture, columns, NULL, NULL, "{'format-version':'3'}"), &fixture->err);
}

/* Rule: a transform of several sources (v3) has all of them mapped. */
static void test_table_metadata_new__maps_all_sources(void **state)
{
    struct fixture *fixture = *state;
    assert_ok(create(fixture, "{'fields':[{'source-ids':[20,1],'name':'z','transform':'zorder'}]}",
                     NULL, "{'format-version':'3'}"),
              &fixture->err);
    equals_at(fixture, "partition-specs.0.fields.0.source-ids", "[4,3]");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, update_setup, update_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_table_metadata_new__assigns_fresh_ids),
        TEST(test_table_metadata_new__defaults),
        TEST(test_table_metadata_new__parquet_codec_is_persisted),
        TEST(test_table_metadata_new__reserved_properties),
        TEST(test_table_metadata_new__properties_are_checked),
        TEST(test_table_metadata_new__parts_are_checked),
        TEST(test_create_by_updates__first_format_version_counts),
        TEST(test_create_by_updates__needs_all_parts),
        TEST(test_table_metadata_new__types_need_their_format_version),
        TEST(test_table_metadata_new__maps_all_sources),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
