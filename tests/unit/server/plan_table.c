#include "tests/unit/server/plan_table.h"

#include "tests/unit/cmocka_all.h"

/* Its manifests are read where they lie. */
static const char CREATE[] =
    "{\"name\":\"t\",\"schema\":{\"type\":\"struct\",\"fields\":["
    "{\"id\":1,\"name\":\"id\",\"required\":false,\"type\":\"long\"},"
    "{\"id\":2,\"name\":\"ts\",\"required\":false,\"type\":\"timestamp\"}]},"
    "\"partition-spec\":{\"fields\":[{\"source-id\":2,\"field-id\":1000,\"name\":\"day\","
    "\"transform\":\"day\"}]}}";
static const char ADD[] =
    "{\"requirements\":[],\"updates\":["
    "{\"action\":\"add-spec\",\"spec\":{\"fields\":[]}},"
    "{\"action\":\"add-snapshot\",\"snapshot\":{\"snapshot-id\":7,\"sequence-number\":7,"
    "\"timestamp-ms\":1700000000001,\"summary\":{\"operation\":\"append\"},\"schema-id\":0,"
    "\"manifest-list\":\"mem://b/t/metadata/list.avro\"}},"
    "{\"action\":\"set-snapshot-ref\",\"ref-name\":\"main\",\"type\":\"branch\","
    "\"snapshot-id\":7}]}";

/* Where those manifests lie is open, as by --allow-location, which knows no store of a test's. */
static void open_memory(struct server *server, struct object_store *store)
{
    static struct slice place = {"mem://b/t", sizeof("mem://b/t") - 1};
    struct error err = {0};
    assert_ok(object_stores_add(server->objects, "mem", store, &err), &err);
    server->catalog->allowed_locations = &place;
    server->catalog->allowed_location_count = 1;
}

static void expect_ok(struct server_fixture *fixture, const char *uri, const char *body)
{
    if (fixture_send(fixture, "POST", uri, body) != 200)
        fail_msg("%s: %s", uri, fixture_body(fixture));
}

void plan_table_create(struct server_fixture *fixture, const char *const *extra,
                       struct object_store *store)
{
    server_fixture_init(fixture, extra);
    open_memory(fixture->server, store);
    expect_ok(fixture, "/v1/namespaces", "{\"namespace\":[\"ns\"]}");
    expect_ok(fixture, "/v1/namespaces/ns/tables", CREATE);
    expect_ok(fixture, PLAN_TABLE_URI, ADD);
}
