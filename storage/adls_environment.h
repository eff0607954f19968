/*
 * adls_environment.h — what the variables that Azure's tools share say: account, key, endpoint.
 *
 * Spec:     "Configure Azure Storage connection strings"; the variables of Azure's command line
 * Errors:   ERROR_NO_MEMORY
 * Threads:  pure function over the environment
 */
#ifndef STORAGE_ADLS_ENVIRONMENT_H
#define STORAGE_ADLS_ENVIRONMENT_H

#include "storage/adls_place.h"

/* AZURE_STORAGE_CONNECTION_STRING, else AZURE_STORAGE_ACCOUNT and AZURE_STORAGE_KEY. *ret_account:
 * whose the key is; empty where there is none. Texts lie in the arena or the environment. */
bool adls_environment_read(environment_fn environment, struct arena *arena,
                           struct storage_profile *ret_profile, struct slice *ret_account,
                           struct error *err);

#endif
