#include "catalog/register_check.h"

#include "base/json_tree.h"
#include "catalog/format_policy.h"
#include "catalog/location_policy.h"
#include "catalog/metadata_store.h"
#include "catalog/purge_guard.h"
#include "iceberg/view_metadata.h"

struct check {
    struct call *call;
    struct pointer_view *view;
    enum entity_kind kind;
    struct entity_name name;
    struct slice file;
    struct register_verdict *verdict;
};

static bool parse(struct check *check, const json_t *request, struct error *err)
{
    struct slice type = SLICE_EMPTY;
    if (!json_is_object(request))
        return error_set(err, ERROR_BAD_REQUEST, "The request body must be a JSON object");
    TRY(json_get_string(request, "type", &type, err));
    if (!slice_equals_string(type, "table") && !slice_equals_string(type, "view"))
        return error_set(err, ERROR_BAD_REQUEST, "type must be table or view");
    check->kind = slice_equals_string(type, "view") ? ENTITY_VIEW : ENTITY_TABLE;
    TRY(entity_name_parse(check->call, request, &check->name, err));
    TRY(namespace_path_check_size(check->name.namespace_path, err));
    TRY(json_get_string(request, "metadata-location", &check->file, err));
    check->file = arena_slice(check->call->arena, check->file);
    return check->file.ptr || error_no_memory(err, "the metadata location");
}

/* --- what the metadata says ----------------------------------------------------------------- */

/* `what` it lies outside with is remembered, for whoever wants to allow it. */
static bool check_place(struct check *check, struct slice location, const char *what,
                        struct slice *ret_canonical, struct error *err)
{
    struct object_store *store = NULL;
    TRY(object_stores_find(check->call->catalog->objects, location, &store, err));
    if (location_check(check->call, location, what, ret_canonical, err))
        return true;
    if (err->kind == ERROR_FORBIDDEN)
        check->verdict->outside = location;
    return false;
}

static bool keep(struct check *check, struct slice uuid, struct slice location, struct error *err)
{
    struct register_verdict *verdict = check->verdict;
    verdict->uuid = arena_slice(check->call->arena, uuid);
    verdict->location = arena_slice(check->call->arena, location);
    return (verdict->uuid.ptr && verdict->location.ptr) || error_no_memory(err, "the answer");
}

static bool check_table(struct check *check, struct error *err)
{
    struct table_metadata *metadata = NULL;
    struct slice canonical;
    TRY(table_metadata_read(check->call->catalog, check->file, &metadata, err));
    check->verdict->format_version = metadata->format_version;
    bool ok = keep(check, metadata->uuid, metadata->location, err) &&
              format_policy_check(check->call->warehouse, NULL, metadata, err) &&
              check_place(check, check->verdict->location, "table location", &canonical, err);
    table_metadata_unref(metadata);
    return ok &&
           purge_guard_check(check->view, check->verdict->uuid, canonical, check->call->arena,
                             err) &&
           location_check_free(check->view, check->call->arena, canonical, 0, err);
}

static bool check_view(struct check *check, struct error *err)
{
    struct view_metadata *metadata = NULL;
    struct slice canonical;
    TRY(view_metadata_read(check->call->catalog, check->file, &metadata, err));
    bool ok = keep(check, metadata->uuid, metadata->location, err);
    view_metadata_unref(metadata);
    return ok && check_place(check, check->verdict->location, "view location", &canonical, err);
}

static bool check_file(struct check *check, struct error *err)
{
    struct slice unused;
    TRY(check_place(check, check->file, "metadata location", &unused, err));
    TRY(metadata_file_must_exist(check->call->catalog, check->file, err));
    return check->kind == ENTITY_TABLE ? check_table(check, err) : check_view(check, err);
}

/* --- what is there -------------------------------------------------------------------------- */

/* Of the same uuid: it has moved on, here or there, since the other took it over. */
static bool explain_taken(struct check *check, const struct entity_row *row)
{
    struct register_verdict *verdict = check->verdict;
    const char *name = entity_name_text(check->call->arena, check->name);
    bool is_same = slice_equals_ignore_case(row->uuid, verdict->uuid);
    verdict->state = REGISTER_TAKEN;
    return error_set(&verdict->reason, ERROR_ALREADY_EXISTS,
                     "%s %s is there already, %s: its metadata is %.*s",
                     row->kind == ENTITY_VIEW ? "View" : "Table", name,
                     is_same ? "with the same uuid and other metadata" : "another one",
                     SLICE_ARG(row->metadata_location));
}

static bool is_this_very_one(const struct check *check, const struct entity_row *row)
{
    return row->kind == check->kind && slice_equals(row->metadata_location, check->file);
}

static bool judge(struct check *check, struct error *err)
{
    struct register_verdict *verdict = check->verdict;
    struct call *call = check->call;
    struct entity_row row;
    bool found = false;
    TRY(pointer_entity_get(check->view, call->warehouse->id, check->name.namespace_path,
                           check->name.name, call->arena, &row, &found, err));
    if (found && is_this_very_one(check, &row)) {
        verdict->state = REGISTER_PRESENT;
        return keep(check, row.uuid, row.location, err);
    }
    bool is_fine = check_file(check, &verdict->reason);
    if (found)
        explain_taken(check, &row);
    else
        verdict->state = is_fine ? REGISTER_READY : REGISTER_REFUSED;
    return true;
}

bool register_check(struct call *call, const json_t *request, struct register_verdict *ret_verdict,
                    struct error *err)
{
    struct register_verdict verdict = {.uuid = SLICE_EMPTY, .location = SLICE_EMPTY};
    struct check check = {.call = call, .verdict = &verdict};
    TRY(parse(&check, request, err));
    TRY(pointer_view_begin(call->catalog->pointers, &check.view, err));
    bool ok = judge(&check, err);
    pointer_view_end(check.view);
    if (ok)
        *ret_verdict = verdict;
    return ok;
}
