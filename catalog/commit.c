#include "catalog/commit.h"

#include "base/json_tree.h"
#include "base/limits.h"
#include "catalog/entity_lock.h"
#include "catalog/lookup.h"
#include "catalog/requirement.h"
#include "catalog/table_change.h"

/*
 * A commit of n tables (n = 1 for updateTable):
 *
 *   0. read what a late append has written, where the table carries those over (append_rebase.h)
 *   1. take the entity locks of all names, in one fixed order
 *   2. for each table: read pointer and base, carry a late append over to it, check the
 *      requirements, apply the updates, write the new metadata file under a name never used before
 *                                                                  (table_change_read, _apply)
 *   3. queue the transaction that swaps every pointer where it still equals its base, appends to
 *      the change log, keeps the Idempotency-Key         (table_change_store, call_submit); leave
 *      the results as the tables' tips (commit_chain.h); give the locks back
 *   4. wait until the transaction is durable. Meanwhile other commits to the same tables go through
 *      1 to 3 on top of this one, and share its sync
 *   5. where a pointer had moved: forget what was written, and go back to 1. A requirement that
 *      does not hold is never tried again; it is the client's to decide
 *   6. clean up                                            (table_change_complete, _abandon)
 *
 * Whatever is decided on the tip of a commit that then fails was decided on a state that never came
 * to be, and the round begins again: for a commit that was queued behind it the swap tells, any
 * other verdict (a failed requirement, no change at all) waits for the tip's outcome.
 *
 * The locks and tips make 5 rare: only a change that uses neither (a drop, an overwriting register,
 * a rename) can come between, or a failed sync.
 */

/* Each round means that another change went through, so progress is certain; the bound only keeps a
 * worker from being held forever. */
#define MAX_COMMIT_ROUNDS 20

struct commit {
    struct call *call;
    struct table_change *changes;
    const json_t **requests;
    struct append_rebase *rebases; /* one for each table, for all rounds */
    struct change_row *log;
    size_t count;
    struct entity_name *names;
    struct table_change **written; /* those that change something */
    struct commit_tip **tips;      /* theirs, while the transaction is queued */
    size_t written_count;
    struct call_write write;
};

/* --- reading the request ------------------------------------------------------------------ */

static bool read_parts(const json_t *request, json_t **ret_requirements, json_t **ret_updates,
                       struct error *err)
{
    if (!json_is_object(request))
        return error_set(err, ERROR_BAD_REQUEST, "A commit must be a JSON object");
    TRY(json_get_array(request, "requirements", ret_requirements, err));
    TRY(json_get_array(request, "updates", ret_updates, err));
    size_t most = json_array_size(*ret_updates) > json_array_size(*ret_requirements)
                      ? json_array_size(*ret_updates)
                      : json_array_size(*ret_requirements);
    if (most <= MAX_UPDATES_PER_COMMIT)
        return true;
    return error_set(err, ERROR_BAD_REQUEST,
                     "A commit may have at most %d updates and requirements, this one has %zu",
                     MAX_UPDATES_PER_COMMIT, most);
}

/* The identifier in the body is optional for updateTable; where it is there it must agree. */
static bool check_identifier(struct call *call, const json_t *request, struct entity_name name,
                             struct error *err)
{
    json_t *identifier = NULL;
    struct entity_name inner;
    if (!json_is_object(request))
        return true;
    TRY(json_opt_object(request, "identifier", &identifier, err));
    if (identifier == NULL)
        return true;
    TRY(entity_name_parse(call, identifier, &inner, err));
    if (slice_equals(inner.name, name.name) &&
        slice_equals(inner.namespace_path, name.namespace_path))
        return true;
    return error_set(err, ERROR_BAD_REQUEST,
                     "The identifier in the body is %s, the path says %s: they must agree",
                     entity_name_text(call->arena, inner), entity_name_text(call->arena, name));
}

static bool commit_init(struct commit *commit, struct call *call, size_t count, struct error *err)
{
    commit->call = call;
    commit->count = count;
    commit->changes = ARENA_ARRAY(call->arena, struct table_change, count);
    commit->requests = ARENA_ARRAY(call->arena, const json_t *, count);
    commit->log = ARENA_ARRAY(call->arena, struct change_row, count);
    commit->names = ARENA_ARRAY(call->arena, struct entity_name, count);
    commit->written = ARENA_ARRAY(call->arena, struct table_change *, count);
    commit->tips = ARENA_ARRAY(call->arena, struct commit_tip *, count);
    commit->rebases = ARENA_ARRAY(call->arena, struct append_rebase, count);
    if (!commit->changes || !commit->requests || !commit->log || !commit->names ||
        !commit->written || !commit->tips || !commit->rebases)
        return error_no_memory(err, "the commit");
    for (size_t i = 0; i < count; i++)
        append_rebase_init(&commit->rebases[i], call);
    return true;
}

/* --- one round ---------------------------------------------------------------------------- */

/* A create that loses to another one must say so in the words of a failed requirement. */
static bool as_failed_requirement(struct table_change *change, struct error *err)
{
    if (change->is_create && err && err->kind == ERROR_ALREADY_EXISTS) {
        struct slice text = arena_slice(change->call->arena, slice_from_string(err->message));
        bool is_view = slice_starts_with(text, SLICE_LITERAL("View"));
        return error_set(err, is_view ? ERROR_ALREADY_EXISTS : ERROR_COMMIT_FAILED,
                         is_view ? "%.*s" : "Requirement failed: table already exists (%.*s)",
                         SLICE_ARG(text));
    }
    return false;
}

static bool prepare_change(struct commit *commit, size_t index, struct error *err)
{
    struct table_change *change = &commit->changes[index];
    json_t *requirements = NULL, *updates = NULL;
    TRY(read_parts(commit->requests[index], &requirements, &updates, err));
    TRY(requirements_are_create(requirements, &change->is_create, err));
    if (!table_change_read(change, err))
        return as_failed_requirement(change, err);
    TRY(table_change_apply(change, requirements, updates, err));
    if (change->is_written)
        commit->written[commit->written_count++] = change;
    return true;
}

static bool prepare_all(struct commit *commit, struct error *err)
{
    commit->written_count = 0;
    for (size_t i = 0; i < commit->count; i++) {
        struct entity_name name = commit->changes[i].name;
        table_change_finish(&commit->changes[i]);
        table_change_init(&commit->changes[i], commit->call, name);
        commit->changes[i].rebase = &commit->rebases[i];
    }
    for (size_t i = 0; i < commit->count; i++)
        TRY(prepare_change(commit, i, err));
    return true;
}

/* A table that the transaction only has requirements for must still be the one they were checked
 * against. */
static bool check_unwritten(struct table_change *change, struct pointer_txn *txn,
                            struct error *err)
{
    struct entity_row row;
    TRY(entity_must_exist(change->call, pointer_txn_view(txn), change->name, ENTITY_TABLE, &row,
                          err));
    change->has_moved = row.id != change->row.id ||
                        !slice_equals(row.metadata_location, change->row.metadata_location);
    return !change->has_moved ||
           error_set(err, ERROR_COMMIT_FAILED, "Table %s changed while this commit was made: try "
                     "again", entity_name_text(change->call->arena, change->name));
}

static bool store_all(struct pointer_txn *txn, void *context, struct error *err)
{
    struct commit *commit = context;
    for (size_t i = 0; i < commit->count; i++)
        if (!commit->changes[i].is_written)
            TRY(check_unwritten(&commit->changes[i], txn, err));
    for (size_t i = 0; i < commit->written_count; i++) {
        if (!table_change_store(commit->written[i], txn, err))
            return as_failed_requirement(commit->written[i], err);
        table_change_describe(commit->written[i], &commit->log[i]);
    }
    return true;
}

/* Where the outcome is unknown the pointers are read again: all equal means that it went through,
 * since they were to move in one transaction. */
static bool all_have_arrived(const struct commit *commit)
{
    for (size_t i = 0; i < commit->written_count; i++)
        if (!table_change_has_arrived(commit->written[i]))
            return false;
    return true;
}

/* Under the entity locks. What is read from now on is built on this commit. */
static void submit(struct commit *commit)
{
    call_submit(&commit->write, commit->call, store_all, commit, commit->log,
                commit->written_count);
    for (size_t i = 0; i < commit->written_count; i++) {
        commit->tips[i] = table_change_tip(commit->written[i]);
        if (commit->tips[i])
            commit_chain_publish(commit->call->catalog->chain, commit->tips[i],
                                 commit->written[i]->base_tip);
    }
}

static void end_tips(struct commit *commit, bool is_durable)
{
    struct commit_chain *chain = commit->call->catalog->chain;
    for (size_t i = 0; i < commit->written_count; i++) {
        if (commit->tips[i])
            commit_chain_end(chain, commit->tips[i], is_durable);
        commit_tip_unref(chain, commit->tips[i]);
        commit->tips[i] = NULL;
    }
}

static bool wait_for_write(struct commit *commit, struct error *err)
{
    bool ok = call_wait(&commit->write, err);
    if (!ok && err->kind == ERROR_COMMIT_UNKNOWN && all_have_arrived(commit))
        ok = commit->call->is_recorded = true;
    end_tips(commit, ok);
    return ok;
}

/* True where every state that this round read is durable: its verdict counts. */
static bool bases_are_durable(struct commit *commit)
{
    bool all = true;
    for (size_t i = 0; i < commit->count; i++) {
        struct commit_tip *tip = commit->changes[i].base_tip;
        if (tip && !commit_tip_is_durable(commit->call->catalog->chain, tip))
            all = false;
    }
    return all;
}

static void abandon_all(struct commit *commit, const struct error *cause)
{
    for (size_t i = 0; i < commit->count; i++)
        table_change_abandon(&commit->changes[i], cause);
}

static bool some_pointer_moved(const struct commit *commit)
{
    for (size_t i = 0; i < commit->count; i++)
        if (commit->changes[i].has_moved)
            return true;
    return false;
}

/* Before the locks: reads the files of an append that is late already, so that nobody waits for
 * that. What is wrong is met again under the locks. */
static void look_ahead(struct commit *commit)
{
    json_t *requirements = NULL, *updates = NULL;
    for (size_t i = 0; i < commit->count; i++) {
        struct table_change change;
        bool is_late = false;
        if (!read_parts(commit->requests[i], &requirements, &updates, NULL) ||
            !append_request_is_likely(updates))
            continue;
        table_change_init(&change, commit->call, commit->changes[i].name);
        if (table_change_read(&change, NULL))
            (void)append_rebase_look(&commit->rebases[i], requirements, updates, change.base,
                                     change.row.location, &is_late, NULL);
        table_change_finish(&change);
    }
}

/* Steps 1 to 3. False with the reason, or true: then the transaction is queued, where anything
 * changes. */
static bool make_round(struct commit *commit, struct error *err)
{
    struct call *call = commit->call;
    struct entity_hold hold;
    look_ahead(commit);
    entity_locks_take(call->catalog->locks, call->warehouse->id, commit->names, commit->count,
                      &hold);
    bool ok = prepare_all(commit, err);
    if (ok) {
        call->outcome.metadata_location =
            commit->count == 1 ? commit->changes[0].next_location : SLICE_EMPTY;
        if (commit->written_count > 0)
            submit(commit);
    }
    entity_locks_give(call->catalog->locks, &hold);
    return ok;
}

/* One round; *ret_again where it is to be followed by another. */
static bool run_round(struct commit *commit, bool *ret_again, struct error *err)
{
    bool ok = make_round(commit, err);
    bool is_queued = ok && commit->written_count > 0;
    if (is_queued)
        ok = wait_for_write(commit, err);
    bool is_phantom = !is_queued && !bases_are_durable(commit);
    if (ok && !is_phantom)
        return true;
    abandon_all(commit, err);
    *ret_again = is_phantom || (is_queued && some_pointer_moved(commit));
    return false;
}

static bool run_rounds(struct commit *commit, struct error *err)
{
    struct commit_counts *counts = &commit->call->catalog->commit_counts;
    struct error cause = {0};
    bool again = true;
    for (int round = 0; again && round < MAX_COMMIT_ROUNDS; round++) {
        error_clear(&cause);
        if (round > 0)
            atomic_fetch_add(&counts->retries, 1);
        if (run_round(commit, &again, &cause))
            return true;
    }
    if (cause.kind == ERROR_NONE)
        error_set(&cause, ERROR_COMMIT_FAILED,
                  "The table changed while this commit was made, %d times: try again",
                  MAX_COMMIT_ROUNDS);
    if (cause.kind == ERROR_COMMIT_FAILED)
        atomic_fetch_add(&counts->conflicts, 1);
    if (err)
        *err = cause;
    return false;
}

static bool commit_run(struct commit *commit, struct error *err)
{
    for (size_t i = 0; i < commit->count; i++)
        commit->names[i] = commit->changes[i].name;
    TRY(run_rounds(commit, err));
    atomic_fetch_add(&commit->call->catalog->commit_counts.tables, commit->count);
    for (size_t i = 0; i < commit->count; i++)
        table_change_complete(&commit->changes[i]);
    return true;
}

static void commit_finish(struct commit *commit)
{
    for (size_t i = 0; i < commit->count; i++) {
        table_change_finish(&commit->changes[i]);
        append_rebase_finish(&commit->rebases[i]);
    }
}

/* --- the two operations ------------------------------------------------------------------- */

bool table_commit(struct call *call, struct entity_name name, const json_t *request,
                  struct table_result *ret_result, struct error *err)
{
    struct commit commit = {0};
    TRY(check_identifier(call, request, name, err));
    TRY(commit_init(&commit, call, 1, err));
    call->outcome.status = 200;
    table_change_init(&commit.changes[0], call, name);
    commit.requests[0] = request;
    bool ok = commit_run(&commit, err);
    if (ok)
        table_change_result(&commit.changes[0], ret_result);
    commit_finish(&commit);
    return ok;
}

static bool is_same_name(struct entity_name a, struct entity_name b)
{
    return slice_equals(a.name, b.name) && slice_equals(a.namespace_path, b.namespace_path);
}

static bool add_change(struct commit *commit, size_t index, const json_t *request,
                       struct error *err)
{
    json_t *identifier = NULL;
    struct entity_name name;
    if (!json_is_object(request))
        return error_set(err, ERROR_BAD_REQUEST, "Every table change must be a JSON object");
    TRY(json_get_object(request, "identifier", &identifier, err));
    TRY(entity_name_parse(commit->call, identifier, &name, err));
    for (size_t i = 0; i < index; i++)
        if (is_same_name(commit->changes[i].name, name))
            return error_set(err, ERROR_BAD_REQUEST,
                             "Table %s is named twice in one transaction: put its requirements and "
                             "updates into one table change",
                             entity_name_text(commit->call->arena, name));
    table_change_init(&commit->changes[index], commit->call, name);
    commit->requests[index] = request;
    return true;
}

bool transaction_commit(struct call *call, const json_t *request, struct error *err)
{
    struct commit commit = {0};
    json_t *list = NULL;
    if (!json_is_object(request))
        return error_set(err, ERROR_BAD_REQUEST, "A transaction must be a JSON object");
    TRY(json_get_array(request, "table-changes", &list, err));
    size_t count = json_array_size(list);
    if (count == 0 || count > MAX_TRANSACTION_TABLES)
        return error_set(err, ERROR_BAD_REQUEST,
                         "A transaction changes 1 to %d tables, this one names %zu",
                         MAX_TRANSACTION_TABLES, count);
    TRY(commit_init(&commit, call, count, err));
    for (size_t i = 0; i < count; i++)
        TRY(add_change(&commit, i, json_array_get(list, i), err));
    call->outcome.status = 204;
    bool ok = commit_run(&commit, err);
    commit_finish(&commit);
    return ok;
}
