/*
 * Of pointer_store.h: rows whose location equals, contains or lies within another. The ancestors of
 * a location are few, and each is asked for by name; what lies below it is one range of the index.
 */
#include "storage/pointer_internal.h"

struct overlap {
    struct pointer_view *view;
    enum statement_id at;    /* ?1 a location, ?2 the id that does not count */
    enum statement_id below; /* from ?1 up to ?3 */
    row_read_fn read;
    int64_t except_id;
    struct arena *arena;
    void *ret_row;
    bool found;
};

static bool overlap_at(struct overlap *overlap, struct slice location, struct error *err)
{
    STATEMENT_SCOPED struct statement statement;
    TRY(statement_begin(overlap->view->connection, overlap->at, &statement, err));
    statement_bind_text(&statement, 1, location);
    statement_bind_int64(&statement, 2, overlap->except_id);
    return row_read_one(&statement, overlap->arena, overlap->read, overlap->ret_row,
                        &overlap->found, err);
}

/* The location itself, then each prefix that ends before a '/' of its path. A location without an
 * authority has the root "scheme:///" above it as well. */
static bool overlap_above(struct overlap *overlap, struct slice location, struct error *err)
{
    TRY(overlap_at(overlap, location, err));
    size_t colon = slice_find(location, ':');
    size_t start = colon + sizeof "://" - 1;
    for (size_t size = location.len; !overlap->found && size > start; size--) {
        if (location.ptr[size - 1] != '/')
            continue;
        bool is_root = size - 1 == start;
        size_t prefix = is_root ? size : size - 1;
        if (prefix < location.len)
            TRY(overlap_at(overlap, slice_make(location.ptr, prefix), err));
    }
    return true;
}

static bool overlap_below(struct overlap *overlap, struct slice location, struct error *err)
{
    bool is_root = slice_ends_with(location, SLICE_LITERAL("/"));
    struct slice base = slice_make(location.ptr, location.len - (is_root ? 1 : 0));
    struct slice from = arena_printf(overlap->arena, "%.*s/", (int)base.len, base.ptr);
    struct slice to = arena_printf(overlap->arena, "%.*s0", (int)base.len, base.ptr);
    if (!from.ptr || !to.ptr)
        return error_no_memory(err, "a location");
    STATEMENT_SCOPED struct statement statement;
    TRY(statement_begin(overlap->view->connection, overlap->below, &statement, err));
    statement_bind_text(&statement, 1, from);
    statement_bind_int64(&statement, 2, overlap->except_id);
    statement_bind_text(&statement, 3, to);
    return row_read_one(&statement, overlap->arena, overlap->read, overlap->ret_row,
                        &overlap->found, err);
}

static bool overlap_find(struct overlap *overlap, struct slice location, bool *ret_found,
                         struct error *err)
{
    TRY(overlap_above(overlap, location, err));
    if (!overlap->found)
        TRY(overlap_below(overlap, location, err));
    *ret_found = overlap->found;
    return true;
}

bool pointer_location_overlap(struct pointer_view *view, struct slice location, int64_t except_id,
                              struct arena *arena, struct entity_row *ret_row, bool *ret_found,
                              struct error *err)
{
    struct overlap overlap = {.view = view,
                              .at = STATEMENT_ENTITY_AT_LOCATION,
                              .below = STATEMENT_ENTITY_BELOW_LOCATION,
                              .read = entity_row_read,
                              .except_id = except_id,
                              .arena = arena,
                              .ret_row = ret_row};
    return overlap_find(&overlap, location, ret_found, err);
}

bool pointer_purge_overlap(struct pointer_view *view, struct slice location, struct arena *arena,
                           struct purge_row *ret_row, bool *ret_found, struct error *err)
{
    struct overlap overlap = {.view = view,
                              .at = STATEMENT_PURGE_AT_LOCATION,
                              .below = STATEMENT_PURGE_BELOW_LOCATION,
                              .read = purge_row_read,
                              .arena = arena,
                              .ret_row = ret_row};
    return overlap_find(&overlap, location, ret_found, err);
}
