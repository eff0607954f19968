/*
 * options.h — one table of options: flags, environment, file and --help all come from it.
 *
 * X(enumerator, "name", TYPE, "default", "what --help says")
 * From it: the flag --name VALUE (or --name=VALUE), the variable FIRN_NAME ('-' becomes '_'), and
 * the member "name" of the JSON object in --config FILE. A flag wins over a variable, a variable
 * over the file, the file over the default.
 *
 *   TEXT    any text          COUNT   an integer of 1 or more
 *   FLAG    true or false (--name alone is true)     LIST    texts: the flag repeated, the variable
 *   SIZE    bytes: 1048576, 64KiB, 32MiB, 1GiB               separated by commas, a JSON array
 *   LEVEL   debug info warn error off                FORMAT  text json
 *
 * Owns:     struct options owns its texts; options_finish frees them
 * Errors:   ERROR_BAD_REQUEST: an unknown name (with the nearest known one) or a bad value
 * Threads:  immutable after options_load
 */
#ifndef SERVER_OPTIONS_H
#define SERVER_OPTIONS_H

#include "base/arena.h"
#include "base/error.h"
#include "base/log.h"

#define OPTIONS(X)                                                                     \
    X(OPTION_DATA, "data", TEXT, "./firn-data",                                        \
      "directory of the catalog: the database firn.db and the default warehouse")      \
    X(OPTION_LISTEN, "listen", TEXT, "127.0.0.1:8181",                                 \
      "ADDRESS:PORT to serve on; [::1]:8181 for IPv6; port 0 takes a free one")        \
    X(OPTION_ALLOW_ANONYMOUS, "allow-anonymous", FLAG, "false",                        \
      "serve other machines too, although nobody has to log in")                       \
    X(OPTION_ALLOW_HOST, "allow-host", LIST, "",                                       \
      "host name that browsers may use for this server; may be repeated")              \
    X(OPTION_WAREHOUSE_LOCATION, "warehouse-location", TEXT, "",                       \
      "where a new catalog's default warehouse lies (default: file://DATA/warehouse)") \
    X(OPTION_ALLOW_LOCATION, "allow-location", LIST, "",                               \
      "URI below which tables may lie as well as in their warehouse; may be repeated") \
    X(OPTION_THREADS, "threads", COUNT, "0",                                           \
      "threads that serve connections (0: one per core, two at least)")                \
    X(OPTION_WORKERS, "workers", COUNT, "64", "threads for what waits: disks, changes") \
    X(OPTION_QUEUE, "queue", COUNT, "1024",                                            \
      "requests that may wait for a worker; more are answered 429")                    \
    X(OPTION_CONNECTIONS, "connections", COUNT, "4096", "connections at one time")     \
    X(OPTION_CONNECTION_TIMEOUT, "connection-timeout", COUNT, "60",                    \
      "seconds after which an idle connection is closed")                              \
    X(OPTION_DRAIN_TIMEOUT, "drain-timeout", COUNT, "20",                              \
      "seconds that running requests have to finish at shutdown")                      \
    X(OPTION_MAX_BODY, "max-body", SIZE, "32MiB", "largest request body")              \
    X(OPTION_CACHE_SIZE, "cache-size", SIZE, "256MiB",                                 \
      "memory for metadata and prepared answers; all caches together")                 \
    X(OPTION_PLAN_FILES, "plan-files", COUNT, "100000",                                \
      "files in one answer of a scan plan; larger plans are given in parts")           \
    X(OPTION_PLAN_THREADS, "plan-threads", COUNT, "0",                                 \
      "threads that one scan plan may use at a time (0: one per core)")                \
    X(OPTION_LOG_LEVEL, "log-level", LEVEL, "info",                                    \
      "debug (every request), info, warn, error, off")                                 \
    X(OPTION_LOG_FORMAT, "log-format", FORMAT, "text", "text or json, on stderr")      \
    X(OPTION_CONFIG, "config", TEXT, "", "file with a JSON object of these names")

/* Options of the other commands, given as flags alone: a variable that is forgotten must not make
 * the next run delete something. */
#define COMMAND_OPTIONS(X)                                                                 \
    X(OPTION_DEEP, "deep", FLAG, "false",                                                  \
      "look for every file of every snapshot, too: manifest lists, manifests, data files") \
    X(OPTION_DELETE, "delete", FLAG, "false",                                              \
      "delete the orphans that are found; no server may run on the data directory")        \
    X(OPTION_JSON, "json", FLAG, "false", "one JSON object a line instead of sentences")   \
    X(OPTION_FILTER, "filter", TEXT, "",                                                   \
      "rows that the scan is after: \"id = 7 and ts > '2024-01-01'\"")                     \
    X(OPTION_SNAPSHOT, "snapshot", TEXT, "",                                               \
      "number of the snapshot to read (default: the current one)")                         \
    X(OPTION_REF, "ref", TEXT, "", "branch or tag to read")                                \
    X(OPTION_WAREHOUSE, "warehouse", TEXT, "default", "warehouse that the table is in")    \
    X(OPTION_URL, "url", TEXT, "",                                                         \
      "address of the server (default: http:// and what --listen says)")

enum option_id {
#define X(enumerator, name, type, fallback, help) enumerator,
    OPTIONS(X) COMMAND_OPTIONS(X)
#undef X
        OPTION_COUNT
};
#define SERVE_OPTION_COUNT OPTION_DEEP /* those before it are serve's */

/* Which options a command takes, and whether a file name goes with it. */
struct option_command {
    const char *name;              /* "fsck" */
    const char *operand;           /* what the one argument without "--" is called; NULL: none */
    const enum option_id *options; /* ends with OPTION_COUNT; NULL: all of serve's */
};

struct option_value {
    struct slice text;   /* NUL-terminated */
    int64_t number;      /* COUNT, SIZE, FLAG, LEVEL, FORMAT */
    struct slice *items; /* LIST */
    size_t item_count;
};

struct options {
    struct arena arena;
    struct option_value values[OPTION_COUNT];
    struct slice operand; /* NUL-terminated; ptr NULL: not given */
};

/* Reads an environment variable; getenv in the program, a table in tests. */
typedef const char *(*environment_fn)(const char *name);

/* `arguments` are those behind "serve". *ret_wants_help is true for --help or -h, and then nothing
 * else is checked. */
bool options_load(int count, char *const *arguments, environment_fn environment,
                  struct options *ret_options, bool *ret_wants_help, struct error *err);
/* The same for another command. Its file or variables may set options of serve that it has no use
 * for. */
bool options_load_for(const struct option_command *command, int count, char *const *arguments,
                      environment_fn environment, struct options *ret_options, bool *ret_wants_help,
                      struct error *err);
/* For an entry of the environment ("NAME=value"): false where it begins with FIRN_ but is no
 * option, and then *err says which one is nearest. */
bool options_variable_check(const char *entry, struct error *err);
void options_finish(struct options *options);

/* Writes the table for people. */
void options_print_help(FILE *out);
void options_print_help_for(const struct option_command *command, FILE *out);

static inline int64_t option_number(const struct options *options, enum option_id id)
{
    return options->values[id].number;
}

static inline struct slice option_text(const struct options *options, enum option_id id)
{
    return options->values[id].text;
}

#endif
