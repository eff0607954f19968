#include "tests/unit/server/server_fixture.h"

#include <ftw.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/limits.h"

static const char *no_environment(const char *name)
{
    (void)name;
    return NULL;
}

void server_fixture_init(struct server_fixture *fixture, const char *const *extra)
{
    struct error err = {0};
    enum option_help help = OPTION_HELP_NONE;
    char *arguments[16] = {"--data", NULL, "--listen", "127.0.0.1:0", "--log-level", "off"};
    int count = 6;
    memset(fixture, 0, sizeof(*fixture));
    strcpy(fixture->directory, "/tmp/firn-server-test-XXXXXX");
    assert_non_null(mkdtemp(fixture->directory));
    arguments[1] = fixture->directory;
    for (; extra && *extra; extra++)
        arguments[count++] = strdup(*extra);
    assert_ok(options_load(&option_settings, count, arguments, no_environment, &fixture->options,
                           &help, &err),
              &err);
    for (int i = 6; i < count; i++)
        free(arguments[i]);
    assert_ok(server_create(&fixture->options, &fixture->server, &err), &err);
    buffer_init(&fixture->body, 64 * MIB);
}

static int remove_one(const char *path, const struct stat *status, int kind, struct FTW *walk)
{
    (void)status;
    (void)kind;
    (void)walk;
    return remove(path);
}

void server_fixture_finish(struct server_fixture *fixture)
{
    reply_unref(fixture->reply);
    buffer_finish(&fixture->body);
    server_destroy(fixture->server);
    options_finish(&fixture->options);
    nftw(fixture->directory, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

void fixture_header(struct server_fixture *fixture, const char *name, const char *value)
{
    assert_true(fixture->header_count < FIXTURE_MAX_HEADERS);
    fixture->header_names[fixture->header_count] = name;
    fixture->header_values[fixture->header_count++] = value;
}

static struct slice find_header(const void *context, const char *name)
{
    const struct server_fixture *fixture = context;
    for (size_t i = 0; i < fixture->header_count; i++)
        if (strcasecmp(fixture->header_names[i], name) == 0)
            return slice_from_string(fixture->header_values[i]);
    return (struct slice){NULL, 0};
}

int fixture_send(struct server_fixture *fixture, const char *method, const char *uri,
                 const char *body)
{
    struct request request;
    request_init(&request, http_method_parse(method), slice_from_string(uri));
    request.header = find_header;
    request.header_context = fixture;
    request.is_remote = fixture->is_remote;
    request.body = slice_from_string(body);
    if (body && find_header(fixture, "Content-Type").ptr == NULL)
        fixture_header(fixture, "Content-Type", "application/json");
    reply_unref(fixture->reply);
    if (fixture->around)
        fixture->around(true);
    fixture->reply = server_handle(fixture->server, &request);
    fixture->was_fast = fixture->reply != NULL;
    request.may_block = true;
    if (fixture->reply == NULL)
        fixture->reply = server_handle(fixture->server, &request);
    if (fixture->around)
        fixture->around(false);
    request_finish(&request);
    fixture->header_count = 0;
    buffer_truncate(&fixture->body, 0);
    assert_true(reply_body(fixture->reply, &fixture->body));
    buffer_append_byte(&fixture->body, '\0');
    return fixture->reply->status;
}

const char *fixture_body(const struct server_fixture *fixture)
{
    return fixture->body.ptr;
}

const char *fixture_reply_header(const struct server_fixture *fixture, const char *name)
{
    for (size_t i = 0; i < fixture->reply->header_count; i++)
        if (strcasecmp(fixture->reply->headers[i].name, name) == 0)
            return fixture->reply->headers[i].value;
    return NULL;
}
