#include "storage/adls_environment.h"

/* The value of "Name=value" among parts with ';' between; keys end with '=', so the first counts.
 * Names are taken in any case, as Azure's own tools take them. */
static struct slice part_of(struct slice text, const char *name)
{
    while (text.len > 0) {
        struct slice part = slice_make(text.ptr, slice_find(text, ';'));
        size_t equals = slice_find(part, '=');
        text = slice_from(text, part.len + 1);
        if (slice_equals_ignore_case(slice_trim(slice_make(part.ptr, equals)),
                                     slice_from_string(name)))
            return slice_trim(slice_from(part, equals + 1));
    }
    return SLICE_EMPTY;
}

/* "http://127.0.0.1:10000/devstoreaccount1" is kept without the account, which each address gets
 * anew (adls_place_address). */
static struct slice without_account(struct slice endpoint, struct slice account)
{
    while (slice_ends_with(endpoint, SLICE_LITERAL("/")))
        endpoint.len--;
    if (account.len > 0 && endpoint.len > account.len && slice_ends_with(endpoint, account) &&
        endpoint.ptr[endpoint.len - account.len - 1] == '/')
        endpoint.len -= account.len + 1;
    return endpoint;
}

/* The account's own address follows from a location, unless the protocol is another one. */
static bool endpoint_of(struct slice text, struct slice account, struct arena *arena,
                        struct slice *ret_endpoint, struct error *err)
{
    struct slice suffix = part_of(text, "EndpointSuffix");
    *ret_endpoint = without_account(part_of(text, "BlobEndpoint"), account);
    if (ret_endpoint->len > 0 || suffix.len == 0 || account.len == 0)
        return true;
    struct slice protocol = part_of(text, "DefaultEndpointsProtocol");
    *ret_endpoint = arena_printf(arena, "%.*s://%.*s.blob.%.*s",
                                 SLICE_ARG(protocol.len ? protocol : SLICE_LITERAL("https")),
                                 SLICE_ARG(account), SLICE_ARG(suffix));
    return ret_endpoint->ptr || error_no_memory(err, "an endpoint");
}

bool adls_environment_read(environment_fn environment, struct arena *arena,
                           struct storage_profile *ret_profile, struct slice *ret_account,
                           struct error *err)
{
    struct slice text = environment_get(environment, "AZURE_STORAGE_CONNECTION_STRING");
    bool is_connection = text.len > 0;
    struct storage_profile profile = {.type = STORAGE_ADLS};
    struct slice account = is_connection ? part_of(text, "AccountName")
                                         : environment_get(environment, "AZURE_STORAGE_ACCOUNT");
    struct slice key = is_connection ? part_of(text, "AccountKey")
                                     : environment_get(environment, "AZURE_STORAGE_KEY");
    if (is_connection)
        TRY(endpoint_of(text, account, arena, &profile.endpoint, err));
    profile.credentials.source = CREDENTIALS_ACCOUNT_KEY;
    profile.credentials.account_key = account.len > 0 ? key : SLICE_EMPTY;
    *ret_account = profile.credentials.account_key.len > 0 ? account : SLICE_EMPTY;
    *ret_profile = profile;
    return true;
}
