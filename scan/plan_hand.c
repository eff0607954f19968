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

/* A manifest while its rows are gone through. */
struct manifest_rows {
    const struct manifest_list_entry *entry;
    struct plan_filter *filter;
    struct residual_cache *residuals; /* the hand's; NULL for delete files */
    struct manifest_columns *columns; /* a reference */
    size_t number;
    const struct partition_column **partitions;
    const struct stats_column **stats;
};

/* --- rows of a manifest --------------------------------------------------------------------- */

static bool rows_bind(const struct plan *plan, struct manifest_rows *rows, struct error *err)
{
    const struct partition_spec *spec = rows->filter->spec->spec;
    const struct expression *filter = &plan->filter;
    rows->partitions = calloc(spec->field_count + 1, sizeof(const struct partition_column *));
    rows->stats = calloc(filter->field_count + 1, sizeof(const struct stats_column *));
    if (!rows->partitions || !rows->stats)
        return error_no_memory(err, "a manifest's rows");
    for (size_t i = 0; i < spec->field_count; i++)
        rows->partitions[i] = manifest_columns_partition(rows->columns, spec->fields[i].field_id,
                                                         spec->fields[i].name);
    for (size_t i = 0; i < filter->field_count; i++)
        rows->stats[i] = manifest_columns_stats(rows->columns, filter->field_ids[i]);
    return true;
}

static void rows_close(struct manifest_rows *rows)
{
    manifest_columns_unref(rows->columns);
    free(rows->partitions);
    free(rows->stats);
}

static bool rows_open(struct plan_hand *hand, const struct manifest_list_entry *entry,
                      const struct manifest_projection *projection, struct manifest_rows *ret_rows,
                      struct error *err)
{
    struct manifest_rows rows = {.entry = entry};
    struct plan *plan = hand->run->plan;
    TRY(plan_run_filter(plan, entry, &rows.filter, err));
    TRY(plan_files_manifest(&hand->files, entry->path, projection, &rows.columns, err));
    if (!rows_bind(plan, &rows, err)) {
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

/* Narrows the mask by another; how many rows that leaves out. */
static size_t mask_and(uint8_t *mask, const uint8_t *other, size_t count)
{
    size_t left_out = 0;
    for (size_t i = 0; i < count; i++) {
        left_out += mask[i] & (other[i] ^ 1U);
        mask[i] &= other[i];
    }
    return left_out;
}

/* 1 for the rows that the filter leaves. The same filter serves data and delete files, "because
 * both store metrics of the rows either inserted or deleted". */
static void rows_mask(const struct plan *plan, const struct manifest_rows *rows, size_t first,
                      size_t count, struct plan_entry_counts *counts, uint8_t *ret_mask)
{
    uint8_t other[PRUNE_BATCH];
    struct tuple_rows tuples = {rows->partitions};
    struct metrics_rows metrics = {&rows->columns->record_counts, rows->stats};
    for (size_t i = 0; i < count; i++)
        counts->seen += ret_mask[i] = row_is_live(plan, rows, first + i);
    if (expression_root_op(&plan->filter) == EXPR_TRUE)
        return;
    prune_tuples(&rows->filter->projected, &tuples, first, count, other);
    counts->by_partition += mask_and(ret_mask, other, count);
    prune_files_inclusive(&plan->filter, &metrics, first, count, other);
    counts->by_statistics += mask_and(ret_mask, other, count);
}

static bool row_ref(const struct manifest_rows *rows, size_t row, struct file_ref *ret_file,
                    struct error *err)
{
    struct file_ref file = {.columns = rows->columns, .row = row, .spec = rows->filter->spec->spec};
    if (!data_file_sequence(rows->columns, row, rows->entry, &file.sequence))
        return error_set(err, ERROR_CORRUPT,
                         "manifest %.*s has an entry without a sequence number that was not added "
                         "with it",
                         SLICE_ARG(rows->entry->path));
    *ret_file = file;
    return true;
}

/* --- delete files --------------------------------------------------------------------------- */

static bool index_batch(struct plan_hand *hand, const struct manifest_rows *rows, size_t first,
                        size_t count, struct error *err)
{
    uint8_t mask[PRUNE_BATCH];
    struct file_ref file;
    struct plan *plan = hand->run->plan;
    rows_mask(plan, rows, first, count, &hand->counts.entries[MANIFEST_DELETES], mask);
    for (size_t i = 0; i < count; i++) {
        if (!mask[i])
            continue;
        TRY(row_ref(rows, first + i, &file, err));
        if (!delete_index_add(plan->deletes, &file, err))
            return error_prefix(err, "manifest %.*s", SLICE_ARG(rows->entry->path));
    }
    return true;
}

static size_t batch_size(const struct manifest_rows *rows, size_t first)
{
    size_t left = rows->columns->row_count - first;
    return left < PRUNE_BATCH ? left : PRUNE_BATCH;
}

bool plan_hand_index(struct plan_hand *hand, const struct manifest_list_entry *entry,
                     struct error *err)
{
    /* Which columns equality deletes compare is known only from their entries. */
    const struct manifest_projection all = {.has_all_stats = true, .stats_kinds = STATS_PRUNING};
    struct manifest_rows rows;
    bool ok = true;
    TRY(rows_open(hand, entry, &all, &rows, err));
    for (size_t first = 0; ok && first < rows.columns->row_count; first += PRUNE_BATCH)
        ok = index_batch(hand, &rows, first, batch_size(&rows, first), err);
    rows_close(&rows);
    return ok;
}

/* --- data files ----------------------------------------------------------------------------- */

static bool match_deletes(struct plan_hand *hand, const struct manifest_rows *rows,
                          struct plan_task *task, struct error *err)
{
    struct file_ref file;
    if (!hand->matcher)
        return true;
    TRY(row_ref(rows, task->row, &file, err));
    return delete_matcher_match(hand->matcher, &file, &task->deletes, &task->delete_count, err);
}

/* A hint: the client wants no more rows than this. Only rows that are sure to be in the result
 * count, so that stopping never loses one that the client would have had to see. */
static void count_rows(struct plan_run *run, const struct plan_task *task)
{
    int64_t wanted = run->plan->request->min_rows, count = 0;
    if (wanted == 0 || task->delete_count > 0 ||
        expression_root_op(&task->residual->expression) != EXPR_TRUE)
        return;
    long_column_get(&task->columns->record_counts, task->row, &count);
    if (count <= 0)
        return;
    count = count < wanted ? count : wanted;
    if ((int64_t)atomic_fetch_add(&run->rows_promised, (uint64_t)count) >= wanted - count)
        atomic_store(&run->is_over, true);
}

static bool visit_row(struct plan_hand *hand, const struct manifest_rows *rows,
                      struct plan_task *task, struct error *err)
{
    if (task->columns->content[task->row] != CONTENT_DATA)
        return error_set(err, ERROR_CORRUPT, "manifest %.*s lists delete files among data files",
                         SLICE_ARG(rows->entry->path));
    TRY(match_deletes(hand, rows, task, err));
    TRY(hand->visitor->visit(hand->visitor->context, task, err));
    hand->counts.files_planned++;
    count_rows(hand->run, task);
    return true;
}

/* Every row steps: a pruned one has its share of the row ids as well, and so have those before the
 * window. */
static bool scan_batch(struct plan_hand *hand, const struct manifest_rows *rows,
                       struct row_id_run *row_ids, size_t first, size_t count, struct error *err)
{
    uint8_t mask[PRUNE_BATCH];
    const struct residual *residuals[PRUNE_BATCH];
    struct tuple_rows tuples = {rows->partitions};
    struct plan_run *run = hand->run;
    rows_mask(run->plan, rows, first, count, &hand->counts.entries[MANIFEST_DATA], mask);
    residual_cache_get(rows->residuals, &tuples, first, count, residuals);
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

bool plan_hand_scan(struct plan_hand *hand, const struct manifest_list_entry *entry, size_t number,
                    struct error *err)
{
    struct manifest_rows rows;
    TRY(rows_open(hand, entry, &hand->run->projection, &rows, err));
    rows.number = number;
    bool ok = find_residuals(hand, &rows, err) && scan_rows(hand, &rows, err);
    rows_close(&rows);
    return ok;
}

/* --- hands ---------------------------------------------------------------------------------- */

bool plan_hand_init(struct plan_hand *hand, struct plan_run *run,
                    const struct plan_visitor *visitor, struct error *err)
{
    const struct plan *plan = run->plan;
    *hand = (struct plan_hand){.run = run, .visitor = visitor};
    plan_files_init(&hand->files, run->files.objects, run->files.cache);
    hand->residuals = calloc(plan->table.spec_count + 1, sizeof(struct residual_cache *));
    if (!hand->residuals)
        return error_no_memory(err, "a plan");
    if (plan_delete_count(plan) == 0)
        return true;
    return delete_matcher_create(plan->deletes, &hand->matcher, err);
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
