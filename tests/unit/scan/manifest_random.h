/*
 * manifest_random.h — manifests that no writer would make and every reader must read: random
 * schemas with fields in any order, unions either way, fields of other ids, and random entries.
 *
 * Owns:     the bytes are the caller's buffer's
 */
#ifndef TESTS_UNIT_SCAN_MANIFEST_RANDOM_H
#define TESTS_UNIT_SCAN_MANIFEST_RANDOM_H

#include "base/buffer.h"

/* A small generator with a printed seed. */
struct chance {
    uint64_t state;
};

uint64_t chance_next(struct chance *chance);
/* Below `bound`. */
size_t chance_below(struct chance *chance, size_t bound);
/* True once in `n` times. */
bool chance_once_in(struct chance *chance, size_t n);

/* A whole Avro file of a few blocks without a codec. `out` is initialised and empty. */
void manifest_random_file(struct chance *chance, struct buffer *out);

/* A file of one block: a schema as JSON text, a count and the entries' bytes. */
void manifest_file_make(struct buffer *out, struct slice schema, int64_t count,
                        struct slice entries);

void avro_append_long(struct buffer *out, int64_t value);
void avro_append_bytes(struct buffer *out, struct slice bytes);

#endif
