#include "storage/vending.h"

static const struct vending *const KINDS[STORAGE_TYPE_COUNT] = {
    [STORAGE_S3] = &s3_vending,
    [STORAGE_GCS] = &gcs_vending,
    [STORAGE_ADLS] = &adls_vending,
};

bool vended_request_begin(struct object_stores *stores, const struct storage_profile *profile,
                          struct slice location, enum session_rights rights,
                          struct vended_request *ret_request, struct error *err)
{
    struct object_store *store = NULL;
    struct vended_request request = {.kind = KINDS[profile->type],
                                     .profile = profile,
                                     .location = location,
                                     .rights = rights,
                                     .transport = object_stores_transport(stores)};
    TRY(object_stores_find(stores, location, &store, err));
    TRY(remote_store_find_place(store, location, &request.place, err));
    *ret_request = request;
    return true;
}

void vended_request_finish(struct vended_request *request)
{
    store_place_unref(request->place);
}
