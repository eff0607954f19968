/* Submitted plans while they are worked on, with manifests that come when the test lets them. */
#include <semaphore.h>
#include <stdatomic.h>
#include <stdio.h>

#include "base/json_tree.h"
#include "base/limits.h"
#include "server/workers.h"
#include "tests/unit/scan/plan_fixture.h"
#include "tests/unit/server/plan_table.h"

static struct server_fixture fixture;

/* --- a store that waits --------------------------------------------------------------------- */

static atomic_int reads; /* of manifests that began */
static sem_t begun, gate;

static bool is_manifest(struct slice uri)
{
    struct slice name = slice_from(uri, strlen("mem://b/t/metadata/"));
    return name.len > 0 && name.ptr[0] == 'm';
}

static bool slow_get(struct object_store *self, struct slice uri, struct buffer *out,
                     struct error *err)
{
    struct object_store *files = plan_fixture_store();
    (void)self;
    if (is_manifest(uri)) {
        atomic_fetch_add(&reads, 1);
        sem_post(&begun);
        sem_wait(&gate);
    }
    return files->ops->get(files, uri, out, err);
}

static void slow_destroy(struct object_store *self)
{
    (void)self;
}

static const struct object_store_ops SLOW_OPS = {.get = slow_get, .destroy = slow_destroy};
static struct object_store slow = {.ops = &SLOW_OPS};

/* --- the server ----------------------------------------------------------------------------- */

static char plan_uri[1024];

static int set_up(void **state)
{
    (void)state;
    sem_init(&begun, 0, 0);
    sem_init(&gate, 0, 0);
    atomic_store(&reads, 0);
    plan_table_create(&fixture,
                      (const char *const[]){"--plan-threads", "1", "--plan-submit-files", "1",
                                            "--workers", "2", NULL},
                      &slow);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    server_fixture_finish(&fixture);
    sem_destroy(&begun);
    sem_destroy(&gate);
    return 0;
}

static void expect(const char *method, const char *uri, const char *body, int status,
                   const char *part)
{
    if (fixture_send(&fixture, method, uri, body) != status ||
        (part && !strstr(fixture_body(&fixture), part)))
        fail_msg("%s %s: %s", method, uri, fixture_body(&fixture));
}

static void submit(void)
{
    json_error_t place;
    expect("POST", PLAN_TABLE_URI "/plan", "{}", 200, "\"status\":\"submitted\"");
    json_t *tree = json_loads(fixture_body(&fixture), 0, &place);
    (void)snprintf(plan_uri, sizeof(plan_uri), PLAN_TABLE_URI "/plan/%s",
                   json_string_value(json_object_get(tree, "plan-id")));
    json_decref(tree);
}

static void open_gate(int manifests)
{
    for (int i = 0; i < manifests; i++)
        sem_post(&gate);
}

static void wait_until_over(const char *part)
{
    do
        expect("GET", plan_uri, NULL, 200, NULL);
    while (strstr(fixture_body(&fixture), "\"submitted\""));
    if (!strstr(fixture_body(&fixture), part))
        fail_msg("%s", fixture_body(&fixture));
}

static void test_submitted_plan__is_submitted_until_its_job_has_ended(void **state)
{
    (void)state;
    submit();
    sem_wait(&begun);
    for (int i = 0; i < 3; i++)
        expect("GET", plan_uri, NULL, 200, "{\"status\":\"submitted\"}");
    assert_int_equal(atomic_load(&reads), 1);
    open_gate(100);
    wait_until_over("\"status\":\"completed\"");
    assert_non_null(strstr(fixture_body(&fixture), "a.parquet"));
}

static void test_submitted_plan__that_is_cancelled_reads_no_more(void **state)
{
    (void)state;
    submit();
    sem_wait(&begun);
    expect("DELETE", plan_uri, NULL, 204, NULL);
    expect("GET", plan_uri, NULL, 200, "{\"status\":\"cancelled\"}");
    open_gate(100);
    assert_true(workers_drain(fixture.server->workers, 60 * 1000));
    assert_int_equal(atomic_load(&reads), 1);
    expect("GET", plan_uri, NULL, 200, "{\"status\":\"cancelled\"}");
}

/* The row stays as it is, for whoever is asked next. */
static void test_submitted_plan__is_left_alone_by_a_stop(void **state)
{
    (void)state;
    submit();
    sem_wait(&begun);
    atomic_store(&fixture.server->is_draining, true);
    open_gate(100);
    assert_true(workers_drain(fixture.server->workers, 60 * 1000));
    assert_int_equal(atomic_load(&reads), 1);
    atomic_store(&fixture.server->is_draining, false);
    expect("GET", plan_uri, NULL, 200, "{\"status\":\"submitted\"}");
    wait_until_over("\"status\":\"completed\"");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_submitted_plan__is_submitted_until_its_job_has_ended,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_submitted_plan__that_is_cancelled_reads_no_more,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_submitted_plan__is_left_alone_by_a_stop, set_up,
                                        tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
