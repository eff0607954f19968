#include "server/request_log.h"

#include "server/op.h"
#include "server/router.h"

/* Longer ids are somebody's mistake; a uuid has 36 characters. */
#define MAX_REQUEST_ID_SIZE 128

/* --- ids ------------------------------------------------------------------------------------ */

/* What can stand in a log and in a header without quotes. */
static bool is_id(struct slice text)
{
    if (text.len == 0 || text.len > MAX_REQUEST_ID_SIZE)
        return false;
    for (size_t i = 0; i < text.len; i++)
        if (text.ptr[i] <= ' ' || text.ptr[i] > '~' || text.ptr[i] == '"' || text.ptr[i] == '\\')
            return false;
    return true;
}

/* "00-<32 digits>-<16 digits>-<2 digits>": version 0, and later ones, which only append. */
static bool find_trace_id(struct slice header, struct slice *ret_id)
{
    bool is_zero = true;
    if (header.len < 55 || header.ptr[2] != '-' || header.ptr[35] != '-' || header.ptr[52] != '-')
        return false;
    for (size_t i = 3; i < 35; i++) {
        char digit = header.ptr[i];
        if (!((digit >= '0' && digit <= '9') || (digit >= 'a' && digit <= 'f')))
            return false;
        is_zero = is_zero && digit == '0';
    }
    *ret_id = slice_make(header.ptr + 3, 32);
    return !is_zero;
}

/* Copies: headers go when the answer is sent while it is made. */
void request_log_identify(const struct logs *logs, struct request *request)
{
    struct slice id = request_header(request, "X-Request-Id");
    struct slice parent = request_header(request, "traceparent");
    struct slice trace_id;
    if (id.ptr && is_id(id))
        request->id = arena_slice(&request->arena, id);
    if (parent.ptr && find_trace_id(parent, &trace_id))
        request->trace_id = arena_slice(&request->arena, trace_id);
    if (!logs_want_clients(logs))
        return;
    struct slice agent = request_header(request, "User-Agent");
    if (agent.ptr)
        request->agent = arena_slice(&request->arena, agent);
}

/* --- lines ---------------------------------------------------------------------------------- */

#define MAX_FIELDS 12

struct line {
    struct log_field fields[MAX_FIELDS];
    size_t count;
};

static void add_text(struct line *line, const char *name, struct slice text)
{
    if (text.ptr && text.len > 0)
        line->fields[line->count++] = LOG_TEXT_FIELD(name, text);
}

static void add_number(struct line *line, const char *name, int64_t number)
{
    line->fields[line->count++] = LOG_NUMBER_FIELD(name, number);
}

static void fill(struct line *line, const struct request *request, const struct reply *reply,
                 int64_t microseconds)
{
    const struct operation *operation = request->operation;
    line->count = 0;
    add_text(line, "operation", slice_from_string(operation ? operation->name : "-"));
    add_text(line, "method", request->method_text);
    add_text(line, "uri", request->uri);
    add_number(line, "status", reply->status);
    add_number(line, "bytes", (int64_t)reply->body_size);
    add_number(line, "microseconds", microseconds);
    add_text(line, "request-id", request->id);
    add_text(line, "trace-id", request->trace_id);
    add_text(line, "peer", request->peer);
    add_text(line, "agent", request->agent);
    if (reply->failure != ERROR_NONE)
        add_text(line, "error", slice_from_string(error_kind_name(reply->failure)));
}

/* The error's sentence, which is in the answer: it says what the matter was. */
static void add_answer(struct line *line, const struct reply *reply)
{
    if (reply->status >= 400 && reply->segment_count > 0)
        add_text(line, "answer", reply->segments[0].bytes);
}

static void write_main(struct logs *logs, struct line *line, const struct reply *reply,
                       int64_t microseconds)
{
    bool is_failure = reply->status >= 500;
    bool is_slow = logs->slow_us > 0 && microseconds >= logs->slow_us;
    enum log_level level = is_failure ? LOG_ERROR : is_slow ? LOG_WARN : LOG_DEBUG;
    const char *message = is_failure ? "request failed" : is_slow ? "slow request" : "request";
    if (!log_wants(&logs->main, level))
        return;
    add_answer(line, reply);
    log_write(&logs->main, level, message, line->fields, line->count);
}

void request_log_write(struct logs *logs, const struct request *request, const struct reply *reply,
                       int64_t microseconds)
{
    struct line line;
    bool is_change = request->operation && operation_is_change(request->operation);
    bool is_worth_it = reply->status >= 500 || log_wants(&logs->main, LOG_DEBUG) ||
                       (logs->slow_us > 0 && microseconds >= logs->slow_us);
    bool is_accessed = log_wants(&logs->access, LOG_INFO);
    bool is_audited = is_change && log_wants(&logs->audit, LOG_INFO);
    if (!is_worth_it && !is_accessed && !is_audited)
        return;
    fill(&line, request, reply, microseconds);
    if (is_accessed)
        log_write(&logs->access, LOG_INFO, "request", line.fields, line.count);
    if (is_audited)
        log_write(&logs->audit, LOG_INFO, "change", line.fields, line.count);
    if (is_worth_it)
        write_main(logs, &line, reply, microseconds);
}
