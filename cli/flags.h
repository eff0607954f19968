/*
 * flags.h — options of single commands, behind the server's settings in one table.
 *
 * The rows are as those of server/options.h. They are given as flags alone, never by a variable or
 * a file: a variable that is forgotten must not make the next run delete something.
 */
#ifndef CLI_FLAGS_H
#define CLI_FLAGS_H

#include "server/options.h"

#define FLAGS(X)                                                                                 \
    X(FLAG_DEEP, "deep", FLAG, "", "false", MAIN, "look for every file of every snapshot, too")  \
    X(FLAG_DELETE, "delete", FLAG, "", "false", MAIN,                                            \
      "delete orphans that are found; stop the server first")                                    \
    X(FLAG_FILTER, "filter", TEXT, "FILTER", "", MAIN, "rows that the scan is after")            \
    X(FLAG_SNAPSHOT, "snapshot", TEXT, "ID", "", MAIN, "snapshot to read (the current one)")     \
    X(FLAG_REF, "ref", TEXT, "NAME", "", MAIN, "branch or tag to read")                          \
    X(FLAG_WAREHOUSE, "warehouse", TEXT, "NAME", "default", MAIN, "warehouse that is meant")     \
    X(FLAG_URL, "url", TEXT, "URL", "", MAIN, "the server (http:// and what --listen says)")     \
    X(FLAG_CATALOG, "catalog", TEXT, "NAME", "firn", MAIN, "what the engine calls the catalog")  \
    X(FLAG_SPARK, "spark", TEXT, "VERSION", "4.0", MAIN, "3.5, 4.0 or 4.1")                      \
    X(FLAG_SCALA, "scala", TEXT, "VERSION", "", MAIN, "2.12 or 2.13 (as Spark's package)")       \
    X(FLAG_FLINK, "flink", TEXT, "VERSION", "2.0", MAIN, "1.20, 2.0 or 2.1")                     \
    X(FLAG_PROPERTY, "property", LIST, "KEY=VALUE", "", MAIN, "a property; may be repeated")     \
    X(FLAG_STORAGE, "storage", TEXT, "FILE", "", MAIN, "JSON of its storage profile; - is stdin") \
    X(FLAG_LOCATION, "location", TEXT, "URI", "", MAIN, "where it lies from now on")             \
    X(FLAG_PURGE, "purge", FLAG, "", "false", MAIN, "delete its files, too: no way back")        \
    X(FLAG_OVERWRITE, "overwrite", FLAG, "", "false", MAIN, "also where the name is taken")      \
    X(FLAG_LIST, "list", FLAG, "", "false", MAIN, "show what was dropped and is kept")           \
    X(FLAG_UUID, "uuid", TEXT, "UUID", "", MAIN, "which one, where a name is not enough")        \
    X(FLAG_AS, "as", TEXT, "TABLE", "", MAIN, "name to bring it back under")                     \
    X(FLAG_FORGET, "forget", FLAG, "", "false", MAIN, "keep it no longer; a purge follows")      \
    X(FLAG_FROM, "from", CHOICE, "rest|jdbc-sqlite|hadoop", "rest", MAIN, "what SOURCE is")      \
    X(FLAG_SOURCE_WAREHOUSE, "source-warehouse", TEXT, "NAME", "", MAIN,                         \
      "warehouse, or catalog of that file, to read")                                             \
    X(FLAG_TOKEN, "token", TEXT, "TOKEN", "", MORE, "bearer token for the source, or @FILE")     \
    X(FLAG_CREDENTIAL, "credential", TEXT, "ID:SECRET", "", MORE,                                \
      "log in to the source (OAuth), or @FILE")                                                  \
    X(FLAG_SCOPE, "scope", TEXT, "SCOPE", "catalog", MORE, "what --credential asks for")         \
    X(FLAG_DRY_RUN, "dry-run", FLAG, "", "false", MAIN, "only say what would be done")           \
    X(FLAG_INCLUDE, "include", LIST, "PATTERN", "", MAIN, "only names like 'db.*'; repeatable")  \
    X(FLAG_EXCLUDE, "exclude", LIST, "PATTERN", "", MAIN, "but not these; repeatable")           \
    X(FLAG_INTO, "into", TEXT, "NAMESPACE", "", MAIN, "put everything below it")                 \
    X(FLAG_OUT, "out", TEXT, "DIR", ".", MAIN, "directory to write them to")                     \
    X(FLAG_FORCE, "force", FLAG, "", "false", MAIN, "also where files are that differ")          \
    X(FLAG_FORMAT, "format", CHOICE, "text|man|markdown", "text", MAIN, "how to write the help") \
    X(FLAG_JSON, "json", FLAG, "", "false", MAIN, "print JSON for programs")

enum flag_id {
    FLAG_BEFORE_FIRST = OPTION_SETTING_COUNT - 1,
#define X(enumerator, name, type, value, fallback, rank, help) enumerator,
    FLAGS(X)
#undef X
        FLAG_END
};
_Static_assert(FLAG_END <= OPTION_MAX, "OPTION_MAX is too small");

/* Settings and flags. */
extern const struct option_row flag_rows[FLAG_END];

#endif
