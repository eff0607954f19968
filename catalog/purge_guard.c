/*
 * Why a mark: the metadata of a table that is registered is read before the transaction, and a
 * purge may begin and end between the two. What began before the mark and is still going on is met
 * in the queue; what had ended by then has deleted the metadata file, which goes last; and a drop
 * that comes after the mark gives its entry a higher id than the mark is.
 */
#include "catalog/purge_guard.h"

#include "catalog/dropped.h"
#include "catalog/purge.h"

static bool refuse(const struct purge_row *row, struct error *err)
{
    return error_set(err, ERROR_CONFLICT,
                     "The files of the table that was dropped from %.*s are being deleted (purge "
                     "%lld of /management/v1/purges): try again when that is done",
                     SLICE_ARG(row->location), (long long)row->id);
}

static bool is_given_up(const struct purge_row *row)
{
    return row->attempts >= MAX_PURGE_ATTEMPTS;
}

/* An entry by the table's uuid, else (where a location is given) by its place. */
static bool find(struct pointer_view *view, struct slice uuid, struct slice location,
                 struct arena *arena, struct purge_row *ret_row, bool *ret_found,
                 struct error *err)
{
    TRY(pointer_purge_by_uuid(view, uuid, arena, ret_row, ret_found, err));
    return *ret_found || location.len == 0 ||
           pointer_purge_overlap(view, location, arena, ret_row, ret_found, err);
}

static bool check_queue(struct pointer_view *view, struct slice uuid, struct slice location,
                        struct arena *arena, struct error *err)
{
    struct purge_row row;
    bool found = false;
    TRY(find(view, uuid, location, arena, &row, &found, err));
    return !found || is_given_up(&row) || refuse(&row, err);
}

bool purge_guard_check(struct pointer_view *view, struct slice uuid, struct slice location,
                       struct arena *arena, struct error *err)
{
    return check_queue(view, uuid, location, arena, err) && dropped_admit(view, uuid, arena, err);
}

bool purge_guard_mark(struct call *call, struct slice uuid, struct slice location,
                      int64_t *ret_mark, struct error *err)
{
    struct pointer_view *view = NULL;
    TRY(pointer_view_begin(call->catalog->pointers, &view, err));
    bool ok = check_queue(view, uuid, location, call->arena, err) &&
              pointer_purge_last(view, ret_mark, err);
    pointer_view_end(view);
    return ok;
}

bool purge_guard_is_stale(struct pointer_txn *txn, int64_t mark, bool *ret_stale,
                          struct error *err)
{
    int64_t last = 0;
    TRY(pointer_purge_last(pointer_txn_view(txn), &last, err));
    *ret_stale = last != mark;
    return true;
}

bool purge_guard_admit_files(struct pointer_txn *txn, struct slice uuid, struct slice location,
                             struct arena *arena, struct error *err)
{
    struct purge_row row;
    bool found = true;
    TRY(dropped_admit(pointer_txn_view(txn), uuid, arena, err));
    while (found) {
        TRY(find(pointer_txn_view(txn), uuid, location, arena, &row, &found, err));
        if (found && !is_given_up(&row))
            return refuse(&row, err);
        if (found)
            TRY(pointer_purge_done(txn, row.id, err));
    }
    return true;
}

bool purge_guard_admit(struct pointer_txn *txn, struct slice uuid, struct arena *arena,
                       struct error *err)
{
    return purge_guard_admit_files(txn, uuid, SLICE_EMPTY, arena, err);
}
