#include "iceberg/expression_term.h"

#include <locale.h>
#include <stdlib.h>
#include <wctype.h>

#include "base/json_tree.h"
#include "iceberg/json_excerpt.h"
#include "iceberg/transform_apply.h"

/* A transform of a transform is refused; a reference may lie a level or two down. */
#define MAX_TERM_DEPTH 4

static bool refuse(const char *why, const json_t *json, struct error *err)
{
    struct json_excerpt excerpt = json_excerpt(json);
    return error_set(err, ERROR_BAD_REQUEST, "Cannot parse reference: %s: %s", why, excerpt.text);
}

static bool copy_text(struct slice text, struct arena *arena, struct slice *ret_text,
                      struct error *err)
{
    struct slice copy = arena_slice(arena, text);
    if (!copy.ptr)
        return error_no_memory(err, "a filter");
    *ret_text = copy;
    return true;
}

static bool parse_reference(const json_t *json, struct arena *arena, struct expression_term *term,
                            struct error *err)
{
    struct slice name = {NULL, 0};
    if (json_object_get(json, "id")) {
        term->has_id = true;
        return json_get_int32(json, "id", &term->field_id, err);
    }
    TRY(json_opt_string(json, "name", &name, err));
    if (!name.ptr)
        TRY(json_get_string(json, "term", &name, err));
    return copy_text(name, arena, &term->name, err);
}

static bool parse_any(const json_t *json, struct arena *arena, unsigned depth,
                      struct expression_term *term, struct error *err);

static bool set_transform(struct slice text, struct arena *arena, struct expression_term *term,
                          struct error *err)
{
    struct slice copy = SLICE_EMPTY;
    TRY(copy_text(text, arena, &copy, err));
    return transform_parse(copy, &term->transform, err);
}

static bool parse_transform(const json_t *json, struct arena *arena, unsigned depth,
                            struct expression_term *term, struct error *err)
{
    struct slice text = SLICE_EMPTY;
    const json_t *child = json_object_get(json, "term");
    TRY(json_get_string(json, "transform", &text, err));
    TRY(parse_any(child, arena, depth + 1, term, err));
    if (term->transform.kind != TRANSFORM_IDENTITY)
        return refuse("a transform of a transform", json, err);
    return set_transform(text, arena, term, err);
}

/* The name of one of Iceberg's own functions: a string, its one-part identifier, or either with
 * the catalog. */
static bool function_name(const json_t *json, struct slice *ret_name)
{
    if (json_is_object(json)) {
        const json_t *catalog = json_object_get(json, "catalog");
        if (catalog && !json_is_null(catalog) &&
            !(json_is_string(catalog) &&
              slice_equals_string(json_slice(catalog), "iceberg_functions")))
            return false;
        json = json_object_get(json, "identifier");
    }
    if (json_is_array(json) && json_array_size(json) == 1)
        json = json_array_get(json, 0);
    if (!json_is_string(json))
        return false;
    *ret_name = json_slice(json);
    return true;
}

static const json_t *plain_value(const json_t *json)
{
    return json_is_object(json) ? json_object_get(json, "value") : json;
}

/* year(x), bucket(16, x): the transforms as functions. */
static bool parse_apply(const json_t *json, struct arena *arena, unsigned depth,
                        struct expression_term *term, struct error *err)
{
    struct slice name = SLICE_EMPTY, text = SLICE_EMPTY;
    const json_t *arguments = json_object_get(json, "arguments");
    size_t count = json_array_size(arguments);
    if (!function_name(json_object_get(json, "function"), &name) || count < 1 || count > 2)
        return refuse("only the partition transforms are known as functions", json, err);
    TRY(parse_any(json_array_get(arguments, count - 1), arena, depth + 1, term, err));
    if (term->transform.kind != TRANSFORM_IDENTITY)
        return refuse("a transform of a transform", json, err);
    const json_t *parameter = plain_value(json_array_get(arguments, 0));
    if (count == 2 && !json_is_integer(parameter))
        return refuse("the first argument must be an integer", json, err);
    text = count == 1 ? name
                      : arena_printf(arena, "%.*s[%lld]", SLICE_ARG(name),
                                     (long long)json_integer_value(parameter));
    if (!text.ptr)
        return error_no_memory(err, "a filter");
    TRY(set_transform(text, arena, term, err));
    if (term->transform.kind == TRANSFORM_UNKNOWN)
        return refuse("only the partition transforms are known as functions", json, err);
    return true;
}

static bool parse_any(const json_t *json, struct arena *arena, unsigned depth,
                      struct expression_term *term, struct error *err)
{
    struct slice word = SLICE_EMPTY;
    if (depth == MAX_TERM_DEPTH)
        return refuse("nested too deep", json, err);
    if (json_is_string(json))
        return copy_text(json_slice(json), arena, &term->name, err);
    if (!json_is_object(json))
        return refuse("it must be a string or an object", json, err);
    TRY(json_get_string(json, "type", &word, err));
    if (slice_equals_string(word, "reference"))
        return parse_reference(json, arena, term, err);
    if (slice_equals_string(word, "transform"))
        return parse_transform(json, arena, depth, term, err);
    if (slice_equals_string(word, "apply"))
        return parse_apply(json, arena, depth, term, err);
    return refuse("unknown type", json, err);
}

bool expression_term_parse(const json_t *json, struct arena *arena,
                           struct expression_term *ret_term, struct error *err)
{
    struct expression_term term = {.name = SLICE_EMPTY, .transform = {.kind = TRANSFORM_IDENTITY}};
    TRY(parse_any(json, arena, 0, &term, err));
    if (!term.has_id && term.name.len == 0)
        return refuse("the name is empty", json, err);
    *ret_term = term;
    return true;
}

struct folded_name {
    struct slice name; /* lower case */
    const struct schema_field *field;
};

struct expression_names {
    const struct schema *schema;
    struct arena *arena;
    struct folded_name *folded; /* ascending; NULL: case-sensitive */
};

/* The code point at *at, which moves on; bytes that are no UTF-8 stand for themselves. */
static uint32_t take_code_point(struct slice text, size_t *at)
{
    unsigned char first = (unsigned char)text.ptr[(*at)++];
    unsigned more = first >= 0xF0 ? 3 : first >= 0xE0 ? 2 : first >= 0xC0 ? 1 : 0;
    uint32_t point = more == 0 ? first : first & (0x3Fu >> more);
    for (; more > 0 && *at < text.len; more--)
        point = point << 6 | ((unsigned char)text.ptr[(*at)++] & 0x3F);
    return point;
}

static size_t put_code_point(uint32_t point, char *bytes)
{
    if (point < 0x80) {
        bytes[0] = (char)point;
        return 1;
    }
    size_t size = point < 0x800 ? 2 : point < 0x10000 ? 3 : 4;
    for (size_t i = size - 1; i > 0; i--, point >>= 6)
        bytes[i] = (char)(0x80 | (point & 0x3F));
    bytes[0] = (char)((0xF00 >> size & 0xFF) | point);
    return size;
}

/* Lower case, letter by letter, in the locale that needs no files. A letter's other case may take
 * more bytes, four at most. */
static bool fold(struct slice text, locale_t locale, struct arena *arena, struct slice *ret_folded)
{
    char *bytes = arena_alloc(arena, text.len * 4 + 1);
    size_t len = 0;
    if (!bytes)
        return false;
    for (size_t at = 0; at < text.len;) {
        uint32_t point = take_code_point(text, &at);
        bool is_ascii = point < 0x80;
        if (is_ascii && point >= 'A' && point <= 'Z')
            point += 'a' - 'A';
        else if (!is_ascii && locale)
            point = (uint32_t)towlower_l((wint_t)point, locale);
        len += put_code_point(point, bytes + len);
    }
    *ret_folded = slice_make(bytes, len);
    return true;
}

static int compare_folded(const void *a, const void *b)
{
    const struct folded_name *left = a, *right = b;
    return slice_compare(left->name, right->name);
}

static bool fold_names(const struct schema *schema, locale_t locale, struct arena *arena,
                       struct folded_name **ret_folded, struct error *err)
{
    struct folded_name *folded = ARENA_ARRAY(arena, struct folded_name, schema->name_count);
    bool is_done = folded != NULL;
    for (size_t i = 0; is_done && i < schema->name_count; i++) {
        folded[i].field = schema->by_name[i].field;
        is_done = fold(schema->by_name[i].name, locale, arena, &folded[i].name);
    }
    if (!is_done)
        return error_no_memory(err, "a schema's names");
    qsort(folded, schema->name_count, sizeof(*folded), compare_folded);
    *ret_folded = folded;
    return true;
}

bool expression_names_create(const struct schema *schema, bool is_case_sensitive,
                             struct arena *arena, struct expression_names **ret_names,
                             struct error *err)
{
    struct expression_names *names = ARENA_NEW(arena, struct expression_names);
    if (!names)
        return error_no_memory(err, "a schema's names");
    names->schema = schema;
    names->arena = arena;
    if (!is_case_sensitive) {
        locale_t locale = newlocale(LC_CTYPE_MASK, "C.UTF-8", (locale_t)0);
        bool is_done = fold_names(schema, locale, arena, &names->folded, err);
        if (locale)
            freelocale(locale);
        TRY(is_done);
    }
    *ret_names = names;
    return true;
}

static bool fold_one(struct slice name, struct arena *arena, struct slice *ret_folded,
                     struct error *err)
{
    locale_t locale = newlocale(LC_CTYPE_MASK, "C.UTF-8", (locale_t)0);
    bool is_done = fold(name, locale, arena, ret_folded);
    if (locale)
        freelocale(locale);
    return is_done || error_no_memory(err, "a name");
}

/* The first entry that is not less than `name`. */
static size_t lower_bound(const struct expression_names *names, struct slice name)
{
    size_t low = 0, high = names->schema->name_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (slice_compare(names->folded[middle].name, name) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* Two columns whose names differ by case only cannot be told apart. */
static bool find_folded(const struct expression_names *names, struct slice name,
                        const struct schema_field **ret_field, struct error *err)
{
    struct slice key = SLICE_EMPTY;
    const struct schema_field *found = NULL;
    TRY(fold_one(name, names->arena, &key, err));
    for (size_t i = lower_bound(names, key);
         i < names->schema->name_count && slice_equals(names->folded[i].name, key); i++) {
        const struct schema_field *field = names->folded[i].field;
        if (found && found != field)
            return error_set(err, ERROR_BAD_REQUEST,
                             "Column name '%.*s' is ambiguous without case: %.*s and %.*s",
                             SLICE_ARG(name), SLICE_ARG(found->full_name),
                             SLICE_ARG(field->full_name));
        found = field;
    }
    *ret_field = found;
    return true;
}

static bool find_field(const struct expression_term *term, const struct expression_names *names,
                       const struct schema_field **ret_field, struct error *err)
{
    if (term->has_id) {
        *ret_field = schema_find_id(names->schema, term->field_id);
        return *ret_field ||
               error_set(err, ERROR_BAD_REQUEST, "Cannot find a column with id %d in schema %d",
                         term->field_id, names->schema->schema_id);
    }
    if (names->folded)
        TRY(find_folded(names, term->name, ret_field, err));
    else
        *ret_field = schema_find_name(names->schema, term->name);
    return *ret_field || error_set(err, ERROR_BAD_REQUEST, "Cannot find column '%.*s' in schema %d",
                                   SLICE_ARG(term->name), names->schema->schema_id);
}

static bool check_transform(const struct expression_term *term, struct error *err)
{
    char name[JSON_EXCERPT_SIZE], scratch[TRANSFORM_NAME_SIZE];
    enum transform_kind kind = term->transform.kind;
    if (kind == TRANSFORM_IDENTITY ||
        (kind != TRANSFORM_UNKNOWN && transform_accepts(&term->transform, term->source)))
        return true;
    struct slice transform = transform_name_in(&term->transform, scratch);
    type_name_write(term->source, name, sizeof(name));
    return error_set(err, ERROR_BAD_REQUEST,
                     "Cannot bind: %.*s cannot transform %s values from '%.*s'",
                     SLICE_ARG(transform), name, SLICE_ARG(term->name));
}

bool expression_term_bind(const struct expression_term *term, const struct expression_names *names,
                          struct expression_term *ret_term, const struct schema_field **ret_field,
                          struct error *err)
{
    const struct schema_field *field = NULL;
    struct expression_term bound = *term;
    TRY(find_field(term, names, &field, err));
    bound.field_id = field->field->id;
    bound.name = term->has_id ? field->full_name : term->name;
    bound.has_id = false;
    bound.is_nested = schema_find_parent(names->schema, field) != NULL;
    bound.source = field->field->type;
    bound.type = transform_result_type(&bound.transform, bound.source);
    TRY(check_transform(&bound, err));
    *ret_term = bound;
    *ret_field = field;
    return true;
}
