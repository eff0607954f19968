/* The SQLite file of a JDBC catalog as a source (cli/import.h, storage/jdbc_catalog.h). */
#include "cli/import.h"

#include "base/json_tree.h"
#include "storage/jdbc_catalog.h"

struct collecting {
    struct import *import;
    json_t *namespaces; /* {"a.b": {key: value}} */
};

static bool collect_property(void *context, struct slice namespace, struct slice key,
                             struct slice value, struct error *err)
{
    struct collecting *collecting = context;
    json_t *properties = json_object_getn(collecting->namespaces, namespace.ptr, namespace.len);
    if (properties == NULL) {
        properties = json_object();
        if (json_object_setn_new(collecting->namespaces, namespace.ptr, namespace.len,
                                 properties) != 0)
            return error_set(err, ERROR_VALIDATION, "The namespace '%.*s' is not UTF-8",
                             SLICE_ARG(namespace));
    }
    return key.len == 0 ||
           json_object_setn_new(properties, key.ptr, key.len, json_from_slice(value)) == 0 ||
           error_set(err, ERROR_VALIDATION, "A property of the namespace '%.*s' is not UTF-8",
                     SLICE_ARG(namespace));
}

/* A table's namespace need not have been created. */
static bool collect_entity(void *context, struct slice namespace, struct slice name, bool is_view,
                           struct slice metadata_location, struct error *err)
{
    struct collecting *collecting = context;
    json_t *levels = NULL;
    TRY(collect_property(context, namespace, SLICE_EMPTY, SLICE_EMPTY, err));
    TRY(import_split(namespace, '.', &levels, err));
    bool ok = import_add_item(collecting->import, is_view ? "view" : "table", levels, name,
                              metadata_location, err);
    json_decref(levels);
    return ok;
}

static bool add_namespaces(const struct collecting *collecting, struct error *err)
{
    const char *namespace;
    json_t *properties;
    json_object_foreach(collecting->namespaces, namespace, properties) {
        json_t *levels = NULL;
        TRY(import_split(slice_from_string(namespace), '.', &levels, err));
        bool ok = import_add_namespace(collecting->import, levels, properties, err);
        json_decref(levels);
        TRY(ok);
    }
    return true;
}

/* FILE, or what a JDBC driver is given for it. */
static struct slice path_of(struct slice source)
{
    struct slice scheme = SLICE_LITERAL("jdbc:sqlite:");
    return slice_starts_with(source, scheme) ? slice_from(source, scheme.len) : source;
}

static bool list(struct import *import, struct error *err)
{
    const struct options *options = &import->run->options;
    struct collecting collecting = {.import = import, .namespaces = json_object()};
    struct jdbc_visitor visitor = {.context = &collecting,
                                   .property = collect_property,
                                   .entity = collect_entity};
    if (collecting.namespaces == NULL)
        return error_no_memory(err, "the namespaces");
    bool ok = jdbc_catalog_read(path_of(options->operands[0]).ptr,
                                option_text(options, FLAG_SOURCE_WAREHOUSE), &visitor, err) &&
              add_namespaces(&collecting, err);
    json_decref(collecting.namespaces);
    return ok;
}

const struct import_source import_jdbc = {.list = list};
