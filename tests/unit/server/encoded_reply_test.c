/* Who gets a load or a list compressed, and what is kept of it. */
#include "tests/unit/server/server_fixture.h"

#include <libdeflate.h>
#include <stdlib.h>

#include "base/byte_budget.h"
#include "base/limits.h"
#include "server/encoded_reply.h"

#define LARGE "/v1/namespaces/a/tables/t"
#define SCHEMA "\"schema\":{\"type\":\"struct\",\"fields\":[]}"
/* Past the size below which nothing is compressed. */
#define LONG_VALUE 5000

static struct server_fixture fixture;

static int send(const char *method, const char *uri, const char *body)
{
    return fixture_send(&fixture, method, uri, body);
}

static void start(const char *compress, const char *cache_size)
{
    char body[LONG_VALUE + 200], value[LONG_VALUE + 1];
    memset(value, 'v', LONG_VALUE);
    value[LONG_VALUE] = '\0';
    server_fixture_init(&fixture, (const char *const[]){"--compress", compress, "--cache-size",
                                                        cache_size, NULL});
    assert_int_equal(send("POST", "/v1/namespaces", "{\"namespace\":[\"a\"]}"), 200);
    (void)snprintf(body, sizeof(body), "{\"name\":\"t\"," SCHEMA ",\"properties\":{\"k\":\"%s\"}}",
                   value);
    assert_int_equal(send("POST", "/v1/namespaces/a/tables", body), 200);
}

static int tear_down(void **state)
{
    (void)state;
    server_fixture_finish(&fixture);
    return 0;
}

static int get(const char *uri, const char *accepted)
{
    fixture_header(&fixture, "Accept-Encoding", accepted);
    return send("GET", uri, NULL);
}

static const char *encoding(void)
{
    const char *value = fixture_reply_header(&fixture, "Content-Encoding");
    return value ? value : "";
}

/* The compressed body as text, for the caller to free. */
static char *inflated(void)
{
    char *text = malloc(MIB);
    size_t size = 0;
    struct libdeflate_decompressor *inflater = libdeflate_alloc_decompressor();
    assert_int_equal(libdeflate_gzip_decompress(inflater, fixture.body.ptr, fixture.body.len - 1,
                                                text, MIB - 1, &size),
                     LIBDEFLATE_SUCCESS);
    libdeflate_free_decompressor(inflater);
    text[size] = '\0';
    return text;
}

/* The same document, made by a worker the first time, and sent from memory from then on. */
static void must_compress(const char *uri)
{
    assert_int_equal(send("GET", uri, NULL), 200);
    assert_string_equal(encoding(), "");
    assert_string_equal(fixture_reply_header(&fixture, "Vary"), "Accept-Encoding");
    char *plain = strdup(fixture_body(&fixture));
    for (int i = 0; i < 2; i++) {
        assert_int_equal(get(uri, "gzip"), 200);
        assert_int_equal(fixture.was_fast, i > 0);
        assert_string_equal(encoding(), "gzip");
        assert_string_equal(fixture_reply_header(&fixture, "Vary"), "Accept-Encoding");
        assert_string_equal(fixture_reply_header(&fixture, "Content-Type"), "application/json");
        assert_true(fixture.reply->body_size < strlen(plain));
        char *text = inflated();
        assert_string_equal(text, plain);
        free(text);
    }
    free(plain);
}

static void test_loads_and_lists__are_compressed_once(void **state)
{
    (void)state;
    char name[300];
    start("always", "16MiB");
    must_compress(LARGE);
    must_compress(LARGE "?snapshots=refs");
    for (int i = 0; i < 20; i++) {
        (void)snprintf(name, sizeof(name),
                       "{\"name\":\"a_table_whose_name_is_so_long_that_twenty_of_them_make_the_"
                       "listing_large_enough_%d\"," SCHEMA "}",
                       i);
        assert_int_equal(send("POST", "/v1/namespaces/a/tables", name), 200);
    }
    must_compress("/v1/namespaces/a/tables");
    assert_int_equal(send("DELETE", LARGE, NULL), 204);
    must_compress("/v1/namespaces/a/tables");
}

static void test_encodings__are_kept_apart(void **state)
{
    (void)state;
    start("always", "16MiB");
    for (int i = 0; i < 2; i++) {
        assert_int_equal(get(LARGE, "zstd"), 200);
        assert_string_equal(encoding(), "zstd");
        assert_memory_equal(fixture.body.ptr, "\x28\xb5\x2f\xfd", 4);
        assert_int_equal(get(LARGE, "gzip, identity;q=0.5"), 200);
        assert_string_equal(encoding(), "gzip");
        assert_int_equal(get(LARGE, "gzip;q=0.5, identity"), 200);
        assert_string_equal(encoding(), "");
    }
}

/* What is kept is counted: the plain answer's bytes and those of both compressed ones. */
static void test_compressed_forms__count_in_the_cache(void **state)
{
    (void)state;
    struct cache_stats before, after;
    start("always", "16MiB");
    assert_int_equal(send("GET", LARGE, NULL), 200);
    cache_get_stats(fixture.server->cache, &before);
    assert_int_equal(get(LARGE, "gzip"), 200);
    size_t size = fixture.reply->body_size;
    assert_int_equal(get(LARGE, "zstd"), 200);
    size += fixture.reply->body_size;
    cache_get_stats(fixture.server->cache, &after);
    assert_int_equal(after.entries, before.entries);
    assert_true(after.bytes >= before.bytes + size);
    assert_true(after.bytes <= before.bytes + size + 4 * KIB);
}

/* RFC 9110, 8.8.3.3: two codings have different strong tags, or a weak one in common. A client that
 * holds either form is told so, whichever it would get now. */
static void test_etag__of_a_compressed_form_is_weak_and_known_in_all_forms(void **state)
{
    (void)state;
    char strong[ETAG_SIZE], weak[ETAG_SIZE];
    start("always", "16MiB");
    assert_int_equal(send("GET", LARGE, NULL), 200);
    (void)snprintf(strong, sizeof(strong), "%s", fixture_reply_header(&fixture, "ETag"));
    assert_int_equal(get(LARGE, "gzip"), 200);
    (void)snprintf(weak, sizeof(weak), "%s", fixture_reply_header(&fixture, "ETag"));
    assert_memory_equal(weak, "W/", 2);
    assert_string_equal(weak + 2, strong);
    const char *const held[] = {strong, weak};
    for (int i = 0; i < 2; i++) {
        fixture_header(&fixture, "If-None-Match", held[i]);
        assert_int_equal(get(LARGE, "gzip"), 304);
        assert_string_equal(fixture_reply_header(&fixture, "ETag"), weak);
        assert_string_equal(fixture_reply_header(&fixture, "Vary"), "Accept-Encoding");
        assert_string_equal(encoding(), "");
        fixture_header(&fixture, "If-None-Match", held[i]);
        assert_int_equal(send("GET", LARGE, NULL), 304);
        assert_string_equal(fixture_reply_header(&fixture, "ETag"), strong);
    }
}

/* A 304 needs no compressed form. */
static void test_etag__is_known_before_the_answer_is_compressed(void **state)
{
    (void)state;
    struct cache_stats before, after;
    start("always", "16MiB");
    assert_int_equal(send("GET", LARGE, NULL), 200);
    char strong[ETAG_SIZE];
    (void)snprintf(strong, sizeof(strong), "%s", fixture_reply_header(&fixture, "ETag"));
    cache_get_stats(fixture.server->cache, &before);
    fixture_header(&fixture, "If-None-Match", strong);
    assert_int_equal(get(LARGE, "zstd"), 304);
    assert_true(fixture.was_fast);
    cache_get_stats(fixture.server->cache, &after);
    assert_int_equal(after.bytes, before.bytes);
}

static void test_small_answers__are_compressed_only_where_identity_is_refused(void **state)
{
    (void)state;
    start("always", "16MiB");
    assert_int_equal(send("POST", "/v1/namespaces/a/tables", "{\"name\":\"small\"," SCHEMA "}"),
                     200);
    assert_int_equal(get("/v1/namespaces/a/tables/small", "gzip"), 200);
    assert_string_equal(encoding(), "");
    assert_int_equal(get("/v1/namespaces/a/tables/small", "gzip, identity;q=0"), 200);
    assert_string_equal(encoding(), "gzip");
}

static void test_clients_of_this_machine__get_plain_answers(void **state)
{
    (void)state;
    start("remote", "16MiB");
    assert_int_equal(get(LARGE, "gzip"), 200);
    assert_string_equal(encoding(), "");
    assert_true(fixture.was_fast);
    assert_int_equal(get(LARGE, "gzip, identity;q=0"), 200);
    assert_string_equal(encoding(), "gzip");
    fixture.is_remote = true;
    assert_int_equal(get(LARGE, "gzip"), 200);
    assert_string_equal(encoding(), "gzip");
}

static void test_never__is_for_all(void **state)
{
    (void)state;
    start("never", "16MiB");
    fixture.is_remote = true;
    assert_int_equal(get(LARGE, "gzip, identity;q=0"), 200);
    assert_string_equal(encoding(), "");
}

/* Otherwise it would be compressed for each request anew. */
static void test_what_is_not_kept__goes_out_plain(void **state)
{
    (void)state;
    start("always", "0");
    assert_int_equal(get(LARGE, "gzip"), 200);
    assert_string_equal(encoding(), "");
    server_fixture_finish(&fixture);
    start("always", "14KiB"); /* half of it for one value: the answer alone fits */
    assert_int_equal(get(LARGE, "gzip"), 200);
    assert_string_equal(encoding(), "");
}

/* What compressing takes belongs to the memory for metadata that is read. */
static void test_answer__goes_out_plain_while_others_hold_the_memory(void **state)
{
    (void)state;
    struct error err = {0};
    size_t all = 16 * MIB + MAX_READING_SIZE;
    start("always", "16MiB");
    assert_int_equal(send("GET", LARGE, NULL), 200);
    assert_ok(byte_budget_take(fixture.server->reading, all, 0, "others", &err), &err);
    assert_int_equal(get(LARGE, "gzip"), 200);
    assert_string_equal(encoding(), "");
    byte_budget_give(fixture.server->reading, all);
    assert_int_equal(get(LARGE, "gzip"), 200);
    assert_string_equal(encoding(), "gzip");
}

static void test_answers_to_changes__go_out_plain(void **state)
{
    (void)state;
    start("always", "16MiB");
    assert_int_equal(get(LARGE, "gzip"), 200);
    fixture_header(&fixture, "Accept-Encoding", "gzip");
    assert_int_equal(send("POST", LARGE, "{\"requirements\":[],\"updates\":[]}"), 200);
    assert_string_equal(encoding(), "");
}

#define TEST(name) cmocka_unit_test_teardown(name, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_loads_and_lists__are_compressed_once),
        TEST(test_encodings__are_kept_apart),
        TEST(test_compressed_forms__count_in_the_cache),
        TEST(test_etag__of_a_compressed_form_is_weak_and_known_in_all_forms),
        TEST(test_etag__is_known_before_the_answer_is_compressed),
        TEST(test_small_answers__are_compressed_only_where_identity_is_refused),
        TEST(test_clients_of_this_machine__get_plain_answers),
        TEST(test_never__is_for_all),
        TEST(test_what_is_not_kept__goes_out_plain),
        TEST(test_answer__goes_out_plain_while_others_hold_the_memory),
        TEST(test_answers_to_changes__go_out_plain),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
