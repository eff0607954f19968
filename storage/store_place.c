#include "storage/store_place.h"

#include <stdlib.h>

#include "base/limits.h"
#include "storage/secret_box.h"

/* A key file or a session token, twice, and a few names. */
#define PLACE_ARENA_SIZE (256 * KIB)

/* One text of all that decides how a place is reached. NUL stands between, which no part has. */
static bool identity_append(struct buffer *out, const struct storage_profile *profile)
{
    const struct storage_credentials *keys = &profile->credentials;
    const struct slice parts[] = {
        profile->sts.endpoint, profile->sts.role_arn, profile->sts.external_id,
        profile->endpoint,     profile->region,       profile->ca_bundle,
        keys->access_key_id,   keys->session_token,   keys->secret_access_key,
        keys->profile,         keys->account_key,     keys->service_account_key,
        keys->tenant_id,       keys->client_id,       keys->client_secret,
    };
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
        buffer_append_slice(out, parts[i]);
        buffer_append_byte(out, '\0');
    }
    buffer_printf(out, "%d %d %lld", (int)keys->source, profile->is_path_style,
                  (long long)profile->sts.duration_s);
    return buffer_ok(out);
}

bool store_place_keep(struct store_place *place, struct slice text, struct slice *ret_text)
{
    *ret_text = arena_slice(&place->arena, text);
    return ret_text->ptr != NULL;
}

void store_place_init(struct store_place *place, void (*release)(struct store_place *place))
{
    atomic_init(&place->references, 1);
    arena_init(&place->arena, PLACE_ARENA_SIZE);
    place->release = release;
}

bool store_place_describe(struct store_place *place, const struct storage_profile *profile,
                          struct error *err)
{
    struct buffer text;
    buffer_init(&text, PLACE_ARENA_SIZE);
    bool ok = identity_append(&text, profile) &&
              store_place_keep(place, buffer_slice(&text), &place->identity) &&
              store_place_keep(place, profile->ca_bundle, &place->ca_bundle);
    secret_buffer_finish(&text);
    return ok || error_no_memory(err, "a place in an object store");
}

bool store_place_is_of(const struct store_place *place, const struct storage_profile *profile)
{
    struct buffer text;
    buffer_init(&text, PLACE_ARENA_SIZE);
    bool ok = identity_append(&text, profile) && slice_equals(buffer_slice(&text), place->identity);
    secret_buffer_finish(&text);
    return ok;
}

struct store_place *store_place_ref(struct store_place *place)
{
    atomic_fetch_add_explicit(&place->references, 1, memory_order_relaxed);
    return place;
}

void store_place_unref(struct store_place *place)
{
    if (!place || atomic_fetch_sub(&place->references, 1) != 1)
        return;
    place->release(place);
    arena_finish(&place->arena);
    free(place);
}
