#include "base/error.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#define TRUNCATED_TAIL "…"

static const char *const KIND_NAMES[ERROR_KIND_COUNT] = {
    [ERROR_NONE] = "none",
    [ERROR_BAD_REQUEST] = "bad_request",
    [ERROR_VALIDATION] = "validation",
    [ERROR_ILLEGAL_ARGUMENT] = "illegal_argument",
    [ERROR_UNPROCESSABLE] = "unprocessable",
    [ERROR_FORBIDDEN] = "forbidden",
    [ERROR_UNSUPPORTED_OPERATION] = "unsupported_operation",
    [ERROR_NO_SUCH_ROUTE] = "no_such_route",
    [ERROR_METHOD_NOT_ALLOWED] = "method_not_allowed",
    [ERROR_UNSUPPORTED_MEDIA_TYPE] = "unsupported_media_type",
    [ERROR_TOO_LARGE] = "too_large",
    [ERROR_NO_SUCH_WAREHOUSE] = "no_such_warehouse",
    [ERROR_NO_SUCH_NAMESPACE] = "no_such_namespace",
    [ERROR_NO_SUCH_TABLE] = "no_such_table",
    [ERROR_NO_SUCH_VIEW] = "no_such_view",
    [ERROR_NO_SUCH_FUNCTION] = "no_such_function",
    [ERROR_NO_SUCH_PLAN_ID] = "no_such_plan_id",
    [ERROR_NO_SUCH_PLAN_TASK] = "no_such_plan_task",
    [ERROR_NOT_FOUND] = "not_found",
    [ERROR_ALREADY_EXISTS] = "already_exists",
    [ERROR_NAMESPACE_NOT_EMPTY] = "namespace_not_empty",
    [ERROR_CONFLICT] = "conflict",
    [ERROR_COMMIT_FAILED] = "commit_failed",
    [ERROR_COMMIT_UNKNOWN] = "commit_unknown",
    [ERROR_OVERLOADED] = "overloaded",
    [ERROR_STORAGE_FULL] = "storage_full",
    [ERROR_STORAGE] = "storage",
    [ERROR_CORRUPT] = "corrupt",
    [ERROR_NO_MEMORY] = "no_memory",
    [ERROR_INTERNAL] = "internal",
};

/* The largest length, at most `len`, that does not end inside a UTF-8 sequence. Every cut lands
 * here, so a cut message stays valid UTF-8 where its parts were. */
static size_t utf8_boundary(const char *text, size_t len)
{
    while (len > 0 && ((unsigned char)text[len] & 0xC0) == 0x80)
        len--;
    return len;
}

/* Formats into a buffer of ERROR_MESSAGE_SIZE; a sentence too long for it ends with an ellipsis. */
__attribute__((format(printf, 2, 0))) static void format_message(char *ret_text, const char *fmt,
                                                                 va_list args)
{
    int wanted = vsnprintf(ret_text, ERROR_MESSAGE_SIZE, fmt, args);
    if (wanted < 0) {
        memcpy(ret_text, "(no text)", sizeof("(no text)"));
        return;
    }
    if ((size_t)wanted >= ERROR_MESSAGE_SIZE) {
        size_t keep = utf8_boundary(ret_text, ERROR_MESSAGE_SIZE - sizeof(TRUNCATED_TAIL));
        memcpy(ret_text + keep, TRUNCATED_TAIL, sizeof(TRUNCATED_TAIL));
    }
}

bool error_set(struct error *err, enum error_kind kind, const char *fmt, ...)
{
    if (!err)
        return false;
    /* By way of a local, because the arguments may quote err->message itself. */
    char text[ERROR_MESSAGE_SIZE];
    va_list args;
    va_start(args, fmt);
    format_message(text, fmt, args);
    va_end(args);
    err->kind = kind;
    memcpy(err->message, text, strlen(text) + 1);
    return false;
}

bool error_no_memory(struct error *err, const char *what)
{
    return error_set(err, ERROR_NO_MEMORY, "not enough memory for %s; nothing was changed", what);
}

bool error_prefix(struct error *err, const char *fmt, ...)
{
    if (!err)
        return false;
    char context[ERROR_MESSAGE_SIZE];
    va_list args;
    va_start(args, fmt);
    format_message(context, fmt, args);
    va_end(args);
    return error_set(err, err->kind, "%s: %s", context, err->message);
}

void error_clear(struct error *err)
{
    if (!err)
        return;
    err->kind = ERROR_NONE;
    err->message[0] = '\0';
}

const char *error_kind_name(enum error_kind kind)
{
    if ((int)kind < 0 || kind >= ERROR_KIND_COUNT)
        return "unknown";
    return KIND_NAMES[kind];
}
