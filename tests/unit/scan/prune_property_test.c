/*
 * Random rows, partition specs and filters from a fixed seed. Whatever is pruned holds no row that
 * matches, whatever is sure to match holds no other, and a residual says of the rows of its
 * partition what the filter says. A row is judged by a plain evaluator of its own, below.
 */
#include <inttypes.h>
#include <math.h>

#include "iceberg/transform_apply.h"
#include "scan/projection.h"
#include "scan/residual.h"
#include "scan/uuid_bounds.h"
#include "tests/unit/cmocka_all.h"
#include "tests/unit/scan/random_world.h"

#define ROUNDS 4000
#define SEED UINT64_C(0x5eed)

static struct long_column one_long(struct world *world, int64_t value)
{
    int64_t known = world_draw(world, 6) ? value : ABSENT;
    return prune_longs(&world->arena, &known, 1);
}

static struct bytes_column one_bound(struct world *world, const struct value *value)
{
    struct value known = world_draw(world, 8) ? *value : VALUE_NONE;
    return prune_bounds(&world->arena, &known, 1);
}

static void make_stats(struct world *world, const size_t *file, size_t count, size_t column,
                       struct stats_column *stats)
{
    struct range range = {.writer = world_draw(world, WORLD_READERS),
                          .lower = VALUE_NONE,
                          .upper = VALUE_NONE};
    for (size_t i = 0; i < count; i++)
        world_range_add(&range, &world->rows[file[i]].columns[column]);
    world_range_cut(world, &range);
    stats->value_counts = one_long(world, range.count);
    stats->null_counts = one_long(world, range.nulls);
    stats->nan_counts = one_long(world, range.nans);
    stats->lower = one_bound(world, &range.lower);
    stats->upper = one_bound(world, &range.upper);
}

static void fail_at(const struct world *world, const char *what)
{
    struct buffer text;
    buffer_init(&text, (size_t)1024 * 1024);
    expression_write_text(&world->filter, &text);
    buffer_append_byte(&text, '\0');
    fail_msg("round %zu, seed %" PRIx64 ": %s: %s", world->round, SEED, what, text.ptr);
}

static void check_file(struct world *world, const size_t *file, size_t count)
{
    struct stats_column stats[WORLD_COLUMNS] = {0};
    const struct stats_column *columns[WORLD_COLUMNS + 1] = {NULL};
    int64_t record_count = (int64_t)count;
    struct long_column records = prune_longs(&world->arena, &record_count, 1);
    struct metrics_rows rows = {&records, columns};
    uint8_t may = 0, must = 0;
    size_t matching = 0;
    for (uint32_t i = 0; i < world->filter.field_count; i++) {
        make_stats(world, file, count, (size_t)world->filter.field_ids[i] - 1, &stats[i]);
        columns[i] = &stats[i];
    }
    for (size_t i = 0; i < count; i++)
        matching += world_row_matches(world, file[i], 0);
    prune_files_inclusive(&world->filter, &rows, 0, 1, &may);
    prune_files_strict(&world->filter, &rows, 0, 1, &must);
    world->matching_rows += matching;
    world->pruned_files += !may;
    world->sure_files += must;
    for (size_t i = 0; i < count; i++) {
        if (!may && world_row_is_match_of_some(world, file[i]))
            fail_at(world, "a file with a match was pruned");
        if (must && !(world_row_matches(world, file[i], 0) &&
                      world_row_matches(world, file[i], ORDERS_SIGNS)))
            fail_at(world, "a file with other rows was taken for sure");
    }
}

static void check_files(struct world *world)
{
    for (size_t first = 0; first < WORLD_ROWS;) {
        size_t file[WORLD_ROWS], count = 1 + world_draw(world, 4);
        count = count < WORLD_ROWS - first ? count : WORLD_ROWS - first;
        for (size_t i = 0; i < count; i++)
            file[i] = first + i;
        check_file(world, file, count);
        first += count;
    }
}

/* --- partitions ------------------------------------------------------------------------------- */

struct tuple_columns {
    struct partition_column columns[WORLD_MAX_PARTS];
    const struct partition_column *pointers[WORLD_MAX_PARTS];
    struct tuple_rows rows;
};

static const struct type *part_type(const struct world *world, size_t part)
{
    const struct type *source = world_column_type(world, (size_t)world->parts[part].source_id - 1);
    return transform_result_type(&world->parts[part].transform, source);
}

static void make_tuples(struct world *world, struct tuple_columns *tuples)
{
    for (size_t j = 0; j < world->spec.field_count; j++) {
        struct value values[WORLD_ROWS];
        for (size_t i = 0; i < WORLD_ROWS; i++)
            values[i] = world->tuples[i][j];
        tuples->columns[j] =
            prune_partition(&world->arena, part_type(world, j)->id, values, WORLD_ROWS);
        tuples->pointers[j] = &tuples->columns[j];
    }
    tuples->rows.columns = tuples->pointers;
}

static void check_manifest(struct world *world, const struct expression *inclusive)
{
    struct partition_summary summaries[WORLD_MAX_PARTS];
    char scratch[WORLD_MAX_PARTS][2][VALUE_SCRATCH_SIZE];
    struct range ranges[WORLD_MAX_PARTS];
    bool has_match = false;
    for (size_t j = 0; j < world->spec.field_count; j++) {
        struct range *range = &ranges[j];
        *range = (struct range){.writer = world_draw(world, WORLD_READERS),
                                .lower = VALUE_NONE,
                                .upper = VALUE_NONE};
        for (size_t i = 0; i < WORLD_ROWS; i++)
            world_range_add(range, &world->tuples[i][j]);
        summaries[j] = (struct partition_summary){.contains_null = range->nulls > 0,
                                                  .contains_nan = range->nans > 0 ? SUMMARY_NAN_YES
                                                                                  : SUMMARY_NAN_NO};
        if (value_is_null(&range->lower))
            continue;
        summaries[j].lower = value_to_bytes(&range->lower, scratch[j][0]);
        summaries[j].upper = value_to_bytes(&range->upper, scratch[j][1]);
    }
    for (size_t i = 0; i < WORLD_ROWS; i++)
        has_match = has_match || world_row_is_match_of_some(world, i);
    bool may_match = prune_manifest(inclusive, summaries, world->spec.field_count);
    world->pruned_manifests += !may_match;
    if (has_match && !may_match)
        fail_at(world, "a manifest with a match was pruned");
}

static void check_partitions(struct world *world)
{
    struct tuple_columns tuples;
    struct expression inclusive, strict;
    struct error err = {0};
    uint8_t may[WORLD_ROWS], must[WORLD_ROWS];
    make_tuples(world, &tuples);
    assert_ok(projection_inclusive(&world->filter, &world->spec, &world->arena, &inclusive, &err),
              &err);
    assert_ok(projection_strict(&world->filter, &world->spec, &world->arena, &strict, &err), &err);
    prune_tuples(&inclusive, &tuples.rows, 0, WORLD_ROWS, may);
    prune_tuples_strict(&strict, &tuples.rows, 0, WORLD_ROWS, must);
    for (size_t i = 0; i < WORLD_ROWS; i++) {
        for (unsigned reader = 0; reader < WORLD_READERS; reader++) {
            if (!may[i] && world_row_matches(world, i, reader))
                fail_at(world, "a partition with a match was pruned");
            if (must[i] && !world_row_matches(world, i, reader))
                fail_at(world, "a partition was taken for sure");
        }
        world->pruned_tuples += !may[i];
        world->sure_tuples += must[i];
    }
    check_manifest(world, &inclusive);
}

static void check_residuals(struct world *world)
{
    struct tuple_columns tuples;
    struct residual_plan *plan = NULL;
    struct residual_cache cache;
    const struct residual *residuals[WORLD_ROWS];
    struct error err = {0};
    make_tuples(world, &tuples);
    assert_ok(residual_plan_create(&world->filter, &world->spec, &world->arena, &plan, &err), &err);
    assert_ok(residual_cache_init(&cache, plan, &err), &err);
    residual_cache_get(&cache, &tuples.rows, 0, WORLD_ROWS, residuals);
    for (size_t i = 0; i < WORLD_ROWS; i++) {
        const struct expression *residual = &residuals[i]->expression;
        world->proved_residuals += expression_root_op(residual) == EXPR_TRUE;
        for (unsigned reader = 0; reader < WORLD_READERS; reader++) {
            if (world_filter_keeps(residual, residual->root, &world->rows[i], reader) !=
                world_row_matches(world, i, reader))
                fail_at(world, "a residual differs from the filter");
        }
    }
    residual_cache_finish(&cache);
}

static void test_prune__no_row_that_matches_is_lost(void **state)
{
    struct fixture *fixture = *state;
    struct world world = {.random = SEED, .schema = fixture_schema(fixture, world_schema)};
    for (world.round = 0; world.round < ROUNDS; world.round++) {
        arena_init(&world.arena, (size_t)16 * 1024 * 1024);
        world_draw_table(&world);
        world_draw_filter(&world);
        check_files(&world);
        check_partitions(&world);
        check_residuals(&world);
        arena_finish(&world.arena);
    }
    assert_true(world.matching_rows > ROUNDS && world.pruned_files > ROUNDS);
    assert_true(world.sure_files > ROUNDS / 4 && world.pruned_tuples > ROUNDS);
    assert_true(world.sure_tuples > ROUNDS / 4 && world.pruned_manifests > ROUNDS / 40);
    assert_true(world.proved_residuals > ROUNDS / 4);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_prune__no_row_that_matches_is_lost, fixture_setup,
                                        fixture_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
