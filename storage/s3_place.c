#include "storage/s3_place.h"

#include <stdlib.h>

#include "base/limits.h"
#include "base/percent.h"
#include "storage/location.h"
#include "storage/secret_box.h"

/* A session token, a few names. */
#define PLACE_ARENA_SIZE (256 * KIB)
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
    bool ok = buffer_check(&path, "an object's path", err);
    if (ok)
        *ret_path = arena_slice(arena, buffer_slice(&path));
    buffer_finish(&path);
    return ok && (ret_path->ptr || error_no_memory(err, "an object's path"));
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

/* One text of all that decides how a place is reached: equal where the profiles are. NUL stands
 * between, which no part has. */
static bool identity_append(struct buffer *out, const struct storage_profile *profile)
{
    const struct storage_credentials *keys = &profile->credentials;
    const struct slice parts[] = {profile->endpoint,   profile->region,         profile->ca_bundle,
                                  keys->access_key_id, keys->secret_access_key, keys->session_token,
                                  keys->profile};
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
        buffer_append_slice(out, parts[i]);
        buffer_append_byte(out, '\0');
    }
    buffer_printf(out, "%d %d", (int)keys->source, profile->is_path_style);
    return buffer_ok(out);
}

/* Copies a text into the place's arena. */
static bool keep(struct s3_place *place, struct slice text, struct slice *ret_text)
{
    *ret_text = arena_slice(&place->arena, text);
    return ret_text->ptr != NULL;
}

static bool keep_endpoint(struct s3_place *place, const struct storage_profile *profile)
{
    bool is_china = slice_starts_with(profile->region, SLICE_LITERAL("cn-"));
    place->is_aws = profile->endpoint.len == 0;
    if (!place->is_aws)
        return keep(place, profile->endpoint, &place->endpoint);
    place->endpoint = arena_printf(&place->arena, "https://s3.%.*s.amazonaws.com%s",
                                   SLICE_ARG(profile->region), is_china ? ".cn" : "");
    return place->endpoint.ptr != NULL;
}

static bool keep_identity(struct s3_place *place, const struct storage_profile *profile)
{
    struct buffer text;
    buffer_init(&text, PLACE_ARENA_SIZE);
    bool ok = identity_append(&text, profile) && keep(place, buffer_slice(&text), &place->identity);
    secret_buffer_finish(&text);
    return ok;
}

static bool fill(struct s3_place *place, const struct storage_profile *profile, bool is_any,
                 struct http_transport *transport, environment_fn environment, struct error *err)
{
    struct s3_key_origin origin = {.credentials = profile->credentials,
                                   .is_any = is_any,
                                   .transport = transport,
                                   .environment = environment};
    struct storage_credentials *keys = &origin.credentials;
    place->is_path_style = profile->is_path_style;
    if (!keep_endpoint(place, profile) || !keep(place, profile->region, &place->region) ||
        !keep(place, profile->ca_bundle, &place->ca_bundle) || !keep_identity(place, profile) ||
        !keep(place, keys->access_key_id, &keys->access_key_id) ||
        !keep(place, keys->secret_access_key, &keys->secret_access_key) ||
        !keep(place, keys->session_token, &keys->session_token) ||
        !keep(place, keys->profile, &keys->profile))
        return error_no_memory(err, "a place on S3");
    origin.region = place->region;
    return s3_key_source_create(&origin, &place->keys, err);
}

bool s3_place_create(const struct storage_profile *profile, struct http_transport *transport,
                     environment_fn environment, struct s3_place **ret_place, struct error *err)
{
    struct storage_profile machine;
    struct s3_place *place = calloc(1, sizeof *place);
    if (!place)
        return error_no_memory(err, "a place on S3");
    if (!profile)
        environment_profile(environment, &machine);
    atomic_init(&place->references, 1);
    atomic_init(&place->lacks_conditional_put, false);
    atomic_init(&place->lacks_bulk_delete, false);
    arena_init(&place->arena, PLACE_ARENA_SIZE);
    if (!fill(place, profile ? profile : &machine, profile == NULL, transport, environment, err)) {
        s3_place_unref(place);
        return false;
    }
    *ret_place = place;
    return true;
}

bool s3_place_is_of(const struct s3_place *place, const struct storage_profile *profile)
{
    struct buffer text;
    buffer_init(&text, PLACE_ARENA_SIZE);
    bool ok = identity_append(&text, profile) && slice_equals(buffer_slice(&text), place->identity);
    secret_buffer_finish(&text);
    return ok;
}

struct s3_place *s3_place_ref(struct s3_place *place)
{
    atomic_fetch_add_explicit(&place->references, 1, memory_order_relaxed);
    return place;
}

void s3_place_unref(struct s3_place *place)
{
    if (!place || atomic_fetch_sub(&place->references, 1) != 1)
        return;
    s3_key_source_destroy(place->keys);
    arena_finish(&place->arena);
    free(place);
}
