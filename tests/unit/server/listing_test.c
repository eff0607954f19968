/* Listings are kept, and are never older than the last change that was acknowledged. */
#include "tests/unit/server/server_fixture.h"

#define SCHEMA "\"schema\":{\"type\":\"struct\",\"fields\":[]}"
#define VIEW_BODY(name)                                                                          \
    "{\"name\":\"" name "\",\"schema\":{\"type\":\"struct\",\"schema-id\":0,\"fields\":[]},"     \
    "\"view-version\":{\"version-id\":1,\"schema-id\":0,\"timestamp-ms\":1,\"summary\":{},"      \
    "\"default-namespace\":[\"a\"],\"representations\":[{\"type\":\"sql\",\"sql\":\"select 1\"," \
    "\"dialect\":\"spark\"}]},\"properties\":{}}"
#define RENAME(from, to)                                         \
    "{\"source\":{\"namespace\":[\"a\"],\"name\":\"" from "\"}," \
    "\"destination\":{\"namespace\":[\"" to "\"],\"name\":\"" from "\"}}"

static struct server_fixture fixture;

static int send(const char *method, const char *uri, const char *body)
{
    return fixture_send(&fixture, method, uri, body);
}

static int set_up(void **state)
{
    (void)state;
    server_fixture_init(&fixture, NULL);
    assert_int_equal(send("POST", "/v1/namespaces", "{\"namespace\":[\"a\"]}"), 200);
    assert_int_equal(send("POST", "/v1/namespaces", "{\"namespace\":[\"b\"]}"), 200);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    server_fixture_finish(&fixture);
    return 0;
}

static void make_table(const char *body)
{
    assert_int_equal(send("POST", "/v1/namespaces/a/tables", body), 200);
}

/* Made once and then kept; both times the same. */
static void settle(const char *uri)
{
    char first[4096];
    assert_int_equal(send("GET", uri, NULL), 200);
    (void)snprintf(first, sizeof(first), "%s", fixture_body(&fixture));
    assert_int_equal(send("GET", uri, NULL), 200);
    assert_true(fixture.was_fast);
    assert_string_equal(fixture_body(&fixture), first);
}

static void must_list(const char *uri, const char *name, bool is_there)
{
    char quoted[64];
    (void)snprintf(quoted, sizeof(quoted), "\"%s\"", name);
    assert_int_equal(send("GET", uri, NULL), 200);
    assert_true((strstr(fixture_body(&fixture), quoted) != NULL) == is_there);
    settle(uri);
}

static void test_tables__are_listed_as_they_are_after_each_change(void **state)
{
    (void)state;
    settle("/v1/namespaces/a/tables");
    settle("/v1/namespaces/b/tables");
    make_table("{\"name\":\"t\"," SCHEMA "}");
    must_list("/v1/namespaces/a/tables", "t", true);
    assert_int_equal(send("POST", "/v1/tables/rename", RENAME("t", "b")), 204);
    must_list("/v1/namespaces/a/tables", "t", false);
    must_list("/v1/namespaces/b/tables", "t", true);
    assert_int_equal(send("DELETE", "/v1/namespaces/b/tables/t", NULL), 204);
    must_list("/v1/namespaces/b/tables", "t", false);
}

static void test_listing__is_kept_where_a_commit_or_another_namespace_changes(void **state)
{
    (void)state;
    make_table("{\"name\":\"t\"," SCHEMA "}");
    settle("/v1/namespaces/a/tables");
    assert_int_equal(send("POST", "/v1/namespaces/a/tables/t",
                          "{\"requirements\":[],\"updates\":[{\"action\":\"set-properties\","
                          "\"updates\":{\"k\":\"v\"}}]}"),
                     200);
    assert_int_equal(send("POST", "/v1/namespaces/b/tables", "{\"name\":\"u\"," SCHEMA "}"), 200);
    assert_int_equal(send("GET", "/v1/namespaces/a/tables", NULL), 200);
    assert_true(fixture.was_fast);
}

static void test_views__are_listed_as_they_are_after_each_change(void **state)
{
    (void)state;
    settle("/v1/namespaces/a/views");
    assert_int_equal(send("POST", "/v1/namespaces/a/views", VIEW_BODY("v")), 200);
    must_list("/v1/namespaces/a/views", "v", true);
    must_list("/v1/namespaces/a/tables", "v", false);
    assert_int_equal(send("DELETE", "/v1/namespaces/a/views/v", NULL), 204);
    must_list("/v1/namespaces/a/views", "v", false);
}

static void test_namespaces__are_listed_as_they_are_after_each_change(void **state)
{
    (void)state;
    settle("/v1/namespaces");
    settle("/v1/namespaces?parent=a");
    settle("/v1/namespaces/a/tables");
    assert_int_equal(send("POST", "/v1/namespaces", "{\"namespace\":[\"a\",\"c\"]}"), 200);
    must_list("/v1/namespaces?parent=a", "c", true);
    assert_int_equal(send("DELETE", "/v1/namespaces/a%1Fc", NULL), 204);
    must_list("/v1/namespaces?parent=a", "c", false);
    assert_int_equal(send("DELETE", "/v1/namespaces/a", NULL), 204);
    must_list("/v1/namespaces", "a", false);
    assert_int_equal(send("GET", "/v1/namespaces/a/tables", NULL), 404);
    assert_int_equal(send("GET", "/v1/namespaces?parent=a", NULL), 404);
}

/* The pages of one listing, and listings of one path that are spelled in two ways. */
static void test_answers__that_differ_are_kept_apart(void **state)
{
    (void)state;
    char page[4096];
    make_table("{\"name\":\"t1\"," SCHEMA "}");
    make_table("{\"name\":\"t2\"," SCHEMA "}");
    settle("/v1/namespaces/a/tables?pageToken=&pageSize=1");
    (void)snprintf(page, sizeof(page), "%s", fixture_body(&fixture));
    assert_contains(page, "\"t1\"");
    settle("/v1/namespaces/a/tables?pageToken=&pageSize=2");
    assert_contains(fixture_body(&fixture), "\"t2\"");
    settle("/v1/namespaces/a/tables");
    assert_contains(fixture_body(&fixture), "\"next-page-token\":null");
    char *token = strstr(page, "\"next-page-token\":\"");
    assert_non_null(token);
    token += strlen("\"next-page-token\":\"");
    *strchr(token, '"') = '\0';
    char uri[4096];
    (void)snprintf(uri, sizeof(uri), "/v1/namespaces/a/tables?pageSize=1&pageToken=%s", token);
    settle(uri);
    assert_contains(fixture_body(&fixture), "\"t2\"");
    assert_null(strstr(fixture_body(&fixture), "\"t1\""));
}

/* A client that writes spaces as '+' gets tokens that it can use. */
static void test_pages__of_a_name_with_a_space_go_on_in_the_spelling_they_began_with(void **state)
{
    (void)state;
    const char *const spellings[] = {"/v1/namespaces/x+y/tables", "/v1/namespaces/x%20y/tables"};
    char uri[4096];
    assert_int_equal(send("POST", "/v1/namespaces", "{\"namespace\":[\"x y\"]}"), 200);
    assert_int_equal(send("POST", "/v1/namespaces/x%20y/tables", "{\"name\":\"t1\"," SCHEMA "}"),
                     200);
    assert_int_equal(send("POST", "/v1/namespaces/x%20y/tables", "{\"name\":\"t2\"," SCHEMA "}"),
                     200);
    for (int i = 0; i < 2; i++) {
        (void)snprintf(uri, sizeof(uri), "%s?pageSize=1&pageToken=", spellings[i]);
        assert_int_equal(send("GET", uri, NULL), 200);
        char *token = strstr(fixture.body.ptr, "\"next-page-token\":\"");
        assert_non_null(token);
        token += strlen("\"next-page-token\":\"");
        *strchr(token, '"') = '\0';
        strcat(uri, token);
        assert_int_equal(send("GET", uri, NULL), 200);
        assert_contains(fixture_body(&fixture), "\"t2\"");
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_tables__are_listed_as_they_are_after_each_change),
        TEST(test_listing__is_kept_where_a_commit_or_another_namespace_changes),
        TEST(test_views__are_listed_as_they_are_after_each_change),
        TEST(test_namespaces__are_listed_as_they_are_after_each_change),
        TEST(test_answers__that_differ_are_kept_apart),
        TEST(test_pages__of_a_name_with_a_space_go_on_in_the_spelling_they_began_with),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
