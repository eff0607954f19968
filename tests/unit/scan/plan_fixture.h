/*
 * plan_fixture.h — a small table whose manifests lie beside the tests (plan_table/make.py).
 *
 * Owns:     everything lies in the fixture
 */
#ifndef TESTS_UNIT_SCAN_PLAN_FIXTURE_H
#define TESTS_UNIT_SCAN_PLAN_FIXTURE_H

#include "scan/plan_answer.h"

struct plan_fixture {
    struct table_metadata *metadata;
    struct object_stores *objects;
    struct cache *cache;
    struct crew *crew; /* NULL: one thread */
    size_t hands;
    struct plan_counts counts; /* of the plan that was written last */
};

void plan_fixture_init(struct plan_fixture *fixture);
/* Where mem://b/t/metadata/ lies: it only reads. */
struct object_store *plan_fixture_store(void);
void plan_fixture_finish(struct plan_fixture *fixture);

/* Plans a request (JSON with ' for ") and writes {"file-scan-tasks":…} to `out`. */
bool plan_fixture_write(struct plan_fixture *fixture, const char *request,
                        struct plan_window window, struct buffer *out, struct error *err);

#endif
