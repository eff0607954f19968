/*
 * gcs_place.h — how one place on Google Cloud Storage is reached: endpoint and tokens.
 *
 * Owns:     a place holds copies of its profile's texts; shared by reference count
 * Errors:   ERROR_BAD_REQUEST, ERROR_NO_MEMORY
 * Threads:  any; immutable but for what the store was found not to offer
 */
#ifndef STORAGE_GCS_PLACE_H
#define STORAGE_GCS_PLACE_H

#include <stdatomic.h>

#include "storage/gcs_token_fetch.h"
#include "storage/place_roots.h"

#define GCS_ENDPOINT "https://storage.googleapis.com"

struct gcs_place {
    struct store_place base;
    struct slice endpoint; /* "https://host:port" */
    struct gcs_token_origin origin;
    struct token_source *tokens; /* NULL: an emulator is asked without */
    atomic_bool lacks_batches;
};

/* `profile` NULL: what the server's own environment says (STORAGE_EMULATOR_HOST,
 * GOOGLE_APPLICATION_CREDENTIALS …). */
bool gcs_place_create(const struct storage_profile *profile, const struct place_source *source,
                      struct store_place **ret_place, struct error *err);
static inline struct gcs_place *gcs_place_of(struct store_place *place)
{
    return (struct gcs_place *)place;
}

#endif
