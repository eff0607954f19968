/*
 * migrations.h — brings a database to the schema that this program knows, or refuses it.
 *
 * Errors:   ERROR_CORRUPT: a database of another program, damaged, or written by a newer version;
 *           the sentence says which. Nothing was changed then.
 * Rule:     each step and the version number that it leads to commit together, under the write lock
 */
#ifndef STORAGE_MIGRATIONS_H
#define STORAGE_MIGRATIONS_H

#include "storage/sqlite_connection.h"

/* On the writer's connection, before anything else uses the database. `path` is for sentences. */
bool migrations_run(struct sqlite_connection *connection, const char *path, struct error *err);

/* Reads only: is it a catalog database that this program understands? A blank file is none. */
bool migrations_check(struct sqlite_connection *connection, const char *path, struct error *err);

#endif
