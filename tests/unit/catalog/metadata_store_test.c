#include "catalog/metadata_store.h"

#include "base/byte_budget.h"
#include "base/limits.h"
#include "tests/unit/catalog/catalog_fixture.h"

/* Room for one large file and its inflated text, not for two. */
#define BUDGET (20 * MIB)
#define TEXT_SIZE (3 * MIB)

/* The metadata of a new table with spaces behind it, under another name. */
static struct slice write_large(struct world *world, enum metadata_codec codec,
                                struct slice more_bytes)
{
    struct table_result table = {0};
    struct buffer text, bytes;
    struct error err = {0};
    static char location[256];
    assert_true(make_table_with(world, NAME("t"), "'properties':{}", &table));
    buffer_init(&text, 2 * TEXT_SIZE);
    buffer_init(&bytes, 2 * TEXT_SIZE);
    buffer_append_slice(&text, blob_slice(table.metadata->blob));
    while (text.len < TEXT_SIZE)
        buffer_append_string(&text, "                                ");
    assert_ok(metadata_file_encode(buffer_slice(&text), codec, &bytes, &err), &err);
    buffer_append_slice(&bytes, more_bytes);
    snprintf(location, sizeof(location), "%s/large.metadata.json", world->location);
    file_write(location, buffer_slice(&bytes));
    buffer_finish(&text);
    buffer_finish(&bytes);
    table_result_finish(&table);
    return slice_from_string(location);
}

static void test_read__of_a_large_file_waits_for_its_share(void **state)
{
    struct world *world = *state;
    struct byte_budget *budget = NULL;
    struct table_metadata *metadata = NULL;
    struct error err = {0};
    struct slice location = write_large(world, METADATA_CODEC_NONE, SLICE_EMPTY);
    assert_ok(byte_budget_create(BUDGET, 1, &budget, &err), &err);
    world->catalog->reading = budget;
    assert_ok(byte_budget_take(budget, BUDGET, 0, "x", &err), &err);
    assert_fails(table_metadata_read(world->catalog, location, &metadata, &err), &err,
                 ERROR_OVERLOADED);
    /* Small files pass. */
    assert_true(set_property(world, NAME("t"), "a", "1"));
    byte_budget_give(budget, BUDGET);
    assert_ok(table_metadata_read(world->catalog, location, &metadata, &err), &err);
    /* Its text is held, and nothing else. */
    assert_ok(byte_budget_take(budget, BUDGET - metadata->blob->size, 0, "x", &err), &err);
    assert_fails(byte_budget_take(budget, 1, 0, "x", &err), &err, ERROR_OVERLOADED);
    byte_budget_give(budget, BUDGET - metadata->blob->size);
    table_metadata_unref(metadata);
    world_close(world);
    byte_budget_destroy(budget); /* asserts that all was given back */
    world_open(world);
}

/* The last member's size stands in the place where a file of one member has its own. */
static void test_read__of_gzip_that_holds_more_than_it_says(void **state)
{
    struct world *world = *state;
    struct table_metadata *metadata = NULL;
    struct buffer tail;
    struct error err = {0};
    buffer_init(&tail, MIB);
    assert_ok(metadata_file_encode(SLICE_LITERAL(" "), METADATA_CODEC_GZIP, &tail, &err), &err);
    struct slice location = write_large(world, METADATA_CODEC_GZIP, buffer_slice(&tail));
    assert_ok(table_metadata_read(world->catalog, location, &metadata, &err), &err);
    assert_true(metadata->blob->size > TEXT_SIZE);
    table_metadata_unref(metadata);
    buffer_finish(&tail);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_read__of_a_large_file_waits_for_its_share, world_setup,
                                        world_teardown),
        cmocka_unit_test_setup_teardown(test_read__of_gzip_that_holds_more_than_it_says,
                                        world_setup, world_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
