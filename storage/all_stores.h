/*
 * all_stores.h — the object stores that this program has, each under its schemes.
 *
 * Owns:     the caller gets object_stores, which own the stores and their connections
 * Threads:  before others start
 * Rule:     a new store is a file of its own and a row in all_stores.c
 */
#ifndef STORAGE_ALL_STORES_H
#define STORAGE_ALL_STORES_H

#include "base/environment.h"
#include "storage/http_transport.h"
#include "storage/object_store.h"

struct all_stores_options {
    environment_fn environment; /* getenv in the program */
    struct http_transport_options transport;
    bool lends_machine_keys; /* see storage/place_roots.h */
};

bool all_stores_open(const struct all_stores_options *options, struct object_stores **ret_stores,
                     struct error *err);

#endif
