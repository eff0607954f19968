/* Which HTTP thread a connection goes to. */
#include "server/http_balance.h"

#include <arpa/inet.h>
#include <sched.h>
#include <unistd.h>

#include "tests/unit/cmocka_all.h"

#define THREADS 4
#define REMOTE (-1)

static struct http_balance balance;
static int64_t now_ms;

static int set_up(void **state)
{
    struct error err = {0};
    (void)state;
    now_ms = 1000000;
    assert_ok(http_balance_init(&balance, THREADS, &err), &err);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    http_balance_finish(&balance);
    return 0;
}

/* A connection that is served at once. */
static size_t give(int core)
{
    size_t thread = http_balance_choose(&balance, core, now_ms);
    http_balance_began(&balance, thread);
    return thread;
}

static void assert_open(const size_t *counts)
{
    for (size_t i = 0; i < THREADS; i++)
        assert_int_equal(http_balance_open(&balance, i), counts[i]);
}

static void test_http_balance__clients_of_other_machines_spread_evenly(void **state)
{
    (void)state;
    for (int i = 0; i < 100; i++)
        give(REMOTE);
    assert_open((const size_t[]){25, 25, 25, 25});
    for (int i = 0; i < 5; i++)
        http_balance_ended(&balance, 2);
    for (int i = 0; i < 5; i++)
        assert_int_equal(give(REMOTE), 2);
}

/* A client that opens a connection for each request is not always the first thread's. */
static void test_http_balance__short_connections_take_turns(void **state)
{
    size_t seen[THREADS] = {0};
    (void)state;
    for (int i = 0; i < 40; i++) {
        size_t thread = give(REMOTE);
        http_balance_ended(&balance, thread);
        seen[thread]++;
    }
    for (size_t i = 0; i < THREADS; i++)
        assert_int_equal(seen[i], 10);
}

static void test_http_balance__connections_of_one_core_stay_together(void **state)
{
    (void)state;
    for (int i = 0; i < HTTP_MAX_LEAD; i++) {
        assert_int_equal(give(1), 1);
        assert_int_equal(give(THREADS + 2), 2); /* there are more cores than threads */
    }
    assert_open((const size_t[]){0, HTTP_MAX_LEAD, HTTP_MAX_LEAD, 0});
}

static void test_http_balance__one_core_leaves_no_thread_far_behind(void **state)
{
    (void)state;
    for (int i = 0; i < 400; i++) {
        size_t fewest = SIZE_MAX, most = 0;
        give(3);
        for (size_t j = 0; j < THREADS; j++) {
            size_t open = http_balance_open(&balance, j);
            fewest = open < fewest ? open : fewest;
            most = open > most ? open : most;
        }
        assert_true(most - fewest <= HTTP_MAX_LEAD);
    }
    assert_open((const size_t[]){96, 96, 96, 112});
}

/* The others' connections count as well. */
static void test_http_balance__a_busy_thread_gets_no_more_of_its_core(void **state)
{
    (void)state;
    for (int i = 0; i < 4 * HTTP_MAX_LEAD; i++)
        give(REMOTE);
    for (int i = 0; i < HTTP_MAX_LEAD; i++)
        http_balance_ended(&balance, 3);
    assert_int_equal(give(0), 3);
    assert_int_equal(give(0), 0);
}

static void test_http_balance__who_is_not_taken_does_not_count(void **state)
{
    (void)state;
    for (int i = 0; i < 3 * HTTP_MAX_LEAD; i++)
        http_balance_undo(&balance, http_balance_choose(&balance, 1, now_ms));
    assert_open((const size_t[]){0, 0, 0, 0});
}

static void test_http_balance__who_never_began_counts_for_a_second(void **state)
{
    (void)state;
    give(1);
    for (int i = 0; i < 5; i++)
        assert_int_equal(http_balance_choose(&balance, 1, now_ms), 1);
    now_ms += HTTP_BEGIN_MS - 1;
    assert_int_equal(http_balance_choose(&balance, 0, now_ms), 0);
    assert_open((const size_t[]){1, 6, 0, 0});
    now_ms += HTTP_BEGIN_MS;
    give(2);
    assert_open((const size_t[]){0, 1, 1, 0});
}

/* A thread that was busy for so long; and what it had then begun may have ended at once. */
static void test_http_balance__who_begins_late_counts_after_all(void **state)
{
    (void)state;
    assert_int_equal(http_balance_choose(&balance, 1, now_ms), 1);
    assert_int_equal(http_balance_choose(&balance, 1, now_ms), 1);
    now_ms += HTTP_BEGIN_MS;
    give(0);
    assert_open((const size_t[]){1, 0, 0, 0});
    http_balance_began(&balance, 1);
    http_balance_began(&balance, 1);
    http_balance_ended(&balance, 1);
    assert_open((const size_t[]){1, 0, 0, 0});
    give(0);
    assert_open((const size_t[]){2, 1, 0, 0});
}

/* --- cores ---------------------------------------------------------------------------------- */

static int listen_here(struct sockaddr_in *ret_address)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t size = sizeof(address);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&address, size), 0);
    assert_int_equal(listen(fd, 1), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &size), 0);
    *ret_address = address;
    return fd;
}

static void run_on(const cpu_set_t *cores)
{
    assert_int_equal(sched_setaffinity(0, sizeof(*cores), cores), 0);
}

/* From which core the server thinks that a client of that core talks. */
static int core_seen(int listener, const struct sockaddr_in *address, size_t core)
{
    cpu_set_t only;
    CPU_ZERO(&only);
    CPU_SET(core, &only);
    run_on(&only);
    int client = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(connect(client, (const struct sockaddr *)address, sizeof(*address)), 0);
    int served = accept(listener, NULL, NULL);
    int seen = http_local_core(served, (const struct sockaddr *)address);
    close(client);
    close(served);
    return seen;
}

static void test_http_balance__a_client_of_this_machine_is_known_by_its_core(void **state)
{
    struct sockaddr_in address;
    cpu_set_t all;
    int listener = listen_here(&address);
    (void)state;
    assert_int_equal(sched_getaffinity(0, sizeof(all), &all), 0);
    for (size_t core = 0; core < CPU_SETSIZE; core++) {
        if (!CPU_ISSET(core, &all))
            continue;
        assert_int_equal(core_seen(listener, &address, core), core);
        run_on(&all);
    }
    close(listener);
}

/* Their packets come in on whichever core the network card chose. */
static void test_http_balance__other_machines_have_no_core(void **state)
{
    struct sockaddr_in address;
    const struct sockaddr_in other = {.sin_family = AF_INET,
                                      .sin_addr = {htonl(0xC0000201)}}; /* 192.0.2.1 */
    int listener = listen_here(&address);
    (void)state;
    assert_int_equal(http_local_core(listener, (const struct sockaddr *)&other), -1);
    close(listener);
}

#define TEST(name) cmocka_unit_test_setup_teardown(test_http_balance__##name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(clients_of_other_machines_spread_evenly),
        TEST(short_connections_take_turns),
        TEST(connections_of_one_core_stay_together),
        TEST(one_core_leaves_no_thread_far_behind),
        TEST(a_busy_thread_gets_no_more_of_its_core),
        TEST(who_is_not_taken_does_not_count),
        TEST(who_never_began_counts_for_a_second),
        TEST(who_begins_late_counts_after_all),
        TEST(a_client_of_this_machine_is_known_by_its_core),
        TEST(other_machines_have_no_core),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
