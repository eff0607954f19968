#include "storage/token_source.h"

#include <pthread.h>
#include <stdio.h>

#include "base/percent.h"
#include "storage/oauth_token.h"
#include "tests/unit/cmocka_all.h"
#include "tests/unit/storage/http_script.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define NOW_MS 1769860800000 /* 2026-01-31T12:00:00Z */
#define MINUTE_MS ((int64_t)60 * 1000)

struct trial {
    struct fake_time time;
    struct token_source *source;
    struct bearer_token token;
    struct error err;
    unsigned fetches;
    bool fails;
    int64_t life_ms; /* of each token; 0: nobody says */
};

/* "token-1", "token-2", … */
static bool fetch(void *context, struct bearer_token *ret_token, struct error *err)
{
    struct trial *trial = context;
    char text[32];
    snprintf(text, sizeof text, "token-%u", ++trial->fetches);
    if (trial->fails)
        return error_set(err, ERROR_STORAGE, "the endpoint refuses number %u", trial->fetches);
    int64_t expires_ms = trial->life_ms ? trial->time.now_ms + trial->life_ms : 0;
    return bearer_token_set(ret_token, "a test", slice_from_string(text), expires_ms, err);
}

static void trial_begin(struct trial *trial, int64_t life_ms)
{
    *trial = (struct trial){.time.now_ms = NOW_MS, .life_ms = life_ms};
    struct http_transport_options options = fake_time_options(&trial->time);
    assert_ok(token_source_create(fetch, trial, options.clock, &trial->source, &trial->err),
              &trial->err);
}

static void expect_token(struct trial *trial, const char *text)
{
    assert_ok(token_source_get(trial->source, &trial->token, &trial->err), &trial->err);
    assert_string_equal(trial->token.text, text);
}

static void test_source__keeps_a_token_until_it_ages(void **state)
{
    (void)state;
    struct trial trial;
    trial_begin(&trial, 60 * MINUTE_MS);
    expect_token(&trial, "token-1");
    assert_int_equal(trial.token.expires_ms, NOW_MS + 60 * MINUTE_MS);
    trial.time.now_ms = NOW_MS + 54 * MINUTE_MS;
    expect_token(&trial, "token-1");
    trial.time.now_ms = NOW_MS + 56 * MINUTE_MS;
    expect_token(&trial, "token-2");
    assert_int_equal(trial.token.expires_ms, NOW_MS + 116 * MINUTE_MS);
    token_source_destroy(trial.source);
}

static void test_source__renews_a_short_lived_token_at_half_its_life(void **state)
{
    (void)state;
    struct trial trial;
    trial_begin(&trial, 2 * MINUTE_MS);
    expect_token(&trial, "token-1");
    trial.time.now_ms += MINUTE_MS - 1;
    expect_token(&trial, "token-1");
    trial.time.now_ms += 1;
    expect_token(&trial, "token-2");
    token_source_destroy(trial.source);
}

static void test_source__goes_on_with_an_aging_token_where_no_new_one_comes(void **state)
{
    (void)state;
    struct trial trial;
    trial_begin(&trial, 60 * MINUTE_MS);
    expect_token(&trial, "token-1");
    trial.fails = true;
    trial.time.now_ms = NOW_MS + 57 * MINUTE_MS;
    expect_token(&trial, "token-1");
    expect_token(&trial, "token-1");
    assert_int_equal(trial.fetches, 2); /* not asked again at once */
    trial.time.now_ms = NOW_MS + 60 * MINUTE_MS;
    assert_fails(token_source_get(trial.source, &trial.token, &trial.err), &trial.err,
                 ERROR_STORAGE);
    assert_string_equal(trial.err.message, "the endpoint refuses number 3");
    trial.fails = false;
    trial.time.now_ms += MINUTE_MS;
    expect_token(&trial, "token-4");
    token_source_destroy(trial.source);
}

static void test_source__fetches_anew_what_was_refused(void **state)
{
    (void)state;
    struct trial trial;
    struct bearer_token first;
    trial_begin(&trial, 0);
    expect_token(&trial, "token-1");
    first = trial.token;
    trial.time.now_ms += 24 * 60 * MINUTE_MS;
    expect_token(&trial, "token-1"); /* nobody said that it expires */
    token_source_refused(trial.source, &first);
    expect_token(&trial, "token-2");
    token_source_refused(trial.source, &first); /* that is known already */
    expect_token(&trial, "token-2");
    token_source_destroy(trial.source);
}

/* Who gives a token on wants one that lives for a while; the store takes what there is. */
static void test_source__renews_for_who_needs_more_life(void **state)
{
    (void)state;
    struct trial trial;
    trial_begin(&trial, 60 * MINUTE_MS);
    token_source_renew(trial.source, 30 * MINUTE_MS);
    assert_int_equal(trial.fetches, 0); /* there is none that is short */
    expect_token(&trial, "token-1");
    trial.time.now_ms += 30 * MINUTE_MS;
    token_source_renew(trial.source, 30 * MINUTE_MS);
    expect_token(&trial, "token-1");
    trial.time.now_ms += 1;
    trial.fails = true;
    token_source_renew(trial.source, 30 * MINUTE_MS);
    token_source_renew(trial.source, 30 * MINUTE_MS);
    assert_int_equal(trial.fetches, 2); /* not asked again at once */
    expect_token(&trial, "token-1");
    trial.fails = false;
    trial.time.now_ms += MINUTE_MS;
    token_source_renew(trial.source, 30 * MINUTE_MS);
    expect_token(&trial, "token-3");
    token_source_destroy(trial.source);
}

static void test_token__is_one_that_a_header_can_have(void **state)
{
    (void)state;
    static const char *const bad[] = {"", "a b", "a\r\nX-Evil: 1", "t\xC3\xB6ken"};
    char *longest = test_malloc(BEARER_TOKEN_SIZE);
    struct bearer_token *token = test_calloc(1, sizeof *token);
    struct error err = {0};
    memset(longest, 'x', BEARER_TOKEN_SIZE);
    for (size_t i = 0; i < COUNT(bad); i++)
        assert_fails(bearer_token_set(token, "it", slice_from_string(bad[i]), 0, &err), &err,
                     ERROR_STORAGE);
    assert_fails(bearer_token_set(token, "it", slice_make(longest, BEARER_TOKEN_SIZE), 0, &err),
                 &err, ERROR_STORAGE);
    assert_ok(bearer_token_set(token, "it", slice_make(longest, BEARER_TOKEN_SIZE - 1), 7, &err),
              &err);
    assert_int_equal(strlen(token->text), BEARER_TOKEN_SIZE - 1);
    assert_int_equal(token->expires_ms, 7);
    test_free(token);
    test_free(longest);
}

/* --- an endpoint's answers ---------------------------------------------------------------- */

static void test_oauth__reads_what_endpoints_answer(void **state)
{
    (void)state;
    static const struct {
        const char *json;
        const char *token; /* NULL: none */
        int64_t expires_ms;
    } cases[] = {
        {"{\"access_token\":\"a.b-c\",\"expires_in\":3599,\"token_type\":\"Bearer\"}", "a.b-c",
         NOW_MS + 3599000},
        /* A metadata service of Azure has it as text. */
        {"{\"access_token\":\"t\",\"expires_in\":\"60\",\"resource\":\"r\"}", "t", NOW_MS + 60000},
        {"{\"access_token\":\"t\"}", "t", 0},
        {"{\"access_token\":\"t\",\"expires_in\":9223372036854775807}", "t", NOW_MS + 315360000000},
        {"{\"access_token\":\"t\",\"expires_on\":\"1769860860\"}", "t", NOW_MS + 60000},
        {"{\"access_token\":\"t\",\"expires_on\":9223372036854775807}", "t", NOW_MS + 315360000000},
        {"{\"access_token\":\"t\",\"expires_on\":1}", NULL, 0},
        {"{\"access_token\":\"t\",\"expires_in\":0}", NULL, 0},
        {"{\"access_token\":\"t\",\"expires_in\":\"soon\"}", NULL, 0},
        {"{\"access_token\":\"t\",\"expires_in\":{}}", NULL, 0},
        {"{\"access_token\":7}", NULL, 0},
        {"{\"access_token\":\"two words\"}", NULL, 0},
        {"{\"token\":\"t\"}", NULL, 0},
        {"[]", NULL, 0},
        {"<html>", NULL, 0},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct bearer_token token = {.expires_ms = -1};
        struct error err = {0};
        bool ok = oauth_answer_parse(slice_from_string(cases[i].json), "it", NOW_MS, &token, &err);
        assert_int_equal(ok, cases[i].token != NULL);
        if (!ok) {
            assert_string_equal(error_kind_name(err.kind), "storage");
            assert_non_null(strstr(err.message, "it gave no token"));
            continue;
        }
        assert_string_equal(token.text, cases[i].token);
        assert_int_equal(token.expires_ms, cases[i].expires_ms);
    }
}

struct asking {
    struct fake_time time;
    struct http_script *script;
    struct http_transport *transport;
    struct bearer_token token;
    struct error err;
};

static void asking_begin(struct asking *asking, const struct http_step *steps, size_t count)
{
    *asking = (struct asking){.time.now_ms = NOW_MS};
    struct http_transport_options options = fake_time_options(&asking->time);
    asking->script = http_script_start(steps, count);
    assert_ok(http_transport_create(&options, &asking->transport, &asking->err), &asking->err);
}

static void asking_end(struct asking *asking)
{
    http_transport_destroy(asking->transport);
    http_script_stop(asking->script);
}

static void test_oauth__posts_a_form(void **state)
{
    (void)state;
    const struct http_step steps[] = {ANSWER_OK("39\r\n\r\n{\"access_token\":\"abc\",\"expires_in\""
                                                ": 10}")};
    struct asking asking;
    struct buffer form;
    asking_begin(&asking, steps, COUNT(steps));
    buffer_init(&form, 1024);
    percent_form_append(&form, "grant_type", SLICE_LITERAL("urn:ietf:x"));
    percent_form_append(&form, "client_secret", SLICE_LITERAL("a+b c~&="));
    const struct oauth_request request = {.method = "POST",
                                          .url = http_script_url(asking.script),
                                          .form = buffer_slice(&form),
                                          .header = "X-More: 1",
                                          .service = "the endpoint"};
    assert_ok(oauth_token_ask(asking.transport, &request, &asking.token, &asking.err), &asking.err);
    assert_string_equal(asking.token.text, "abc");
    assert_int_equal(asking.token.expires_ms, NOW_MS + 10000);
    struct slice sent = http_script_request(asking.script, 0);
    assert_true(
        slice_ends_with(sent,
                        SLICE_LITERAL("grant_type=urn%3Aietf%3Ax&client_secret=a%2Bb%20c~%26%3D")));
    assert_non_null(
        memmem(sent.ptr, sent.len, "Content-Type: application/x-www-form-urlencoded\r\n", 49));
    assert_non_null(memmem(sent.ptr, sent.len, "X-More: 1\r\n", 11));
    buffer_finish(&form);
    asking_end(&asking);
}

static void test_oauth__says_what_was_refused_and_the_cure(void **state)
{
    (void)state;
    static const struct oauth_cure cures[] = {{"invalid_grant", "set the clock"}, {NULL, NULL}};
    const struct http_step steps[] = {
        ANSWER("HTTP/1.1 400 No\r\nContent-Length: 74\r\n\r\n{\"error\":\"invalid_grant\","
               "\"error_description\":\"Invalid JWT\\r\\nsecond line\"}"),
        ANSWER("HTTP/1.1 403 No\r\nContent-Length: 60\r\n\r\n{\"error\":{\"status\":\"DENIED\","
               "\"message\":\"not you\",\"code\":403}}"),
        ANSWER("HTTP/1.1 404 No\r\nContent-Length: 4\r\n\r\nnope"),
    };
    static const char *const said[] = {
        "the endpoint answered 400, invalid_grant (Invalid JWT): set the clock",
        ("the endpoint answered 403, DENIED (not you): look at the credentials, and at what they "
         "are allowed"),
        "the endpoint answered 404: look at the credentials, and at what they are allowed",
    };
    struct asking asking;
    asking_begin(&asking, steps, COUNT(steps));
    struct oauth_request request = {.method = "GET",
                                    .url = http_script_url(asking.script),
                                    .service = "the endpoint",
                                    .cures = cures};
    for (size_t i = 0; i < COUNT(said); i++) {
        assert_fails(oauth_token_ask(asking.transport, &request, &asking.token, &asking.err),
                     &asking.err, ERROR_STORAGE);
        assert_string_equal(asking.err.message, said[i]);
    }
    asking_end(&asking);
}

static void test_oauth__tells_an_absent_local_service_from_a_refusal(void **state)
{
    (void)state;
    const struct http_step steps[] = {ANSWER("HTTP/1.1 404 No\r\nContent-Length: 4\r\n\r\nnope")};
    struct asking asking;
    asking_begin(&asking, steps, COUNT(steps));
    struct oauth_request request = {.method = "GET",
                                    .url = http_script_url(asking.script),
                                    .service = "the service",
                                    .is_local_service = true};
    assert_fails(oauth_token_ask(asking.transport, &request, &asking.token, &asking.err),
                 &asking.err, ERROR_NOT_FOUND);
    request.url = "http://127.0.0.1:1/nobody";
    assert_fails(oauth_token_ask(asking.transport, &request, &asking.token, &asking.err),
                 &asking.err, ERROR_NOT_FOUND);
    asking_end(&asking);
}

#define TEST(name) cmocka_unit_test(name)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_source__keeps_a_token_until_it_ages),
        TEST(test_source__renews_a_short_lived_token_at_half_its_life),
        TEST(test_source__goes_on_with_an_aging_token_where_no_new_one_comes),
        TEST(test_source__fetches_anew_what_was_refused),
        TEST(test_source__renews_for_who_needs_more_life),
        TEST(test_token__is_one_that_a_header_can_have),
        TEST(test_oauth__reads_what_endpoints_answer),
        TEST(test_oauth__posts_a_form),
        TEST(test_oauth__says_what_was_refused_and_the_cure),
        TEST(test_oauth__tells_an_absent_local_service_from_a_refusal),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
