#include "base/log.h"

#include <jansson.h>
#include <pthread.h>
#include <unistd.h>

#include "tests/unit/cmocka_all.h"

/* 2026-01-31T12:00:00Z */
static int64_t fixed_now(void *context)
{
    (void)context;
    return INT64_C(1769860800000);
}

static const struct clock fixed_clock = {.now_ms = fixed_now, .monotonic_us = fixed_now};

struct fixture {
    struct log log;
    int read_end;
    char text[65536];
};

static int setup(void **state)
{
    static struct fixture fixture;
    int ends[2];
    if (pipe(ends) != 0)
        return -1;
    fixture.read_end = ends[0];
    fixture.log.fd = ends[1];
    atomic_store(&fixture.log.level, LOG_INFO);
    fixture.log.format = LOG_TEXT;
    fixture.log.clock = &fixed_clock;
    *state = &fixture;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *fixture = *state;
    close(fixture->read_end);
    return 0;
}

/* All that was logged; the log is closed by this. */
static const char *logged(struct fixture *fixture)
{
    size_t len = 0;
    ssize_t got = 0;
    close(fixture->log.fd);
    while ((got = read(fixture->read_end, fixture->text + len, sizeof(fixture->text) - 1 - len)) >
           0)
        len += (size_t)got;
    fixture->text[len] = '\0';
    return fixture->text;
}

static void test_log_text__is_one_line_with_fields(void **state)
{
    struct fixture *fixture = *state;
    const struct log_field fields[] = {
        LOG_TEXT_FIELD("operation", SLICE_LITERAL("loadTable")),
        LOG_NUMBER_FIELD("status", 200),
        LOG_TEXT_FIELD("actor", SLICE_LITERAL("")),
        LOG_TEXT_FIELD("name", SLICE_LITERAL("a b=\"c\"")),
    };
    log_write(&fixture->log, LOG_INFO, "request done", fields, 4);
    assert_string_equal(logged(fixture),
                        "2026-01-31T12:00:00.000Z info request done operation=loadTable status=200 "
                        "actor=\"\" name=\"a b=\\\"c\\\"\"\n");
}

static void test_log_text__nothing_sent_by_a_client_can_forge_a_line(void **state)
{
    struct fixture *fixture = *state;
    const struct log_field fields[] = {
        LOG_TEXT_FIELD("name", SLICE_LITERAL("x\n2026 error forged")),
        LOG_TEXT_FIELD("bytes", SLICE_LITERAL("\xFF\x1B[31m")),
    };
    log_write(&fixture->log, LOG_WARN, "bad\r\nname", fields, 2);
    assert_string_equal(logged(fixture), "2026-01-31T12:00:00.000Z warn bad\\r\\nname "
                                         "name=\"x\\n2026 error forged\" bytes=\"?\\u001b[31m\"\n");
}

static void test_log_json__is_an_object_per_line(void **state)
{
    struct fixture *fixture = *state;
    const struct log_field fields[] = {
        LOG_TEXT_FIELD("name", SLICE_LITERAL("雪 \"q\"\n")),
        LOG_NUMBER_FIELD("ms", -5),
        LOG_TEXT_FIELD("bytes", SLICE_LITERAL("\xFF")),
    };
    fixture->log.format = LOG_JSON;
    log_write(&fixture->log, LOG_ERROR, "it \"failed\"", fields, 3);
    json_error_t failure;
    json_t *line = json_loads(logged(fixture), 0, &failure);
    const char *time, *level, *message, *name, *bytes;
    json_int_t ms = 0;
    assert_non_null(line);
    assert_int_equal(json_unpack_ex(line, &failure, JSON_STRICT, "{s:s,s:s,s:s,s:s,s:I,s:s}",
                                    "time", &time, "level", &level, "message", &message, "name",
                                    &name, "ms", &ms, "bytes", &bytes),
                     0);
    assert_string_equal(time, "2026-01-31T12:00:00.000Z");
    assert_string_equal(level, "error");
    assert_string_equal(message, "it \"failed\"");
    assert_string_equal(name, "雪 \"q\"\n");
    assert_int_equal(ms, -5);
    assert_string_equal(bytes, "?");
    json_decref(line);
}

static void test_log__below_its_level_writes_nothing(void **state)
{
    struct fixture *fixture = *state;
    log_write(&fixture->log, LOG_DEBUG, "hidden", NULL, 0);
    log_write(&fixture->log, LOG_OFF, "hidden", NULL, 0);
    atomic_store(&fixture->log.level, LOG_OFF);
    log_write(&fixture->log, LOG_ERROR, "hidden", NULL, 0);
    atomic_store(&fixture->log.level, LOG_DEBUG);
    log_write(&fixture->log, LOG_DEBUG, "shown", NULL, 0);
    assert_string_equal(logged(fixture), "2026-01-31T12:00:00.000Z debug shown\n");
}

static void test_log__cuts_a_long_field_on_a_character(void **state)
{
    struct fixture *fixture = *state;
    static char name[9001];
    for (size_t at = 0; at < 9000; at += 3)
        memcpy(name + at, "雪", 3);
    const struct log_field field = LOG_TEXT_FIELD("name", slice_make(name, 9000));
    log_write(&fixture->log, LOG_INFO, "m", &field, 1);
    struct slice line = slice_from_string(logged(fixture));
    assert_in_range(line.len, 4000, 4200);
    assert_true(slice_is_utf8(line));
    assert_null(strchr(line.ptr, '?'));
}

#define LINES_PER_THREAD 100

static void *write_lines(void *context)
{
    struct log *log = context;
    const struct log_field field = LOG_NUMBER_FIELD("n", 1);
    for (int i = 0; i < LINES_PER_THREAD; i++)
        log_write(log, LOG_INFO, "m", &field, 1);
    return NULL;
}

static void test_log__lines_of_threads_do_not_mix(void **state)
{
    struct fixture *fixture = *state;
    static const char line[] = "2026-01-31T12:00:00.000Z info m n=1\n";
    pthread_t threads[4];
    for (int i = 0; i < 4; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, write_lines, &fixture->log), 0);
    for (int i = 0; i < 4; i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    struct slice text = slice_from_string(logged(fixture));
    assert_int_equal(text.len, 4 * LINES_PER_THREAD * strlen(line));
    for (; text.len > 0; text = slice_from(text, strlen(line)))
        assert_true(slice_starts_with(text, slice_from_string(line)));
}

static void test_log_level_parse__knows_five_words(void **state)
{
    (void)state;
    static const char *const words[] = {"debug", "info", "WARN", "error", "off"};
    enum log_level level = LOG_OFF;
    for (int i = 0; i < 5; i++) {
        assert_true(log_level_parse(slice_from_string(words[i]), &level));
        assert_int_equal(level, i);
    }
    assert_false(log_level_parse(SLICE_LITERAL("trace"), &level));
    assert_false(log_level_parse(SLICE_EMPTY, &level));
    assert_int_equal(level, LOG_OFF);
}

#define LOG_TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        LOG_TEST(test_log_text__is_one_line_with_fields),
        LOG_TEST(test_log_text__nothing_sent_by_a_client_can_forge_a_line),
        LOG_TEST(test_log_json__is_an_object_per_line),
        LOG_TEST(test_log__below_its_level_writes_nothing),
        LOG_TEST(test_log__cuts_a_long_field_on_a_character),
        LOG_TEST(test_log__lines_of_threads_do_not_mix),
        cmocka_unit_test(test_log_level_parse__knows_five_words),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
