/* What a registration would come to (server/op.h): for who moves many tables in. */
#include "catalog/register_check.h"

#include "base/json_write.h"
#include "base/limits.h"
#include "server/op.h"

#define MAX_VERDICT_SIZE (1 * MIB)

static void write_text_or_null(struct json_writer *writer, const char *key, struct slice text)
{
    json_write_key(writer, key);
    if (text.len > 0)
        json_write_string(writer, text);
    else
        json_write_null(writer);
}

static void write_verdict(struct json_writer *writer, const struct register_verdict *verdict)
{
    static const char *const STATES[] = {[REGISTER_READY] = "ready",
                                         [REGISTER_PRESENT] = "present",
                                         [REGISTER_TAKEN] = "taken",
                                         [REGISTER_REFUSED] = "refused"};
    bool is_against = verdict->state == REGISTER_TAKEN || verdict->state == REGISTER_REFUSED;
    json_write_object_begin(writer);
    json_write_string_member(writer, "state", slice_from_string(STATES[verdict->state]));
    write_text_or_null(writer, "reason",
                       is_against ? slice_from_string(verdict->reason.message) : SLICE_EMPTY);
    write_text_or_null(writer, "uuid", verdict->uuid);
    write_text_or_null(writer, "location", verdict->location);
    write_text_or_null(writer, "outside", verdict->outside);
    json_write_key(writer, "format-version");
    if (verdict->format_version > 0)
        json_write_int64(writer, verdict->format_version);
    else
        json_write_null(writer);
    json_write_object_end(writer);
}

bool op_check_register(struct op *op, struct reply **ret_reply, struct error *err)
{
    struct register_verdict verdict;
    struct json_writer writer;
    struct buffer body;
    json_t *request = NULL;
    TRY(op_body(op, &request, err));
    buffer_init(&body, MAX_VERDICT_SIZE);
    bool ok = register_check(&op->call, request, &verdict, err);
    if (ok) {
        json_writer_init(&writer, &body);
        write_verdict(&writer, &verdict);
    }
    json_decref(request);
    if (ok)
        return reply_json(200, &body, ret_reply, err);
    buffer_finish(&body);
    return false;
}
