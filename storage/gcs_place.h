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
#include "storage/storage_profile.h"

#define GCS_ENDPOINT "https://storage.googleapis.com"

struct gcs_place {
    atomic_size_t references;
    struct arena arena;
    struct slice endpoint;  /* "https://host:port" */
    struct slice ca_bundle; /* a file; empty: the system's */
    struct slice identity;  /* what two equal profiles have equal; holds secrets */
    struct gcs_token_origin origin;
    struct token_source *tokens; /* NULL: an emulator is asked without */
    atomic_bool lacks_batches;
};

/* `profile` NULL: what the server's own environment says (STORAGE_EMULATOR_HOST,
 * GOOGLE_APPLICATION_CREDENTIALS …). */
bool gcs_place_create(const struct storage_profile *profile, struct http_transport *transport,
                      environment_fn environment, struct gcs_place **ret_place, struct error *err);
/* Was it made of an equal profile? Then its tokens are as good. */
bool gcs_place_is_of(const struct gcs_place *place, const struct storage_profile *profile);
struct gcs_place *gcs_place_ref(struct gcs_place *place);
void gcs_place_unref(struct gcs_place *place); /* NULL is fine */

#endif
