#include "tests/unit/scan/prune_fixture.h"

#include "tests/unit/cmocka_all.h"

struct long_column prune_longs(struct arena *arena, const int64_t *values, size_t count)
{
    int64_t *copy = ARENA_ARRAY(arena, int64_t, count);
    uint64_t *present = ARENA_ARRAY(arena, uint64_t, count / 64 + 1);
    bool has_any = false;
    assert_true(copy && present);
    for (size_t i = 0; i < count; i++) {
        bool is_there = values[i] != ABSENT;
        copy[i] = is_there ? values[i] : 0;
        present[i / 64] |= (uint64_t)is_there << (i % 64);
        has_any = has_any || is_there;
    }
    return (struct long_column){.values = has_any ? copy : NULL, .present = present};
}

struct bytes_column prune_bytes(struct arena *arena, const struct slice *items, size_t count)
{
    uint32_t *offsets = ARENA_ARRAY(arena, uint32_t, count + 1);
    uint64_t *present = ARENA_ARRAY(arena, uint64_t, count / 64 + 1);
    size_t total = 0;
    for (size_t i = 0; i < count; i++)
        total += items[i].ptr ? items[i].len : 0;
    char *bytes = arena_alloc(arena, total + 1);
    assert_true(offsets && present && bytes);
    for (size_t i = 0; i < count; i++) {
        size_t len = items[i].ptr ? items[i].len : 0;
        if (len > 0)
            memcpy(bytes + offsets[i], items[i].ptr, len);
        offsets[i + 1] = offsets[i] + (uint32_t)len;
        present[i / 64] |= (uint64_t)(items[i].ptr != NULL) << (i % 64);
    }
    return (struct bytes_column){.offsets = offsets, .bytes = bytes, .present = present};
}

struct bytes_column prune_bounds(struct arena *arena, const struct value *values, size_t count)
{
    struct slice *items = ARENA_ARRAY(arena, struct slice, count + 1);
    assert_non_null(items);
    for (size_t i = 0; i < count; i++) {
        char *scratch = arena_alloc(arena, VALUE_SCRATCH_SIZE);
        assert_non_null(scratch);
        if (!value_is_null(&values[i]))
            items[i] = value_to_bytes(&values[i], scratch);
    }
    return prune_bytes(arena, items, count);
}

struct partition_column prune_partition(struct arena *arena, enum type_id type,
                                        const struct value *values, size_t count)
{
    struct partition_column column = {.kind = PARTITION_BYTES};
    enum value_class class = value_class_of(type);
    int64_t *numbers = ARENA_ARRAY(arena, int64_t, count + 1);
    assert_non_null(numbers);
    if (class == VALUE_BYTES || class == VALUE_WIDE) {
        column.bytes = prune_bounds(arena, values, count);
        return column;
    }
    column.kind = class == VALUE_REAL ? PARTITION_DOUBLE : PARTITION_LONG;
    for (size_t i = 0; i < count; i++) {
        numbers[i] = ABSENT;
        if (value_is_null(&values[i]))
            continue;
        numbers[i] = values[i].number;
        if (class == VALUE_REAL)
            memcpy(&numbers[i], &values[i].real, sizeof(numbers[i]));
    }
    column.longs = prune_longs(arena, numbers, count);
    return column;
}

static struct value bound_of(struct fixture *fixture, const char *type, const char *json)
{
    return json ? fixture_value(fixture, type, json) : VALUE_NONE;
}

struct stats_column *prune_stats_column(struct fixture *fixture, const char *type,
                                        const struct stats_row *rows, size_t count)
{
    struct arena *arena = &fixture->arena;
    struct stats_column *stats = ARENA_NEW(arena, struct stats_column);
    int64_t *values = ARENA_ARRAY(arena, int64_t, count);
    int64_t *nulls = ARENA_ARRAY(arena, int64_t, count);
    int64_t *nans = ARENA_ARRAY(arena, int64_t, count);
    struct value *lower = ARENA_ARRAY(arena, struct value, count);
    struct value *upper = ARENA_ARRAY(arena, struct value, count);
    assert_true(stats && values && nulls && nans && lower && upper);
    for (size_t i = 0; i < count; i++) {
        values[i] = rows[i].value_count;
        nulls[i] = rows[i].null_count;
        nans[i] = rows[i].nan_count;
        lower[i] = bound_of(fixture, type, rows[i].lower);
        upper[i] = bound_of(fixture, type, rows[i].upper);
    }
    stats->value_counts = prune_longs(arena, values, count);
    stats->null_counts = prune_longs(arena, nulls, count);
    stats->nan_counts = prune_longs(arena, nans, count);
    stats->lower = prune_bounds(arena, lower, count);
    stats->upper = prune_bounds(arena, upper, count);
    return stats;
}
