#include "server/options.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>

#include "base/buffer.h"
#include "base/json_tree.h"
#include "base/limits.h"

enum option_type {
    TYPE_TEXT,
    TYPE_FLAG,
    TYPE_COUNT,
    TYPE_SIZE,
    TYPE_LIST,
    TYPE_LEVEL,
    TYPE_FORMAT
};

static const struct {
    const char *name;
    enum option_type type;
    const char *fallback;
    const char *help;
} TABLE[OPTION_COUNT] = {
#define X(enumerator, name, type, fallback, help) \
    [enumerator] = {name, TYPE_##type, fallback, help},
    OPTIONS(X) COMMAND_OPTIONS(X)
#undef X
};

static const struct option_command SERVE = {"serve", NULL, NULL};

/* All texts of all options. */
#define MAX_OPTIONS_SIZE (4 * MIB)
#define MAX_CONFIG_SIZE (1 * MIB)
/* Counts above are typing errors: seconds, connections. */
#define MAX_COUNT 1000000
/* Threads each take a stack, and more than a few for each core only wait for each other. */
#define MAX_THREADS 1024

/* Which option was given where, so that a later source does not overwrite a stronger one. */
struct loading {
    const struct option_command *command;
    struct options *options;
    bool is_set[OPTION_COUNT];
};

/* --- names ---------------------------------------------------------------------------------- */

static bool takes(const struct option_command *command, enum option_id id)
{
    if (command->options == NULL)
        return id < SERVE_OPTION_COUNT;
    for (const enum option_id *option = command->options; *option != OPTION_COUNT; option++)
        if (*option == id)
            return true;
    return false;
}

static bool find_name(const struct option_command *command, struct slice name,
                      enum option_id *ret_id)
{
    for (enum option_id id = 0; id < OPTION_COUNT; id++) {
        if (!takes(command, id) || !slice_equals_string(name, TABLE[id].name))
            continue;
        *ret_id = id;
        return true;
    }
    return false;
}

#define MAX_NAME 32

/* Levenshtein distance, for names of at most MAX_NAME. */
static size_t distance(struct slice a, const char *b)
{
    size_t row[MAX_NAME + 1], size = strlen(b);
    for (size_t j = 0; j <= size; j++)
        row[j] = j;
    for (size_t i = 1; i <= a.len; i++) {
        size_t diagonal = row[0];
        row[0] = i;
        for (size_t j = 1; j <= size; j++) {
            size_t change = diagonal + (a.ptr[i - 1] != b[j - 1]);
            size_t gap = (row[j] < row[j - 1] ? row[j] : row[j - 1]) + 1;
            diagonal = row[j];
            row[j] = change < gap ? change : gap;
        }
    }
    return row[size];
}

static enum option_id nearest_id(const struct option_command *command, struct slice name)
{
    enum option_id best = command->options ? command->options[0] : 0;
    struct slice cut = {name.ptr, name.len < MAX_NAME ? name.len : MAX_NAME};
    for (enum option_id id = 0; id < OPTION_COUNT; id++)
        if (takes(command, id) && distance(cut, TABLE[id].name) < distance(cut, TABLE[best].name))
            best = id;
    return best;
}

static bool unknown_name(const struct option_command *command, struct slice name, const char *where,
                         struct error *err)
{
    return error_set(err, ERROR_BAD_REQUEST,
                     "Unknown option '%.*s' %s: did you mean '%s'? firn %s --help lists all",
                     SLICE_ARG(name), where, TABLE[nearest_id(command, name)].name, command->name);
}

/* --- values --------------------------------------------------------------------------------- */

static bool bad_value(enum option_id id, struct slice text, const char *wanted, struct error *err)
{
    return error_set(err, ERROR_BAD_REQUEST, "The option %s is '%.*s': it must be %s",
                     TABLE[id].name, SLICE_ARG(text), wanted);
}

static bool read_flag(enum option_id id, struct slice text, int64_t *ret_number, struct error *err)
{
    bool is_true = slice_equals_string(text, "true") || slice_equals_string(text, "1");
    bool is_false = slice_equals_string(text, "false") || slice_equals_string(text, "0");
    *ret_number = is_true;
    return is_true || is_false || bad_value(id, text, "true or false", err);
}

static bool read_count(enum option_id id, struct slice text, int64_t *ret_number, struct error *err)
{
    char wanted[64];
    int64_t least = strcmp(TABLE[id].fallback, "0") == 0 ? 0 : 1;
    int64_t most = id == OPTION_THREADS || id == OPTION_WORKERS ? MAX_THREADS : MAX_COUNT;
    if (slice_to_int64(text, ret_number) && *ret_number >= least && *ret_number <= most)
        return true;
    snprintf(wanted, sizeof(wanted), "a number from %d to %d", (int)least, (int)most);
    return bad_value(id, text, wanted, err);
}

static bool read_size(enum option_id id, struct slice text, int64_t *ret_number, struct error *err)
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
        return bad_value(id, text, "a size like 1048576, 64KiB, 32MiB or 1GiB", err);
    *ret_number = value * UNITS[unit].factor;
    return true;
}

static bool read_level(enum option_id id, struct slice text, int64_t *ret_number, struct error *err)
{
    enum log_level level;
    if (!log_level_parse(text, &level))
        return bad_value(id, text, "debug, info, warn, error or off", err);
    *ret_number = level;
    return true;
}

static bool read_format(enum option_id id, struct slice text, int64_t *ret_number,
                        struct error *err)
{
    *ret_number = slice_equals_string(text, "json") ? LOG_JSON : LOG_TEXT;
    return *ret_number == LOG_JSON || slice_equals_string(text, "text") ||
           bad_value(id, text, "text or json", err);
}

static bool add_item(struct options *options, enum option_id id, struct slice text,
                     struct error *err)
{
    struct option_value *value = &options->values[id];
    struct slice *items = ARENA_ARRAY(&options->arena, struct slice, value->item_count + 1);
    struct slice copy = arena_slice(&options->arena, text);
    if (items == NULL || copy.ptr == NULL)
        return error_no_memory(err, "the options");
    if (value->item_count > 0)
        memcpy(items, value->items, value->item_count * sizeof(*items));
    items[value->item_count++] = copy;
    value->items = items;
    return true;
}

/* "a,b" as in a variable. */
static bool add_items(struct options *options, enum option_id id, struct slice text,
                      struct error *err)
{
    while (text.len > 0) {
        size_t end = slice_find(text, ',');
        if (end > 0)
            TRY(add_item(options, id, (struct slice){text.ptr, end}, err));
        text = slice_from(text, end + 1);
    }
    return true;
}

static bool set_value(struct options *options, enum option_id id, struct slice text,
                      struct error *err)
{
    struct option_value *value = &options->values[id];
    value->text = arena_slice(&options->arena, text);
    if (value->text.ptr == NULL)
        return error_no_memory(err, "the options");
    switch (TABLE[id].type) {
    case TYPE_FLAG:
        return read_flag(id, text, &value->number, err);
    case TYPE_COUNT:
        return read_count(id, text, &value->number, err);
    case TYPE_SIZE:
        return read_size(id, text, &value->number, err);
    case TYPE_LEVEL:
        return read_level(id, text, &value->number, err);
    case TYPE_FORMAT:
        return read_format(id, text, &value->number, err);
    case TYPE_LIST:
        return add_items(options, id, text, err);
    case TYPE_TEXT:
        break;
    }
    return true;
}

/* --- sources -------------------------------------------------------------------------------- */

struct flags {
    int count;
    char *const *arguments;
    int at;
};

/* The value of the flag that was just read: behind '=', or the next argument. */
static bool flag_value(struct flags *flags, enum option_id id, struct slice behind,
                       struct slice *ret_value, struct error *err)
{
    if (behind.ptr) {
        *ret_value = behind;
        return true;
    }
    if (TABLE[id].type == TYPE_FLAG) {
        *ret_value = SLICE_LITERAL("true");
        return true;
    }
    if (flags->at + 1 >= flags->count)
        return error_set(err, ERROR_BAD_REQUEST, "The option --%s needs a value", TABLE[id].name);
    *ret_value = slice_from_string(flags->arguments[++flags->at]);
    return true;
}

static bool read_operand(struct loading *loading, struct slice text, struct error *err)
{
    struct options *options = loading->options;
    const struct option_command *command = loading->command;
    if (command->operand == NULL)
        return error_set(err, ERROR_BAD_REQUEST,
                         "'%.*s' is no option: they begin with '--', see firn %s --help",
                         SLICE_ARG(text), command->name);
    if (options->operand.ptr)
        return error_set(err, ERROR_BAD_REQUEST, "'%.*s' is one %s too many: see firn %s --help",
                         SLICE_ARG(text), command->operand, command->name);
    options->operand = arena_slice(&options->arena, text);
    return options->operand.ptr != NULL || error_no_memory(err, "the options");
}

static bool read_flag_argument(struct loading *loading, struct flags *flags, struct error *err)
{
    struct slice text = slice_from_string(flags->arguments[flags->at]), value;
    enum option_id id;
    if (!slice_starts_with(text, SLICE_LITERAL("--")))
        return read_operand(loading, text, err);
    text = slice_from(text, 2);
    size_t equals = slice_find(text, '=');
    struct slice name = {text.ptr, equals};
    struct slice behind = {NULL, 0};
    if (equals < text.len)
        behind = slice_from(text, equals + 1);
    if (!find_name(loading->command, name, &id))
        return unknown_name(loading->command, name, "on the command line", err);
    TRY(flag_value(flags, id, behind, &value, err));
    loading->is_set[id] = true;
    if (TABLE[id].type == TYPE_LIST)
        return add_item(loading->options, id, value, err);
    return set_value(loading->options, id, value, err);
}

static bool read_flags(struct loading *loading, struct flags *flags, bool *ret_wants_help,
                       struct error *err)
{
    for (flags->at = 0; flags->at < flags->count; flags->at++) {
        if (strcmp(flags->arguments[flags->at], "--help") == 0 ||
            strcmp(flags->arguments[flags->at], "-h") == 0) {
            *ret_wants_help = true;
            return true;
        }
        TRY(read_flag_argument(loading, flags, err));
    }
    return true;
}

/* "allow-location" is FIRN_ALLOW_LOCATION. */
static void variable_name(enum option_id id, char ret_name[MAX_NAME + 6])
{
    size_t len = strlen(TABLE[id].name);
    memcpy(ret_name, "FIRN_", 5);
    for (size_t i = 0; i < len; i++) {
        char c = TABLE[id].name[i];
        ret_name[5 + i] = c == '-' ? '_' : (char)toupper((unsigned char)c);
    }
    ret_name[5 + len] = '\0';
}

/* "FIRN_LISTN" as an option would be called: "listn". */
static void option_name(struct slice variable, char ret_name[MAX_NAME + 1])
{
    size_t len = variable.len - 5 < MAX_NAME ? variable.len - 5 : MAX_NAME;
    for (size_t i = 0; i < len; i++) {
        char c = variable.ptr[5 + i];
        ret_name[i] = c == '_' ? '-' : (char)tolower((unsigned char)c);
    }
    ret_name[len] = '\0';
}

/* Kubernetes gives every container such variables for a Service that is called "firn". */
static bool is_service_link(struct slice name, struct slice value)
{
    return memmem(name.ptr, name.len, "_SERVICE_", 9) || memmem(name.ptr, name.len, "_PORT_", 6) ||
           slice_starts_with(value, SLICE_LITERAL("tcp://"));
}

bool options_variable_check(const char *entry, struct error *err)
{
    char name[MAX_NAME + 1], nearest[MAX_NAME + 6];
    enum option_id id;
    struct slice text = slice_from_string(entry);
    struct slice variable = {text.ptr, slice_find(text, '=')};
    if (!slice_starts_with(variable, SLICE_LITERAL("FIRN_")) ||
        is_service_link(variable, slice_from(text, variable.len + 1)))
        return true;
    option_name(variable, name);
    if (find_name(&SERVE, slice_from_string(name), &id)) {
        variable_name(id, nearest);
        if (slice_equals_string(variable, nearest))
            return true;
    }
    variable_name(nearest_id(&SERVE, slice_from_string(name)), nearest);
    return error_set(err, ERROR_BAD_REQUEST,
                     "The variable %.*s is no option and does nothing: did you mean %s?",
                     SLICE_ARG(variable), nearest);
}

static bool read_environment(struct loading *loading, environment_fn environment, struct error *err)
{
    for (enum option_id id = 0; id < SERVE_OPTION_COUNT; id++) {
        char name[MAX_NAME + 6];
        variable_name(id, name);
        const char *text = environment(name);
        if (text == NULL || loading->is_set[id])
            continue;
        loading->is_set[id] = true;
        if (!set_value(loading->options, id, slice_from_string(text), err))
            return error_prefix(err, "%s", name);
    }
    return true;
}

static bool set_from_list(struct options *options, enum option_id id, const json_t *value,
                          struct error *err)
{
    size_t i;
    json_t *item;
    json_array_foreach(value, i, item) {
        if (!json_is_string(item))
            return bad_value(id, SLICE_LITERAL("[…]"), "an array of strings", err);
        TRY(add_item(options, id, json_slice(item), err));
    }
    return true;
}

static bool set_from_json(struct options *options, enum option_id id, const json_t *value,
                          struct error *err)
{
    char number[32];
    if (json_is_array(value) && TABLE[id].type == TYPE_LIST)
        return set_from_list(options, id, value, err);
    if (json_is_string(value))
        return set_value(options, id, json_slice(value), err);
    if (json_is_boolean(value))
        return set_value(options, id, slice_from_string(json_is_true(value) ? "true" : "false"),
                         err);
    if (!json_is_integer(value))
        return bad_value(id, SLICE_LITERAL("(JSON)"), "a string, an integer or true/false", err);
    snprintf(number, sizeof(number), "%" JSON_INTEGER_FORMAT, json_integer_value(value));
    return set_value(options, id, slice_from_string(number), err);
}

static bool apply_file(struct loading *loading, json_t *tree, struct error *err)
{
    const char *name;
    json_t *value;
    if (!json_is_object(tree))
        return error_set(err, ERROR_BAD_REQUEST, "it must hold one JSON object");
    json_object_foreach(tree, name, value) {
        enum option_id id;
        if (!find_name(&SERVE, slice_from_string(name), &id) || id == OPTION_CONFIG)
            return unknown_name(&SERVE, slice_from_string(name), "in the file", err);
        if (loading->is_set[id])
            continue;
        loading->is_set[id] = true;
        TRY(set_from_json(loading->options, id, value, err));
    }
    return true;
}

static bool read_text_file(const char *path, struct buffer *out, struct error *err)
{
    char chunk[4096];
    FILE *file = fopen(path, "re");
    if (file == NULL)
        return error_set(err, ERROR_BAD_REQUEST, "cannot be read: %s", strerror(errno));
    for (size_t size = 1; size > 0;) {
        size = fread(chunk, 1, sizeof(chunk), file);
        buffer_append(out, chunk, size);
    }
    bool ok = !ferror(file);
    fclose(file);
    return ok ? buffer_check(out, "the file", err)
              : error_set(err, ERROR_BAD_REQUEST, "cannot be read");
}

static bool read_file(struct loading *loading, struct error *err)
{
    struct slice path = loading->options->values[OPTION_CONFIG].text;
    struct buffer text;
    json_t *tree = NULL;
    if (path.len == 0)
        return true;
    buffer_init(&text, MAX_CONFIG_SIZE);
    bool ok = read_text_file(path.ptr, &text, err) &&
              json_tree_parse(buffer_slice(&text), "options", &tree, err) &&
              apply_file(loading, tree, err);
    json_decref(tree);
    buffer_finish(&text);
    return ok || error_prefix(err, "the configuration file %.*s", SLICE_ARG(path));
}

static bool read_defaults(struct loading *loading, struct error *err)
{
    for (enum option_id id = 0; id < OPTION_COUNT; id++)
        if (!loading->is_set[id])
            TRY(set_value(loading->options, id, slice_from_string(TABLE[id].fallback), err));
    return true;
}

static bool check_operand(const struct loading *loading, struct error *err)
{
    const struct option_command *command = loading->command;
    if (command->operand == NULL || loading->options->operand.ptr)
        return true;
    return error_set(err, ERROR_BAD_REQUEST, "firn %s needs a %s: see firn %s --help",
                     command->name, command->operand, command->name);
}

bool options_load(int count, char *const *arguments, environment_fn environment,
                  struct options *ret_options, bool *ret_wants_help, struct error *err)
{
    return options_load_for(&SERVE, count, arguments, environment, ret_options, ret_wants_help,
                            err);
}

bool options_load_for(const struct option_command *command, int count, char *const *arguments,
                      environment_fn environment, struct options *ret_options, bool *ret_wants_help,
                      struct error *err)
{
    struct options options = {0};
    struct loading loading = {.command = command, .options = &options};
    struct flags flags = {count, arguments, 0};
    bool wants_help = false;
    arena_init(&options.arena, MAX_OPTIONS_SIZE);
    bool ok = read_flags(&loading, &flags, &wants_help, err) &&
              (wants_help ||
               (check_operand(&loading, err) && read_environment(&loading, environment, err) &&
                read_file(&loading, err) && read_defaults(&loading, err)));
    if (!ok) {
        options_finish(&options);
        return false;
    }
    *ret_options = options;
    *ret_wants_help = wants_help;
    return true;
}

void options_finish(struct options *options)
{
    arena_finish(&options->arena);
}

void options_print_help(FILE *out)
{
    options_print_help_for(&SERVE, out);
}

void options_print_help_for(const struct option_command *command, FILE *out)
{
    for (enum option_id id = 0; id < OPTION_COUNT; id++) {
        char name[MAX_NAME + 6];
        if (!takes(command, id))
            continue;
        fprintf(out, "  --%-20s %s\n", TABLE[id].name, TABLE[id].help);
        if (id >= SERVE_OPTION_COUNT)
            continue;
        variable_name(id, name);
        fprintf(out, "  %22s %s%s%s%s\n", "", name, TABLE[id].fallback[0] ? ", default " : "",
                TABLE[id].fallback, TABLE[id].type == TYPE_LIST ? " (comma-separated)" : "");
    }
}
