/* Declared in scan/plan_explain.h: an explained plan as lines for people. */
#include "base/limits.h"
#include "scan/plan_explain.h"

/* A line: mostly the text of a filter. */
#define MAX_LINE_SIZE (64 * KIB)
/* Of the filter's own text. */
#define MAX_FILTER_SHOWN (4 * KIB)

/* 1,234,567 */
static void put_number(struct buffer *line, uint64_t number)
{
    if (number >= 1000) {
        put_number(line, number / 1000);
        buffer_printf(line, ",%03u", (unsigned)(number % 1000));
        return;
    }
    buffer_printf(line, "%u", (unsigned)number);
}

/* "1 file", "2 files" */
static void put_count(struct buffer *line, uint64_t number, const char *what)
{
    put_number(line, number);
    buffer_printf(line, " %s%s", what, number == 1 ? "" : "s");
}

static void put_bytes(struct buffer *line, uint64_t bytes)
{
    static const char *const units[] = {"bytes", "kB", "MB", "GB", "TB", "PB"};
    double size = (double)bytes;
    size_t unit = 0;
    for (; size >= 999.5 && unit < 5; unit++)
        size /= 1000;
    buffer_printf(line, unit > 0 && size < 9.95 ? "%.1f %s" : "%.0f %s", size, units[unit]);
}

/* "; 3 by partition", where there are any. */
static void put_more(struct buffer *line, uint64_t number, const char *why)
{
    if (number == 0)
        return;
    buffer_append_string(line, "; ");
    put_number(line, number);
    buffer_printf(line, " %s", why);
}

static void end_line(struct buffer *line, struct json_writer *json)
{
    json_write_string(json, buffer_slice(line));
    buffer_truncate(line, 0);
}

/* --- lines ---------------------------------------------------------------------------------- */

static void write_what(const struct plan_explain *explain, struct buffer *line,
                       struct json_writer *json)
{
    const struct plan_request *request = plan_request_of(explain->plan);
    int64_t snapshot = plan_snapshot_id(explain->plan);
    if (request->has_range)
        buffer_printf(line, "appends after snapshot %lld up to snapshot %lld",
                      (long long)request->start_snapshot_id, (long long)snapshot);
    else if (snapshot == NO_SNAPSHOT)
        buffer_append_string(line, "the table has no snapshot: there is nothing to read");
    else
        buffer_printf(line, "snapshot %lld", (long long)snapshot);
    end_line(line, json);
    if (!request->has_filter)
        return;
    struct buffer text;
    buffer_init(&text, MAX_BODY_SIZE);
    expression_write_text(&request->filter, &text);
    size_t size = text.len > MAX_FILTER_SHOWN ? MAX_FILTER_SHOWN : text.len;
    while (size > 0 && size < text.len && ((unsigned char)text.ptr[size] & 0xC0) == 0x80)
        size--;
    buffer_append_string(line, "filter: ");
    buffer_append_slice(line, slice_make(buffer_slice(&text).ptr, size));
    buffer_append_string(line, size < text.len ? "…" : "");
    buffer_finish(&text);
    end_line(line, json);
}

static void write_manifests(const char *what, const struct plan_manifest_counts *counts,
                            struct buffer *line, struct json_writer *json)
{
    if (counts->listed == 0)
        return;
    buffer_printf(line, "%s: ", what);
    put_number(line, counts->read);
    buffer_append_string(line, " of ");
    put_number(line, counts->listed);
    buffer_append_string(line, " read");
    put_more(line, counts->ruled_out, "ruled out by their partition summaries");
    put_more(line, counts->not_live, "without live files");
    put_more(line, counts->listed - counts->read - counts->ruled_out - counts->not_live,
             "not needed");
    end_line(line, json);
}

static void write_files(const char *what, const struct plan_counts *counts,
                        enum manifest_content content, uint64_t kept, struct buffer *line,
                        struct json_writer *json)
{
    const struct plan_entry_counts *entries = &counts->entries[content];
    uint64_t with_manifests = counts->manifests[content].files_ruled_out;
    buffer_printf(line, "%s: ", what);
    put_number(line, kept);
    buffer_append_string(line, " of ");
    put_number(line, entries->seen + with_manifests);
    buffer_append_string(line, " kept");
    put_more(line, with_manifests, "ruled out with their manifests");
    put_more(line, entries->by_partition, "ruled out by partition");
    put_more(line, entries->by_statistics, "ruled out by statistics");
    end_line(line, json);
}

static void write_to_read(const struct plan_explain *explain, const struct plan_counts *counts,
                          struct buffer *line, struct json_writer *json)
{
    buffer_append_string(line, "to read: ");
    put_count(line, counts->files_planned, "file");
    buffer_append_string(line, ", ");
    put_bytes(line, explain->bytes);
    buffer_append_string(line, ", ");
    put_count(line, explain->rows, "row");
    end_line(line, json);
}

static void write_deletes(const struct plan_explain *explain, const struct plan_counts *counts,
                          struct buffer *line, struct json_writer *json)
{
    const uint64_t *deletes = explain->deletes;
    if (counts->delete_files == 0)
        return;
    write_files("delete files", counts, MANIFEST_DELETES, counts->delete_files, line, json);
    buffer_append_string(line, "deletes: ");
    put_count(line, explain->files_with_deletes, "file");
    buffer_append_string(line, explain->files_with_deletes == 1 ? " has" : " have");
    buffer_append_string(line, " deleted rows; ");
    put_bytes(line, explain->delete_bytes);
    buffer_append_string(line, " of delete files to read");
    put_more(line, deletes[EXPLAINED_POSITIONS], "with positions");
    put_more(line, deletes[EXPLAINED_VECTORS], "with a deletion vector");
    put_more(line, deletes[EXPLAINED_EQUALITIES], "with equalities");
    end_line(line, json);
}

static void write_residuals(const struct plan_explain *explain, struct buffer *line,
                            struct json_writer *json)
{
    if (!plan_request_of(explain->plan)->has_filter)
        return;
    for (size_t i = 0; i < explain->residual_count; i++) {
        const struct explained_residual *residual = &explain->residuals[i];
        bool is_proved = slice_equals_string(residual->text, "true");
        buffer_append_string(line, "left to check, in ");
        put_count(line, residual->files, "file");
        buffer_append_string(line, ": ");
        if (is_proved)
            buffer_append_string(line, "nothing, their partitions prove the filter");
        else
            buffer_append_slice(line, residual->text);
        end_line(line, json);
    }
    if (explain->files_of_other_residuals == 0)
        return;
    put_count(line, explain->files_of_other_residuals, "more file");
    buffer_append_string(line, " have still other parts of the filter left");
    end_line(line, json);
}

static void write_time(const struct plan_explain *explain, const struct plan_counts *counts,
                       struct buffer *line, struct json_writer *json)
{
    static const char *const words[] = {
#define X(enumerator, name, in_words) [enumerator] = in_words,
        PLAN_STAGES(X)
#undef X
    };
    buffer_printf(line, "time: %.2f ms to bind names", (double)explain->bind_us / 1000);
    for (size_t i = 0; i < PLAN_STAGE_COUNT; i++)
        if (counts->stage_us[i] > 0)
            buffer_printf(line, ", %.2f ms %s", (double)counts->stage_us[i] / 1000, words[i]);
    end_line(line, json);
    uint64_t read =
        counts->manifests[MANIFEST_DATA].read + counts->manifests[MANIFEST_DELETES].read;
    buffer_append_string(line, "from memory: ");
    put_number(line, counts->files.manifests_from_cache);
    buffer_append_string(line, " of ");
    put_count(line, read, "manifest");
    if (counts->delete_indexes_from_cache > 0)
        buffer_append_string(line, ", and the index of delete files");
    buffer_append_string(line, "; from storage: ");
    put_count(line, counts->files.files_read, "file");
    buffer_append_string(line, ", ");
    put_bytes(line, counts->files.bytes_read);
    buffer_append_string(line, ", inflated to ");
    put_bytes(line, counts->files.bytes_inflated);
    end_line(line, json);
}

void plan_explain_write_words(const struct plan_explain *explain, struct json_writer *json)
{
    struct plan_counts counts = plan_counts(explain->plan);
    struct buffer line;
    buffer_init(&line, MAX_LINE_SIZE);
    json_write_key(json, "words");
    json_write_array_begin(json);
    write_what(explain, &line, json);
    write_manifests("manifests", &counts.manifests[MANIFEST_DATA], &line, json);
    write_manifests("delete manifests", &counts.manifests[MANIFEST_DELETES], &line, json);
    write_files("files", &counts, MANIFEST_DATA, counts.files_planned, &line, json);
    write_to_read(explain, &counts, &line, json);
    write_deletes(explain, &counts, &line, json);
    write_residuals(explain, &line, json);
    write_time(explain, &counts, &line, json);
    json_write_array_end(json);
    buffer_finish(&line);
}
