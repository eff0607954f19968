/*
 * schema_fixture.h — JSON, types, schemas, specs and orders for tests, from single-quoted text.
 *
 * Owns:     the arena and the JSON trees, until fixture_finish
 * Errors:   the fixture_* makers fail the test; what a test expects to fail it calls itself
 */
#ifndef TESTS_UNIT_ICEBERG_SCHEMA_FIXTURE_H
#define TESTS_UNIT_ICEBERG_SCHEMA_FIXTURE_H

#include "iceberg/partition_spec.h"
#include "iceberg/schema.h"
#include "iceberg/sort_order.h"

#define FIXTURE_MAX_TREES 128

struct fixture {
    struct arena arena;
    struct error err;
    json_t *trees[FIXTURE_MAX_TREES];
    size_t tree_count;
};

int fixture_setup(void **state);
int fixture_teardown(void **state);

/* 'a' stands for "a" in the text. A borrowed tree. */
json_t *fixture_json(struct fixture *fixture, const char *text);
const struct type *fixture_type(struct fixture *fixture, const char *text);
struct schema *fixture_schema(struct fixture *fixture, const char *text);
struct partition_spec *fixture_spec(struct fixture *fixture, const char *text);
struct sort_order *fixture_order(struct fixture *fixture, const char *text);

/* Takes `json`; fails where it is not the text's value with keys in the text's order. */
void fixture_assert_json(struct fixture *fixture, json_t *json, const char *text);
void fixture_assert_error(const struct fixture *fixture, enum error_kind kind,
                          const char *message);

#endif
