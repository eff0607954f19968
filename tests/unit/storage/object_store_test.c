#include "storage/object_store.h"

#include <time.h>

#include "base/blocking.h"
#include "base/limits.h"
#include "tests/unit/cmocka_all.h"

/* A store that takes bytes in one piece only. */
struct one_piece_store {
    struct object_store base;
    struct buffer kept;
};

static bool one_piece_put(struct object_store *self, struct slice location, struct slice bytes,
                          struct error *err)
{
    (void)location;
    struct buffer *kept = &((struct one_piece_store *)self)->kept;
    buffer_append_slice(kept, bytes);
    return buffer_check(kept, "an object", err);
}

static void one_piece_destroy(struct object_store *self)
{
    buffer_finish(&((struct one_piece_store *)self)->kept);
}

static void test_put_new__of_parts_is_put_together_for_other_stores(void **state)
{
    static const struct object_store_ops ops = {.put_new = one_piece_put,
                                                .destroy = one_piece_destroy};
    struct object_stores *stores = NULL;
    struct one_piece_store store = {.base = {.ops = &ops}};
    const struct slice parts[] = {SLICE_LITERAL("w"), SLICE_EMPTY, SLICE_LITERAL("hole")};
    struct error err = {0};
    (void)state;
    buffer_init(&store.kept, KIB);
    assert_ok(object_stores_create(&stores, &err), &err);
    assert_ok(object_stores_add(stores, "piece", &store.base, &err), &err);
    assert_ok(object_put_new_parts(stores, SLICE_LITERAL("piece://x"), parts, 3, &err), &err);
    assert_true(slice_equals(buffer_slice(&store.kept), SLICE_LITERAL("whole")));
    object_stores_destroy(stores);
}

/* --- calls that block ----------------------------------------------------------------------- */

struct slow_store {
    struct object_store base;
    long pause_ns;
    int told; /* calls that were made while their thread had said that it blocks */
};

struct counting_hook {
    struct blocking_hook hook;
    bool is_blocked;
};

static struct counting_hook thread_state;

static void hook_begin(struct blocking_hook *hook)
{
    ((struct counting_hook *)hook)->is_blocked = true;
}

static void hook_end(struct blocking_hook *hook)
{
    ((struct counting_hook *)hook)->is_blocked = false;
}

static bool slow_get(struct object_store *self, struct slice uri, struct buffer *out,
                     struct error *err)
{
    struct slow_store *store = (struct slow_store *)self;
    struct timespec pause = {.tv_nsec = store->pause_ns};
    (void)uri;
    (void)out;
    (void)err;
    store->told += thread_state.is_blocked;
    return nanosleep(&pause, NULL) == 0;
}

static void slow_destroy(struct object_store *self)
{
    (void)self;
}

/* The third call of a store that takes a millisecond for each is made by a thread that has said so;
 * a call of another kind is not. */
static void test_get__says_that_it_blocks_where_the_store_is_slow(void **state)
{
    static const struct object_store_ops ops = {.get = slow_get, .destroy = slow_destroy};
    struct object_stores *stores = NULL;
    struct slow_store store = {.base = {.ops = &ops}, .pause_ns = 1000000};
    struct buffer out;
    struct error err = {0};
    (void)state;
    thread_state = (struct counting_hook){.hook = {hook_begin, hook_end}};
    blocking_set_hook(&thread_state.hook);
    buffer_init(&out, KIB);
    assert_ok(object_stores_create(&stores, &err), &err);
    assert_ok(object_stores_add(stores, "slow", &store.base, &err), &err);
    for (int call = 1; call <= 4; call++) {
        assert_ok(object_get(stores, SLICE_LITERAL("slow://x"), &out, &err), &err);
        assert_int_equal(store.told, call > 2 ? call - 2 : 0);
        assert_false(thread_state.is_blocked);
    }
    assert_true(call_pace_is_slow(&store.base.paces[OBJECT_CALL_GET]));
    assert_false(call_pace_is_slow(&store.base.paces[OBJECT_CALL_PUT]));
    blocking_set_hook(NULL);
    object_stores_destroy(stores);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_put_new__of_parts_is_put_together_for_other_stores),
        cmocka_unit_test(test_get__says_that_it_blocks_where_the_store_is_slow),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
