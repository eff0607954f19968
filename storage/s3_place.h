/*
 * s3_place.h — how one place on S3 is reached: endpoint, region, style of address, credentials.
 *
 * Owns:     a place holds copies of its profile's texts; shared by reference count
 * Errors:   ERROR_NO_MEMORY
 * Threads:  any; immutable but for what the store was found not to offer
 */
#ifndef STORAGE_S3_PLACE_H
#define STORAGE_S3_PLACE_H

#include <stdatomic.h>

#include "storage/bucket_object.h"
#include "storage/place_roots.h"
#include "storage/s3_keys.h"

struct s3_place {
    struct store_place base;
    struct slice endpoint; /* "https://host:port"; of AWS: the region's */
    bool is_aws;           /* no endpoint of its own was named */
    bool is_path_style;
    struct slice region;
    struct s3_key_source *keys;
    atomic_bool lacks_conditional_put;
    atomic_bool lacks_bulk_delete;
};

/* `profile` NULL: what the server's own environment says (AWS_ENDPOINT_URL_S3, AWS_REGION …). */
bool s3_place_create(const struct storage_profile *profile, const struct place_source *source,
                     struct store_place **ret_place, struct error *err);
static inline struct s3_place *s3_place_of(struct store_place *place)
{
    return (struct s3_place *)place;
}

/* Where a request for it goes: both in the arena. */
bool s3_place_address(const struct s3_place *place, const struct bucket_object *object,
                      struct arena *arena, struct slice *ret_endpoint, struct slice *ret_path,
                      struct error *err);

#endif
