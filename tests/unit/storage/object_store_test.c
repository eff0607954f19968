#include "storage/object_store.h"

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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_put_new__of_parts_is_put_together_for_other_stores),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
