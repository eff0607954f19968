/*
 * Updates of branches and tags. Moving main makes a snapshot current, and the log says when.
 */
#include "base/json_tree.h"
#include "base/limits.h"
#include "catalog/table_draft.h"

struct ref {
    struct slice name; /* NUL-terminated: jansson's own string */
    int64_t snapshot_id;
    bool is_tag;
    bool has_min_snapshots, has_max_snapshot_age, has_max_ref_age;
    int32_t min_snapshots;
    int64_t max_snapshot_age_ms, max_ref_age_ms;
};

static bool ref_type_read(const json_t *json, bool *ret_is_tag, struct error *err)
{
    struct slice type = SLICE_EMPTY;
    TRY(json_get_string(json, "type", &type, err));
    *ret_is_tag = slice_equals_ignore_case(type, SLICE_LITERAL("tag"));
    if (!*ret_is_tag && !slice_equals_ignore_case(type, SLICE_LITERAL("branch")))
        return error_set(err, ERROR_BAD_REQUEST,
                         "Invalid snapshot ref type: %.*s (must be branch or tag)",
                         SLICE_ARG(type));
    return true;
}

static bool ref_read(const json_t *json, struct ref *ref, struct error *err)
{
    TRY(json_get_int64(json, "snapshot-id", &ref->snapshot_id, err));
    TRY(ref_type_read(json, &ref->is_tag, err));
    TRY(json_opt_int32(json, "min-snapshots-to-keep", &ref->min_snapshots, &ref->has_min_snapshots,
                       err));
    TRY(json_opt_int64(json, "max-snapshot-age-ms", &ref->max_snapshot_age_ms,
                       &ref->has_max_snapshot_age, err));
    return json_opt_int64(json, "max-ref-age-ms", &ref->max_ref_age_ms, &ref->has_max_ref_age, err);
}

static bool ref_check(const struct ref *ref, struct error *err)
{
    if (ref->is_tag && (ref->has_min_snapshots || ref->has_max_snapshot_age))
        return error_set(err, ERROR_BAD_REQUEST, "Tags do not support setting %s",
                         ref->has_min_snapshots ? "min-snapshots-to-keep" : "max-snapshot-age-ms");
    const char *low = NULL;
    if (ref->has_min_snapshots && ref->min_snapshots <= 0)
        low = "min-snapshots-to-keep";
    else if (ref->has_max_snapshot_age && ref->max_snapshot_age_ms <= 0)
        low = "max-snapshot-age-ms";
    else if (ref->has_max_ref_age && ref->max_ref_age_ms <= 0)
        low = "max-ref-age-ms";
    return low ? error_set(err, ERROR_BAD_REQUEST, "%s must be greater than 0", low) : true;
}

static bool ref_name_read(const json_t *update, struct slice *ret_name, struct error *err)
{
    TRY(json_get_string(update, "ref-name", ret_name, err));
    if (ret_name->len == 0 || ret_name->len > MAX_NAME_SIZE)
        return error_set(err, ERROR_BAD_REQUEST, "ref-name must have 1 to %zu bytes, but has %zu",
                         MAX_NAME_SIZE, ret_name->len);
    return true;
}

static bool refs_equal(const struct ref *a, const struct ref *b)
{
    return a->snapshot_id == b->snapshot_id && a->is_tag == b->is_tag &&
           a->has_min_snapshots == b->has_min_snapshots && a->min_snapshots == b->min_snapshots &&
           a->has_max_snapshot_age == b->has_max_snapshot_age &&
           a->max_snapshot_age_ms == b->max_snapshot_age_ms &&
           a->has_max_ref_age == b->has_max_ref_age && a->max_ref_age_ms == b->max_ref_age_ms;
}

static bool ref_is_there(const json_t *refs, const struct ref *ref, bool *ret_same,
                         struct error *err)
{
    const json_t *json = json_object_get(refs, ref->name.ptr);
    struct ref existing = {.name = ref->name};
    *ret_same = false;
    if (!json)
        return true;
    TRY(ref_read(json, &existing, err));
    *ret_same = refs_equal(&existing, ref);
    return true;
}

static bool ref_write(json_t *refs, const struct ref *ref, struct error *err)
{
    json_t *json = json_pack("{s:I, s:s}", "snapshot-id", (json_int_t)ref->snapshot_id, "type",
                             ref->is_tag ? "tag" : "branch");
    int failed = json_object_set_new(refs, ref->name.ptr, json);
    if (!failed && ref->has_min_snapshots)
        failed |=
            json_object_set_new(json, "min-snapshots-to-keep", json_integer(ref->min_snapshots));
    if (!failed && ref->has_max_snapshot_age)
        failed |= json_object_set_new(json, "max-snapshot-age-ms",
                                      json_integer(ref->max_snapshot_age_ms));
    if (!failed && ref->has_max_ref_age)
        failed |= json_object_set_new(json, "max-ref-age-ms", json_integer(ref->max_ref_age_ms));
    return failed ? error_no_memory(err, "refs") : true;
}

/* The log tells when a snapshot became current: its own time where it was made by this commit, the
 * time of the commit where an older one is made current again. */
static bool main_move(struct table_draft *draft, size_t index, struct error *err)
{
    const struct table_snapshot *snapshot = draft_snapshot_at(draft, index);
    bool is_added = draft_snapshot_flags(draft, index) & DRAFT_SNAPSHOT_ADDED;
    int64_t time_ms = is_added ? snapshot->timestamp_ms : draft->now_ms;
    draft->current_snapshot_id = snapshot->snapshot_id;
    if (is_added)
        TRY(draft_snapshot_flag(draft, index, DRAFT_SNAPSHOT_WAS_MAIN, err));
    return draft_log_add(draft, time_ms, snapshot->snapshot_id, err);
}

bool update_set_snapshot_ref(struct table_draft *draft, const json_t *update, struct error *err)
{
    struct ref ref = {.name = SLICE_EMPTY};
    json_t *refs = NULL;
    size_t index = NO_ITEM;
    bool is_same = false;
    TRY(ref_name_read(update, &ref.name, err));
    TRY(ref_read(update, &ref, err));
    TRY(ref_check(&ref, err));
    TRY(draft_refs(draft, &refs, err));
    TRY(ref_is_there(refs, &ref, &is_same, err));
    if (is_same)
        return true;
    bool is_main = slice_equals_string(ref.name, MAIN_BRANCH);
    index = draft_snapshot_find(draft, ref.snapshot_id);
    if (index == NO_ITEM)
        return error_set(err, ERROR_VALIDATION, "Cannot set %.*s to unknown snapshot: %lld",
                         SLICE_ARG(ref.name), (long long)ref.snapshot_id);
    if (is_main && ref.is_tag)
        return error_set(err, ERROR_VALIDATION, "Cannot set main to a tag, it must be a branch");
    if (is_main)
        TRY(main_move(draft, index, err));
    draft->is_changed = true;
    return ref_write(refs, &ref, err);
}

bool update_remove_snapshot_ref(struct table_draft *draft, const json_t *update, struct error *err)
{
    struct slice name = SLICE_EMPTY;
    bool removed = false;
    TRY(json_get_string(update, "ref-name", &name, err));
    return draft_ref_remove(draft, name.ptr, &removed, err);
}
