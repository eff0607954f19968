/*
 * A run goes through the manifests twice. Manifests of data files are chosen by the manifest list
 * alone; where none is left there is nothing to do. Then those of delete files are read, because a
 * data file cannot be handed out before its deletes are known, and because equality deletes say
 * which columns' statistics must be decoded with the data files. Then hands take the manifests of
 * data files one by one, as many at a time as there are hands (plan_hand.c).
 */
#include <stdlib.h>

#include "scan/plan_internal.h"
#include "scan/projection.h"
#include "scan/prune.h"

/* --- which manifests ------------------------------------------------------------------------ */

static bool filter_ready(struct plan *plan, struct plan_filter *filter, struct error *err)
{
    const struct partition_spec *spec = filter->spec->spec;
    if (filter->is_ready)
        return true;
    TRY(projection_inclusive(&plan->filter, spec, &plan->arena, &filter->projected, err));
    TRY(residual_plan_create(&plan->filter, spec, &plan->arena, &filter->residuals, err));
    filter->is_ready = true;
    return true;
}

bool plan_run_filter(struct plan *plan, const struct manifest_list_entry *entry,
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

/* A manifest of before format version 3 is given its first row id by the first snapshot after the
 * upgrade. Lists of a range stand newest first: an earlier one may have it. */
static const struct manifest_list_entry *with_row_id(const struct plan_run *run, size_t list,
                                                     const struct manifest_list_entry *entry)
{
    bool has_row_ids = run->plan->metadata->format_version >= 3;
    for (size_t i = list; has_row_ids && entry->first_row_id == MANIFEST_NO_ID && i-- > 0;) {
        for (size_t j = 0; j < run->lists[i]->count; j++) {
            const struct manifest_list_entry *other = &run->lists[i]->entries[j];
            if (other->first_row_id != MANIFEST_NO_ID && slice_equals(other->path, entry->path))
                return other;
        }
    }
    return entry;
}

static bool choose_manifest(struct plan_run *run, size_t list,
                            const struct manifest_list_entry *entry, struct error *err)
{
    const struct table_snapshot *snapshot = run->plan->range.snapshots[list];
    struct plan_filter *filter = NULL;
    size_t place = run->next_place++;
    struct plan_manifest_counts *counts = &run->plan->counts.manifests[entry->content];
    counts->listed++;
    if (!is_of_interest(run->plan, snapshot, entry)) {
        counts->not_live++;
        return true;
    }
    TRY(plan_run_filter(run->plan, entry, &filter, err));
    if (!prune_manifest(&filter->projected, entry->summaries, entry->summary_count)) {
        counts->ruled_out++;
        counts->files_ruled_out += live_files(entry);
        return true;
    }
    if (entry->content == MANIFEST_DATA)
        run->data[run->data_count++] = (struct plan_manifest){with_row_id(run, list, entry), place};
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
    struct plan *plan = run->plan;
    size_t count = 0;
    int64_t start = plan_stage_begin(plan);
    TRY(read_lists(run, &count, err));
    start = plan_stage_end(plan, &plan->counts, PLAN_LISTS, start);
    run->data = ARENA_ARRAY(&plan->arena, struct plan_manifest, count + 1);
    run->deletes = ARENA_ARRAY(&plan->arena, const struct manifest_list_entry *, count + 1);
    if (!run->data || !run->deletes)
        return error_no_memory(err, "a plan");
    for (size_t i = 0; i < run->list_count; i++)
        for (size_t j = 0; j < run->lists[i]->count; j++)
            TRY(choose_manifest(run, i, &run->lists[i]->entries[j], err));
    plan_stage_end(plan, &plan->counts, PLAN_PRUNING, start);
    return true;
}

/* --- what was done -------------------------------------------------------------------------- */

/* What hands count: not manifests that the lists left out, nor delete files. */
static void add_counts(struct plan_counts *total, const struct plan_counts *part)
{
    for (size_t i = 0; i < 2; i++) {
        total->manifests[i].read += part->manifests[i].read;
        total->entries[i].seen += part->entries[i].seen;
        total->entries[i].by_partition += part->entries[i].by_partition;
        total->entries[i].by_statistics += part->entries[i].by_statistics;
    }
    total->files_planned += part->files_planned;
    for (size_t i = 0; i < PLAN_STAGE_COUNT; i++)
        total->stage_us[i] += part->stage_us[i];
}

void plan_counts_add_files(struct plan_files_counts *total, const struct plan_files *files)
{
    struct plan_files_counts part = plan_files_count(files);
    total->files_read += part.files_read;
    total->bytes_read += part.bytes_read;
    total->bytes_inflated += part.bytes_inflated;
    total->lists_from_cache += part.lists_from_cache;
    total->manifests_from_cache += part.manifests_from_cache;
}

struct plan_counts plan_counts(const struct plan *plan)
{
    struct plan_counts counts = plan->counts;
    if (plan->run)
        plan_counts_add_files(&counts.files, &plan->run->files);
    return counts;
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
    if (plan_delete_count(plan) > 0)
        ids = delete_index_equality_ids(plan->deletes.index, &deleted_by);
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
    run->window = window;
}

static void hand_fail(struct plan_run *run, const struct error *failure)
{
    if (!atomic_exchange(&run->has_failed, true))
        run->failure = *failure;
    atomic_store(&run->is_over, true);
}

/* One hand's work: manifests, until there are none left or the run is over. */
static void work(void *context, size_t number)
{
    struct plan_run *run = context;
    struct error err = {0};
    while (!atomic_load(&run->is_over)) {
        size_t at = atomic_fetch_add(&run->next_manifest, 1);
        if (at >= run->data_count)
            return;
        if (!plan_hand_scan(&run->hands[number], run->data[at].entry, at + 1, &err))
            hand_fail(run, &err);
    }
}

static bool scan_manifests(struct plan_run *run, struct crew *crew,
                           const struct plan_visitor *visitors, size_t count, struct error *err)
{
    bool ok = true;
    run->hands = calloc(count, sizeof(*run->hands));
    if (!run->hands)
        return error_no_memory(err, "a plan");
    for (size_t i = 0; ok && i < count; i++)
        ok = plan_hand_init(&run->hands[i], run, &visitors[i], err);
    if (ok)
        crew_share(crew, count, work, run);
    for (size_t i = 0; i < count; i++) {
        add_counts(&run->plan->counts, &run->hands[i].counts);
        plan_counts_add_files(&run->plan->counts.files, &run->hands[i].files);
        plan_hand_finish(&run->hands[i]);
    }
    free(run->hands);
    run->hands = NULL;
    if (ok && atomic_load(&run->has_failed) && err)
        *err = run->failure;
    return ok && !atomic_load(&run->has_failed);
}

bool plan_run_shared(struct plan *plan, struct plan_window window, struct crew *crew,
                     const struct plan_visitor *visitors, size_t visitor_count, struct error *err)
{
    struct plan_run *run = plan->run;
    if (run->data_count > 0)
        cut_window(run, window);
    if (run->data_count == 0)
        return true;
    TRY(plan_deletes_find(run, crew, visitor_count, err));
    TRY(choose_projection(run, err));
    if (visitor_count > run->data_count)
        visitor_count = run->data_count;
    return scan_manifests(run, crew, visitors, visitor_count, err);
}

bool plan_run(struct plan *plan, struct plan_window window, const struct plan_visitor *visitor,
              struct error *err)
{
    return plan_run_shared(plan, window, NULL, visitor, 1, err);
}

/* --- the whole ------------------------------------------------------------------------------ */

bool plan_open(struct plan *plan, struct object_stores *objects, struct cache *cache,
               const struct plan_guard *guard, struct error *err)
{
    struct plan_run *run = ARENA_NEW(&plan->arena, struct plan_run);
    if (!run)
        return error_no_memory(err, "a plan");
    run->plan = plan;
    plan_files_init(&run->files, objects, cache, guard);
    plan->run = run;
    if (expression_root_op(&plan->filter) == EXPR_FALSE)
        return true;
    return choose_manifests(run, err);
}

void plan_run_close(struct plan_run *run)
{
    if (!run)
        return;
    for (size_t i = 0; i < run->list_count; i++)
        manifest_list_unref(run->lists[i]);
    plan_files_finish(&run->files);
}

const struct plan_manifest *plan_manifests(const struct plan *plan, size_t *ret_count)
{
    *ret_count = plan->run->data_count;
    return plan->run->data;
}

bool plan_manifest_rows(struct plan *plan, const struct plan_manifest *manifest, uint64_t *ret_rows,
                        struct error *err)
{
    const struct manifest_list_entry *entry = manifest->entry;
    const struct manifest_projection nothing = {.stats_count = 0};
    struct manifest_columns *columns = NULL;
    if (entry->added_files >= 0 && entry->existing_files >= 0 && entry->deleted_files >= 0) {
        *ret_rows = (uint64_t)entry->added_files + (uint64_t)entry->existing_files +
                    (uint64_t)entry->deleted_files;
        return true;
    }
    TRY(plan_files_manifest(&plan->run->files, entry->path, &nothing, &columns, err));
    *ret_rows = columns->row_count;
    manifest_columns_unref(columns);
    return true;
}
