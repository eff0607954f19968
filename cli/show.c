#include "cli/show.h"

#include <inttypes.h>
#include <time.h>

#include "base/json_tree.h"
#include "cli/terminal.h"

static void show_level(struct slice level, struct buffer *out)
{
    bool is_quoted =
        level.len == 0 || slice_find(level, '.') < level.len || slice_find(level, '`') < level.len;
    buffer_append_string(out, is_quoted ? "`" : "");
    terminal_append(out, level);
    buffer_append_string(out, is_quoted ? "`" : "");
}

void show_levels(const json_t *levels, struct buffer *out)
{
    size_t i;
    json_t *level;
    json_array_foreach(levels, i, level) {
        if (i > 0)
            buffer_append_byte(out, '.');
        if (json_is_string(level))
            show_level(json_slice(level), out);
    }
}

void show_identifier(const json_t *identifier, struct buffer *out)
{
    const json_t *name = json_object_get(identifier, "name");
    const json_t *levels = json_object_get(identifier, "namespace");
    show_levels(levels, out);
    if (json_array_size(levels) > 0)
        buffer_append_byte(out, '.');
    if (json_is_string(name))
        show_level(json_slice(name), out);
}

void show_value(const json_t *value, struct buffer *out)
{
    if (json_is_string(value))
        terminal_append(out, json_slice(value));
    else if (json_is_integer(value))
        buffer_append_int64(out, json_integer_value(value));
}

void show_properties(const json_t *properties, struct buffer *out)
{
    const char *name;
    json_t *value;
    json_object_foreach((json_t *)properties, name, value) {
        buffer_append_string(out, "  ");
        terminal_append(out, slice_from_string(name));
        buffer_append_string(out, " = ");
        show_value(value, out);
        buffer_append_byte(out, '\n');
    }
}

static void show_fields(const json_t *fields, struct buffer *out)
{
    size_t i;
    json_t *field;
    json_array_foreach(fields, i, field) {
        buffer_append_string(out, i > 0 ? ", " : "");
        show_value(json_object_get(field, "name"), out);
        buffer_append_string(out, ": ");
        show_type(json_object_get(field, "type"), out);
    }
}

/* As deep as the metadata, whose depth its parser bounds. */
void show_type(const json_t *type, struct buffer *out)
{
    const char *kind = json_string_value(json_object_get(type, "type"));
    if (!json_is_object(type) || kind == NULL) {
        show_value(type, out);
        return;
    }
    terminal_append(out, slice_from_string(kind));
    buffer_append_byte(out, '<');
    if (strcmp(kind, "struct") == 0) {
        show_fields(json_object_get(type, "fields"), out);
    } else if (strcmp(kind, "map") == 0) {
        show_type(json_object_get(type, "key"), out);
        buffer_append_string(out, ", ");
        show_type(json_object_get(type, "value"), out);
    } else {
        show_type(json_object_get(type, "element"), out);
    }
    buffer_append_byte(out, '>');
}

void show_time(json_int_t time_ms, struct buffer *out)
{
    time_t seconds = (time_t)(time_ms / 1000);
    int millis = (int)(time_ms % 1000);
    struct tm parts;
    if (millis < 0) {
        millis += 1000;
        seconds--;
    }
    if (gmtime_r(&seconds, &parts) == NULL) {
        buffer_append_int64(out, time_ms);
        return;
    }
    buffer_printf(out, "%04d-%02d-%02dT%02d:%02d:%02d.%03dZ", parts.tm_year + 1900,
                  parts.tm_mon + 1, parts.tm_mday, parts.tm_hour, parts.tm_min, parts.tm_sec,
                  millis);
}

bool show_end(struct buffer *out, struct error *err)
{
    bool ok = buffer_check(out, "the output", err);
    if (ok && out->len > 0)
        fwrite(out->ptr, 1, out->len, stdout);
    buffer_finish(out);
    return ok;
}
