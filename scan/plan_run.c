/*
 * A run goes through the manifests twice. Manifests of data files are chosen by the manifest list
 * alone; where none is left there is nothing to do. Then those of delete files are read, because a
 * data file cannot be handed out before its deletes are known, and because equality deletes say
 * which columns' statistics must be decoded with the data files. Then the data files are read, one
 * manifest at a time, and of it a batch of rows at a time.
 */
#include <stdlib.h>

#include "scan/data_file_view.h"
#include "scan/plan_files.h"
#include "scan/plan_internal.h"
#include "scan/projection.h"
#include "scan/prune.h"
#include "scan/prune_walk.h"

struct plan_run {
    struct plan *plan;
    struct plan_files files;
    const struct plan_visitor *visitor;
    size_t next_place;
    struct manifest_list **lists; /* one for each snapshot */
    size_t list_count;
    struct plan_manifest *data; /* the manifests that the list leaves */
    size_t data_count;
    const struct manifest_list_entry **deletes;
    size_t delete_count;
    struct delete_matcher *matcher;        /* NULL: there are no delete files */
    struct manifest_projection projection; /* of data files */
    int64_t rows_promised; /* that all match, without deletes: for min-rows-requested */
    bool is_done;
};

/* A manifest while its rows are gone through. */
struct manifest_rows {
    const struct manifest_list_entry *entry;
    struct plan_filter *filter;
    struct manifest_columns *columns; /* a reference */
    const struct partition_column **partitions;
    const struct stats_column **stats;
};

/* --- which manifests ------------------------------------------------------------------------ */

static bool filter_ready(struct plan *plan, struct plan_filter *filter, struct error *err)
{
    struct residual_plan *residuals = NULL;
    const struct partition_spec *spec = filter->spec->spec;
    if (filter->is_ready)
        return true;
    TRY(projection_inclusive(&plan->filter, spec, &plan->arena, &filter->projected, err));
    TRY(residual_plan_create(&plan->filter, spec, &plan->arena, &residuals, err));
    TRY(residual_cache_init(&filter->residuals, residuals, err));
    filter->is_ready = true;
    return true;
}

static bool find_filter(struct plan *plan, const struct manifest_list_entry *entry,
                        struct plan_filter **ret_filter, struct error *err)
{
    const struct plan_spec *spec = NULL;
    if (!plan_table_spec(&plan->table, entry->spec_id, &spec, err))
        return error_prefix(err, "manifest %.*s", SLICE_ARG(entry->path));
    struct plan_filter *filter = &plan->filters[spec - plan->table.specs];
    TRY(filter_ready(plan, filter, err));
    *ret_filter = filter;
    return true;
}

/* A range takes of each snapshot the manifests that it added itself: what it took over was added by
 * another one. Deletes are no part of a range of appends. */
static bool is_of_interest(const struct plan *plan, const struct table_snapshot *snapshot,
                           const struct manifest_list_entry *entry)
{
    if (!manifest_list_entry_may_be_live(entry))
        return false;
    if (!plan->is_range)
        return true;
    return entry->content == MANIFEST_DATA && entry->snapshot_id == snapshot->snapshot_id;
}

static uint64_t live_files(const struct manifest_list_entry *entry)
{
    uint64_t added = entry->added_files > 0 ? (uint64_t)entry->added_files : 0;
    return added + (entry->existing_files > 0 ? (uint64_t)entry->existing_files : 0);
}

static bool choose_manifest(struct plan_run *run, const struct table_snapshot *snapshot,
                            const struct manifest_list_entry *entry, struct error *err)
{
    struct plan_filter *filter = NULL;
    size_t place = run->next_place++;
    struct plan_manifest_counts *counts = &run->plan->counts.manifests[entry->content];
    counts->listed++;
    if (!is_of_interest(run->plan, snapshot, entry)) {
        counts->not_live++;
        return true;
    }
    TRY(find_filter(run->plan, entry, &filter, err));
    if (!prune_manifest(&filter->projected, entry->summaries, entry->summary_count)) {
        counts->ruled_out++;
        counts->files_ruled_out += live_files(entry);
        return true;
    }
    if (entry->content == MANIFEST_DATA)
        run->data[run->data_count++] = (struct plan_manifest){entry, place};
    else
        run->deletes[run->delete_count++] = entry;
    return true;
}

static bool read_lists(struct plan_run *run, size_t *ret_manifests, struct error *err)
{
    struct snapshot_range *range = &run->plan->range;
    size_t manifests = 0;
    run->lists = ARENA_ARRAY(&run->plan->arena, struct manifest_list *, range->count + 1);
    if (!run->lists)
        return error_no_memory(err, "a plan");
    for (size_t i = 0; i < range->count; i++) {
        TRY(plan_files_list(&run->files, range->snapshots[i], &run->lists[i], err));
        run->list_count++;
        manifests += run->lists[i]->count;
    }
    *ret_manifests = manifests;
    return true;
}

static bool choose_manifests(struct plan_run *run, struct error *err)
{
    struct arena *arena = &run->plan->arena;
    size_t count = 0;
    TRY(read_lists(run, &count, err));
    run->data = ARENA_ARRAY(arena, struct plan_manifest, count + 1);
    run->deletes = ARENA_ARRAY(arena, const struct manifest_list_entry *, count + 1);
    if (!run->data || !run->deletes)
        return error_no_memory(err, "a plan");
    for (size_t i = 0; i < run->list_count; i++)
        for (size_t j = 0; j < run->lists[i]->count; j++)
            TRY(choose_manifest(run, run->plan->range.snapshots[i], &run->lists[i]->entries[j],
                                err));
    return true;
}

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

static bool rows_open(struct plan_run *run, const struct manifest_list_entry *entry,
                      const struct manifest_projection *projection, struct manifest_rows *ret_rows,
                      struct error *err)
{
    struct manifest_rows rows = {.entry = entry};
    TRY(find_filter(run->plan, entry, &rows.filter, err));
    TRY(plan_files_manifest(&run->files, entry->path, projection, &rows.columns, err));
    if (!rows_bind(run->plan, &rows, err)) {
        rows_close(&rows);
        return false;
    }
    run->plan->counts.manifests[entry->content].read++;
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

static bool index_batch(struct plan *plan, const struct manifest_rows *rows, size_t first,
                        size_t count, struct error *err)
{
    uint8_t mask[PRUNE_BATCH];
    struct file_ref file;
    rows_mask(plan, rows, first, count, &plan->counts.entries[MANIFEST_DELETES], mask);
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

static bool index_manifest(struct plan_run *run, const struct manifest_list_entry *entry,
                           struct error *err)
{
    /* Which columns equality deletes compare is known only from their entries. */
    const struct manifest_projection all = {.has_all_stats = true, .stats_kinds = STATS_PRUNING};
    struct manifest_rows rows;
    bool ok = true;
    TRY(rows_open(run, entry, &all, &rows, err));
    for (size_t first = 0; ok && first < rows.columns->row_count; first += PRUNE_BATCH)
        ok = index_batch(run->plan, &rows, first, batch_size(&rows, first), err);
    rows_close(&rows);
    return ok;
}

static bool index_deletes(struct plan_run *run, struct error *err)
{
    struct plan *plan = run->plan;
    if (run->delete_count == 0)
        return true;
    TRY(delete_index_create(plan->table.fields, plan->table.field_count, &plan->deletes, err));
    for (size_t i = 0; i < run->delete_count; i++)
        TRY(index_manifest(run, run->deletes[i], err));
    TRY(delete_index_seal(plan->deletes, err));
    plan->counts.delete_files = delete_index_count(plan->deletes);
    if (plan->counts.delete_files == 0)
        return true;
    return delete_matcher_create(plan->deletes, &run->matcher, err);
}

/* --- data files ----------------------------------------------------------------------------- */

static size_t copy_ids(int32_t *out, size_t at, const int32_t *ids, size_t count)
{
    for (size_t i = 0; i < count; i++)
        out[at + i] = ids[i];
    return at + count;
}

/* Statistics that are needed: of the filter's columns, of those that rows are deleted by, and of
 * those that the client asked for. Only for the last the sizes are wanted as well. */
static bool choose_projection(struct plan_run *run, struct error *err)
{
    struct plan *plan = run->plan;
    size_t deleted_by = 0, count = 0;
    const int32_t *ids = NULL;
    if (run->matcher)
        ids = delete_index_equality_ids(plan->deletes, &deleted_by);
    int32_t *all = ARENA_ARRAY(&plan->arena, int32_t,
                               plan->filter.field_count + deleted_by + plan->stats_count + 1);
    if (!all)
        return error_no_memory(err, "a plan");
    count = copy_ids(all, count, plan->filter.field_ids, plan->filter.field_count);
    count = copy_ids(all, count, ids, deleted_by);
    count = copy_ids(all, count, plan->stats_ids, plan->stats_count);
    run->projection = (struct manifest_projection){
        .stats_ids = all,
        .stats_count = plan_ids_sort(all, count),
        .stats_kinds = plan->stats_count > 0 ? STATS_ALL : STATS_PRUNING,
    };
    return true;
}

static bool match_deletes(struct plan_run *run, const struct manifest_rows *rows,
                          struct plan_task *task, struct error *err)
{
    struct file_ref file;
    if (!run->matcher)
        return true;
    TRY(row_ref(rows, task->row, &file, err));
    return delete_matcher_match(run->matcher, &file, &task->deletes, &task->delete_count, err);
}

/* A hint: the client wants no more rows than this. Only rows that are sure to be in the result
 * count, so that stopping never loses one that the client would have had to see. */
static void count_rows(struct plan_run *run, const struct plan_task *task)
{
    int64_t count = 0;
    if (run->plan->request->min_rows == 0 || task->delete_count > 0 ||
        expression_root_op(&task->residual->expression) != EXPR_TRUE)
        return;
    long_column_get(&task->columns->record_counts, task->row, &count);
    run->rows_promised += count > 0 ? count : 0;
    run->is_done = run->rows_promised >= run->plan->request->min_rows;
}

static bool visit_row(struct plan_run *run, const struct manifest_rows *rows,
                      struct plan_task *task, struct error *err)
{
    if (task->columns->content[task->row] != CONTENT_DATA)
        return error_set(err, ERROR_CORRUPT, "manifest %.*s lists delete files among data files",
                         SLICE_ARG(rows->entry->path));
    TRY(match_deletes(run, rows, task, err));
    TRY(run->visitor->visit(run->visitor->context, task, err));
    run->plan->counts.files_planned++;
    count_rows(run, task);
    return true;
}

static bool scan_batch(struct plan_run *run, const struct manifest_rows *rows,
                       struct row_id_run *row_ids, size_t first, size_t count, struct error *err)
{
    uint8_t mask[PRUNE_BATCH];
    const struct residual *residuals[PRUNE_BATCH];
    struct tuple_rows tuples = {rows->partitions};
    rows_mask(run->plan, rows, first, count, &run->plan->counts.entries[MANIFEST_DATA], mask);
    residual_cache_get(&rows->filter->residuals, &tuples, first, count, residuals);
    for (size_t i = 0; i < count && !run->is_done; i++) {
        struct plan_task task = {.columns = rows->columns,
                                 .row = first + i,
                                 .spec = rows->filter->spec,
                                 .residual = residuals[i]};
        /* Every row steps: a pruned one has its share of the row ids as well. */
        task.has_first_row_id =
            row_id_run_step(row_ids, rows->columns, first + i, &task.first_row_id);
        if (mask[i])
            TRY(visit_row(run, rows, &task, err));
    }
    return true;
}

static bool scan_manifest(struct plan_run *run, const struct manifest_list_entry *entry,
                          struct error *err)
{
    struct manifest_rows rows;
    struct row_id_run row_ids = row_id_run_start(entry);
    bool ok = true;
    TRY(rows_open(run, entry, &run->projection, &rows, err));
    for (size_t first = 0; ok && !run->is_done && first < rows.columns->row_count;
         first += PRUNE_BATCH)
        ok = scan_batch(run, &rows, &row_ids, first, batch_size(&rows, first), err);
    rows_close(&rows);
    return ok;
}

/* --- the whole ------------------------------------------------------------------------------ */

bool plan_open(struct plan *plan, struct object_stores *objects, struct cache *cache,
               struct error *err)
{
    struct plan_run *run = ARENA_NEW(&plan->arena, struct plan_run);
    if (!run)
        return error_no_memory(err, "a plan");
    run->plan = plan;
    plan_files_init(&run->files, objects, cache);
    plan->run = run;
    if (expression_root_op(&plan->filter) == EXPR_FALSE)
        return true;
    return choose_manifests(run, err);
}

void plan_run_close(struct plan_run *run)
{
    if (!run)
        return;
    delete_matcher_destroy(run->matcher);
    for (size_t i = 0; i < run->list_count; i++)
        manifest_list_unref(run->lists[i]);
    plan_files_finish(&run->files);
}

struct plan_counts plan_counts(const struct plan *plan)
{
    struct plan_counts counts = plan->counts;
    if (plan->run)
        counts.files = plan_files_count(&plan->run->files);
    return counts;
}

const struct plan_manifest *plan_manifests(const struct plan *plan, size_t *ret_count)
{
    *ret_count = plan->run->data_count;
    return plan->run->data;
}

/* Keeps the manifests of the window; they stand in the order of their places. */
static void cut_window(struct plan_run *run, struct plan_window window)
{
    size_t first = 0, end = 0;
    while (first < run->data_count && run->data[first].place < window.first)
        first++;
    for (end = first; end < run->data_count && run->data[end].place < window.end;)
        end++;
    run->data += first;
    run->data_count = end - first;
}

bool plan_run(struct plan *plan, struct plan_window window, const struct plan_visitor *visitor,
              struct error *err)
{
    struct plan_run *run = plan->run;
    run->visitor = visitor;
    if (run->data_count > 0)
        cut_window(run, window);
    if (run->data_count == 0)
        return true;
    TRY(index_deletes(run, err));
    TRY(choose_projection(run, err));
    for (size_t i = 0; i < run->data_count && !run->is_done; i++)
        TRY(scan_manifest(run, run->data[i].entry, err));
    return true;
}
