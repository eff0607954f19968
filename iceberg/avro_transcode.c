#include "iceberg/avro_transcode.h"

#include "iceberg/avro_write.h"

/* An entry of a manifest list has 16 fields. */
#define MAX_RECORD_FIELDS ((size_t)64)

struct transcoder {
    const struct avro_transcoding *job;
    struct avro_cursor cursor;
    uint64_t *budget;
    struct buffer *out;
    struct error *err;
};

static bool value_write(struct transcoder *coder, const struct avro_shape *from,
                        const struct avro_shape *to);

static bool damaged(struct transcoder *coder)
{
    return error_set(coder->err, ERROR_CORRUPT, "an Avro record is cut off or damaged");
}

static bool no_place(struct transcoder *coder, const char *what)
{
    return error_set(coder->err, ERROR_VALIDATION, "the other Avro schema has no place for %s",
                     what);
}

/* Both are the same on the wire. */
static bool is_alike(const struct avro_shape *from, const struct avro_shape *to)
{
    if (from->kind == AVRO_KIND_INT && to->kind == AVRO_KIND_LONG)
        return true;
    if (from->kind == AVRO_KIND_STRING && to->kind == AVRO_KIND_BYTES)
        return true;
    return from->kind == to->kind && from->size == to->size;
}

static bool is_plain(const struct avro_shape *shape)
{
    return shape->kind != AVRO_KIND_RECORD && shape->kind != AVRO_KIND_ARRAY &&
           shape->kind != AVRO_KIND_MAP && shape->kind != AVRO_KIND_UNION;
}

static bool plain_copy(struct transcoder *coder, const struct avro_shape *from)
{
    const unsigned char *start = coder->cursor.at;
    if (!avro_shape_skip(from, &coder->cursor, coder->budget))
        return damaged(coder);
    buffer_append(coder->out, start, (size_t)(coder->cursor.at - start));
    return true;
}

/* --- records ------------------------------------------------------------------------------ */

static const struct avro_override *override_of(const struct transcoder *coder,
                                               const struct avro_child *field)
{
    for (size_t i = 0; i < coder->job->override_count; i++) {
        const struct avro_override *override = &coder->job->overrides[i];
        if (field->field_id == override->field_id ||
            (field->field_id == AVRO_NO_ID && slice_equals_string(field->name, override->name)))
            return override;
    }
    return NULL;
}

static int field_find(const struct avro_shape *record, const struct avro_child *field)
{
    for (size_t i = 0; i < record->child_count; i++) {
        const struct avro_child *other = &record->children[i];
        bool has_ids = field->field_id != AVRO_NO_ID && other->field_id != AVRO_NO_ID;
        if (has_ids ? field->field_id == other->field_id : slice_equals(field->name, other->name))
            return (int)i;
    }
    return -1;
}

/* Where each field of the source begins; the cursor is behind the record afterwards. */
static bool fields_locate(struct transcoder *coder, const struct avro_shape *from,
                          struct avro_cursor *ret_fields)
{
    if (from->child_count > MAX_RECORD_FIELDS)
        return no_place(coder, "so many fields");
    for (size_t i = 0; i < from->child_count; i++) {
        ret_fields[i] = coder->cursor;
        if (!avro_shape_skip(from->children[i].type, &coder->cursor, coder->budget))
            return damaged(coder);
        ret_fields[i].end = coder->cursor.at;
    }
    return true;
}

static bool field_write(struct transcoder *coder, const struct avro_shape *from,
                        const struct avro_cursor *fields, const struct avro_child *target)
{
    int source = field_find(from, target);
    struct avro_cursor behind = coder->cursor;
    if (source < 0)
        return avro_put_null(coder->out, target->type) || no_place(coder, "a missing value");
    coder->cursor = fields[source];
    bool ok = value_write(coder, from->children[source].type, target->type);
    coder->cursor = behind;
    return ok || error_prefix(coder->err, "%.*s", SLICE_ARG(target->name));
}

static bool is_null(const struct avro_shape *shape, struct avro_cursor cursor)
{
    int64_t branch = 0;
    if (shape->kind == AVRO_KIND_UNION && avro_cursor_long(&cursor, &branch) && branch >= 0 &&
        (uint64_t)branch < shape->child_count)
        shape = shape->children[branch].type;
    return shape->kind == AVRO_KIND_NULL;
}

static bool nothing_is_lost(struct transcoder *coder, const struct avro_shape *from,
                            const struct avro_cursor *fields, const struct avro_shape *to)
{
    for (size_t i = 0; i < from->child_count; i++)
        if (field_find(to, &from->children[i]) < 0 && !is_null(from->children[i].type, fields[i]))
            return error_set(coder->err, ERROR_VALIDATION,
                             "the other Avro schema has no place for %.*s",
                             SLICE_ARG(from->children[i].name));
    return true;
}

static bool record_write(struct transcoder *coder, const struct avro_shape *from,
                         const struct avro_shape *to, bool is_outermost)
{
    struct avro_cursor fields[MAX_RECORD_FIELDS];
    TRY(fields_locate(coder, from, fields));
    TRY(nothing_is_lost(coder, from, fields, to));
    for (size_t i = 0; i < to->child_count; i++) {
        const struct avro_child *target = &to->children[i];
        const struct avro_override *override = is_outermost ? override_of(coder, target) : NULL;
        if (!override)
            TRY(field_write(coder, from, fields, target));
        else if (!avro_put_number(coder->out, target->type, override->value))
            return no_place(coder, override->name);
    }
    return true;
}

/* --- the other types ---------------------------------------------------------------------- */

static bool items_write(struct transcoder *coder, const struct avro_shape *from,
                        const struct avro_shape *to)
{
    size_t count = 0;
    do {
        if (!avro_cursor_count(&coder->cursor, &count))
            return damaged(coder);
        avro_put_long(coder->out, (int64_t)count);
        for (size_t i = 0; i < count; i++) {
            struct slice key = SLICE_EMPTY;
            if (from->kind == AVRO_KIND_MAP) {
                if (!avro_cursor_bytes(&coder->cursor, &key))
                    return damaged(coder);
                avro_put_bytes(coder->out, key);
            }
            TRY(value_write(coder, from->children[0].type, to->children[0].type));
        }
    } while (count > 0);
    return true;
}

/* The branch of a union that takes the type; the type itself where there is no union. */
static const struct avro_shape *branch_for(struct transcoder *coder, const struct avro_shape *from,
                                           const struct avro_shape *to)
{
    if (to->kind != AVRO_KIND_UNION)
        return to;
    for (size_t i = 0; i < to->child_count; i++) {
        if (!is_alike(from, to->children[i].type))
            continue;
        avro_put_long(coder->out, (int64_t)i);
        return to->children[i].type;
    }
    return NULL;
}

static bool value_write(struct transcoder *coder, const struct avro_shape *from,
                        const struct avro_shape *to)
{
    if (from->kind == AVRO_KIND_UNION) {
        int64_t branch = 0;
        if (!avro_cursor_long(&coder->cursor, &branch) || branch < 0 ||
            (uint64_t)branch >= from->child_count)
            return damaged(coder);
        from = from->children[branch].type;
    }
    to = branch_for(coder, from, to);
    if (to == NULL || !is_alike(from, to))
        return no_place(coder, "its type");
    if (is_plain(from))
        return plain_copy(coder, from);
    if (from->kind == AVRO_KIND_RECORD)
        return record_write(coder, from, to, false);
    return from->kind == AVRO_KIND_UNION ? no_place(coder, "a union in a union")
                                         : items_write(coder, from, to);
}

bool avro_transcode(const struct avro_transcoding *transcoding, struct avro_cursor *cursor,
                    uint64_t *budget, struct buffer *out, struct error *err)
{
    struct transcoder coder = {
        .job = transcoding, .cursor = *cursor, .budget = budget, .out = out, .err = err};
    TRY(record_write(&coder, transcoding->from, transcoding->to, true));
    *cursor = coder.cursor;
    return true;
}
