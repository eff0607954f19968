/*
 * The index of a plan's delete files is a value of the manifests that it was made from, and kept
 * under them: commits that add no deletes, other filters and plan tasks find it again. It is made
 * of the manifests that the filter leaves by their summaries, so that a plan of one partition reads
 * no other's; what the filter rules out of these is no part of the index, but a mask beside it. To
 * index what each filter leaves would make as many indexes as there are filters, and to index all
 * manifests of the snapshot would have the first plan of one partition read all the others'.
 *
 * What decides the content of an index, all of it in the key: the manifests' paths in their order
 * (a path's content never changes), the sequence number that entries inherit from the manifest
 * list, the spec that the list gives each, and what the table says of specs and columns. The same
 * manifest may be listed with another number by another snapshot, and two tables may share files.
 */
#include <stdlib.h>

#include "base/digest.h"
#include "base/limits.h"
#include "scan/plan_internal.h"
#include "scan/prune_walk.h"

#define CACHE_WORD "delete-index "
/* Paths of all delete manifests of a snapshot, and the table's columns. */
#define MAX_KEY_TEXT ((size_t)1024 * MIB)

/* --- the key -------------------------------------------------------------------------------- */

static void put_number(struct buffer *out, int64_t number)
{
    buffer_append(out, &number, sizeof(number));
}

static void put_text(struct buffer *out, struct slice text)
{
    put_number(out, (int64_t)text.len);
    buffer_append_slice(out, text);
}

static void put_manifests(const struct plan_run *run, struct buffer *out)
{
    put_number(out, (int64_t)run->delete_count);
    for (size_t i = 0; i < run->delete_count; i++) {
        put_text(out, run->deletes[i]->path);
        put_number(out, run->deletes[i]->sequence_number);
        put_number(out, run->deletes[i]->spec_id);
    }
}

static void put_specs(const struct plan_table *table, struct buffer *out)
{
    for (size_t i = 0; i < table->spec_count; i++) {
        const struct partition_spec *spec = table->specs[i].spec;
        put_number(out, spec->spec_id);
        put_number(out, (int64_t)spec->field_count);
        for (size_t k = 0; k < spec->field_count; k++) {
            put_number(out, spec->fields[k].field_id);
            put_number(out, spec->fields[k].transform.kind == TRANSFORM_VOID);
            put_text(out, spec->fields[k].name);
        }
    }
}

static void put_fields(const struct plan_table *table, struct buffer *out)
{
    for (size_t i = 0; i < table->field_count; i++) {
        const struct delete_field *field = &table->fields[i];
        put_number(out, field->id);
        put_number(out, field->type->id);
        put_number(out, (int64_t)field->type->precision << 32 | field->type->scale);
        put_number(out, (int64_t)field->type->length << 1 | field->is_required);
    }
}

static bool make_key(const struct plan_run *run, char ret_key[DIGEST_HEX_SIZE], struct error *err)
{
    struct buffer text;
    buffer_init(&text, MAX_KEY_TEXT);
    put_manifests(run, &text);
    put_specs(&run->plan->table, &text);
    put_fields(&run->plan->table, &text);
    struct slice part = buffer_slice(&text);
    bool ok = buffer_check(&text, "a list of delete manifests", err) &&
              digest_parts(&part, 1, ret_key, err);
    buffer_finish(&text);
    return ok;
}

/* --- reading -------------------------------------------------------------------------------- */

/* What hands share while they read manifests of delete files. */
struct reading {
    struct plan_run *run;
    struct plan_files *files;          /* one for each hand */
    struct manifest_columns **columns; /* one for each manifest */
    atomic_size_t next;
    atomic_bool has_failed; /* who sets it writes `failure` */
    struct error failure;
};

static bool read_one(struct reading *reading, size_t hand, size_t at, struct error *err)
{
    /* Which columns equality deletes compare is known only from their entries; and their writers
     * keep statistics of these columns alone. */
    const struct manifest_projection all = {.has_all_stats = true, .stats_kinds = STATS_PRUNING};
    return plan_files_manifest(&reading->files[hand], reading->run->deletes[at]->path, &all,
                               &reading->columns[at], err);
}

static void read_some(void *context, size_t hand)
{
    struct reading *reading = context;
    struct error err = {0};
    while (!atomic_load(&reading->has_failed)) {
        size_t at = atomic_fetch_add(&reading->next, 1);
        if (at >= reading->run->delete_count)
            return;
        if (!read_one(reading, hand, at, &err) && !atomic_exchange(&reading->has_failed, true))
            reading->failure = err;
    }
}

static bool read_shared(struct reading *reading, struct crew *crew, size_t hands, struct error *err)
{
    struct plan_run *run = reading->run;
    for (size_t i = 0; i < hands; i++)
        plan_files_init(&reading->files[i], run->files.objects, run->files.cache, run->files.guard);
    crew_share(crew, hands, read_some, reading);
    for (size_t i = 0; i < hands; i++) {
        plan_counts_add_files(&run->plan->counts.files, &reading->files[i]);
        plan_files_finish(&reading->files[i]);
    }
    if (atomic_load(&reading->has_failed) && err)
        *err = reading->failure;
    return !atomic_load(&reading->has_failed);
}

/* --- indexing ------------------------------------------------------------------------------- */

static bool add_rows(struct delete_index *index, const struct manifest_columns *columns,
                     const struct manifest_list_entry *entry, struct error *err)
{
    int64_t sequence;
    for (size_t row = 0; row < columns->row_count; row++) {
        if (columns->status[row] == ENTRY_DELETED)
            continue;
        TRY(plan_row_sequence(columns, row, entry, &sequence, err));
        if (!delete_index_add(index, row, sequence, err))
            return error_prefix(err, "manifest %.*s", SLICE_ARG(entry->path));
    }
    return true;
}

static bool add_manifests(const struct plan_run *run, struct manifest_columns **columns,
                          struct delete_index *index, struct error *err)
{
    const struct plan_spec *spec = NULL;
    for (size_t i = 0; i < run->delete_count; i++) {
        TRY(plan_table_spec(&run->plan->table, run->deletes[i]->spec_id, &spec, err));
        TRY(delete_index_open(index, columns[i], spec->spec, err));
        TRY(add_rows(index, columns[i], run->deletes[i], err));
    }
    return delete_index_seal(index, err);
}

static bool make_index(const struct plan_run *run, struct manifest_columns **columns,
                       struct delete_index **ret_index, struct error *err)
{
    const struct plan_table *table = &run->plan->table;
    struct delete_index *index = NULL;
    TRY(delete_index_create(table->fields, table->field_count, &index, err));
    if (!add_manifests(run, columns, index, err)) {
        delete_index_unref(index);
        return false;
    }
    *ret_index = index;
    return true;
}

static bool read_index(struct plan_run *run, struct crew *crew, size_t hands,
                       struct delete_index **ret_index, struct error *err)
{
    struct plan_counts *counts = &run->plan->counts;
    struct reading reading = {.run = run};
    if (hands > run->delete_count)
        hands = run->delete_count;
    reading.files = calloc(hands, sizeof(*reading.files));
    reading.columns = calloc(run->delete_count, sizeof(*reading.columns));
    int64_t start = plan_stage_begin(run->plan);
    bool ok = reading.files && reading.columns ? read_shared(&reading, crew, hands, err)
                                               : error_no_memory(err, "a plan");
    start = plan_stage_end(run->plan, counts, PLAN_DELETE_MANIFESTS, start);
    ok = ok && make_index(run, reading.columns, ret_index, err);
    plan_stage_end(run->plan, counts, PLAN_DELETE_INDEX, start);
    for (size_t i = 0; reading.columns && i < run->delete_count; i++)
        manifest_columns_unref(reading.columns[i]);
    free(reading.columns);
    free(reading.files);
    return ok;
}

/* False where there is none. */
static bool take_index(struct plan_run *run, struct delete_index *kept,
                       struct delete_index **ret_index)
{
    struct plan_counts *counts = &run->plan->counts;
    if (!kept)
        return false;
    counts->delete_indexes_from_cache++;
    counts->files.manifests_from_cache += run->delete_count;
    *ret_index = kept;
    return true;
}

static bool build_index(struct plan_run *run, struct slice key, struct crew *crew, size_t hands,
                        struct delete_index **ret_index, struct error *err)
{
    TRY(read_index(run, crew, hands, ret_index, err));
    run->plan->counts.delete_indexes_built++;
    plan_files_keep(&run->files, CACHE_WORD, key, *ret_index, delete_index_size(*ret_index),
                    &DELETE_INDEX_CACHE_KIND);
    return true;
}

/* Plans that come at once let one of them make the index. It waits for nobody who waits for it:
 * who makes manifests needs no index. */
static bool find_index(struct plan_run *run, struct crew *crew, size_t hands,
                       struct delete_index **ret_index, struct error *err)
{
    struct plan_making making;
    char text[DIGEST_HEX_SIZE];
    int64_t start = plan_stage_begin(run->plan);
    TRY(make_key(run, text, err));
    for (size_t i = 0; i < run->delete_count; i++)
        TRY(plan_files_check(&run->files, run->deletes[i]->path, err));
    struct slice key = slice_from_string(text);
    bool is_found = take_index(run, plan_files_cached(&run->files, CACHE_WORD, key), ret_index);
    plan_stage_end(run->plan, &run->plan->counts, PLAN_DELETE_INDEX, start);
    if (is_found)
        return true;
    bool ok =
        take_index(run, plan_making_begin(&making, &run->files, CACHE_WORD, key), ret_index) ||
        build_index(run, key, crew, hands, ret_index, err);
    plan_making_end(&making);
    return ok;
}

/* --- pruning -------------------------------------------------------------------------------- */

/* Rows of one batch; *at is the first file that has one of them or a later one, before and after.
 */
static void prune_batch(const struct plan *plan, const struct plan_rows *rows, size_t first,
                        size_t end, size_t *at, struct plan_entry_counts *counts)
{
    uint8_t mask[PRUNE_BATCH] = {0};
    const struct delete_index *index = plan->deletes.index;
    size_t start = *at, row = 0;
    size_t count = rows->columns->row_count - first;
    count = count < PRUNE_BATCH ? count : PRUNE_BATCH;
    for (; *at < end && (row = delete_index_file(index, *at).row) < first + count; (*at)++)
        mask[row - first] = 1;
    plan_rows_prune(plan, rows, first, count, counts, mask);
    for (size_t i = start; i < *at; i++)
        plan->deletes.kept[i] = mask[delete_index_file(index, i).row - first];
}

static bool prune_part(struct plan *plan, const struct manifest_list_entry *entry,
                       struct delete_part part, struct error *err)
{
    struct plan_entry_counts *counts = &plan->counts.entries[MANIFEST_DELETES];
    struct plan_filter *filter = NULL;
    struct plan_rows rows;
    size_t at = part.first;
    TRY(plan_run_filter(plan, entry, &filter, err));
    bool ok = plan_rows_bind(plan, filter, part.columns, &rows, err);
    for (size_t first = 0; ok && first < part.columns->row_count; first += PRUNE_BATCH)
        prune_batch(plan, &rows, first, part.end, &at, counts);
    plan_rows_unbind(&rows);
    return ok;
}

static bool prune(struct plan_run *run, struct error *err)
{
    struct plan_deletes *deletes = &run->plan->deletes;
    size_t count = delete_index_count(deletes->index);
    deletes->kept_count = count;
    if (expression_root_op(&run->plan->filter) == EXPR_TRUE)
        return true;
    deletes->kept = calloc(count + 1, sizeof(*deletes->kept));
    if (!deletes->kept)
        return error_no_memory(err, "a plan");
    /* The index has a part for each manifest, in the order of the run's. */
    for (size_t i = 0; i < run->delete_count; i++)
        TRY(prune_part(run->plan, run->deletes[i], delete_index_part(deletes->index, i), err));
    deletes->kept_count = 0;
    for (size_t i = 0; i < count; i++)
        deletes->kept_count += deletes->kept[i];
    return true;
}

/* --- the whole ------------------------------------------------------------------------------ */

bool plan_deletes_find(struct plan_run *run, struct crew *crew, size_t hands, struct error *err)
{
    struct plan *plan = run->plan;
    struct plan_deletes *deletes = &plan->deletes;
    if (run->delete_count == 0)
        return true;
    TRY(find_index(run, crew, hands, &deletes->index, err));
    plan->counts.manifests[MANIFEST_DELETES].read += run->delete_count;
    plan->counts.entries[MANIFEST_DELETES].seen += delete_index_count(deletes->index);
    int64_t start = plan_stage_begin(plan);
    TRY(prune(run, err));
    plan_stage_end(plan, &plan->counts, PLAN_DELETE_INDEX, start);
    plan->counts.delete_files = deletes->kept_count;
    return delete_index_check_vectors(deletes->index, deletes->kept, err);
}

void plan_deletes_finish(struct plan_deletes *deletes)
{
    delete_index_unref(deletes->index);
    free(deletes->kept);
}
