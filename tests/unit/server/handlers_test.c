/* The operations over the loopback: a request in, its reply out, no sockets. */
#include "tests/unit/server/server_fixture.h"

#include <stdlib.h>
#include <unistd.h>

#define TABLE_BODY                                                                          \
    "{\"name\":\"t\",\"schema\":{\"type\":\"struct\",\"fields\":[{\"id\":1,\"name\":\"x\"," \
    "\"type\":\"long\",\"required\":false}]}}"
#define VIEW_BODY                                                                                \
    "{\"name\":\"v\",\"schema\":{\"type\":\"struct\",\"schema-id\":0,\"fields\":[{\"id\":1,"     \
    "\"name\":\"x\",\"type\":\"long\",\"required\":false}]},\"view-version\":{"                  \
    "\"version-id\":1,\"schema-id\":0,\"timestamp-ms\":1,\"summary\":{\"engine-name\":\"e\"},"   \
    "\"default-namespace\":[\"a\"],\"representations\":[{\"type\":\"sql\",\"sql\":\"select 1\"," \
    "\"dialect\":\"spark\"}]},\"properties\":{}}"
#define SET_PROPERTY                                                                               \
    "{\"requirements\":[],\"updates\":[{\"action\":\"set-properties\",\"updates\":{\"k\":\"v\"}}]" \
    "}"
#define KEY "017f22e2-79b0-7cc3-98c4-dc0c0c07398f"

static struct server_fixture fixture;

static int set_up(void **state)
{
    (void)state;
    /* Where tests make warehouses. */
    server_fixture_init(&fixture,
                        (const char *const[]){"--allow-location", "file:///tmp/firn-w", NULL});
    assert_int_equal(fixture_send(&fixture, "POST", "/v1/namespaces", "{\"namespace\":[\"a\"]}"),
                     200);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    server_fixture_finish(&fixture);
    return 0;
}

static int send(const char *method, const char *uri, const char *body)
{
    return fixture_send(&fixture, method, uri, body);
}

static void make_table(void)
{
    assert_int_equal(send("POST", "/v1/namespaces/a/tables", TABLE_BODY), 200);
}

/* --- config and routes ---------------------------------------------------------------------- */

static void test_config__names_prefix_separator_lifetime_and_endpoints(void **state)
{
    (void)state;
    assert_int_equal(send("GET", "/v1/config", NULL), 200);
    assert_true(fixture.was_fast);
    assert_contains(fixture_body(&fixture), "\"prefix\":\"default\"");
    assert_contains(fixture_body(&fixture), "\"namespace-separator\":\"%1F\"");
    assert_contains(fixture_body(&fixture), "\"idempotency-key-lifetime\":\"PT30M\"");
    assert_contains(fixture_body(&fixture), "\"POST /v1/{prefix}/transactions/commit\"");
    assert_contains(fixture_body(&fixture), "/tables/{table}/plan/{plan-id}\"");
    assert_contains(fixture_body(&fixture), "/tables/{table}/sign\"");
    assert_null(strstr(fixture_body(&fixture), "aws"));
    assert_null(strstr(fixture_body(&fixture), "management"));
    assert_null(strstr(fixture_body(&fixture), "oauth"));
}

static void test_config__finds_warehouses_by_name_and_location(void **state)
{
    (void)state;
    assert_int_equal(send("POST", "/management/v1/warehouses",
                          "{\"name\":\"w\",\"location\":\"file:///tmp/firn-w\",\"properties\":{"
                          "\"defaults.clients\":\"4\",\"overrides.x\":\"y\",\"private\":\"p\"}}"),
                     200);
    assert_int_equal(send("GET", "/v1/config?warehouse=w", NULL), 200);
    assert_contains(fixture_body(&fixture), "\"defaults\":{\"clients\":\"4\"}");
    assert_contains(fixture_body(&fixture), "\"prefix\":\"w\"");
    assert_contains(fixture_body(&fixture), "\"x\":\"y\"");
    assert_null(strstr(fixture_body(&fixture), "private"));
    assert_int_equal(send("GET", "/v1/config?warehouse=file:/tmp/firn-w/", NULL), 200);
    assert_contains(fixture_body(&fixture), "\"prefix\":\"w\"");
    assert_int_equal(send("GET", "/v1/config?warehouse=nope", NULL), 404);
    assert_contains(fixture_body(&fixture), "NoSuchWarehouseException");
}

static void test_warehouses__are_apart(void **state)
{
    (void)state;
    send("POST", "/management/v1/warehouses",
         "{\"name\":\"w\",\"location\":\"file:///tmp/firn-w\"}");
    assert_int_equal(send("GET", "/v1/w/namespaces/a", NULL), 404);
    assert_int_equal(send("GET", "/v1/default/namespaces/a", NULL), 200);
    assert_int_equal(send("GET", "/v1/nope/namespaces/a", NULL), 404);
    assert_contains(fixture_body(&fixture), "NoSuchWarehouseException");
    assert_int_equal(send("DELETE", "/management/v1/warehouses/w", NULL), 204);
    assert_int_equal(send("GET", "/management/v1/warehouses/w", NULL), 404);
}

static void test_routes__that_are_not_there_say_so(void **state)
{
    (void)state;
    assert_int_equal(send("GET", "/v1/nothing/here", NULL), 404);
    assert_contains(fixture_body(&fixture), "NoSuchRouteException");
    assert_int_equal(send("PATCH", "/v1/namespaces/a", NULL), 405);
    assert_string_equal(fixture_reply_header(&fixture, "Allow"), "GET, HEAD, DELETE");
    assert_int_equal(send("POST", "/v1/namespaces/a/tables/t/sign", "{}"), 404);
    assert_contains(fixture_body(&fixture), "NoSuchTableException");
    assert_int_equal(send("POST", "/v1/oauth/tokens", NULL), 400);
    assert_contains(fixture_body(&fixture), "\"error\":\"unsupported_grant_type\"");
}

static void test_uri__over_its_ceiling_is_414(void **state)
{
    size_t size = 70000;
    char *uri = malloc(size + 1);
    (void)state;
    memset(uri, 'a', size);
    memcpy(uri, "/v1/namespaces/", 15);
    uri[size] = '\0';
    assert_int_equal(send("GET", uri, NULL), 414);
    assert_contains(fixture_body(&fixture), "\"code\":414");
    free(uri);
}

static void test_security__holds_before_any_operation(void **state)
{
    (void)state;
    fixture_header(&fixture, "Host", "evil.example");
    assert_int_equal(send("GET", "/v1/config", NULL), 403);
    fixture_header(&fixture, "Content-Type", "text/plain");
    assert_int_equal(send("POST", "/v1/namespaces", "{\"namespace\":[\"b\"]}"), 415);
    assert_int_equal(send("GET", "/v1/namespaces/b", NULL), 404);
}

/* --- names ---------------------------------------------------------------------------------- */

/* Rule 58. */
static void test_names__that_are_illegal_are_400(void **state)
{
    static const char *const uris[] = {
        "/v1/namespaces/a%ZZ",
        "/v1/namespaces/a%1F",
        "/v1/namespaces/%1Fa",
        "/v1/namespaces/..",
        "/v1/namespaces/%2E",
        "/v1/namespaces/%00",
        "/v1/namespaces/%FF",
        "/v1/namespaces/a%0Ab",
        "/v1/namespaces//tables",
        "/v1/namespaces/a/tables/..",
        "/v1/namespaces/a/tables/%7F",
        "/v1/namespaces?parent=a%1F",
        "/v1/namespaces?pageSize=0",
        "/v1/namespaces?pageSize=x",
        "/v1/namespaces?pageToken=made-up",
    };
    (void)state;
    for (size_t i = 0; i < sizeof(uris) / sizeof(uris[0]); i++)
        if (send("GET", uris[i], NULL) != 400)
            fail_msg("%s: %s", uris[i], fixture_body(&fixture));
}

static void test_names__with_slashes_and_levels_are_one_segment(void **state)
{
    (void)state;
    assert_int_equal(send("POST", "/v1/namespaces", "{\"namespace\":[\"a\",\"b/c\"]}"), 200);
    assert_int_equal(send("GET", "/v1/namespaces/a%1Fb%2Fc", NULL), 200);
    assert_contains(fixture_body(&fixture), "[\"a\",\"b/c\"]");
    assert_int_equal(send("GET", "/v1/namespaces?parent=a", NULL), 200);
    assert_contains(fixture_body(&fixture), "[[\"a\",\"b/c\"]]");
}

/* Rule 58: "+ in a path ambiguous (Java sends it for a space): try literal, then space" */
static void test_names__with_plus_are_literal_first_and_then_a_space(void **state)
{
    (void)state;
    send("POST", "/v1/namespaces", "{\"namespace\":[\"x y\"],\"properties\":{\"is\":\"space\"}}");
    assert_int_equal(send("GET", "/v1/namespaces/x+y", NULL), 200);
    assert_contains(fixture_body(&fixture), "space");
    assert_int_equal(send("GET", "/v1/namespaces/x%2By", NULL), 404);
    send("POST", "/v1/namespaces", "{\"namespace\":[\"x+y\"],\"properties\":{\"is\":\"plus\"}}");
    assert_int_equal(send("GET", "/v1/namespaces/x+y", NULL), 200);
    assert_contains(fixture_body(&fixture), "plus");
    assert_int_equal(send("GET", "/v1/namespaces/p+q", NULL), 404);
    assert_contains(fixture_body(&fixture), "Namespace does not exist: p+q");
    assert_int_equal(send("POST", "/v1/namespaces/x%20y/tables", TABLE_BODY), 200);
    assert_int_equal(send("DELETE", "/v1/namespaces/x+y", NULL), 204);
    assert_int_equal(send("HEAD", "/v1/namespaces/x+y/tables/t", NULL), 204);
}

/* --- pages ---------------------------------------------------------------------------------- */

/* Rule 59. */
static void test_pages__cover_everything_once(void **state)
{
    char uri[512] = "/v1/namespaces?pageSize=2&pageToken=";
    char seen[1024] = "";
    int pages = 0;
    (void)state;
    for (int i = 0; i < 5; i++) {
        char body[64];
        snprintf(body, sizeof(body), "{\"namespace\":[\"n%d\"]}", i);
        assert_int_equal(send("POST", "/v1/namespaces", body), 200);
    }
    for (const char *token = ""; token; pages++) {
        assert_int_equal(send("GET", uri, NULL), 200);
        strncat(seen, fixture_body(&fixture), sizeof(seen) - strlen(seen) - 1);
        token = strstr(fixture_body(&fixture), "\"next-page-token\":\"");
        if (token) {
            token += strlen("\"next-page-token\":\"");
            snprintf(uri, sizeof(uri), "/v1/namespaces?pageSize=2&pageToken=%.*s",
                     (int)strcspn(token, "\""), token);
        }
    }
    assert_int_equal(pages, 3);
    assert_contains(seen, "[[\"a\"],[\"n0\"]]");
    assert_contains(seen, "[[\"n1\"],[\"n2\"]]");
    assert_contains(seen, "[[\"n3\"],[\"n4\"]],\"next-page-token\":null");
}

/* Rule 59: "must return all results in a single response … if … pageToken is not set
 * in the request" */
static void test_pages__are_only_made_where_a_token_was_sent(void **state)
{
    (void)state;
    send("POST", "/v1/namespaces", "{\"namespace\":[\"b\"]}");
    assert_int_equal(send("GET", "/v1/namespaces?pageSize=1", NULL), 200);
    assert_contains(fixture_body(&fixture), "[[\"a\"],[\"b\"]],\"next-page-token\":null");
}

/* --- tables --------------------------------------------------------------------------------- */

static void test_load__is_answered_from_memory_once_it_was_made(void **state)
{
    (void)state;
    make_table();
    assert_int_equal(send("GET", "/v1/namespaces/a/tables/t", NULL), 200);
    assert_int_equal(send("GET", "/v1/namespaces/a/tables/t", NULL), 200);
    assert_true(fixture.was_fast);
    assert_contains(fixture_body(&fixture), "{\"metadata-location\":\"file:///tmp/");
    assert_contains(fixture_body(&fixture), ",\"config\":{}}");
    assert_int_equal(send("HEAD", "/v1/namespaces/a/tables/t", NULL), 204);
    assert_true(fixture.was_fast);
    assert_int_equal(fixture.reply->body_size, 0);
}

/* Rule 41. */
static void test_load__has_an_etag_for_each_representation(void **state)
{
    char all[ETAG_SIZE], refs[ETAG_SIZE];
    (void)state;
    make_table();
    strcpy(all, fixture.reply->etag);
    assert_int_equal(send("GET", "/v1/namespaces/a/tables/t", NULL), 200);
    assert_string_equal(fixture_reply_header(&fixture, "ETag"), all);
    assert_int_equal(send("GET", "/v1/namespaces/a/tables/t?snapshots=refs", NULL), 200);
    strcpy(refs, fixture_reply_header(&fixture, "ETag"));
    assert_string_not_equal(all, refs);
    assert_int_equal(send("GET", "/v1/namespaces/a/tables/t?snapshots=some", NULL), 400);
    fixture_header(&fixture, "If-None-Match", all);
    assert_int_equal(send("GET", "/v1/namespaces/a/tables/t", NULL), 304);
    assert_string_equal(fixture_reply_header(&fixture, "ETag"), all);
    assert_int_equal(fixture.reply->body_size, 0);
    fixture_header(&fixture, "If-None-Match", refs);
    assert_int_equal(send("GET", "/v1/namespaces/a/tables/t", NULL), 200);
}

/* Rule K22. */
static void test_commit__changes_the_etag_and_answers_with_the_new_one(void **state)
{
    char before[ETAG_SIZE];
    (void)state;
    make_table();
    strcpy(before, fixture.reply->etag);
    assert_int_equal(send("POST", "/v1/namespaces/a/tables/t", SET_PROPERTY), 200);
    assert_string_not_equal(fixture.reply->etag, before);
    fixture_header(&fixture, "If-None-Match", before);
    assert_int_equal(send("GET", "/v1/namespaces/a/tables/t", NULL), 200);
    assert_contains(fixture_body(&fixture), "\"k\":\"v\"");
}

/* "neither a 304 nor a cached 200 will do" where the metadata file is gone. */
static void test_load__of_a_table_whose_file_is_gone_is_404(void **state)
{
    char etag[ETAG_SIZE], path[512];
    (void)state;
    make_table();
    strcpy(etag, fixture.reply->etag);
    const char *location = strstr(fixture_body(&fixture), "file://") + strlen("file://");
    snprintf(path, sizeof(path), "%.*s", (int)strcspn(location, "\""), location);
    assert_int_equal(unlink(path), 0);
    fixture_header(&fixture, "If-None-Match", etag);
    assert_int_equal(send("GET", "/v1/namespaces/a/tables/t", NULL), 404);
    assert_contains(fixture_body(&fixture), "NotFoundException");
    assert_contains(fixture_body(&fixture), "Failed to open input stream for file: file:///tmp/");
}

static void test_staged_create__has_no_location_and_is_not_there(void **state)
{
    (void)state;
    assert_int_equal(send("POST", "/v1/namespaces/a/tables",
                          "{\"name\":\"t\",\"stage-create\":true,\"schema\":{\"type\":\"struct\","
                          "\"fields\":[]}}"),
                     200);
    assert_null(strstr(fixture_body(&fixture), "metadata-location\""));
    assert_null(fixture_reply_header(&fixture, "ETag"));
    assert_int_equal(send("HEAD", "/v1/namespaces/a/tables/t", NULL), 404);
    assert_int_equal(send("GET", "/v1/namespaces/a/tables", NULL), 200);
    assert_contains(fixture_body(&fixture), "\"identifiers\":[]");
}

static void test_tables__are_dropped_renamed_unregistered_and_registered(void **state)
{
    char location[512], body[700];
    (void)state;
    make_table();
    assert_int_equal(send("POST", "/v1/tables/rename",
                          "{\"source\":{\"namespace\":[\"a\"],\"name\":\"t\"},"
                          "\"destination\":{\"namespace\":[\"a\"],\"name\":\"u\"}}"),
                     204);
    assert_int_equal(send("HEAD", "/v1/namespaces/a/tables/t", NULL), 404);
    assert_int_equal(send("POST", "/v1/namespaces/a/tables/u/unregister", NULL), 200);
    const char *found = strstr(fixture_body(&fixture), "file://");
    snprintf(location, sizeof(location), "%.*s", (int)strcspn(found, "\""), found);
    assert_int_equal(send("HEAD", "/v1/namespaces/a/tables/u", NULL), 404);
    snprintf(body, sizeof(body), "{\"name\":\"w\",\"metadata-location\":\"%s\"}", location);
    assert_int_equal(send("POST", "/v1/namespaces/a/register", body), 200);
    assert_int_equal(send("DELETE", "/v1/namespaces/a/tables/w?purgeRequested=perhaps", NULL), 400);
    assert_int_equal(send("DELETE", "/v1/namespaces/a", NULL), 409);
    assert_int_equal(send("DELETE", "/v1/namespaces/a/tables/w?purgeRequested=true", NULL), 204);
    assert_int_equal(send("DELETE", "/v1/namespaces/a", NULL), 204);
}

static void test_bodies__that_are_no_json_object_are_400(void **state)
{
    static const char *const bodies[] = {"", "{", "[]", "1", "{\"a\":1,\"a\":2}", "{} x", "nul"};
    (void)state;
    for (size_t i = 0; i < sizeof(bodies) / sizeof(bodies[0]); i++) {
        if (send("POST", "/v1/namespaces", bodies[i]) != 400)
            fail_msg("%s: %s", bodies[i], fixture_body(&fixture));
        if (send("POST", "/v1/namespaces/a/tables", bodies[i]) != 400)
            fail_msg("%s: %s", bodies[i], fixture_body(&fixture));
    }
}

/* --- views ---------------------------------------------------------------------------------- */

static void test_views__are_created_loaded_and_dropped(void **state)
{
    (void)state;
    assert_int_equal(send("POST", "/v1/namespaces/a/views", VIEW_BODY), 200);
    assert_int_equal(send("GET", "/v1/namespaces/a/views/v", NULL), 200);
    assert_true(fixture.was_fast);
    assert_int_equal(send("HEAD", "/v1/namespaces/a/views/v", NULL), 204);
    assert_int_equal(send("GET", "/v1/namespaces/a/tables/v", NULL), 404);
    assert_contains(fixture_body(&fixture), "NoSuchTableException");
    assert_int_equal(send("GET", "/v1/namespaces/a/views", NULL), 200);
    assert_contains(fixture_body(&fixture), "{\"namespace\":[\"a\"],\"name\":\"v\"}");
    assert_int_equal(send("DELETE", "/v1/namespaces/a/views/v", NULL), 204);
    assert_int_equal(send("GET", "/v1/namespaces/a/views/v", NULL), 404);
    assert_contains(fixture_body(&fixture), "NoSuchViewException");
}

/* --- idempotency ---------------------------------------------------------------------------- */

static int send_keyed(const char *method, const char *uri, const char *body)
{
    fixture_header(&fixture, "Idempotency-Key", KEY);
    return send(method, uri, body);
}

static void test_key__of_a_creation_gives_the_same_table_again(void **state)
{
    char first[4096];
    (void)state;
    assert_int_equal(send_keyed("POST", "/v1/namespaces/a/tables", TABLE_BODY), 200);
    snprintf(first, sizeof(first), "%s", fixture_body(&fixture));
    assert_int_equal(send_keyed("POST", "/v1/namespaces/a/tables", TABLE_BODY), 200);
    assert_string_equal(fixture_body(&fixture), first);
    assert_int_equal(send("POST", "/v1/namespaces/a/tables", TABLE_BODY), 409);
}

static void test_key__of_another_request_is_400(void **state)
{
    (void)state;
    assert_int_equal(send_keyed("POST", "/v1/namespaces/a/tables", TABLE_BODY), 200);
    assert_int_equal(send_keyed("DELETE", "/v1/namespaces/a/tables/t", NULL), 400);
    assert_int_equal(send("HEAD", "/v1/namespaces/a/tables/t", NULL), 204);
    fixture_header(&fixture, "Idempotency-Key", "not-a-uuid");
    assert_int_equal(send("DELETE", "/v1/namespaces/a/tables/t", NULL), 400);
}

/* Rule 12: "Finalize & replay: … deterministic terminal 4xx" */
static void test_key__of_an_error_gives_the_error_again(void **state)
{
    (void)state;
    assert_int_equal(send_keyed("DELETE", "/v1/namespaces/a/tables/t", NULL), 404);
    make_table();
    assert_int_equal(send_keyed("DELETE", "/v1/namespaces/a/tables/t", NULL), 404);
    assert_contains(fixture_body(&fixture), "Table does not exist: a.t");
    assert_contains(fixture_body(&fixture), "NoSuchTableException");
}

static void test_key__of_a_namespace_gives_its_answer_again(void **state)
{
    (void)state;
    const char *body = "{\"namespace\":[\"b\"],\"properties\":{\"k\":\"v\"}}";
    assert_int_equal(send_keyed("POST", "/v1/namespaces", body), 200);
    assert_int_equal(send_keyed("POST", "/v1/namespaces", body), 200);
    assert_contains(fixture_body(&fixture), "{\"namespace\":[\"b\"],\"properties\":{\"k\":\"v\"}}");
}

static void test_key__of_properties_gives_their_answer_again(void **state)
{
    (void)state;
    const char *body = "{\"updates\":{\"k\":\"v\"},\"removals\":[\"m\"]}";
    for (int i = 0; i < 2; i++) {
        assert_int_equal(send_keyed("POST", "/v1/namespaces/a/properties", body), 200);
        assert_contains(fixture_body(&fixture), "\"updated\":[\"k\"]");
        assert_contains(fixture_body(&fixture), "\"missing\":[\"m\"]");
    }
}

static void test_key__of_a_staged_create_gives_the_same_uuid_again(void **state)
{
    char first[4096];
    const char *body = "{\"name\":\"t\",\"stage-create\":true,\"schema\":{\"type\":\"struct\","
                       "\"fields\":[]}}";
    (void)state;
    assert_int_equal(send_keyed("POST", "/v1/namespaces/a/tables", body), 200);
    snprintf(first, sizeof(first), "%s", fixture_body(&fixture));
    assert_int_equal(send_keyed("POST", "/v1/namespaces/a/tables", body), 200);
    assert_string_equal(fixture_body(&fixture), first);
}

/* Nothing is cached here, so that the file that is gone is missed. */
static void test_key__of_a_commit_whose_file_is_gone_answers_with_the_table_as_it_is(void **state)
{
    char path[512];
    (void)state;
    server_fixture_init(&fixture, (const char *const[]){"--cache-size", "0", NULL});
    assert_int_equal(send("POST", "/v1/namespaces", "{\"namespace\":[\"a\"]}"), 200);
    make_table();
    assert_int_equal(send_keyed("POST", "/v1/namespaces/a/tables/t", SET_PROPERTY), 200);
    const char *location = strstr(fixture_body(&fixture), "file://") + strlen("file://");
    snprintf(path, sizeof(path), "%.*s", (int)strcspn(location, "\""), location);
    assert_int_equal(send("POST", "/v1/namespaces/a/tables/t",
                          "{\"requirements\":[],\"updates\":[{\"action\":\"set-properties\","
                          "\"updates\":{\"later\":\"1\"}}]}"),
                     200);
    assert_int_equal(send_keyed("POST", "/v1/namespaces/a/tables/t", SET_PROPERTY), 200);
    assert_null(strstr(fixture_body(&fixture), "later"));
    assert_int_equal(unlink(path), 0);
    assert_int_equal(send_keyed("POST", "/v1/namespaces/a/tables/t", SET_PROPERTY), 200);
    assert_contains(fixture_body(&fixture), "\"later\":\"1\"");
    server_fixture_finish(&fixture);
}

static void test_warehouses__repeat_their_answers(void **state)
{
    const char *body = "{\"name\":\"w\",\"location\":\"file:///tmp/firn-w\"}";
    (void)state;
    for (int i = 0; i < 2; i++) {
        assert_int_equal(send_keyed("POST", "/management/v1/warehouses", body), 200);
        assert_contains(fixture_body(&fixture), "\"name\":\"w\"");
    }
    assert_int_equal(send("POST", "/management/v1/warehouses", body), 409);
}

/* --- functions ------------------------------------------------------------------------------ */

#define FUNCTIONS "/management/v1/warehouses/default/namespaces/a/functions/"
#define FUNCTION_BODY                                                                           \
    "{\"function-uuid\":\"42fd3f91-bc10-41c1-8a52-92b57dd0a9b2\",\"format-version\":1,"         \
    "\"definitions\":[{\"definition-id\":\"int\",\"parameters\":[{\"name\":\"x\",\"type\":"     \
    "\"int\"}],"                                                                                \
    "\"return-type\":\"int\",\"function-type\":\"udf\",\"current-version-id\":1,\"versions\":[" \
    "{\"version-id\":1,\"timestamp-ms\":5,\"representations\":[{\"type\":\"sql\","              \
    "\"dialect\":\"trino\",\"sql\":\"x + 1\"}]}]}],\"definition-log\":[{\"timestamp-ms\":5,"    \
    "\"definition-versions\":[{\"definition-id\":\"int\",\"version-id\":1}]}]}"

static void test_functions__are_put_by_operators_and_loaded_by_clients(void **state)
{
    (void)state;
    for (int i = 0; i < 2; i++)
        assert_int_equal(send("GET", "/v1/namespaces/a/functions", NULL), 200);
    assert_true(fixture.was_fast); /* kept, until there is one */
    for (int i = 0; i < 2; i++)
        assert_int_equal(send_keyed("PUT", FUNCTIONS "f", FUNCTION_BODY), 200);
    assert_int_equal(send("GET", "/v1/namespaces/a/functions", NULL), 200);
    assert_contains(fixture_body(&fixture), "\"identifiers\":[[\"a\",\"f\"]]");
    assert_int_equal(send("GET", "/v1/namespaces/a/functions/f", NULL), 200);
    assert_contains(fixture_body(&fixture), "\"metadata\":{\"function-uuid\":\"42fd3f91");
    assert_int_equal(send("GET", "/v1/namespaces/a/functions/g", NULL), 404);
    assert_contains(fixture_body(&fixture), "NoSuchFunctionException");
    assert_int_equal(send("PUT", FUNCTIONS "g", "{}"), 400);
    assert_int_equal(send("DELETE", FUNCTIONS "f", NULL), 204);
    assert_int_equal(send("DELETE", FUNCTIONS "f", NULL), 404);
    assert_int_equal(send("GET", "/v1/namespaces/a/functions", NULL), 200);
    assert_contains(fixture_body(&fixture), "\"identifiers\":[]");
}

/* --- management ----------------------------------------------------------------------------- */

static void test_changes__are_listed_in_order(void **state)
{
    (void)state;
    make_table();
    assert_int_equal(send("GET", "/management/v1/changes?after=1", NULL), 200);
    assert_contains(fixture_body(&fixture), "\"operation\":\"createTable\"");
    assert_null(strstr(fixture_body(&fixture), "createNamespace"));
    assert_int_equal(send("GET", "/management/v1/changes?after=x", NULL), 400);
    assert_int_equal(send("GET", "/management/v1/changes?warehouse=nope", NULL), 404);
    assert_int_equal(send("GET", "/management/v1/purges", NULL), 200);
    assert_contains(fixture_body(&fixture), "{\"purges\":[");
}

static void test_metrics__are_kept_and_listed(void **state)
{
    (void)state;
    make_table();
    assert_int_equal(send("POST", "/v1/namespaces/a/tables/t/metrics",
                          "{\"report-type\":\"commit-report\",\"table-name\":\"a.t\","
                          "\"snapshot-id\":1,\"sequence-number\":1,\"operation\":\"append\","
                          "\"metrics\":{}}"),
                     204);
    assert_int_equal(send("GET", "/management/v1/warehouses/default/namespaces/a/tables/t/metrics",
                          NULL),
                     200);
    assert_contains(fixture_body(&fixture), "commit-report");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_config__names_prefix_separator_lifetime_and_endpoints),
        TEST(test_config__finds_warehouses_by_name_and_location),
        TEST(test_warehouses__are_apart),
        TEST(test_routes__that_are_not_there_say_so),
        TEST(test_uri__over_its_ceiling_is_414),
        TEST(test_security__holds_before_any_operation),
        TEST(test_names__that_are_illegal_are_400),
        TEST(test_names__with_slashes_and_levels_are_one_segment),
        TEST(test_names__with_plus_are_literal_first_and_then_a_space),
        TEST(test_pages__cover_everything_once),
        TEST(test_pages__are_only_made_where_a_token_was_sent),
        TEST(test_load__is_answered_from_memory_once_it_was_made),
        TEST(test_load__has_an_etag_for_each_representation),
        TEST(test_commit__changes_the_etag_and_answers_with_the_new_one),
        TEST(test_load__of_a_table_whose_file_is_gone_is_404),
        TEST(test_staged_create__has_no_location_and_is_not_there),
        TEST(test_tables__are_dropped_renamed_unregistered_and_registered),
        TEST(test_bodies__that_are_no_json_object_are_400),
        TEST(test_views__are_created_loaded_and_dropped),
        TEST(test_key__of_a_creation_gives_the_same_table_again),
        TEST(test_key__of_another_request_is_400),
        TEST(test_key__of_an_error_gives_the_error_again),
        TEST(test_key__of_a_namespace_gives_its_answer_again),
        TEST(test_key__of_properties_gives_their_answer_again),
        TEST(test_key__of_a_staged_create_gives_the_same_uuid_again),
        cmocka_unit_test(test_key__of_a_commit_whose_file_is_gone_answers_with_the_table_as_it_is),
        TEST(test_warehouses__repeat_their_answers),
        TEST(test_functions__are_put_by_operators_and_loaded_by_clients),
        TEST(test_changes__are_listed_in_order),
        TEST(test_metrics__are_kept_and_listed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
