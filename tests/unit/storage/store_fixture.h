/*
 * store_fixture.h — a pointer store in a directory of its own, and one-line writes for tests.
 *
 * Owns:     the directory, removed with all that is in it by fixture_finish
 */
#ifndef TESTS_UNIT_STORAGE_STORE_FIXTURE_H
#define TESTS_UNIT_STORAGE_STORE_FIXTURE_H

#include <pthread.h>

#include "storage/pointer_store.h"

struct fixture {
    char directory[64];
    char path[96];
    const char *vfs;
    struct pointer_store *store;
    struct arena arena;
    int64_t warehouse_id; /* "main" */
    int64_t namespace_id; /* "db" in it */
};

/* Makes the directory; fixture_open opens the store and fails the test where it cannot. */
void fixture_init(struct fixture *fixture);
void fixture_open(struct fixture *fixture);
bool fixture_try_open(struct fixture *fixture, struct error *err);
void fixture_close(struct fixture *fixture);
void fixture_finish(struct fixture *fixture);
/* A fixture, not open yet, on what a crash of the process at this moment would leave: the database
 * and its log. False: there is no log. */
bool fixture_crash(const struct fixture *fixture, struct fixture *ret_left);
/* init, open, and a warehouse "main" with a namespace "db". */
void fixture_start(struct fixture *fixture);

/* A job that holds the writer until it is opened, so that others queue up behind it; it fails. */
struct gate {
    pthread_mutex_t lock;
    pthread_cond_t opened;
    bool is_open;
};

#define GATE_CLOSED {PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, false}

bool job_gate(struct pointer_txn *txn, void *context, struct error *err);
void gate_open(struct gate *gate);

void directory_make(char *ret_path, size_t size);
void directory_remove(const char *path);

/* These fail the test where they cannot. A table of the fixture's namespace "db". */
void must_write(struct fixture *fixture, pointer_job_fn job, void *context);
struct pointer_view *must_view(struct fixture *fixture);
int64_t must_table(struct fixture *fixture, const char *name, const char *location);

/* Each is one job. */
bool write_warehouse(struct pointer_store *store, const char *name, bool is_default,
                     int64_t *ret_id, struct error *err);
bool write_namespace(struct pointer_store *store, int64_t warehouse_id, int64_t parent_id,
                     const char *path, int64_t *ret_id, struct error *err);
bool write_namespace_drop(struct pointer_store *store, int64_t id, struct error *err);
bool write_entity(struct pointer_store *store, int64_t namespace_id, enum entity_kind kind,
                  const char *name, const char *location, int64_t *ret_id, struct error *err);
bool write_swap(struct pointer_store *store, int64_t id, const char *expected, const char *next,
                bool *ret_swapped, struct error *err);
bool write_rename(struct pointer_store *store, int64_t id, int64_t namespace_id, const char *name,
                  struct error *err);
bool write_drop(struct pointer_store *store, int64_t id, struct error *err);

/* Reads through a view of its own; fails the test on any error. */
bool read_entity(struct fixture *fixture, const char *namespace_path, const char *name,
                 struct entity_row *ret_row);
bool read_namespace(struct fixture *fixture, const char *path, struct namespace_row *ret_row);
bool peek_entity(struct fixture *fixture, const char *namespace_path, const char *name,
                 struct entity_row *ret_row);

/* The row's pointer equals the text. */
bool points_at(const struct entity_row *row, const char *metadata_location);

#endif
