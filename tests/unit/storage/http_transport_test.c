#include "storage/http_transport.h"

#include <pthread.h>
#include <stdio.h>

#include "base/limits.h"
#include "tests/unit/cmocka_all.h"
#include "tests/unit/storage/http_script.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define OK_HELLO ANSWER_OK("5\r\n\r\nhello")
#define SLOW_DOWN ANSWER("HTTP/1.1 503 Slow Down\r\nContent-Length: 4\r\n\r\nslow")

struct trial {
    struct fake_time time;
    struct http_script *script;
    struct http_transport *transport;
    struct buffer body, fault;
    struct http_answer answer;
    struct error err;
};

static void trial_begin(struct trial *trial, const struct http_step *steps, size_t count)
{
    *trial = (struct trial){.time.now_ms = 1000000};
    struct http_transport_options options = fake_time_options(&trial->time);
    trial->script = http_script_start(steps, count);
    assert_ok(http_transport_create(&options, &trial->transport, &trial->err), &trial->err);
    buffer_init(&trial->body, KIB);
    buffer_init(&trial->fault, HTTP_MAX_FAULT_SIZE);
    trial->answer = (struct http_answer){.body = &trial->body, .fault = &trial->fault};
}

static void trial_end(struct trial *trial)
{
    http_transport_destroy(trial->transport);
    http_script_stop(trial->script);
    buffer_finish(&trial->body);
    buffer_finish(&trial->fault);
}

static bool secret_header(void *context, struct arena *arena, struct http_header_lines *ret_lines,
                          struct error *err)
{
    static const char *const LINES[] = {"Authorization: a-secret", "X-Try: yes"};
    unsigned *calls = context;
    (void)arena, (void)err;
    if (calls)
        ++*calls;
    *ret_lines = (struct http_header_lines){LINES, COUNT(LINES)};
    return true;
}

static bool run(struct trial *trial, const char *method, const char *path, struct slice body)
{
    char url[256];
    snprintf(url, sizeof url, "%s%s", http_script_url(trial->script), path);
    struct http_request request = {.method = method,
                                   .url = url,
                                   .body = body,
                                   .headers = secret_header};
    return http_transport_send(trial->transport, &request, &trial->answer, &trial->err);
}

static void test_send__gives_status_body_and_headers(void **state)
{
    (void)state;
    const struct http_step steps[] = {
        ANSWER("HTTP/1.1 200 OK\r\nX-Amz-Bucket-Region:  eu-west-1 \r\nContent-Length: 5\r\n\r\n"
               "hello"),
        ANSWER("HTTP/1.1 404 Not Found\r\nContent-Length: 2\r\n\r\nno"),
    };
    struct trial trial;
    trial_begin(&trial, steps, COUNT(steps));
    assert_ok(run(&trial, "GET", "/b/k?x=1", SLICE_EMPTY), &trial.err);
    assert_int_equal(trial.answer.status, 200);
    assert_slice_equal(buffer_slice(&trial.body), "hello");
    assert_string_equal(trial.answer.headers[HTTP_ANSWER_REGION], "eu-west-1");
    assert_true(slice_starts_with(http_script_request(trial.script, 0),
                                  SLICE_LITERAL("GET /b/k?x=1 HTTP/1.1\r\n")));
    /* A fault's body is not the object's. */
    assert_ok(run(&trial, "GET", "/b/none", SLICE_EMPTY), &trial.err);
    assert_int_equal(trial.answer.status, 404);
    assert_slice_equal(buffer_slice(&trial.body), "hello");
    assert_slice_equal(buffer_slice(&trial.fault), "no");
    assert_string_equal(trial.answer.headers[HTTP_ANSWER_REGION], "");
    assert_int_equal(trial.time.sleeps, 0);
    trial_end(&trial);
}

static void test_send__keeps_dots_and_sends_what_it_is_given(void **state)
{
    (void)state;
    const struct http_step steps[] = {ANSWER_OK("0\r\n\r\n"), ANSWER_OK("0\r\n\r\n")};
    struct trial trial;
    trial_begin(&trial, steps, COUNT(steps));
    assert_ok(run(&trial, "PUT", "/b/./a/../k%20x", SLICE_LITERAL("bytes")), &trial.err);
    struct slice sent = http_script_request(trial.script, 0);
    assert_true(slice_starts_with(sent, SLICE_LITERAL("PUT /b/./a/../k%20x HTTP/1.1\r\n")));
    assert_true(slice_ends_with(sent, SLICE_LITERAL("\r\n\r\nbytes")));
    assert_non_null(memmem(sent.ptr, sent.len, "X-Try: yes\r\n", 12));
    assert_null(memmem(sent.ptr, sent.len, "Expect:", 7));
    assert_ok(run(&trial, "DELETE", "/b/k", SLICE_EMPTY), &trial.err);
    assert_true(slice_starts_with(http_script_request(trial.script, 1),
                                  SLICE_LITERAL("DELETE /b/k HTTP/1.1\r\n")));
    trial_end(&trial);
}

static void test_send__tries_again_with_growing_pauses(void **state)
{
    (void)state;
    const struct http_step steps[] = {CUT(""), SLOW_DOWN,
                                      ANSWER("HTTP/1.1 500 Internal\r\nContent-Length: 0\r\n\r\n"),
                                      OK_HELLO};
    struct trial trial;
    trial_begin(&trial, steps, COUNT(steps));
    assert_ok(run(&trial, "GET", "/b/k", SLICE_EMPTY), &trial.err);
    assert_int_equal(trial.answer.status, 200);
    assert_int_equal(trial.answer.tries, 4);
    assert_slice_equal(buffer_slice(&trial.body), "hello");
    assert_int_equal(trial.time.sleeps, 3);
    assert_int_equal(trial.time.slept_ms[0], 100);
    assert_int_equal(trial.time.slept_ms[1], 200);
    assert_int_equal(trial.time.slept_ms[2], 400);
    trial_end(&trial);
}

static void test_send__ends_after_five_tries_with_the_last_answer(void **state)
{
    (void)state;
    const struct http_step steps[] = {SLOW_DOWN, SLOW_DOWN, SLOW_DOWN, SLOW_DOWN, SLOW_DOWN};
    struct trial trial;
    trial_begin(&trial, steps, COUNT(steps));
    assert_ok(run(&trial, "GET", "/b/k", SLICE_EMPTY), &trial.err);
    assert_int_equal(trial.answer.status, 503);
    assert_slice_equal(buffer_slice(&trial.fault), "slow");
    trial_end(&trial);
}

static void test_send__waits_as_long_as_it_is_told(void **state)
{
    (void)state;
    const struct http_step steps[] = {
        ANSWER("HTTP/1.1 429 Too Many\r\nRetry-After: 2\r\nContent-Length: 0\r\n\r\n"), OK_HELLO};
    struct trial trial;
    trial_begin(&trial, steps, COUNT(steps));
    assert_ok(run(&trial, "GET", "/b/k", SLICE_EMPTY), &trial.err);
    assert_int_equal(trial.time.sleeps, 1);
    assert_int_equal(trial.time.slept_ms[0], 2000);
    trial_end(&trial);
}

static void test_send__throws_half_an_answer_away(void **state)
{
    (void)state;
    const struct http_step steps[] = {CUT("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhel"),
                                      CUT("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n"),
                                      CUT("HTTP/1.1 200 OK\r\nDate: now\r\n\r\nhello"), OK_HELLO};
    struct trial trial;
    trial_begin(&trial, steps, COUNT(steps));
    buffer_append_string(&trial.body, "kept:");
    assert_ok(run(&trial, "GET", "/b/k", SLICE_EMPTY), &trial.err);
    assert_slice_equal(buffer_slice(&trial.body), "kept:hello");
    assert_int_equal(trial.answer.tries, 4);
    trial_end(&trial);
}

static void test_send__makes_headers_for_each_try(void **state)
{
    (void)state;
    const struct http_step steps[] = {SLOW_DOWN, OK_HELLO};
    struct trial trial;
    unsigned calls = 0;
    trial_begin(&trial, steps, COUNT(steps));
    struct http_request request = {.method = "GET",
                                   .url = http_script_url(trial.script),
                                   .headers = secret_header,
                                   .context = &calls};
    assert_ok(http_transport_send(trial.transport, &request, &trial.answer, &trial.err),
              &trial.err);
    assert_int_equal(calls, 2);
    trial_end(&trial);
}

static void test_send__reads_nothing_that_is_too_large(void **state)
{
    (void)state;
    const struct http_step steps[] = {CUT("HTTP/1.1 200 OK\r\nContent-Length: 4096\r\n\r\nabc")};
    struct trial trial;
    trial_begin(&trial, steps, COUNT(steps));
    assert_fails(run(&trial, "GET", "/b/k", SLICE_EMPTY), &trial.err, ERROR_TOO_LARGE);
    trial_end(&trial);
}

static void test_send__names_the_endpoint_and_no_secret(void **state)
{
    (void)state;
    const struct http_step steps[] = {CUT(""), CUT(""), CUT(""), CUT(""), CUT("")};
    struct trial trial;
    trial_begin(&trial, steps, COUNT(steps));
    assert_fails(run(&trial, "GET", "/b/k?token=a-secret", SLICE_EMPTY), &trial.err, ERROR_STORAGE);
    assert_non_null(strstr(trial.err.message, http_script_url(trial.script)));
    assert_null(strstr(trial.err.message, "secret"));
    trial_end(&trial);
}

static void test_send__gives_each_failure_its_cure(void **state)
{
    (void)state;
    static const struct {
        const char *url, *cure;
    } cases[] = {
        {"http://no-such-host.invalid/b?s=a-secret", "the name is unknown to DNS"},
        {"http://127.0.0.1:1/b?s=a-secret", "nothing takes the connection"},
        {"ftp://127.0.0.1/b?s=a-secret", "an endpoint is http:// or https://"},
    };
    struct trial trial;
    trial_begin(&trial, NULL, 0);
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct http_request request = {.method = "GET", .url = cases[i].url};
        assert_fails(http_transport_send(trial.transport, &request, &trial.answer, &trial.err),
                     &trial.err, ERROR_STORAGE);
        assert_non_null(strstr(trial.err.message, cases[i].cure));
        assert_null(strstr(trial.err.message, "secret"));
    }
    trial_end(&trial);
}

static void test_send__says_that_a_plain_endpoint_speaks_no_tls(void **state)
{
    (void)state;
    /* What comes is no request, so the script never reads one: it closes when we do. */
    struct trial trial;
    char url[64];
    trial_begin(&trial, NULL, 0);
    snprintf(url, sizeof url, "https%s/b", http_script_url(trial.script) + 4);
    struct http_request request = {.method = "GET", .url = url, .is_local_service = true};
    bool ok = http_transport_send(trial.transport, &request, &trial.answer, &trial.err);
    assert_false(ok);
    assert_int_equal(trial.err.kind, ERROR_STORAGE);
    trial_end(&trial);
}

/* --- an endpoint that hangs --------------------------------------------------------------- */

/* Three tries wait in vain; the fourth call may go to find out, and finds it well. */
static void test_send__lets_one_call_ask_an_endpoint_that_hangs(void **state)
{
    (void)state;
    const struct http_step steps[] = {HANG, HANG, HANG, OK_HELLO, OK_HELLO};
    struct trial trial;
    trial_begin(&trial, steps, COUNT(steps));
    assert_fails(run(&trial, "GET", "/b/k", SLICE_EMPTY), &trial.err, ERROR_STORAGE);
    assert_non_null(strstr(trial.err.message, "it does not answer"));
    assert_int_equal(http_script_count(trial.script), 3);
    assert_fails(run(&trial, "GET", "/b/k", SLICE_EMPTY), &trial.err, ERROR_OVERLOADED);
    trial.time.now_ms += 1000;
    assert_ok(run(&trial, "GET", "/b/k", SLICE_EMPTY), &trial.err);
    assert_ok(run(&trial, "GET", "/b/k", SLICE_EMPTY), &trial.err);
    trial_end(&trial);
}

struct caller {
    struct trial *trial;
    struct http_script *script;
    bool ok;
    struct error err;
};

static void *call(void *context)
{
    struct caller *caller = context;
    struct buffer body;
    struct http_answer answer = {.body = &body};
    struct http_request request = {.method = "GET", .url = http_script_url(caller->script)};
    buffer_init(&body, KIB);
    caller->ok = http_transport_send(caller->trial->transport, &request, &answer, &caller->err);
    buffer_finish(&body);
    return NULL;
}

static void wait_for_count(struct http_script *script, size_t count)
{
    while (http_script_count(script) < count)
        sched_yield();
}

/* While one call hangs at a suspect endpoint others are refused at once, there and only there. */
static void test_send__refuses_others_while_one_waits_and_serves_other_endpoints(void **state)
{
    (void)state;
    const struct http_step steps[] = {HANG, HANG, HANG, HANG};
    const struct http_step others[] = {OK_HELLO};
    struct trial trial;
    pthread_t thread;
    trial_begin(&trial, steps, COUNT(steps));
    struct http_script *well = http_script_start(others, COUNT(others));
    assert_fails(run(&trial, "GET", "/b/k", SLICE_EMPTY), &trial.err, ERROR_STORAGE);
    trial.time.now_ms += 1000;
    struct caller first = {&trial, trial.script, true, {0}};
    struct caller second = first, third = {&trial, well, false, {0}};
    assert_int_equal(pthread_create(&thread, NULL, call, &first), 0);
    wait_for_count(trial.script, 4);
    call(&second);
    call(&third);
    assert_false(second.ok);
    assert_int_equal(second.err.kind, ERROR_OVERLOADED);
    assert_ok(third.ok, &third.err);
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_false(first.ok);
    assert_int_equal(first.err.kind, ERROR_STORAGE);
    trial_end(&trial);
    http_script_stop(well);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_send__gives_status_body_and_headers),
        cmocka_unit_test(test_send__keeps_dots_and_sends_what_it_is_given),
        cmocka_unit_test(test_send__tries_again_with_growing_pauses),
        cmocka_unit_test(test_send__ends_after_five_tries_with_the_last_answer),
        cmocka_unit_test(test_send__waits_as_long_as_it_is_told),
        cmocka_unit_test(test_send__throws_half_an_answer_away),
        cmocka_unit_test(test_send__makes_headers_for_each_try),
        cmocka_unit_test(test_send__reads_nothing_that_is_too_large),
        cmocka_unit_test(test_send__names_the_endpoint_and_no_secret),
        cmocka_unit_test(test_send__gives_each_failure_its_cure),
        cmocka_unit_test(test_send__says_that_a_plain_endpoint_speaks_no_tls),
        cmocka_unit_test(test_send__lets_one_call_ask_an_endpoint_that_hangs),
        cmocka_unit_test(test_send__refuses_others_while_one_waits_and_serves_other_endpoints),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
