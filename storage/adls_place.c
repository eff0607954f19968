#include "storage/adls_place.h"

#include <stdlib.h>

#include "base/limits.h"
#include "base/percent.h"
#include "storage/adls_environment.h"
#include "storage/location.h"

#define MAX_PATH (16 * KIB)

/* --- objects ------------------------------------------------------------------------------ */

/* "abfss://container@account.dfs.core.windows.net" */
static bool parse_authority(struct slice canonical, struct arena *arena, struct adls_object *object,
                            struct error *err)
{
    struct slice rest = slice_from(canonical, sizeof "abfss://" - 1);
    size_t at = slice_find(rest, '@');
    struct slice host = slice_from(rest, at + 1);
    size_t dot = slice_find(host, '.');
    struct slice domain = slice_from(host, dot + 1);
    object->container = slice_make(rest.ptr, at);
    object->account = slice_make(host.ptr, dot);
    if (slice_starts_with(domain, SLICE_LITERAL("dfs.")))
        domain = slice_from(domain, 4);
    object->domain = domain;
    object->host =
        arena_printf(arena, "%.*s.blob.%.*s", SLICE_ARG(object->account), SLICE_ARG(domain));
    return object->host.ptr || error_no_memory(err, "an object's address");
}

static bool not_ours(struct slice uri, struct error *err)
{
    return error_set(err, ERROR_BAD_REQUEST,
                     "'%.*s' is not abfss://container@account.dfs.core.windows.net/path",
                     SLICE_ARG(uri));
}

bool adls_object_parse(struct slice uri, struct arena *arena, struct adls_object *ret_object,
                       struct error *err)
{
    struct slice scheme = location_scheme(uri), canonical;
    struct slice rest = slice_from(uri, scheme.len);
    if (scheme.ptr != uri.ptr || !slice_starts_with(rest, SLICE_LITERAL("://")))
        return not_ours(uri, err);
    rest = slice_from(rest, 3);
    size_t authority_size = slice_find(rest, '/');
    struct adls_object object = {
        .root = slice_make(uri.ptr, (size_t)(rest.ptr - uri.ptr) + authority_size),
        .key = slice_from(rest, authority_size + 1),
    };
    TRY(location_canonical(object.root, arena, &canonical, err));
    if (!slice_equals_string(location_scheme(canonical), "abfss") ||
        slice_find(object.key, '\0') != object.key.len)
        return not_ours(uri, err);
    TRY(parse_authority(canonical, arena, &object, err));
    *ret_object = object;
    return true;
}

bool adls_endpoint_is_of_account(struct slice endpoint, struct slice account)
{
    const char *scheme_end = memmem(endpoint.ptr, endpoint.len, "://", 3);
    struct slice host =
        slice_from(endpoint, scheme_end ? (size_t)(scheme_end - endpoint.ptr) + 3 : 0);
    return slice_starts_with(host, account) && host.len > account.len &&
           host.ptr[account.len] == '.';
}

static bool make_path(const struct adls_object *object, bool has_account, struct arena *arena,
                      struct slice *ret_path, struct error *err)
{
    struct buffer path;
    buffer_init(&path, MAX_PATH);
    if (has_account)
        buffer_printf(&path, "/%.*s", SLICE_ARG(object->account));
    buffer_append_byte(&path, '/');
    percent_append(&path, object->container);
    if (object->key.len > 0)
        buffer_append_byte(&path, '/');
    percent_path_append(&path, object->key);
    return buffer_to_arena(&path, true, "an object's path", arena, ret_path, err);
}

bool adls_place_address(const struct adls_place *place, const struct adls_object *object,
                        struct arena *arena, struct slice *ret_endpoint, struct slice *ret_path,
                        struct error *err)
{
    bool is_own = place->endpoint.len == 0;
    bool has_account = !is_own && !adls_endpoint_is_of_account(place->endpoint, object->account);
    *ret_endpoint =
        is_own ? arena_printf(arena, "https://%.*s", SLICE_ARG(object->host)) : place->endpoint;
    return (ret_endpoint->ptr || error_no_memory(err, "an object's address")) &&
           make_path(object, has_account, arena, ret_path, err);
}

/* --- places ------------------------------------------------------------------------------- */

static bool keep_origin(struct adls_place *place, const struct storage_credentials *credentials)
{
    struct storage_credentials *kept = &place->origin.credentials;
    *kept = (struct storage_credentials){.source = credentials->source};
    return store_place_keep(&place->base, credentials->tenant_id, &kept->tenant_id) &&
           store_place_keep(&place->base, credentials->client_id, &kept->client_id) &&
           store_place_keep(&place->base, credentials->client_secret, &kept->client_secret);
}

/* With a key no token is asked for. */
static bool fill(struct adls_place *place, const struct storage_profile *profile, struct error *err)
{
    TRY(store_place_describe(&place->base, profile, err));
    if (!store_place_keep(&place->base, profile->endpoint, &place->endpoint) ||
        !store_place_keep(&place->base, profile->credentials.account_key, &place->account_key) ||
        !keep_origin(place, &profile->credentials))
        return error_no_memory(err, "a place on Azure");
    return place->account_key.len > 0 ||
           token_source_create(azure_token_fetch, &place->origin,
                               http_transport_clock(place->origin.transport), &place->tokens, err);
}

static void release(struct store_place *place)
{
    token_source_destroy(adls_place_of(place)->tokens);
}

bool adls_place_create(const struct storage_profile *profile, const struct place_source *source,
                       struct store_place **ret_place, struct error *err)
{
    struct storage_profile machine;
    struct adls_place *place = calloc(1, sizeof *place);
    if (!place)
        return error_no_memory(err, "a place on Azure");
    store_place_init(&place->base, release);
    place->origin.is_any = profile == NULL;
    place->origin.transport = source->transport;
    place->origin.environment = source->environment;
    place->account = SLICE_EMPTY;
    bool ok = profile || adls_environment_read(source->environment, &place->base.arena, &machine,
                                               &place->account, err);
    if (!ok || !fill(place, profile ? profile : &machine, err)) {
        store_place_unref(&place->base);
        return false;
    }
    *ret_place = &place->base;
    return true;
}
