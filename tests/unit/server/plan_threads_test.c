/* Plans, their parts, cancellations and commits at the same time: for the thread sanitizer. */
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "base/json_tree.h"
#include "base/limits.h"
#include "tests/unit/scan/plan_fixture.h"
#include "tests/unit/server/plan_table.h"

#define ROUNDS 40
#define T_URI PLAN_TABLE_URI

static struct server_fixture fixture;

static void set_up(const char *const *extra)
{
    plan_table_create(&fixture, extra, plan_fixture_store());
}

/* A client of its own: server_fixture_send keeps what was answered in its fixture. */
static void client_init(struct server_fixture *client)
{
    *client = (struct server_fixture){.server = fixture.server};
    buffer_init(&client->body, 64 * MIB);
}

static void client_finish(struct server_fixture *client)
{
    reply_unref(client->reply);
    buffer_finish(&client->body);
}

static void expect(struct server_fixture *client, const char *method, const char *uri,
                   const char *body, int status)
{
    if (fixture_send(client, method, uri, body) != status)
        fail_msg("%s %s: %s", method, uri, fixture_body(client));
}

static json_t *answer_of(const struct server_fixture *client)
{
    json_error_t place;
    json_t *tree = json_loads(fixture_body(client), 0, &place);
    assert_non_null(tree);
    return tree;
}

static size_t count_tasks(const struct server_fixture *client)
{
    json_t *tree = answer_of(client);
    size_t count = json_array_size(json_object_get(tree, "file-scan-tasks"));
    json_decref(tree);
    return count;
}

static void fetch(struct server_fixture *client, const json_t *task, size_t *ret_count)
{
    char *body = NULL;
    assert_true(asprintf(&body, "{\"plan-task\":\"%s\"}", json_string_value(task)) > 0);
    expect(client, "POST", "/v1/namespaces/ns/tables/t/tasks", body, 200);
    *ret_count += count_tasks(client);
    free(body);
}

static void cancel(struct server_fixture *client, const json_t *plan)
{
    char uri[1024];
    (void)snprintf(uri, sizeof(uri), T_URI "/plan/%s",
                   json_string_value(json_object_get(plan, "plan-id")));
    expect(client, "DELETE", uri, NULL, 204);
}

static bool is_submitted(const json_t *plan)
{
    return strcmp(json_string_value(json_object_get(plan, "status")), "submitted") == 0;
}

/* The plan's result, where it was submitted; the reference is the caller's. */
static json_t *await(struct server_fixture *client, json_t *plan)
{
    char uri[1024];
    json_t *result = json_incref(plan);
    (void)snprintf(uri, sizeof(uri), T_URI "/plan/%s",
                   json_string_value(json_object_get(plan, "plan-id")));
    while (is_submitted(result)) {
        json_decref(result);
        expect(client, "GET", uri, NULL, 200);
        result = answer_of(client);
    }
    return result;
}

/* Plans, fetches the parts where there are any, and cancels. */
static size_t plan_once(struct server_fixture *client, const char *request)
{
    size_t i, count = 0;
    json_t *task;
    expect(client, "POST", T_URI "/plan", request, 200);
    json_t *plan = answer_of(client), *result = await(client, plan);
    count = json_array_size(json_object_get(result, "file-scan-tasks"));
    json_array_foreach(json_object_get(result, "plan-tasks"), i, task)
        fetch(client, task, &count);
    cancel(client, plan);
    json_decref(result);
    json_decref(plan);
    return count;
}

/* Gives it up at once: what has been submitted is under way. */
static void plan_and_cancel(struct server_fixture *client)
{
    expect(client, "POST", T_URI "/plan", "{}", 200);
    json_t *plan = answer_of(client);
    cancel(client, plan);
    json_decref(plan);
}

static void *plan_often(void *context)
{
    struct server_fixture client;
    client_init(&client);
    for (int i = 0; i < ROUNDS; i++) {
        plan_and_cancel(&client);
        assert_int_equal(plan_once(&client, "{}"), 3);
        assert_int_equal(plan_once(&client, "{\"filter\":{\"type\":\"gt\",\"term\":\"id\","
                                            "\"value\":19},\"stats-fields\":[\"id\"]}"),
                         1);
    }
    client_finish(&client);
    return context;
}

static void *commit_often(void *context)
{
    struct server_fixture client;
    char body[256];
    client_init(&client);
    for (int i = 0; i < ROUNDS; i++) {
        (void)snprintf(body, sizeof(body),
                       "{\"requirements\":[],\"updates\":[{\"action\":\"set-properties\","
                       "\"updates\":{\"round\":\"%d\"}}]}",
                       i);
        expect(&client, "POST", T_URI, body, 200);
    }
    client_finish(&client);
    return context;
}

static void run_together(void)
{
    pthread_t threads[4];
    for (size_t i = 0; i < 4; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, i < 3 ? plan_often : commit_often, NULL),
                         0);
    for (size_t i = 0; i < 4; i++)
        pthread_join(threads[i], NULL);
}

static void test_plans__and_commits_go_together(void **state)
{
    (void)state;
    set_up((const char *const[]){"--plan-threads", "3", NULL});
    run_together();
    server_fixture_finish(&fixture);
}

static void test_plans__in_parts_and_without_a_cache_go_with_commits(void **state)
{
    (void)state;
    set_up((const char *const[]){"--plan-threads", "3", "--plan-files", "1", "--cache-size", "0",
                                 NULL});
    run_together();
    server_fixture_finish(&fixture);
}

/* Parts of several plans share the index of their deletes. */
static void test_plans__in_parts_share_what_is_cached(void **state)
{
    (void)state;
    set_up((const char *const[]){"--plan-threads", "3", "--plan-files", "1", NULL});
    run_together();
    server_fixture_finish(&fixture);
}

static void test_plans__that_are_submitted_go_with_commits_and_cancellations(void **state)
{
    (void)state;
    set_up((const char *const[]){"--plan-threads", "2", "--plan-submit-files", "1", NULL});
    run_together();
    server_fixture_finish(&fixture);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_plans__and_commits_go_together),
        cmocka_unit_test(test_plans__in_parts_and_without_a_cache_go_with_commits),
        cmocka_unit_test(test_plans__in_parts_share_what_is_cached),
        cmocka_unit_test(test_plans__that_are_submitted_go_with_commits_and_cancellations),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
