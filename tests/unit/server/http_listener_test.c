/* Who is accepted, and when, by clients on real sockets. */
#include "server/http_listener.h"

#include <arpa/inet.h>
#include <semaphore.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/limits.h"
#include "tests/unit/cmocka_all.h"

#define MAX_TAKEN 64
/* For what must happen; what must not is looked at after a moment. */
#define PATIENCE_S 20
#define MOMENT_US (100 * 1000)

/* Takes connections as libmicrohttpd does, or loses them. */
struct taker {
    int fds[MAX_TAKEN];
    atomic_size_t count;
    sem_t taken;
    bool refuses; /* closes what it is given, and says so */
};

static struct http_listener listener;
static struct taker taker;
static struct arena arena;

static bool take(void *context, int fd, const struct sockaddr *address, socklen_t size)
{
    struct taker *self = context;
    assert_int_equal(size, sizeof(struct sockaddr_in));
    assert_true(http_address_is_loopback(address));
    if (self->refuses) {
        close(fd);
    } else {
        assert_true(atomic_load(&self->count) < MAX_TAKEN);
        self->fds[atomic_load(&self->count)] = fd;
        atomic_fetch_add(&self->count, 1);
    }
    sem_post(&self->taken);
    return !self->refuses;
}

static int set_up(void **state)
{
    struct error err = {0};
    (void)state;
    arena_init(&arena, MIB);
    memset(&taker, 0, sizeof(taker));
    sem_init(&taker.taken, 0, 0);
    assert_ok(http_listener_open(&listener, SLICE_LITERAL("127.0.0.1:0"), &arena, &err), &err);
    assert_true(listener.port > 0);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    http_listener_stop(&listener);
    http_listener_finish(&listener);
    for (size_t i = 0; i < atomic_load(&taker.count); i++)
        close(taker.fds[i]);
    sem_destroy(&taker.taken);
    arena_finish(&arena);
    return 0;
}

static void start(size_t limit)
{
    struct error err = {0};
    assert_ok(http_listener_start(&listener, limit, take, &taker, &err), &err);
}

static int dial(void)
{
    struct sockaddr_in address = {
        .sin_family = AF_INET,
        .sin_port = htons((uint16_t)listener.port),
        .sin_addr = {htonl(INADDR_LOOPBACK)},
    };
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0)
        return fd;
    close(fd);
    return -1;
}

static void hang_up(int *fds, size_t count)
{
    for (size_t i = 0; i < count; i++)
        close(fds[i]);
}

static void wait_taken(void)
{
    struct timespec until;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += PATIENCE_S;
    assert_int_equal(sem_timedwait(&taker.taken, &until), 0);
}

static void test_http_listener__hands_over_all_who_come(void **state)
{
    int clients[8];
    (void)state;
    start(100);
    for (size_t i = 0; i < 8; i++)
        clients[i] = dial();
    for (size_t i = 0; i < 8; i++)
        wait_taken();
    assert_int_equal(atomic_load(&taker.count), 8);
    assert_int_equal(http_listener_open_count(&listener), 0); /* none has begun */
    http_listener_began(&listener);
    http_listener_began(&listener);
    http_listener_ended(&listener);
    assert_int_equal(http_listener_open_count(&listener), 1);
    hang_up(clients, 8);
}

static void test_http_listener__over_the_limit_clients_wait(void **state)
{
    int clients[3];
    (void)state;
    start(2);
    for (size_t i = 0; i < 3; i++) {
        clients[i] = dial();
        assert_true(clients[i] >= 0); /* the kernel takes it, nobody else does yet */
    }
    wait_taken();
    wait_taken();
    http_listener_began(&listener);
    http_listener_began(&listener);
    usleep(MOMENT_US);
    assert_int_equal(atomic_load(&taker.count), 2);
    http_listener_ended(&listener);
    wait_taken();
    assert_int_equal(atomic_load(&taker.count), 3);
    hang_up(clients, 3);
}

/* Of the first two, one is never served: neither its beginning nor its end is told. */
static void test_http_listener__what_was_never_begun_makes_room_again(void **state)
{
    int clients[3];
    (void)state;
    start(2);
    for (size_t i = 0; i < 3; i++)
        clients[i] = dial();
    wait_taken();
    wait_taken();
    http_listener_began(&listener);
    wait_taken();
    hang_up(clients, 3);
}

static void test_http_listener__who_is_not_taken_does_not_count(void **state)
{
    int clients[4];
    (void)state;
    taker.refuses = true;
    start(1);
    for (size_t i = 0; i < 4; i++)
        clients[i] = dial();
    for (size_t i = 0; i < 4; i++)
        wait_taken();
    hang_up(clients, 4);
}

static void test_http_listener__after_a_stop_nobody_listens(void **state)
{
    (void)state;
    start(10);
    http_listener_stop(&listener);
    assert_int_equal(dial(), -1);
    http_listener_ended(&listener); /* connections end later */
    http_listener_stop(&listener);
    assert_int_equal(atomic_load(&taker.count), 0);
}

static void test_http_listener__taken_address_names_its_owner(void **state)
{
    struct http_listener other;
    struct error err = {0};
    char listen[32];
    (void)state;
    (void)snprintf(listen, sizeof(listen), "127.0.0.1:%u", listener.port);
    assert_fails(http_listener_open(&other, slice_from_string(listen), &arena, &err), &err,
                 ERROR_CONFLICT);
    assert_non_null(strstr(err.message, listen));
    http_listener_stop(&other);
    http_listener_finish(&other);
}

/* --- addresses ------------------------------------------------------------------------------ */

static void test_http_listener__knows_which_addresses_are_this_machine(void **state)
{
    static const struct {
        const char *listen, *host;
        bool is_loopback;
    } rows[] = {
        {"127.0.0.1:8181", "127.0.0.1", true}, {"127.9.9.9:1", "127.9.9.9", true},
        {"localhost:8181", "127.0.0.1", true}, {"[::1]:8181", "::1", true},
        {"0.0.0.0:8181", "0.0.0.0", false},    {"[::]:8181", "::", false},
        {"192.0.2.1:80", "192.0.2.1", false},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct slice host;
        struct error err = {0};
        bool is_loopback = false;
        assert_ok(http_parse_listen(slice_from_string(rows[i].listen), &arena, &host, &is_loopback,
                                    &err),
                  &err);
        assert_slice_equal(host, rows[i].host);
        assert_int_equal(is_loopback, rows[i].is_loopback);
    }
}

static void test_http_listener__refuses_what_is_no_address(void **state)
{
    static const char *const bad[] = {"",
                                      "8181",
                                      "127.0.0.1",
                                      "127.0.0.1:",
                                      "127.0.0.1:65536",
                                      "127.0.0.1:-1",
                                      "example.com:80",
                                      "[::1:80"};
    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct slice host;
        struct error err = {0};
        bool is_loopback = false;
        assert_fails(http_parse_listen(slice_from_string(bad[i]), &arena, &host, &is_loopback,
                                       &err),
                     &err, ERROR_BAD_REQUEST);
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(test_http_listener__##name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(hands_over_all_who_come),
        TEST(over_the_limit_clients_wait),
        TEST(what_was_never_begun_makes_room_again),
        TEST(who_is_not_taken_does_not_count),
        TEST(after_a_stop_nobody_listens),
        TEST(taken_address_names_its_owner),
        TEST(knows_which_addresses_are_this_machine),
        TEST(refuses_what_is_no_address),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
