#include "catalog/table.h"

#include "catalog/entity.h"
#include "catalog/lookup.h"
#include "catalog/metadata_store.h"
#include "catalog/properties.h"

/* Each round means that a commit went through meanwhile. */
#define MAX_REMOVE_ROUNDS 20
#define MAX_LOAD_ROUNDS 20

void table_result_finish(struct table_result *result)
{
    table_metadata_unref(result->metadata);
    result->metadata = NULL;
}

bool table_list(struct call *call, struct slice namespace_path, const struct page_request *page,
                struct name_page *ret_page, struct error *err)
{
    return entity_list(call, namespace_path, ENTITY_TABLE, page, ret_page, err);
}

static bool load_at(struct call *call, struct slice location, struct table_result *ret_result,
                    struct error *err)
{
    TRY(metadata_file_must_exist(call->catalog, location, err));
    TRY(table_metadata_read(call->catalog, location, &ret_result->metadata, err));
    ret_result->metadata_location = location;
    return true;
}

/* With write.metadata.delete-after-commit a file may go between the read of the pointer and that of
 * the file: it is gone for the client only where the pointer still names it. */
bool table_load(struct call *call, struct entity_name name, struct table_result *ret_result,
                struct error *err)
{
    struct slice tried = SLICE_EMPTY;
    struct error cause = {0};
    for (int round = 0; round < MAX_LOAD_ROUNDS; round++) {
        struct entity_row row;
        TRY(entity_find(call, name, ENTITY_TABLE, &row, err));
        if (round > 0 && slice_equals(row.metadata_location, tried))
            break;
        if (load_at(call, row.metadata_location, ret_result, &cause))
            return true;
        if (cause.kind != ERROR_NOT_FOUND)
            break;
        tried = row.metadata_location;
    }
    if (err)
        *err = cause;
    return false;
}

bool table_exists(struct call *call, struct entity_name name, struct error *err)
{
    struct entity_row row;
    return entity_find(call, name, ENTITY_TABLE, &row, err);
}

bool table_metadata_at(struct call *call, struct slice metadata_location,
                       struct table_metadata **ret_metadata, struct error *err)
{
    TRY(metadata_file_must_exist(call->catalog, metadata_location, err));
    return table_metadata_read(call->catalog, metadata_location, ret_metadata, err);
}

bool table_rename(struct call *call, const json_t *request, struct error *err)
{
    return entity_rename(call, request, ENTITY_TABLE, err);
}

/* --- drop --------------------------------------------------------------------------------- */

static bool check_purge_is_allowed(struct call *call, struct entity_name name,
                                   const struct table_metadata *metadata, struct error *err)
{
    bool is_enabled = true;
    TRY(table_property_bool(metadata, "gc.enabled", call->arena, &is_enabled, err));
    if (is_enabled)
        return true;
    return error_set(err, ERROR_VALIDATION,
                     "Cannot purge table %s: gc.enabled is false, its files may be shared. Drop it "
                     "without purge, or set gc.enabled to true",
                     entity_name_text(call->arena, name));
}

/* A table whose metadata file is gone can still be dropped; then there is nothing to purge by. */
static bool decide_purge(struct call *call, struct entity_name name, const struct entity_row *row,
                         bool *purge, struct error *err)
{
    struct table_metadata *metadata = NULL;
    struct error cause = {0};
    if (!*purge)
        return true;
    if (!table_metadata_read(call->catalog, row->metadata_location, &metadata, &cause)) {
        *purge = false;
        if (cause.kind == ERROR_NOT_FOUND)
            return true;
        if (err)
            *err = cause;
        return false;
    }
    bool ok = check_purge_is_allowed(call, name, metadata, err);
    table_metadata_unref(metadata);
    return ok;
}

bool table_drop(struct call *call, struct entity_name name, bool purge, struct error *err)
{
    struct entity_row row;
    call->outcome.status = 204;
    for (int round = 0; round < MAX_REMOVE_ROUNDS; round++) {
        bool has_moved = false, does_purge = purge;
        TRY(entity_find(call, name, ENTITY_TABLE, &row, err));
        TRY(decide_purge(call, name, &row, &does_purge, err));
        if (entity_remove(call, name, &row, does_purge ? REMOVAL_PURGE : REMOVAL_DROP,
                          &has_moved, err))
            return true;
        if (!has_moved)
            return false;
    }
    return false;
}

bool table_unregister(struct call *call, struct entity_name name, struct table_result *ret_result,
                      struct error *err)
{
    struct entity_row row;
    call->outcome.status = 200;
    for (int round = 0; round < MAX_REMOVE_ROUNDS; round++) {
        struct table_metadata *metadata = NULL;
        bool has_moved = false;
        TRY(entity_find(call, name, ENTITY_TABLE, &row, err));
        TRY(table_metadata_read(call->catalog, row.metadata_location, &metadata, err));
        call->outcome.metadata_location = row.metadata_location;
        if (entity_remove(call, name, &row, REMOVAL_LET_GO, &has_moved, err)) {
            ret_result->metadata_location = row.metadata_location;
            ret_result->metadata = metadata;
            return true;
        }
        table_metadata_unref(metadata);
        if (!has_moved)
            return false;
    }
    return false;
}
