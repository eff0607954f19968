/* Declared in catalog/view.h: what creates, replaces and registers views. */
#include "catalog/view.h"

#include "base/json_tree.h"
#include "base/limits.h"
#include "catalog/entity.h"
#include "catalog/entity_lock.h"
#include "catalog/location_policy.h"
#include "catalog/lookup.h"
#include "catalog/metadata_store.h"
#include "catalog/requirement.h"
#include "catalog/view_update.h"

/*
 * createView, replaceView and registerView: the same way as a table's commit (table_change.c), for
 * metadata that is small: read, check and apply, write the file, then insert or swap the pointer.
 */

/* Each round means that another replace went through, so progress is certain. */
#define MAX_REPLACE_ROUNDS 20

struct view_change {
    struct call *call;
    struct entity_name name;
    bool is_create;
    struct entity_row row;
    struct view_metadata *base;
    struct view_metadata *next;
    struct carried_file file; /* where this change made it */
    struct slice next_location;
    struct slice canonical;
    struct view_update_result result;
    bool is_written;
    bool has_moved;
};

static void change_init(struct view_change *change, struct call *call, struct entity_name name)
{
    memset(change, 0, sizeof(*change));
    change->call = call;
    change->name = name;
}

static void change_finish(struct view_change *change)
{
    view_metadata_unref(change->base);
    view_metadata_unref(change->next);
    change->base = change->next = NULL;
}

/* --- read --------------------------------------------------------------------------------- */

static bool read_in_view(struct view_change *change, struct pointer_view *view,
                         struct namespace_row *ret_above, struct error *err)
{
    if (!change->is_create)
        return entity_must_exist(change->call, view, change->name, ENTITY_VIEW, &change->row, err);
    return namespace_must_exist(change->call, view, change->name.namespace_path, ret_above, err) &&
           entity_must_not_exist(change->call, view, change->name, ENTITY_VIEW, err);
}

/* With is_create *ret_above is the namespace, else the base is read. */
static bool change_read(struct view_change *change, struct namespace_row *ret_above,
                        struct error *err)
{
    struct pointer_view *view = NULL;
    TRY(pointer_view_begin(change->call->catalog->pointers, &view, err));
    bool ok = read_in_view(change, view, ret_above, err);
    pointer_view_end(view);
    if (!ok || change->is_create)
        return ok;
    TRY(metadata_file_must_exist(change->call->catalog, change->row.metadata_location, err));
    return view_metadata_read(change->call->catalog, change->row.metadata_location, &change->base,
                              err);
}

/* --- write -------------------------------------------------------------------------------- */

static bool check_places(struct view_change *change, struct error *err)
{
    const struct view_update_result *result = &change->result;
    if (change->base && slice_equals(result->location, change->base->location))
        change->canonical = change->row.location;
    else
        TRY(location_check(change->call, result->location, "view location", &change->canonical,
                           err));
    return location_check_metadata(change->call, result->metadata_directory, change->canonical,
                                   err);
}

static bool change_set_text(struct view_change *change, struct buffer *text, struct error *err)
{
    struct blob *blob = NULL;
    enum metadata_codec codec;
    struct slice previous = change->base ? change->row.metadata_location : SLICE_EMPTY;
    TRY(check_places(change, err));
    TRY(metadata_codec_parse(change->result.metadata_codec, METADATA_CODEC_GZIP, &codec, err));
    TRY(blob_from_buffer(text, &blob, err));
    bool ok = view_metadata_parse(blob, &change->next, err) &&
              metadata_write(change->call, blob_slice(blob), change->result.metadata_directory,
                             previous, codec, &change->file, err);
    blob_unref(blob);
    change->is_written = ok;
    if (ok)
        change->next_location = change->file.location;
    return ok;
}

/* --- store -------------------------------------------------------------------------------- */

static bool insert_row(struct view_change *change, struct pointer_txn *txn, struct error *err)
{
    struct entity_row row = {
        .kind = ENTITY_VIEW,
        .uuid = change->next->uuid,
        .location = change->canonical,
        .metadata_location = change->next_location,
    };
    return entity_insert(change->call, txn, change->name, &row, err);
}

static bool store_change(struct pointer_txn *txn, void *context, struct error *err)
{
    struct view_change *change = context;
    bool is_swapped = false;
    if (change->is_create)
        return insert_row(change, txn, err) && metadata_carry(txn, &change->file, err);
    TRY(pointer_entity_swap(txn, change->row.id, change->row.metadata_location,
                            change->next_location, change->canonical, &is_swapped, err));
    change->has_moved = !is_swapped;
    if (is_swapped)
        return metadata_carry(txn, &change->file, err);
    return error_set(err, ERROR_COMMIT_FAILED,
                     "View %s changed while this commit was made: try again",
                     entity_name_text(change->call->arena, change->name));
}

/* After an unknown outcome: is the pointer, read again, the one that was to be stored? */
static bool has_arrived(struct view_change *change)
{
    struct entity_row row;
    return entity_find(change->call, change->name, ENTITY_VIEW, &row, NULL) &&
           slice_equals(row.metadata_location, change->next_location);
}

static bool write_change(struct view_change *change, struct error *err)
{
    struct change_row row = {
        .entity_uuid = change->next->uuid,
        .namespace_path = change->name.namespace_path,
        .name = change->name.name,
        .old_location = change->is_create ? SLICE_EMPTY : change->row.metadata_location,
        .new_location = change->next_location,
    };
    change->call->outcome.status = 200;
    change->call->outcome.metadata_location = change->next_location;
    struct error cause = {0};
    if (call_write(change->call, store_change, change, &row, 1, &cause))
        return true;
    if (cause.kind == ERROR_COMMIT_UNKNOWN && has_arrived(change)) {
        change->call->is_recorded = true;
        return true;
    }
    if (err)
        *err = cause;
    return false;
}

static void abandon(struct view_change *change, const struct error *cause)
{
    if (change->is_written && cause->kind != ERROR_COMMIT_UNKNOWN)
        object_remove(change->call->catalog->objects, change->next_location, NULL);
    change->is_written = false;
}

static bool end_change(struct view_change *change, bool ok, const struct error *cause,
                       struct view_result *ret_result, struct error *err)
{
    if (ok) {
        if (change->is_written) {
            metadata_carried(change->call->catalog, &change->file);
            view_metadata_remember(change->call->catalog, change->next_location, change->next);
        }
        ret_result->metadata_location = change->next_location;
        ret_result->metadata = change->next;
        change->next = NULL;
    } else {
        abandon(change, cause);
        if (err)
            *err = *cause;
    }
    change_finish(change);
    return ok;
}

/* --- create ------------------------------------------------------------------------------- */

static bool create_input_parse(struct call *call, const json_t *request,
                               struct view_create_input *ret_input, struct error *err)
{
    json_t *schema = NULL, *version = NULL, *properties = NULL;
    char uuid[UUID_TEXT_SIZE];
    struct view_create_input input = {.location = SLICE_EMPTY};
    TRY(json_get_object(request, "schema", &schema, err));
    TRY(json_get_object(request, "view-version", &version, err));
    TRY(json_opt_string_map(request, "properties", &properties, err));
    TRY(json_opt_string(request, "location", &input.location, err));
    TRY(uuid_make(call->catalog->random, uuid, err));
    input.schema = schema;
    input.view_version = version;
    input.properties = properties;
    input.now_ms = clock_now_ms(call->catalog->clock);
    input.uuid = arena_slice(call->arena, slice_from_string(uuid));
    if (input.uuid.ptr == NULL)
        return error_no_memory(err, "the view's uuid");
    *ret_input = input;
    return true;
}

static bool build_view(struct view_change *change, const struct view_create_input *input,
                       struct error *err)
{
    struct buffer text;
    buffer_init(&text, MAX_METADATA_SIZE);
    bool ok = view_metadata_new(input, change->call->arena, &text, &change->result, err) &&
              change_set_text(change, &text, err);
    buffer_finish(&text);
    return ok;
}

static bool run_create(struct view_change *change, struct view_create_input *input,
                       struct error *err)
{
    struct namespace_row above;
    struct slice suffix;
    TRY(change_read(change, &above, err));
    TRY(location_suffix_first(change->call, &suffix, err));
    if (input->location.len == 0)
        TRY(location_default(change->call, above.path, above.properties, change->name.name, suffix,
                             &input->location, err));
    return build_view(change, input, err) && write_change(change, err);
}

bool view_create(struct call *call, struct slice namespace_path, const json_t *request,
                 struct view_result *ret_result, struct error *err)
{
    struct entity_name name = {.namespace_path = namespace_path};
    struct view_create_input input;
    struct view_change change;
    struct error cause = {0};
    if (!json_is_object(request))
        return error_set(err, ERROR_BAD_REQUEST, "The request body must be a JSON object");
    TRY(json_get_string(request, "name", &name.name, err));
    TRY(name_check(name.name, "view", err));
    TRY(create_input_parse(call, request, &input, err));
    change_init(&change, call, name);
    change.is_create = true;
    bool ok = run_create(&change, &input, &cause);
    return end_change(&change, ok, &cause, ret_result, err);
}

/* --- replace ------------------------------------------------------------------------------ */

static bool apply_updates(struct view_change *change, const json_t *updates, struct buffer *text,
                          struct error *err)
{
    struct view_update_input input = {
        .base = change->base,
        .updates = updates,
        .now_ms = clock_now_ms(change->call->catalog->clock),
    };
    TRY(view_updates_apply(&input, change->call->arena, text, &change->result, err));
    if (change->result.is_changed)
        return change_set_text(change, text, err) && write_change(change, err);
    change->next = view_metadata_ref(change->base);
    change->next_location = change->row.metadata_location;
    change->call->outcome.metadata_location = change->next_location;
    return true;
}

static bool replace_once(struct view_change *change, const json_t *requirements,
                         const json_t *updates, struct error *err)
{
    struct buffer text;
    TRY(change_read(change, NULL, err));
    TRY(view_updates_check(updates, err));
    TRY(view_requirements_check(requirements, change->base, err));
    buffer_init(&text, MAX_METADATA_SIZE);
    bool ok = apply_updates(change, updates, &text, err);
    buffer_finish(&text);
    return ok;
}

static bool replace_rounds(struct view_change *change, const json_t *requirements,
                           const json_t *updates, struct error *cause)
{
    for (int round = 0; round < MAX_REPLACE_ROUNDS; round++) {
        struct call *call = change->call;
        struct entity_name name = change->name;
        error_clear(cause);
        if (replace_once(change, requirements, updates, cause))
            return true;
        abandon(change, cause);
        if (!change->has_moved)
            return false;
        change_finish(change);
        change_init(change, call, name);
    }
    return false;
}

bool view_replace(struct call *call, struct entity_name name, const json_t *request,
                  struct view_result *ret_result, struct error *err)
{
    json_t *requirements = NULL, *updates = NULL;
    struct view_change change;
    struct entity_hold hold;
    struct error cause = {0};
    if (!json_is_object(request))
        return error_set(err, ERROR_BAD_REQUEST, "A commit must be a JSON object");
    TRY(json_opt_array(request, "requirements", &requirements, err));
    TRY(json_get_array(request, "updates", &updates, err));
    if (json_array_size(updates) > MAX_UPDATES_PER_COMMIT)
        return error_set(err, ERROR_BAD_REQUEST, "A commit may have at most %d updates",
                         MAX_UPDATES_PER_COMMIT);
    change_init(&change, call, name);
    call->outcome.status = 200;
    entity_locks_take(call->catalog->locks, call->warehouse->id, &name, 1, &hold);
    bool ok = replace_rounds(&change, requirements, updates, &cause);
    entity_locks_give(call->catalog->locks, &hold);
    return end_change(&change, ok, &cause, ret_result, err);
}

/* --- register ----------------------------------------------------------------------------- */

static bool run_register(struct view_change *change, struct slice location, struct error *err)
{
    struct catalog *catalog = change->call->catalog;
    struct namespace_row above;
    TRY(change_read(change, &above, err));
    TRY(location_check(change->call, location, "metadata location", &change->canonical, err));
    TRY(metadata_file_must_exist(catalog, location, err));
    if (!view_metadata_read(catalog, location, &change->next, err)) {
        /* What the reader takes for damage is here just a file that should not have been named. */
        if (err->kind == ERROR_CORRUPT)
            err->kind = ERROR_BAD_REQUEST;
        return false;
    }
    change->next_location = location;
    TRY(location_check(change->call, change->next->location, "view location", &change->canonical,
                       err));
    return write_change(change, err);
}

bool view_register(struct call *call, struct slice namespace_path, const json_t *request,
                   struct view_result *ret_result, struct error *err)
{
    struct entity_name name = {.namespace_path = namespace_path};
    struct slice location = SLICE_EMPTY;
    struct view_change change;
    struct error cause = {0};
    if (!json_is_object(request))
        return error_set(err, ERROR_BAD_REQUEST, "The request body must be a JSON object");
    TRY(json_get_string(request, "name", &name.name, err));
    TRY(name_check(name.name, "view", err));
    TRY(json_get_string(request, "metadata-location", &location, err));
    /* The result and the kept outcome outlive the request's tree. */
    location = arena_slice(call->arena, location);
    if (location.ptr == NULL)
        return error_no_memory(err, "the metadata location");
    change_init(&change, call, name);
    change.is_create = true;
    call->outcome.status = 200;
    bool ok = run_register(&change, location, &cause);
    return end_change(&change, ok, &cause, ret_result, err);
}
