#include "storage/remote_store.h"

#include <stdlib.h>

#include "storage/bucket_object.h"

struct remote_store {
    struct object_store base;
    struct http_transport *transport;
    struct place_roots *roots;
};

static struct remote_store *remote_store_of(struct object_store *store)
{
    return (struct remote_store *)store;
}

bool remote_store_create(const struct object_store_ops *ops, const struct place_kind *kind,
                         const struct remote_store_options *options,
                         struct object_store **ret_store, struct error *err)
{
    const struct place_source source = {options->transport, options->environment,
                                        options->lends_machine_keys};
    struct remote_store *store = calloc(1, sizeof *store);
    if (!store)
        return error_no_memory(err, "an object store");
    store->base.ops = ops;
    store->transport = options->transport;
    if (!place_roots_create(kind, &source, &store->roots, err)) {
        free(store);
        return false;
    }
    *ret_store = &store->base;
    return true;
}

bool remote_store_set_profiles(struct object_store *self, const struct slice *roots,
                               const struct storage_profile *const *profiles, size_t count,
                               struct error *err)
{
    return place_roots_set(remote_store_of(self)->roots, roots, profiles, count, err);
}

void remote_store_destroy(struct object_store *self)
{
    place_roots_destroy(remote_store_of(self)->roots);
    free(self);
}

bool remote_store_find_place(struct object_store *store, struct slice uri,
                             struct store_place **ret_place, struct error *err)
{
    return place_roots_find(remote_store_of(store)->roots, uri, ret_place, err);
}

static bool is_of_place(struct object_store *store, struct slice uri,
                        const struct store_place *place)
{
    struct store_place *found = NULL;
    bool is_found = remote_store_find_place(store, uri, &found, NULL);
    store_place_unref(found);
    return is_found && found == place;
}

size_t remote_store_of_one_bucket(struct object_store *store, const struct store_place *place,
                                  const struct slice *uris, size_t count, struct slice *ret_names)
{
    struct slice bucket = SLICE_EMPTY;
    for (size_t i = 0; i < count; i++) {
        struct bucket_object object;
        if (!bucket_object_parse(uris[i], &object, NULL) || object.key.len == 0 ||
            (i > 0 && !slice_equals(object.bucket, bucket)) || !is_of_place(store, uris[i], place))
            return i;
        bucket = object.bucket;
        ret_names[i] = object.key;
    }
    return count;
}

struct http_transport *remote_store_transport(struct object_store *store)
{
    return remote_store_of(store)->transport;
}
