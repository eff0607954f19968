#include "catalog/view.h"

#include "catalog/entity.h"
#include "catalog/lookup.h"
#include "catalog/metadata_store.h"

/* Each round means that a replace went through meanwhile. */
#define MAX_REMOVE_ROUNDS 20

void view_result_finish(struct view_result *result)
{
    view_metadata_unref(result->metadata);
    result->metadata = NULL;
}

bool view_list(struct call *call, struct slice namespace_path, const struct page_request *page,
               struct name_page *ret_page, struct error *err)
{
    return entity_list(call, namespace_path, ENTITY_VIEW, page, ret_page, err);
}

bool view_load(struct call *call, struct entity_name name, struct view_result *ret_result,
               struct error *err)
{
    struct entity_row row;
    TRY(entity_find(call, name, ENTITY_VIEW, &row, err));
    TRY(metadata_file_must_exist(call->catalog, row.metadata_location, err));
    TRY(view_metadata_read(call->catalog, row.metadata_location, &ret_result->metadata, err));
    ret_result->metadata_location = row.metadata_location;
    return true;
}

bool view_exists(struct call *call, struct entity_name name, struct error *err)
{
    struct entity_row row;
    return entity_find(call, name, ENTITY_VIEW, &row, err);
}

bool view_metadata_at(struct call *call, struct slice metadata_location,
                      struct view_metadata **ret_metadata, struct error *err)
{
    TRY(metadata_file_must_exist(call->catalog, metadata_location, err));
    return view_metadata_read(call->catalog, metadata_location, ret_metadata, err);
}

bool view_rename(struct call *call, const json_t *request, struct error *err)
{
    return entity_rename(call, request, ENTITY_VIEW, err);
}

/* A view owns no data: dropping it takes the name away and leaves its metadata files. */
bool view_drop(struct call *call, struct entity_name name, struct error *err)
{
    struct entity_row row;
    call->outcome.status = 204;
    for (int round = 0; round < MAX_REMOVE_ROUNDS; round++) {
        bool has_moved = false;
        TRY(entity_find(call, name, ENTITY_VIEW, &row, err));
        if (entity_remove(call, name, &row, REMOVAL_DROP, &has_moved, err))
            return true;
        if (!has_moved)
            return false;
    }
    return false;
}
