#include "catalog/table_update.h"

#include "tests/unit/catalog/update_fixture.h"

#define FILE_OF(id, path, blobs)                                                  \
    "{'snapshot-id':" #id ",'statistics-path':'" path "','file-size-in-bytes':4," \
    "'file-footer-size-in-bytes':2,'blob-metadata':[" blobs "],'x':1}"
#define BLOB "{'type':'t','snapshot-id':20,'sequence-number':2,'fields':[1],'properties':null}"

/* Rule 40: one file for each snapshot; a later one takes the former's place. */
static void test_set_statistics__replaces_the_snapshot_s_file(void **state)
{
    struct fixture *fixture = *state;
    table_of(fixture, table_v2);
    assert_ok(apply(fixture,
                    "[{'action':'set-statistics','statistics':" FILE_OF(
                        20, "p20",
                        BLOB) "},{'action':'set-statistics','statistics':" FILE_OF(10, "new",
                                                                                   "") "}]"),
              &fixture->err);
    assert_int_equal(size_at(fixture, "statistics"), 2);
    equals_at(fixture, "statistics.0",
              "{'snapshot-id':20,'statistics-path':'p20','file-size-in-bytes':4,"
              "'file-footer-size-in-bytes':2,'x':1,'blob-metadata':[{'type':'t','snapshot-id':20,"
              "'sequence-number':2,'fields':[1]}]}");
    assert_string_equal(text_at(fixture, "statistics.1.statistics-path"), "new");
    commit_result(fixture);
}

/* Rule 40: the snapshot id beside the file is deprecated; the file's own counts. */
static void test_set_statistics__snapshot_id_is_the_file_s(void **state)
{
    struct fixture *fixture = *state;
    table_of(fixture, table_v2);
    assert_ok(apply(fixture,
                    "[{'action':'set-statistics','snapshot-id':10,'statistics':" FILE_OF(20, "p20",
                                                                                         "") "}]"),
              &fixture->err);
    assert_int_equal(size_at(fixture, "statistics"), 2);
    assert_int_equal(int_at(fixture, "statistics.0.snapshot-id"), 10);
    assert_int_equal(int_at(fixture, "statistics.1.snapshot-id"), 20);
}

/* Rule 40: removing what is there is a change, what is not there none. */
static void test_remove_statistics__of_a_snapshot(void **state)
{
    struct fixture *fixture = *state;
    table_of(fixture, table_v2);
    changes_nothing(fixture, "[{'action':'remove-statistics','snapshot-id':20}]");
    assert_ok(apply(fixture, "[{'action':'remove-statistics','snapshot-id':10}]"), &fixture->err);
    equals_at(fixture, "statistics", "[]");
    assert_int_equal(size_at(fixture, "partition-statistics"), 1);
}

/* Rule 40. */
static void test_set_partition_statistics__replaces_the_snapshot_s_file(void **state)
{
    struct fixture *fixture = *state;
    table_of(fixture, table_v2);
    assert_ok(apply(fixture, "[{'action':'set-partition-statistics','partition-statistics':"
                             "{'snapshot-id':10,'statistics-path':'n','file-size-in-bytes':3}}]"),
              &fixture->err);
    equals_at(fixture, "partition-statistics",
              "[{'snapshot-id':10,'statistics-path':'n','file-size-in-bytes':3}]");
    assert_ok(apply(fixture, "[{'action':'remove-partition-statistics','snapshot-id':10}]"),
              &fixture->err);
    equals_at(fixture, "partition-statistics", "[]");
    assert_int_equal(size_at(fixture, "statistics"), 1);
}

static void test_set_statistics__file_is_well_formed(void **state)
{
    struct fixture *fixture = *state;
    static const char *const blobs[] = {
        "{'snapshot-id':1,'sequence-number':2,'fields':[1]}",
        "{'type':'t','sequence-number':2,'fields':[1]}",
        "{'type':'t','snapshot-id':1,'fields':[1]}",
        "{'type':'t','snapshot-id':1,'sequence-number':2}",
        "{'type':'t','snapshot-id':1,'sequence-number':2,'fields':['1']}",
        "{'type':'t','snapshot-id':1,'sequence-number':2,'fields':[4294967296]}",
        "{'type':'t','snapshot-id':1,'sequence-number':2,'fields':[1],'properties':{'a':1}}"};
    table_of(fixture, table_v2);
    for (size_t i = 0; i < sizeof(blobs) / sizeof(*blobs); i++) {
        char text[600];
        snprintf(text, sizeof(text),
                 "[{'action':'set-statistics','statistics':{'snapshot-id':10,"
                 "'statistics-path':'p','file-size-in-bytes':4,'file-footer-size-in-bytes':2,"
                 "'blob-metadata':[%s]}}]",
                 blobs[i]);
        refuses(fixture, text, ERROR_BAD_REQUEST, "set-statistics: ");
    }
    refuses(fixture, "[{'action':'set-statistics','statistics':{'snapshot-id':10}}]",
            ERROR_BAD_REQUEST, "statistics-path");
    refuses(fixture, "[{'action':'set-statistics'}]", ERROR_BAD_REQUEST, "statistics");
    refuses(fixture,
            "[{'action':'set-partition-statistics','partition-statistics':"
            "{'snapshot-id':10,'statistics-path':'n'}}]",
            ERROR_BAD_REQUEST, "file-size-in-bytes");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, update_setup, update_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_set_statistics__replaces_the_snapshot_s_file),
        TEST(test_set_statistics__snapshot_id_is_the_file_s),
        TEST(test_remove_statistics__of_a_snapshot),
        TEST(test_set_partition_statistics__replaces_the_snapshot_s_file),
        TEST(test_set_statistics__file_is_well_formed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
