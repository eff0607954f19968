/*
 * pack_like.h — bytes made very small where others are at hand that are much like them.
 *
 *     magic (4) · check (4) · size · { literals: size, bytes · copy: size, distance }...
 *
 * Sizes are varints of seven bits each, the lowest first. A copy takes bytes of the base that begin
 * `distance` behind the end of the copy before, or, by its lowest bit, before it. The last literals
 * may lack their copy. The check is the CRC-32 of the base, continued over what follows the check.
 *
 * zstd does the same with a prefix, and a third smaller, in 27 µs for the 20 KB of a table's
 * metadata, where this takes 8: it enters all of the base into its tables each time. Here that is
 * done once for a base, for a sixteenth of its places.
 *
 * Threads:  any; a base does not change
 */
#ifndef BASE_PACK_LIKE_H
#define BASE_PACK_LIKE_H

#include "base/arena.h"
#include "base/buffer.h"

/* A copy of bytes that others are packed like, and where in them what is. */
struct pack_base;

/* NULL: no memory, or 1 MiB and more. */
struct pack_base *pack_base_create(struct slice bytes);
void pack_base_destroy(struct pack_base *base); /* NULL is fine */
struct slice pack_base_bytes(const struct pack_base *base);
/* All that it takes of the memory. */
size_t pack_base_size(size_t bytes);

/* The packed bytes are in the arena. False where they would be more than `limit` bytes, or there is
 * no memory. */
bool pack_like(struct slice bytes, const struct pack_base *base, size_t limit, struct arena *arena,
               struct slice *ret_packed);
/* Appends the bytes that were packed: like the base, or, where that is empty, by themselves
 * (pack.h). ERROR_CORRUPT: damaged, or like another base; ERROR_TOO_LARGE and ERROR_NO_MEMORY as
 * buffer.h. Takes zstd's frames with a prefix as well, which databases of earlier builds hold. */
bool unpack_like(struct slice packed, struct slice base, struct buffer *out, struct error *err);

#endif
