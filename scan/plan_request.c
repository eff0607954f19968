#include "scan/plan_request.h"

#include "base/json_tree.h"

static bool read_names(const json_t *json, const char *field, const json_t **ret_names,
                       struct error *err)
{
    json_t *names = NULL;
    size_t i;
    const json_t *name;
    TRY(json_opt_array(json, field, &names, err));
    json_array_foreach(names, i, name) {
        if (!json_is_string(name))
            return error_set(err, ERROR_BAD_REQUEST, "%s must be a list of field names", field);
    }
    *ret_names = names;
    return true;
}

/* "Requests that include both point in time config properties and incremental config properties are
 * invalid"; of a range both ends are needed. */
static bool read_snapshots(const json_t *json, struct plan_request *request, struct error *err)
{
    bool has_start = false, has_end = false;
    TRY(json_opt_int64(json, "snapshot-id", &request->snapshot_id, &request->has_snapshot_id, err));
    TRY(json_opt_int64(json, "start-snapshot-id", &request->start_snapshot_id, &has_start, err));
    TRY(json_opt_int64(json, "end-snapshot-id", &request->end_snapshot_id, &has_end, err));
    if (has_start != has_end)
        return error_set(err, ERROR_BAD_REQUEST,
                         "An incremental scan needs both start-snapshot-id and end-snapshot-id");
    if (has_start && request->has_snapshot_id)
        return error_set(err, ERROR_BAD_REQUEST,
                         "A scan has either a snapshot-id or a start-snapshot-id and an "
                         "end-snapshot-id, not both");
    request->has_range = has_start;
    return true;
}

static bool read_min_rows(const json_t *json, struct plan_request *request, struct error *err)
{
    bool has_rows = false;
    TRY(json_opt_int64(json, "min-rows-requested", &request->min_rows, &has_rows, err));
    if (request->min_rows < 0)
        return error_set(err, ERROR_BAD_REQUEST, "min-rows-requested must not be negative");
    return true;
}

bool plan_request_parse(const json_t *json, struct arena *arena, struct plan_request *ret_request,
                        struct error *err)
{
    struct plan_request request = {.is_case_sensitive = true};
    if (!json_is_object(json))
        return error_set(err, ERROR_BAD_REQUEST, "A request to plan a scan must be an object");
    TRY(read_snapshots(json, &request, err));
    TRY(read_min_rows(json, &request, err));
    TRY(json_opt_bool(json, "case-sensitive", &request.is_case_sensitive, err));
    TRY(json_opt_bool(json, "use-snapshot-schema", &request.use_snapshot_schema, err));
    TRY(read_names(json, "select", &request.select, err));
    TRY(read_names(json, "stats-fields", &request.stats_fields, err));
    const json_t *filter = json_object_get(json, "filter");
    request.has_filter = filter && !json_is_null(filter);
    if (request.has_filter)
        TRY(expression_parse(filter, arena, &request.filter, err));
    *ret_request = request;
    return true;
}
