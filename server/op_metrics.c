/* Metrics reports: take and list (server/op.h). */
#include "catalog/metrics_report.h"

#include "base/json_write.h"
#include "base/limits.h"
#include "server/op.h"

#define DEFAULT_REPORTS 20
#define MAX_REPORTS_ANSWER (MAX_METRICS_REPORTS_PER_TABLE * (MAX_METRICS_REPORT_SIZE + KIB))

bool op_report_metrics(struct op *op, struct reply **ret_reply, struct error *err)
{
    struct entity_name name;
    json_t *body = NULL;
    TRY(op_entity(op, PARAMETER_TABLE, &name, err));
    TRY(op_body(op, &body, err));
    bool ok = metrics_report_add(&op->call, name, body, op->request->body, err);
    json_decref(body);
    return ok && op_no_content(ret_reply, err);
}

static void write_reports(struct buffer *body, const struct metrics_row *rows, size_t count)
{
    struct json_writer writer;
    json_writer_init(&writer, body);
    json_write_object_begin(&writer);
    json_write_key(&writer, "reports");
    json_write_array_begin(&writer);
    for (size_t i = 0; i < count; i++) {
        json_write_object_begin(&writer);
        json_write_key(&writer, "received-ms");
        json_write_int64(&writer, rows[i].time_ms);
        json_write_key(&writer, "report");
        json_write_raw(&writer, rows[i].report);
        json_write_object_end(&writer);
    }
    json_write_array_end(&writer);
    json_write_object_end(&writer);
}

bool op_list_metrics_reports(struct op *op, struct reply **ret_reply, struct error *err)
{
    struct entity_name name;
    struct metrics_row *rows = NULL;
    struct buffer body;
    size_t count = 0;
    int64_t limit = DEFAULT_REPORTS;
    TRY(op_entity(op, PARAMETER_TABLE, &name, err));
    TRY(request_query_int64(op->request, "limit", 1, MAX_METRICS_REPORTS_PER_TABLE, &limit, err));
    TRY(metrics_report_list(&op->call, name, limit, &rows, &count, err));
    buffer_init(&body, MAX_REPORTS_ANSWER);
    write_reports(&body, rows, count);
    return reply_json(200, &body, ret_reply, err);
}
