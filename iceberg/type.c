/*
 * Names and equality. A name is written into a window of fixed size by a writer that counts what it
 * could not place, so one function serves the arena (measure, then write) and messages (cut).
 */
#include "iceberg/type.h"

#include <stdio.h>

#include "iceberg/default_value.h"
#include "iceberg/json_excerpt.h"
#include "iceberg/type_primitive.h"

/* OGC:CRS84 and spherical: what a geometry or geography without parameters means. */
#define DEFAULT_CRS SLICE_LITERAL("OGC:CRS84")
#define DEFAULT_EDGE_ALGORITHM SLICE_LITERAL("spherical")

struct name_writer {
    char *text;
    size_t room; /* bytes that fit, NUL not counted */
    size_t len;  /* bytes of the whole name */
};

static void put_slice(struct name_writer *writer, struct slice text)
{
    if (writer->len < writer->room && text.len > 0) {
        size_t left = writer->room - writer->len;
        memcpy(writer->text + writer->len, text.ptr, text.len < left ? text.len : left);
    }
    writer->len += text.len;
}

static void put_string(struct name_writer *writer, const char *text)
{
    put_slice(writer, slice_from_string(text));
}

static void put_int(struct name_writer *writer, int32_t value)
{
    char digits[16];
    snprintf(digits, sizeof(digits), "%d", value);
    put_string(writer, digits);
}

static struct slice crs_of(const struct type *type)
{
    return type->crs.len > 0 ? type->crs : DEFAULT_CRS;
}

static struct slice edge_algorithm_of(const struct type *type)
{
    return type->edge_algorithm.len > 0 ? type->edge_algorithm : DEFAULT_EDGE_ALGORITHM;
}

static void put_parameters(struct name_writer *writer, const struct type *type)
{
    switch (type->id) {
    case TYPE_DECIMAL:
        put_string(writer, "(");
        put_int(writer, type->precision);
        put_string(writer, ", ");
        put_int(writer, type->scale);
        put_string(writer, ")");
        return;
    case TYPE_FIXED:
        put_string(writer, "[");
        put_int(writer, type->length);
        put_string(writer, "]");
        return;
    case TYPE_GEOMETRY:
    case TYPE_GEOGRAPHY:
        put_string(writer, "(");
        put_slice(writer, crs_of(type));
        if (type->id == TYPE_GEOGRAPHY) {
            put_string(writer, ", ");
            put_slice(writer, edge_algorithm_of(type));
        }
        put_string(writer, ")");
        return;
    default:
        return;
    }
}

static void put_type(struct name_writer *writer, const struct type *type);

static void put_field(struct name_writer *writer, const struct field *field)
{
    put_int(writer, field->id);
    put_string(writer, ": ");
    put_slice(writer, field->name);
    put_string(writer, field->is_required ? ": required " : ": optional ");
    put_type(writer, field->type);
    if (field->doc.ptr) {
        put_string(writer, " (");
        put_slice(writer, field->doc);
        put_string(writer, ")");
    }
}

static void put_nested(struct name_writer *writer, const struct type *type)
{
    put_string(writer, type->id == TYPE_STRUCT ? "struct" : type->id == TYPE_LIST ? "list" : "map");
    put_string(writer, "<");
    for (size_t i = 0; i < type->field_count; i++) {
        put_string(writer, i > 0 ? ", " : "");
        if (type->id == TYPE_STRUCT)
            put_field(writer, &type->fields[i]);
        else
            put_type(writer, type->fields[i].type);
    }
    put_string(writer, ">");
}

static void put_type(struct name_writer *writer, const struct type *type)
{
    const char *word = type_primitive_word(type->id);
    if (!word) {
        put_nested(writer, type);
        return;
    }
    put_string(writer, word);
    put_parameters(writer, type);
}

static size_t finish_name(struct name_writer *writer)
{
    bool is_cut = writer->len > writer->room;
    writer->text[is_cut ? text_cut(writer->text, writer->room) : writer->len] = '\0';
    return writer->len;
}

size_t type_name_write(const struct type *type, char *ret_text, size_t size)
{
    struct name_writer writer = {ret_text, size - 1, 0};
    put_type(&writer, type);
    return finish_name(&writer);
}

size_t field_name_write(const struct field *field, char *ret_text, size_t size)
{
    struct name_writer writer = {ret_text, size - 1, 0};
    put_field(&writer, field);
    return finish_name(&writer);
}

struct slice type_name(const struct type *type, struct arena *arena)
{
    char first[1];
    size_t len = type_name_write(type, first, sizeof(first));
    char *text = arena_alloc(arena, len + 1);
    if (!text)
        return slice_make(NULL, 0);
    type_name_write(type, text, len + 1);
    return slice_make(text, len);
}

static bool doc_equals(struct slice a, struct slice b)
{
    return !a.ptr == !b.ptr && slice_equals(a, b);
}

static bool field_equals(const struct field *a, const struct field *b)
{
    return a->id == b->id && a->is_required == b->is_required && slice_equals(a->name, b->name) &&
           doc_equals(a->doc, b->doc) && type_equals(a->type, b->type) &&
           default_value_equals(a->type, a->initial_default, b->initial_default) &&
           default_value_equals(a->type, a->write_default, b->write_default);
}

bool type_equals(const struct type *a, const struct type *b)
{
    if (a->id != b->id || a->field_count != b->field_count)
        return false;
    for (size_t i = 0; i < a->field_count; i++) {
        if (!field_equals(&a->fields[i], &b->fields[i]))
            return false;
    }
    return a->precision == b->precision && a->scale == b->scale && a->length == b->length &&
           slice_equals_ignore_case(crs_of(a), crs_of(b)) &&
           slice_equals(edge_algorithm_of(a), edge_algorithm_of(b));
}

int type_min_format_version(const struct type *type)
{
    switch (type->id) {
    case TYPE_TIMESTAMP_NS:
    case TYPE_TIMESTAMPTZ_NS:
    case TYPE_UNKNOWN:
    case TYPE_VARIANT:
    case TYPE_GEOMETRY:
    case TYPE_GEOGRAPHY:
        return 3;
    default:
        return 1;
    }
}
