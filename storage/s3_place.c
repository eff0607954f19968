#include "storage/s3_place.h"

#include <stdlib.h>

#include "base/limits.h"
#include "base/percent.h"
#include "storage/location.h"

#define MAX_PATH (16 * KIB)

/* --- objects ------------------------------------------------------------------------------ */

/* A certificate for all of its subdomains is for one label: a bucket with a dot needs the path. */
static bool needs_path(const struct s3_place *place, struct slice bucket)
{
    return place->is_path_style || (slice_starts_with(place->endpoint, SLICE_LITERAL("https://")) &&
                                    slice_find(bucket, '.') != bucket.len);
}

static bool make_path(const struct bucket_object *object, bool has_bucket, struct arena *arena,
                      struct slice *ret_path, struct error *err)
{
    struct buffer path;
    buffer_init(&path, MAX_PATH);
    buffer_append_byte(&path, '/');
    if (has_bucket) {
        buffer_append_slice(&path, object->bucket);
        if (object->key.len > 0)
            buffer_append_byte(&path, '/');
    }
    percent_path_append(&path, object->key);
    return buffer_to_arena(&path, true, "an object's path", arena, ret_path, err);
}

bool s3_place_address(const struct s3_place *place, const struct bucket_object *object,
                      struct arena *arena, struct slice *ret_endpoint, struct slice *ret_path,
                      struct error *err)
{
    struct slice endpoint = place->endpoint;
    bool has_bucket = needs_path(place, object->bucket);
    TRY(make_path(object, has_bucket, arena, ret_path, err));
    if (!has_bucket) {
        const char *scheme_end = memmem(endpoint.ptr, endpoint.len, "://", 3);
        size_t size = scheme_end ? (size_t)(scheme_end - endpoint.ptr) + 3 : 0;
        const struct slice parts[] = {slice_make(endpoint.ptr, size), object->bucket,
                                      SLICE_LITERAL("."), slice_from(endpoint, size)};
        endpoint = arena_join(arena, parts, sizeof parts / sizeof parts[0]);
        if (!endpoint.ptr)
            return error_no_memory(err, "an object's address");
    }
    *ret_endpoint = endpoint;
    return true;
}

/* --- places ------------------------------------------------------------------------------- */

static struct slice either(struct slice first, struct slice second)
{
    return first.len > 0 ? first : second;
}

/* What the tools of AWS call it. A store of one's own is asked by the path, which all of them
 * know: the other style needs names in DNS. */
static void environment_profile(environment_fn environment, struct storage_profile *profile)
{
    *profile = (struct storage_profile){
        .type = STORAGE_S3,
        .endpoint = either(slice_from_string(environment("AWS_ENDPOINT_URL_S3")),
                           slice_from_string(environment("AWS_ENDPOINT_URL"))),
        .region = either(slice_from_string(environment("AWS_REGION")),
                         slice_from_string(environment("AWS_DEFAULT_REGION"))),
        .ca_bundle = slice_from_string(environment("AWS_CA_BUNDLE")),
    };
    if (slice_ends_with(profile->endpoint, SLICE_LITERAL("/")))
        profile->endpoint.len--;
    profile->region = either(profile->region, SLICE_LITERAL(STORAGE_DEFAULT_REGION));
    profile->is_path_style = profile->endpoint.len > 0;
}

static bool keep_endpoint(struct s3_place *place, const struct storage_profile *profile)
{
    bool is_china = slice_starts_with(profile->region, SLICE_LITERAL("cn-"));
    place->is_aws = profile->endpoint.len == 0;
    if (!place->is_aws)
        return store_place_keep(&place->base, profile->endpoint, &place->endpoint);
    place->endpoint = arena_printf(&place->base.arena, "https://s3.%.*s.amazonaws.com%s",
                                   SLICE_ARG(profile->region), is_china ? ".cn" : "");
    return place->endpoint.ptr != NULL;
}

static bool fill(struct s3_place *place, const struct storage_profile *profile, bool is_any,
                 const struct place_source *source, struct error *err)
{
    struct s3_key_origin origin = {.credentials = profile->credentials,
                                   .is_any = is_any,
                                   .transport = source->transport,
                                   .environment = source->environment};
    struct storage_credentials *keys = &origin.credentials;
    struct store_place *base = &place->base;
    TRY(store_place_describe(base, profile, err));
    place->is_path_style = profile->is_path_style;
    if (!keep_endpoint(place, profile) ||
        !store_place_keep(base, profile->region, &place->region) ||
        !store_place_keep(base, keys->access_key_id, &keys->access_key_id) ||
        !store_place_keep(base, keys->secret_access_key, &keys->secret_access_key) ||
        !store_place_keep(base, keys->session_token, &keys->session_token) ||
        !store_place_keep(base, keys->profile, &keys->profile))
        return error_no_memory(err, "a place on S3");
    origin.region = place->region;
    return s3_key_source_create(&origin, &place->keys, err);
}

static void release(struct store_place *place)
{
    s3_key_source_destroy(s3_place_of(place)->keys);
}

bool s3_place_create(const struct storage_profile *profile, const struct place_source *source,
                     struct store_place **ret_place, struct error *err)
{
    struct storage_profile machine;
    struct s3_place *place = calloc(1, sizeof *place);
    if (!place)
        return error_no_memory(err, "a place on S3");
    if (!profile)
        environment_profile(source->environment, &machine);
    store_place_init(&place->base, release);
    atomic_init(&place->lacks_conditional_put, false);
    atomic_init(&place->lacks_bulk_delete, false);
    if (!fill(place, profile ? profile : &machine, profile == NULL, source, err)) {
        store_place_unref(&place->base);
        return false;
    }
    *ret_place = &place->base;
    return true;
}
