#include "tests/unit/catalog/catalog_fixture.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/json_tree.h"
#include "base/limits.h"
#include "catalog/commit.h"
#include "catalog/lookup.h"
#include "catalog/namespace.h"
#include "catalog/seen_files.h"
#include "catalog/warehouse.h"

#define WORLD_CACHE_SIZE (16 * MIB)

/* --- the world ---------------------------------------------------------------------------- */

static int64_t skewed_now_ms(void *context)
{
    const struct world *world = context;
    return clock_now_ms(&clock_real) + world->skew_ms;
}

/* Every reading is a tick later, so that no two looks for a file are one. */
static int64_t stepping_monotonic_us(void *context)
{
    struct world *world = context;
    return clock_monotonic_us(&clock_real) +
           SEEN_NEAR_TICK_US * atomic_fetch_add(&world->clock_readings, 1);
}

void world_make(struct world *world)
{
    *world = (struct world){.files = &file_calls_real};
    (void)snprintf(world->directory, sizeof world->directory, "/tmp/firn-catalog-XXXXXX");
    assert_non_null(mkdtemp(world->directory));
    (void)snprintf(world->database, sizeof world->database, "%s/firn.db", world->directory);
    (void)snprintf(world->place, sizeof world->place, "%s/w", world->directory);
    (void)snprintf(world->location, sizeof world->location, "file://%s", world->place);
    (void)snprintf(world->allowed, sizeof world->allowed, "file://%s/allowed", world->directory);
    assert_int_equal(mkdir(world->place, 0777), 0);
    world->clock = (struct clock){skewed_now_ms, stepping_monotonic_us, world};
}

static int remove_entry(const char *path, const struct stat *status, int type, struct FTW *where)
{
    (void)status;
    (void)type;
    (void)where;
    return remove(path);
}

void world_remove(struct world *world)
{
    (void)nftw(world->directory, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
}

static bool stores_open(struct world *world, struct error *err)
{
    struct object_store *files = NULL;
    struct pointer_store_options options = {.path = world->database,
                                            .vfs = world->vfs,
                                            .clock = &world->clock,
                                            .busy_timeout_ms = 1000};
    TRY(pointer_store_open(&options, &world->pointers, err));
    TRY(object_stores_create(&world->objects, err));
    TRY(file_store_create(world->files, &files, err));
    if (!object_stores_add(world->objects, "file", files, err)) {
        files->ops->destroy(files);
        return false;
    }
    return cache_create(WORLD_CACHE_SIZE, &world->cache, err);
}

bool world_try_open(struct world *world, struct error *err)
{
    struct slice allowed = slice_from_string(world->allowed);
    if (!stores_open(world, err)) {
        world_close(world);
        return false;
    }
    struct catalog_options options = {
        .pointers = world->pointers,
        .objects = world->objects,
        .cache = world->cache,
        .clock = &world->clock,
        .random = &random_source_real,
        .allowed_locations = &allowed,
        .allowed_location_count = 1,
        .default_warehouse_location = slice_from_string(world->location),
    };
    if (catalog_create(&options, &world->catalog, err) &&
        warehouse_find(world->catalog, SLICE_EMPTY, &world->warehouse, err)) {
        client_init(&world->client, world);
        return true;
    }
    world_close(world);
    return false;
}

void world_open(struct world *world)
{
    struct error err = {0};
    assert_ok(world_try_open(world, &err), &err);
}

void world_close(struct world *world)
{
    client_finish(&world->client);
    warehouse_unref(world->warehouse);
    catalog_destroy(world->catalog);
    cache_destroy(world->cache);
    object_stores_destroy(world->objects);
    pointer_store_close(world->pointers);
    world->warehouse = NULL;
    world->catalog = NULL;
    world->cache = NULL;
    world->objects = NULL;
    world->pointers = NULL;
}

void world_reopen(struct world *world)
{
    world_close(world);
    world_open(world);
}

int world_setup(void **state)
{
    struct world *world = calloc(1, sizeof *world);
    assert_non_null(world);
    world_make(world);
    world_open(world);
    assert_ok(make_namespace(world, "ns"), &world->client.err);
    *state = world;
    return 0;
}

int world_teardown(void **state)
{
    struct world *world = *state;
    world_close(world);
    world_remove(world);
    free(world);
    return 0;
}

/* --- clients ------------------------------------------------------------------------------ */

void client_init(struct client *client, struct world *world)
{
    *client = (struct client){0};
    arena_init(&client->arena, MAX_REQUEST_ARENA);
    client->call = (struct call){
        .catalog = world->catalog,
        .arena = &client->arena,
        .warehouse = world->warehouse,
        .operation = "test",
        .actor = SLICE_LITERAL("tester"),
        .request_id = SLICE_LITERAL("r-1"),
        .idempotency_key = SLICE_EMPTY,
        .request_digest = SLICE_EMPTY,
    };
}

void client_finish(struct client *client)
{
    if (client->call.arena)
        arena_finish(&client->arena);
    client->call.arena = NULL;
}

void client_fresh(struct client *client, struct world *world)
{
    client_finish(client);
    client_init(client, world);
}

/* --- JSON and names ----------------------------------------------------------------------- */

json_t *json_of_text(const char *fmt, ...)
{
    char *copy = NULL;
    va_list args;
    va_start(args, fmt);
    int size = vasprintf(&copy, fmt, args);
    va_end(args);
    assert_true(size >= 0);
    for (char *at = copy; *at; at++)
        if (*at == '\'')
            *at = '"';
    json_error_t where;
    json_t *tree = json_loads(copy, JSON_REJECT_DUPLICATES, &where);
    if (tree == NULL)
        fail_msg("%s in %s", where.text, copy);
    free(copy);
    return tree;
}

struct entity_name name_in(const char *namespace_path, const char *name)
{
    return (struct entity_name){slice_from_string(namespace_path), slice_from_string(name)};
}

/* {"namespace": [...], "name": ...} */
static json_t *identifier_of(struct entity_name name)
{
    json_t *levels = json_array();
    struct slice path = name.namespace_path;
    while (path.len > 0) {
        size_t end = slice_find(path, NAMESPACE_SEPARATOR);
        assert_int_equal(json_array_append_new(levels, json_stringn(path.ptr, end)), 0);
        path = slice_from(path, end + 1);
    }
    json_t *identifier = json_object();
    assert_int_equal(json_object_set_new(identifier, "namespace", levels), 0);
    assert_int_equal(
        json_object_set_new(identifier, "name", json_stringn(name.name.ptr, name.name.len)), 0);
    return identifier;
}

/* --- requests ----------------------------------------------------------------------------- */

static struct call *next_call(struct world *world)
{
    error_clear(&world->client.err);
    world->client.call.is_recorded = false;
    world->client.call.outcome = (struct call_outcome){0};
    return &world->client.call;
}

bool make_namespace_at(struct world *world, const char *path, const char *location)
{
    struct namespace_row row;
    struct call *call = next_call(world);
    json_t *identifier = identifier_of(name_in(path, "unused"));
    json_t *request = json_pack("{s:O}", "namespace", json_object_get(identifier, "namespace"));
    if (location)
        json_object_set_new(request, "properties", json_pack("{s:s}", "location", location));
    bool ok = namespace_create(call, request, &row, &world->client.err);
    json_decref(request);
    json_decref(identifier);
    return ok;
}

bool make_namespace(struct world *world, const char *path)
{
    return make_namespace_at(world, path, NULL);
}

bool make_table_with(struct world *world, struct entity_name name, const char *more,
                     struct table_result *ret_result)
{
    struct call *call = next_call(world);
    struct table_result unused = {0};
    json_t *request = json_of_text("{'schema':%s%s%s}", SCHEMA, *more ? "," : "", more);
    json_object_set_new(request, "name", json_stringn(name.name.ptr, name.name.len));
    bool ok = table_create(call, name.namespace_path, request, ret_result ? ret_result : &unused,
                           &world->client.err);
    table_result_finish(&unused);
    json_decref(request);
    return ok;
}

bool make_table(struct world *world, struct entity_name name)
{
    return make_table_with(world, name, "", NULL);
}

bool commit_table(struct world *world, struct entity_name name, const char *requirements,
                  const char *updates, struct table_result *ret_result)
{
    struct call *call = next_call(world);
    struct table_result unused = {0};
    json_t *request = json_of_text("{'requirements':%s,'updates':%s}", requirements, updates);
    bool ok = table_commit(call, name, request, ret_result ? ret_result : &unused,
                           &world->client.err);
    table_result_finish(&unused);
    json_decref(request);
    return ok;
}

bool set_property(struct world *world, struct entity_name name, const char *key,
                  const char *value)
{
    char updates[WORLD_PATH_SIZE];
    (void)snprintf(updates, sizeof updates,
                   "[{'action':'set-properties','updates':{'%s':'%s'}}]", key, value);
    return commit_table(world, name, NO_REQUIREMENTS, updates, NULL);
}

bool run_transaction(struct world *world, const char *changes)
{
    struct call *call = next_call(world);
    json_t *request = json_of_text("{'table-changes':%s}", changes);
    bool ok = transaction_commit(call, request, &world->client.err);
    json_decref(request);
    return ok;
}

bool load_table(struct world *world, struct entity_name name, struct table_result *ret_result)
{
    struct call *call = next_call(world);
    return table_load(call, name, ret_result, &world->client.err);
}

bool drop_table(struct world *world, struct entity_name name, bool purge)
{
    struct call *call = next_call(world);
    return table_drop(call, name, purge, &world->client.err);
}

bool rename_table(struct world *world, struct entity_name from, struct entity_name to)
{
    struct call *call = next_call(world);
    json_t *request =
        json_pack("{s:o,s:o}", "source", identifier_of(from), "destination", identifier_of(to));
    bool ok = table_rename(call, request, &world->client.err);
    json_decref(request);
    return ok;
}

bool register_table(struct world *world, struct entity_name name, const char *location,
                    bool overwrite, struct table_result *ret_result)
{
    struct call *call = next_call(world);
    struct table_result unused = {0};
    json_t *request = json_pack("{s:s%,s:s,s:b}", "name", name.name.ptr, name.name.len,
                                "metadata-location", location, "overwrite", overwrite);
    assert_non_null(request);
    bool ok = table_register(call, name.namespace_path, request,
                             ret_result ? ret_result : &unused, &world->client.err);
    table_result_finish(&unused);
    json_decref(request);
    return ok;
}

bool make_view(struct world *world, struct entity_name name, const char *more,
               struct view_result *ret_result)
{
    struct call *call = next_call(world);
    struct view_result unused = {0};
    json_t *request = json_of_text(
        "{'schema':%s,'view-version':{'version-id':1,'schema-id':0,'timestamp-ms':1,"
        "'summary':{},'default-namespace':['ns'],"
        "'representations':[{'type':'sql','sql':'select 1','dialect':'spark'}]}"
        ",'properties':{}%s%s}",
        SCHEMA, *more ? "," : "", more);
    json_object_set_new(request, "name", json_stringn(name.name.ptr, name.name.len));
    bool ok = view_create(call, name.namespace_path, request, ret_result ? ret_result : &unused,
                          &world->client.err);
    view_result_finish(&unused);
    json_decref(request);
    return ok;
}

bool replace_view(struct world *world, struct entity_name name, const char *requirements,
                  const char *updates, struct view_result *ret_result)
{
    struct call *call = next_call(world);
    struct view_result unused = {0};
    json_t *request = json_of_text("{'requirements':%s,'updates':%s}", requirements, updates);
    bool ok = view_replace(call, name, request, ret_result ? ret_result : &unused,
                           &world->client.err);
    view_result_finish(&unused);
    json_decref(request);
    return ok;
}

/* --- what is stored ----------------------------------------------------------------------- */

static bool find_entity(struct world *world, struct entity_name name, enum entity_kind kind,
                        struct entity_row *ret_row)
{
    struct error err = {0};
    if (entity_find(&world->client.call, name, kind, ret_row, &err))
        return true;
    if (err.kind != ERROR_NO_SUCH_TABLE && err.kind != ERROR_NO_SUCH_VIEW)
        fail_msg("%s", err.message);
    return false;
}

void set_retention(struct world *world, const char *retention)
{
    const struct warehouse *altered = NULL;
    struct client *client = &world->client;
    json_t *request = json_of_text("{'properties':{'soft-delete-retention':'%s'}}", retention);
    client_fresh(client, world);
    assert_ok(warehouse_alter(&client->call, SLICE_LITERAL(DEFAULT_WAREHOUSE_NAME), request,
                              &altered, &client->err),
              &client->err);
    json_decref(request);
    warehouse_unref(world->warehouse);
    world->warehouse = altered;
    client_fresh(client, world);
}

bool has_table(struct world *world, struct entity_name name)
{
    struct entity_row row;
    return find_entity(world, name, ENTITY_TABLE, &row);
}

bool has_view(struct world *world, struct entity_name name)
{
    struct entity_row row;
    return find_entity(world, name, ENTITY_VIEW, &row);
}

struct slice table_pointer(struct world *world, struct entity_name name)
{
    struct entity_row row;
    if (!find_entity(world, name, ENTITY_TABLE, &row))
        return (struct slice){NULL, 0};
    return row.metadata_location;
}

const char *table_property_of(struct world *world, struct entity_name name, const char *key)
{
    struct error err = {0};
    struct table_result result = {0};
    struct slice value = {NULL, 0};
    if (!has_table(world, name))
        return NULL;
    assert_ok(table_load(&world->client.call, name, &result, &err), &err);
    assert_ok(table_metadata_property(result.metadata, key, &world->client.arena, &value, &err),
              &err);
    const char *text = value.ptr ? arena_string(&world->client.arena, value) : NULL;
    table_result_finish(&result);
    return text;
}

json_t *table_tree(const struct table_metadata *metadata)
{
    struct error err = {0};
    json_t *tree = NULL;
    assert_ok(json_tree_parse(blob_slice(metadata->blob), "metadata", &tree, &err), &err);
    return tree;
}

int64_t change_count(struct world *world)
{
    struct error err = {0};
    struct pointer_view *view = NULL;
    struct change_row *rows = NULL;
    size_t count = 0;
    assert_ok(pointer_view_begin(world->pointers, &view, &err), &err);
    bool ok = pointer_change_list(view, 0, 0, INT64_MAX, &world->client.arena, &rows, &count,
                                  &err);
    pointer_view_end(view);
    assert_ok(ok, &err);
    return (int64_t)count;
}

/* --- files -------------------------------------------------------------------------------- */

struct file_count {
    size_t all;
    size_t metadata;
};

static bool count_file(void *context, struct slice uri, uint64_t size, struct error *err)
{
    struct file_count *count = context;
    (void)size;
    (void)err;
    count->all++;
    if (slice_ends_with(uri, SLICE_LITERAL(".metadata.json")))
        count->metadata++;
    return true;
}

/* By a store of its own, so that injected failures do not hit the test. */
static struct file_count count_files(struct world *world)
{
    struct file_count count = {0, 0};
    struct error err = {0};
    struct object_store *store = NULL;
    assert_ok(file_store_create(&file_calls_real, &store, &err), &err);
    assert_ok(store->ops->list(store, slice_from_string(world->location), count_file, &count,
                               &err), &err);
    assert_ok(store->ops->list(store, slice_from_string(world->allowed), count_file, &count,
                               &err), &err);
    store->ops->destroy(store);
    return count;
}

size_t world_files(struct world *world)
{
    return count_files(world).all;
}

size_t metadata_files(struct world *world)
{
    return count_files(world).metadata;
}

static const char *path_of(const char *path_or_uri)
{
    return strncmp(path_or_uri, "file://", 7) == 0 ? path_or_uri + 7 : path_or_uri;
}

bool file_is_there(const char *path_or_uri)
{
    return access(path_of(path_or_uri), F_OK) == 0;
}

void file_write(const char *path_or_uri, struct slice bytes)
{
    struct error err = {0};
    struct object_store *store = NULL;
    assert_ok(file_store_create(&file_calls_real, &store, &err), &err);
    assert_ok(store->ops->put_new(store, slice_from_string(path_of(path_or_uri)), bytes, &err),
              &err);
    store->ops->destroy(store);
}

void file_delete(const char *path_or_uri)
{
    assert_int_equal(unlink(path_of(path_or_uri)), 0);
}

/* --- errors ------------------------------------------------------------------------------- */

void assert_error(struct world *world, enum error_kind kind, const char *sentence)
{
    assert_string_equal(world->client.err.message, sentence);
    assert_string_equal(error_kind_name(world->client.err.kind), error_kind_name(kind));
}

void assert_error_has(struct world *world, enum error_kind kind, const char *part)
{
    if (strstr(world->client.err.message, part) == NULL)
        fail_msg("'%s' is not in: %s", part, world->client.err.message);
    assert_string_equal(error_kind_name(world->client.err.kind), error_kind_name(kind));
}
