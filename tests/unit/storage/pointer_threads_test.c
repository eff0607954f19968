#include "storage/pointer_store.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/limits.h"
#include "tests/unit/storage/store_fixture.h"

#define WRITERS 16
#define READERS 4
#define SWAPS_EACH 40

/* One table that all writers move: its pointer is a number that only grows. */
struct race {
    struct fixture *fixture;
    int64_t id;
    atomic_int acknowledged; /* the highest number that a writer was told of */
    atomic_int swaps;
    atomic_int failures;
    atomic_bool is_over;
};

static int pointer_number(const struct entity_row *row)
{
    return atoi(row->metadata_location.ptr + 1);
}

/* Each of these gives the number now, or -1. */
static int read_number(struct race *race, struct arena *arena)
{
    struct pointer_view *view;
    struct entity_row row;
    bool found = false;
    if (!pointer_view_begin(race->fixture->store, &view, NULL))
        return -1;
    bool ok = pointer_entity_get(view, race->fixture->warehouse_id, SLICE_LITERAL("db"),
                                 SLICE_LITERAL("t"), arena, &row, &found, NULL);
    pointer_view_end(view);
    return ok && found ? pointer_number(&row) : -1;
}

static int peek_number(struct race *race, struct arena *arena)
{
    struct entity_row row;
    bool found = pointer_store_peek(race->fixture->store, race->fixture->warehouse_id,
                                    SLICE_LITERAL("db"), SLICE_LITERAL("t"), arena, &row);
    return found ? pointer_number(&row) : -1;
}

static void raise_to(atomic_int *value, int number)
{
    int present = atomic_load(value);
    while (present < number && !atomic_compare_exchange_weak(value, &present, number))
        ;
}

static void swap_once(struct race *race)
{
    struct arena arena;
    arena_init(&arena, MIB);
    char expected[16];
    char next[16];
    bool swapped = false;
    int number = read_number(race, &arena);
    (void)snprintf(expected, sizeof expected, "m%d", number);
    (void)snprintf(next, sizeof next, "m%d", number + 1);
    if (!write_swap(race->fixture->store, race->id, expected, next, &swapped, NULL))
        atomic_fetch_add(&race->failures, 1);
    if (swapped) {
        atomic_fetch_add(&race->swaps, 1);
        raise_to(&race->acknowledged, number + 1);
    }
    arena_finish(&arena);
}

static void *writer(void *context)
{
    for (int i = 0; i < SWAPS_EACH; i++)
        swap_once(context);
    return NULL;
}

/* What was acknowledged before a look must be seen by it, from memory and from the database. */
static void look_once(struct race *race)
{
    struct arena arena;
    arena_init(&arena, MIB);
    int floor = atomic_load(&race->acknowledged);
    int peeked = peek_number(race, &arena);
    if (peeked >= 0 && peeked < floor)
        atomic_fetch_add(&race->failures, 1);
    floor = atomic_load(&race->acknowledged);
    if (read_number(race, &arena) < floor)
        atomic_fetch_add(&race->failures, 1);
    arena_finish(&arena);
}

static void *reader(void *context)
{
    struct race *race = context;
    while (!atomic_load(&race->is_over))
        look_once(race);
    return NULL;
}

static void test_swap__of_many_threads_loses_no_update(void **state)
{
    (void)state;
    static struct fixture fixture;
    struct error err = {0};
    pthread_t writers[WRITERS];
    pthread_t readers[READERS];
    fixture_start(&fixture);
    struct race race = {.fixture = &fixture};
    assert_true(write_entity(fixture.store, fixture.namespace_id, ENTITY_TABLE, "t", "file:///t",
                             &race.id, &err));
    for (size_t i = 0; i < READERS; i++)
        assert_int_equal(pthread_create(&readers[i], NULL, reader, &race), 0);
    for (size_t i = 0; i < WRITERS; i++)
        assert_int_equal(pthread_create(&writers[i], NULL, writer, &race), 0);
    for (size_t i = 0; i < WRITERS; i++)
        pthread_join(writers[i], NULL);
    atomic_store(&race.is_over, true);
    for (size_t i = 0; i < READERS; i++)
        pthread_join(readers[i], NULL);
    assert_int_equal(atomic_load(&race.failures), 0);
    assert_true(atomic_load(&race.swaps) >= SWAPS_EACH);
    assert_int_equal(read_number(&race, &fixture.arena), atomic_load(&race.swaps));
    assert_int_equal(peek_number(&race, &fixture.arena), atomic_load(&race.swaps));
    fixture_finish(&fixture);
}

/* --- neighbours in one batch -------------------------------------------------------------- */

struct creator {
    struct fixture *fixture;
    const char *name;
    bool ok;
    struct error error;
};

static void *create_table(void *context)
{
    struct creator *creator = context;
    int64_t id = 0;
    creator->ok = write_entity(creator->fixture->store, creator->fixture->namespace_id,
                               ENTITY_TABLE, creator->name, "file:///t", &id, &creator->error);
    return NULL;
}

static void test_create__of_one_name_succeeds_once(void **state)
{
    (void)state;
    static struct fixture fixture;
    static struct creator creators[WRITERS];
    pthread_t threads[WRITERS];
    size_t created = 0;
    fixture_start(&fixture);
    for (size_t i = 0; i < WRITERS; i++) {
        creators[i] = (struct creator){.fixture = &fixture, .name = "same"};
        assert_int_equal(pthread_create(&threads[i], NULL, create_table, &creators[i]), 0);
    }
    for (size_t i = 0; i < WRITERS; i++) {
        pthread_join(threads[i], NULL);
        created += creators[i].ok;
        if (!creators[i].ok)
            assert_int_equal(creators[i].error.kind, ERROR_ALREADY_EXISTS);
    }
    assert_int_equal(created, 1);
    fixture_finish(&fixture);
}

/* Rule 56: A table is made while its namespace is dropped: never a table without a namespace. */
static void test_drop__of_a_namespace_races_with_creation(void **state)
{
    (void)state;
    static struct fixture fixture;
    fixture_start(&fixture);
    for (int round = 0; round < 20; round++) {
        struct creator creator = {.fixture = &fixture, .name = "t"};
        struct error err = {0};
        pthread_t thread;
        char path[16];
        (void)snprintf(path, sizeof path, "r%d", round);
        assert_true(write_namespace(fixture.store, fixture.warehouse_id, 0, path,
                                    &fixture.namespace_id, &err));
        assert_int_equal(pthread_create(&thread, NULL, create_table, &creator), 0);
        bool dropped = write_namespace_drop(fixture.store, fixture.namespace_id, &err);
        pthread_join(thread, NULL);
        struct entity_row row;
        assert_int_not_equal(dropped, creator.ok);
        assert_int_equal(read_entity(&fixture, path, "t", &row), creator.ok);
        assert_int_equal(dropped ? creator.error.kind : err.kind,
                         dropped ? ERROR_NO_SUCH_NAMESPACE : ERROR_NAMESPACE_NOT_EMPTY);
    }
    fixture_finish(&fixture);
}

static void *view_many(void *context)
{
    struct fixture *fixture = context;
    struct pointer_view *views[8];
    for (size_t i = 0; i < 8; i++) {
        if (!pointer_view_begin(fixture->store, &views[i], NULL))
            return context;
    }
    for (size_t i = 0; i < 8; i++)
        pointer_view_end(views[i]);
    return NULL;
}

/* A pool that made threads wait would hang here: each holds several views at once. */
static void test_view__never_waits_for_another(void **state)
{
    (void)state;
    static struct fixture fixture;
    pthread_t threads[WRITERS];
    fixture_start(&fixture);
    for (size_t i = 0; i < WRITERS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, view_many, &fixture), 0);
    for (size_t i = 0; i < WRITERS; i++) {
        void *failed = NULL;
        pthread_join(threads[i], &failed);
        assert_null(failed);
    }
    fixture_finish(&fixture);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_swap__of_many_threads_loses_no_update),
        cmocka_unit_test(test_create__of_one_name_succeeds_once),
        cmocka_unit_test(test_drop__of_a_namespace_races_with_creation),
        cmocka_unit_test(test_view__never_waits_for_another),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
