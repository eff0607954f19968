#include "catalog/table_update.h"

#include <stdlib.h>

#include "tests/unit/catalog/update_fixture.h"

/* Rule 6: an unknown update makes the whole request a bad one, and nothing is applied. */
static void test_table_update__unknown_action_refuses_the_whole_request(void **state)
{
    struct fixture *fixture = *state;
    table_of(fixture, table_v2);
    refuses(fixture, "[{'action':'set-current-schema','schema-id':77},{'action':'paint-it-black'}]",
            ERROR_BAD_REQUEST, "unknown update 'paint-it-black'");
    refuses(fixture, "[{'action':'add-view-version'}]", ERROR_BAD_REQUEST, "is for views");
    refuses(fixture, "[7]", ERROR_BAD_REQUEST, "must be an object");
    refuses(fixture, "[{}]", ERROR_BAD_REQUEST, "action");
    refuses(fixture, "{}", ERROR_BAD_REQUEST, "updates must be an array");
}

static void test_table_update__action_ignores_case(void **state)
{
    struct fixture *fixture = *state;
    table_of(fixture, table_v2);
    assert_ok(apply(fixture, "[{'action':'Set-Location','location':'file:///n'}]"), &fixture->err);
    assert_string_equal(text_at(fixture, "location"), "file:///n");
}

/* Rule 7: a commit whose updates change nothing writes no metadata. */
static void test_table_update__no_change_writes_nothing(void **state)
{
    struct fixture *fixture = *state;
    table_of(fixture, table_v2);
    changes_nothing(fixture, "[]");
    changes_nothing(fixture, "[{'action':'assign-uuid','uuid':'" UUID_A "'},"
                             "{'action':'upgrade-format-version','format-version':2},"
                             "{'action':'set-location','location':'file:///w/t/'},"
                             "{'action':'set-current-schema','schema-id':0},"
                             "{'action':'set-default-spec','spec-id':0},"
                             "{'action':'set-default-sort-order','sort-order-id':0},"
                             "{'action':'set-properties','updates':{}},"
                             "{'action':'remove-properties','removals':[]},"
                             "{'action':'remove-snapshots','snapshot-ids':[99]},"
                             "{'action':'remove-snapshot-ref','ref-name':'none'},"
                             "{'action':'remove-statistics','snapshot-id':99},"
                             "{'action':'remove-partition-statistics','snapshot-id':99},"
                             "{'action':'remove-encryption-key','key-id':'none'},"
                             "{'action':'remove-schemas','schema-ids':[]},"
                             "{'action':'remove-partition-specs','spec-ids':[]}]");
    assert_slice_equal(fixture->table_result.location, "file:///w/t");
    assert_slice_equal(fixture->table_result.uuid, UUID_A);
}

/* Rule 7: updates apply in order. */
static void test_table_update__updates_apply_in_order(void **state)
{
    struct fixture *fixture = *state;
    table_of(fixture, table_v2);
    assert_ok(apply(fixture, "[{'action':'set-properties','updates':{'k':'1'}},"
                             "{'action':'remove-properties','removals':['k']},"
                             "{'action':'set-properties','updates':{'k':'2'}}]"),
              &fixture->err);
    assert_string_equal(text_at(fixture, "properties.k"), "2");
}

/* Rule 51: what no update touches is copied byte for byte, fields of the future included. */
static void test_table_update__untouched_parts_keep_their_bytes(void **state)
{
    struct fixture *fixture = *state;
    table_of(fixture, table_v2);
    assert_ok(apply(fixture, "[{'action':'set-properties','updates':{'k':'v'}}]"), &fixture->err);
    buffer_append_byte(&fixture->out, '\0');
    assert_non_null(strstr(fixture->out.ptr, "\"x-future\":{\"deep\":[1,  2]}"));
    assert_non_null(strstr(fixture->out.ptr, "\"x-note\":\"kept\""));
    assert_non_null(strstr(fixture->out.ptr, "\"x-snap\":1"));
    equals_at(fixture, "properties", "{'owner':'ann','a':'1','k':'v'}");
}

/* Rule: a result reads back as metadata, and a second commit applies to it. */
static void test_table_update__result_is_valid_metadata(void **state)
{
    struct fixture *fixture = *state;
    table_of(fixture, table_v2);
    assert_ok(apply(fixture, "[{'action':'set-properties','updates':{'k':'v'}}]"), &fixture->err);
    commit_result(fixture);
    assert_int_equal(fixture->table->snapshot_count, 2);
    assert_int_equal(fixture->table->metadata_log_count, 3);
    assert_int_equal(fixture->table->unknown_count, 1);
    assert_ok(apply(fixture, "[{'action':'set-properties','updates':{'k':'w'}}]"), &fixture->err);
    assert_string_equal(text_at(fixture, "properties.k"), "w");
}

/* Rule 37: last-updated-ms moves with every change, also where the clock does not. */
static void test_table_update__last_updated_moves_on_every_change(void **state)
{
    struct fixture *fixture = *state;
    const char *update = "[{'action':'set-properties','updates':{'k':'v'}}]";
    table_of(fixture, table_v2);
    assert_ok(apply(fixture, update), &fixture->err);
    assert_int_equal(int_at(fixture, "last-updated-ms"), NOW_MS);
    fixture->now_ms = BASE_MS;
    assert_ok(apply(fixture, update), &fixture->err);
    assert_int_equal(int_at(fixture, "last-updated-ms"), BASE_MS + 1);
    fixture->now_ms = BASE_MS - 500000;
    assert_ok(apply(fixture, update), &fixture->err);
    assert_int_equal(int_at(fixture, "last-updated-ms"), BASE_MS + 1);
}

/* Rule 51: the uuid of a table that exists cannot change. */
static void test_table_update__uuid_is_assigned_once(void **state)
{
    struct fixture *fixture = *state;
    table_of(fixture, table_v2);
    refuses(fixture, "[{'action':'assign-uuid','uuid':'" UUID_B "'}]", ERROR_VALIDATION,
            "assign-uuid: Cannot reassign uuid");
    refuses(fixture, "[{'action':'assign-uuid','uuid':'not-one'}]", ERROR_BAD_REQUEST,
            "not a UUID");
    changes_nothing(fixture, "[{'action':'assign-uuid',"
                             "'uuid':'9C12D441-03FE-4693-9A96-A0705DDF69C1'}]");
    table_of(fixture, table_v1);
    assert_ok(apply(fixture, "[{'action':'assign-uuid','uuid':'" UUID_B "'}]"), &fixture->err);
    assert_string_equal(text_at(fixture, "table-uuid"), UUID_B);
}

/* Rule 42: format versions only go up, and not past what is supported. */
static void test_table_update__format_version_only_rises(void **state)
{
    struct fixture *fixture = *state;
    table_of(fixture, table_v2);
    refuses(fixture, "[{'action':'upgrade-format-version','format-version':1}]", ERROR_VALIDATION,
            "Cannot downgrade v2 table to v1");
    refuses(fixture, "[{'action':'upgrade-format-version','format-version':4}]", ERROR_VALIDATION,
            "Cannot upgrade table to unsupported format version: v4 (supported: v3)");
    refuses(fixture, "[{'action':'upgrade-format-version'}]", ERROR_BAD_REQUEST, "format-version");
}

/* Rule: v1 files also have the single schema and spec that old readers know, and lists. */
static void test_table_update__v1_writes_old_and_new_members(void **state)
{
    struct fixture *fixture = *state;
    table_of(fixture, table_v1);
    assert_ok(apply(fixture, "[{'action':'set-properties','updates':{'k':'v'}}]"), &fixture->err);
    assert_int_equal(int_at(fixture, "format-version"), 1);
    assert_null(at(fixture, "last-sequence-number"));
    assert_null(at(fixture, "table-uuid"));
    assert_int_equal(int_at(fixture, "schemas.0.schema-id"), 0);
    assert_true(json_equal(at(fixture, "schema"), at(fixture, "schemas.0")));
    equals_at(fixture, "partition-spec",
              "[{'name':'id','transform':'identity','source-id':1,'field-id':1000}]");
    assert_true(json_equal(at(fixture, "partition-spec"), at(fixture, "partition-specs.0.fields")));
    assert_int_equal(int_at(fixture, "last-partition-id"), 1000);
    equals_at(fixture, "sort-orders", "[{'order-id':0,'fields':[]}]");
    equals_at(fixture, "refs", "{'main':{'snapshot-id':10,'type':'branch'}}");
    commit_result(fixture);
}

/* Rule 43: v1 to v2 needs a uuid, gets sequence numbers, and loses the legacy members. */
static void test_table_update__upgrade_from_v1_to_v2(void **state)
{
    struct fixture *fixture = *state;
    table_of(fixture, table_v1);
    refuses(fixture, "[{'action':'upgrade-format-version','format-version':2}]", ERROR_VALIDATION,
            "UUID is required in format v2");
    assert_ok(apply(fixture, "[{'action':'assign-uuid','uuid':'" UUID_A "'},"
                             "{'action':'upgrade-format-version','format-version':2}]"),
              &fixture->err);
    assert_int_equal(int_at(fixture, "last-sequence-number"), 0);
    assert_null(at(fixture, "schema"));
    assert_null(at(fixture, "partition-spec"));
    assert_int_equal(size_at(fixture, "schemas"), 1);
    assert_int_equal(size_at(fixture, "partition-specs"), 1);
    assert_int_equal(size_at(fixture, "sort-orders"), 1);
    commit_result(fixture);
}

/* Rule 43: v2 to v3 begins row ids at 0; snapshots of before may lack theirs. */
static void test_table_update__upgrade_from_v2_to_v3(void **state)
{
    struct fixture *fixture = *state;
    table_of(fixture, table_v2);
    assert_ok(apply(fixture, "[{'action':'upgrade-format-version','format-version':3}]"),
              &fixture->err);
    assert_int_equal(int_at(fixture, "next-row-id"), 0);
    assert_null(at(fixture, "snapshots.0.first-row-id"));
    assert_int_equal(int_at(fixture, "current-snapshot-id"), 20);
    commit_result(fixture);
}

/* Rule 45: no current snapshot is -1 before v3, and null from v3 on. */
static void test_table_update__no_current_snapshot_by_version(void **state)
{
    struct fixture *fixture = *state;
    const char *remove = "[{'action':'remove-snapshot-ref','ref-name':'main'}]";
    table_of(fixture, table_v2);
    assert_ok(apply(fixture, remove), &fixture->err);
    assert_int_equal(int_at(fixture, "current-snapshot-id"), -1);
    table_of(fixture, table_v1);
    assert_ok(apply(fixture, remove), &fixture->err);
    assert_int_equal(int_at(fixture, "current-snapshot-id"), -1);
    table_of(fixture, table_v3);
    assert_ok(apply(fixture, "[{'action':'set-properties','updates':{'k':'v'}}]"), &fixture->err);
    assert_true(json_is_null(at(fixture, "current-snapshot-id")));
    equals_at(fixture, "refs", "{}");
    equals_at(fixture, "snapshots", "[]");
    equals_at(fixture, "snapshot-log", "[]");
    assert_null(at(fixture, "encryption-keys"));
}

/* Rule 50: a location has no slash at its end. */
static void test_table_update__location_loses_trailing_slashes(void **state)
{
    struct fixture *fixture = *state;
    table_of(fixture, table_v2);
    assert_ok(apply(fixture, "[{'action':'set-location','location':'s3://b/x//'}]"), &fixture->err);
    assert_string_equal(text_at(fixture, "location"), "s3://b/x");
    assert_slice_equal(fixture->table_result.location, "s3://b/x");
    assert_slice_equal(fixture->table_result.metadata_directory, "s3://b/x/metadata");
    assert_ok(apply(fixture, "[{'action':'set-location','location':'s3://'}]"), &fixture->err);
    assert_string_equal(text_at(fixture, "location"), "s3://");
    refuses(fixture, "[{'action':'set-location','location':''}]", ERROR_BAD_REQUEST, "empty");
    refuses(fixture, "[{'action':'set-location'}]", ERROR_BAD_REQUEST, "location");
}

/* Rule 47: reserved properties say what metadata says elsewhere, and are never stored. */
static void test_table_update__reserved_properties_are_not_stored(void **state)
{
    struct fixture *fixture = *state;
    table_of(fixture, table_v2);
    changes_nothing(fixture,
                    "[{'action':'set-properties','updates':{'format-version':'3','uuid':'x',"
                    "'snapshot-count':'1','current-snapshot-id':'1',"
                    "'current-snapshot-summary':'x','current-snapshot-timestamp-ms':'1',"
                    "'current-schema':'x','default-partition-spec':'x',"
                    "'default-sort-order':'x'}}]");
    assert_ok(apply(fixture, "[{'action':'set-properties','updates':{'uuid':'x','k':'v'}}]"),
              &fixture->err);
    equals_at(fixture, "properties", "{'owner':'ann','a':'1','k':'v'}");
}

/* Rule 47: removing the last property leaves an empty map, not the old one. */
static void test_table_update__removing_all_properties_leaves_none(void **state)
{
    struct fixture *fixture = *state;
    table_of(fixture, table_v2);
    assert_ok(apply(fixture, "[{'action':'remove-properties','removals':['owner','a','none']}]"),
              &fixture->err);
    equals_at(fixture, "properties", "{}");
    refuses(fixture, "[{'action':'remove-properties','removals':[1]}]", ERROR_BAD_REQUEST,
            "strings");
    refuses(fixture, "[{'action':'set-properties','updates':{'k':1}}]", ERROR_BAD_REQUEST, "k");
    refuses(fixture, "[{'action':'set-properties'}]", ERROR_BAD_REQUEST, "updates");
}

/* Rule: "updated" and "removed" of early clients are understood; the protocol's names win. */
static void test_table_update__legacy_names_of_property_updates(void **state)
{
    struct fixture *fixture = *state;
    table_of(fixture, table_v2);
    assert_ok(apply(fixture, "[{'action':'set-properties','updated':{'k':'v'}},"
                             "{'action':'remove-properties','removed':['a']}]"),
              &fixture->err);
    equals_at(fixture, "properties", "{'owner':'ann','k':'v'}");
    assert_ok(apply(fixture,
                    "[{'action':'set-properties','updated':{'k':'v'},'updates':{'k':'w'}}]"),
              &fixture->err);
    assert_string_equal(text_at(fixture, "properties.k"), "w");
}

/* Rule 49: the key that a table is encrypted under is fixed when it is created. */
static void test_table_update__encryption_key_id_is_immutable(void **state)
{
    struct fixture *fixture = *state;
    table_v2_with(fixture, "properties", "{'encryption.key-id':'k1'}");
    refuses(fixture, "[{'action':'set-properties','updates':{'encryption.key-id':'k2'}}]",
            ERROR_VALIDATION, "encryption.key-id");
    refuses(fixture, "[{'action':'remove-properties','removals':['encryption.key-id']}]",
            ERROR_VALIDATION, "encryption.key-id");
    assert_ok(apply(fixture, "[{'action':'set-properties','updates':{'encryption.key-id':'k1'}}]"),
              &fixture->err);
    table_of(fixture, table_v2);
    refuses(fixture, "[{'action':'set-properties','updates':{'encryption.key-id':'k2'}}]",
            ERROR_VALIDATION, "encryption.key-id");
}

/* Rule 49: adding a key that is there, or removing one that is not, changes nothing. */
static void test_table_update__encryption_keys(void **state)
{
    struct fixture *fixture = *state;
    const char *add = "[{'action':'add-encryption-key','encryption-key':{'key-id':'k',"
                      "'encrypted-key-metadata':'YWJj','x':1,'properties':null}}]";
    table_of(fixture, table_v3);
    assert_ok(apply(fixture, add), &fixture->err);
    equals_at(fixture, "encryption-keys", "[{'key-id':'k','encrypted-key-metadata':'YWJj','x':1}]");
    commit_result(fixture);
    changes_nothing(fixture, add);
    assert_ok(apply(fixture, "[{'action':'remove-encryption-key','key-id':'k'}]"), &fixture->err);
    assert_null(at(fixture, "encryption-keys"));
    refuses(fixture,
            "[{'action':'add-encryption-key','encryption-key':{'key-id':'k2',"
            "'encrypted-key-metadata':'!'}}]",
            ERROR_BAD_REQUEST, "base64");
    refuses(fixture, "[{'action':'add-encryption-key','encryption-key':{'key-id':'k2'}}]",
            ERROR_BAD_REQUEST, "encrypted-key-metadata");
}

static void test_table_update__write_properties_are_reported(void **state)
{
    struct fixture *fixture = *state;
    table_v2_with(fixture, "properties",
                  "{'write.metadata.path':'s3://m/x/','write.metadata.compression-codec':'GZIP'}");
    assert_ok(apply(fixture, "[{'action':'set-location','location':'file:///n'}]"), &fixture->err);
    assert_slice_equal(fixture->table_result.metadata_directory, "s3://m/x");
    assert_slice_equal(fixture->table_result.metadata_codec, "GZIP");
    assert_ok(apply(fixture, "[{'action':'remove-properties','removals':["
                             "'write.metadata.path','write.metadata.compression-codec']}]"),
              &fixture->err);
    assert_slice_equal(fixture->table_result.metadata_directory, "file:///w/t/metadata");
    assert_slice_equal(fixture->table_result.metadata_codec, "");
}

static void test_table_update__number_of_updates_is_bounded(void **state)
{
    struct fixture *fixture = *state;
    size_t size = (size_t)10001 * 40;
    char *text = malloc(size);
    size_t len = 1;
    assert_non_null(text);
    text[0] = '[';
    for (int i = 0; i <= 10000; i++)
        len += (size_t)snprintf(text + len, size - len, "%s{'action':'assign-uuid'}", i ? "," : "");
    memcpy(text + len, "]", 2);
    table_of(fixture, table_v2);
    refuses(fixture, text, ERROR_BAD_REQUEST, "a commit may have 10000 updates, but has 10001");
    free(text);
}

/* Rule: next-row-id belongs to v3. */
static void test_table_update__row_ids_begin_with_v3(void **state)
{
    struct fixture *fixture = *state;
    table_of(fixture, table_v2);
    assert_ok(apply(fixture, "[{'action':'set-properties','updates':{'k':'v'}}]"), &fixture->err);
    assert_null(at(fixture, "next-row-id"));
    table_of(fixture, table_v3);
    assert_ok(apply(fixture, "[{'action':'set-properties','updates':{'k':'v'}}]"), &fixture->err);
    assert_int_equal(int_at(fixture, "next-row-id"), 100);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, update_setup, update_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_table_update__unknown_action_refuses_the_whole_request),
        TEST(test_table_update__action_ignores_case),
        TEST(test_table_update__no_change_writes_nothing),
        TEST(test_table_update__updates_apply_in_order),
        TEST(test_table_update__untouched_parts_keep_their_bytes),
        TEST(test_table_update__result_is_valid_metadata),
        TEST(test_table_update__last_updated_moves_on_every_change),
        TEST(test_table_update__uuid_is_assigned_once),
        TEST(test_table_update__format_version_only_rises),
        TEST(test_table_update__v1_writes_old_and_new_members),
        TEST(test_table_update__upgrade_from_v1_to_v2),
        TEST(test_table_update__upgrade_from_v2_to_v3),
        TEST(test_table_update__no_current_snapshot_by_version),
        TEST(test_table_update__location_loses_trailing_slashes),
        TEST(test_table_update__reserved_properties_are_not_stored),
        TEST(test_table_update__removing_all_properties_leaves_none),
        TEST(test_table_update__legacy_names_of_property_updates),
        TEST(test_table_update__encryption_key_id_is_immutable),
        TEST(test_table_update__encryption_keys),
        TEST(test_table_update__write_properties_are_reported),
        TEST(test_table_update__number_of_updates_is_bounded),
        TEST(test_table_update__row_ids_begin_with_v3),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
