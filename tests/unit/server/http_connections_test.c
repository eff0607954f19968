/* Which connections are cut, on real sockets and at moments that the test names. */
#include "server/http_connections.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/unit/cmocka_all.h"

#define WINDOW_MS 1000
#define LEAST 4096

static const struct http_pace pace = {WINDOW_MS, LEAST};
static struct http_connections connections;
static struct http_connection *connection;
static int client, served;

/* A connection over loopback: pairs of Unix sockets count no bytes. */
static int set_up(void **state)
{
    (void)state;
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof(address);
    int listener = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(bind(listener, (struct sockaddr *)&address, size), 0);
    assert_int_equal(listen(listener, 1), 0);
    assert_int_equal(getsockname(listener, (struct sockaddr *)&address, &size), 0);
    client = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(connect(client, (struct sockaddr *)&address, size), 0);
    served = accept(listener, NULL, NULL);
    assert_true(served >= 0);
    close(listener);
    http_connections_init(&connections);
    connection = http_connection_open(&connections, served);
    assert_non_null(connection);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    http_connection_close(&connections, connection);
    http_connections_finish(&connections);
    close(served);
    close(client);
    return 0;
}

static size_t cut_at(int64_t now_ms)
{
    return http_connections_cut_slow(&connections, now_ms, &pace);
}

/* Until the other side has it: the kernel's counters are looked at next. */
static void give(int from, int to, size_t size)
{
    static char bytes[64 * 1024];
    while (size > 0) {
        size_t part = size < sizeof(bytes) ? size : sizeof(bytes);
        assert_int_equal(send(from, bytes, part, 0), (ssize_t)part);
        assert_int_equal(recv(to, bytes, part, MSG_WAITALL), (ssize_t)part);
        size -= part;
    }
}

/* As much as goes into the buffers of a client that does not read. */
static void fill_answer(void)
{
    static char bytes[64 * 1024];
    while (send(served, bytes, sizeof(bytes), MSG_DONTWAIT) > 0)
        continue;
}

static void test_request__that_comes_too_slowly_is_cut_once(void **state)
{
    (void)state;
    assert_int_equal(cut_at(0), 0);
    give(client, served, 1);
    assert_int_equal(cut_at(WINDOW_MS / 2), 0);
    give(client, served, LEAST - 2);
    assert_int_equal(cut_at(WINDOW_MS), 1);
    assert_int_equal(cut_at(5 * WINDOW_MS), 0);
    char byte;
    assert_int_equal(recv(client, &byte, 1, 0), 0);
}

static void test_request__that_comes_fast_enough_is_judged_anew_in_each_window(void **state)
{
    (void)state;
    assert_int_equal(cut_at(0), 0);
    for (int64_t window = 1; window <= 3; window++) {
        give(client, served, LEAST);
        assert_int_equal(cut_at(window * WINDOW_MS), 0);
    }
    give(client, served, LEAST - 1);
    assert_int_equal(cut_at(4 * WINDOW_MS), 1);
}

static void test_connection__on_which_nothing_comes_is_left_to_its_timeout(void **state)
{
    (void)state;
    for (int64_t window = 0; window <= 10; window++)
        assert_int_equal(cut_at(window * WINDOW_MS), 0);
    give(client, served, 1); /* the window begins with it */
    assert_int_equal(cut_at(10 * WINDOW_MS + WINDOW_MS / 2), 0);
}

static void test_requests__that_follow_each_other_begin_a_window_each(void **state)
{
    (void)state;
    for (int64_t now_ms = 0; now_ms <= 5 * WINDOW_MS; now_ms += WINDOW_MS / 2) {
        assert_int_equal(cut_at(now_ms), 0);
        give(client, served, 10);
        http_connection_set_turn(connection, TURN_WORK);
        http_connection_set_turn(connection, TURN_ANSWER);
        give(served, client, 10);
        http_connection_set_turn(connection, TURN_REQUEST);
    }
}

static void test_work__may_take_its_time(void **state)
{
    (void)state;
    http_connection_set_turn(connection, TURN_WORK);
    give(client, served, 1);
    assert_int_equal(cut_at(0), 0);
    give(client, served, 1);
    assert_int_equal(cut_at(10 * WINDOW_MS), 0);
}

static void test_answer__that_is_taken_too_slowly_is_cut(void **state)
{
    (void)state;
    http_connection_set_turn(connection, TURN_ANSWER);
    fill_answer();
    assert_int_equal(cut_at(0), 0);
    assert_int_equal(cut_at(WINDOW_MS - 1), 0);
    assert_int_equal(cut_at(WINDOW_MS), 1);
}

/* A plan that is still made: what there was of it has been taken. */
static void test_answer__that_waits_for_us_is_not_cut(void **state)
{
    (void)state;
    http_connection_set_turn(connection, TURN_ANSWER);
    give(served, client, 10);
    assert_int_equal(cut_at(0), 0);
    give(served, client, 10);
    assert_int_equal(cut_at(10 * WINDOW_MS), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_request__that_comes_too_slowly_is_cut_once),
        TEST(test_request__that_comes_fast_enough_is_judged_anew_in_each_window),
        TEST(test_connection__on_which_nothing_comes_is_left_to_its_timeout),
        TEST(test_requests__that_follow_each_other_begin_a_window_each),
        TEST(test_work__may_take_its_time),
        TEST(test_answer__that_is_taken_too_slowly_is_cut),
        TEST(test_answer__that_waits_for_us_is_not_cut),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
