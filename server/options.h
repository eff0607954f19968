/*
 * options.h — one table of options: flags, environment, file, help and completion come from it.
 *
 * X(enumerator, "name", TYPE, "value", "default", RANK, "what help says")
 * From it: the flag --name VALUE (or --name=VALUE), the variable FIRN_NAME ('-' becomes '_'), and
 * the member "name" of the JSON object in --config FILE. A flag wins over a variable, a variable
 * over the file, the file over the default. "value" is what stands for the value in the help, and
 * of a CHOICE what is allowed.
 *
 *   TEXT    any text          COUNT   an integer of 1 or more (of 0 where that is the default)
 *   FLAG    true or false (--name alone is true)     LIST    texts: the flag repeated, the variable
 *   SIZE    bytes: 1048576, 64KiB, 32MiB, 1GiB               separated by commas, a JSON array
 *   CHOICE  one of "a|b|c"; its number is its place  THREADS a COUNT of threads
 *   NUMBER  an integer of 0 or more
 *
 *   MAIN    shown by --help   MORE    shown by --help-all and in the manual
 *
 * Owns:     struct options owns its texts; options_finish frees them
 * Errors:   ERROR_BAD_REQUEST: an unknown name (with the nearest known one) or a bad value
 * Threads:  immutable after options_load
 * Rule:     these are the server's settings. Options of single commands are flags alone, and stand
 *           in a table of their own behind them (cli/flags.h): a variable that is forgotten must
 *           not make the next run delete something.
 */
#ifndef SERVER_OPTIONS_H
#define SERVER_OPTIONS_H

#include "base/arena.h"
#include "base/error.h"
#include "base/log.h"

#define OPTIONS(X)                                                                            \
    X(OPTION_DATA, "data", TEXT, "DIR", "./firn-data", MAIN, "database, default warehouse")   \
    X(OPTION_LISTEN, "listen", TEXT, "ADDRESS:PORT", "127.0.0.1:8181", MAIN,                  \
      "port 0 takes a free one")                                                              \
    X(OPTION_ALLOW_ANONYMOUS, "allow-anonymous", FLAG, "", "false", MAIN,                     \
      "serve other machines too, although nobody logs in")                                    \
    X(OPTION_ALLOW_HOST, "allow-host", LIST, "NAME", "", MAIN,                                \
      "host name that browsers may use for this server")                                      \
    X(OPTION_ALLOW_ORIGIN, "allow-origin", LIST, "ORIGIN", "", MAIN,                          \
      "web site whose pages may use it: https://hub.example")                                \
    X(OPTION_WAREHOUSE_LOCATION, "warehouse-location", TEXT, "URI", "", MAIN,                 \
      "default warehouse of a new catalog")                                                   \
    X(OPTION_ALLOW_LOCATION, "allow-location", LIST, "URI", "", MAIN,                         \
      "tables may lie below it as in a warehouse")                                            \
    X(OPTION_STORE_TIMEOUT, "store-timeout", COUNT, "SECONDS", "15", MORE,                    \
      "after which an object store counts as gone that sends and takes nothing")              \
    X(OPTION_ALLOW_ENDPOINT, "allow-endpoint", LIST, "URL", "", MORE,                         \
      "endpoint that the machine's credentials and keys may be sent to")                       \
    X(OPTION_SECRET_KEY_FILE, "secret-key-file", TEXT, "FILE", "", MORE,                      \
      "key of warehouses' secrets (default: firn.db.key in --data)")                          \
    X(OPTION_SECRET_KEY, "secret-key", TEXT, "KEY", "", MORE,                                 \
      "the key itself; as a variable, for others see command lines")                          \
    X(OPTION_THREADS, "threads", THREADS, "N", "0", MORE,                                     \
      "threads that serve connections (0: one per core, two at least)")                       \
    X(OPTION_WORKERS, "workers", THREADS, "N", "64", MORE,                                    \
      "threads for what waits: disks, changes")                                               \
    X(OPTION_QUEUE, "queue", COUNT, "N", "1024", MORE,                                        \
      "requests that may wait for a worker; more are answered 429")                           \
    X(OPTION_CONNECTIONS, "connections", COUNT, "N", "4096", MORE, "connections at one time") \
    X(OPTION_CONNECTION_TIMEOUT, "connection-timeout", COUNT, "SECONDS", "60", MORE,          \
      "after which a connection is closed that is idle or far too slow")                      \
    X(OPTION_DRAIN_TIMEOUT, "drain-timeout", COUNT, "SECONDS", "20", MORE,                    \
      "that running requests have to finish at shutdown")                                     \
    X(OPTION_MAX_BODY, "max-body", SIZE, "SIZE", "32MiB", MORE, "largest request body")       \
    X(OPTION_CACHE_SIZE, "cache-size", SIZE, "SIZE", "256MiB", MAIN,                          \
      "memory of all caches together")                                                        \
    X(OPTION_MEMORY, "memory", SIZE, "SIZE", "0", MORE,                                       \
      "ceiling of all that clients can make it hold (0: no common one)")                      \
    X(OPTION_COMPRESS, "compress", CHOICE, "remote|always|never", "remote", MORE,             \
      "whose answers may be compressed: of clients on other machines, of all, of none")       \
    X(OPTION_PLAN_FILES, "plan-files", COUNT, "N", "100000", MORE,                            \
      "files in one answer of a scan plan; larger plans are given in parts")                  \
    X(OPTION_PLAN_SUBMIT_FILES, "plan-submit-files", NUMBER, "N", "0", MORE,                  \
      "larger scan plans are answered 'submitted', for clients that poll (0: none)")          \
    X(OPTION_PLAN_THREADS, "plan-threads", NUMBER, "N", "0", MORE,                            \
      "threads that one scan plan may use at a time (0: one per core)")                       \
    X(OPTION_LOG_LEVEL, "log-level", CHOICE, "debug|info|warn|error|off", "info", MAIN,       \
      "what to log")                                                                          \
    X(OPTION_LOG_FORMAT, "log-format", CHOICE, "text|json", "text", MAIN, "form of lines")    \
    X(OPTION_LOG_FILE, "log-file", TEXT, "FILE", "stderr", MORE, "where the log goes")        \
    X(OPTION_ACCESS_LOG, "access-log", TEXT, "FILE", "", MORE,                                \
      "a line for each request; stderr is fine (default: none)")                              \
    X(OPTION_AUDIT_LOG, "audit-log", TEXT, "FILE", "", MORE,                                  \
      "a line for each request to change something (default: none)")                          \
    X(OPTION_SLOW_REQUEST, "slow-request", NUMBER, "MS", "1000", MORE,                        \
      "milliseconds from which on a request is worth a line in the log (0: never)")           \
    X(OPTION_LOG_MAX_SIZE, "log-max-size", SIZE, "SIZE", "64MiB", MORE,                       \
      "from which on a log file is put aside and compressed")                                 \
    X(OPTION_LOG_MAX_AGE, "log-max-age", NUMBER, "SECONDS", "86400", MORE,                    \
      "after which it is, whatever its size (0: never)")                                      \
    X(OPTION_LOG_KEEP, "log-keep", NUMBER, "N", "14", MORE,                                   \
      "log files of each kind that stay when they were put aside")                            \
    X(OPTION_CONFIG, "config", TEXT, "FILE", "", MAIN, "JSON object of these names")

enum option_id {
#define X(enumerator, name, type, value, fallback, rank, help) enumerator,
    OPTIONS(X)
#undef X
        OPTION_SETTING_COUNT
};

/* The choices of OPTION_COMPRESS, in their order. */
enum compression { COMPRESS_REMOTE, COMPRESS_ALWAYS, COMPRESS_NEVER };

/* All options together, of the settings and of commands. */
#define OPTION_MAX 96
#define OPTION_END OPTION_MAX /* ends a list of options */
#define OPERAND_MAX 3

enum option_type {
    OPTION_TYPE_TEXT,
    OPTION_TYPE_FLAG,
    OPTION_TYPE_COUNT,
    OPTION_TYPE_NUMBER,
    OPTION_TYPE_THREADS,
    OPTION_TYPE_SIZE,
    OPTION_TYPE_LIST,
    OPTION_TYPE_CHOICE
};
enum option_rank { OPTION_RANK_MAIN, OPTION_RANK_MORE };

/* One row of a table; an option's id is its place there. */
struct option_row {
    const char *name;
    enum option_type type;
    const char *value;
    const char *fallback;
    enum option_rank rank;
    const char *help;
};
#define OPTION_ROW(enumerator, name, type, value, fallback, rank, help) \
    [enumerator] = {name, OPTION_TYPE_##type, value, fallback, OPTION_RANK_##rank, help},

/* What one command takes. */
struct option_set {
    const char *command;           /* "table drop": for messages */
    const char *operands;          /* "FROM TO", "TABLE [FILE]": arguments without "--", at most
                                      OPERAND_MAX; NULL: none */
    const char *choices;           /* of the first operand: "a|b|c"; NULL: anything */
    const struct option_row *rows; /* begins with the settings */
    const unsigned *ids;           /* ends with OPTION_END */
};

/* The settings alone, as `firn serve` takes them. */
extern const struct option_row option_rows[OPTION_SETTING_COUNT];
extern const struct option_set option_settings;

struct option_value {
    struct slice text;   /* NUL-terminated */
    int64_t number;      /* of all but TEXT and LIST */
    struct slice *items; /* LIST */
    size_t item_count;
    bool is_given; /* by a flag, a variable or the file */
};

struct options {
    struct arena arena;
    struct option_value values[OPTION_MAX];
    struct slice operands[OPERAND_MAX]; /* NUL-terminated; ptr NULL: not given */
};

enum option_help { OPTION_HELP_NONE, OPTION_HELP_MAIN, OPTION_HELP_ALL };

/* Reads an environment variable; getenv in the program, a table in tests. */
typedef const char *(*environment_fn)(const char *name);

/* `arguments` are those behind the command's name. *ret_help says whether --help, -h or --help-all
 * is among them, and then nothing else is checked. Variables and the file may set settings that the
 * command has no use for. */
bool options_load(const struct option_set *set, int count, char *const *arguments,
                  environment_fn environment, struct options *ret_options,
                  enum option_help *ret_help, struct error *err);
/* For an entry of the environment ("NAME=value"): false where it begins with FIRN_ but is no
 * option, and then *err says which one is nearest. */
bool options_variable_check(const char *entry, struct error *err);
void options_finish(struct options *options);

#define OPTION_VARIABLE_SIZE 48
/* "allow-location" is FIRN_ALLOW_LOCATION. */
void option_variable_name(const char *name, char ret_name[OPTION_VARIABLE_SIZE]);

static inline int64_t option_number(const struct options *options, unsigned id)
{
    return options->values[id].number;
}

static inline struct slice option_text(const struct options *options, unsigned id)
{
    return options->values[id].text;
}

#endif
