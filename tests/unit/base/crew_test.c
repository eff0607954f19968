#include "base/crew.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>

#include "tests/unit/cmocka_all.h"

#define ITEMS 1000
#define SHARERS 6
#define ROUNDS 200

struct items {
    atomic_size_t next;
    atomic_size_t done;
    atomic_size_t hands_seen;
    size_t hands;
};

static void do_items(void *context, size_t hand)
{
    struct items *items = context;
    assert_true(hand < items->hands);
    atomic_fetch_or(&items->hands_seen, (size_t)1 << hand);
    while (atomic_fetch_add(&items->next, 1) < ITEMS) {
        atomic_fetch_add(&items->done, 1);
        sched_yield();
    }
}

static size_t share(struct crew *crew, size_t hands)
{
    struct items items = {.hands = hands};
    crew_share(crew, hands, do_items, &items);
    assert_true(atomic_load(&items.hands_seen) & 1);
    return atomic_load(&items.done);
}

static struct crew *made(size_t threads)
{
    struct crew *crew = NULL;
    struct error err = {0};
    assert_ok(crew_create(threads, &crew, &err), &err);
    return crew;
}

static void test_crew__does_everything_once(void **state)
{
    (void)state;
    struct crew *crew = made(3);
    assert_int_equal(share(crew, 4), ITEMS);
    assert_int_equal(share(crew, 1), ITEMS);
    assert_int_equal(share(crew, 40), ITEMS);
    crew_destroy(crew);
}

static void test_crew__works_without_threads_and_without_itself(void **state)
{
    (void)state;
    struct crew *crew = made(0);
    assert_int_equal(share(crew, 4), ITEMS);
    assert_int_equal(share(NULL, 4), ITEMS);
    crew_destroy(crew);
    crew_destroy(NULL);
}

static void *share_often(void *context)
{
    for (int i = 0; i < ROUNDS; i++)
        assert_int_equal(share(context, 4), ITEMS);
    return NULL;
}

static void test_crew__serves_many_at_once(void **state)
{
    (void)state;
    pthread_t threads[SHARERS];
    struct crew *crew = made(2);
    for (int i = 0; i < SHARERS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, share_often, crew), 0);
    for (int i = 0; i < SHARERS; i++)
        pthread_join(threads[i], NULL);
    crew_destroy(crew);
}

struct blocked {
    pthread_mutex_t gate;
    atomic_size_t begun;
};

static void wait_at_gate(void *context, size_t hand)
{
    struct blocked *blocked = context;
    (void)hand;
    atomic_fetch_add(&blocked->begun, 1);
    pthread_mutex_lock(&blocked->gate);
    pthread_mutex_unlock(&blocked->gate);
}

static void *share_gate(void *context)
{
    void **arguments = context;
    crew_share(arguments[0], 3, wait_at_gate, arguments[1]);
    return NULL;
}

/* All threads of the crew wait for something; who shares work then does it alone, at once. */
static void test_crew__keeps_nobody_waiting_who_can_work(void **state)
{
    (void)state;
    pthread_t thread;
    struct crew *crew = made(2);
    struct blocked blocked = {.gate = PTHREAD_MUTEX_INITIALIZER};
    void *arguments[] = {crew, &blocked};
    pthread_mutex_lock(&blocked.gate);
    assert_int_equal(pthread_create(&thread, NULL, share_gate, arguments), 0);
    while (atomic_load(&blocked.begun) < 3)
        sched_yield();
    assert_int_equal(share(crew, 3), ITEMS);
    pthread_mutex_unlock(&blocked.gate);
    pthread_join(thread, NULL);
    crew_destroy(crew);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_crew__does_everything_once),
        cmocka_unit_test(test_crew__works_without_threads_and_without_itself),
        cmocka_unit_test(test_crew__serves_many_at_once),
        cmocka_unit_test(test_crew__keeps_nobody_waiting_who_can_work),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
