/*
 * catalog_trial.h — one change of the catalog while something fails, and a look at it afterwards.
 *
 * Each trial changes tables of its own while the n-th call of some kind fails, for n = 1, 2, 3 …
 * until none does. Then:
 *
 *   true                          after, also when everything has been closed and opened again
 *   false, ERROR_COMMIT_UNKNOWN   before or after
 *   false, any other kind         before, and no file more or less than there was
 *   always                        what the catalog names can be loaded, and the record of the
 *                                 Idempotency-Key is there exactly when the change is
 *
 * Owns:     a trial its request, until trial_finish
 */
#ifndef TESTS_UNIT_CATALOG_CATALOG_TRIAL_H
#define TESTS_UNIT_CATALOG_CATALOG_TRIAL_H

#include "tests/unit/catalog/catalog_fixture.h"
#include "tests/unit/storage/fault_vfs.h"

/* More than any operation here makes; a loop that gets there does not end by itself. */
#define MAX_TRIALS 5000

#define TRIAL_TABLES 3

struct trial {
    struct world *world;
    char names[TRIAL_TABLES][24];
    char key[40];
    json_t *request;
    size_t files;
    bool ok;
    enum error_kind kind;
    char message[ERROR_MESSAGE_SIZE];
};

struct scenario {
    void (*prepare)(struct trial *trial);
    bool (*act)(struct trial *trial, struct call *call, struct error *err);
    /* How many of `parts` changes are there. */
    int (*done)(struct trial *trial);
    int parts;
};

/* A commit, a late append that is carried over, a create, a transaction over three tables (one of
 * them new), a rename, and a drop with purge. */
extern const struct scenario commit_scenario;
extern const struct scenario append_scenario;
extern const struct scenario create_scenario;
extern const struct scenario transaction_scenario;
extern const struct scenario rename_scenario;
extern const struct scenario drop_scenario;

/* A world over `files` and SQLite's VFS `vfs` (NULL: the real one), open, with a namespace "ns". */
void trial_world_start(struct world *world, const struct file_calls *files, const char *vfs);
void trial_world_end(struct world *world);

/* Makes what the change needs, and waits until the purge worker is idle. */
void trial_prepare(struct trial *trial, const struct scenario *scenario, struct world *world,
                   int number);
void trial_act(struct trial *trial, const struct scenario *scenario);
/* `may_leave_files`: removing what was written may have failed, too. */
void trial_check(struct trial *trial, const struct scenario *scenario, bool may_leave_files);
void trial_finish(struct trial *trial);

/* All trials of a scenario, in a world of their own, while the n-th change of SQLite's files fails
 * as `plan` says (its fail_at apart). */
void trial_run_database(const struct scenario *scenario, struct fault_plan plan);

#endif
