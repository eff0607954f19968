#include "catalog/fsck.h"

#include "base/json_tree.h"
#include "base/limits.h"
#include "catalog/fsck_internal.h"
#include "catalog/warehouse_storage.h"
#include "iceberg/function_metadata.h"
#include "storage/location.h"
#include "storage/secret_keys.h"

/* The warehouses, the directories, and what may be an orphan. */
#define RUN_ARENA_CEILING (1024 * MIB)
/* Manifests of one table, and what is wrong with it. */
#define CHECK_ARENA_CEILING (1024 * MIB)
#define PAGE_SIZE 1000
#define PAGE_ARENA_CEILING (256 * MIB)
/* Each file is read once, so next to nothing is worth keeping. */
#define CACHE_SIZE (1 * MIB)
/* A table whose pointer moved while it was checked is checked again; one that is committed to
 * without a pause is taken as it was the last time. */
#define MAX_ROUNDS 5

const char *fsck_kind_name(enum fsck_kind kind)
{
    static const char *const names[FSCK_KIND_COUNT] = {
#define X(enumerator, name) [enumerator] = name,
        FSCK_KINDS(X)
#undef X
    };
    return names[kind];
}

/* --- problems ----------------------------------------------------------------------------- */

bool fsck_problem_add(struct fsck_check *check, enum fsck_kind kind, struct slice file,
                      struct slice detail, struct error *err)
{
    struct fsck_problem *problem = ARENA_NEW(&check->arena, struct fsck_problem);
    if (problem == NULL)
        return error_no_memory(err, "the findings");
    problem->kind = kind;
    problem->file = arena_slice(&check->arena, file);
    problem->detail = arena_slice(&check->arena, detail);
    if (problem->file.ptr == NULL || problem->detail.ptr == NULL)
        return error_no_memory(err, "the findings");
    *check->end = problem;
    check->end = &problem->next;
    return true;
}

/* The database has the file's bytes, so that nothing is lost. */
static bool is_carried(struct fsck_check *check, struct slice file, const struct error *cause)
{
    bool says_nothing = cause->kind == ERROR_STORAGE || cause->kind == ERROR_NO_MEMORY ||
                        cause->kind == ERROR_INTERNAL;
    return !says_nothing && text_set_has(&check->fsck->carried, file);
}

bool fsck_problem_of(struct fsck_check *check, enum fsck_kind missing, enum fsck_kind broken,
                     struct slice file, const struct error *cause, struct error *err)
{
    enum fsck_kind kind = broken;
    if (is_carried(check, file, cause)) {
        check->fsck->summary.carried++;
        return true;
    }
    if (cause->kind == ERROR_NO_MEMORY || cause->kind == ERROR_INTERNAL)
        return error_set(err, cause->kind, "%s", cause->message);
    if (cause->kind == ERROR_NOT_FOUND)
        kind = missing;
    else if (cause->kind == ERROR_STORAGE)
        kind = FSCK_UNREADABLE;
    return fsck_problem_add(check, kind, file, slice_from_string(cause->message), err);
}

static bool metadata_problem(struct fsck_check *check, const struct error *cause, struct error *err)
{
    return fsck_problem_of(check, FSCK_METADATA_MISSING, FSCK_METADATA_BROKEN,
                           check->row.metadata_location, cause, err);
}

/* --- one entity --------------------------------------------------------------------------- */

static bool differs(struct fsck_check *check, enum fsck_kind kind, struct slice in_file,
                    struct slice in_row, struct error *err)
{
    struct slice detail = arena_printf(&check->arena, "the file says '%.*s', the catalog '%.*s'",
                                       SLICE_ARG(in_file), SLICE_ARG(in_row));
    if (detail.ptr == NULL)
        return error_no_memory(err, "the findings");
    return fsck_problem_add(check, kind, check->row.metadata_location, detail, err);
}

/* Format 1 may lack the uuid. */
static bool check_uuid(struct fsck_check *check, struct slice uuid, struct error *err)
{
    if (uuid.len == 0 || slice_equals_ignore_case(uuid, check->row.uuid))
        return true;
    return differs(check, FSCK_WRONG_UUID, uuid, check->row.uuid, err);
}

static bool check_location(struct fsck_check *check, struct slice location, struct error *err)
{
    struct slice canonical = location;
    struct error cause = {0};
    if (!location_canonical(location, &check->arena, &canonical, &cause) &&
        cause.kind == ERROR_NO_MEMORY)
        return error_set(err, cause.kind, "%s", cause.message);
    return slice_equals(canonical, check->row.location) ||
           differs(check, FSCK_WRONG_LOCATION, location, check->row.location, err);
}

static bool check_table(struct fsck_check *check, struct error *err)
{
    struct table_metadata *metadata = NULL;
    struct error cause = {0};
    if (!table_metadata_read(&check->fsck->catalog, check->row.metadata_location, &metadata,
                             &cause))
        return metadata_problem(check, &cause, err) && fsck_orphans_note(check, NULL, err);
    bool ok = check_uuid(check, metadata->uuid, err) &&
              check_location(check, metadata->location, err) &&
              (!check->fsck->options->is_deep || fsck_snapshots(check, metadata, err)) &&
              fsck_orphans_note(check, metadata, err);
    table_metadata_unref(metadata);
    return ok;
}

static bool check_view(struct fsck_check *check, struct error *err)
{
    struct view_metadata *metadata = NULL;
    struct error cause = {0};
    if (!view_metadata_read(&check->fsck->catalog, check->row.metadata_location, &metadata, &cause))
        return metadata_problem(check, &cause, err);
    bool ok =
        check_uuid(check, metadata->uuid, err) && check_location(check, metadata->location, err);
    view_metadata_unref(metadata);
    return ok;
}

static bool check_function_text(struct fsck_check *check, struct slice text, struct error *err)
{
    json_t *tree = NULL;
    struct slice uuid = SLICE_EMPTY;
    struct error cause = {0};
    bool ok = json_tree_parse(text, "function metadata", &tree, &cause) &&
              function_metadata_check(tree, &uuid, &cause);
    ok = ok ? check_uuid(check, uuid, err) : metadata_problem(check, &cause, err);
    json_decref(tree);
    return ok;
}

static bool check_function(struct fsck_check *check, struct error *err)
{
    struct buffer bytes;
    struct error cause = {0};
    buffer_init(&bytes, MAX_BODY_SIZE);
    bool ok = object_get(check->fsck->catalog.objects, check->row.metadata_location, &bytes, &cause)
                  ? check_function_text(check, buffer_slice(&bytes), err)
                  : metadata_problem(check, &cause, err);
    buffer_finish(&bytes);
    return ok;
}

static bool check_kind(struct fsck_check *check, struct error *err)
{
    check->fsck->summary.files++;
    switch (check->row.kind) {
    case ENTITY_TABLE:
        return check_table(check, err);
    case ENTITY_VIEW:
        return check_view(check, err);
    case ENTITY_FUNCTION:
        break;
    }
    return check_function(check, err);
}

/* --- a pointer that moves meanwhile ------------------------------------------------------- */

static struct slice warehouse_name(const struct fsck *fsck, int64_t id)
{
    for (size_t i = 0; i < fsck->warehouse_count; i++)
        if (fsck->warehouses[i].id == id)
            return fsck->warehouses[i].name;
    return SLICE_EMPTY;
}

static bool report_problems(const struct fsck_check *check, struct error *err)
{
    struct fsck *fsck = check->fsck;
    for (const struct fsck_problem *problem = check->first; problem; problem = problem->next) {
        struct fsck_finding finding = {
            .kind = problem->kind,
            .warehouse = warehouse_name(fsck, check->row.warehouse_id),
            .entity = &check->row,
            .file = problem->file,
            .detail = problem->detail,
        };
        fsck->summary.findings++;
        TRY(fsck->options->report(fsck->options->context, &finding, err));
    }
    return true;
}

/* The row as it is now, dropped meanwhile or not, in the check's arena. */
static bool read_again(struct fsck_check *check, struct entity_row *ret_row, bool *ret_found,
                       struct error *err)
{
    struct pointer_view *view = NULL;
    struct entity_row *rows = NULL;
    size_t count = 0;
    TRY(pointer_view_begin(check->fsck->catalog.pointers, &view, err));
    bool ok = pointer_entity_walk(view, check->row.id - 1, 1, &check->arena, &rows, &count, err);
    pointer_view_end(view);
    TRY(ok);
    *ret_found = count > 0 && rows[0].id == check->row.id;
    if (*ret_found)
        *ret_row = rows[0];
    return true;
}

static bool check_rounds(struct fsck_check *check, struct error *err)
{
    for (int round = 1;; round++) {
        struct entity_row now;
        bool found = false;
        check->first = NULL;
        check->end = &check->first;
        TRY(check_kind(check, err));
        if (check->first == NULL)
            return true;
        TRY(read_again(check, &now, &found, err));
        if (!found)
            return true;
        bool has_stayed = slice_equals(now.metadata_location, check->row.metadata_location);
        if (has_stayed || round == MAX_ROUNDS)
            return report_problems(check, err);
        check->row = now;
    }
}

static bool check_entity(struct fsck *fsck, const struct entity_row *row, struct error *err)
{
    struct fsck_check check = {.fsck = fsck, .row = *row};
    arena_init(&check.arena, CHECK_ARENA_CEILING);
    fsck->summary.entities++;
    bool ok = check_rounds(&check, err);
    arena_finish(&check.arena);
    if (fsck->options->progress)
        fsck->options->progress(fsck->options->context, fsck->summary.entities, fsck->total);
    return ok;
}

static bool count_entity(struct fsck *fsck, const struct entity_row *row, struct error *err)
{
    (void)row;
    (void)err;
    fsck->total++;
    return true;
}

/* --- all of them -------------------------------------------------------------------------- */

static bool read_page(struct fsck *fsck, int64_t after, struct arena *arena,
                      struct entity_row **ret_rows, size_t *ret_count, struct error *err)
{
    struct pointer_view *view = NULL;
    TRY(pointer_view_begin(fsck->catalog.pointers, &view, err));
    bool ok = pointer_entity_walk(view, after, PAGE_SIZE, arena, ret_rows, ret_count, err);
    pointer_view_end(view);
    return ok;
}

bool fsck_walk(struct fsck *fsck,
               bool (*visit)(struct fsck *fsck, const struct entity_row *row, struct error *err),
               struct error *err)
{
    size_t count = 1;
    int64_t after = 0;
    bool ok = true;
    while (ok && count > 0) {
        struct arena arena;
        struct entity_row *rows = NULL;
        arena_init(&arena, PAGE_ARENA_CEILING);
        ok = read_page(fsck, after, &arena, &rows, &count, err);
        for (size_t i = 0; ok && i < count; i++) {
            after = rows[i].id;
            ok = visit(fsck, &rows[i], err);
        }
        arena_finish(&arena);
    }
    return ok;
}

static bool read_warehouses(struct fsck *fsck, struct error *err)
{
    struct pointer_view *view = NULL;
    TRY(pointer_view_begin(fsck->catalog.pointers, &view, err));
    bool ok =
        pointer_warehouse_list(view, &fsck->arena, &fsck->warehouses, &fsck->warehouse_count, err);
    pointer_view_end(view);
    return ok;
}

/* The profile of a warehouse, from what is stored of all; NULL where it has none. */
static bool open_profile(struct fsck *fsck, const struct warehouse_row *warehouse,
                         const struct storage_row *rows, size_t count,
                         const struct storage_profile **ret_profile, struct error *err)
{
    struct storage_profile *profile = NULL;
    const struct storage_row *row = storage_row_find(rows, count, warehouse->id);
    if (row && !storage_row_open(&fsck->catalog, warehouse->name, row, &fsck->arena, &profile, err))
        return error_prefix(err, "warehouse %.*s", SLICE_ARG(warehouse->name));
    *ret_profile = profile;
    return true;
}

/* The stores are told how warehouses are reached, as a server tells them. */
static bool tell_profiles(struct fsck *fsck, const struct storage_row *rows, size_t row_count,
                          struct error *err)
{
    size_t count = fsck->warehouse_count;
    struct slice *roots = ARENA_ARRAY(&fsck->arena, struct slice, count + 1);
    const struct storage_profile **profiles =
        ARENA_ARRAY(&fsck->arena, const struct storage_profile *, count + 1);
    if (roots == NULL || profiles == NULL)
        return error_no_memory(err, "the warehouses");
    for (size_t i = 0; i < count; i++) {
        const struct warehouse_row *row = &fsck->warehouses[i];
        TRY(location_canonical(location_strip_slash(row->location), &fsck->arena, &roots[i], err));
        TRY(open_profile(fsck, row, rows, row_count, &profiles[i], err));
    }
    return object_stores_profiles(fsck->catalog.objects, roots, profiles, count, err);
}

static bool reach_warehouses(struct fsck *fsck, struct error *err)
{
    struct pointer_view *view = NULL;
    struct storage_row *rows = NULL;
    size_t count = 0;
    const struct secret_keys *keys = fsck->options->secret_keys;
    fsck->catalog.secret_keys = keys ? keys : &secret_keys_none;
    TRY(pointer_view_begin(fsck->catalog.pointers, &view, err));
    bool ok = pointer_storage_list(view, &fsck->arena, &rows, &count, err);
    pointer_view_end(view);
    return ok && tell_profiles(fsck, rows, count, err);
}

static bool read_carried_page(struct fsck *fsck, int64_t *before, size_t *ret_count,
                              struct arena *arena, struct error *err)
{
    struct pointer_view *view = NULL;
    struct pending_row *rows = ARENA_ARRAY(arena, struct pending_row, PAGE_SIZE);
    bool added;
    if (rows == NULL)
        return error_no_memory(err, "the files that the database carries");
    TRY(pointer_view_begin(fsck->catalog.pointers, &view, err));
    bool ok = pointer_pending_list(view, *before, arena, rows, PAGE_SIZE, ret_count, err);
    pointer_view_end(view);
    for (size_t i = 0; ok && i < *ret_count; i++) {
        *before = rows[i].id;
        ok = text_set_add(&fsck->carried, rows[i].location, &added, err);
    }
    return ok;
}

/* What the next start writes again. */
static bool read_carried(struct fsck *fsck, struct error *err)
{
    int64_t before = INT64_MAX;
    size_t count = 1;
    bool ok = true;
    while (ok && count > 0 && !fsck->options->is_served) {
        struct arena arena;
        arena_init(&arena, PAGE_ARENA_CEILING);
        ok = read_carried_page(fsck, &before, &count, &arena, err);
        arena_finish(&arena);
    }
    return ok;
}

bool fsck_run(struct pointer_store *pointers, struct object_stores *objects,
              const struct fsck_options *options, struct fsck_summary *ret_summary,
              struct error *err)
{
    struct fsck fsck = {.catalog = {.pointers = pointers, .objects = objects}, .options = options};
    TRY(cache_create(CACHE_SIZE, &fsck.catalog.cache, err));
    arena_init(&fsck.arena, RUN_ARENA_CEILING);
    text_set_init(&fsck.directories, &fsck.arena);
    text_set_init(&fsck.candidates, &fsck.arena);
    text_set_init(&fsck.known, &fsck.arena);
    text_set_init(&fsck.carried, &fsck.arena);
    bool ok = read_warehouses(&fsck, err) && reach_warehouses(&fsck, err) &&
              read_carried(&fsck, err) &&
              (options->progress == NULL || fsck_walk(&fsck, count_entity, err)) &&
              fsck_walk(&fsck, check_entity, err) && fsck_orphans_report(&fsck, err);
    crew_destroy(fsck.crew);
    text_set_finish(&fsck.carried);
    text_set_finish(&fsck.known);
    text_set_finish(&fsck.candidates);
    text_set_finish(&fsck.directories);
    arena_finish(&fsck.arena);
    cache_destroy(fsck.catalog.cache);
    if (ok)
        *ret_summary = fsck.summary;
    return ok;
}
