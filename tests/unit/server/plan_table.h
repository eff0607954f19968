/*
 * plan_table.h — a server with the table of the scan tests (plan_fixture.h), whose manifests a
 * store of the test's own reads.
 */
#ifndef TESTS_UNIT_SERVER_PLAN_TABLE_H
#define TESTS_UNIT_SERVER_PLAN_TABLE_H

#include "storage/object_store.h"
#include "tests/unit/server/server_fixture.h"

#define PLAN_TABLE_URI "/v1/namespaces/ns/tables/t"

/* `store` serves mem: and is the caller's. server_fixture_finish ends it all. */
void plan_table_create(struct server_fixture *fixture, const char *const *extra,
                       struct object_store *store);

#endif
