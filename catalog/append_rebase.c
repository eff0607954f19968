#include "catalog/append_rebase.h"

#include "base/json_tree.h"
#include "base/limits.h"
#include "catalog/location_policy.h"
#include "catalog/rebase_policy.h"
#include "catalog/requirement.h"
#include "iceberg/manifest_list_extend.h"

/*
 * What is asked of a late commit, in this order:
 *
 *   - the table's property is on, and its format version is 2 or 3: version 1 has no sequence
 *     numbers, by which deletes leave newer files alone
 *   - the commit adds one snapshot, of operation append, sets the branch whose head it asserts to
 *     it, and does nothing else (append_request.c)
 *   - the branch is there, or to be new; the snapshot id is not: it may have been committed before
 *   - the schema it was made with is current, and its manifests are of the default spec
 *   - the manifest lists of its parent and its own differ by manifests that hold nothing but files
 *     which it adds (append_manifests.c)
 *
 * A sort order is not asked for: it says how a file was written, and each file says its own.
 */

void append_rebase_init(struct append_rebase *rebase, struct call *call)
{
    *rebase = (struct append_rebase){.call = call};
}

static void forget_rewritten(struct append_rebase *rebase)
{
    json_decref(rebase->requirements);
    json_decref(rebase->updates);
    rebase->requirements = rebase->updates = NULL;
}

void append_rebase_finish(struct append_rebase *rebase)
{
    forget_rewritten(rebase);
    append_manifests_finish(&rebase->manifests);
}

/* Memory that is short fails the commit; whatever else is wrong with the client's commit or its
 * files is a reason to leave the commit as it is. */
static bool is_reason(const struct error *cause)
{
    return cause->kind != ERROR_NO_MEMORY;
}

/* --- snapshots of the base ---------------------------------------------------------------- */

struct known_snapshot {
    const struct table_snapshot *snapshot;
    json_t *json;
    struct slice manifest_list;
};

static bool known_snapshot_read(const struct table_metadata *base, int64_t id, const char *what,
                                struct known_snapshot *ret, struct error *err)
{
    const struct table_snapshot *snapshot = table_metadata_snapshot(base, id);
    struct slice list = SLICE_EMPTY, key = SLICE_EMPTY;
    json_t *json = NULL;
    if (!snapshot)
        return error_set(err, ERROR_VALIDATION, "%s, snapshot %lld, is not known any more", what,
                         (long long)id);
    TRY(json_tree_parse(snapshot->text, what, &json, err));
    bool ok = json_opt_string(json, "manifest-list", &list, err) &&
              json_opt_string(json, "key-id", &key, err);
    if (ok && (list.len == 0 || key.len > 0))
        ok = error_set(err, ERROR_VALIDATION, "%s has no manifest list that can be read", what);
    if (!ok) {
        json_decref(json);
        return false;
    }
    *ret = (struct known_snapshot){snapshot, json, list};
    return true;
}

/* --- looking ------------------------------------------------------------------------------ */

static bool head_find(struct append_rebase *rebase, const struct table_metadata *base,
                      struct error *err)
{
    const struct append_request *request = &rebase->request;
    struct table_ref ref;
    TRY(table_ref_find(base, request->branch, &ref, err));
    if (ref.is_there && ref.is_tag)
        return error_set(err, ERROR_VALIDATION, "%.*s is a tag", SLICE_ARG(request->branch));
    if (!ref.is_there && request->parent_id != NO_SNAPSHOT)
        return error_set(err, ERROR_VALIDATION, "the branch %.*s is gone",
                         SLICE_ARG(request->branch));
    rebase->head_id = ref.is_there ? ref.snapshot_id : NO_SNAPSHOT;
    return true;
}

static bool is_late(const struct append_rebase *rebase, const struct table_metadata *base)
{
    const struct append_request *request = &rebase->request;
    return request->parent_id != rebase->head_id ||
           request->sequence_number <= base->last_sequence_number ||
           (base->format_version >= 3 && request->first_row_id < base->next_row_id);
}

/* In version 3 the head's list must have given row ids to all of its manifests, as every list that
 * was written since the upgrade has. */
static bool base_check(const struct append_rebase *rebase, const struct table_metadata *base,
                       struct error *err)
{
    const struct append_request *request = &rebase->request;
    const struct table_snapshot *head = table_metadata_snapshot(base, rebase->head_id);
    if (base->format_version < 2)
        return error_set(err, ERROR_VALIDATION, "the table is of format version 1");
    if (base->format_version >= 3 && head && head->first_row_id == NO_ROW_ID)
        return error_set(err, ERROR_VALIDATION,
                         "the head is from before the upgrade to format version 3");
    if (base->format_version >= 3 && request->first_row_id == NO_ROW_ID)
        return error_set(err, ERROR_VALIDATION, "it has no first-row-id");
    if (table_metadata_snapshot(base, request->snapshot_id))
        return error_set(err, ERROR_VALIDATION, "the table has snapshot %lld already",
                         (long long)request->snapshot_id);
    return request->schema_id == base->current_schema_id ||
           error_set(err, ERROR_VALIDATION,
                     "it was written with schema %lld, and the current one is %d",
                     (long long)request->schema_id, (int)base->current_schema_id);
}

static bool specs_check(const struct append_rebase *rebase, const struct table_metadata *base,
                        struct error *err)
{
    const struct append_manifests *manifests = &rebase->manifests;
    for (size_t i = 0; i < manifests->list->count; i++) {
        int32_t spec_id = manifests->list->entries[i].spec_id;
        if (manifests->is_added[i] && spec_id != base->default_spec_id)
            return error_set(err, ERROR_VALIDATION,
                             "it was written with partition spec %d, and the default one is %d",
                             (int)spec_id, (int)base->default_spec_id);
    }
    return true;
}

static bool files_read(struct append_rebase *rebase, const struct table_metadata *base,
                       struct slice place, struct error *err)
{
    const struct append_request *request = &rebase->request;
    struct known_snapshot parent = {.manifest_list = SLICE_EMPTY};
    if (request->parent_id != NO_SNAPSHOT)
        TRY(known_snapshot_read(base, request->parent_id, "its parent", &parent, err));
    bool ok =
        append_manifests_read(rebase->call, place, request->manifest_list, parent.manifest_list,
                              request->snapshot_id, &rebase->manifests, err);
    json_decref(parent.json);
    return ok;
}

/* Once for all rounds: what the client has written does not change. */
static bool files_need(struct append_rebase *rebase, const struct table_metadata *base,
                       struct slice place, struct error *err)
{
    if (rebase->files == APPEND_FILES_UNREAD) {
        bool ok = files_read(rebase, base, place, &rebase->refusal);
        if (!ok && !is_reason(&rebase->refusal)) {
            *err = rebase->refusal;
            return false;
        }
        rebase->files = ok ? APPEND_FILES_READ : APPEND_FILES_REFUSED;
    }
    if (rebase->files == APPEND_FILES_READ)
        return true;
    *err = rebase->refusal;
    return false;
}

static bool look(struct append_rebase *rebase, const json_t *requirements, const json_t *updates,
                 const struct table_metadata *base, struct slice place, bool *ret_late,
                 struct error *err)
{
    TRY(append_request_read(requirements, updates, &rebase->request, err));
    TRY(head_find(rebase, base, err));
    if (!is_late(rebase, base))
        return true;
    TRY(base_check(rebase, base, err));
    TRY(files_need(rebase, base, place, err));
    TRY(specs_check(rebase, base, err));
    forget_rewritten(rebase);
    TRY(append_request_requirements(&rebase->request, rebase->head_id, &rebase->requirements, err));
    *ret_late = true;
    return true;
}

bool append_rebase_look(struct append_rebase *rebase, const json_t *requirements,
                        const json_t *updates, const struct table_metadata *base,
                        struct slice place, bool *ret_late, struct error *err)
{
    struct call *call = rebase->call;
    bool is_on = false, is_late = false;
    error_clear(&rebase->reason);
    *ret_late = false;
    if (!base || !append_request_is_likely(updates))
        return true;
    TRY(rebase_policy_of_table(base, call->warehouse, call->arena, &is_on, err));
    if (!is_on)
        return true;
    if (!look(rebase, requirements, updates, base, place, &is_late, &rebase->reason) &&
        !is_reason(&rebase->reason))
        return error_set(err, rebase->reason.kind, "%s", rebase->reason.message);
    *ret_late = is_late;
    return true;
}

bool append_rebase_explain(const struct append_rebase *rebase, struct error *err)
{
    if (!err || err->kind != ERROR_COMMIT_FAILED || rebase->reason.kind == ERROR_NONE)
        return false;
    struct error told = *err;
    return error_set(err, told.kind, "%.600s; the append was not carried over to the new head: %s",
                     told.message, rebase->reason.message);
}

/* --- writing ------------------------------------------------------------------------------ */

static bool list_name(struct append_rebase *rebase, const struct table_metadata *base,
                      struct slice place, struct slice *ret_location, struct error *err)
{
    struct call *call = rebase->call;
    char uuid[UUID_TEXT_SIZE], name[128];
    struct slice directory;
    TRY(table_metadata_directory(base, base->location, call->arena, &directory, err));
    TRY(location_check_metadata(call, directory, place, err));
    TRY(uuid_make(call->catalog->random, uuid, err));
    snprintf(name, sizeof name, "/snap-%lld-rebased-%s.avro",
             (long long)rebase->request.snapshot_id, uuid);
    const struct slice parts[] = {directory, slice_from_string(name)};
    *ret_location = arena_join(call->arena, parts, 2);
    return ret_location->ptr || error_no_memory(err, "the name of a manifest list");
}

static bool list_put(struct call *call, struct buffer *list, struct slice location,
                     struct carried_file *ret_list, struct error *err)
{
    struct blob *bytes = NULL;
    TRY(carried_file_write(call, location, buffer_slice(list), ret_list, err));
    if (blob_from_buffer(list, &bytes, NULL)) /* the next append builds on it */
        manifest_list_remember(call, location, bytes);
    blob_unref(bytes);
    return true;
}

/* The head's list is some client's: where it cannot be read or has another form than is needed, the
 * commit is as late as it was. */
static bool as_conflict(const struct append_rebase *rebase, struct error *err)
{
    if (!err || err->kind == ERROR_NO_MEMORY)
        return false;
    struct error cause = *err;
    return error_set(err, ERROR_COMMIT_FAILED,
                     "Requirement failed: branch %.*s has changed; the append was not carried over "
                     "to the new head: %s",
                     SLICE_ARG(rebase->request.branch), cause.message);
}

static bool list_make(const struct append_rebase *rebase, const struct table_metadata *base,
                      struct slice place, struct slice head_list, struct append_target *target,
                      struct buffer *out, struct error *err)
{
    struct manifest_list_extended extended;
    struct blob *parent = NULL;
    if (head_list.len > 0)
        TRY(manifest_list_bytes(rebase->call, place, head_list, &parent, err));
    const struct manifest_list_extension extension = {
        .parent = parent ? blob_slice(parent) : SLICE_EMPTY,
        .source = blob_slice(rebase->manifests.bytes),
        .is_added = rebase->manifests.is_added,
        .entry_count = rebase->manifests.list->count,
        .format_version = base->format_version,
        .snapshot_id = rebase->request.snapshot_id,
        .parent_snapshot_id = target->parent_id,
        .sequence_number = target->sequence_number,
        .first_row_id = target->first_row_id,
    };
    bool ok = manifest_list_extend(&extension, out, &extended, err);
    blob_unref(parent);
    if (ok) {
        target->kept_manifests = extended.kept_count;
        target->added_rows = extended.added_rows;
    }
    return ok;
}

static bool list_write(struct append_rebase *rebase, const struct table_metadata *base,
                       struct slice place, struct slice head_list, struct append_target *target,
                       struct carried_file *ret_list, struct error *err)
{
    struct buffer list;
    buffer_init(&list, MAX_REBASED_LIST_SIZE);
    bool ok = list_make(rebase, base, place, head_list, target, &list, err)
                  ? list_put(rebase->call, &list, target->manifest_list, ret_list, err)
                  : as_conflict(rebase, err);
    buffer_finish(&list);
    return ok;
}

static bool sequence_next(const struct table_metadata *base, int64_t *ret_number, struct error *err)
{
    return !__builtin_add_overflow(base->last_sequence_number, 1, ret_number) ||
           error_set(err, ERROR_VALIDATION, "the table has no sequence number left");
}

/* The times of a branch's snapshots do not go back, whatever the clock does. */
static int64_t time_of(const struct append_rebase *rebase, const struct known_snapshot *head)
{
    int64_t now_ms = clock_now_ms(rebase->call->catalog->clock);
    return head->snapshot && head->snapshot->timestamp_ms > now_ms ? head->snapshot->timestamp_ms
                                                                   : now_ms;
}

static bool write_on(struct append_rebase *rebase, const struct table_metadata *base,
                     struct slice place, const struct known_snapshot *head,
                     struct carried_file *ret_list, struct error *err)
{
    struct append_target target = {
        .parent_id = rebase->head_id,
        .head_summary = json_object_get(head->json, "summary"),
        .timestamp_ms = time_of(rebase, head),
        .first_row_id = base->format_version >= 3 ? base->next_row_id : NO_ROW_ID,
    };
    TRY(sequence_next(base, &target.sequence_number, err));
    TRY(list_name(rebase, base, place, &target.manifest_list, err));
    TRY(list_write(rebase, base, place, head->manifest_list, &target, ret_list, err));
    return append_request_updates(&rebase->request, &target, &rebase->updates, err);
}

bool append_rebase_write(struct append_rebase *rebase, const struct table_metadata *base,
                         struct slice place, struct carried_file *ret_list, struct error *err)
{
    struct known_snapshot head = {.manifest_list = SLICE_EMPTY};
    if (rebase->head_id != NO_SNAPSHOT)
        TRY(known_snapshot_read(base, rebase->head_id, "the head", &head, err));
    bool ok = write_on(rebase, base, place, &head, ret_list, err);
    json_decref(head.json);
    return ok;
}
