#include "storage/gcs_place.h"

#include <stdlib.h>

#include "base/limits.h"
#include "storage/endpoint.h"

/* As Google's own clients have it: "localhost:4443" is one by plain HTTP, and no emulator wants a
 * token. */
static bool environment_endpoint(environment_fn environment, struct arena *arena,
                                 struct slice *ret_endpoint, struct error *err)
{
    static const char variable[] = "STORAGE_EMULATOR_HOST";
    struct slice text = environment_get(environment, variable);
    *ret_endpoint = SLICE_EMPTY;
    if (text.len == 0)
        return true;
    if (!memmem(text.ptr, text.len, "://", 3))
        text = arena_printf(arena, "http://%.*s", SLICE_ARG(text));
    if (!text.ptr)
        return error_no_memory(err, "an endpoint");
    return endpoint_canonical(text, variable, arena, ret_endpoint, err);
}

static bool fill(struct gcs_place *place, const struct storage_profile *profile, struct error *err)
{
    struct storage_credentials *credentials = &place->origin.credentials;
    struct slice endpoint =
        profile->endpoint.len > 0 ? profile->endpoint : SLICE_LITERAL(GCS_ENDPOINT);
    *credentials = profile->credentials;
    TRY(store_place_describe(&place->base, profile, err));
    if (!store_place_keep(&place->base, endpoint, &place->endpoint) ||
        !store_place_keep(&place->base, credentials->service_account_key,
                          &credentials->service_account_key))
        return error_no_memory(err, "a place on Google Cloud Storage");
    place->origin.ca_bundle = place->base.ca_bundle;
    return true;
}

/* Nobody has said how: an emulator that the environment names, else Google's own. */
static bool fill_by_environment(struct gcs_place *place, bool *ret_is_emulator, struct error *err)
{
    struct storage_profile machine = {.type = STORAGE_GCS};
    TRY(environment_endpoint(place->origin.environment, &place->base.arena, &machine.endpoint,
                             err));
    *ret_is_emulator = machine.endpoint.len > 0;
    place->origin.is_any = true;
    return fill(place, &machine, err);
}

static void release(struct store_place *place)
{
    token_source_destroy(gcs_place_of(place)->tokens);
}

bool gcs_place_create(const struct storage_profile *profile, const struct place_source *source,
                      struct store_place **ret_place, struct error *err)
{
    bool is_emulator = false;
    struct gcs_place *place = calloc(1, sizeof *place);
    if (!place)
        return error_no_memory(err, "a place on Google Cloud Storage");
    store_place_init(&place->base, release);
    atomic_init(&place->lacks_batches, false);
    place->origin = (struct gcs_token_origin){.transport = source->transport,
                                              .environment = source->environment};
    bool ok = profile ? fill(place, profile, err) : fill_by_environment(place, &is_emulator, err);
    ok = ok && (is_emulator ||
                token_source_create(gcs_token_fetch, &place->origin,
                                    http_transport_clock(source->transport), &place->tokens, err));
    if (!ok) {
        store_place_unref(&place->base);
        return false;
    }
    *ret_place = &place->base;
    return true;
}
