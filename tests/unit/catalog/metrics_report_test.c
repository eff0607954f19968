#include "catalog/metrics_report.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/limits.h"
#include "tests/unit/catalog/catalog_fixture.h"

#define SCAN_HEAD                                                                         \
    "'report-type':'scan-report','table-name':'t','snapshot-id':1,'filter':true,'schema-id':0,"
#define SCAN SCAN_HEAD "'projected-field-ids':[1],'projected-field-names':['id'],'metrics':{}"
#define COMMIT_HEAD                                                   \
    "'report-type':'commit-report','table-name':'t','snapshot-id':1," \
    "'sequence-number':1,'operation':'append',"
#define COMMIT COMMIT_HEAD "'metrics':{}"
#define COMMIT_WITH(metric) "{" COMMIT_HEAD "'metrics':{" metric "}}"

static bool add(struct world *world, struct entity_name name, const char *json)
{
    json_t *request = json_of_text("%s", json);
    error_clear(&world->client.err);
    bool ok = metrics_report_add(&world->client.call, name, request, slice_from_string(json),
                                 &world->client.err);
    json_decref(request);
    return ok;
}

static size_t list(struct world *world, struct entity_name name, struct metrics_row **ret_rows)
{
    size_t count = 0;
    assert_ok(metrics_report_list(&world->client.call, name, 1000, ret_rows, &count,
                                  &world->client.err),
              &world->client.err);
    return count;
}

static void test_metrics_report__keeps_the_bytes_newest_first(void **state)
{
    struct world *world = *state;
    struct metrics_row *rows = NULL;
    assert_ok(make_table(world, NAME("t")), &world->client.err);
    assert_ok(add(world, NAME("t"), "{" SCAN "}"), &world->client.err);
    assert_ok(add(world, NAME("t"), "{ " COMMIT ",'more':1}"), &world->client.err);
    assert_int_equal(list(world, NAME("t"), &rows), 2);
    assert_slice_equal(rows[0].report, "{ " COMMIT ",'more':1}");
    assert_slice_equal(rows[1].report, "{" SCAN "}");
    assert_ok(rename_table(world, NAME("t"), NAME("u")), &world->client.err);
    assert_int_equal(list(world, NAME("u"), &rows), 2);
}

static void test_metrics_report__keeps_a_bounded_number(void **state)
{
    struct world *world = *state;
    struct metrics_row *rows = NULL;
    char text[WORLD_PATH_SIZE];
    assert_ok(make_table(world, NAME("t")), &world->client.err);
    assert_ok(make_table(world, NAME("other")), &world->client.err);
    assert_ok(add(world, NAME("other"), "{" SCAN "}"), &world->client.err);
    for (int i = 0; i < MAX_METRICS_REPORTS_PER_TABLE + 5; i++) {
        (void)snprintf(text, sizeof text, "{" SCAN ",'number':%d}", i);
        assert_ok(add(world, NAME("t"), text), &world->client.err);
    }
    assert_int_equal(list(world, NAME("t"), &rows), MAX_METRICS_REPORTS_PER_TABLE);
    assert_non_null(strstr(rows[0].report.ptr, "'number':104"));
    assert_int_equal(list(world, NAME("other"), &rows), 1);
}

static void test_metrics_report__refuses_what_is_no_report(void **state)
{
    struct world *world = *state;
    static const char *const wrong[] = {
        "[]", "{}", "{'report-type':'scan-report'}", "{'report-type':'x','table-name':'t'}",
        "{'report-type':'scan-report','table-name':'t','snapshot-id':1,'schema-id':0,"
        "'projected-field-ids':[],'projected-field-names':[],'metrics':{}}",
        "{'report-type':'commit-report','table-name':'t','snapshot-id':1}",
        "{'report-type':'commit-report','table-name':'t','snapshot-id':'1','sequence-number':1,"
        "'operation':'append','metrics':{}}",
        "{" SCAN_HEAD "'projected-field-ids':[1,'2'],'projected-field-names':[],'metrics':{}}",
        "{" SCAN_HEAD "'projected-field-ids':[],'projected-field-names':[null],'metrics':{}}",
        "{" SCAN ",'metadata':{'engine':1}}",
        COMMIT_WITH("'m':null"),
        COMMIT_WITH("'m':{}"),
        COMMIT_WITH("'m':{'unit':'count','value':[null,null]}"),
        COMMIT_WITH("'m':{'unit':1,'value':1}"),
        COMMIT_WITH("'m':{'time-unit':'nanoseconds','count':1}"),
        COMMIT_WITH("'m':{'time-unit':'nanoseconds','count':1,'total-duration':1.5}"),
    };
    assert_ok(make_table(world, NAME("t")), &world->client.err);
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        assert_false(add(world, NAME("t"), wrong[i]));
        assert_string_equal(error_kind_name(world->client.err.kind), "bad_request");
    }
}

static void test_metrics_report__takes_counters_and_timers(void **state)
{
    struct world *world = *state;
    assert_ok(make_table(world, NAME("t")), &world->client.err);
    assert_ok(add(world, NAME("t"),
                  COMMIT_WITH("'a':{'unit':'count','value':9223372036854775807},"
                              "'b':{'time-unit':'nanoseconds','count':1,'total-duration':2}")),
              &world->client.err);
    assert_false(add(world, NAME("t"), COMMIT_WITH("'a-timer':{'time-unit':'x','count':'1'}")));
    assert_error(world, ERROR_BAD_REQUEST,
                 "Invalid metric 'a-timer': count must be an integer, but is a string");
}

static void test_metrics_report__needs_the_table(void **state)
{
    struct world *world = *state;
    struct metrics_row *rows = NULL;
    size_t count = 0;
    assert_false(add(world, NAME("t"), "{" SCAN "}"));
    assert_error(world, ERROR_NO_SUCH_TABLE, "Table does not exist: ns.t");
    assert_fails(metrics_report_list(&world->client.call, NAME("t"), 1, &rows, &count,
                                     &world->client.err),
                 &world->client.err, ERROR_NO_SUCH_TABLE);
}

static void test_metrics_report__has_a_largest_size(void **state)
{
    struct world *world = *state;
    assert_ok(make_table(world, NAME("t")), &world->client.err);
    char *text = calloc(1, MAX_METRICS_REPORT_SIZE + 1);
    json_t *request = json_of_text("{" SCAN "}");
    assert_non_null(text);
    memset(text, ' ', MAX_METRICS_REPORT_SIZE + 1);
    assert_fails(metrics_report_add(&world->client.call, NAME("t"), request,
                                    slice_make(text, MAX_METRICS_REPORT_SIZE + 1),
                                    &world->client.err),
                 &world->client.err, ERROR_TOO_LARGE);
    json_decref(request);
    free(text);
}

#define IN_WORLD(test) cmocka_unit_test_setup_teardown(test, world_setup, world_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_WORLD(test_metrics_report__keeps_the_bytes_newest_first),
        IN_WORLD(test_metrics_report__keeps_a_bounded_number),
        IN_WORLD(test_metrics_report__refuses_what_is_no_report),
        IN_WORLD(test_metrics_report__takes_counters_and_timers),
        IN_WORLD(test_metrics_report__needs_the_table),
        IN_WORLD(test_metrics_report__has_a_largest_size),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
