#include "catalog/properties.h"

bool table_property_bool(const struct table_metadata *metadata, const char *name,
                         struct arena *arena, bool *ret_value, struct error *err)
{
    struct slice text = {NULL, 0};
    TRY(table_metadata_property(metadata, name, arena, &text, err));
    if (text.ptr)
        *ret_value = slice_equals_ignore_case(text, SLICE_LITERAL("true"));
    return true;
}
