#include "catalog/catalog.h"

#include <stdlib.h>

#include "base/limits.h"
#include "base/pack.h"
#include "catalog/commit_chain.h"
#include "catalog/entity_lock.h"
#include "catalog/inflight.h"
#include "catalog/pending_base.h"
#include "catalog/pending_files.h"
#include "catalog/purge.h"
#include "catalog/seen_files.h"
#include "catalog/warehouse.h"
#include "catalog/warehouse_set.h"
#include "catalog/warehouse_storage.h"
#include "storage/endpoint.h"
#include "storage/location.h"
#include "storage/secret_keys.h"

static bool keep_allowed_locations(struct catalog *catalog, const struct catalog_options *options,
                                   struct error *err)
{
    size_t count = options->allowed_location_count;
    catalog->allowed_locations = ARENA_ARRAY(&catalog->arena, struct slice, count + 1);
    if (catalog->allowed_locations == NULL)
        return error_no_memory(err, "the allowed locations");
    for (size_t i = 0; i < count; i++)
        if (!location_canonical(options->allowed_locations[i], &catalog->arena,
                                &catalog->allowed_locations[i], err))
            return error_prefix(err, "allowed location %.*s",
                                SLICE_ARG(options->allowed_locations[i]));
    catalog->allowed_location_count = count;
    return true;
}

static bool keep_allowed_endpoints(struct catalog *catalog, const struct catalog_options *options,
                                   struct error *err)
{
    size_t count = options->allowed_endpoint_count;
    catalog->allowed_endpoints = ARENA_ARRAY(&catalog->arena, struct slice, count + 1);
    if (catalog->allowed_endpoints == NULL)
        return error_no_memory(err, "the allowed endpoints");
    for (size_t i = 0; i < count; i++)
        TRY(endpoint_canonical(options->allowed_endpoints[i], "allow-endpoint", &catalog->arena,
                               &catalog->allowed_endpoints[i], err));
    catalog->allowed_endpoint_count = count;
    return true;
}

static bool insert_default(struct pointer_txn *txn, void *context, struct error *err)
{
    int64_t id = 0;
    return pointer_warehouse_insert(txn, context, &id, err);
}

/* An empty catalog gets the warehouse that clients meet when they name none. */
static bool ensure_default_warehouse(struct catalog *catalog, const struct catalog_options *options,
                                     struct error *err)
{
    TRY(warehouse_set_load(catalog, err));
    if (!warehouse_set_is_empty(catalog->warehouses))
        return true;
    struct warehouse_row row = {
        .name = SLICE_LITERAL(DEFAULT_WAREHOUSE_NAME),
        .location = options->default_warehouse_location,
        .properties = SLICE_LITERAL("{}"),
        .is_default = true,
        .created_ms = clock_now_ms(catalog->clock),
    };
    TRY(pointer_store_write(catalog->pointers, insert_default, &row, err));
    return warehouse_set_load(catalog, err);
}

static bool catalog_init(struct catalog *catalog, const struct catalog_options *options,
                         struct error *err)
{
    arena_init(&catalog->arena, MAX_REQUEST_ARENA);
    catalog->pointers = options->pointers;
    catalog->objects = options->objects;
    catalog->cache = options->cache;
    catalog->reading = options->reading;
    catalog->clock = options->clock;
    catalog->random = options->random;
    catalog->own_files = options->own_files;
    catalog->secret_keys = options->secret_keys ? options->secret_keys : &secret_keys_none;
    TRY(keep_allowed_locations(catalog, options, err));
    TRY(keep_allowed_endpoints(catalog, options, err));
    TRY(entity_locks_create(&catalog->locks, err));
    TRY(commit_chain_create(&catalog->chain, err));
    TRY(inflight_keys_create(&catalog->inflight, err));
    TRY(packer_create(&catalog->packer, err));
    TRY(seen_files_create(SEEN_NEAR, &catalog->seen_near, err));
    TRY(seen_files_create(SEEN_FAR, &catalog->seen_far, err));
    TRY(warehouse_set_create(&catalog->warehouses, err));
    TRY(storage_rows_reseal(catalog, err));
    TRY(ensure_default_warehouse(catalog, options, err));
    TRY(pending_bases_create(&catalog->bases, err));
    TRY(pending_files_start(catalog, &catalog->pending, err));
    return purge_worker_start(catalog, &catalog->purge, err);
}

bool catalog_create(const struct catalog_options *options, struct catalog **ret_catalog,
                    struct error *err)
{
    struct catalog *catalog = calloc(1, sizeof(*catalog));
    if (catalog == NULL)
        return error_no_memory(err, "the catalog");
    if (!catalog_init(catalog, options, err)) {
        catalog_destroy(catalog);
        return false;
    }
    *ret_catalog = catalog;
    return true;
}

void catalog_destroy(struct catalog *catalog)
{
    if (catalog == NULL)
        return;
    purge_worker_stop(catalog->purge);
    pending_files_stop(catalog->pending);
    pending_bases_destroy(catalog->bases);
    warehouse_set_destroy(catalog->warehouses);
    seen_files_destroy(catalog->seen_near);
    seen_files_destroy(catalog->seen_far);
    packer_destroy(catalog->packer);
    inflight_keys_destroy(catalog->inflight);
    commit_chain_destroy(catalog->chain);
    entity_locks_destroy(catalog->locks);
    arena_finish(&catalog->arena);
    free(catalog);
}
