/*
 * entry_program.h — a writer's schema of manifest entries, compiled to a list of small steps that
 * store what is wanted and step over the rest.
 *
 * Spec:     table spec, "Manifest Entry Fields", "Data File Fields", "Column Projection"; Avro
 *           specification, "Binary Encoding"
 * Owns:     its steps, until entry_program_finish; they point into the builder
 * Errors:   ERROR_CORRUPT where the schema has no data_file or file_path, or a field's type is none
 *           that its values can have; ERROR_NO_MEMORY
 * Threads:  as its builder: one at a time
 * Rule:     fields are found by id, and by name only where they have no id; the order of fields,
 *           unions either way round, and fields of other ids make no difference
 */
#ifndef SCAN_ENTRY_PROGRAM_H
#define SCAN_ENTRY_PROGRAM_H

#include "iceberg/avro_shape.h"
#include "scan/manifest_builder.h"

enum entry_code {
    /* Steps that store nothing. */
    ENTRY_SKIP_LONG,
    ENTRY_SKIP_BYTES,
    ENTRY_SKIP_FIXED,      /* size */
    ENTRY_SKIP_LONG_ITEMS, /* an array whose items are `size` numbers each */
    ENTRY_SKIP_PAIRS,      /* an array of a number and bytes: the maps of bounds. `size`: which */
    /* Steps that store one value in `column`. */
    ENTRY_LONG, /* is_int */
    ENTRY_BOOLEAN,
    ENTRY_FLOAT,
    ENTRY_DOUBLE,
    ENTRY_BYTES,
    ENTRY_FIXED,         /* size */
    ENTRY_COUNTED_FIXED, /* size, which stands before it as well */
    ENTRY_DECIMAL,       /* in bytes */
    ENTRY_DECIMAL_FIXED, /* size */
    ENTRY_LONG_LIST,
    /* Maps from field ids in the encoding that all known writers use: `size` is a stats_place. */
    ENTRY_STATS_LONGS,
    ENTRY_STATS_BYTES,
    /* Anything else with items: the steps up to `next` read one item into registers. */
    ENTRY_ITEMS, /* sink, size: a stats_place */
    ENTRY_KEY,
    ENTRY_TEXT_KEY,
    ENTRY_VALUE_LONG,
    ENTRY_VALUE_BYTES,
    ENTRY_VALUE_FIXED,
    /* Unions of other forms than null and one plain type. */
    ENTRY_SWITCH, /* followed by `size` cases */
    ENTRY_CASE,
    ENTRY_JUMP,
    /* The end of the program, or of an item's steps. */
    ENTRY_END
};

enum entry_sink { SINK_NONE, SINK_LIST, SINK_STATS_LONGS, SINK_STATS_BYTES };

#define NO_NULL_BRANCH 2
/* Maps of bounds whose items' sizes are remembered from row to row. */
#define ENTRY_HINTED_MAPS 4

struct entry_op {
    uint8_t code;
    uint8_t null_branch; /* a union of two: the branch that is null; NO_NULL_BRANCH: no union */
    uint8_t sink;
    bool is_int;
    bool marks; /* a number: not every entry has one, so presence bits are kept */
    uint32_t size;
    uint32_t next; /* how many steps on the one after this (and after its items) is */
    struct column_builder *column;
};

struct entry_program {
    struct entry_op *ops;
    size_t count;
    size_t min_size; /* no entry takes fewer bytes */
    bool has_fixed;  /* a partition value to which fixed_form applies */
};

/* How a manifest has the partition values of its fixed columns. The reference writes and reads them
 * since 1.8 with their length before them, as bytes have it, under a schema that says fixed. */
enum fixed_form { FIXED_PLAIN, FIXED_COUNTED };

/* `kinds` (of enum stats_kind) are the maps that are read at all. Gives the builder its partition
 * columns. */
bool entry_program_compile(const struct avro_shape *shape, unsigned kinds, enum fixed_form form,
                           struct manifest_builder *builder, struct entry_program *ret_program,
                           struct error *err);
void entry_program_finish(struct entry_program *program);

/* Decodes the entries of one block to rows. False where the bytes are damaged, and where the
 * builder failed. */
bool entry_program_run(const struct entry_program *program, struct manifest_builder *builder,
                       struct slice block, size_t count);

#endif
