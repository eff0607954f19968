#include "base/log.h"

#include <errno.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/json_write.h"
#include "base/log_file.h"

/* Longer texts are cut: a log line is for reading, and a client must not be able to fill a disk. */
#define MAX_FIELD_SIZE ((size_t)4096)
/* Every field escaped to its worst (six bytes for one) and more of them than any line has. */
#define MAX_LINE_SIZE ((size_t)1024 * 1024)
#define TIME_SIZE 32

static const char *const LEVEL_NAMES[] = {
    [LOG_DEBUG] = "debug", [LOG_INFO] = "info", [LOG_WARN] = "warn",
    [LOG_ERROR] = "error", [LOG_OFF] = "off",
};

/* Cut to MAX_FIELD_SIZE, not inside a UTF-8 sequence. */
static struct slice cut(struct slice text)
{
    if (text.len <= MAX_FIELD_SIZE)
        return text;
    size_t len = MAX_FIELD_SIZE;
    while (len > 0 && ((unsigned char)text.ptr[len] & 0xC0) == 0x80)
        len--;
    return (struct slice){text.ptr, len};
}

/* Quoted, escaped, and UTF-8 whatever came in: bytes that are not become '?'. */
static void append_quoted(struct buffer *line, struct slice text)
{
    size_t start = line->len;
    struct slice shown = cut(text);
    bool is_text = slice_is_utf8(shown);
    json_append_string(line, shown);
    if (is_text)
        return;
    for (size_t at = start; at < line->len; at++) {
        if ((unsigned char)line->ptr[at] >= 0x80)
            line->ptr[at] = '?';
    }
}

/* True where a value of the text format can stand without quotes and stay one word. */
static bool is_plain_word(struct slice text)
{
    for (size_t at = 0; at < text.len; at++) {
        unsigned char byte = (unsigned char)text.ptr[at];
        if (byte <= ' ' || byte == 0x7F || byte == '"' || byte == '\\' || byte == '=')
            return false;
    }
    return text.len > 0 && text.len <= MAX_FIELD_SIZE && slice_is_utf8(text);
}

/* The message of the text format: no quotes around it, but control characters escaped, so that no
 * message can look like two lines. */
static void append_message(struct buffer *line, const char *message)
{
    size_t start = line->len;
    append_quoted(line, slice_from_string(message));
    if (!buffer_ok(line))
        return;
    memmove(line->ptr + start, line->ptr + start + 1, line->len - start - 2);
    buffer_truncate(line, line->len - 2);
}

static void line_as_text(struct buffer *line, const char *time, enum log_level level,
                         const char *message, const struct log_field *fields, size_t count)
{
    buffer_printf(line, "%s %s ", time, LEVEL_NAMES[level]);
    append_message(line, message);
    for (size_t i = 0; i < count; i++) {
        buffer_printf(line, " %s=", fields[i].name);
        if (!fields[i].text.ptr)
            buffer_append_int64(line, fields[i].number);
        else if (is_plain_word(fields[i].text))
            buffer_append_slice(line, fields[i].text);
        else
            append_quoted(line, fields[i].text);
    }
}

static void json_string_member(struct buffer *line, const char *name, struct slice text)
{
    buffer_append_byte(line, ',');
    append_quoted(line, slice_from_string(name));
    buffer_append_byte(line, ':');
    append_quoted(line, text);
}

static void line_as_json(struct buffer *line, const char *time, enum log_level level,
                         const char *message, const struct log_field *fields, size_t count)
{
    buffer_printf(line, "{\"time\":\"%s\",\"level\":\"%s\"", time, LEVEL_NAMES[level]);
    json_string_member(line, "message", slice_from_string(message));
    for (size_t i = 0; i < count; i++) {
        if (fields[i].text.ptr) {
            json_string_member(line, fields[i].name, fields[i].text);
            continue;
        }
        buffer_append_byte(line, ',');
        append_quoted(line, slice_from_string(fields[i].name));
        buffer_append_byte(line, ':');
        buffer_append_int64(line, fields[i].number);
    }
    buffer_append_byte(line, '}');
}

/* One write for a line; the loop is for signals and for pipes that take only a part. */
static void write_line(const struct log *log, struct slice line)
{
    if (log->file) {
        log_file_write(log->file, line);
        return;
    }
    while (line.len > 0) {
        ssize_t written = write(log->fd, line.ptr, line.len);
        if (written < 0 && errno == EINTR)
            continue;
        if (written <= 0)
            return; /* a log that cannot be written has nobody to tell */
        line = slice_from(line, (size_t)written);
    }
}

void log_write(struct log *log, enum log_level level, const char *message,
               const struct log_field *fields, size_t count)
{
    if (!log_wants(log, level) || level >= LOG_OFF)
        return;
    char time[TIME_SIZE];
    struct buffer line;
    time_format_iso(clock_now_ms(log->clock), time, sizeof(time));
    buffer_init(&line, MAX_LINE_SIZE);
    if (log->format == LOG_JSON)
        line_as_json(&line, time, level, message, fields, count);
    else
        line_as_text(&line, time, level, message, fields, count);
    buffer_append_byte(&line, '\n');
    if (buffer_ok(&line))
        write_line(log, buffer_slice(&line));
    else
        write_line(log, SLICE_LITERAL("a log line was lost: not enough memory\n"));
    buffer_finish(&line);
}

const char *log_level_name(enum log_level level)
{
    return LEVEL_NAMES[level];
}

bool log_level_parse(struct slice text, enum log_level *ret_level)
{
    for (int level = LOG_DEBUG; level <= LOG_OFF; level++) {
        if (slice_equals_ignore_case(text, slice_from_string(LEVEL_NAMES[level]))) {
            *ret_level = (enum log_level)level;
            return true;
        }
    }
    return false;
}
