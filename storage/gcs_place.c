#include "storage/gcs_place.h"

#include <stdlib.h>

#include "base/limits.h"
#include "storage/endpoint.h"
#include "storage/secret_box.h"

/* A key file, twice, and a few names. */
#define PLACE_ARENA_SIZE (256 * KIB)

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

/* One text of all that decides how a place is reached: equal where the profiles are. NUL stands
 * between, which no part has. */
static bool identity_append(struct buffer *out, const struct storage_profile *profile)
{
    const struct slice parts[] = {profile->endpoint, profile->ca_bundle,
                                  profile->credentials.service_account_key};
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
        buffer_append_slice(out, parts[i]);
        buffer_append_byte(out, '\0');
    }
    buffer_printf(out, "%d", (int)profile->credentials.source);
    return buffer_ok(out);
}

/* Copies a text into the place's arena. */
static bool keep(struct gcs_place *place, struct slice text, struct slice *ret_text)
{
    *ret_text = arena_slice(&place->arena, text);
    return ret_text->ptr != NULL;
}

static bool keep_identity(struct gcs_place *place, const struct storage_profile *profile)
{
    struct buffer text;
    buffer_init(&text, PLACE_ARENA_SIZE);
    bool ok = identity_append(&text, profile) && keep(place, buffer_slice(&text), &place->identity);
    secret_buffer_finish(&text);
    return ok;
}

static bool fill(struct gcs_place *place, const struct storage_profile *profile, struct error *err)
{
    struct storage_credentials *credentials = &place->origin.credentials;
    struct slice endpoint =
        profile->endpoint.len > 0 ? profile->endpoint : SLICE_LITERAL(GCS_ENDPOINT);
    *credentials = profile->credentials;
    if (!keep(place, endpoint, &place->endpoint) ||
        !keep(place, profile->ca_bundle, &place->ca_bundle) || !keep_identity(place, profile) ||
        !keep(place, credentials->service_account_key, &credentials->service_account_key))
        return error_no_memory(err, "a place on Google Cloud Storage");
    place->origin.ca_bundle = place->ca_bundle;
    return true;
}

/* Nobody has said how: an emulator that the environment names, else Google's own. */
static bool fill_by_environment(struct gcs_place *place, bool *ret_is_emulator, struct error *err)
{
    struct storage_profile machine = {.type = STORAGE_GCS};
    TRY(environment_endpoint(place->origin.environment, &place->arena, &machine.endpoint, err));
    *ret_is_emulator = machine.endpoint.len > 0;
    place->origin.is_any = true;
    return fill(place, &machine, err);
}

bool gcs_place_create(const struct storage_profile *profile, struct http_transport *transport,
                      environment_fn environment, struct gcs_place **ret_place, struct error *err)
{
    bool is_emulator = false;
    struct gcs_place *place = calloc(1, sizeof *place);
    if (!place)
        return error_no_memory(err, "a place on Google Cloud Storage");
    atomic_init(&place->references, 1);
    atomic_init(&place->lacks_batches, false);
    arena_init(&place->arena, PLACE_ARENA_SIZE);
    place->origin = (struct gcs_token_origin){.transport = transport, .environment = environment};
    bool ok = profile ? fill(place, profile, err) : fill_by_environment(place, &is_emulator, err);
    ok = ok &&
         (is_emulator || token_source_create(gcs_token_fetch, &place->origin,
                                             http_transport_clock(transport), &place->tokens, err));
    if (!ok) {
        gcs_place_unref(place);
        return false;
    }
    *ret_place = place;
    return true;
}

bool gcs_place_is_of(const struct gcs_place *place, const struct storage_profile *profile)
{
    struct buffer text;
    buffer_init(&text, PLACE_ARENA_SIZE);
    bool ok = identity_append(&text, profile) && slice_equals(buffer_slice(&text), place->identity);
    secret_buffer_finish(&text);
    return ok;
}

struct gcs_place *gcs_place_ref(struct gcs_place *place)
{
    atomic_fetch_add_explicit(&place->references, 1, memory_order_relaxed);
    return place;
}

void gcs_place_unref(struct gcs_place *place)
{
    if (!place || atomic_fetch_sub(&place->references, 1) != 1)
        return;
    token_source_destroy(place->tokens);
    arena_finish(&place->arena);
    free(place);
}
