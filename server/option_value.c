#include "server/option_value.h"

#include "base/nearest.h"

/* Counts above are typing errors: seconds, connections. */
#define MAX_COUNT 1000000
/* Threads each take a stack, and more than a few for each core only wait for each other. */
#define MAX_THREADS 1024

bool option_value_refuse(const struct option_row *row, struct slice text, const char *wanted,
                         struct error *err)
{
    return error_set(err, ERROR_BAD_REQUEST, "The option %s is '%.*s': it must be %s", row->name,
                     SLICE_ARG(text), wanted);
}

static bool read_flag(const struct option_row *row, struct slice text, int64_t *ret_number,
                      struct error *err)
{
    bool is_true = slice_equals_string(text, "true") || slice_equals_string(text, "1");
    bool is_false = slice_equals_string(text, "false") || slice_equals_string(text, "0");
    *ret_number = is_true;
    return is_true || is_false || option_value_refuse(row, text, "true or false", err);
}

static bool read_count(const struct option_row *row, struct slice text, int64_t *ret_number,
                       struct error *err)
{
    char wanted[64];
    bool may_be_none = row->type == OPTION_TYPE_NUMBER || strcmp(row->fallback, "0") == 0;
    int64_t least = may_be_none ? 0 : 1;
    int64_t most = row->type == OPTION_TYPE_THREADS ? MAX_THREADS : MAX_COUNT;
    if (slice_to_int64(text, ret_number) && *ret_number >= least && *ret_number <= most)
        return true;
    snprintf(wanted, sizeof(wanted), "a number from %d to %d", (int)least, (int)most);
    return option_value_refuse(row, text, wanted, err);
}

static bool read_size(const struct option_row *row, struct slice text, int64_t *ret_number,
                      struct error *err)
{
    static const struct {
        const char *suffix;
        int64_t factor;
    } UNITS[] = {{"KiB", 1 << 10}, {"MiB", 1 << 20}, {"GiB", 1 << 30}, {"", 1}};
    size_t unit = 0;
    while (!slice_ends_with(text, slice_from_string(UNITS[unit].suffix)))
        unit++;
    struct slice digits = {text.ptr, text.len - strlen(UNITS[unit].suffix)};
    int64_t value = 0;
    if (!slice_to_int64(digits, &value) || value < 0 || value > INT64_MAX / UNITS[unit].factor)
        return option_value_refuse(row, text, "a size like 1048576, 64KiB, 32MiB or 1GiB", err);
    *ret_number = value * UNITS[unit].factor;
    return true;
}

static bool read_choice(const struct option_row *row, struct slice text, int64_t *ret_number,
                        struct error *err)
{
    char wanted[256];
    struct slice rest = slice_from_string(row->value), one;
    for (int64_t i = 0; nearest_next(&rest, &one); i++) {
        if (!slice_equals(one, text))
            continue;
        *ret_number = i;
        return true;
    }
    struct slice near = nearest_of(text, slice_from_string(row->value));
    snprintf(wanted, sizeof(wanted), "one of %s. Did you mean %.*s?", row->value, SLICE_ARG(near));
    return option_value_refuse(row, text, wanted, err);
}

bool option_value_add(struct arena *arena, struct slice text, struct option_value *value,
                      struct error *err)
{
    struct slice *items = ARENA_ARRAY(arena, struct slice, value->item_count + 1);
    struct slice copy = arena_slice(arena, text);
    if (items == NULL || copy.ptr == NULL)
        return error_no_memory(err, "the options");
    if (value->item_count > 0)
        memcpy(items, value->items, value->item_count * sizeof(*items));
    items[value->item_count++] = copy;
    value->items = items;
    return true;
}

/* "a,b" as in a variable. */
static bool add_items(struct arena *arena, struct slice text, struct option_value *value,
                      struct error *err)
{
    while (text.len > 0) {
        size_t end = slice_find(text, ',');
        if (end > 0)
            TRY(option_value_add(arena, slice_make(text.ptr, end), value, err));
        text = slice_from(text, end + 1);
    }
    return true;
}

bool option_value_set(const struct option_row *row, struct arena *arena, struct slice text,
                      struct option_value *value, struct error *err)
{
    value->text = arena_slice(arena, text);
    if (value->text.ptr == NULL)
        return error_no_memory(err, "the options");
    switch (row->type) {
    case OPTION_TYPE_FLAG:
        return read_flag(row, text, &value->number, err);
    case OPTION_TYPE_COUNT:
    case OPTION_TYPE_NUMBER:
    case OPTION_TYPE_THREADS:
        return read_count(row, text, &value->number, err);
    case OPTION_TYPE_SIZE:
        return read_size(row, text, &value->number, err);
    case OPTION_TYPE_CHOICE:
        return read_choice(row, text, &value->number, err);
    case OPTION_TYPE_LIST:
        return add_items(arena, text, value, err);
    case OPTION_TYPE_TEXT:
        break;
    }
    return true;
}
