/*
 * random_world.h — random rows, partition specs and filters, and a plain evaluator of rows.
 *
 * Owns:     everything of a round lies in the world's arena, which the test begins and ends
 */
#ifndef TESTS_UNIT_SCAN_RANDOM_WORLD_H
#define TESTS_UNIT_SCAN_RANDOM_WORLD_H

#include "iceberg/partition_spec.h"
#include "tests/unit/scan/prune_fixture.h"

#define WORLD_ROWS 24
#define WORLD_COLUMNS 11
#define WORLD_MAX_PARTS 3

extern const char world_schema[]; /* single-quoted JSON */

struct row {
    struct value columns[WORLD_COLUMNS];
};

struct world {
    uint64_t random;
    size_t round;
    const struct schema *schema;
    struct arena arena; /* of one round */
    struct row rows[WORLD_ROWS];
    struct partition_spec spec;
    struct partition_field parts[WORLD_MAX_PARTS];
    struct value tuples[WORLD_ROWS][WORLD_MAX_PARTS];
    struct expression unbound; /* the filter as a request has it */
    struct expression filter;  /* bound */
    /* How often there was something to see: */
    size_t matching_rows, pruned_files, sure_files, pruned_tuples, sure_tuples;
    size_t pruned_manifests, proved_residuals;
};

/* Readers and writers differ. Some take null for less than all values and NaN for greater; for
 * others these are in no comparison. Some order uuids as signed numbers, and -0.0 before 0.0. */
enum { ORDERS_ALL = 1, ORDERS_SIGNS = 2, WORLD_READERS = 4 };

uint32_t world_draw(struct world *world, uint32_t below);
/* Rows, a spec, and each row's partition tuple. */
void world_draw_table(struct world *world);
void world_draw_filter(struct world *world);
const struct type *world_column_type(const struct world *world, size_t column);

/* By the node of a bound filter. */
bool world_filter_keeps(const struct expression *filter, uint32_t at, const struct row *row,
                        unsigned reader);
bool world_row_matches(const struct world *world, size_t row, unsigned reader);
/* Of readers for whom null and NaN are in no comparison, as those who wrote statistics see it. */
bool world_row_is_match_of_some(const struct world *world, size_t row);

/* Statistics of a file's column. */
struct range {
    unsigned writer; /* a reader, as to the order of values */
    int64_t count, nulls, nans;
    struct value lower, upper;
};

void world_range_add(struct range *range, const struct value *value);
/* Long texts' bounds are cut; the upper one then ends in a greater byte. */
void world_range_cut(struct world *world, struct range *range);

#endif
