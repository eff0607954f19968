#include "catalog/metrics_report.h"

#include "base/json_tree.h"
#include "base/limits.h"
#include "catalog/lookup.h"

/* A CounterResult has a unit and a value, a TimerResult the other three. */
static bool check_metric_fields(const json_t *metric, struct error *err)
{
    struct slice unit;
    int64_t number;
    if (json_object_get(metric, "time-unit") == NULL)
        return json_get_string(metric, "unit", &unit, err) &&
               json_get_int64(metric, "value", &number, err);
    return json_get_string(metric, "time-unit", &unit, err) &&
           json_get_int64(metric, "count", &number, err) &&
           json_get_int64(metric, "total-duration", &number, err);
}

static bool check_metric(const char *name, const json_t *metric, struct error *err)
{
    struct error inner = {0};
    if (!json_is_object(metric))
        return error_set(err, ERROR_BAD_REQUEST, "Invalid metric '%.100s': it must be an object",
                         name);
    if (!check_metric_fields(metric, &inner))
        return error_set(err, inner.kind, "Invalid metric '%.100s': %s", name, inner.message);
    return true;
}

/* What both kinds of report have: where from, and the figures. */
static bool check_common(const json_t *report, struct error *err)
{
    json_t *metrics = NULL, *metadata = NULL, *metric = NULL;
    const char *name = NULL;
    int64_t number;
    TRY(json_get_int64(report, "snapshot-id", &number, err));
    TRY(json_get_object(report, "metrics", &metrics, err));
    json_object_foreach(metrics, name, metric) {
        TRY(check_metric(name, metric, err));
    }
    return json_opt_string_map(report, "metadata", &metadata, err);
}

static bool check_projection(const json_t *report, struct error *err)
{
    json_t *ids = NULL, *names = NULL, *value = NULL;
    size_t i;
    TRY(json_get_array(report, "projected-field-ids", &ids, err));
    TRY(json_get_array(report, "projected-field-names", &names, err));
    json_array_foreach(ids, i, value) {
        json_int_t id = json_integer_value(value);
        if (!json_is_integer(value) || id < INT32_MIN || id > INT32_MAX)
            return error_set(err, ERROR_BAD_REQUEST,
                             "projected-field-ids must be integers of 32 bits");
    }
    json_array_foreach(names, i, value) {
        if (!json_is_string(value))
            return error_set(err, ERROR_BAD_REQUEST, "projected-field-names must be strings");
    }
    return true;
}

static bool check_scan_report(const json_t *report, struct error *err)
{
    int32_t schema_id;
    if (json_object_get(report, "filter") == NULL)
        return error_set(err, ERROR_BAD_REQUEST, "A scan report needs a filter");
    return json_get_int32(report, "schema-id", &schema_id, err) && check_projection(report, err) &&
           check_common(report, err);
}

static bool check_commit_report(const json_t *report, struct error *err)
{
    struct slice operation;
    int64_t number;
    return json_get_int64(report, "sequence-number", &number, err) &&
           json_get_string(report, "operation", &operation, err) && check_common(report, err);
}

static bool check_report(const json_t *report, struct error *err)
{
    struct slice type, table_name;
    if (!json_is_object(report))
        return error_set(err, ERROR_BAD_REQUEST, "A metrics report must be a JSON object");
    TRY(json_get_string(report, "report-type", &type, err));
    TRY(json_get_string(report, "table-name", &table_name, err));
    if (slice_equals_string(type, "scan-report"))
        return check_scan_report(report, err);
    if (slice_equals_string(type, "commit-report"))
        return check_commit_report(report, err);
    return error_set(err, ERROR_BAD_REQUEST,
                     "Unknown report-type '%.*s': use scan-report or commit-report",
                     SLICE_ARG(type));
}

static bool add_report(struct pointer_txn *txn, void *context, struct error *err)
{
    return pointer_metrics_add(txn, context, MAX_METRICS_REPORTS_PER_TABLE, MAX_METRICS_REPORTS,
                               err);
}

/* Java's client reports the commit within a transaction that creates a table before it creates it,
 * and writes a long trace into its user's terminal where that is refused. */
static bool may_come_early(const json_t *report, const struct error *err)
{
    const char *type = json_string_value(json_object_get(report, "report-type"));
    return err->kind == ERROR_NO_SUCH_TABLE && type && strcmp(type, "commit-report") == 0;
}

bool metrics_report_add(struct call *call, struct entity_name name, const json_t *request,
                        struct slice text, struct error *err)
{
    struct entity_row row;
    TRY(check_report(request, err));
    if (text.len > MAX_METRICS_REPORT_SIZE)
        return error_set(err, ERROR_TOO_LARGE,
                         "The metrics report has %zu bytes, the most kept are %zu", text.len,
                         MAX_METRICS_REPORT_SIZE);
    struct error cause = {0};
    if (!entity_find(call, name, ENTITY_TABLE, &row, &cause))
        return may_come_early(request, &cause) || error_set(err, cause.kind, "%s", cause.message);
    struct metrics_row report = {
        .entity_uuid = row.uuid,
        .report = text,
        .time_ms = clock_now_ms(call->catalog->clock),
    };
    call->outcome.status = 204;
    return call_write(call, add_report, &report, NULL, 0, err);
}

bool metrics_report_list(struct call *call, struct entity_name name, int64_t limit,
                         struct metrics_row **ret_rows, size_t *ret_count, struct error *err)
{
    struct pointer_view *view = NULL;
    struct entity_row row;
    TRY(pointer_view_begin(call->catalog->pointers, &view, err));
    bool ok = entity_must_exist(call, view, name, ENTITY_TABLE, &row, err) &&
              pointer_metrics_list(view, row.uuid, limit, call->arena, ret_rows, ret_count, err);
    pointer_view_end(view);
    return ok;
}
