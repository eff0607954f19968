#include "scan/plan_explain.h"

#include <stdlib.h>

#include "base/limits.h"

/* Of one residual's text: a filter may be megabytes long, and nobody reads that. */
#define MAX_RESIDUAL_TEXT (4 * KIB)
#define ARENA_CEILING (256 * KIB)

void plan_explain_init(struct plan_explain *explain, const struct plan *plan)
{
    *explain = (struct plan_explain){.plan = plan};
    arena_init(&explain->arena, ARENA_CEILING);
}

void plan_explain_finish(struct plan_explain *explain)
{
    free(explain->attached);
    arena_finish(&explain->arena);
}

/* --- gathering ------------------------------------------------------------------------------ */

static struct slice cut_text(struct slice text)
{
    size_t size = MAX_RESIDUAL_TEXT;
    if (text.len <= MAX_RESIDUAL_TEXT)
        return text;
    while (((unsigned char)text.ptr[size] & 0xC0) == 0x80)
        size--;
    return slice_make(text.ptr, size);
}

static bool residual_text(struct plan_explain *explain, const struct residual *residual,
                          struct slice *ret_text, struct error *err)
{
    struct buffer text;
    buffer_init(&text, MAX_BODY_SIZE);
    expression_write_text(&residual->expression, &text);
    bool ok = buffer_check(&text, "a filter", err);
    if (ok) {
        *ret_text = arena_slice(&explain->arena, cut_text(buffer_slice(&text)));
        ok = ret_text->ptr != NULL || error_no_memory(err, "an explanation");
    }
    buffer_finish(&text);
    return ok;
}

/* Two specs may leave the same of a filter: then the texts are the same. */
static bool add_residual(struct plan_explain *explain, const struct residual *residual,
                         struct error *err)
{
    struct slice text;
    TRY(residual_text(explain, residual, &text, err));
    for (size_t i = 0; i < explain->residual_count; i++) {
        if (!slice_equals(explain->residuals[i].text, text))
            continue;
        explain->residuals[i].files++;
        return true;
    }
    explain->residuals[explain->residual_count++] =
        (struct explained_residual){.key = residual, .text = text, .files = 1};
    return true;
}

static bool count_residual(struct plan_explain *explain, const struct residual *residual,
                           struct error *err)
{
    for (size_t i = 0; i < explain->residual_count; i++) {
        if (explain->residuals[i].key != residual)
            continue;
        explain->residuals[i].files++;
        return true;
    }
    if (explain->residual_count < EXPLAINED_RESIDUALS)
        return add_residual(explain, residual, err);
    explain->files_of_other_residuals++;
    return true;
}

static enum explained_delete kind_of(const struct delete_file *file)
{
    if (file->columns->content[file->row] == CONTENT_EQUALITY_DELETES)
        return EXPLAINED_EQUALITIES;
    return file->columns->format[file->row] == FORMAT_PUFFIN ? EXPLAINED_VECTORS
                                                             : EXPLAINED_POSITIONS;
}

/* A vector is a part of its file. */
static int64_t size_of(const struct delete_file *file)
{
    int64_t size = 0;
    if (!long_column_get(&file->columns->content_sizes, file->row, &size))
        long_column_get(&file->columns->file_sizes, file->row, &size);
    return size > 0 ? size : 0;
}

static bool count_delete(struct plan_explain *explain, uint32_t number, struct error *err)
{
    const struct plan_spec *spec = NULL;
    struct delete_file file;
    if (explain->attached[number])
        return true;
    TRY(plan_delete_file(explain->plan, number, &file, &spec, err));
    explain->attached[number] = 1;
    explain->deletes[kind_of(&file)]++;
    explain->delete_bytes += (uint64_t)size_of(&file);
    return true;
}

static bool count_deletes(struct plan_explain *explain, const struct plan_task *task,
                          struct error *err)
{
    if (task->delete_count == 0)
        return true;
    explain->files_with_deletes++;
    if (!explain->attached)
        explain->attached = calloc(plan_delete_count(explain->plan), 1);
    if (!explain->attached)
        return error_no_memory(err, "an explanation");
    for (size_t i = 0; i < task->delete_count; i++)
        TRY(count_delete(explain, task->deletes[i], err));
    return true;
}

bool plan_explain_visit(void *context, const struct plan_task *task, struct error *err)
{
    struct plan_explain *explain = context;
    int64_t bytes = 0, rows = 0;
    long_column_get(&task->columns->file_sizes, task->row, &bytes);
    long_column_get(&task->columns->record_counts, task->row, &rows);
    explain->bytes += bytes > 0 ? (uint64_t)bytes : 0;
    explain->rows += rows > 0 ? (uint64_t)rows : 0;
    return count_residual(explain, task->residual, err) && count_deletes(explain, task, err);
}

/* --- writing -------------------------------------------------------------------------------- */

static void write_number(struct json_writer *json, const char *name, uint64_t value)
{
    json_write_key(json, name);
    json_write_int64(json, (int64_t)value);
}

static void write_manifests(struct json_writer *json, const char *name,
                            const struct plan_manifest_counts *counts)
{
    json_write_key(json, name);
    json_write_object_begin(json);
    write_number(json, "listed", counts->listed);
    write_number(json, "without-live-files", counts->not_live);
    write_number(json, "ruled-out-by-partition", counts->ruled_out);
    write_number(json, "read", counts->read);
    json_write_object_end(json);
}

static void write_left_out(struct json_writer *json, const struct plan_counts *counts,
                           enum manifest_content content)
{
    const struct plan_entry_counts *entries = &counts->entries[content];
    uint64_t with_manifests = counts->manifests[content].files_ruled_out;
    write_number(json, "live", entries->seen + with_manifests);
    write_number(json, "ruled-out-with-manifests", with_manifests);
    write_number(json, "ruled-out-by-partition", entries->by_partition);
    write_number(json, "ruled-out-by-statistics", entries->by_statistics);
}

static void write_files(const struct plan_explain *explain, struct json_writer *json,
                        const struct plan_counts *counts)
{
    json_write_key(json, "data-files");
    json_write_object_begin(json);
    write_left_out(json, counts, MANIFEST_DATA);
    write_number(json, "planned", counts->files_planned);
    write_number(json, "planned-bytes", explain->bytes);
    write_number(json, "planned-rows", explain->rows);
    write_number(json, "with-deletes", explain->files_with_deletes);
    json_write_object_end(json);
    json_write_key(json, "delete-files");
    json_write_object_begin(json);
    write_left_out(json, counts, MANIFEST_DELETES);
    write_number(json, "attached-position-deletes", explain->deletes[EXPLAINED_POSITIONS]);
    write_number(json, "attached-deletion-vectors", explain->deletes[EXPLAINED_VECTORS]);
    write_number(json, "attached-equality-deletes", explain->deletes[EXPLAINED_EQUALITIES]);
    write_number(json, "attached-bytes", explain->delete_bytes);
    json_write_object_end(json);
}

static void write_residuals(const struct plan_explain *explain, struct json_writer *json)
{
    json_write_key(json, "residuals");
    json_write_array_begin(json);
    for (size_t i = 0; i < explain->residual_count; i++) {
        json_write_object_begin(json);
        json_write_key(json, "filter");
        json_write_string(json, explain->residuals[i].text);
        write_number(json, "files", explain->residuals[i].files);
        json_write_object_end(json);
    }
    json_write_array_end(json);
    write_number(json, "files-of-other-residuals", explain->files_of_other_residuals);
}

static void write_stages(const struct plan_explain *explain, struct json_writer *json,
                         const struct plan_counts *counts)
{
    static const char *const names[] = {
#define X(enumerator, name, words) [enumerator] = name,
        PLAN_STAGES(X)
#undef X
    };
    json_write_key(json, "microseconds");
    json_write_object_begin(json);
    write_number(json, "bind", (uint64_t)explain->bind_us);
    for (size_t i = 0; i < PLAN_STAGE_COUNT; i++)
        write_number(json, names[i], (uint64_t)counts->stage_us[i]);
    json_write_object_end(json);
}

static void write_io(struct json_writer *json, const struct plan_counts *counts)
{
    json_write_key(json, "io");
    json_write_object_begin(json);
    write_number(json, "files-read", counts->files.files_read);
    write_number(json, "bytes-read", counts->files.bytes_read);
    write_number(json, "bytes-inflated", counts->files.bytes_inflated);
    write_number(json, "lists-from-cache", counts->files.lists_from_cache);
    write_number(json, "manifests-from-cache", counts->files.manifests_from_cache);
    write_number(json, "delete-indexes-from-cache", counts->delete_indexes_from_cache);
    json_write_object_end(json);
}

void plan_explain_write(const struct plan_explain *explain, struct json_writer *json)
{
    struct plan_counts counts = plan_counts(explain->plan);
    json_write_object_begin(json);
    json_write_key(json, "snapshot-id");
    if (plan_snapshot_id(explain->plan) == NO_SNAPSHOT)
        json_write_null(json);
    else
        json_write_int64(json, plan_snapshot_id(explain->plan));
    json_write_key(json, "schema-id");
    json_write_int64(json, plan_schema_id(explain->plan));
    write_manifests(json, "data-manifests", &counts.manifests[MANIFEST_DATA]);
    write_manifests(json, "delete-manifests", &counts.manifests[MANIFEST_DELETES]);
    write_files(explain, json, &counts);
    write_residuals(explain, json);
    write_io(json, &counts);
    write_stages(explain, json, &counts);
    plan_explain_write_words(explain, json);
    json_write_object_end(json);
}
