/*
 * secrets.h — the keys of the secrets in the database: where they are, and the first one's making.
 *
 * Errors:   as storage/secret_keys.h; ERROR_BAD_REQUEST: the named file is not there
 * Threads:  a start
 */
#ifndef SERVER_SECRETS_H
#define SERVER_SECRETS_H

#include "base/log.h"
#include "server/options.h"
#include "storage/pointer_store.h"
#include "storage/secret_keys.h"

/* In the data directory; covered by what the catalog keeps from tables (own_files). */
#define SECRET_KEY_FILE_NAME "firn.db.key"

/* That file's path, in the arena; NULL without memory. `data_directory` is absolute. */
const char *secrets_key_path(struct slice data_directory, struct arena *arena, struct error *err);

/* What the options name, else the file in the data directory: *ret_found is false where that is not
 * there. `data_directory` is absolute. */
bool secrets_find(const struct options *options, struct slice data_directory,
                  struct secret_keys *ret_keys, bool *ret_found, struct error *err);

/* The same for a server that starts: makes the file where there is none and no secret needs
 * another key; where one does, starts without a key and says so in the log. */
bool secrets_open(const struct options *options, struct slice data_directory,
                  struct pointer_store *pointers, struct log *log, struct secret_keys *ret_keys,
                  struct error *err);

/* How many warehouses have secrets that no key here opens; *ret_name, in the arena, is one's. */
bool secrets_count_closed(struct pointer_store *pointers, const struct secret_keys *keys,
                          struct arena *arena, size_t *ret_count, struct slice *ret_name,
                          struct error *err);

#endif
