#include "catalog/table_change.h"

#include "base/limits.h"
#include "catalog/entity.h"
#include "catalog/format_policy.h"
#include "catalog/location_policy.h"
#include "catalog/lookup.h"
#include "catalog/metadata_store.h"
#include "catalog/requirement.h"

/* Lists of a table's history that are so long are shared with the metadata before: a commit then
 * costs what it changes, and the writing of the file. Shorter ones are copied faster than an answer
 * or a file is made of parts. */
#define SHARE_HISTORY_FROM (256 * KIB)
/* A snapshot, and its lines in the logs. */
#define USUAL_GROWTH ((size_t)2 * KIB)

/*
 * A commit that dies between any two steps leaves this:
 *   before the file is written          nothing happened
 *   file written, pointer not swapped   the old metadata counts; the file is an orphan, removed
 *                                       here when the process lives, listed by fsck when it died
 *                                       (a manifest list is only removed: no table names it)
 *   pointer swapped and durable         the new metadata counts; files that fell out of the
 *                                       metadata log may stay, which costs space and nothing else
 * A durable pointer never names a missing file: the file is durable before the transaction begins,
 * or the transaction carries its bytes (metadata_carry), and a start writes it again where a crash
 * has lost it (pending_files.h).
 */

void table_change_init(struct table_change *change, struct call *call, struct entity_name name)
{
    memset(change, 0, sizeof(*change));
    change->call = call;
    change->name = name;
}

void table_change_finish(struct table_change *change)
{
    table_metadata_unref(change->base);
    table_metadata_unref(change->next);
    commit_tip_unref(change->call->catalog->chain, change->base_tip);
    carried_file_finish(&change->file);
    change->base = change->next = NULL;
    change->base_tip = NULL;
}

/* --- read --------------------------------------------------------------------------------- */

static bool check_name_is_free(struct table_change *change, struct pointer_view *view,
                               struct error *err)
{
    struct namespace_row above;
    TRY(namespace_must_exist(change->call, view, change->name.namespace_path, &above, err));
    return entity_must_not_exist(change->call, view, change->name, ENTITY_TABLE, err);
}

static bool read_free_name(struct table_change *change, struct error *err)
{
    struct pointer_view *view = NULL;
    TRY(pointer_view_begin(change->call->catalog->pointers, &view, err));
    bool ok = check_name_is_free(change, view, err);
    pointer_view_end(view);
    return ok;
}

bool table_change_read(struct table_change *change, struct error *err)
{
    struct catalog *catalog = change->call->catalog;
    if (change->is_create)
        return read_free_name(change, err);
    TRY(entity_find(change->call, change->name, ENTITY_TABLE, &change->row, err));
    change->base_tip = commit_chain_find(catalog->chain, change->row.id);
    if (!change->base_tip) {
        /* A tip that has ended a moment ago has moved the pointer before. */
        TRY(entity_find(change->call, change->name, ENTITY_TABLE, &change->row, err));
        /* A commit must hear of a lost file as a load does, whatever the cache still has. */
        TRY(metadata_file_must_exist(catalog, change->row.metadata_location, err));
        return table_metadata_read(catalog, change->row.metadata_location, &change->base, err);
    }
    change->row.metadata_location = commit_tip_metadata_location(change->base_tip);
    change->row.location = commit_tip_location(change->base_tip);
    change->base = commit_tip_metadata(change->base_tip);
    return true;
}

/* --- apply -------------------------------------------------------------------------------- */

/* The table may stay where it is whatever the policy became; a new place must be allowed. */
static bool check_location(struct table_change *change, struct slice location, struct error *err)
{
    if (change->base && slice_equals(location, change->base->location)) {
        change->canonical = change->row.location;
        return true;
    }
    return location_check(change->call, location, "table location", &change->canonical, err);
}

static bool check_directory(struct table_change *change, struct error *err)
{
    return location_check_metadata(change->call, change->result.metadata_directory,
                                   change->canonical, err);
}

static bool parse_next(struct table_change *change, struct buffer *text, struct error *err)
{
    struct blob *blob = NULL;
    TRY(blob_from_buffer(text, &blob, err));
    bool ok = table_metadata_parse_next(blob, &change->result.copied, &change->next, err);
    blob_unref(blob);
    return ok;
}

static bool write_next(struct table_change *change, struct error *err)
{
    enum metadata_codec codec;
    struct slice previous = change->base ? change->row.metadata_location : SLICE_EMPTY;
    TRY(metadata_codec_parse(change->result.metadata_codec, METADATA_CODEC_NONE, &codec, err));
    TRY(table_metadata_write(change->call, change->next, change->result.metadata_directory,
                             previous, codec, &change->file, err));
    change->next_location = change->file.location;
    change->is_written = true;
    return true;
}

bool table_change_set_text(struct table_change *change, struct buffer *text, struct error *err)
{
    TRY(check_location(change, change->result.location, err));
    TRY(check_directory(change, err));
    TRY(parse_next(change, text, err));
    TRY(format_policy_check(change->call->warehouse, change->base, change->next, err));
    return write_next(change, err);
}

static void keep_base(struct table_change *change)
{
    change->next = table_metadata_ref(change->base);
    change->next_location = change->row.metadata_location;
    change->canonical = change->row.location;
}

static bool apply_updates(struct table_change *change, const json_t *updates, struct buffer *text,
                          struct error *err)
{
    char uuid[UUID_TEXT_SIZE] = "";
    if (!change->base)
        TRY(uuid_make(change->call->catalog->random, uuid, err));
    struct table_update_input input = {
        .base = change->base,
        .base_metadata_location = change->base ? change->row.metadata_location : SLICE_EMPTY,
        .updates = updates,
        .now_ms = clock_now_ms(change->call->catalog->clock),
        .new_uuid = slice_from_string(uuid),
        .new_format_version = format_version_default(change->call->warehouse),
        .share_from = SHARE_HISTORY_FROM,
    };
    TRY(table_updates_apply(&input, change->call->arena, text, &change->result, err));
    if (change->base && !change->result.is_changed) {
        keep_base(change);
        return true;
    }
    return table_change_set_text(change, text, err);
}

/* Room for what the next metadata probably takes. */
static void reserve_text(const struct table_metadata *base, struct buffer *text)
{
    size_t size = base ? base->blob->size : 0;
    if (size < SHARE_HISTORY_FROM)
        (void)buffer_reserve(text, size + USUAL_GROWTH);
}

static bool apply_to_base(struct table_change *change, const json_t *requirements,
                          const json_t *updates, bool is_late, struct error *err)
{
    struct append_rebase *rebase = change->rebase;
    struct buffer text;
    TRY(table_requirements_check(is_late ? rebase->requirements : requirements, change->base, err));
    if (is_late)
        TRY(append_rebase_write(rebase, change->base, change->row.location, &change->list, err));
    buffer_init(&text, MAX_METADATA_SIZE);
    reserve_text(change->base, &text);
    bool ok = apply_updates(change, is_late ? rebase->updates : updates, &text, err);
    buffer_finish(&text);
    return ok;
}

bool table_change_apply(struct table_change *change, const json_t *requirements,
                        const json_t *updates, struct error *err)
{
    struct append_rebase *rebase = change->rebase;
    bool is_late = false;
    TRY(table_updates_check(updates, err));
    if (rebase)
        TRY(append_rebase_look(rebase, requirements, updates, change->base, change->row.location,
                               &is_late, err));
    return apply_to_base(change, requirements, updates, is_late, err) ||
           (rebase && append_rebase_explain(rebase, err));
}

/* --- store -------------------------------------------------------------------------------- */

static bool insert_row(struct table_change *change, struct pointer_txn *txn, struct error *err)
{
    struct entity_row row = {
        .kind = ENTITY_TABLE,
        .uuid = change->next->uuid,
        .location = change->canonical,
        .metadata_location = change->next_location,
    };
    return entity_insert(change->call, txn, change->name, &row, err);
}

static bool swap_row(struct table_change *change, struct pointer_txn *txn, struct error *err)
{
    bool is_swapped = false;
    if (!slice_equals(change->canonical, change->row.location))
        TRY(location_check_free(pointer_txn_view(txn), change->call->arena, change->canonical,
                                change->row.id, err));
    TRY(pointer_entity_swap(txn, change->row.id, change->row.metadata_location,
                            change->next_location, change->canonical, &is_swapped, err));
    change->has_moved = !is_swapped;
    return is_swapped || error_set(err, ERROR_COMMIT_FAILED,
                                   "Table %s changed while this commit was made: try again",
                                   entity_name_text(change->call->arena, change->name));
}

bool table_change_store(struct table_change *change, struct pointer_txn *txn, struct error *err)
{
    TRY(change->is_create ? insert_row(change, txn, err) : swap_row(change, txn, err));
    bool ok = metadata_carry(txn, &change->list, err) && metadata_carry(txn, &change->file, err);
    /* Another round packs the file anew. */
    change->has_moved = change->has_moved || change->file.has_lost_base;
    return ok;
}

void table_change_describe(const struct table_change *change, struct change_row *ret_row)
{
    *ret_row = (struct change_row){
        .entity_uuid = change->next->uuid,
        .namespace_path = change->name.namespace_path,
        .name = change->name.name,
        .old_location = change->is_create ? SLICE_EMPTY : change->row.metadata_location,
        .new_location = change->next_location,
    };
}

/* --- after -------------------------------------------------------------------------------- */

bool table_change_has_arrived(struct table_change *change)
{
    struct call *call = change->call;
    struct pointer_view *view = NULL;
    struct entity_row row;
    if (!pointer_view_begin(call->catalog->pointers, &view, NULL))
        return false;
    bool ok = entity_must_exist(call, view, change->name, ENTITY_TABLE, &row, NULL);
    pointer_view_end(view);
    return ok && slice_equals(row.metadata_location, change->next_location);
}

static void delete_dropped_file(const struct table_change *change, struct slice location)
{
    struct call *call = change->call;
    if (location_is_deletable(call->catalog, call->warehouse, change->canonical, location,
                              call->arena))
        object_remove(call->catalog->objects, location, NULL);
}

void table_change_complete(struct table_change *change)
{
    if (change->is_written) {
        metadata_carried(change->call->catalog, &change->list);
        metadata_carried(change->call->catalog, &change->file);
        table_metadata_remember(change->call->catalog, change->next_location, change->next);
        if (!change->is_create)
            table_metadata_forget(change->call->catalog, change->row.metadata_location);
    }
    /* The commit is done: a file that cannot be deleted now is only an orphan. */
    for (size_t i = 0; i < change->result.dropped_count; i++)
        delete_dropped_file(change, change->result.dropped_metadata_files[i]);
}

void table_change_abandon(struct table_change *change, const struct error *cause)
{
    struct object_stores *objects = change->call->catalog->objects;
    if (change->is_written && cause->kind != ERROR_COMMIT_UNKNOWN)
        object_remove(objects, change->next_location, NULL);
    if (change->list.location.len > 0 && cause->kind != ERROR_COMMIT_UNKNOWN)
        object_remove(objects, change->list.location, NULL);
    change->is_written = false;
    change->list = (struct carried_file){.location = SLICE_EMPTY};
}

struct commit_tip *table_change_tip(const struct table_change *change)
{
    struct commit_tip *tip = NULL;
    if (change->is_written && !change->is_create)
        (void)commit_tip_create(change->row.id, change->next_location, change->canonical,
                                change->next, &tip, NULL);
    return tip;
}

void table_change_result(struct table_change *change, struct table_result *ret_result)
{
    ret_result->metadata_location = change->next_location;
    ret_result->metadata = change->next;
    change->next = NULL;
}
