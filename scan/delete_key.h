/*
 * delete_key.h — what delete files are looked up by: partitions and paths, and their hashes.
 *
 * A partition's key is the spec's id and the tuple's values in the order of the spec's fields, each
 * looked up by field id: two writers may have laid the tuple out differently.
 *
 * Threads:  pure functions
 */
#ifndef SCAN_DELETE_KEY_H
#define SCAN_DELETE_KEY_H

#include "base/buffer.h"
#include "iceberg/partition_spec.h"
#include "scan/manifest_columns.h"

uint64_t delete_key_hash(struct slice key);

/* Of a path in two pieces, wherever it is cut: of its length and its end, in which the names of one
 * table's files differ. Others' files of one hash are told apart by the whole path. */
uint64_t delete_path_hash(struct slice first, struct slice second);

/* Numbers of a tuple that is remembered, and tuples: more than most manifests take turns in. A
 * power of two. */
#define MAX_KNOWN_NUMBERS ((size_t)4)
#define KNOWN_TUPLES ((size_t)64)

/* A partition tuple. */
struct delete_tuple {
    bool is_known;
    uint32_t nulls; /* a bit for each field; numbers of nulls are 0 */
    int64_t numbers[MAX_KNOWN_NUMBERS];
    uint64_t hash;                    /* of the key */
    const struct delete_group *group; /* whatever who gets it takes it for; NULL at first */
};

/* The tuples of a manifest's rows, those of numbers and nulls remembered. All 0 at first. */
struct delete_tuples {
    int32_t spec_id;
    const struct partition_column **columns; /* in the order of the spec's fields */
    size_t count;
    bool are_numbers;
    struct buffer key; /* of the newest tuple */
    struct delete_tuple known[KNOWN_TUPLES];
    struct delete_tuple other; /* one that is not remembered */
};

void delete_tuples_finish(struct delete_tuples *tuples);
/* Begins a manifest; `columns` and `spec` stay as long as its rows are asked for. */
bool delete_tuples_open(struct delete_tuples *tuples, const struct manifest_columns *columns,
                        const struct partition_spec *spec, struct error *err);
/* A row's tuple. Where it is new, tuples->key has its key; ERROR_TOO_LARGE where that is too long.
 * Valid until the next. */
bool delete_tuples_get(struct delete_tuples *tuples, size_t row, struct delete_tuple **ret_tuple,
                       bool *ret_is_new, struct error *err);
/* The key of a row's partition. A view, valid until the next call. */
bool delete_tuples_key(struct delete_tuples *tuples, size_t row, struct slice *ret_key,
                       struct error *err);

#endif
