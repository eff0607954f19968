/*
 * expression_fixture.h — filters for tests, from single-quoted JSON, and their texts.
 *
 * Owns:     everything lies in the fixture
 * Errors:   the makers fail the test
 */
#ifndef TESTS_UNIT_ICEBERG_EXPRESSION_FIXTURE_H
#define TESTS_UNIT_ICEBERG_EXPRESSION_FIXTURE_H

#include "iceberg/expression.h"
#include "tests/unit/iceberg/schema_fixture.h"

/* The caller's JSON text, read anew each time, so that a test may make many. */
struct expression *fixture_filter(struct fixture *fixture, const char *text);
struct expression *fixture_bound(struct fixture *fixture, const struct schema *schema,
                                 const char *text);

/* NUL-terminated, of people's form and of JSON with ' for ". */
const char *fixture_filter_text(struct fixture *fixture, const struct expression *expression);
const char *fixture_filter_json(struct fixture *fixture, const struct expression *expression);

/* A value of that type from single-quoted JSON. */
struct value fixture_value(struct fixture *fixture, const char *type, const char *json);

#endif
