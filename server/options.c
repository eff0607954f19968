#include "server/options.h"

#include <ctype.h>
#include <errno.h>

#include "base/buffer.h"
#include "base/file_text.h"
#include "base/json_tree.h"
#include "base/limits.h"
#include "base/nearest.h"
#include "server/option_value.h"

const struct option_row option_rows[OPTION_SETTING_COUNT] = {OPTIONS(OPTION_ROW)};

static const unsigned SETTING_IDS[] = {
#define X(enumerator, ...) enumerator,
    OPTIONS(X)
#undef X
        OPTION_END};
const struct option_set option_settings = {.command = "serve",
                                           .rows = option_rows,
                                           .ids = SETTING_IDS};

/* All texts of all options. */
#define MAX_OPTIONS_SIZE (4 * MIB)
#define MAX_CONFIG_SIZE (1 * MIB)

struct loading {
    const struct option_set *set;
    struct options *options;
};

/* --- names ---------------------------------------------------------------------------------- */

static bool find_name(const struct option_set *set, struct slice name, unsigned *ret_id)
{
    for (const unsigned *id = set->ids; *id != OPTION_END; id++) {
        if (!slice_equals_string(name, set->rows[*id].name))
            continue;
        *ret_id = *id;
        return true;
    }
    return false;
}

static const char *nearest_name(const struct option_set *set, struct slice name)
{
    const char *best = set->rows[set->ids[0]].name;
    size_t least = SIZE_MAX;
    for (const unsigned *id = set->ids; *id != OPTION_END; id++) {
        const char *one = set->rows[*id].name;
        size_t cost = nearest_cost(name, slice_from_string(one));
        best = cost < least ? one : best;
        least = cost < least ? cost : least;
    }
    return best;
}

static bool unknown_name(const struct option_set *set, struct slice name, const char *where,
                         struct error *err)
{
    return error_set(err, ERROR_BAD_REQUEST,
                     "Unknown option '%.*s' %s: did you mean '%s'? firn %s --help-all lists all",
                     SLICE_ARG(name), where, nearest_name(set, name), set->command);
}

static bool set_value(struct loading *loading, unsigned id, struct slice text, struct error *err)
{
    struct options *options = loading->options;
    options->values[id].is_given = true;
    return option_value_set(&loading->set->rows[id], &options->arena, text, &options->values[id],
                            err);
}

static bool add_item(struct loading *loading, unsigned id, struct slice text, struct error *err)
{
    struct options *options = loading->options;
    options->values[id].is_given = true;
    return option_value_add(&options->arena, text, &options->values[id], err);
}

/* --- flags ---------------------------------------------------------------------------------- */

struct flags {
    int count;
    char *const *arguments;
    int at;
    bool is_over; /* behind "--" all are operands */
};

/* The value of the flag that was just read: behind '=', or the next argument. */
static bool flag_value(struct flags *flags, const struct option_row *row, struct slice behind,
                       struct slice *ret_value, struct error *err)
{
    if (behind.ptr) {
        *ret_value = behind;
        return true;
    }
    if (row->type == OPTION_TYPE_FLAG) {
        *ret_value = SLICE_LITERAL("true");
        return true;
    }
    if (flags->at + 1 >= flags->count)
        return error_set(err, ERROR_BAD_REQUEST, "The option --%s needs a value: %s", row->name,
                         row->value);
    *ret_value = slice_from_string(flags->arguments[++flags->at]);
    return true;
}

/* Takes the first word off "FROM TO". */
static struct slice next_operand(struct slice *rest)
{
    size_t end = slice_find(*rest, ' ');
    struct slice name = slice_make(rest->ptr, end);
    *rest = slice_from(*rest, end + 1);
    return name;
}

static bool check_choice(const struct option_set *set, struct slice text, struct error *err)
{
    struct slice rest = slice_from_string(set->choices), one;
    while (nearest_next(&rest, &one))
        if (slice_equals(one, text))
            return true;
    struct slice near = nearest_of(text, slice_from_string(set->choices));
    return error_set(err, ERROR_BAD_REQUEST,
                     "firn %s does not know '%.*s': it must be one of %s. Did you mean %.*s?",
                     set->command, SLICE_ARG(text), set->choices, SLICE_ARG(near));
}

static bool read_operand(struct loading *loading, struct slice text, struct error *err)
{
    struct slice rest = slice_from_string(loading->set->operands);
    struct options *options = loading->options;
    size_t at = 0;
    while (at < OPERAND_MAX && options->operands[at].ptr)
        at++;
    for (size_t i = 0; i < at; i++)
        (void)next_operand(&rest);
    if (loading->set->operands == NULL)
        return error_set(err, ERROR_BAD_REQUEST,
                         "'%.*s' is no option: they begin with '--', see firn %s --help",
                         SLICE_ARG(text), loading->set->command);
    if (rest.len == 0)
        return error_set(err, ERROR_BAD_REQUEST, "'%.*s' is one %s too many: see firn %s --help",
                         SLICE_ARG(text), loading->set->operands, loading->set->command);
    if (at == 0 && loading->set->choices)
        TRY(check_choice(loading->set, text, err));
    options->operands[at] = arena_slice(&options->arena, text);
    return options->operands[at].ptr != NULL || error_no_memory(err, "the options");
}

static bool read_flag_argument(struct loading *loading, struct flags *flags, struct error *err)
{
    struct slice text = slice_from_string(flags->arguments[flags->at]), value;
    unsigned id;
    if (flags->is_over || !slice_starts_with(text, SLICE_LITERAL("--")))
        return read_operand(loading, text, err);
    text = slice_from(text, 2);
    flags->is_over = text.len == 0;
    if (flags->is_over)
        return true;
    size_t equals = slice_find(text, '=');
    struct slice name = {text.ptr, equals};
    struct slice behind = {NULL, 0};
    if (equals < text.len)
        behind = slice_from(text, equals + 1);
    if (!find_name(loading->set, name, &id))
        return unknown_name(loading->set, name, "on the command line", err);
    TRY(flag_value(flags, &loading->set->rows[id], behind, &value, err));
    if (loading->set->rows[id].type == OPTION_TYPE_LIST)
        return add_item(loading, id, value, err);
    return set_value(loading, id, value, err);
}

static enum option_help help_flag(const char *argument)
{
    if (strcmp(argument, "--help") == 0 || strcmp(argument, "-h") == 0)
        return OPTION_HELP_MAIN;
    return strcmp(argument, "--help-all") == 0 ? OPTION_HELP_ALL : OPTION_HELP_NONE;
}

static bool read_flags(struct loading *loading, struct flags *flags, enum option_help *ret_help,
                       struct error *err)
{
    for (flags->at = 0; flags->at < flags->count; flags->at++) {
        if (!flags->is_over)
            *ret_help = help_flag(flags->arguments[flags->at]);
        if (*ret_help != OPTION_HELP_NONE)
            return true;
        TRY(read_flag_argument(loading, flags, err));
    }
    return true;
}

/* Those in [brackets] may be left out. */
static bool check_operands(const struct loading *loading, struct error *err)
{
    const struct option_set *set = loading->set;
    struct slice rest = slice_from_string(set->operands);
    for (size_t i = 0; rest.len > 0; i++) {
        struct slice name = next_operand(&rest);
        if (name.ptr[0] != '[' && loading->options->operands[i].ptr == NULL)
            return error_set(err, ERROR_BAD_REQUEST, "firn %s needs a %.*s: see firn %s --help",
                             set->command, SLICE_ARG(name), set->command);
    }
    return true;
}

/* --- variables ------------------------------------------------------------------------------ */

void option_variable_name(const char *name, char ret_name[OPTION_VARIABLE_SIZE])
{
    size_t size = 5;
    memcpy(ret_name, "FIRN_", size);
    for (; *name && size + 1 < OPTION_VARIABLE_SIZE; name++)
        ret_name[size++] = *name == '-' ? '_' : (char)toupper((unsigned char)*name);
    ret_name[size] = '\0';
}

/* "FIRN_LISTN" as an option would be called: "listn". */
static void option_name(struct slice variable, char ret_name[OPTION_VARIABLE_SIZE])
{
    size_t len =
        variable.len - 5 < OPTION_VARIABLE_SIZE ? variable.len - 5 : OPTION_VARIABLE_SIZE - 1;
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
    char name[OPTION_VARIABLE_SIZE], nearest[OPTION_VARIABLE_SIZE];
    unsigned id;
    struct slice text = slice_from_string(entry);
    struct slice variable = {text.ptr, slice_find(text, '=')};
    if (!slice_starts_with(variable, SLICE_LITERAL("FIRN_")) ||
        is_service_link(variable, slice_from(text, variable.len + 1)))
        return true;
    option_name(variable, name);
    if (find_name(&option_settings, slice_from_string(name), &id)) {
        option_variable_name(option_rows[id].name, nearest);
        if (slice_equals_string(variable, nearest))
            return true;
    }
    option_variable_name(nearest_name(&option_settings, slice_from_string(name)), nearest);
    return error_set(err, ERROR_BAD_REQUEST,
                     "The variable %.*s is no option and does nothing: did you mean %s?",
                     SLICE_ARG(variable), nearest);
}

static bool read_environment(struct loading *loading, environment_fn environment, struct error *err)
{
    for (unsigned id = 0; id < OPTION_SETTING_COUNT; id++) {
        char name[OPTION_VARIABLE_SIZE];
        option_variable_name(option_rows[id].name, name);
        const char *text = environment(name);
        if (text == NULL || loading->options->values[id].is_given)
            continue;
        if (!set_value(loading, id, slice_from_string(text), err))
            return error_prefix(err, "%s", name);
    }
    return true;
}

/* --- the file ------------------------------------------------------------------------------- */

static bool set_from_list(struct loading *loading, unsigned id, const json_t *value,
                          struct error *err)
{
    size_t i;
    json_t *item;
    json_array_foreach(value, i, item) {
        if (!json_is_string(item))
            return option_value_refuse(&option_rows[id], SLICE_LITERAL("[…]"),
                                       "an array of strings", err);
        TRY(add_item(loading, id, json_slice(item), err));
    }
    return true;
}

static bool set_from_json(struct loading *loading, unsigned id, const json_t *value,
                          struct error *err)
{
    char number[32];
    if (json_is_array(value) && option_rows[id].type == OPTION_TYPE_LIST)
        return set_from_list(loading, id, value, err);
    if (json_is_string(value))
        return set_value(loading, id, json_slice(value), err);
    if (json_is_boolean(value))
        return set_value(loading, id, slice_from_string(json_is_true(value) ? "true" : "false"),
                         err);
    if (!json_is_integer(value))
        return option_value_refuse(&option_rows[id], SLICE_LITERAL("(JSON)"),
                                   "a string, an integer or true/false", err);
    snprintf(number, sizeof(number), "%" JSON_INTEGER_FORMAT, json_integer_value(value));
    return set_value(loading, id, slice_from_string(number), err);
}

static bool apply_file(struct loading *loading, json_t *tree, struct error *err)
{
    const char *name;
    json_t *value;
    if (!json_is_object(tree))
        return error_set(err, ERROR_BAD_REQUEST, "it must hold one JSON object");
    json_object_foreach(tree, name, value) {
        unsigned id;
        if (!find_name(&option_settings, slice_from_string(name), &id) || id == OPTION_CONFIG)
            return unknown_name(&option_settings, slice_from_string(name), "in the file", err);
        if (!loading->options->values[id].is_given)
            TRY(set_from_json(loading, id, value, err));
    }
    return true;
}

static bool read_file(struct loading *loading, struct error *err)
{
    struct slice path = loading->options->values[OPTION_CONFIG].text;
    struct buffer text;
    json_t *tree = NULL;
    if (path.len == 0)
        return true;
    buffer_init(&text, MAX_CONFIG_SIZE);
    bool ok = file_text_read(path.ptr, &text, err) &&
              json_tree_parse(buffer_slice(&text), "options", &tree, err) &&
              apply_file(loading, tree, err);
    json_decref(tree);
    buffer_finish(&text);
    return ok || error_prefix(err, "the configuration file %.*s", SLICE_ARG(path));
}

static bool set_default(struct loading *loading, unsigned id, struct error *err)
{
    struct option_value *value = &loading->options->values[id];
    const struct option_row *row = &loading->set->rows[id];
    return value->is_given || option_value_set(row, &loading->options->arena,
                                               slice_from_string(row->fallback), value, err);
}

static bool read_defaults(struct loading *loading, struct error *err)
{
    for (unsigned id = 0; id < OPTION_SETTING_COUNT; id++)
        TRY(set_default(loading, id, err));
    for (const unsigned *id = loading->set->ids; *id != OPTION_END; id++)
        TRY(*id < OPTION_SETTING_COUNT || set_default(loading, *id, err));
    return true;
}

/* --- all of it ------------------------------------------------------------------------------ */

bool options_load(const struct option_set *set, int count, char *const *arguments,
                  environment_fn environment, struct options *ret_options,
                  enum option_help *ret_help, struct error *err)
{
    struct options options = {0};
    struct loading loading = {.set = set, .options = &options};
    struct flags flags = {count, arguments, 0, false};
    enum option_help help = OPTION_HELP_NONE;
    arena_init(&options.arena, MAX_OPTIONS_SIZE);
    bool ok = read_flags(&loading, &flags, &help, err) &&
              (help != OPTION_HELP_NONE ||
               (check_operands(&loading, err) && read_environment(&loading, environment, err) &&
                read_file(&loading, err) && read_defaults(&loading, err)));
    if (!ok) {
        options_finish(&options);
        return false;
    }
    *ret_options = options;
    *ret_help = help;
    return true;
}

void options_finish(struct options *options)
{
    arena_finish(&options->arena);
}
