/*
 * update_fixture.h — a base as text, updates as text, and the next metadata as a tree to look at.
 *
 * Owns:     all of one test's parts, from update_setup to update_teardown (cmocka's fixtures)
 */
#ifndef TESTS_UNIT_CATALOG_UPDATE_FIXTURE_H
#define TESTS_UNIT_CATALOG_UPDATE_FIXTURE_H

#include <jansson.h>

#include "catalog/requirement.h"
#include "catalog/table_update.h"
#include "catalog/view_update.h"
#include "tests/unit/cmocka_all.h"

#define UUID_A "9c12d441-03fe-4693-9a96-a0705ddf69c1"
#define UUID_B "ffffffff-03fe-4693-9a96-a0705ddf69c1"
#define BASE_FILE "file:///w/t/metadata/00007-base.metadata.json"
/* The base was written at 1000000; a commit comes a second later. */
#define BASE_MS INT64_C(1000000)
#define NOW_MS INT64_C(1001000)

struct fixture {
    struct arena arena;
    struct buffer out;
    struct table_metadata *table;
    struct view_metadata *view;
    struct table_metadata *next; /* the result's, taken over from the table's where copied */
    json_t *result; /* the parsed text; NULL where nothing changed */
    struct table_update_result table_result;
    struct view_update_result view_result;
    struct error err;
    int64_t now_ms;
    size_t share_from; /* as in struct table_update_input */
};

int update_setup(void **state);
int update_teardown(void **state);

/* v2: columns id (1, long) and name (2, string), spec 0 by nothing, order 0, snapshots 10 (seq 1)
 * and 20 (seq 2, main's), a log of both, a tag "keep" on 10, two properties, an unknown member. */
extern const char table_v2[];
extern const char table_v1[]; /* as old writers left it: no lists, no uuid */
extern const char table_v3[]; /* empty, next-row-id 100 */

struct table_metadata *table_of(struct fixture *fixture, const char *text);
/* `table_v2` with the member set to (or, with NULL, without) that JSON. */
struct table_metadata *table_v2_with(struct fixture *fixture, const char *member, const char *json);
json_t *json_of(const char *text); /* with ' for " */

/* Applies to the fixture's table (base: true) or from empty. Updates are JSON with ' for ". */
bool apply(struct fixture *fixture, const char *updates);
bool apply_from_empty(struct fixture *fixture, const char *updates);
/* The next commit is made to the result of the last one. */
void commit_result(struct fixture *fixture);

/* Fails the test where the update passes, or the kind or the sentence (a part) is another. */
void refuses(struct fixture *fixture, const char *updates, enum error_kind kind, const char *part);
void changes_nothing(struct fixture *fixture, const char *updates);

/* Looks up "a.b.3.c" in the result. */
json_t *at(const struct fixture *fixture, const char *path);
int64_t int_at(const struct fixture *fixture, const char *path);
const char *text_at(const struct fixture *fixture, const char *path);
size_t size_at(const struct fixture *fixture, const char *path);
void equals_at(const struct fixture *fixture, const char *path, const char *json);

bool require(struct fixture *fixture, const char *requirements);

#endif
