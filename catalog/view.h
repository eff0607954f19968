/*
 * view.h — every operation on views.
 *
 * Spec:     REST protocol, listViews … registerView; view spec
 * Errors:   ERROR_NO_SUCH_VIEW "View does not exist: ns.v", else as in table.h and commit.h
 * Owns:     a view_result holds a reference to its metadata: view_result_finish gives it back
 */
#ifndef CATALOG_VIEW_H
#define CATALOG_VIEW_H

#include <jansson.h>

#include "catalog/catalog.h"
#include "catalog/namespace.h"
#include "iceberg/view_metadata.h"

struct view_result {
    struct slice metadata_location;
    struct view_metadata *metadata;
};

void view_result_finish(struct view_result *result);

bool view_list(struct call *call, struct slice namespace_path, const struct page_request *page,
               struct name_page *ret_page, struct error *err);
bool view_create(struct call *call, struct slice namespace_path, const json_t *request,
                 struct view_result *ret_result, struct error *err);
bool view_load(struct call *call, struct entity_name name, struct view_result *ret_result,
               struct error *err);
bool view_exists(struct call *call, struct entity_name name, struct error *err);
bool view_replace(struct call *call, struct entity_name name, const json_t *request,
                  struct view_result *ret_result, struct error *err);
bool view_drop(struct call *call, struct entity_name name, struct error *err);
bool view_rename(struct call *call, const json_t *request, struct error *err);
bool view_register(struct call *call, struct slice namespace_path, const json_t *request,
                   struct view_result *ret_result, struct error *err);

/* As table_metadata_at. */
bool view_metadata_at(struct call *call, struct slice metadata_location,
                      struct view_metadata **ret_metadata, struct error *err);

#endif
