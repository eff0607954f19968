#include "tests/unit/storage/store_trial.h"

#include <stdio.h>

#include "base/limits.h"
#include "tests/unit/cmocka_all.h"

void store_trial_begin(struct store_trial *trial, const struct http_step *steps, size_t count)
{
    *trial = (struct store_trial){.time.now_ms = 1440938160000};
    struct http_transport_options options = fake_time_options(&trial->time);
    trial->script = http_script_start(steps, count);
    assert_ok(http_transport_create(&options, &trial->transport, &trial->err), &trial->err);
    buffer_init(&trial->out, MIB);
}

void store_trial_open(struct store_trial *trial, store_create_fn create, environment_fn environment)
{
    const struct remote_store_options options = {trial->transport, environment, true};
    assert_ok(create(&options, &trial->store, &trial->err), &trial->err);
}

void store_trial_end(struct store_trial *trial, const char *secret)
{
    assert_true(secret == NULL || strstr(trial->err.message, secret) == NULL);
    trial->store->ops->destroy(trial->store);
    http_transport_destroy(trial->transport);
    http_script_stop(trial->script);
    buffer_finish(&trial->out);
}

bool store_trial_get(struct store_trial *trial, const char *uri)
{
    buffer_truncate(&trial->out, 0);
    return trial->store->ops->get(trial->store, slice_from_string(uri), &trial->out, &trial->err);
}

bool store_trial_put(struct store_trial *trial, const char *uri, const char *bytes)
{
    return trial->store->ops->put_new(trial->store, slice_from_string(uri),
                                      slice_from_string(bytes), &trial->err);
}

void store_trial_assert_line(struct store_trial *trial, size_t n, const char *line)
{
    struct slice request = http_script_request(trial->script, n);
    struct slice first = slice_make(request.ptr, slice_find(request, '\r'));
    assert_slice_equal(first, line);
}

bool store_trial_request_has(struct store_trial *trial, size_t n, const char *text)
{
    struct slice request = http_script_request(trial->script, n);
    return memmem(request.ptr, request.len, text, strlen(text)) != NULL;
}

struct http_step store_trial_answer(char *text, size_t size, const char *status, const char *body)
{
    snprintf(text, size, "HTTP/1.1 %s\r\nContent-Length: %zu\r\n\r\n%s", status, strlen(body),
             body);
    return ANSWER(text);
}
