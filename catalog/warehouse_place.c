#include "catalog/warehouse_place.h"

#include "storage/location.h"

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

static bool check_policy(const struct catalog *catalog, struct slice canonical, struct error *err)
{
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
    return is_open(catalog, canonical) ||
           error_set(err, ERROR_FORBIDDEN,
                     "The warehouse location %.*s lies outside of the server's data directory and "
                     "of every allowed location: start the server with --allow-location",
                     SLICE_ARG(canonical));
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
                           const struct warehouse_row *row, struct error *err)
{
    struct warehouse_row *rows = NULL;
    struct slice canonical;
    size_t count = 0;
    TRY(location_canonical(row->location, call->arena, &canonical, err));
    TRY(check_policy(call->catalog, canonical, err));
    TRY(pointer_warehouse_list(pointer_txn_view(txn), call->arena, &rows, &count, err));
    for (size_t i = 0; i < count; i++)
        if (rows[i].id != row->id)
            TRY(check_apart(call, &rows[i], canonical, err));
    return true;
}
