#include "cli/connect.h"

#include <stdlib.h>

#include "cli/runtimes.h"
#include "tests/unit/cmocka_all.h"

#define TEXT(text) SLICE_LITERAL(text)

static const struct connect PLAIN = {.target = {"pyspark", 7},
                                     .url = {"http://127.0.0.1:8181", 21},
                                     .warehouse = {"default", 7},
                                     .location = {"file:///srv/lake", 16},
                                     .catalog = {"firn", 4}};

/* The caller frees it. */
static char *text_of(struct connect connect)
{
    struct buffer out;
    struct error err = {0};
    buffer_init(&out, 65536);
    assert_ok(connect_check(&connect, &err), &err);
    assert_ok(connect_put(&connect, &out, &err), &err);
    buffer_append_byte(&out, '\0');
    return buffer_detach(&out);
}

static void assert_text(struct connect connect, const char *words, bool is_there)
{
    char *text = text_of(connect);
    if ((strstr(text, words) != NULL) != is_there)
        fail_msg("'%s' %s in\n%s", words, is_there ? "is not" : "is", text);
    free(text);
}

static void test_connect__storage_follows_the_warehouse(void **state)
{
    struct connect connect = PLAIN;
    (void)state;
    assert_text(connect, "iceberg-aws-bundle", false);
    assert_text(connect, "X-Iceberg-Access-Delegation", false);
    connect.location = TEXT("s3://bucket/lake");
    assert_text(connect, ",org.apache.iceberg:iceberg-aws-bundle:1.11.0\"", true);
    assert_text(connect,
                ".config(\"spark.sql.catalog.firn.header.X-Iceberg-Access-Delegation\", "
                "\"vended-credentials,remote-signing\")\n",
                true);
    connect.location = TEXT("gs://bucket/lake");
    assert_text(connect, ",org.apache.iceberg:iceberg-gcp-bundle:1.11.0\"", true);
    connect.location = TEXT("abfss://c@a.dfs.core.windows.net/lake");
    assert_text(connect, ",org.apache.iceberg:iceberg-azure-bundle:1.11.0\"", true);
    connect.location = TEXT("s3://bucket/lake");
    connect.target = TEXT("duckdb");
    assert_text(connect, "LOAD httpfs", true);
    connect.target = TEXT("trino");
    assert_text(connect, "fs.native-s3.enabled=true", true);
    assert_text(connect, "fs.hadoop.enabled", false);
}

static void test_connect__says_what_other_machines_need(void **state)
{
    struct connect connect = PLAIN;
    (void)state;
    connect.target = TEXT("spark-cluster");
    assert_text(connect, "is this machine alone", true);
    assert_text(connect, "The warehouse lies in file:///srv/lake", true);
    connect.url = TEXT("http://lake.example:8181");
    connect.location = TEXT("s3://b/w");
    assert_text(connect, "is this machine alone", false);
    assert_text(connect, "The warehouse lies in", false);
}

static void test_connect__a_location_ends_no_comment(void **state)
{
    struct connect connect = PLAIN;
    (void)state;
    connect.target = TEXT("spark-cluster");
    connect.location = TEXT("file:///a\nspark.master evil");
    assert_text(connect, "\nspark.master evil", false);
    assert_text(connect, "a\\u{a}spark.master evil", true);
}

static void test_connect__reads_the_demo_table_where_it_is(void **state)
{
    static const char *const TARGETS[] = {"pyspark", "pyiceberg", "duckdb", "flink", "curl"};
    (void)state;
    for (size_t i = 0; i < sizeof(TARGETS) / sizeof(TARGETS[0]); i++) {
        struct connect connect = PLAIN;
        connect.target = slice_from_string(TARGETS[i]);
        assert_text(connect, "flights", false);
        connect.has_demo = true;
        assert_text(connect, "flights", true);
    }
}

static void test_connect__every_target_that_is_listed_has_its_text(void **state)
{
    const char *name = connect_names;
    (void)state;
    while (*name) {
        struct connect connect = PLAIN;
        size_t size = strcspn(name, "|");
        connect.target = slice_make(name, size);
        char *text = text_of(connect);
        json_t *json = connect_json(&connect, slice_from_string(text));
        assert_slice_equal(connect.target, json_string_value(json_object_get(json, "target")));
        assert_string_equal(json_string_value(json_object_get(json, "text")), text);
        json_decref(json);
        free(text);
        name += size + (name[size] == '|');
    }
}

static void test_runtimes__are_found_by_their_line(void **state)
{
    (void)state;
    assert_string_equal(spark_runtime_find(TEXT("3.5.8"), SLICE_EMPTY)->scala, "2.12");
    assert_string_equal(spark_runtime_find(TEXT("3.5"), TEXT("2.13"))->iceberg, "1.11.0");
    assert_string_equal(spark_runtime_find(SLICE_EMPTY, SLICE_EMPTY)->spark, SPARK_DEFAULT);
    assert_null(spark_runtime_find(TEXT("4.10"), SLICE_EMPTY));
    assert_null(spark_runtime_find(TEXT("4"), SLICE_EMPTY));
    assert_null(spark_runtime_find(TEXT("4.1"), TEXT("2.12")));
    assert_string_equal(flink_runtime_find(SLICE_EMPTY)->flink, FLINK_DEFAULT);
    assert_null(flink_runtime_find(TEXT("1.2")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_connect__storage_follows_the_warehouse),
        cmocka_unit_test(test_connect__says_what_other_machines_need),
        cmocka_unit_test(test_connect__a_location_ends_no_comment),
        cmocka_unit_test(test_connect__reads_the_demo_table_where_it_is),
        cmocka_unit_test(test_connect__every_target_that_is_listed_has_its_text),
        cmocka_unit_test(test_runtimes__are_found_by_their_line),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
