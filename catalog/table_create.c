/* Declared in catalog/table.h: how a table comes into the catalog. */
#include "catalog/table.h"

#include "base/json_tree.h"
#include "base/limits.h"
#include "catalog/format_policy.h"
#include "catalog/location_policy.h"
#include "catalog/lookup.h"
#include "catalog/metadata_store.h"
#include "catalog/purge_guard.h"
#include "catalog/table_change.h"
#include "storage/location.h"

/*
 * How a table comes into the catalog: createTable, its staged form, and registerTable. A staged
 * create stores nothing at all: the reply carries a uuid and a location, and the commit that ends
 * it (assert-create, commit.c) gives them back. All that stays of it is an empty folder.
 */

/* A default location that is taken gets a suffix; each try draws a new one. */
#define MAX_LOCATION_TRIES 8
/* From this try on the table goes right below the warehouse: a table a.b fills the place that is
 * the namespace a.b's, and no suffix helps within it. */
#define FIRST_TRY_AT_ROOT 4

/* --- create ------------------------------------------------------------------------------- */

struct create_request {
    struct entity_name name;
    struct table_create_input input;
    bool is_staged;
    bool has_location;
    bool has_lost_place; /* to a table that came between the choice and the transaction */
};

static bool create_request_parse(struct call *call, struct slice namespace_path,
                                 const json_t *request, struct create_request *ret,
                                 struct error *err)
{
    struct create_request parsed = {.name = {.namespace_path = namespace_path}};
    json_t *schema = NULL, *spec = NULL, *order = NULL, *properties = NULL;
    struct slice location = SLICE_EMPTY;
    if (!json_is_object(request))
        return error_set(err, ERROR_BAD_REQUEST, "The request body must be a JSON object");
    TRY(json_get_string(request, "name", &parsed.name.name, err));
    TRY(name_check(parsed.name.name, "table", err));
    TRY(json_get_object(request, "schema", &schema, err));
    TRY(json_opt_object(request, "partition-spec", &spec, err));
    TRY(json_opt_object(request, "write-order", &order, err));
    TRY(json_opt_string_map(request, "properties", &properties, err));
    TRY(json_opt_string(request, "location", &location, err));
    TRY(json_opt_bool(request, "stage-create", &parsed.is_staged, err));
    parsed.has_location = location.len > 0;
    parsed.input = (struct table_create_input){
        .schema = schema,
        .partition_spec = spec,
        .write_order = order,
        .properties = properties,
        .location = location,
        .format_version = format_version_default(call->warehouse),
        .now_ms = clock_now_ms(call->catalog->clock),
    };
    *ret = parsed;
    return true;
}

static bool make_uuid(struct call *call, struct slice *ret_uuid, struct error *err)
{
    char text[UUID_TEXT_SIZE];
    TRY(uuid_make(call->catalog->random, text, err));
    *ret_uuid = arena_slice(call->arena, slice_from_string(text));
    return ret_uuid->ptr != NULL || error_no_memory(err, "the table's uuid");
}

static bool is_free(struct call *call, struct pointer_view *view, struct slice location,
                    bool *ret_free, struct error *err)
{
    struct entity_row other;
    struct slice canonical;
    bool found = false;
    TRY(location_canonical(location, call->arena, &canonical, err));
    TRY(pointer_location_overlap(view, canonical, 0, call->arena, &other, &found, err));
    *ret_free = !found;
    return true;
}

static bool choose_location(struct call *call, struct pointer_view *view,
                            struct create_request *create, struct error *err)
{
    struct namespace_row above;
    struct slice suffix;
    TRY(location_suffix_first(call, &suffix, err));
    TRY(namespace_must_exist(call, view, create->name.namespace_path, &above, err));
    for (int round = 0; round < MAX_LOCATION_TRIES; round++) {
        bool free_place = false;
        bool at_root = round >= FIRST_TRY_AT_ROOT;
        TRY(location_default(call, at_root ? SLICE_EMPTY : above.path,
                             at_root ? SLICE_LITERAL("{}") : above.properties, create->name.name,
                             suffix, &create->input.location, err));
        TRY(is_free(call, view, create->input.location, &free_place, err));
        if (free_place)
            return true;
        TRY(location_suffix_make(call, &suffix, err));
    }
    return error_set(err, ERROR_CONFLICT, "No free location was found for table %s: name one",
                     entity_name_text(call->arena, create->name));
}

static bool place_table(struct call *call, struct create_request *create, struct error *err)
{
    struct pointer_view *view = NULL;
    TRY(pointer_view_begin(call->catalog->pointers, &view, err));
    bool ok = choose_location(call, view, create, err);
    pointer_view_end(view);
    return ok;
}

/* What a staged create drew, for a replay: "<uuid> <milliseconds> <location>". All else follows
 * from the request. */
static bool seed_keep(struct call *call, const struct table_create_input *input, struct error *err)
{
    /* Not by SLICE_ARG, which cuts. */
    call->outcome.body = arena_printf(
        call->arena, "%.*s %lld %.*s", (int)input->uuid.len, input->uuid.ptr,
        (long long)input->now_ms, (int)input->location.len, input->location.ptr);
    return call->outcome.body.ptr != NULL || error_no_memory(err, "the staged table's seed");
}

static bool seed_read(struct slice seed, struct table_create_input *input, struct error *err)
{
    size_t first = slice_find(seed, ' ');
    struct slice rest = slice_from(seed, first + 1);
    size_t second = slice_find(rest, ' ');
    input->uuid = (struct slice){seed.ptr, first};
    input->location = slice_from(rest, second + 1);
    return slice_to_int64((struct slice){rest.ptr, second}, &input->now_ms) ||
           error_set(err, ERROR_CORRUPT, "the record of the Idempotency-Key is damaged");
}

static bool stage_table(struct table_change *change, const struct create_request *create,
                        struct buffer *text, struct error *err)
{
    struct blob *blob = NULL;
    TRY(seed_keep(change->call, &create->input, err));
    TRY(location_check(change->call, change->result.location, "table location",
                       &change->canonical, err));
    TRY(location_check_metadata(change->call, change->result.metadata_directory, change->canonical,
                                err));
    /* Some writers (DuckDB) take a folder for granted that a commit would have made. */
    TRY(object_make_folder(change->call->catalog->objects, change->result.metadata_directory, err));
    TRY(blob_from_buffer(text, &blob, err));
    bool ok = table_metadata_parse(blob, &change->next, err);
    blob_unref(blob);
    change->next_location = SLICE_EMPTY;
    return ok && format_policy_check(change->call->warehouse, NULL, change->next, err);
}

struct create_job {
    struct table_change *change;
    struct create_request *create;
};

/* The place that was chosen may be another table's by now: a choice of ours is made again. */
static bool check_chosen_place(struct create_job *job, struct pointer_txn *txn, struct error *err)
{
    bool free_place = true;
    struct create_request *create = job->create;
    if (!create->has_location)
        TRY(is_free(job->change->call, pointer_txn_view(txn), job->change->canonical, &free_place,
                    err));
    create->has_lost_place = !free_place;
    return free_place ||
           error_set(err, ERROR_CONFLICT, "No free location was found for table %s: name one",
                     entity_name_text(job->change->call->arena, create->name));
}

static bool store_created(struct pointer_txn *txn, void *context, struct error *err)
{
    struct create_job *job = context;
    TRY(check_chosen_place(job, txn, err));
    return table_change_store(job->change, txn, err);
}

/* Where the outcome is unknown the pointer is read again: equal means that it went through. */
static bool write_row(struct table_change *change, pointer_job_fn job, void *context,
                      struct change_row *row, struct error *err)
{
    struct error cause = {0};
    if (call_write(change->call, job, context, row, 1, &cause))
        return true;
    if (cause.kind == ERROR_COMMIT_UNKNOWN && table_change_has_arrived(change)) {
        change->call->is_recorded = true;
        return true;
    }
    if (err)
        *err = cause;
    return false;
}

static bool write_change(struct table_change *change, struct create_request *create,
                         struct error *err)
{
    struct change_row row;
    struct create_job job = {change, create};
    table_change_describe(change, &row);
    change->call->outcome.status = 200;
    change->call->outcome.metadata_location = change->next_location;
    return write_row(change, store_created, &job, &row, err);
}

/* What the answer will need is had before anything is stored: a change must not look as if it had
 * failed because its answer has. */
static bool ask_gate(const struct call *call, struct slice location, struct error *err)
{
    struct slice canonical;
    if (call->gate == NULL)
        return true;
    return location_canonical(location, call->arena, &canonical, err) &&
           call->gate->ask(call->gate->context, canonical, err);
}

static bool build_table(struct table_change *change, struct create_request *create,
                        struct buffer *text, struct error *err)
{
    TRY(table_metadata_new(&create->input, change->call->arena, text, &change->result, err));
    TRY(ask_gate(change->call, change->result.location, err));
    if (create->is_staged)
        return stage_table(change, create, text, err);
    return table_change_set_text(change, text, err) && write_change(change, create, err);
}

static bool run_create(struct table_change *change, struct create_request *create,
                       struct error *err)
{
    struct buffer text;
    TRY(table_change_read(change, err));
    if (!create->has_location)
        TRY(place_table(change->call, create, err));
    TRY(make_uuid(change->call, &create->input.uuid, err));
    buffer_init(&text, MAX_METADATA_SIZE);
    bool ok = build_table(change, create, &text, err);
    buffer_finish(&text);
    return ok;
}

/* Ends a change either way and hands the result over. */
static bool end_change(struct table_change *change, bool ok, const struct error *cause,
                       struct table_result *ret_result, struct error *err)
{
    if (ok) {
        table_change_complete(change);
        table_change_result(change, ret_result);
    } else {
        table_change_abandon(change, cause);
        if (err)
            *err = *cause;
    }
    table_change_finish(change);
    return ok;
}

static bool create_once(struct call *call, struct create_request *create,
                        struct table_result *ret_result, struct error *err)
{
    struct table_change change;
    struct error cause = {0};
    table_change_init(&change, call, create->name);
    change.is_create = true;
    create->has_lost_place = false;
    bool ok = run_create(&change, create, &cause);
    return end_change(&change, ok, &cause, ret_result, err);
}

bool table_create(struct call *call, struct slice namespace_path, const json_t *request,
                  struct table_result *ret_result, struct error *err)
{
    struct create_request create;
    TRY(create_request_parse(call, namespace_path, request, &create, err));
    call->outcome.status = 200;
    for (int round = 0; round < MAX_LOCATION_TRIES; round++) {
        if (create_once(call, &create, ret_result, err))
            return true;
        if (!create.has_lost_place)
            return false;
    }
    return false;
}

bool table_stage_again(struct call *call, struct slice namespace_path, const json_t *request,
                       struct slice seed, struct table_result *ret_result, struct error *err)
{
    struct create_request create;
    struct table_update_result made = {0};
    struct table_metadata *metadata = NULL;
    struct blob *blob = NULL;
    struct buffer text;
    TRY(create_request_parse(call, namespace_path, request, &create, err));
    TRY(seed_read(seed, &create.input, err));
    buffer_init(&text, MAX_METADATA_SIZE);
    bool ok = table_metadata_new(&create.input, call->arena, &text, &made, err) &&
              blob_from_buffer(&text, &blob, err) && table_metadata_parse(blob, &metadata, err);
    blob_unref(blob);
    buffer_finish(&text);
    if (ok)
        *ret_result = (struct table_result){SLICE_EMPTY, metadata};
    return ok;
}

/* --- register ----------------------------------------------------------------------------- */

/* Each round means that a table was dropped with purge meanwhile. */
#define MAX_REGISTER_ROUNDS 20

struct register_job {
    struct table_change *change;
    struct slice location;
    bool overwrite;
    bool is_stale; /* the transaction found that the metadata has to be read again */
    int64_t purge_mark;
    struct change_row row;
};

/* What the reader takes for damage is here just a file that the client should not have named. */
static bool as_bad_request(struct slice location, struct error *err)
{
    if (err->kind == ERROR_CORRUPT) {
        err->kind = ERROR_BAD_REQUEST;
        error_prefix(err, "Cannot register %.*s: it is not table metadata", SLICE_ARG(location));
    }
    return false;
}

static bool read_metadata(struct table_change *change, struct slice location, struct error *err)
{
    struct slice unused;
    TRY(location_check(change->call, location, "metadata location", &unused, err));
    if (!table_metadata_read(change->call->catalog, location, &change->next, err))
        return as_bad_request(location, err);
    change->next_location = location;
    TRY(format_policy_check(change->call->warehouse, NULL, change->next, err));
    return location_check(change->call, change->next->location, "table location",
                          &change->canonical, err);
}

/* In this order (see purge_guard_mark): the cache may have metadata whose file is gone. */
static bool read_registered(struct register_job *job, struct error *err)
{
    struct table_change *change = job->change;
    TRY(read_metadata(change, job->location, err));
    TRY(purge_guard_mark(change->call, change->next->uuid, change->canonical, &job->purge_mark,
                         err));
    return metadata_file_must_exist(change->call->catalog, job->location, err);
}

static bool drop_existing(struct register_job *job, struct pointer_txn *txn, struct error *err)
{
    const struct table_change *change = job->change;
    struct entity_row row;
    bool found = false;
    TRY(pointer_entity_get(pointer_txn_view(txn), change->call->warehouse->id,
                           change->name.namespace_path, change->name.name, change->call->arena,
                           &row, &found, err));
    job->row.old_location = SLICE_EMPTY;
    if (!found || row.kind != ENTITY_TABLE)
        return true;
    job->row.old_location = row.metadata_location;
    return pointer_entity_delete(txn, row.id, err);
}

static bool store_registered(struct pointer_txn *txn, void *context, struct error *err)
{
    struct register_job *job = context;
    struct table_change *change = job->change;
    TRY(purge_guard_is_stale(txn, job->purge_mark, &job->is_stale, err));
    if (job->is_stale)
        return error_set(err, ERROR_CONFLICT,
                         "Tables were dropped with purge while %.*s was read: try again",
                         SLICE_ARG(job->location));
    TRY(purge_guard_admit_files(txn, change->next->uuid, change->canonical, change->call->arena,
                                err));
    if (job->overwrite)
        TRY(drop_existing(job, txn, err));
    return table_change_store(change, txn, err);
}

static bool run_register(struct register_job *job, struct error *err)
{
    struct table_change *change = job->change;
    if (!job->overwrite)
        TRY(table_change_read(change, err));
    TRY(read_registered(job, err));
    TRY(ask_gate(change->call, change->next->location, err));
    table_change_describe(change, &job->row);
    change->call->outcome.metadata_location = job->location;
    return write_row(change, store_registered, job, &job->row, err);
}

static bool register_once(struct call *call, struct entity_name name, struct register_job *job,
                          struct table_result *ret_result, struct error *err)
{
    struct table_change change;
    struct error cause = {0};
    table_change_init(&change, call, name);
    change.is_create = true;
    job->change = &change;
    job->is_stale = false;
    bool ok = run_register(job, &cause);
    return end_change(&change, ok, &cause, ret_result, err);
}

static bool register_request_parse(struct call *call, const json_t *request,
                                   struct entity_name *name, struct register_job *job,
                                   struct error *err)
{
    if (!json_is_object(request))
        return error_set(err, ERROR_BAD_REQUEST, "The request body must be a JSON object");
    TRY(json_get_string(request, "name", &name->name, err));
    TRY(name_check(name->name, "table", err));
    TRY(json_get_string(request, "metadata-location", &job->location, err));
    TRY(json_opt_bool(request, "overwrite", &job->overwrite, err));
    /* The result and the kept outcome outlive the request's tree. */
    job->location = arena_slice(call->arena, job->location);
    return job->location.ptr != NULL || error_no_memory(err, "the metadata location");
}

bool table_register(struct call *call, struct slice namespace_path, const json_t *request,
                    struct table_result *ret_result, struct error *err)
{
    struct entity_name name = {.namespace_path = namespace_path};
    struct register_job job = {.location = SLICE_EMPTY};
    TRY(register_request_parse(call, request, &name, &job, err));
    call->outcome.status = 200;
    for (int round = 0; round < MAX_REGISTER_ROUNDS; round++) {
        if (register_once(call, name, &job, ret_result, err))
            return true;
        if (!job.is_stale)
            return false;
    }
    return false;
}
