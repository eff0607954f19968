/*
 * import.h — moves an existing catalog in: what a source lists, and how each of it is registered.
 *
 * A source lists namespaces, tables and views, and says of each where its metadata file is. Firn
 * registers that file: no data is read or copied, and the source is not changed. Nothing is
 * remembered between runs: each run asks the server what is there, so one that was killed goes on
 * where it was by being started again.
 *
 * Owns:     struct import its lists; import_finish frees them
 * Errors:   what stands against one table is its state and reason, and the run goes on; false where
 *           nobody answers, or nothing could be listed
 * Threads:  one
 */
#ifndef CLI_IMPORT_H
#define CLI_IMPORT_H

#include <jansson.h>

#include "cli/command.h"
#include "cli/http_client.h"
#include "cli/progress.h"

struct import;

/* The three kinds, in the order of --from's choices. */
struct import_source {
    /* Options and reachability, before anything is listed. */
    bool (*open)(struct import *import, struct error *err); /* NULL: nothing */
    /* import_add_namespace and import_add_item for all that is there. */
    bool (*list)(struct import *import, struct error *err);
    /* Sets "metadata-location" of an item, and "uuid" where it is known. NULL: `list` did. */
    bool (*locate)(struct import *import, json_t *item, struct error *err);
    void (*close)(struct import *import); /* also after an open that failed; NULL: nothing */
};
extern const struct import_source import_rest, import_jdbc, import_hadoop;

struct import {
    struct command_run *run;
    const struct import_source *source;
    void *source_state;         /* the source's own */
    struct http_client *client; /* to Firn */
    struct progress progress;
    bool is_dry;
    json_t *into; /* levels of --into, or an empty array */
    /* By levels as JSON text, parents first: {"namespace", "properties", "state", "reason"} */
    json_t *namespaces;
    /* {"type", "namespace", "name", "source-namespace", "metadata-location", "uuid", "state",
     * "reason", "outside"}; namespaces are Firn's but for the third */
    json_t *items;
    json_t *outside; /* locations that the server may not read: {location: null} */
};

/* --- what sources call (import_list.c) ------------------------------------------------------ */

/* The levels as the source has them. `properties` NULL: it says none. Parents are made, too. */
bool import_add_namespace(struct import *import, const json_t *levels, const json_t *properties,
                          struct error *err);
/* `type` is "table" or "view"; `location` of the metadata file, empty: `locate` will say. What
 * --include and --exclude leave out is left out here. */
bool import_add_item(struct import *import, const char *type, const json_t *levels,
                     struct slice name, struct slice location, struct error *err);
/* "a.b" as ["a", "b"], and "" as []; the caller owns it. */
bool import_split(struct slice text, char separator, json_t **ret_levels, struct error *err);
/* Why it cannot be moved, where the source itself sees that. */
bool import_refuse_item(json_t *item, const char *reason, struct error *err);

/* --- steps of a run ------------------------------------------------------------------------- */

bool import_init(struct import *import, struct command_run *run, struct error *err);
void import_finish(struct import *import);
/* Leaves out namespaces that nothing needs, where --include or --exclude chose. */
bool import_prune(struct import *import, struct error *err);

/* Makes namespaces, registers items; with is_dry only asks what would be done. (import_run.c) */
bool import_run(struct import *import, struct error *err);

/* What was done, or would be, and what the server has to allow. (import_report.c) */
bool import_print(struct import *import, struct error *err);
/* The exit code that the states of all namespaces and items come to. */
enum exit_code import_code(const struct import *import);

#endif
