/* firn table show, firn table history (cli/command.h). */
#include "cli/command.h"

#include "cli/output.h"
#include "cli/remote.h"
#include "cli/show.h"
#include "cli/terminal.h"

static const unsigned IDS[] = {FLAG_WAREHOUSE, REMOTE_IDS};

static bool load(struct command_run *run, json_t **ret_answer, struct error *err)
{
    struct remote_request request = {.method = "GET",
                                     .place = REMOTE_TABLE,
                                     .name = run->options.operands[0]};
    return remote_send(run, &request, ret_answer, err);
}

/* The element of a list whose member `id` is that number; NULL where there is none. */
static json_t *find_by(const json_t *list, const char *id, const json_t *number)
{
    size_t i;
    json_t *one;
    json_array_foreach(list, i, one)
        if (json_is_integer(number) &&
            json_integer_value(json_object_get(one, id)) == json_integer_value(number))
            return one;
    return NULL;
}

/* --- show ----------------------------------------------------------------------------------- */

static void put_line(struct buffer *out, const char *name, const json_t *value)
{
    buffer_printf(out, "%-17s", name);
    show_value(value, out);
    buffer_append_byte(out, '\n');
}

static const json_t *current_schema(const json_t *metadata)
{
    return find_by(json_object_get(metadata, "schemas"), "schema-id",
                   json_object_get(metadata, "current-schema-id"));
}

static void put_columns(const json_t *metadata, struct buffer *out)
{
    size_t i;
    json_t *field;
    buffer_append_string(out, "columns\n");
    json_array_foreach(json_object_get(current_schema(metadata), "fields"), i, field) {
        buffer_append_string(out, "  ");
        show_value(json_object_get(field, "name"), out);
        buffer_append_byte(out, ' ');
        show_type(json_object_get(field, "type"), out);
        buffer_append_string(out,
                             json_is_true(json_object_get(field, "required")) ? " required" : "");
        buffer_append_byte(out, '\n');
    }
}

static void put_partitions(const json_t *metadata, struct buffer *out)
{
    const json_t *spec = find_by(json_object_get(metadata, "partition-specs"), "spec-id",
                                 json_object_get(metadata, "default-spec-id"));
    const json_t *fields = json_object_get(current_schema(metadata), "fields");
    size_t i;
    json_t *field;
    json_array_foreach(json_object_get(spec, "fields"), i, field) {
        const json_t *source = find_by(fields, "id", json_object_get(field, "source-id"));
        buffer_append_string(out, i == 0 ? "partitioned by   " : ", ");
        show_value(json_object_get(field, "transform"), out);
        buffer_append_byte(out, '(');
        show_value(source ? json_object_get(source, "name") : json_object_get(field, "source-id"),
                   out);
        buffer_append_byte(out, ')');
    }
    if (i > 0)
        buffer_append_byte(out, '\n');
}

static void put_snapshot(const json_t *metadata, struct buffer *out)
{
    const json_t *id = json_object_get(metadata, "current-snapshot-id");
    const json_t *snapshot = find_by(json_object_get(metadata, "snapshots"), "snapshot-id", id);
    const json_t *summary = json_object_get(snapshot, "summary");
    if (snapshot == NULL) {
        buffer_append_string(out, "snapshot         none: nothing was written yet\n");
        return;
    }
    put_line(out, "snapshot", id);
    put_line(out, "records", json_object_get(summary, "total-records"));
    put_line(out, "data files", json_object_get(summary, "total-data-files"));
    put_line(out, "delete files", json_object_get(summary, "total-delete-files"));
}

static bool show(struct command_run *run, struct error *err)
{
    json_t *answer = NULL;
    struct buffer out;
    TRY(load(run, &answer, err));
    if (run->wants_json)
        return output_json(answer, err);
    const json_t *metadata = json_object_get(answer, "metadata");
    buffer_init(&out, MAX_SHOWN_SIZE);
    put_line(&out, "uuid", json_object_get(metadata, "table-uuid"));
    put_line(&out, "location", json_object_get(metadata, "location"));
    put_line(&out, "metadata", json_object_get(answer, "metadata-location"));
    put_line(&out, "format version", json_object_get(metadata, "format-version"));
    put_snapshot(metadata, &out);
    put_partitions(metadata, &out);
    put_columns(metadata, &out);
    if (json_object_size(json_object_get(metadata, "properties")) > 0)
        buffer_append_string(&out, "properties\n");
    show_properties(json_object_get(metadata, "properties"), &out);
    json_decref(answer);
    return show_end(&out, err);
}

const struct command command_table_show = {
    .takes = COMMAND_TAKES("table show", "TABLE", IDS),
    .summary = "columns, partitions, where it lies",
    .details = "Prints what a table is now; --json prints all that the server answers to a load.\n",
    .run = show,
};

/* --- history -------------------------------------------------------------------------------- */

static void put_refs(const json_t *refs, const json_t *id, struct buffer *out)
{
    const char *name;
    json_t *ref;
    json_object_foreach((json_t *)refs, name, ref) {
        if (json_integer_value(json_object_get(ref, "snapshot-id")) != json_integer_value(id))
            continue;
        buffer_append_string(out, "  <- ");
        terminal_append(out, slice_from_string(name));
    }
}

static void put_count(const json_t *summary, const char *name, const char *sign, const char *words,
                      struct buffer *out)
{
    const json_t *value = json_object_get(summary, name);
    if (!json_is_string(value) || strcmp(json_string_value(value), "0") == 0)
        return;
    buffer_printf(out, "  %s", sign);
    show_value(value, out);
    buffer_printf(out, " %s", words);
}

static void put_entry(const json_t *metadata, const json_t *snapshot, struct buffer *out)
{
    const json_t *summary = json_object_get(snapshot, "summary");
    const json_t *id = json_object_get(snapshot, "snapshot-id");
    show_time(json_integer_value(json_object_get(snapshot, "timestamp-ms")), out);
    buffer_append_string(out, "  ");
    show_value(id, out);
    buffer_append_string(out, "  ");
    show_value(json_object_get(summary, "operation"), out);
    put_count(summary, "added-records", "+", "records", out);
    put_count(summary, "deleted-records", "-", "records", out);
    put_count(summary, "added-data-files", "+", "files", out);
    put_count(summary, "deleted-data-files", "-", "files", out);
    put_count(summary, "added-delete-files", "+", "delete files", out);
    put_refs(json_object_get(metadata, "refs"), id, out);
    buffer_append_byte(out, '\n');
}

static bool print_json(json_t *answer, struct error *err)
{
    json_t *metadata = json_object_get(answer, "metadata");
    json_t *wanted = json_pack("{s:O?, s:O?, s:O?, s:O?}", "current-snapshot-id",
                               json_object_get(metadata, "current-snapshot-id"), "snapshots",
                               json_object_get(metadata, "snapshots"), "snapshot-log",
                               json_object_get(metadata, "snapshot-log"), "refs",
                               json_object_get(metadata, "refs"));
    json_decref(answer);
    return output_json(wanted, err);
}

static bool history(struct command_run *run, struct error *err)
{
    json_t *answer = NULL, *snapshot;
    struct buffer out;
    size_t i;
    TRY(load(run, &answer, err));
    if (run->wants_json)
        return print_json(answer, err);
    const json_t *metadata = json_object_get(answer, "metadata");
    buffer_init(&out, MAX_SHOWN_SIZE);
    json_array_foreach(json_object_get(metadata, "snapshots"), i, snapshot)
        put_entry(metadata, snapshot, &out);
    json_decref(answer);
    return show_end(&out, err);
}

const struct command command_table_history = {
    .takes = COMMAND_TAKES("table history", "TABLE", IDS),
    .summary = "its snapshots: when, what, which refs",
    .details = "Prints a line for each snapshot that the table still has, the oldest first.\n",
    .run = history,
};
