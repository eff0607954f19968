#include "catalog/planning_mode.h"

#include "base/json_tree.h"

static const char *const names[] = {
    [PLANNING_UNSET] = NULL,
    [PLANNING_CLIENT] = "client",
    [PLANNING_SERVER] = "server",
};

const char *planning_mode_name(enum planning_mode mode)
{
    return names[mode];
}

enum planning_mode planning_mode_of_text(struct slice text)
{
    for (enum planning_mode mode = PLANNING_CLIENT; mode <= PLANNING_SERVER; mode++)
        if (text.ptr && slice_equals_ignore_case(text, slice_from_string(names[mode])))
            return mode;
    return PLANNING_UNSET;
}

static bool check_value(const char *name, const json_t *value, struct error *err)
{
    struct slice text = json_is_string(value) ? json_slice(value) : SLICE_EMPTY;
    return planning_mode_of_text(text) != PLANNING_UNSET ||
           error_set(err, ERROR_BAD_REQUEST,
                     "The property %s is '%.*s': it must be client or server, or be left out", name,
                     SLICE_ARG(text));
}

bool planning_mode_check(const char *name, const json_t *value, struct error *err)
{
    return strcmp(name, PLANNING_MODE_PROPERTY) != 0 || check_value(name, value, err);
}

bool planning_mode_check_warehouse(const json_t *properties, struct error *err)
{
    static const char *const places[] = {PLANNING_MODE_PROPERTY, "defaults." PLANNING_MODE_PROPERTY,
                                         "overrides." PLANNING_MODE_PROPERTY};
    for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
        const json_t *value = json_object_get(properties, places[i]);
        if (value)
            TRY(check_value(places[i], value, err));
    }
    return true;
}

bool planning_mode_of_table(const struct table_metadata *metadata, enum planning_mode warehouse,
                            struct arena *arena, enum planning_mode *ret_mode, struct error *err)
{
    struct slice text;
    TRY(table_metadata_property(metadata, PLANNING_MODE_PROPERTY, arena, &text, err));
    enum planning_mode own = planning_mode_of_text(text);
    *ret_mode = own == PLANNING_UNSET ? warehouse : own;
    return true;
}
