/* Schemas are written as JSON text; values are made by a walk over what was read back of it. */
#include "tests/unit/scan/manifest_random.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/json_tree.h"
#include "base/limits.h"
#include "iceberg/avro_shape.h"

#define SYNC SLICE_LITERAL("0123456789abcdef")
#define LENGTH(array) (sizeof(array) / sizeof((array)[0]))

uint64_t chance_next(struct chance *chance)
{
    uint64_t z = chance->state += UINT64_C(0x9E3779B97F4A7C15);
    z = (z ^ (z >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94D049BB133111EB);
    return z ^ (z >> 31);
}

size_t chance_below(struct chance *chance, size_t bound)
{
    return (size_t)(chance_next(chance) % bound);
}

bool chance_once_in(struct chance *chance, size_t n)
{
    return chance_below(chance, n) == 0;
}

void avro_append_long(struct buffer *out, int64_t value)
{
    uint64_t bits = ((uint64_t)value << 1) ^ (uint64_t)(value >> 63);
    for (; bits >= 0x80; bits >>= 7)
        buffer_append_byte(out, (char)(bits | 0x80));
    buffer_append_byte(out, (char)bits);
}

void avro_append_bytes(struct buffer *out, struct slice bytes)
{
    avro_append_long(out, (int64_t)bytes.len);
    buffer_append_slice(out, bytes);
}

static void header_append(struct buffer *out, struct slice schema)
{
    buffer_append_slice(out, SLICE_LITERAL("Obj\x01"));
    avro_append_long(out, 1);
    avro_append_bytes(out, SLICE_LITERAL("avro.schema"));
    avro_append_bytes(out, schema);
    avro_append_long(out, 0);
    buffer_append_slice(out, SYNC);
}

static void block_append(struct buffer *out, int64_t count, struct slice entries)
{
    avro_append_long(out, count);
    avro_append_bytes(out, entries);
    buffer_append_slice(out, SYNC);
}

void manifest_file_make(struct buffer *out, struct slice schema, int64_t count,
                        struct slice entries)
{
    header_append(out, schema);
    block_append(out, count, entries);
}

/* --- schemas ---------------------------------------------------------------------------------- */

struct writer {
    struct chance *chance;
    struct buffer *out;
    bool has_ids;
    int serial; /* for the names of types */
};

enum wanted {
    WANTED_INT,
    WANTED_LONG,
    WANTED_STRING,
    WANTED_BYTES,
    WANTED_LONGS,
    WANTED_LONG_MAP,
    WANTED_BYTES_MAP
};

struct wanted_field {
    int id;
    const char *name;
    enum wanted type;
    int key_id;
    int value_id;
};

static const struct wanted_field FILE_FIELDS[] = {
    {134, "content", WANTED_INT, 0, 0},
    {101, "file_format", WANTED_STRING, 0, 0},
    {103, "record_count", WANTED_LONG, 0, 0},
    {104, "file_size_in_bytes", WANTED_LONG, 0, 0},
    {108, "column_sizes", WANTED_LONG_MAP, 117, 118},
    {109, "value_counts", WANTED_LONG_MAP, 119, 120},
    {110, "null_value_counts", WANTED_LONG_MAP, 121, 122},
    {137, "nan_value_counts", WANTED_LONG_MAP, 138, 139},
    {125, "lower_bounds", WANTED_BYTES_MAP, 126, 127},
    {128, "upper_bounds", WANTED_BYTES_MAP, 129, 130},
    {131, "key_metadata", WANTED_BYTES, 0, 0},
    {132, "split_offsets", WANTED_LONGS, 0, 0},
    {135, "equality_ids", WANTED_LONGS, 0, 0},
    {140, "sort_order_id", WANTED_INT, 0, 0},
    {142, "first_row_id", WANTED_LONG, 0, 0},
    {143, "referenced_data_file", WANTED_STRING, 0, 0},
    {144, "content_offset", WANTED_LONG, 0, 0},
    {145, "content_size_in_bytes", WANTED_LONG, 0, 0},
    {100, "file_path", WANTED_STRING, 0, 0},
};

static bool is_required(int id)
{
    return id == 0 || id == 2 || id == 100 || id == 101 || id == 103 || id == 104;
}

static void field_open(struct writer *writer, int id, const char *name)
{
    buffer_printf(writer->out, "{\"name\":\"%s\",", name);
    if (writer->has_ids && id >= 0)
        buffer_printf(writer->out, "\"field-id\":%d,", id);
    buffer_append_string(writer->out, "\"type\":");
}

/* A type, alone or in a union: with null on either side, alone, or twice. */
static void union_write(struct writer *writer, const char *type, const char *other)
{
    static const char *const FORMS[] = {
        "%s", "%s", "[\"null\",%s]", "[\"null\",%s]", "[%s,\"null\"]", "[%s]"};
    if (other && chance_once_in(writer->chance, 8)) {
        buffer_printf(writer->out, "[%s,\"null\",%s]", other, type);
        return;
    }
    switch (chance_below(writer->chance, LENGTH(FORMS))) {
    case 2:
    case 3:
        buffer_printf(writer->out, "[\"null\",%s]", type);
        break;
    case 4:
        buffer_printf(writer->out, "[%s,\"null\"]", type);
        break;
    case 5:
        buffer_printf(writer->out, "[%s]", type);
        break;
    default:
        buffer_append_string(writer->out, type);
    }
}

static const char *number_type(struct writer *writer)
{
    return chance_once_in(writer->chance, 2) ? "\"long\"" : "\"int\"";
}

/* Types of fields that no reader asks for; nested up to `depth`. */
static void other_type_write(struct writer *writer, int depth)
{
    static const char *const PLAIN[] = {"\"null\"",  "\"boolean\"", "\"int\"",   "\"long\"",
                                        "\"float\"", "\"double\"",  "\"bytes\"", "\"string\""};
    size_t kind = chance_below(writer->chance, depth > 0 ? 14 : 10);
    int serial = writer->serial++;
    if (kind < LENGTH(PLAIN)) {
        buffer_append_string(writer->out, PLAIN[kind]);
    } else if (kind == 8) {
        buffer_printf(writer->out, "{\"type\":\"fixed\",\"name\":\"f%d\",\"size\":%d}", serial,
                      1 + (int)chance_below(writer->chance, 20));
    } else if (kind == 9) {
        buffer_printf(writer->out, "{\"type\":\"enum\",\"name\":\"e%d\",\"symbols\":[\"a\",\"b\"]}",
                      serial);
    } else if (kind == 10 || kind == 11) {
        buffer_append_string(writer->out, kind == 10 ? "{\"type\":\"array\",\"items\":"
                                                     : "{\"type\":\"map\",\"values\":");
        other_type_write(writer, depth - 1);
        buffer_append_byte(writer->out, '}');
    } else if (kind == 12) {
        buffer_printf(writer->out, "{\"type\":\"record\",\"name\":\"rec%d\",\"fields\":[", serial);
        for (size_t i = 0; i < 1 + (size_t)serial % 3; i++) {
            buffer_printf(writer->out, "%s{\"name\":\"x%zu\",\"type\":", i > 0 ? "," : "", i);
            other_type_write(writer, depth - 1);
            buffer_append_byte(writer->out, '}');
        }
        buffer_append_string(writer->out, "]}");
    } else {
        buffer_append_string(writer->out, "[\"null\",{\"type\":\"array\",\"items\":");
        other_type_write(writer, depth - 1);
        buffer_append_string(writer->out, "}]");
    }
}

static void other_field_write(struct writer *writer)
{
    char name[32];
    snprintf(name, sizeof(name), "other%d", writer->serial++);
    field_open(writer, 5000 + writer->serial, name);
    other_type_write(writer, 3);
    buffer_append_byte(writer->out, '}');
}

static void map_write(struct writer *writer, const struct wanted_field *field)
{
    char type[1024], value[64], key[128], extra[64] = "";
    bool is_bytes = field->type == WANTED_BYTES_MAP;
    const char *plain = is_bytes ? "\"bytes\"" : number_type(writer);
    if (chance_once_in(writer->chance, 5)) {
        snprintf(type, sizeof(type), "{\"type\":\"map\",\"values\":%s%s%s}",
                 chance_once_in(writer->chance, 2) ? "[\"null\"," : "[", plain, "]");
        union_write(writer, type, NULL);
        return;
    }
    bool is_optional = chance_once_in(writer->chance, 5);
    snprintf(value, sizeof(value), "%s%s%s", is_optional ? "[\"null\"," : "", plain,
             is_optional ? "]" : "");
    if (chance_once_in(writer->chance, 5))
        snprintf(extra, sizeof(extra), "{\"name\":\"more\",\"type\":%s},",
                 chance_once_in(writer->chance, 2) ? "\"string\""
                                                   : "{\"type\":\"map\",\"values\":\"int\"}");
    snprintf(key, sizeof(key), writer->has_ids ? "\"field-id\":%d," : "", field->key_id);
    char key_field[256], value_field[256], value_id[64];
    snprintf(value_id, sizeof(value_id), writer->has_ids ? "\"field-id\":%d," : "",
             field->value_id);
    snprintf(key_field, sizeof(key_field), "{\"name\":\"key\",%s\"type\":%s}", key,
             number_type(writer));
    snprintf(value_field, sizeof(value_field), "{\"name\":\"value\",%s\"type\":%s}", value_id,
             value);
    bool is_turned = chance_once_in(writer->chance, 5);
    snprintf(type, sizeof(type),
             "{\"type\":\"array\",\"logicalType\":\"map\",\"items\":{\"type\":\"record\","
             "\"name\":\"m%d\",\"fields\":[%s,%s%s]}}",
             writer->serial++, is_turned ? value_field : key_field, extra,
             is_turned ? key_field : value_field);
    union_write(writer, type, NULL);
}

static void wanted_write(struct writer *writer, const struct wanted_field *field)
{
    char type[128];
    field_open(writer, field->id, field->name);
    switch (field->type) {
    case WANTED_INT:
    case WANTED_LONG: {
        const char *number = number_type(writer);
        union_write(writer, number, strcmp(number, "\"int\"") == 0 ? "\"long\"" : "\"int\"");
        break;
    }
    case WANTED_STRING:
        union_write(writer, "\"string\"", NULL);
        break;
    case WANTED_BYTES:
        union_write(writer, "\"bytes\"", NULL);
        break;
    case WANTED_LONGS:
        snprintf(type, sizeof(type), "{\"type\":\"array\",\"items\":%s%s%s}",
                 chance_once_in(writer->chance, 4) ? "[\"null\"," : "[", number_type(writer), "]");
        if (chance_once_in(writer->chance, 2))
            snprintf(type, sizeof(type), "{\"type\":\"array\",\"items\":%s}", number_type(writer));
        union_write(writer, type, NULL);
        break;
    case WANTED_LONG_MAP:
    case WANTED_BYTES_MAP:
        map_write(writer, field);
        break;
    }
    buffer_append_byte(writer->out, '}');
}

static void partition_write(struct writer *writer)
{
    char type[128];
    field_open(writer, 102, "partition");
    bool is_optional = chance_once_in(writer->chance, 4);
    buffer_printf(writer->out, "%s{\"type\":\"record\",\"name\":\"r102\",\"fields\":[",
                  is_optional ? "[\"null\"," : "");
    for (int i = 0, count = (int)chance_below(writer->chance, 5); i < count; i++) {
        static const char *const TYPES[] = {
            "\"int\"",   "\"long\"",   "\"boolean\"",
            "\"float\"", "\"double\"", "\"bytes\"",
            "\"null\"",  "\"string\"", "{\"type\":\"int\",\"logicalType\":\"date\"}"};
        char name[32];
        snprintf(name, sizeof(name), "p%d", i);
        if (i > 0)
            buffer_append_byte(writer->out, ',');
        field_open(writer, 1000 + i, name);
        size_t kind = chance_below(writer->chance, LENGTH(TYPES) + 2);
        if (kind < LENGTH(TYPES))
            snprintf(type, sizeof(type), "%s", TYPES[kind]);
        else
            snprintf(type, sizeof(type), "{\"type\":\"fixed\",\"name\":\"fix%d\",\"size\":%d%s}",
                     writer->serial++, 1 + (int)chance_below(writer->chance, 16),
                     kind == LENGTH(TYPES) ? "" : ",\"logicalType\":\"decimal\"");
        if (kind == 6)
            buffer_append_string(writer->out, type);
        else
            union_write(writer, type, NULL);
        buffer_append_byte(writer->out, '}');
    }
    buffer_printf(writer->out, "]}%s}", is_optional ? "]" : "");
}

/* The order of `count` things. */
static void shuffle(struct chance *chance, size_t *order, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        size_t other = chance_below(chance, i + 1);
        order[i] = order[other];
        order[other] = i;
    }
}

static void data_file_write(struct writer *writer)
{
    size_t order[LENGTH(FILE_FIELDS) + 1];
    const char *separator = "";
    shuffle(writer->chance, order, LENGTH(order));
    field_open(writer, 2, "data_file");
    bool is_optional = chance_once_in(writer->chance, 4);
    buffer_printf(writer->out, "%s{\"type\":\"record\",\"name\":\"r2\",\"fields\":[",
                  is_optional ? "[" : "");
    for (size_t i = 0; i < LENGTH(order); i++) {
        const struct wanted_field *field = &FILE_FIELDS[order[i] % LENGTH(FILE_FIELDS)];
        bool is_partition = order[i] == LENGTH(FILE_FIELDS);
        if ((is_partition || !is_required(field->id)) && chance_once_in(writer->chance, 6))
            continue;
        buffer_append_string(writer->out, separator);
        separator = ",";
        if (is_partition)
            partition_write(writer);
        else
            wanted_write(writer, field);
        if (chance_once_in(writer->chance, 6)) {
            buffer_append_byte(writer->out, ',');
            other_field_write(writer);
        }
    }
    buffer_printf(writer->out, "]}%s}", is_optional ? ",\"null\"]" : "");
}

static void entry_write(struct writer *writer)
{
    static const struct wanted_field FIELDS[] = {{0, "status", WANTED_INT, 0, 0},
                                                 {1, "snapshot_id", WANTED_LONG, 0, 0},
                                                 {3, "sequence_number", WANTED_LONG, 0, 0},
                                                 {4, "file_sequence_number", WANTED_LONG, 0, 0}};
    size_t order[LENGTH(FIELDS) + 1];
    const char *separator = "";
    shuffle(writer->chance, order, LENGTH(order));
    buffer_append_string(writer->out,
                         "{\"type\":\"record\",\"name\":\"manifest_entry\",\"fields\":[");
    for (size_t i = 0; i < LENGTH(order); i++) {
        if (order[i] > 0 && order[i] < LENGTH(FIELDS) && chance_once_in(writer->chance, 6))
            continue;
        buffer_append_string(writer->out, separator);
        separator = ",";
        if (order[i] == LENGTH(FIELDS))
            data_file_write(writer);
        else
            wanted_write(writer, &FIELDS[order[i]]);
    }
    buffer_append_string(writer->out, "]}");
}

/* --- values ----------------------------------------------------------------------------------- */

static void value_append(struct chance *chance, const struct avro_shape *shape,
                         const struct avro_child *field, struct buffer *out);

static bool field_is(const struct avro_child *field, int32_t id, const char *name)
{
    return field && (field->field_id == id ||
                     (field->field_id == AVRO_NO_ID && slice_equals_string(field->name, name)));
}

static bool is_key(const struct avro_child *field)
{
    return field && slice_equals_string(field->name, "key");
}

static int64_t random_number(struct chance *chance, bool is_int)
{
    int64_t value = (int64_t)(chance_next(chance) >> chance_below(chance, 64));
    if (chance_once_in(chance, 3))
        value = -value;
    return is_int ? (int32_t)value : value;
}

static int64_t random_field_id(struct chance *chance)
{
    static const int64_t RARE[] = {0, 63, 64, 511, 512, 70000, 2147483546};
    if (chance_once_in(chance, 4))
        return RARE[chance_below(chance, LENGTH(RARE))];
    return 1 + (int64_t)chance_below(chance, 12);
}

static void number_append(struct chance *chance, const struct avro_shape *shape,
                          const struct avro_child *field, struct buffer *out)
{
    int64_t value = random_number(chance, shape->kind == AVRO_KIND_INT);
    if (field_is(field, 0, "status") || field_is(field, 134, "content"))
        value = (int64_t)chance_below(chance, 3);
    else if (is_key(field))
        value = random_field_id(chance);
    avro_append_long(out, value);
}

static void text_append(struct chance *chance, const struct avro_child *field, struct buffer *out)
{
    static const char *const FORMATS[] = {"PARQUET", "parquet", "AVRO", "Orc", "puffin"};
    static const char *const WORDS[] = {"s3://bucket/data/", "file:/x/", "a", "0-1", "é", "漢字",
                                        ".parquet",          "part="};
    char text[256];
    size_t len = 0;
    if (field_is(field, 101, "file_format")) {
        avro_append_bytes(out, slice_from_string(FORMATS[chance_below(chance, LENGTH(FORMATS))]));
        return;
    }
    if (field_is(field, 100, "file_path"))
        len = (size_t)snprintf(text, sizeof(text), "s3://bücket/data/");
    for (size_t i = chance_below(chance, 6); i > 0; i--)
        len += (size_t)snprintf(text + len, sizeof(text) - len, "%s",
                                WORDS[chance_below(chance, LENGTH(WORDS))]);
    avro_append_bytes(out, slice_make(text, len));
}

static void random_bytes(struct chance *chance, size_t size, struct buffer *out)
{
    for (; size > 0; size--)
        buffer_append_byte(out, (char)(chance_once_in(chance, 3) ? 0 : chance_next(chance)));
}

static void union_append(struct chance *chance, const struct avro_shape *shape,
                         const struct avro_child *field, struct buffer *out)
{
    size_t branch = chance_below(chance, shape->child_count);
    bool needs_value = false;
    static const struct wanted_field REQUIRED[] = {{0, "status", 0, 0, 0},
                                                   {2, "data_file", 0, 0, 0},
                                                   {100, "file_path", 0, 0, 0},
                                                   {101, "file_format", 0, 0, 0},
                                                   {103, "record_count", 0, 0, 0},
                                                   {104, "file_size_in_bytes", 0, 0, 0}};
    for (size_t i = 0; i < LENGTH(REQUIRED); i++)
        needs_value |= field_is(field, REQUIRED[i].id, REQUIRED[i].name);
    while (needs_value && shape->children[branch].type->kind == AVRO_KIND_NULL)
        branch = (branch + 1) % shape->child_count;
    avro_append_long(out, (int64_t)branch);
    value_append(chance, shape->children[branch].type, field, out);
}

/* Text keys are each once: avro-c would give one value for all. */
static void item_append(struct chance *chance, const struct avro_shape *shape, size_t place,
                        struct buffer *out)
{
    char key[32];
    if (shape->kind == AVRO_KIND_MAP) {
        snprintf(key, sizeof(key), chance_once_in(chance, 6) ? "key%zu" : "%zu", place);
        avro_append_bytes(out, slice_from_string(key));
    }
    value_append(chance, shape->children[0].type, NULL, out);
}

static void items_append(struct chance *chance, const struct avro_shape *shape, struct buffer *out)
{
    size_t place = 0;
    for (size_t blocks = chance_below(chance, 3); blocks > 0; blocks--) {
        struct buffer block;
        size_t count = 1 + chance_below(chance, chance_once_in(chance, 10) ? 80 : 8);
        /* The existing reader counts on an item to take a byte. */
        buffer_init(&block, MIB);
        for (size_t i = 0; i < count; i++)
            item_append(chance, shape, place++, &block);
        if (block.len < count)
            count = 0;
        if (count > 0 && chance_once_in(chance, 3)) {
            avro_append_long(out, -(int64_t)count);
            avro_append_long(out, (int64_t)block.len);
        } else if (count > 0) {
            avro_append_long(out, (int64_t)count);
        }
        if (count > 0)
            buffer_append_slice(out, buffer_slice(&block));
        buffer_finish(&block);
    }
    avro_append_long(out, 0);
}

static void real_append(struct chance *chance, bool is_float, struct buffer *out)
{
    static const double VALUES[] = {0.0, -0.0, 1.5, -2.25, 1e300, 3.0};
    double wide = VALUES[chance_below(chance, LENGTH(VALUES))];
    float narrow = wide > 1e30 ? __builtin_nanf("1") : (float)wide;
    if (is_float)
        buffer_append(out, &narrow, sizeof(narrow));
    else
        buffer_append(out, &wide, sizeof(wide));
}

static void value_append(struct chance *chance, const struct avro_shape *shape,
                         const struct avro_child *field, struct buffer *out)
{
    switch (shape->kind) {
    case AVRO_KIND_NULL:
        break;
    case AVRO_KIND_BOOLEAN:
        buffer_append_byte(out, (char)chance_below(chance, 2));
        break;
    case AVRO_KIND_INT:
    case AVRO_KIND_LONG:
        number_append(chance, shape, field, out);
        break;
    case AVRO_KIND_FLOAT:
    case AVRO_KIND_DOUBLE:
        real_append(chance, shape->kind == AVRO_KIND_FLOAT, out);
        break;
    case AVRO_KIND_STRING:
        text_append(chance, field, out);
        break;
    case AVRO_KIND_BYTES: {
        size_t size = chance_below(chance, chance_once_in(chance, 20) ? 300 : 20);
        avro_append_long(out, (int64_t)size);
        random_bytes(chance, size, out);
        break;
    }
    case AVRO_KIND_FIXED:
        random_bytes(chance, (size_t)shape->size, out);
        break;
    case AVRO_KIND_ENUM:
        avro_append_long(out, (int64_t)chance_below(chance, (size_t)shape->size));
        break;
    case AVRO_KIND_ARRAY:
    case AVRO_KIND_MAP:
        items_append(chance, shape, out);
        break;
    case AVRO_KIND_UNION:
        union_append(chance, shape, field, out);
        break;
    case AVRO_KIND_RECORD:
        for (size_t i = 0; i < shape->child_count; i++)
            value_append(chance, shape->children[i].type, &shape->children[i], out);
        break;
    }
}

static void blocks_append(struct chance *chance, const struct avro_shape *shape, struct buffer *out)
{
    for (size_t blocks = chance_below(chance, 4); blocks > 0; blocks--) {
        struct buffer entries;
        size_t count = 1 + chance_below(chance, chance_once_in(chance, 20) ? 200 : 12);
        buffer_init(&entries, 16 * MIB);
        for (size_t i = 0; i < count; i++)
            value_append(chance, shape, NULL, &entries);
        block_append(out, (int64_t)count, buffer_slice(&entries));
        buffer_finish(&entries);
    }
}

void manifest_random_file(struct chance *chance, struct buffer *out)
{
    struct buffer schema;
    struct arena arena;
    struct error err = {.kind = ERROR_NONE};
    const struct avro_shape *shape = NULL;
    json_auto_t *json = NULL;
    buffer_init(&schema, MIB);
    arena_init(&arena, 16 * MIB);
    struct writer writer = {chance, &schema, !chance_once_in(chance, 8), 0};
    entry_write(&writer);
    bool ok = json_tree_parse(buffer_slice(&schema), "schema", &json, &err) &&
              avro_shape_parse(json, &arena, &shape, &err);
    if (!ok)
        fprintf(stderr, "%s\n%.*s\n", err.message, (int)schema.len, schema.ptr);
    assert(ok);
    header_append(out, buffer_slice(&schema));
    blocks_append(chance, shape, out);
    arena_finish(&arena);
    buffer_finish(&schema);
}
