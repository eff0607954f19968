/*
 * Which metadata files belong to nobody?
 *
 *   1. while tables are checked: each metadata directory is listed once; what the table at hand
 *      does not name itself becomes a candidate
 *   2. afterwards, so that a commit which was running at 1 has its pointer: every pointer and every
 *      metadata log is read again, and the whole change log; a candidate that one of them names is
 *      known
 *   3. the other candidates are orphans
 *
 * Only candidates are remembered, so memory does not grow with the catalog's history.
 */
#include "catalog/fsck_internal.h"

#include "base/limits.h"
#include "storage/location.h"

#define CHANGE_PAGE_SIZE 1000
#define CHANGE_ARENA_CEILING (256 * MIB)
#define SCRATCH_CEILING (8 * MAX_URI_SIZE)

/* --- 1: candidates ------------------------------------------------------------------------ */

struct listing {
    struct fsck *fsck;
    struct slice directory;
    struct text_set own; /* canonical: what the table at hand names */
};

static bool is_metadata_name(struct slice uri)
{
    return slice_ends_with(uri, SLICE_LITERAL(".metadata.json")) ||
           slice_ends_with(uri, SLICE_LITERAL(".metadata.json.gz"));
}

static bool lies_directly_in(struct slice uri, struct slice directory)
{
    struct slice name = slice_from(uri, directory.len + 1);
    return slice_starts_with(uri, directory) && slice_find(name, '/') == name.len;
}

static bool note_file(void *context, struct slice uri, uint64_t size, struct error *err)
{
    struct listing *listing = context;
    struct arena scratch;
    struct slice canonical;
    bool added;
    (void)size;
    if (!is_metadata_name(uri) || !lies_directly_in(uri, listing->directory))
        return true;
    arena_init(&scratch, SCRATCH_CEILING);
    bool ok = location_canonical(uri, &scratch, &canonical, err) &&
              (text_set_has(&listing->own, canonical) ||
               text_set_add(&listing->fsck->candidates, canonical, &added, err));
    arena_finish(&scratch);
    return ok;
}

static bool list_directory(struct listing *listing, struct slice directory,
                           struct fsck_check *check, struct error *err)
{
    struct error cause = {0};
    bool is_new = false;
    if (!location_canonical(directory, &check->arena, &listing->directory, &cause))
        return fsck_problem_of(check, FSCK_UNREADABLE, FSCK_UNREADABLE, directory, &cause, err);
    TRY(text_set_add(&listing->fsck->directories, listing->directory, &is_new, err));
    if (!is_new ||
        object_list(listing->fsck->catalog.objects, listing->directory, note_file, listing, &cause))
        return true;
    return fsck_problem_of(check, FSCK_UNREADABLE, FSCK_UNREADABLE, directory, &cause, err);
}

/* Names that have no canonical form cannot be found in a listing either. */
static bool add_own(struct listing *listing, struct slice location, struct error *err)
{
    struct arena scratch;
    struct slice canonical;
    bool added, ok = true;
    arena_init(&scratch, SCRATCH_CEILING);
    if (location_canonical(location, &scratch, &canonical, NULL))
        ok = text_set_add(&listing->own, canonical, &added, err);
    arena_finish(&scratch);
    return ok;
}

static struct slice directory_of(struct slice location)
{
    const char *slash = memrchr(location.ptr, '/', location.len);
    return slash ? slice_make(location.ptr, (size_t)(slash - location.ptr)) : location;
}

static bool note_orphans(struct listing *listing, struct fsck_check *check,
                         const struct table_metadata *metadata, struct error *err)
{
    struct slice directory;
    TRY(add_own(listing, check->row.metadata_location, err));
    for (size_t i = 0; metadata && i < metadata->metadata_log_count; i++)
        TRY(add_own(listing, metadata->metadata_log[i].metadata_file, err));
    TRY(table_metadata_directory(metadata, check->row.location, &check->arena, &directory, err));
    return list_directory(listing, directory, check, err) &&
           list_directory(listing, directory_of(check->row.metadata_location), check, err);
}

bool fsck_orphans_note(struct fsck_check *check, const struct table_metadata *metadata,
                       struct error *err)
{
    struct listing listing = {.fsck = check->fsck};
    text_set_init(&listing.own, &check->arena);
    bool ok = note_orphans(&listing, check, metadata, err);
    text_set_finish(&listing.own);
    return ok;
}

/* --- 2: what is known --------------------------------------------------------------------- */

static bool add_known(struct fsck *fsck, struct slice location, struct error *err)
{
    struct arena scratch;
    struct slice canonical;
    bool added, ok = true;
    arena_init(&scratch, SCRATCH_CEILING);
    if (location.len > 0 && location_canonical(location, &scratch, &canonical, NULL) &&
        text_set_has(&fsck->candidates, canonical))
        ok = text_set_add(&fsck->known, canonical, &added, err);
    arena_finish(&scratch);
    return ok;
}

/* A file that cannot be read was a finding in the first pass already. */
static bool know_entity(struct fsck *fsck, const struct entity_row *row, struct error *err)
{
    struct table_metadata *metadata = NULL;
    bool ok = true;
    TRY(add_known(fsck, row->metadata_location, err));
    if (row->kind != ENTITY_TABLE)
        return true;
    if (!table_metadata_read(&fsck->catalog, row->metadata_location, &metadata, NULL)) {
        fsck->is_unsure = true;
        return true;
    }
    for (size_t i = 0; ok && i < metadata->metadata_log_count; i++)
        ok = add_known(fsck, metadata->metadata_log[i].metadata_file, err);
    table_metadata_unref(metadata);
    return ok;
}

static bool know_changes(struct fsck *fsck, const struct change_row *rows, size_t count,
                         struct error *err)
{
    for (size_t i = 0; i < count; i++) {
        TRY(add_known(fsck, rows[i].old_location, err));
        TRY(add_known(fsck, rows[i].new_location, err));
    }
    return true;
}

static bool know_page(struct fsck *fsck, struct arena *arena, int64_t *after, bool *ret_more,
                      struct error *err)
{
    struct pointer_view *view = NULL;
    struct change_row *rows = NULL;
    size_t count = 0;
    TRY(pointer_view_begin(fsck->catalog.pointers, &view, err));
    bool ok = pointer_change_list(view, 0, *after, CHANGE_PAGE_SIZE, arena, &rows, &count, err);
    pointer_view_end(view);
    if (!ok)
        return false;
    *ret_more = count > 0;
    if (count > 0)
        *after = rows[count - 1].sequence;
    return know_changes(fsck, rows, count, err);
}

static bool know_history(struct fsck *fsck, struct error *err)
{
    int64_t after = 0;
    bool more = true, ok = true;
    while (ok && more) {
        struct arena arena;
        arena_init(&arena, CHANGE_ARENA_CEILING);
        ok = know_page(fsck, &arena, &after, &more, err);
        arena_finish(&arena);
    }
    return ok;
}

/* --- 3: orphans --------------------------------------------------------------------------- */

static bool report_orphan(void *context, struct slice location, struct error *err)
{
    struct fsck *fsck = context;
    if (text_set_has(&fsck->known, location))
        return true;
    struct fsck_finding finding = {
        .kind = FSCK_ORPHAN,
        .warehouse = SLICE_EMPTY,
        .file = location,
        .detail = SLICE_EMPTY,
    };
    struct error cause = {0};
    if (fsck->options->may_delete && fsck->is_unsure)
        finding.detail = SLICE_LITERAL("kept, because a table's metadata cannot be read: what that "
                                       "table needs is not known");
    else if (fsck->options->may_delete) {
        finding.is_deleted = object_remove(fsck->catalog.objects, location, &cause);
        finding.detail = slice_from_string(cause.message);
        fsck->summary.deleted += finding.is_deleted;
    }
    fsck->summary.findings++;
    return fsck->options->report(fsck->options->context, &finding, err);
}

bool fsck_orphans_report(struct fsck *fsck, struct error *err)
{
    if (text_set_is_empty(&fsck->candidates))
        return true;
    TRY(fsck_walk(fsck, know_entity, err));
    TRY(know_history(fsck, err));
    return text_set_each(&fsck->candidates, report_orphan, fsck, err);
}
