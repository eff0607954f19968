/*
 * catalog_fixture.h — a whole catalog in a directory of its own, and one-line operations for tests.
 *
 * The store is SQLite, the warehouse a directory of files; both can be made to fail through `vfs`
 * and `files`. JSON is written with ' for ".
 *
 * Owns:     the directory, removed with all that is in it by world_teardown
 * Threads:  a struct client belongs to one thread; the world is shared
 */
#ifndef TESTS_UNIT_CATALOG_CATALOG_FIXTURE_H
#define TESTS_UNIT_CATALOG_CATALOG_FIXTURE_H

#include <jansson.h>

#include "catalog/catalog.h"
#include "catalog/table.h"
#include "catalog/view.h"
#include "storage/file_store.h"
#include "tests/unit/cmocka_all.h"

#define WORLD_PATH_SIZE 512
#define SCHEMA "{'type':'struct','schema-id':0,'fields':[" \
               "{'id':1,'name':'id','required':true,'type':'long'}," \
               "{'id':2,'name':'name','required':false,'type':'string'}]}"
#define NO_REQUIREMENTS "[]"

struct client {
    struct call call;
    struct arena arena;
    struct error err;
};

struct world {
    char directory[64];
    char database[96];
    char place[128];    /* the warehouse's directory */
    char location[160]; /* the same as file:// */
    char allowed[160];  /* another allowed location */
    const char *vfs;
    const struct file_calls *files;
    struct clock clock; /* real, plus skew_ms */
    _Atomic int64_t skew_ms; /* the purge worker reads the clock, too */
    _Atomic int64_t clock_readings; /* of the monotonic time */
    struct pointer_store *pointers;
    struct object_stores *objects;
    struct cache *cache;
    struct catalog *catalog;
    const struct warehouse *warehouse;
    struct client client; /* for tests of one thread */
};

/* cmocka's fixtures: a world that is open, with the namespace "ns". */
int world_setup(void **state);
int world_teardown(void **state);

/* The parts of them. world_try_open leaves nothing behind where it fails. */
void world_make(struct world *world);
bool world_try_open(struct world *world, struct error *err);
void world_open(struct world *world);
void world_close(struct world *world);
void world_reopen(struct world *world);
void world_remove(struct world *world);

/* A client of another thread. client_fresh: the next request, with a new arena and no key. */
void client_init(struct client *client, struct world *world);
void client_finish(struct client *client);
void client_fresh(struct client *client, struct world *world);

json_t *json_of_text(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
struct entity_name name_in(const char *namespace_path, const char *name);
#define NAME(name) name_in("ns", (name))

/* Each is one request of the world's client; false leaves the error in client.err. */
bool make_namespace(struct world *world, const char *path);
bool make_namespace_at(struct world *world, const char *path, const char *location);
bool make_table(struct world *world, struct entity_name name);
/* `more` are members of the request: "'location':'file:///x','properties':{…}". */
bool make_table_with(struct world *world, struct entity_name name, const char *more,
                     struct table_result *ret_result);
bool commit_table(struct world *world, struct entity_name name, const char *requirements,
                  const char *updates, struct table_result *ret_result);
bool set_property(struct world *world, struct entity_name name, const char *key,
                  const char *value);
bool run_transaction(struct world *world, const char *changes);
bool load_table(struct world *world, struct entity_name name, struct table_result *ret_result);
bool drop_table(struct world *world, struct entity_name name, bool purge);
bool rename_table(struct world *world, struct entity_name from, struct entity_name to);
bool register_table(struct world *world, struct entity_name name, const char *location,
                    bool overwrite, struct table_result *ret_result);
bool make_view(struct world *world, struct entity_name name, const char *more,
               struct view_result *ret_result);
bool replace_view(struct world *world, struct entity_name name, const char *requirements,
                  const char *updates, struct view_result *ret_result);

/* The warehouse keeps what is dropped so long: "1d"; "0": not at all. */
void set_retention(struct world *world, const char *retention);

/* What is stored; each fails the test on any error but "not there". */
bool has_table(struct world *world, struct entity_name name);
bool has_view(struct world *world, struct entity_name name);
/* The metadata location, in the client's arena; ptr NULL: no such table. */
struct slice table_pointer(struct world *world, struct entity_name name);
/* A property of the table as a string in the client's arena; NULL: not set or no table. */
const char *table_property_of(struct world *world, struct entity_name name, const char *key);
json_t *table_tree(const struct table_metadata *metadata); /* the caller's reference */
int64_t change_count(struct world *world);

/* Files below the directory of the world, the database apart. */
size_t world_files(struct world *world);
size_t metadata_files(struct world *world); /* …of them *.metadata.json */
bool file_is_there(const char *path_or_uri);
void file_write(const char *path_or_uri, struct slice bytes); /* makes directories on the way */
void file_delete(const char *path_or_uri);

/* The last error's kind and the whole sentence, or a part of it. */
void assert_error(struct world *world, enum error_kind kind, const char *sentence);
void assert_error_has(struct world *world, enum error_kind kind, const char *part);

#endif
