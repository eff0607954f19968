#include "catalog/view_update.h"

#include <stdlib.h>

#include "base/json_tree.h"
#include "tests/unit/catalog/update_fixture.h"

#define SQL(dialect, text) "{'type':'sql','sql':'" text "','dialect':'" dialect "'}"
#define VERSION(id, schema, time, representations)                                             \
    "{'version-id':" #id ",'schema-id':" #schema ",'timestamp-ms':" #time                      \
    ",'summary':{'engine':'e'},'default-namespace':['ns'],'representations':[" representations \
    "]}"
#define ADD(id, schema, time, representations) \
    "{'action':'add-view-version','view-version':" VERSION(id, schema, time, representations) "}"
#define SET(id) "{'action':'set-current-view-version','view-version-id':" #id "}"
#define SCHEMA(id, type)                                                                  \
    "{'type':'struct','schema-id':" #id ",'fields':[{'id':1,'name':'a','required':false," \
    "'type':'" type "'}]}"

static const char base_view[] =
    "{'view-uuid':'" UUID_A "','format-version':1,'location':'file:///w/v',"
    "'properties':{'comment':'c'},'schemas':[" SCHEMA(
        0, "int") "],'current-version-id':1,"
                  "'versions':[" VERSION(1, 0, 900,
                                         SQL("spark",
                                             "select 1")) "],"
                                                          "'version-log':[{'timestamp-ms':900,'"
                                                          "version-id':1}],'x-future':7}";

static void view_put(struct fixture *fixture, struct slice text)
{
    struct blob *blob = NULL;
    struct view_metadata *view = NULL;
    assert_ok(blob_copy(text, &blob, &fixture->err), &fixture->err);
    assert_ok(view_metadata_parse(blob, &view, &fixture->err), &fixture->err);
    blob_unref(blob);
    view_metadata_unref(fixture->view);
    fixture->view = view;
}

static void view_of(struct fixture *fixture, const char *text)
{
    json_t *tree = json_of(text);
    char *dump = json_dumps(tree, JSON_COMPACT);
    view_put(fixture, slice_from_string(dump));
    free(dump);
    json_decref(tree);
}

static void result_parse(struct fixture *fixture)
{
    json_decref(fixture->result);
    fixture->result = NULL;
    if (fixture->out.len > 0)
        assert_ok(json_tree_parse(buffer_slice(&fixture->out), "result", &fixture->result,
                                  &fixture->err),
                  &fixture->err);
}

static bool change(struct fixture *fixture, const char *updates)
{
    json_t *tree = json_of(updates);
    struct view_update_input input = {.base = fixture->view, .updates = tree, .now_ms = NOW_MS};
    buffer_truncate(&fixture->out, 0);
    error_clear(&fixture->err);
    bool ok = view_updates_apply(&input, &fixture->arena, &fixture->out, &fixture->view_result,
                                 &fixture->err);
    json_decref(tree);
    if (!ok)
        assert_int_equal(fixture->out.len, 0);
    result_parse(fixture);
    return ok;
}

static void change_is_refused(struct fixture *fixture, const char *updates, enum error_kind kind,
                              const char *part)
{
    assert_false(change(fixture, updates));
    if (fixture->err.kind != kind || !strstr(fixture->err.message, part))
        fail_msg("%s: '%s' lacks '%s'", error_kind_name(fixture->err.kind), fixture->err.message,
                 part);
}

static void result_commit(struct fixture *fixture)
{
    view_put(fixture, buffer_slice(&fixture->out));
}

/* Rule 6: an unknown update, or one of tables, makes the whole request a bad one. */
static void test_view_update__unknown_action(void **state)
{
    struct fixture *fixture = *state;
    view_of(fixture, base_view);
    change_is_refused(fixture, "[{'action':'add-snapshot'}]", ERROR_BAD_REQUEST, "unknown update");
    change_is_refused(fixture, "[" SET(9) ",{'action':'nod'}]", ERROR_BAD_REQUEST,
                      "unknown update 'nod'");
    change_is_refused(fixture, "{}", ERROR_BAD_REQUEST, "array");
    change_is_refused(fixture, "[1]", ERROR_BAD_REQUEST, "object");
}

/* Rule 7. */
static void test_view_update__no_change_writes_nothing(void **state)
{
    struct fixture *fixture = *state;
    view_of(fixture, base_view);
    assert_ok(change(fixture, "[{'action':'assign-uuid','uuid':'" UUID_A "'},"
                              "{'action':'upgrade-format-version','format-version':1},"
                              "{'action':'set-location','location':'file:///w/v'},"
                              "{'action':'add-schema','schema':" SCHEMA(5, "int") "}," ADD(
                                  9, 0, 5000, SQL("spark", "select 1")) "," SET(-1) "]"),
              &fixture->err);
    assert_false(fixture->view_result.is_changed);
    assert_int_equal(fixture->out.len, 0);
    assert_slice_equal(fixture->view_result.location, "file:///w/v");
}

/* Rule 55: the view's uuid and format version do not change. */
static void test_view_update__identity_is_fixed(void **state)
{
    struct fixture *fixture = *state;
    view_of(fixture, base_view);
    change_is_refused(fixture, "[{'action':'assign-uuid','uuid':'" UUID_B "'}]", ERROR_VALIDATION,
                      "Cannot reassign uuid");
    change_is_refused(fixture, "[{'action':'upgrade-format-version','format-version':0}]",
                      ERROR_VALIDATION, "Cannot downgrade v1 view to v0");
    change_is_refused(fixture, "[{'action':'upgrade-format-version','format-version':2}]",
                      ERROR_VALIDATION, "Unsupported format version: 2");
}

static void test_view_update__properties_and_location(void **state)
{
    struct fixture *fixture = *state;
    view_of(fixture, base_view);
    assert_ok(
        change(fixture,
               "[{'action':'set-properties','updates':{'k':'v','write.metadata.path':'s3://m/',"
               "'write.metadata.compression-codec':'none'}},"
               "{'action':'remove-properties','removals':['comment']},"
               "{'action':'set-location','location':'file:///n'}]"),
        &fixture->err);
    assert_null(at(fixture, "properties.comment"));
    assert_string_equal(text_at(fixture, "properties.k"), "v");
    assert_slice_equal(fixture->view_result.location, "file:///n");
    assert_slice_equal(fixture->view_result.metadata_directory, "s3://m");
    assert_slice_equal(fixture->view_result.metadata_codec, "none");
    assert_int_equal(int_at(fixture, "x-future"), 7);
    result_commit(fixture);
    change_is_refused(fixture, "[{'action':'set-properties','updates':{'k':1}}]", ERROR_BAD_REQUEST,
                      "string");
}

/* Rules 18, 53: a version gets the highest id plus one, -1 names the last schema and
 * version added. */
static void test_add_view_version__gets_the_next_ids(void **state)
{
    struct fixture *fixture = *state;
    view_of(fixture, base_view);
    assert_ok(change(fixture, "[{'action':'add-schema','schema':" SCHEMA(9, "long") "}," ADD(
                                  1, -1, 1000700, SQL("spark", "select 2")) "," SET(-1) "]"),
              &fixture->err);
    assert_int_equal(int_at(fixture, "current-version-id"), 2);
    assert_int_equal(int_at(fixture, "schemas.1.schema-id"), 1);
    assert_int_equal(int_at(fixture, "versions.1.version-id"), 2);
    assert_int_equal(int_at(fixture, "versions.1.schema-id"), 1);
    equals_at(fixture, "version-log",
              "[{'timestamp-ms':900,'version-id':1},{'timestamp-ms':1000700,'version-id':2}]");
    result_commit(fixture);
}

/* Rules 53, 55: an equal version (id and time aside) is the old one; making it current again is
 * logged at the time of the commit. */
static void test_add_view_version__equal_version_reuses_its_id(void **state)
{
    struct fixture *fixture = *state;
    view_of(fixture, base_view);
    assert_ok(change(fixture, "[" ADD(2, 0, 1000700, SQL("spark", "select 2")) "," SET(-1) "]"),
              &fixture->err);
    result_commit(fixture);
    assert_ok(change(fixture, "[" ADD(3, 0, 1000900, SQL("spark", "select 1")) "," SET(-1) "]"),
              &fixture->err);
    assert_int_equal(int_at(fixture, "current-version-id"), 1);
    assert_int_equal(size_at(fixture, "versions"), 2);
    equals_at(fixture, "version-log.2", "{'timestamp-ms':1001000,'version-id':1}");
}

/* Rule 53: summary, representations, default catalog and namespace, and schema make a version. */
static void test_add_view_version__differs_by_each_part(void **state)
{
    struct fixture *fixture = *state;
    static const char *const versions[] = {
        "{'version-id':1,'schema-id':0,'timestamp-ms':900,'summary':{'engine':'other'},"
        "'default-namespace':['ns'],'representations':[" SQL("spark", "select 1") "]}",
        "{'version-id':1,'schema-id':0,'timestamp-ms':900,'summary':{'engine':'e'},"
        "'default-namespace':['other'],'representations':[" SQL("spark", "select 1") "]}",
        "{'version-id':1,'schema-id':0,'timestamp-ms':900,'summary':{'engine':'e'},"
        "'default-catalog':'c','default-namespace':['ns'],'representations':[" SQL("spark",
                                                                                   "select 1") "]}",
        "{'version-id':1,'schema-id':-1,'timestamp-ms':900,'summary':{'engine':'e'},"
        "'default-namespace':['ns'],'representations':[" SQL("spark", "select 1") "]}"};
    for (size_t i = 0; i < sizeof(versions) / sizeof(*versions); i++) {
        char text[900];
        snprintf(text, sizeof(text),
                 "[{'action':'add-schema','schema':" SCHEMA(
                     9, "long") "},"
                                "{'action':'add-view-version','view-version':%s}]",
                 versions[i]);
        view_of(fixture, base_view);
        assert_ok(change(fixture, text), &fixture->err);
        assert_int_equal(size_at(fixture, "versions"), 2);
    }
    view_of(fixture, base_view);
    assert_ok(change(fixture, "[{'action':'add-view-version','view-version':{'version-id':4,"
                              "'schema-id':0,'timestamp-ms':1,'summary':{'engine':'e'},"
                              "'default-catalog':null,'default-namespace':['ns'],"
                              "'representations':[" SQL("spark", "select 1") "]}}]"),
              &fixture->err);
    assert_false(fixture->view_result.is_changed);
}

/* Rule: a null default-catalog is none, and is not written: readers take it for a name. */
static void test_add_view_version__null_catalog_is_left_out(void **state)
{
    struct fixture *fixture = *state;
    view_of(fixture, base_view);
    assert_ok(change(fixture, "[{'action':'add-view-version','view-version':{'version-id':4,"
                              "'schema-id':0,'timestamp-ms':1,'summary':{'engine':'other'},"
                              "'default-catalog':null,'default-namespace':['ns'],"
                              "'representations':[" SQL("spark", "select 1") "]}}]"),
              &fixture->err);
    assert_int_equal(size_at(fixture, "versions"), 2);
    assert_null(at(fixture, "versions.1.default-catalog"));
}

/* Rule 54: one query for each dialect, without regard to case. */
static void test_add_view_version__one_query_per_dialect(void **state)
{
    struct fixture *fixture = *state;
    view_of(fixture, base_view);
    change_is_refused(fixture, "[" ADD(2, 0, 1, SQL("spark", "a") "," SQL("Spark", "b")) "]",
                      ERROR_ILLEGAL_ARGUMENT, "Cannot add multiple queries for dialect spark");
}

/* Rule 54: a replacement must not lose a dialect unless the property allows it. */
static void test_view_update__dialects_are_not_lost(void **state)
{
    struct fixture *fixture = *state;
    const char *lose = "[" ADD(2, 0, 1000000, SQL("trino", "a")) "," SET(-1) "]";
    view_of(fixture, base_view);
    change_is_refused(fixture, lose, ERROR_VALIDATION, "loss of view dialects");
    assert_ok(change(fixture, "[" ADD(2, 0, 1000000, SQL("trino", "a")) "]"), &fixture->err);
    assert_ok(change(fixture,
                     "[" ADD(2, 0, 1, SQL("SPARK", "a") "," SQL("trino", "a")) "," SET(-1) "]"),
              &fixture->err);
    assert_ok(change(fixture, "[{'action':'set-properties','updates':{"
                              "'replace.drop-dialect.allowed':'true'}}]"),
              &fixture->err);
    result_commit(fixture);
    assert_ok(change(fixture, lose), &fixture->err);
    assert_int_equal(int_at(fixture, "current-version-id"), 2);
}

/* Rule 18: -1 needs something that was added; ids must be known. */
static void test_view_update__ids_must_be_known(void **state)
{
    struct fixture *fixture = *state;
    view_of(fixture, base_view);
    change_is_refused(fixture, "[" SET(-1) "]", ERROR_VALIDATION,
                      "set-current-view-version: Cannot set last version id");
    change_is_refused(fixture, "[" SET(8) "]", ERROR_VALIDATION,
                      "Cannot set current version to unknown version: 8");
    change_is_refused(fixture, "[" ADD(2, -1, 1, SQL("spark", "a")) "]", ERROR_VALIDATION,
                      "Cannot set last added schema: no schema has been added");
    change_is_refused(fixture, "[" ADD(2, 6, 1, SQL("spark", "a")) "]", ERROR_VALIDATION,
                      "Cannot add version with unknown schema: 6");
}

static void versions_add(struct fixture *fixture, int from, int to)
{
    for (int i = from; i <= to; i++) {
        char text[500];
        snprintf(text, sizeof(text),
                 "[{'action':'add-view-version','view-version':{'version-id':%d,'schema-id':0,"
                 "'timestamp-ms':%d,'summary':{},'default-namespace':[],'representations':[" SQL(
                     "spark", "q%d") "]}}," SET(-1) "]",
                 i, 900 + i, i);
        assert_ok(change(fixture, text), &fixture->err);
        result_commit(fixture);
    }
}

/* Rule 55: version.history.num-entries versions are kept (10 by default), the newest and the
 * current; the log loses what is before an expired one. */
static void test_view_update__old_versions_expire(void **state)
{
    struct fixture *fixture = *state;
    view_of(fixture, base_view);
    versions_add(fixture, 2, 12);
    assert_int_equal(size_at(fixture, "versions"), 10);
    assert_int_equal(int_at(fixture, "versions.0.version-id"), 3);
    assert_int_equal(size_at(fixture, "version-log"), 10);
    assert_int_equal(int_at(fixture, "version-log.0.version-id"), 3);
    assert_ok(change(fixture, "[" SET(3) ",{'action':'set-properties','updates':{"
                                         "'version.history.num-entries':'2'}}]"),
              &fixture->err);
    assert_int_equal(size_at(fixture, "versions"), 2);
    assert_int_equal(int_at(fixture, "versions.0.version-id"), 3);
    assert_int_equal(int_at(fixture, "versions.1.version-id"), 12);
    equals_at(fixture, "version-log",
              "[{'timestamp-ms':912,'version-id':12},{'timestamp-ms':1001000,'version-id':3}]");
    result_commit(fixture);
}

/* Rule 55: all that a commit adds stays, whatever the property says; it must be positive. */
static void test_view_update__added_versions_stay(void **state)
{
    struct fixture *fixture = *state;
    view_of(fixture, base_view);
    assert_ok(
        change(fixture,
               "[{'action':'set-properties','updates':{"
               "'version.history.num-entries':'1'}}," ADD(2, 0, 1000000, SQL("spark", "a")) "," ADD(
                   3, 0, 1000000, SQL("spark", "b")) "," ADD(4, 0, 1000000,
                                                             SQL("spark", "c")) "," SET(3) "]"),
        &fixture->err);
    assert_int_equal(size_at(fixture, "versions"), 3);
    assert_int_equal(int_at(fixture, "versions.0.version-id"), 2);
    equals_at(fixture, "version-log", "[{'timestamp-ms':1000000,'version-id':3}]");
    change_is_refused(fixture,
                      "[{'action':'set-properties','updates':{"
                      "'version.history.num-entries':'0'}}]",
                      ERROR_VALIDATION, "version.history.num-entries must be positive but was 0");
    change_is_refused(fixture,
                      "[{'action':'set-properties','updates':{"
                      "'version.history.num-entries':'ten'}}]",
                      ERROR_VALIDATION, "integer");
}

static void test_add_view_version__is_well_formed(void **state)
{
    struct fixture *fixture = *state;
    static const char *const versions[] = {
        "{}",
        "{'version-id':-1,'schema-id':0,'timestamp-ms':1,'summary':{},'default-namespace':[],"
        "'representations':[]}",
        "{'version-id':1,'schema-id':0,'timestamp-ms':1,'default-namespace':[],"
        "'representations':[]}",
        "{'version-id':1,'schema-id':0,'timestamp-ms':1,'summary':{'a':1},'default-namespace':[],"
        "'representations':[]}",
        "{'version-id':1,'schema-id':0,'timestamp-ms':1,'summary':{},'representations':[]}",
        "{'version-id':1,'schema-id':0,'timestamp-ms':1,'summary':{},'default-namespace':[1],"
        "'representations':[]}",
        "{'version-id':1,'schema-id':0,'timestamp-ms':1,'summary':{},'default-namespace':[]}",
        "{'version-id':1,'schema-id':0,'timestamp-ms':1,'summary':{},'default-namespace':[],"
        "'representations':[{'type':'sql','sql':'x'}]}",
        "{'version-id':1,'schema-id':0,'timestamp-ms':1,'summary':{},'default-namespace':[],"
        "'representations':[7]}",
        /* Rule: a representation that no reader can write again is refused. */
        "{'version-id':1,'schema-id':0,'timestamp-ms':1,'summary':{},'default-namespace':[],"
        "'representations':[{'type':'python','sql':'x','dialect':'y'}]}"};
    view_of(fixture, base_view);
    for (size_t i = 0; i < sizeof(versions) / sizeof(*versions); i++) {
        char text[400];
        snprintf(text, sizeof(text), "[{'action':'add-view-version','view-version':%s}]",
                 versions[i]);
        change_is_refused(fixture, text, ERROR_BAD_REQUEST, "add-view-version: ");
    }
}

static bool create(struct fixture *fixture, const char *version, const char *properties)
{
    json_t *schema = json_of(SCHEMA(4, "int"));
    json_t *version_json = json_of(version);
    json_t *properties_json = properties ? json_of(properties) : NULL;
    struct view_create_input input = {.schema = schema,
                                      .view_version = version_json,
                                      .properties = properties_json,
                                      .location = SLICE_LITERAL("s3://b/v"),
                                      .uuid = SLICE_LITERAL(UUID_A),
                                      .now_ms = NOW_MS};
    buffer_truncate(&fixture->out, 0);
    error_clear(&fixture->err);
    bool ok = view_metadata_new(&input, &fixture->arena, &fixture->out, &fixture->view_result,
                                &fixture->err);
    json_decref(schema);
    json_decref(version_json);
    json_decref(properties_json);
    result_parse(fixture);
    return ok;
}

/* Rule: a new view's version is 1 and its schema 0. */
static void test_view_metadata_new__first_version(void **state)
{
    struct fixture *fixture = *state;
    assert_ok(create(fixture, VERSION(7, 4, 1000300, SQL("spark", "q")), "{'k':'v'}"),
              &fixture->err);
    equals_at(fixture, "",
              "{'view-uuid':'" UUID_A "','format-version':1,'location':'s3://b/v',"
              "'properties':{'k':'v'},'schemas':[" SCHEMA(
                  0,
                  "int") "],"
                         "'current-version-id':1,'versions':[" VERSION(
                             1, 0, 1000300,
                             SQL("spark",
                                 "q")) "],"
                                       "'version-log':[{'timestamp-ms':1000300,'version-id':1}]}");
    assert_slice_equal(fixture->view_result.uuid, UUID_A);
    assert_slice_equal(fixture->view_result.metadata_directory, "s3://b/v/metadata");
    result_commit(fixture);
    assert_ok(create(fixture, VERSION(1, 0, 1, SQL("spark", "q")), NULL), &fixture->err);
    assert_null(at(fixture, "properties"));
}

static void test_view_metadata_new__needs_sql(void **state)
{
    struct fixture *fixture = *state;
    assert_fails(create(fixture,
                        "{'version-id':1,'timestamp-ms':1,'summary':{},"
                        "'default-namespace':[],'representations':[" SQL("s", "a") "]}",
                        NULL),
                 &fixture->err, ERROR_BAD_REQUEST);
    assert_non_null(strstr(fixture->err.message, "schema-id"));
    assert_fails(create(fixture,
                        "{'schema-id':1,'timestamp-ms':1,'summary':{},"
                        "'default-namespace':[],'representations':[" SQL("s", "a") "]}",
                        NULL),
                 &fixture->err, ERROR_BAD_REQUEST);
    assert_non_null(strstr(fixture->err.message, "version-id"));
    assert_fails(create(fixture, VERSION(1, 0, 1, ""), NULL), &fixture->err, ERROR_BAD_REQUEST);
    assert_fails(create(fixture, VERSION(1, 0, 1, "{'type':'plan'}"), NULL), &fixture->err,
                 ERROR_BAD_REQUEST);
    assert_non_null(strstr(fixture->err.message, "unsupported view representation 'plan'"));
    assert_fails(create(fixture, VERSION(1, 0, 1, SQL("s", "a") "," SQL("S", "b")), NULL),
                 &fixture->err, ERROR_ILLEGAL_ARGUMENT);
    assert_int_equal(fixture->out.len, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, update_setup, update_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_view_update__unknown_action),
        TEST(test_view_update__no_change_writes_nothing),
        TEST(test_view_update__identity_is_fixed),
        TEST(test_view_update__properties_and_location),
        TEST(test_add_view_version__gets_the_next_ids),
        TEST(test_add_view_version__equal_version_reuses_its_id),
        TEST(test_add_view_version__differs_by_each_part),
        TEST(test_add_view_version__null_catalog_is_left_out),
        TEST(test_add_view_version__one_query_per_dialect),
        TEST(test_view_update__dialects_are_not_lost),
        TEST(test_view_update__ids_must_be_known),
        TEST(test_view_update__old_versions_expire),
        TEST(test_view_update__added_versions_stay),
        TEST(test_add_view_version__is_well_formed),
        TEST(test_view_metadata_new__first_version),
        TEST(test_view_metadata_new__needs_sql),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
