/* What is to be moved in, as the source lists it (cli/import.h). */
#include "cli/import.h"

#include <fnmatch.h>
#include <stdlib.h>

#include "base/buffer.h"
#include "base/json_tree.h"
#include "base/limits.h"
#include "cli/entity_name.h"
#include "cli/show.h"

bool import_init(struct import *import, struct command_run *run, struct error *err)
{
    struct slice into = option_text(&run->options, FLAG_INTO);
    *import = (struct import){
        .run = run,
        .is_dry = option_number(&run->options, FLAG_DRY_RUN) != 0,
        .namespaces = json_object(),
        .items = json_array(),
        .outside = json_object(),
    };
    progress_init(&import->progress, !run->wants_json);
    if (!import->namespaces || !import->items || !import->outside)
        return error_no_memory(err, "the lists");
    if (into.len > 0)
        TRY(entity_name_levels(into, &import->into, err));
    else if ((import->into = json_array()) == NULL)
        return error_no_memory(err, "the lists");
    return http_client_create(&import->client, err);
}

void import_finish(struct import *import)
{
    progress_wipe(&import->progress);
    if (import->source && import->source->close)
        import->source->close(import);
    json_decref(import->namespaces);
    json_decref(import->items);
    json_decref(import->outside);
    json_decref(import->into);
    http_client_destroy(import->client);
}

bool import_split(struct slice text, char separator, json_t **ret_levels, struct error *err)
{
    json_t *levels = json_array();
    bool ok = levels != NULL || error_no_memory(err, "a name");
    for (struct slice rest = text; ok && text.len > 0;) {
        size_t end = slice_find(rest, separator);
        ok = json_array_append_new(levels, json_from_slice(slice_make(rest.ptr, end))) == 0 ||
             error_set(err, ERROR_VALIDATION, "The namespace '%.*s' is not UTF-8", SLICE_ARG(text));
        if (end == rest.len)
            break;
        rest = slice_from(rest, end + 1);
    }
    if (ok)
        *ret_levels = levels;
    else
        json_decref(levels);
    return ok;
}

/* --- namespaces ------------------------------------------------------------------------------- */

/* The first `count` levels, as a new array. */
static json_t *first_levels(const json_t *levels, size_t count)
{
    json_t *first = json_array();
    for (size_t i = 0; first && i < count; i++)
        if (json_array_append(first, json_array_get(levels, i)) != 0) {
            json_decref(first);
            return NULL;
        }
    return first;
}

/* --into and what the source says. */
static json_t *target_levels(const struct import *import, const json_t *levels)
{
    json_t *target = first_levels(import->into, json_array_size(import->into));
    if (target && json_array_extend(target, (json_t *)levels) == 0)
        return target;
    json_decref(target);
    return NULL;
}

/* Finds or makes the entry of a target namespace; takes the levels over. */
static bool put_namespace(struct import *import, json_t *owned_levels, json_t **ret_entry,
                          struct error *err)
{
    char *key = owned_levels ? json_dumps(owned_levels, JSON_COMPACT) : NULL;
    json_t *entry = key ? json_object_get(import->namespaces, key) : NULL;
    bool ok = key != NULL;
    if (ok && entry == NULL) {
        entry = json_pack("{s:O, s:{}}", "namespace", owned_levels, "properties");
        ok = json_object_set_new(import->namespaces, key, entry) == 0;
    }
    json_decref(owned_levels);
    free(key);
    if (!ok)
        return error_no_memory(err, "the namespaces");
    *ret_entry = entry;
    return true;
}

static bool put_with_parents(struct import *import, const json_t *target, json_t **ret_entry,
                             struct error *err)
{
    for (size_t count = 1; count <= json_array_size(target); count++)
        TRY(put_namespace(import, first_levels(target, count), ret_entry, err));
    return true;
}

bool import_add_namespace(struct import *import, const json_t *levels, const json_t *properties,
                          struct error *err)
{
    json_t *target = target_levels(import, levels), *entry = NULL;
    if (target == NULL)
        return error_no_memory(err, "the namespaces");
    bool ok = put_with_parents(import, target, &entry, err);
    json_decref(target);
    TRY(ok);
    return !properties || !entry ||
           json_object_set(entry, "properties", (json_t *)properties) == 0 ||
           error_no_memory(err, "the namespaces");
}

/* --- items ------------------------------------------------------------------------------------ */

static bool matches_one(const struct option_value *patterns, const char *name)
{
    for (size_t i = 0; i < patterns->item_count; i++)
        if (fnmatch(patterns->items[i].ptr, name, 0) == 0)
            return true;
    return false;
}

static bool has_choice(const struct import *import)
{
    const struct options *options = &import->run->options;
    return options->values[FLAG_INCLUDE].item_count + options->values[FLAG_EXCLUDE].item_count > 0;
}

static bool is_chosen(const struct import *import, const json_t *levels, struct slice name,
                      bool *ret_is_chosen, struct error *err)
{
    const struct options *options = &import->run->options;
    struct buffer text;
    buffer_init(&text, MAX_URI_SIZE);
    json_t *identifier =
        json_pack("{s:O, s:o}", "namespace", levels, "name", json_from_slice(name));
    if (identifier)
        show_identifier(identifier, &text);
    buffer_append_byte(&text, '\0');
    bool ok = identifier ? buffer_check(&text, "a name", err) : error_no_memory(err, "a name");
    if (ok)
        *ret_is_chosen = (options->values[FLAG_INCLUDE].item_count == 0 ||
                          matches_one(&options->values[FLAG_INCLUDE], text.ptr)) &&
                         !matches_one(&options->values[FLAG_EXCLUDE], text.ptr);
    json_decref(identifier);
    buffer_finish(&text);
    return ok;
}

static bool append_item(struct import *import, json_t *item, struct error *err)
{
    if (item == NULL || json_array_append_new(import->items, item) != 0)
        return error_no_memory(err, "the tables");
    if (json_array_size(json_object_get(item, "namespace")) > 0)
        return true;
    return import_refuse_item(item, "it lies in no namespace: give it one with --into", err);
}

bool import_add_item(struct import *import, const char *type, const json_t *levels,
                     struct slice name, struct slice location, struct error *err)
{
    bool is_wanted = true;
    if (!slice_is_utf8(name) || !slice_is_utf8(location))
        return error_set(err, ERROR_VALIDATION, "The %s '%.*s' is not UTF-8", type,
                         SLICE_ARG(name));
    if (has_choice(import))
        TRY(is_chosen(import, levels, name, &is_wanted, err));
    if (!is_wanted)
        return true;
    return append_item(import,
                       json_pack("{s:s, s:o, s:o, s:O, s:o}", "type", type, "namespace",
                                 target_levels(import, levels), "name", json_from_slice(name),
                                 "source-namespace", levels, "metadata-location",
                                 location.len > 0 ? json_from_slice(location) : json_null()),
                       err);
}

bool import_refuse_item(json_t *item, const char *reason, struct error *err)
{
    return (json_object_set_new(item, "state", json_string("refused")) == 0 &&
            json_object_set_new(item, "reason", json_string(reason)) == 0) ||
           error_no_memory(err, "the report");
}

/* --- only what is needed ---------------------------------------------------------------------- */

bool import_prune(struct import *import, struct error *err)
{
    json_t *all = import->namespaces, *item, *found;
    size_t i;
    if (!has_choice(import))
        return true;
    import->namespaces = json_object();
    bool ok = import->namespaces != NULL || error_no_memory(err, "the namespaces");
    json_array_foreach(import->items, i, item)
        ok = ok && put_with_parents(import, json_object_get(item, "namespace"), &found, err);
    const char *key;
    json_object_foreach(import->namespaces, key, found) {
        json_t *whole = json_object_get(all, key);
        ok = ok && (!whole || json_object_update(found, whole) == 0 ||
                    error_no_memory(err, "the namespaces"));
    }
    json_decref(all);
    return ok;
}
