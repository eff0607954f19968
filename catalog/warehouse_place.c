#include "catalog/warehouse_place.h"

#include "storage/location.h"
#include "storage/storage_profile.h"

/* Above the server's own files; empty where it has none. */
static struct slice data_directory(const struct catalog *catalog)
{
    const struct slice own = catalog->own_files;
    const char *slash = own.len > 0 ? memrchr(own.ptr, '/', own.len) : NULL;
    return slash ? slice_make(own.ptr, (size_t)(slash - own.ptr)) : SLICE_EMPTY;
}

static bool is_root(struct slice canonical)
{
    return slice_ends_with(canonical, SLICE_LITERAL(":///"));
}

static bool is_open(const struct catalog *catalog, struct slice canonical)
{
    struct slice data = data_directory(catalog);
    if (data.len > 0 && location_is_within(canonical, data))
        return true;
    for (size_t i = 0; i < catalog->allowed_location_count; i++)
        if (location_is_within(canonical, catalog->allowed_locations[i]))
            return true;
    return false;
}

static bool holds_own_files(const struct catalog *catalog, struct slice canonical)
{
    struct slice data = data_directory(catalog);
    return data.len > 0 && (location_is_within(data, canonical) ||
                            slice_starts_with(canonical, catalog->own_files));
}

/* A place and its profile go together. */
static bool check_kind(struct slice canonical, const struct storage_profile *profile,
                       struct error *err)
{
    struct slice scheme = location_scheme(canonical);
    bool is_file = slice_equals_string(scheme, "file");
    if (is_file && profile != NULL)
        return error_set(err, ERROR_BAD_REQUEST,
                         "%.*s is a local directory: storage is for object stores",
                         SLICE_ARG(canonical));
    if (!is_file && profile == NULL)
        return error_set(err, ERROR_BAD_REQUEST,
                         "%.*s lies in an object store: say with storage how it is reached",
                         SLICE_ARG(canonical));
    return is_file || slice_equals_string(scheme, storage_type_scheme(profile->type)) ||
           error_set(err, ERROR_BAD_REQUEST,
                     "storage: type %s is for %s://, but the location is %.*s",
                     storage_type_name(profile->type), storage_type_scheme(profile->type),
                     SLICE_ARG(canonical));
}

static bool check_open(const struct catalog *catalog, struct slice canonical,
                       const struct storage_change *storage, struct error *err)
{
    if (is_open(catalog, canonical) || storage->has_own_secrets)
        return true;
    if (storage->profile != NULL && !credentials_are_ambient(&storage->profile->credentials))
        return error_set(err, ERROR_FORBIDDEN,
                         "The warehouse location %.*s is opened by credentials that come with the "
                         "request: give the secrets again (null is for those that stay where they "
                         "are), or start the server with --allow-location",
                         SLICE_ARG(canonical));
    if (storage->profile != NULL)
        return error_set(err, ERROR_FORBIDDEN,
                         "The machine's own credentials (%s) are not lent to %.*s: start the "
                         "server with --allow-location, or give credentials with the warehouse",
                         credentials_source_name(storage->profile->credentials.source),
                         SLICE_ARG(canonical));
    return error_set(err, ERROR_FORBIDDEN,
                     "The warehouse location %.*s lies outside of the server's data directory and "
                     "of every allowed location: start the server with --allow-location",
                     SLICE_ARG(canonical));
}

static bool check_policy(const struct catalog *catalog, struct slice canonical,
                         const struct storage_change *storage, struct error *err)
{
    TRY(check_kind(canonical, storage->profile, err));
    if (is_root(canonical))
        return error_set(err, ERROR_FORBIDDEN,
                         "The warehouse location %.*s is the root of the file system: choose a "
                         "directory below it",
                         SLICE_ARG(canonical));
    if (holds_own_files(catalog, canonical))
        return error_set(err, ERROR_FORBIDDEN,
                         "The warehouse location %.*s holds the server's own files: choose a "
                         "directory beside them",
                         SLICE_ARG(canonical));
    return check_open(catalog, canonical, storage, err);
}

static bool check_apart(const struct call *call, const struct warehouse_row *other,
                        struct slice canonical, struct error *err)
{
    struct slice taken;
    TRY(location_canonical(other->location, call->arena, &taken, err));
    if (!location_is_within(canonical, taken) && !location_is_within(taken, canonical))
        return true;
    return error_set(err, ERROR_CONFLICT,
                     "Location %.*s overlaps with %.*s, the location of warehouse %.*s: choose "
                     "another",
                     SLICE_ARG(canonical), SLICE_ARG(taken), SLICE_ARG(other->name));
}

bool warehouse_place_check(const struct call *call, struct pointer_txn *txn,
                           const struct warehouse_row *row, const struct storage_change *storage,
                           struct error *err)
{
    struct warehouse_row *rows = NULL;
    struct slice canonical;
    size_t count = 0;
    TRY(location_canonical(row->location, call->arena, &canonical, err));
    TRY(check_policy(call->catalog, canonical, storage, err));
    TRY(pointer_warehouse_list(pointer_txn_view(txn), call->arena, &rows, &count, err));
    for (size_t i = 0; i < count; i++)
        if (rows[i].id != row->id)
            TRY(check_apart(call, &rows[i], canonical, err));
    return true;
}
