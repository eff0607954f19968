/*
 * pack.h — bytes made smaller for the short time in which they are kept twice.
 *
 * Packed bytes are a zstd frame where that is smaller, else the bytes as they are. What begins like
 * a zstd frame itself is always packed, so that the first four bytes tell.
 *
 * Threads:  any
 * Errors:   ERROR_NO_MEMORY; ERROR_CORRUPT for a frame that is damaged; ERROR_TOO_LARGE as buffer.h
 */
#ifndef BASE_PACK_H
#define BASE_PACK_H

#include "base/arena.h"
#include "base/buffer.h"

/* Keeps what packing needs from one time to the next: to make and clear it anew costs as much as to
 * pack 10 KB. */
struct packer;

bool packer_create(struct packer **ret_packer, struct error *err);
void packer_destroy(struct packer *packer); /* NULL is fine */

/* The packed bytes are in the arena. */
bool pack(struct packer *packer, struct slice bytes, struct arena *arena, struct slice *ret_packed,
          struct error *err);
/* Appends the bytes that were packed. */
bool unpack(struct slice packed, struct buffer *out, struct error *err);

/* Are they a zstd frame? */
bool pack_is_frame(struct slice packed);
/* The same for a frame that has `base` as its prefix, and a checksum, as earlier builds made. */
bool unpack_prefixed(struct slice packed, struct slice base, struct buffer *out,
                     struct error *err);

#endif
