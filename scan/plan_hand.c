/*
 * The rows of one manifest at a time, by one thread. Rows are worked on in batches: which are live
 * and may match, what the partition leaves of the filter, which deletes apply.
 *
 * What all hands share (the plan, its bound filter and projections, the sealed index of deletes) is
 * only read here. What changes while rows are gone through is the hand's own: decoder, residuals,
 * matcher, counts.
 */
#include <stdlib.h>

#include "scan/data_file_view.h"
#include "scan/plan_internal.h"
#include "scan/prune.h"
#include "scan/prune_walk.h"

_Static_assert(PRUNE_BATCH <= DELETE_BATCH, "a batch of rows is matched as one");

/* A manifest while its rows are gone through. */
struct manifest_rows {
    const struct manifest_list_entry *entry;
    struct plan_filter *filter;
    struct residual_cache *residuals; /* the hand's */
    struct manifest_columns *columns; /* a reference */
    struct plan_rows bound;
    size_t number;
};

/* --- rows of a manifest --------------------------------------------------------------------- */

static void rows_close(struct manifest_rows *rows)
{
    manifest_columns_unref(rows->columns);
    plan_rows_unbind(&rows->bound);
}

static bool rows_open(struct plan_hand *hand, const struct manifest_list_entry *entry,
                      struct manifest_rows *ret_rows, struct error *err)
{
    struct manifest_rows rows = {.entry = entry};
    struct plan *plan = hand->run->plan;
    TRY(plan_run_filter(plan, entry, &rows.filter, err));
    TRY(plan_files_manifest(&hand->files, entry->path, &hand->run->projection, &rows.columns, err));
    if (!plan_rows_bind(plan, rows.filter, rows.columns, &rows.bound, err)) {
        rows_close(&rows);
        return false;
    }
    hand->counts.manifests[entry->content].read++;
    *ret_rows = rows;
    return true;
}

static bool row_is_live(const struct plan *plan, const struct manifest_rows *rows, size_t row)
{
    if (!plan->is_range)
        return rows->columns->status[row] != ENTRY_DELETED;
    return rows->columns->status[row] == ENTRY_ADDED &&
           snapshot_range_has(&plan->range, data_file_snapshot_id(rows->columns, row, rows->entry));
}

/* 1 for the rows that the filter leaves. */
static void rows_mask(struct plan_hand *hand, const struct manifest_rows *rows, size_t first,
                      size_t count, uint8_t *ret_mask)
{
    struct plan_entry_counts *counts = &hand->counts.entries[MANIFEST_DATA];
    for (size_t i = 0; i < count; i++)
        counts->seen += ret_mask[i] = row_is_live(hand->run->plan, rows, first + i);
    plan_rows_prune(hand->run->plan, &rows->bound, first, count, counts, ret_mask);
}

/* --- data files ----------------------------------------------------------------------------- */

static bool match_deletes(struct plan_hand *hand, const struct manifest_rows *rows,
                          struct plan_task *task, struct error *err)
{
    int64_t sequence;
    if (!hand->matcher)
        return true;
    TRY(plan_row_sequence(rows->columns, task->row, rows->entry, &sequence, err));
    return delete_matcher_match(hand->matcher, task->row, sequence, &task->deletes,
                                &task->delete_count, err);
}

/* A hint: the client wants no more rows than this. Only rows that are sure to be in the result
 * count, so that stopping never loses one that the client would have had to see. They count before
 * the file is handed out: else each of the other hands could add a file meanwhile. False: what
 * counted before is enough. */
static bool promise_rows(struct plan_run *run, const struct plan_task *task)
{
    int64_t wanted = run->plan->request->min_rows, count = 0;
    if (wanted == 0 || task->delete_count > 0 ||
        expression_root_op(&task->residual->expression) != EXPR_TRUE)
        return true;
    long_column_get(&task->columns->record_counts, task->row, &count);
    if (count <= 0)
        return true;
    count = count < wanted ? count : wanted;
    int64_t before = (int64_t)atomic_fetch_add(&run->rows_promised, (uint64_t)count);
    if (before >= wanted - count)
        atomic_store(&run->is_over, true);
    return before < wanted;
}

static bool visit_row(struct plan_hand *hand, const struct manifest_rows *rows,
                      struct plan_task *task, struct error *err)
{
    if (task->columns->content[task->row] != CONTENT_DATA)
        return error_set(err, ERROR_CORRUPT, "manifest %.*s lists delete files among data files",
                         SLICE_ARG(rows->entry->path));
    TRY(match_deletes(hand, rows, task, err));
    if (!promise_rows(hand->run, task))
        return true;
    TRY(hand->visitor->visit(hand->visitor->context, task, err));
    hand->counts.files_planned++;
    return true;
}

/* Every row steps: a pruned one has its share of the row ids as well, and so have those before the
 * window. */
static bool scan_batch(struct plan_hand *hand, const struct manifest_rows *rows,
                       struct row_id_run *row_ids, size_t first, size_t count, struct error *err)
{
    uint8_t mask[PRUNE_BATCH];
    const struct residual *residuals[PRUNE_BATCH];
    struct tuple_rows tuples = {rows->bound.partitions};
    struct plan_run *run = hand->run;
    rows_mask(hand, rows, first, count, mask);
    residual_cache_get(rows->residuals, &tuples, first, count, residuals);
    if (hand->matcher)
        delete_matcher_expect(hand->matcher, first, count, mask);
    for (size_t i = 0; i < count; i++) {
        struct plan_task task = {.columns = rows->columns,
                                 .row = first + i,
                                 .manifest = rows->number,
                                 .spec = rows->filter->spec,
                                 .residual = residuals[i]};
        task.has_first_row_id =
            row_id_run_step(row_ids, rows->columns, first + i, &task.first_row_id);
        if (!mask[i])
            continue;
        TRY(visit_row(hand, rows, &task, err));
        if (atomic_load_explicit(&run->is_over, memory_order_relaxed))
            return true;
    }
    return true;
}

static void skip_rows(const struct manifest_rows *rows, struct row_id_run *row_ids, size_t count)
{
    int64_t row_id;
    for (size_t i = 0; i < count; i++)
        row_id_run_step(row_ids, rows->columns, i, &row_id);
}

static bool scan_rows(struct plan_hand *hand, const struct manifest_rows *rows, struct error *err)
{
    const struct plan_window *window = &hand->run->window;
    struct row_id_run row_ids = row_id_run_start(rows->entry);
    size_t count = rows->columns->row_count;
    size_t first = window->first_row < count ? window->first_row : count;
    size_t end = window->row_count > 0 && window->row_count < count - first
                     ? first + window->row_count
                     : count;
    skip_rows(rows, &row_ids, first);
    for (; first < end && !atomic_load(&hand->run->is_over); first += PRUNE_BATCH) {
        size_t batch = end - first < PRUNE_BATCH ? end - first : PRUNE_BATCH;
        TRY(scan_batch(hand, rows, &row_ids, first, batch, err));
    }
    return true;
}

static bool find_residuals(struct plan_hand *hand, struct manifest_rows *rows, struct error *err)
{
    size_t spec = (size_t)(rows->filter - hand->run->plan->filters);
    struct residual_cache **place = &hand->residuals[spec];
    if (!*place) {
        struct residual_cache *made = calloc(1, sizeof(*made));
        if (!made)
            return error_no_memory(err, "residuals");
        if (!residual_cache_init(made, rows->filter->residuals, err)) {
            free(made);
            return false;
        }
        *place = made;
    }
    rows->residuals = *place;
    return true;
}

static bool open_matcher(struct plan_hand *hand, const struct manifest_rows *rows,
                         struct error *err)
{
    return !hand->matcher ||
           delete_matcher_open(hand->matcher, rows->columns, rows->filter->spec->spec, err);
}

bool plan_hand_scan(struct plan_hand *hand, const struct manifest_list_entry *entry, size_t number,
                    struct error *err)
{
    const struct plan *plan = hand->run->plan;
    struct manifest_rows rows;
    int64_t start = plan_stage_begin(plan);
    TRY(rows_open(hand, entry, &rows, err));
    start = plan_stage_end(plan, &hand->counts, PLAN_MANIFESTS, start);
    rows.number = number;
    bool ok = find_residuals(hand, &rows, err) && open_matcher(hand, &rows, err) &&
              scan_rows(hand, &rows, err);
    rows_close(&rows);
    plan_stage_end(plan, &hand->counts, PLAN_MATCHING, start);
    return ok;
}

/* --- hands ---------------------------------------------------------------------------------- */

bool plan_hand_init(struct plan_hand *hand, struct plan_run *run,
                    const struct plan_visitor *visitor, struct error *err)
{
    const struct plan *plan = run->plan;
    *hand = (struct plan_hand){.run = run, .visitor = visitor};
    plan_files_init(&hand->files, run->files.objects, run->files.cache, run->files.guard);
    hand->residuals = calloc(plan->table.spec_count + 1, sizeof(struct residual_cache *));
    if (!hand->residuals)
        return error_no_memory(err, "a plan");
    if (plan_delete_count(plan) == 0)
        return true;
    return delete_matcher_create(plan->deletes.index, plan->deletes.kept, &hand->matcher, err);
}

void plan_hand_finish(struct plan_hand *hand)
{
    if (!hand->run)
        return;
    for (size_t i = 0; hand->residuals && i < hand->run->plan->table.spec_count; i++) {
        residual_cache_finish(hand->residuals[i]);
        free(hand->residuals[i]);
    }
    free(hand->residuals);
    delete_matcher_destroy(hand->matcher);
    plan_files_finish(&hand->files);
}
