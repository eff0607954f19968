/*
 * plan_key.h — the key that plan ids and plan tasks are sealed with, kept in the database.
 *
 * So every process that serves this database, now or after a restart, knows the tokens that another
 * one gave.
 *
 * Errors:   ERROR_CORRUPT where what is stored is no key; those of the pointer store
 * Threads:  any
 */
#ifndef SERVER_PLAN_KEY_H
#define SERVER_PLAN_KEY_H

#include "base/clock.h"
#include "base/mac.h"
#include "storage/pointer_store.h"

/* Reads the key, or makes one in a database that has none. */
bool plan_key_open(struct pointer_store *pointers, const struct random_source *random,
                   struct mac_key *ret_key, struct error *err);

#endif
