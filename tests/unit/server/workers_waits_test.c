/*
 * What waits says so: the workers take other work meanwhile, though nobody stands by to notice.
 */
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <stdatomic.h>

#include "base/byte_budget.h"
#include "base/cache.h"
#include "base/crew.h"
#include "base/limits.h"
#include "catalog/catalog.h"
#include "catalog/entity_lock.h"
#include "catalog/inflight.h"
#include "storage/file_calls.h"
#include "tests/unit/cmocka_all.h"
#include "tests/unit/server/workers_fixture.h"

#define AWAKE 2
#define WAITING 3
/* Longer than any test. */
#define NEVER_MS (60 * 60 * 1000)

static struct entity_locks *locks;
static struct inflight_keys *keys;
static struct byte_budget *budget;
static struct cache *cache;
static struct crew *crew;
static sem_t gate;
/* What the test holds. */
static struct entity_hold held_entity;
static struct cache_making held_making;

static struct slice the_key(void)
{
    return SLICE_LITERAL("key");
}

/* --- ways to wait --------------------------------------------------------------------------- */

static void take_entity(struct entity_hold *hold)
{
    const struct entity_name name = {SLICE_LITERAL("db"), SLICE_LITERAL("t")};
    entity_locks_take(locks, 1, &name, 1, hold);
}

static void hold_entity(void)
{
    take_entity(&held_entity);
}

static void release_entity(void)
{
    entity_locks_give(locks, &held_entity);
}

static void wait_for_entity(void)
{
    struct entity_hold hold;
    take_entity(&hold);
    entity_locks_give(locks, &hold);
}

static void hold_key(void)
{
    struct error err = {0};
    assert_ok(inflight_keys_take(keys, the_key(), NEVER_MS, &err), &err);
}

static void release_key(void)
{
    inflight_keys_give(keys, the_key());
}

static void wait_for_key(void)
{
    hold_key();
    release_key();
}

static void hold_budget(void)
{
    struct error err = {0};
    assert_ok(byte_budget_take(budget, KIB, NEVER_MS, "a test", &err), &err);
}

static void release_budget(void)
{
    byte_budget_give(budget, KIB);
}

static void wait_for_budget(void)
{
    hold_budget();
    release_budget();
}

static void hold_making(void)
{
    assert_null(cache_make_begin(cache, the_key(), &held_making));
}

static void release_making(void)
{
    cache_make_end(cache, &held_making);
}

static void wait_for_making(void)
{
    struct cache_making making;
    assert_null(cache_make_begin(cache, the_key(), &making));
    cache_make_end(cache, &making);
}

static void hold_gate(void)
{
    assert_int_equal(sem_init(&gate, 0, 0), 0);
}

static void release_gate(void)
{
    for (int i = 0; i < WAITING; i++)
        sem_post(&gate);
}

static void pass_gate(void)
{
    while (sem_wait(&gate) != 0)
        continue; /* a signal */
}

static int gated_fsync(int fd)
{
    (void)fd;
    pass_gate();
    return 0;
}

static void wait_for_sync(void)
{
    const struct file_calls calls = {.fsync = gated_fsync};
    assert_int_equal(file_sync(&calls, -1), 0);
}

/* The hand of the worker returns when the one that helps is at the gate, or about to be. */
static void help_at_gate(void *context, size_t hand)
{
    atomic_bool *has_begun = context;
    if (hand > 0) {
        atomic_store(has_begun, true);
        pass_gate();
    }
    while (!atomic_load(has_begun))
        sched_yield();
}

static void wait_for_crew(void)
{
    atomic_bool has_begun = false;
    crew_share(crew, 2, help_at_gate, &has_begun);
}

/* --- the test ------------------------------------------------------------------------------- */

struct waiting {
    struct work_item item;
    void (*wait)(void); /* NULL: does not */
    atomic_int *done;
};

static void run_waiting(struct work_item *item)
{
    struct waiting *waiting = (struct waiting *)item;
    if (waiting->wait)
        waiting->wait();
    atomic_fetch_add(waiting->done, 1);
}

/* More wait than may be awake: the item behind them runs only where they have said so. */
static void go_past(void (*hold)(void), void (*wait)(void), void (*release)(void))
{
    struct workers *workers = workers_make_with(&(struct workers_options){
        .threads = WAITING + 1, .awake = AWAKE, .standby_ms = NEVER_MS, .queue_limit = 10});
    struct waiting all[WAITING + 1];
    atomic_int waited = 0, done = 0;
    hold();
    for (int i = 0; i <= WAITING; i++) {
        all[i] = (struct waiting){.item.run = run_waiting, .done = i < WAITING ? &waited : &done};
        all[i].wait = i < WAITING ? wait : NULL;
        assert_true(workers_reserve(workers, false));
        workers_submit(workers, &all[i].item);
    }
    wait_for_count(&done, 1);
    assert_int_equal(atomic_load(&waited), 0);
    release();
    assert_true(workers_drain(workers, 60000));
    assert_int_equal(atomic_load(&waited), WAITING);
    workers_destroy(workers);
}

static void test_workers__go_past_waits_for_an_entity_lock(void **state)
{
    struct error err = {0};
    (void)state;
    assert_ok(entity_locks_create(&locks, &err), &err);
    go_past(hold_entity, wait_for_entity, release_entity);
    entity_locks_destroy(locks);
}

static void test_workers__go_past_waits_for_an_idempotency_key(void **state)
{
    struct error err = {0};
    (void)state;
    assert_ok(inflight_keys_create(&keys, &err), &err);
    go_past(hold_key, wait_for_key, release_key);
    inflight_keys_destroy(keys);
}

static void test_workers__go_past_waits_for_memory(void **state)
{
    struct error err = {0};
    (void)state;
    assert_ok(byte_budget_create(KIB, WAITING, &budget, &err), &err);
    go_past(hold_budget, wait_for_budget, release_budget);
    byte_budget_destroy(budget);
}

static void test_workers__go_past_waits_for_what_is_made_for_the_cache(void **state)
{
    struct error err = {0};
    (void)state;
    assert_ok(cache_create(MIB, &cache, &err), &err);
    go_past(hold_making, wait_for_making, release_making);
    cache_destroy(cache);
}

static void test_workers__go_past_syncs(void **state)
{
    (void)state;
    go_past(hold_gate, wait_for_sync, release_gate);
    sem_destroy(&gate);
}

static void test_workers__go_past_waits_for_the_crew(void **state)
{
    struct error err = {0};
    (void)state;
    assert_ok(crew_create(WAITING, &crew, &err), &err);
    go_past(hold_gate, wait_for_crew, release_gate);
    crew_destroy(crew);
    sem_destroy(&gate);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_workers__go_past_waits_for_an_entity_lock),
        cmocka_unit_test(test_workers__go_past_waits_for_an_idempotency_key),
        cmocka_unit_test(test_workers__go_past_waits_for_memory),
        cmocka_unit_test(test_workers__go_past_waits_for_what_is_made_for_the_cache),
        cmocka_unit_test(test_workers__go_past_syncs),
        cmocka_unit_test(test_workers__go_past_waits_for_the_crew),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
