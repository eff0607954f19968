#include "storage/all_stores.h"

#include "storage/adls_store.h"
#include "storage/file_store.h"
#include "storage/gcs_store.h"
#include "storage/s3_store.h"

#define MAX_SCHEMES 4

static bool create_files(const struct remote_store_options *unused, struct object_store **ret_store,
                         struct error *err)
{
    (void)unused;
    return file_store_create(&file_calls_real, ret_store, err);
}

static const struct {
    const char *schemes[MAX_SCHEMES];
    bool (*create)(const struct remote_store_options *options, struct object_store **ret_store,
                   struct error *err);
} STORES[] = {
    {{"file"}, create_files},
    {{"s3", "s3a", "s3n"}, s3_store_create},
    {{"abfss", "abfs", "wasbs", "wasb"}, adls_store_create},
    {{"gs"}, gcs_store_create},
};

/* The first scheme takes the store over. */
static bool add(struct object_stores *stores, const char *const *schemes,
                struct object_store *store, struct error *err)
{
    if (!object_stores_add(stores, schemes[0], store, err)) {
        store->ops->destroy(store);
        return false;
    }
    for (size_t i = 1; i < MAX_SCHEMES && schemes[i]; i++)
        TRY(object_stores_add(stores, schemes[i], store, err));
    return true;
}

static bool fill(const struct all_stores_options *options, struct object_stores *stores,
                 struct error *err)
{
    struct http_transport *transport = NULL;
    TRY(http_transport_create(&options->transport, &transport, err));
    object_stores_own_transport(stores, transport);
    const struct remote_store_options remote = {transport, options->environment,
                                                options->lends_machine_keys};
    for (size_t i = 0; i < sizeof STORES / sizeof STORES[0]; i++) {
        struct object_store *store = NULL;
        TRY(STORES[i].create(&remote, &store, err));
        TRY(add(stores, STORES[i].schemes, store, err));
    }
    return true;
}

bool all_stores_open(const struct all_stores_options *options, struct object_stores **ret_stores,
                     struct error *err)
{
    struct object_stores *stores = NULL;
    TRY(object_stores_create(&stores, err));
    if (!fill(options, stores, err)) {
        object_stores_destroy(stores);
        return false;
    }
    *ret_stores = stores;
    return true;
}
