/* Plans that come at once make nothing twice: neither lists, nor columns, nor indexes. */
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "base/limits.h"
#include "storage/object_store.h"
#include "tests/unit/cmocka_all.h"
#include "tests/unit/scan/plan_fixture.h"

static const char *const FILES[] = {"list.avro", "m0.avro", "m1.avro",
                                    "m2.avro",   "m3.avro", "m4.avro"};
#define FILE_COUNT (sizeof(FILES) / sizeof(FILES[0]))

/* A store that gives no file before both plans have asked for it: one here, the other at the cache,
 * where it waits for the first; or both here, and then the test fails. */
static struct cache *cache;
static atomic_int asked[FILE_COUNT + 1]; /* and for others */
static atomic_int finished;

static size_t file_of(struct slice uri)
{
    for (size_t i = 0; i < FILE_COUNT; i++) {
        struct slice name = slice_from_string(FILES[i]);
        if (uri.len > name.len && uri.ptr[uri.len - name.len - 1] == '/' &&
            slice_equals(slice_from(uri, uri.len - name.len), name))
            return i;
    }
    return FILE_COUNT;
}

static size_t waiting(void)
{
    struct cache_stats stats;
    cache_get_stats(cache, &stats);
    return stats.waiting;
}

static bool gate_get(struct object_store *self, struct slice uri, struct buffer *out,
                     struct error *err)
{
    struct object_store *files = plan_fixture_store();
    size_t file = file_of(uri);
    (void)self;
    atomic_fetch_add(&asked[file], 1);
    while (waiting() == 0 && atomic_load(&asked[file]) < 2 && atomic_load(&finished) == 0)
        sched_yield();
    return files->ops->get(files, uri, out, err);
}

static void gate_destroy(struct object_store *self)
{
    (void)self;
}

static const struct object_store_ops GATE_OPS = {.get = gate_get, .destroy = gate_destroy};
static struct object_store gate = {.ops = &GATE_OPS};

struct planner {
    struct plan_fixture fixture;
    struct buffer out;
    struct error err;
    pthread_t thread;
    bool ok;
};

static void *planner_main(void *context)
{
    struct planner *self = context;
    self->ok = plan_fixture_write(&self->fixture, "{}", PLAN_WINDOW_ALL, &self->out, &self->err);
    atomic_fetch_add(&finished, 1);
    return NULL;
}

static void planner_start(struct planner *planner)
{
    struct error err;
    plan_fixture_init(&planner->fixture);
    object_stores_destroy(planner->fixture.objects);
    assert_ok(object_stores_create(&planner->fixture.objects, &err), &err);
    assert_ok(object_stores_add(planner->fixture.objects, "mem", &gate, &err), &err);
    planner->fixture.cache = cache;
    buffer_init(&planner->out, 1 * MIB);
}

static void planner_end(struct planner *planner)
{
    planner->fixture.cache = NULL;
    plan_fixture_finish(&planner->fixture);
    buffer_finish(&planner->out);
}

static void test_plan_making__is_done_once_for_plans_that_come_at_once(void **state)
{
    (void)state;
    struct error err;
    struct planner planners[2] = {0};
    uint64_t built = 0, read = 0, all = 0;
    assert_ok(cache_create(16 * MIB, &cache, &err), &err);
    for (size_t i = 0; i < 2; i++)
        planner_start(&planners[i]);
    for (size_t i = 0; i < 2; i++)
        assert_int_equal(pthread_create(&planners[i].thread, NULL, planner_main, &planners[i]), 0);
    for (size_t i = 0; i < 2; i++) {
        pthread_join(planners[i].thread, NULL);
        assert_ok(planners[i].ok, &planners[i].err);
        built += planners[i].fixture.counts.delete_indexes_built;
        read += planners[i].fixture.counts.files.files_read;
    }
    assert_int_equal(built, 1);
    for (size_t i = 0; i < FILE_COUNT; i++) {
        assert_true(atomic_load(&asked[i]) <= 1);
        all += (uint64_t)atomic_load(&asked[i]);
    }
    /* A list, manifests of data, and one of deletes. */
    assert_true(all >= 3);
    assert_int_equal(read, all);
    assert_int_equal(atomic_load(&asked[FILE_COUNT]), 0);
    assert_true(slice_equals(buffer_slice(&planners[0].out), buffer_slice(&planners[1].out)));
    for (size_t i = 0; i < 2; i++)
        planner_end(&planners[i]);
    cache_destroy(cache);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_plan_making__is_done_once_for_plans_that_come_at_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
