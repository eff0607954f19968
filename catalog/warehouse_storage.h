/*
 * warehouse_storage.h — the storage profile of a warehouse: taken from requests, kept with its
 * secrets encrypted, and read again.
 *
 * Owns:     texts lie in the arena that is given
 * Errors:   ERROR_BAD_REQUEST, ERROR_CONFLICT (a secret that was sealed with a key which is not
 *           there), ERROR_FORBIDDEN
 * Threads:  any; pure but for what they are given
 * Rule:     a secret that is kept goes on only to the place and as the identity that it was given
 *           for; one in a request opens what it opens, the machine's own only what the operator has
 *           (catalog/warehouse_place.h)
 */
#ifndef CATALOG_WAREHOUSE_STORAGE_H
#define CATALOG_WAREHOUSE_STORAGE_H

#include <jansson.h>

#include "catalog/catalog.h"

/* What a change makes of a warehouse's storage. */
struct storage_change {
    const struct storage_profile *profile; /* NULL: local files */
    struct storage_row row;                /* as it is to be stored; an empty profile: none */
    bool is_changed;
    bool has_own_secrets; /* the request itself gave all that the profile needs */
    bool is_kept;         /* place and identity are those of before, and so are the secrets */
};

/* `json` is the request's member: NULL (as it was), JSON null (none), or the profile. `old` is what
 * is stored, with an empty profile where there is none. */
bool storage_change_make(const struct call *call, struct slice warehouse, const json_t *json,
                         const struct storage_row *old, struct storage_change *ret,
                         struct error *err);

/* That of a warehouse among those of all; NULL: it has none. */
const struct storage_row *storage_row_find(const struct storage_row *rows, size_t count,
                                           int64_t warehouse_id);

/* As stored; the profile lies in `arena`. */
bool storage_row_open(const struct catalog *catalog, struct slice warehouse,
                      const struct storage_row *row, struct arena *arena,
                      struct storage_profile **ret_profile, struct error *err);

/* The machine's own credentials go to the provider, or where the operator has said
 * (allowed_endpoints): their session tokens and identity tokens are in what is sent. So does what a
 * service account's key is exchanged for: else who may make a warehouse could have the server
 * post to any host. */
bool storage_check_endpoints(const struct catalog *catalog, const struct storage_profile *profile,
                             struct arena *arena, struct error *err);

/* At a start: seals with the first key what an older one has sealed, in one transaction, so that
 * the older key is of no more use. */
bool storage_rows_reseal(struct catalog *catalog, struct error *err);

#endif
