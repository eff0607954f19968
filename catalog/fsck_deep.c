/* The files that a table's snapshots reach. Manifests that several snapshots share are read once;
 * a data file belongs to one manifest as a rule, so those are not remembered. */
#include "catalog/fsck_internal.h"

#include "base/json_text.h"
#include "base/limits.h"
#include "catalog/fsck_looks.h"
#include "iceberg/manifest.h"

struct deep {
    struct fsck_check *check;
    struct fsck_looks looks; /* for data and delete files */
    struct text_set lists;
    struct text_set manifests;
};

static bool file_problem(struct deep *deep, struct slice path, const struct error *cause,
                         struct error *err)
{
    return fsck_problem_of(deep->check, FSCK_FILE_MISSING, FSCK_FILE_BROKEN, path, cause, err);
}

typedef bool (*each_path_fn)(struct slice bytes, manifest_path_fn visit, void *context,
                             struct error *err);

/* What the visit itself says ends the run; what the bytes say is a problem of this file. */
struct reading {
    struct deep *deep;
    bool (*visit)(struct deep *deep, struct slice path, struct error *err);
    bool has_failed;
};

static bool visit_path(void *context, struct slice path, struct error *err)
{
    struct reading *reading = context;
    reading->has_failed = !reading->visit(reading->deep, path, err);
    return !reading->has_failed;
}

static bool read_paths(struct reading *reading, struct slice path, each_path_fn each,
                       struct error *err)
{
    struct buffer bytes;
    struct error cause = {0};
    reading->deep->check->fsck->summary.files++;
    buffer_init(&bytes, MAX_MANIFEST_FILE_SIZE);
    bool ok = object_get(reading->deep->check->fsck->catalog.objects, path, &bytes, &cause) &&
              each(buffer_slice(&bytes), visit_path, reading, &cause);
    buffer_finish(&bytes);
    if (ok)
        return true;
    if (!reading->has_failed)
        return file_problem(reading->deep, path, &cause, err);
    return error_set(err, cause.kind, "%s", cause.message);
}

static bool check_file(struct deep *deep, struct slice path, struct error *err)
{
    deep->check->fsck->summary.files++;
    return fsck_looks_add(&deep->looks, path, err);
}

static bool note_file(void *context, struct slice path, bool exists, const struct error *cause,
                      struct error *err)
{
    struct deep *deep = context;
    if (cause)
        return fsck_problem_of(deep->check, FSCK_FILE_MISSING, FSCK_UNREADABLE, path, cause, err);
    return exists || fsck_problem_add(deep->check, FSCK_FILE_MISSING, path,
                                      SLICE_LITERAL("a file of a snapshot"), err);
}

static bool keep_manifest(struct deep *deep, struct slice path, struct error *err)
{
    bool added;
    return text_set_add(&deep->manifests, path, &added, err);
}

static bool check_list(void *context, struct slice path, struct error *err)
{
    struct reading reading = {.deep = context, .visit = keep_manifest};
    return read_paths(&reading, path, manifest_list_each, err);
}

static bool check_manifest(void *context, struct slice path, struct error *err)
{
    struct reading reading = {.deep = context, .visit = check_file};
    return read_paths(&reading, path, manifest_each_live_file, err);
}

/* Format 1 may list a snapshot's manifests in the metadata itself. */
static bool keep_inline_manifests(struct deep *deep, struct slice snapshot, struct error *err)
{
    struct slice list = {NULL, 0}, value, path;
    struct json_cursor cursor;
    bool more = true;
    TRY(json_object_find(snapshot, "manifests", &list, err));
    if (list.ptr == NULL || json_value_is_null(list))
        return true;
    TRY(json_array_open(list, &cursor, err));
    for (;;) {
        TRY(json_array_next(&cursor, &value, &more, err));
        if (!more)
            return true;
        TRY(json_value_string(value, &deep->check->arena, &path, err));
        TRY(keep_manifest(deep, path, err));
    }
}

static bool keep_snapshot(struct deep *deep, struct slice snapshot, struct error *err)
{
    struct slice value = {NULL, 0}, path;
    bool added;
    TRY(json_object_find(snapshot, "manifest-list", &value, err));
    if (value.ptr == NULL || json_value_is_null(value))
        return keep_inline_manifests(deep, snapshot, err);
    TRY(json_value_string(value, &deep->check->arena, &path, err));
    return text_set_add(&deep->lists, path, &added, err);
}

static bool keep_snapshots(struct deep *deep, const struct table_metadata *metadata,
                           struct error *err)
{
    for (size_t i = 0; i < metadata->snapshot_count; i++) {
        struct error cause = {0};
        if (!keep_snapshot(deep, table_metadata_snapshot_at(metadata, i)->text, &cause))
            TRY(fsck_problem_of(deep->check, FSCK_METADATA_BROKEN, FSCK_METADATA_BROKEN,
                                deep->check->row.metadata_location, &cause, err));
    }
    return true;
}

bool fsck_snapshots(struct fsck_check *check, const struct table_metadata *metadata,
                    struct error *err)
{
    struct deep deep = {.check = check,
                        .looks = {.objects = check->fsck->catalog.objects,
                                  .crew = &check->fsck->crew,
                                  .told = note_file}};
    deep.looks.context = &deep;
    text_set_init(&deep.lists, &check->arena);
    text_set_init(&deep.manifests, &check->arena);
    bool ok = keep_snapshots(&deep, metadata, err) &&
              text_set_each(&deep.lists, check_list, &deep, err) &&
              text_set_each(&deep.manifests, check_manifest, &deep, err) &&
              fsck_looks_end(&deep.looks, err);
    fsck_looks_finish(&deep.looks);
    text_set_finish(&deep.manifests);
    text_set_finish(&deep.lists);
    return ok;
}
