/*
 * pointer_internal.h — what the files of the pointer store share and nobody else sees.
 *
 * Owns:     a view of the pool its connection; a transaction's view borrows the writer's
 */
#ifndef STORAGE_POINTER_INTERNAL_H
#define STORAGE_POINTER_INTERNAL_H

#include "storage/pointer_cache.h"
#include "storage/sqlite_connection.h"

struct pointer_view {
    struct sqlite_connection *connection;
    struct pointer_cache *cache; /* NULL in a transaction: what it sees may be undone */
    uint64_t sequence;           /* of the cache, noted before the snapshot began */
    /* Only for views of the pool: */
    struct pointer_store *store;
    struct pointer_view *next_idle;
    struct sqlite_connection own_connection;
};

struct pointer_txn {
    struct pointer_view view;
    int64_t now_ms;
    struct cache_entry *changes; /* in order; for the cache, once committed */
};

/* Reads the present row of a statement into *row, its texts into the arena. */
typedef bool (*row_read_fn)(struct statement *statement, struct arena *arena, void *row,
                            struct error *err);
bool entity_row_read(struct statement *statement, struct arena *arena, void *row,
                     struct error *err);
bool purge_row_read(struct statement *statement, struct arena *arena, void *row,
                    struct error *err);
/* At most one row. */
bool row_read_one(struct statement *statement, struct arena *arena, row_read_fn read, void *row,
                  bool *ret_found, struct error *err);

/* All rows, as an array in the arena that is never NULL. */
struct row_list {
    char *rows;
    size_t count;
    size_t capacity;
    size_t row_size;
};
bool row_read_list(struct statement *statement, struct arena *arena, size_t row_size,
                   row_read_fn read, struct row_list *ret_list, struct error *err);

/* Tells the cache, once the transaction has committed, what the entity is now; or, before a change
 * of its name, that there is nothing under the present one any more. NOTE_GONE comes before a
 * change of its name or its end, NOTE_NAMED after it got one, NOTE_SWAPPED where the name stays. */
enum note { NOTE_GONE, NOTE_NAMED, NOTE_SWAPPED };
bool entity_note(struct pointer_txn *txn, int64_t id, enum note note, struct error *err);

/* Where an entity was to go, and what a failed insert or rename means. Always false. */
struct entity_place {
    int64_t namespace_id;
    struct slice name;
    enum entity_kind kind;
};
bool entity_place_error(struct pointer_txn *txn, const struct statement *failed,
                        const struct entity_place *place, struct error *err);

/* The first of what was dropped from a namespace and is kept. */
bool dropped_in_namespace(struct pointer_view *view, int64_t namespace_id, struct arena *arena,
                          struct dropped_row *ret_row, bool *ret_found, struct error *err);

/* A `kind` column as the enum. */
enum entity_kind entity_kind_of(int64_t column);

#endif
