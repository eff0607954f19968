#include "catalog/lookup.h"

bool namespace_must_exist(const struct call *call, struct pointer_view *view, struct slice path,
                          struct namespace_row *ret_row, struct error *err)
{
    bool found = false;
    TRY(pointer_namespace_get(view, call->warehouse->id, path, call->arena, ret_row, &found, err));
    if (found)
        return true;
    return error_set(err, ERROR_NO_SUCH_NAMESPACE, "Namespace does not exist: %s",
                     namespace_text(call->arena, path));
}

static bool no_such_entity(const struct call *call, struct entity_name name, enum entity_kind kind,
                           struct error *err)
{
    bool is_view = kind == ENTITY_VIEW;
    return error_set(err, is_view ? ERROR_NO_SUCH_VIEW : ERROR_NO_SUCH_TABLE,
                     "%s does not exist: %s", is_view ? "View" : "Table",
                     entity_name_text(call->arena, name));
}

bool entity_must_exist(const struct call *call, struct pointer_view *view,
                       struct entity_name name, enum entity_kind kind, struct entity_row *ret_row,
                       struct error *err)
{
    struct entity_row row;
    bool found = false;
    TRY(pointer_entity_get(view, call->warehouse->id, name.namespace_path, name.name, call->arena,
                           &row, &found, err));
    if (!found || row.kind != kind)
        return no_such_entity(call, name, kind, err);
    *ret_row = row;
    return true;
}

bool entity_find(const struct call *call, struct entity_name name, enum entity_kind kind,
                 struct entity_row *ret_row, struct error *err)
{
    struct pointer_store *pointers = call->catalog->pointers;
    struct pointer_view *view = NULL;
    struct entity_row row;
    if (pointer_store_peek(pointers, call->warehouse->id, name.namespace_path, name.name,
                           call->arena, &row) &&
        row.kind == kind) {
        *ret_row = row;
        return true;
    }
    TRY(pointer_view_begin(pointers, &view, err));
    bool ok = entity_must_exist(call, view, name, kind, ret_row, err);
    pointer_view_end(view);
    pointer_store_catch_up(pointers);
    return ok;
}

bool entity_must_not_exist(const struct call *call, struct pointer_view *view,
                           struct entity_name name, enum entity_kind kind, struct error *err)
{
    struct entity_row row;
    bool found = false;
    TRY(pointer_entity_get(view, call->warehouse->id, name.namespace_path, name.name, call->arena,
                           &row, &found, err));
    if (!found)
        return true;
    const char *who = row.kind == ENTITY_VIEW ? "View" : "Table";
    return error_set(err, ERROR_ALREADY_EXISTS, "%s%s already exists: %s", who,
                     row.kind == kind ? "" : " with same name",
                     entity_name_text(call->arena, name));
}
