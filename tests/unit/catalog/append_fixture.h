/*
 * append_fixture.h — appends as clients make them: files in the table's directory, and the commit.
 */
#ifndef TESTS_UNIT_CATALOG_APPEND_FIXTURE_H
#define TESTS_UNIT_CATALOG_APPEND_FIXTURE_H

#include "iceberg/manifest_list.h"
#include "tests/unit/catalog/catalog_fixture.h"

#define REBASES "'properties':{'firn.commit.rebase-appends':'true'}"
#define REBASES_V3 "'properties':{'firn.commit.rebase-appends':'true','format-version':'3'}"

struct made_append {
    char requirements[512];
    char updates[2048];
    char list[512]; /* its manifest list */
};

/* One file of `rows` rows, appended to main of the table as it is now. */
void append_make(struct world *world, struct entity_name name, int64_t snapshot_id, int64_t rows,
                 struct made_append *ret_append);
/* Makes the table, which carries late appends over, appends snapshot 1 to it, and makes the append
 * of snapshot 2 that comes too late for that. */
void append_make_late(struct world *world, struct entity_name name, struct made_append *ret_late);
bool append_commit(struct world *world, struct entity_name name, const struct made_append *append);

/* The manifest list of main's snapshot: its location in the client's arena, and its entries. */
struct slice head_list_location(struct world *world, struct entity_name name);
struct manifest_list *head_list(struct world *world, struct entity_name name);

#endif
