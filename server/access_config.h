/*
 * access_config.h — what of a store a client is told, in the names that clients have for it: a row
 * for each kind of store.
 *
 * Spec:     REST protocol, LoadTableResult (config, storage-credentials); the properties of
 *           Iceberg's S3FileIO, GCSFileIO and ADLSFileIO, and of PyIceberg's FileIO
 * Threads:  pure functions
 */
#ifndef SERVER_ACCESS_CONFIG_H
#define SERVER_ACCESS_CONFIG_H

#include "base/json_write.h"
#include "storage/s3_keys.h"
#include "storage/storage_profile.h"

struct access_told {
    const struct storage_profile *profile;
    struct slice location; /* of the table, canonical */
    struct slice endpoint; /* for this client; empty: the provider's */
    struct slice refresh;  /* path of where credentials are asked for again; empty: there is none */
};

/* Members of `config` without secrets: where the store is. */
void access_config_write_place(const struct access_told *told, struct json_writer *json);
/* Members with secrets: credentials as storage/vending.h makes them, or the warehouse's own. */
void access_config_write_keys(const struct access_told *told, const struct s3_keys *keys,
                              struct json_writer *json);

#endif
