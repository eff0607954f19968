/*
 * adls_place.h — how one place on Azure is reached: the Blob service's address, and who we are.
 *
 * Spec:     "Azure Data Lake Storage URI"; "Naming and Referencing Containers, Blobs, and Metadata"
 * Owns:     a place holds copies of its profile's texts; shared by reference count
 * Errors:   ERROR_BAD_REQUEST (a location that is none of Azure's), ERROR_STORAGE (no credentials,
 *           or those of another account), ERROR_NO_MEMORY
 * Threads:  any; immutable but for the tokens that are kept
 */
#ifndef STORAGE_ADLS_PLACE_H
#define STORAGE_ADLS_PLACE_H

#include <stdatomic.h>

#include "storage/azure_token_fetch.h"
#include "storage/place_roots.h"

struct adls_place {
    struct store_place base;
    struct slice endpoint; /* "http://host:port"; empty: the account's own, by https */
    struct slice account;  /* that the key is of; empty: of any */
    struct slice account_key;
    struct azure_token_origin origin;
    struct token_source *tokens; /* NULL: the key counts */
};

/* `profile` NULL: what the server's own environment says (AZURE_STORAGE_CONNECTION_STRING,
 * AZURE_STORAGE_ACCOUNT …). */
bool adls_place_create(const struct storage_profile *profile, const struct place_source *source,
                       struct store_place **ret_place, struct error *err);
static inline struct adls_place *adls_place_of(struct store_place *place)
{
    return (struct adls_place *)place;
}

/* "abfss://container@account.dfs.core.windows.net/key" and its other spellings. The key is taken as
 * it is written, percent signs and all, as the Java and Python clients take it. */
struct adls_object {
    struct slice root;      /* of the location as it was given, without the '/': a view */
    struct slice container; /* as all that follows but the key, in the arena */
    struct slice account;
    struct slice domain; /* "core.windows.net" */
    struct slice host;   /* of the Blob service: "account.blob.core.windows.net" */
    struct slice key;    /* empty: the container itself. A view */
};
bool adls_object_parse(struct slice uri, struct arena *arena, struct adls_object *ret_object,
                       struct error *err);

/* Does the endpoint's host begin with the account, as the account's own do? Another one (Azurite's)
 * has the account in the path. */
bool adls_endpoint_is_of_account(struct slice endpoint, struct slice account);

/* Where a request for it goes, both in the arena. */
bool adls_place_address(const struct adls_place *place, const struct adls_object *object,
                        struct arena *arena, struct slice *ret_endpoint, struct slice *ret_path,
                        struct error *err);

#endif
