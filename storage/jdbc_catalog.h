/*
 * jdbc_catalog.h — reads the SQLite file of another catalog: Iceberg's JdbcCatalog, and PyIceberg's
 * SqlCatalog, which keeps the same tables.
 *
 * Two versions of its schema are in use: V0 has tables alone, V1 a column iceberg_type that tells
 * views (NULL is a table). The file may hold several catalogs, each by its name.
 *
 * Errors:   ERROR_NOT_FOUND: no such file, no such catalog in it; ERROR_VALIDATION: no catalog's
 *           file, or several catalogs and none was named; ERROR_STORAGE: it cannot be read
 * Rule:     the file is opened to be read alone, and everything is read in one transaction: it is
 *           one moment's state, and is not changed
 */
#ifndef STORAGE_JDBC_CATALOG_H
#define STORAGE_JDBC_CATALOG_H

#include "base/error.h"
#include "base/slice.h"

/* Texts are valid during the call. Levels of namespaces are joined by dots, and nothing tells a
 * dot in a name from them. */
struct jdbc_visitor {
    void *context;
    /* A property of a namespace; `key` is empty for a namespace that has none. */
    bool (*property)(void *context, struct slice namespace, struct slice key, struct slice value,
                     struct error *err);
    /* `metadata_location` is empty where the row has none. */
    bool (*entity)(void *context, struct slice namespace, struct slice name, bool is_view,
                   struct slice metadata_location, struct error *err);
};

/* `catalog` empty: the one that is there. */
bool jdbc_catalog_read(const char *path, struct slice catalog, const struct jdbc_visitor *visitor,
                       struct error *err);

#endif
