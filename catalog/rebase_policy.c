#include "catalog/rebase_policy.h"

#include "base/json_tree.h"

/* Case does not count, as for the table properties of the reference. */
static bool parse(struct slice text, bool *ret_value)
{
    if (slice_equals_ignore_case(text, SLICE_LITERAL("true")))
        *ret_value = true;
    else if (slice_equals_ignore_case(text, SLICE_LITERAL("false")))
        *ret_value = false;
    else
        return false;
    return true;
}

static bool value_read(const json_t *value, bool *ret_value, struct error *err)
{
    struct slice text = json_is_string(value) ? json_slice(value) : SLICE_EMPTY;
    return parse(text, ret_value) ||
           error_set(err, ERROR_BAD_REQUEST,
                     "The property " REBASE_PROPERTY " is '%.*s': it must be true or false, or be "
                     "left out",
                     SLICE_ARG(text));
}

bool rebase_policy_check(const char *name, const json_t *value, struct error *err)
{
    bool unused = false;
    return strcmp(name, REBASE_PROPERTY) != 0 || value_read(value, &unused, err);
}

bool rebase_policy_read(const json_t *properties, bool *ret_rebases, struct error *err)
{
    const json_t *value = json_object_get(properties, REBASE_PROPERTY);
    *ret_rebases = false;
    return !value || value_read(value, ret_rebases, err);
}

bool rebase_policy_of_table(const struct table_metadata *metadata,
                            const struct warehouse *warehouse, struct arena *arena,
                            bool *ret_rebases, struct error *err)
{
    struct slice text;
    TRY(table_metadata_property(metadata, REBASE_PROPERTY, arena, &text, err));
    if (!text.ptr || !parse(text, ret_rebases))
        *ret_rebases = warehouse->rebases_appends;
    return true;
}
