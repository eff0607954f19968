#include "catalog/append_request.h"

#include "base/json_tree.h"
#include "base/tree_copy.h"

static struct slice word_of(const json_t *object, const char *field)
{
    const json_t *value = json_object_get(object, field);
    return json_is_string(value) ? json_slice(value) : SLICE_EMPTY;
}

static bool is_action(const json_t *update, const char *action)
{
    return slice_equals_ignore_case(word_of(update, "action"), slice_from_string(action));
}

bool append_request_is_likely(const json_t *updates)
{
    size_t i = 0;
    json_t *update = NULL;
    json_array_foreach((json_t *)updates, i, update) {
        if (is_action(update, "add-snapshot"))
            return true;
    }
    return false;
}

/* --- reading ------------------------------------------------------------------------------ */

static bool updates_read(struct append_request *request, const json_t **ret_ref, struct error *err)
{
    const json_t *first = json_array_get(request->updates, 0);
    const json_t *second = json_array_get(request->updates, 1);
    request->update = is_action(first, "add-snapshot") ? 0 : 1;
    const json_t *add = request->update == 0 ? first : second;
    const json_t *set = request->update == 0 ? second : first;
    if (json_array_size(request->updates) != 2 || !is_action(add, "add-snapshot") ||
        !is_action(set, "set-snapshot-ref"))
        return error_set(err, ERROR_VALIDATION,
                         "it does more than add one snapshot and set one branch to it");
    request->snapshot = json_object_get(add, "snapshot");
    *ret_ref = set;
    return true;
}

static bool snapshot_read(struct append_request *request, struct error *err)
{
    const json_t *snapshot = request->snapshot;
    json_t *summary = NULL;
    struct slice key = SLICE_EMPTY;
    TRY(json_get_int64(snapshot, "snapshot-id", &request->snapshot_id, err));
    TRY(json_opt_int64(snapshot, "parent-snapshot-id", &request->parent_id, NULL, err));
    TRY(json_get_int64(snapshot, "sequence-number", &request->sequence_number, err));
    TRY(json_opt_int64(snapshot, "first-row-id", &request->first_row_id, NULL, err));
    TRY(json_get_int64(snapshot, "schema-id", &request->schema_id, err));
    TRY(json_get_string(snapshot, "manifest-list", &request->manifest_list, err));
    TRY(json_get_object(snapshot, "summary", &summary, err));
    TRY(json_opt_string(snapshot, "key-id", &key, err));
    if (key.len > 0)
        return error_set(err, ERROR_VALIDATION, "its manifest list is encrypted");
    struct slice operation = word_of(summary, "operation");
    return slice_equals_string(operation, "append") ||
           error_set(err, ERROR_VALIDATION, "its operation is '%.*s', not append",
                     SLICE_ARG(operation));
}

static bool ref_read(struct append_request *request, const json_t *ref, struct error *err)
{
    int64_t id = NO_SNAPSHOT;
    TRY(json_get_string(ref, "ref-name", &request->branch, err));
    TRY(json_get_int64(ref, "snapshot-id", &id, err));
    return (id == request->snapshot_id &&
            slice_equals_ignore_case(word_of(ref, "type"), SLICE_LITERAL("branch"))) ||
           error_set(err, ERROR_VALIDATION, "it sets no branch to the snapshot that it adds");
}

static bool is_assertion_of(const json_t *requirement, struct slice branch)
{
    return slice_equals_ignore_case(word_of(requirement, "type"),
                                    SLICE_LITERAL("assert-ref-snapshot-id")) &&
           slice_equals(word_of(requirement, "ref"), branch);
}

static bool requirement_read(struct append_request *request, struct error *err)
{
    size_t i = 0, count = 0;
    json_t *requirement = NULL;
    int64_t asserted = NO_SNAPSHOT;
    json_array_foreach((json_t *)request->requirements, i, requirement) {
        if (!is_assertion_of(requirement, request->branch))
            continue;
        request->requirement = i;
        count++;
        TRY(json_opt_int64(requirement, "snapshot-id", &asserted, NULL, err));
    }
    if (count != 1)
        return error_set(err, ERROR_VALIDATION,
                         "it has not one requirement assert-ref-snapshot-id for the branch %.*s",
                         SLICE_ARG(request->branch));
    return asserted == request->parent_id ||
           error_set(err, ERROR_VALIDATION,
                     "the parent of its snapshot is not the head of the branch that it asserts");
}

bool append_request_read(const json_t *requirements, const json_t *updates,
                         struct append_request *ret_request, struct error *err)
{
    struct append_request request = {.requirements = requirements,
                                     .updates = updates,
                                     .parent_id = NO_SNAPSHOT,
                                     .first_row_id = NO_ROW_ID};
    const json_t *ref = NULL;
    TRY(updates_read(&request, &ref, err));
    TRY(snapshot_read(&request, err));
    TRY(ref_read(&request, ref, err));
    TRY(requirement_read(&request, err));
    *ret_request = request;
    return true;
}

/* --- on another head ---------------------------------------------------------------------- */

/* Each total is the parent's and what this snapshot adds; where the parent has none nobody can say
 * it. A branch that begins has nothing. */
static const struct {
    const char *total;
    const char *added;
    const char *removed;
} TOTALS[] = {
    {"total-records", "added-records", "deleted-records"},
    {"total-files-size", "added-files-size", "removed-files-size"},
    {"total-data-files", "added-data-files", "deleted-data-files"},
    {"total-delete-files", "added-delete-files", "removed-delete-files"},
    {"total-position-deletes", "added-position-deletes", "removed-position-deletes"},
    {"total-equality-deletes", "added-equality-deletes", "removed-equality-deletes"},
};

/* False where the count is there and is none. */
static bool count_read(const json_t *summary, const char *name, int64_t *ret_count)
{
    struct slice text = word_of(summary, name);
    if (!json_object_get(summary, name))
        return true;
    return slice_to_int64(text, ret_count) && *ret_count >= 0;
}

static bool total_of(const struct append_target *target, const json_t *summary, size_t which,
                     int64_t *ret_total)
{
    int64_t before = -1, added = 0, removed = 0;
    if (target->parent_id == NO_SNAPSHOT)
        before = 0;
    return count_read(target->head_summary, TOTALS[which].total, &before) && before >= 0 &&
           count_read(summary, TOTALS[which].added, &added) &&
           count_read(summary, TOTALS[which].removed, &removed) &&
           !__builtin_add_overflow(before, added, ret_total) &&
           !__builtin_sub_overflow(*ret_total, removed, ret_total) && *ret_total >= 0;
}

static bool number_set(json_t *summary, const char *name, int64_t number, struct error *err)
{
    return json_object_set_new(summary, name, json_sprintf("%lld", (long long)number)) == 0 ||
           error_no_memory(err, "the summary of a snapshot");
}

static bool summary_make(const struct append_request *request, const struct append_target *target,
                         json_t **ret_summary, struct error *err)
{
    json_t *summary = tree_copy_shallow(json_object_get(request->snapshot, "summary"));
    bool ok = summary || error_no_memory(err, "the summary of a snapshot");
    for (size_t i = 0; ok && i < sizeof(TOTALS) / sizeof(TOTALS[0]); i++) {
        int64_t total = 0;
        json_object_del(summary, TOTALS[i].total);
        if (total_of(target, summary, i, &total))
            ok = number_set(summary, TOTALS[i].total, total, err);
    }
    if (ok && json_object_get(summary, "manifests-kept"))
        ok = number_set(summary, "manifests-kept", (int64_t)target->kept_manifests, err);
    if (ok)
        *ret_summary = summary;
    else
        json_decref(summary);
    return ok;
}

/* Takes the value; NULL counts as memory that was short. */
static bool set(json_t *object, const char *name, json_t *owned)
{
    return json_object_set_new(object, name, owned) == 0;
}

static bool snapshot_fill(json_t *snapshot, const struct append_target *target, json_t *owned)
{
    bool ok = set(snapshot, "summary", owned);
    ok = ok && set(snapshot, "sequence-number", json_integer(target->sequence_number)) &&
         set(snapshot, "timestamp-ms", json_integer(target->timestamp_ms)) &&
         set(snapshot, "manifest-list", json_from_slice(target->manifest_list));
    if (target->parent_id == NO_SNAPSHOT)
        json_object_del(snapshot, "parent-snapshot-id");
    else
        ok = ok && set(snapshot, "parent-snapshot-id", json_integer(target->parent_id));
    if (target->first_row_id != NO_ROW_ID)
        ok = ok && set(snapshot, "first-row-id", json_integer(target->first_row_id)) &&
             set(snapshot, "added-rows", json_integer(target->added_rows));
    return ok;
}

/* A copy of the list whose item `at` is `owned`; NULL where memory is short. */
static json_t *list_with(const json_t *list, size_t at, json_t *owned)
{
    json_t *copy = json_array();
    bool ok = copy && owned;
    for (size_t i = 0; ok && i < json_array_size(list); i++)
        ok = json_array_append(copy, i == at ? owned : json_array_get(list, i)) == 0;
    json_decref(owned);
    if (ok)
        return copy;
    json_decref(copy);
    return NULL;
}

bool append_request_requirements(const struct append_request *request, int64_t parent_id,
                                 json_t **ret_requirements, struct error *err)
{
    json_t *copy = tree_copy_shallow(json_array_get(request->requirements, request->requirement));
    bool is_new = parent_id == NO_SNAPSHOT;
    if (!copy || !set(copy, "snapshot-id", is_new ? json_null() : json_integer(parent_id))) {
        json_decref(copy);
        return error_no_memory(err, "the requirements");
    }
    *ret_requirements = list_with(request->requirements, request->requirement, copy);
    return *ret_requirements != NULL || error_no_memory(err, "the requirements");
}

bool append_request_updates(const struct append_request *request,
                            const struct append_target *target, json_t **ret_updates,
                            struct error *err)
{
    json_t *summary = NULL;
    TRY(summary_make(request, target, &summary, err));
    json_t *snapshot = tree_copy_shallow(request->snapshot);
    json_t *update = tree_copy_shallow(json_array_get(request->updates, request->update));
    bool ok = snapshot && snapshot_fill(snapshot, target, json_incref(summary)) && update &&
              json_object_set(update, "snapshot", snapshot) == 0;
    json_decref(summary);
    json_decref(snapshot);
    json_t *updates = ok ? list_with(request->updates, request->update, json_incref(update)) : NULL;
    json_decref(update);
    if (!updates)
        return error_no_memory(err, "a snapshot");
    *ret_updates = updates;
    return true;
}
