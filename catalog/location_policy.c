#include "catalog/location_policy.h"

#include "base/buffer.h"
#include "base/digest.h"
#include "base/json_text.h"
#include "base/limits.h"
#include "storage/location.h"
#include "storage/storage_profile.h"

/* Longest part of a name that goes into a path segment: with the digest it stays far below the 255
 * bytes that file systems allow. */
#define MAX_PLAIN_SEGMENT 100
/* Hexadecimal digits of the name's digest behind a changed segment. */
#define SEGMENT_DIGEST_SIZE 10
/* Of a random UUID: where two are the same the next try, or the insert, finds the place taken. */
#define LOCATION_SUFFIX_SIZE 8

/* The database may lie below an allowed location: it is nobody's table, and no purge's prey. */
static bool is_own_file(const struct catalog *catalog, struct slice canonical)
{
    return catalog->own_files.len > 0 && slice_starts_with(canonical, catalog->own_files);
}

bool location_is_allowed(const struct catalog *catalog, const struct warehouse *warehouse,
                         struct slice location, struct arena *arena)
{
    struct slice canonical;
    if (!location_canonical(location, arena, &canonical, NULL) ||
        is_own_file(catalog, canonical))
        return false;
    if (warehouse && location_is_within(canonical, warehouse->canonical))
        return true;
    for (size_t i = 0; i < catalog->allowed_location_count; i++)
        if (location_is_within(canonical, catalog->allowed_locations[i]))
            return true;
    return false;
}

static bool is_metadata_of(const struct entity_row *row, struct slice canonical,
                           struct arena *arena)
{
    struct slice current;
    return location_canonical(row->metadata_location, arena, &current, NULL) &&
           slice_equals(current, canonical);
}

/* The current metadata of something that keeps it apart: a view, a function, or a table with
 * metadata outside of its own place. */
static bool is_metadata_apart(struct pointer_view *view, struct slice canonical,
                              struct arena *arena, bool *ret_is_metadata, struct error *err)
{
    struct entity_row *rows = NULL;
    size_t count = 0;
    bool is_metadata = false;
    const char *slash = memrchr(canonical.ptr, '/', canonical.len);
    struct slice name = slice_from(canonical, slash ? (size_t)(slash + 1 - canonical.ptr) : 0);
    TRY(pointer_entity_by_metadata_name(view, name, arena, &rows, &count, err));
    for (size_t i = 0; i < count && !is_metadata; i++)
        is_metadata = is_metadata_of(&rows[i], canonical, arena);
    *ret_is_metadata = is_metadata;
    return true;
}

/* `is_inside`: the file lies within the place of the table that names it. */
static bool is_of_another_in(struct pointer_view *view, struct slice canonical, bool is_inside,
                             struct arena *arena, bool *ret_is, struct error *err)
{
    struct entity_row other;
    bool found = false;
    TRY(pointer_location_overlap(view, canonical, 0, arena, &other, &found, err));
    if (!found || (is_inside && !is_metadata_of(&other, canonical, arena)))
        return is_metadata_apart(view, canonical, arena, ret_is, err);
    *ret_is = true;
    return true;
}

/* Where the catalog cannot be read the file stays: an orphan costs space, a lost file a table. */
static bool is_of_another(const struct catalog *catalog, struct slice canonical, bool is_inside,
                          struct arena *arena)
{
    struct pointer_view *view = NULL;
    bool is = true;
    if (!pointer_view_begin(catalog->pointers, &view, NULL))
        return true;
    bool ok = is_of_another_in(view, canonical, is_inside, arena, &is, NULL);
    pointer_view_end(view);
    return !ok || is;
}

enum location_right location_right(const struct catalog *catalog,
                                   const struct warehouse *warehouse, struct slice place,
                                   struct slice file, struct arena *arena)
{
    struct slice canonical;
    if (!location_canonical(file, arena, &canonical, NULL))
        return LOCATION_OUTSIDE;
    if (is_own_file(catalog, canonical))
        return LOCATION_OF_ANOTHER;
    bool is_inside = place.len > 0 && location_is_within(canonical, place);
    if (!is_inside && !location_is_allowed(catalog, warehouse, file, arena))
        return LOCATION_OUTSIDE;
    return is_of_another(catalog, canonical, is_inside, arena) ? LOCATION_OF_ANOTHER
                                                               : LOCATION_OURS;
}

bool location_is_deletable(const struct catalog *catalog, const struct warehouse *warehouse,
                           struct slice place, struct slice file, struct arena *arena)
{
    return location_right(catalog, warehouse, place, file, arena) == LOCATION_OURS;
}

static bool is_readable(const struct catalog *catalog, const struct warehouse *warehouse,
                        struct slice place, struct slice file, struct arena *arena)
{
    struct slice canonical;
    if (!location_canonical(file, arena, &canonical, NULL) || is_own_file(catalog, canonical))
        return false;
    return (place.len > 0 && location_is_within(canonical, place)) ||
           location_is_allowed(catalog, warehouse, file, arena);
}

bool location_check_read(const struct catalog *catalog, const struct warehouse *warehouse,
                         struct slice place, struct slice file, struct error *err)
{
    struct arena scratch;
    arena_init(&scratch, 4 * MAX_URI_SIZE);
    bool ok = is_readable(catalog, warehouse, place, file, &scratch);
    arena_finish(&scratch);
    return ok || error_set(err, ERROR_FORBIDDEN,
                           "The table names the file %.*s, which lies outside of the table's "
                           "location, of its warehouse and of every allowed location: the server "
                           "does not read it unless it is started with --allow-location",
                           SLICE_ARG(file));
}

bool location_check(const struct call *call, struct slice location, const char *what,
                    struct slice *ret_canonical, struct error *err)
{
    struct slice canonical;
    if (!location_canonical(location, call->arena, &canonical, err))
        return error_prefix(err, "Invalid %s", what);
    if (!location_is_allowed(call->catalog, call->warehouse, location, call->arena))
        return error_set(err, ERROR_FORBIDDEN,
                         "The %s %.*s lies outside of the warehouse %.*s and of every allowed "
                         "location: choose one below %.*s, or start the server with "
                         "--allow-location",
                         what, SLICE_ARG(location), SLICE_ARG(call->warehouse->name),
                         SLICE_ARG(call->warehouse->location));
    *ret_canonical = canonical;
    return true;
}

bool location_check_metadata(const struct call *call, struct slice directory,
                             struct slice canonical, struct error *err)
{
    struct slice unused, inner;
    if (location_canonical(directory, call->arena, &inner, NULL) &&
        location_is_within(inner, canonical))
        return true;
    return location_check(call, directory, "metadata location (write.metadata.path)", &unused,
                          err);
}

static bool is_plain(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           c == '_' || c == '-' || c == '.';
}

/* One path segment for a name: itself where it is plain, else a readable part and a digest. */
static bool append_segment(struct buffer *out, struct slice name, struct error *err)
{
    bool is_changed = name.len > MAX_PLAIN_SEGMENT || name.ptr[0] == '.';
    size_t size = name.len > MAX_PLAIN_SEGMENT ? MAX_PLAIN_SEGMENT : name.len;
    buffer_append_byte(out, '/');
    for (size_t i = 0; i < size; i++) {
        bool plain = is_plain(name.ptr[i]) && !(i == 0 && name.ptr[i] == '.');
        is_changed = is_changed || !plain;
        buffer_append_byte(out, plain ? name.ptr[i] : '_');
    }
    if (!is_changed)
        return true;
    char hex[DIGEST_HEX_SIZE];
    TRY(digest_parts(&name, 1, hex, err));
    buffer_append_byte(out, '-');
    buffer_append(out, hex, SEGMENT_DIGEST_SIZE);
    return true;
}

static bool append_namespace(struct buffer *out, struct slice path, struct error *err)
{
    while (path.len > 0) {
        size_t end = slice_find(path, NAMESPACE_SEPARATOR);
        TRY(append_segment(out, slice_make(path.ptr, end), err));
        path = slice_from(path, end + 1);
    }
    return true;
}

static bool append_base(const struct call *call, struct slice namespace_path,
                        struct slice namespace_properties, struct buffer *out, struct error *err)
{
    struct slice value = {NULL, 0}, own = SLICE_EMPTY;
    TRY(json_object_find(namespace_properties, "location", &value, err));
    if (value.ptr && json_value_is_string(value))
        TRY(json_value_string(value, call->arena, &own, err));
    if (own.len > 0) {
        buffer_append_slice(out, location_strip_slash(own));
        return true;
    }
    buffer_append_slice(out, call->warehouse->location);
    return append_namespace(out, namespace_path, err);
}

bool location_default(const struct call *call, struct slice namespace_path,
                      struct slice namespace_properties, struct slice name, struct slice suffix,
                      struct slice *ret_location, struct error *err)
{
    struct buffer out;
    buffer_init(&out, MAX_URI_SIZE);
    bool ok = append_base(call, namespace_path, namespace_properties, &out, err) &&
              append_segment(&out, name, err);
    if (ok && suffix.len > 0) {
        buffer_append_byte(&out, '-');
        buffer_append_slice(&out, suffix);
    }
    return buffer_to_arena(&out, ok, "the table's location", call->arena, ret_location, err);
}

bool location_suffix_make(const struct call *call, struct slice *ret_suffix, struct error *err)
{
    char text[UUID_TEXT_SIZE];
    TRY(uuid_make(call->catalog->random, text, err));
    struct slice suffix = arena_slice(call->arena, slice_make(text, LOCATION_SUFFIX_SIZE));
    if (suffix.ptr == NULL)
        return error_no_memory(err, "a location");
    *ret_suffix = suffix;
    return true;
}

bool location_suffix_first(const struct call *call, struct slice *ret_suffix, struct error *err)
{
    const struct storage_profile *storage = call->warehouse->storage;
    if (storage != NULL && storage->has_unique_suffix)
        return location_suffix_make(call, ret_suffix, err);
    *ret_suffix = SLICE_EMPTY;
    return true;
}

bool location_check_free(struct pointer_view *view, struct arena *arena, struct slice canonical,
                         int64_t except_id, struct error *err)
{
    struct entity_row other;
    bool found = false;
    TRY(pointer_location_overlap(view, canonical, except_id, arena, &other, &found, err));
    if (!found)
        return true;
    struct entity_name name = {other.namespace_path, other.name};
    return error_set(err, ERROR_VALIDATION,
                     "Location %.*s overlaps with %.*s, the location of table %s%s: choose another",
                     SLICE_ARG(canonical), SLICE_ARG(other.location),
                     entity_name_text(arena, name),
                     other.is_dropped ? ", which was dropped and is kept" : "");
}
