/* The level of the main log, read and set while the server runs (server/op.h). */
#include "server/op.h"

#include "base/json_tree.h"
#include "base/json_write.h"
#include "server/server.h"

#define MAX_LEVEL_ANSWER 64

bool op_get_log_level(struct op *op, struct reply **ret_reply, struct error *err)
{
    struct buffer body;
    struct json_writer writer;
    const char *name = log_level_name((enum log_level)atomic_load(&op->server->logs.main.level));
    buffer_init(&body, MAX_LEVEL_ANSWER);
    json_writer_init(&writer, &body);
    json_write_object_begin(&writer);
    json_write_string_member(&writer, "level", slice_from_string(name));
    json_write_object_end(&writer);
    return reply_json(200, &body, ret_reply, err);
}

static bool read_level(struct op *op, enum log_level *ret_level, struct error *err)
{
    json_t *request = NULL;
    struct slice text;
    TRY(op_body(op, &request, err));
    bool ok = json_get_string(request, "level", &text, err) &&
              (log_level_parse(text, ret_level) ||
               error_set(err, ERROR_BAD_REQUEST,
                         "The level '%.*s' is none: use debug, info, warn, error or off",
                         SLICE_ARG(text)));
    json_decref(request);
    return ok;
}

/* Until the next start, which asks --log-level again. The line about it is written whatever the
 * level: whoever reads the log must know why it becomes silent. */
bool op_set_log_level(struct op *op, struct reply **ret_reply, struct error *err)
{
    struct log *log = &op->server->logs.main;
    enum log_level level;
    TRY(read_level(op, &level, err));
    struct log_field fields[] = {
        LOG_TEXT_FIELD("to", slice_from_string(log_level_name(level))),
        LOG_TEXT_FIELD("request-id", op->call.request_id),
    };
    log_write(log, LOG_INFO, "log level changed", fields, 2);
    atomic_store(&log->level, (int)level);
    return op_no_content(ret_reply, err);
}
