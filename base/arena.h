/*
 * arena.h — memory that dies together: a chain of blocks, bumped, freed in one call.
 *
 * Owns:     its blocks; all that was allocated from it is freed by arena_finish
 * Errors:   NULL when memory is short or the ceiling is reached; callers use error_no_memory
 * Threads:  one thread at a time (a request is handed from the HTTP thread to one worker and back)
 */
#ifndef BASE_ARENA_H
#define BASE_ARENA_H

#include "base/slice.h"

struct arena_block;

struct arena {
    struct arena_block *blocks; /* newest first */
    size_t used;                /* in the newest block */
    size_t total;               /* bytes in all blocks */
    size_t ceiling;             /* total never grows past it */
};

/* No memory is taken before the first allocation. */
void arena_init(struct arena *arena, size_t ceiling);
void arena_finish(struct arena *arena);

/* `size` bytes aligned for any type, not cleared / cleared. Valid until arena_finish. */
void *arena_alloc(struct arena *arena, size_t size);
void *arena_calloc(struct arena *arena, size_t count, size_t size);

/* A NUL-terminated copy: a string, or a slice whose ptr[len] is NUL (ptr is NULL on failure). */
char *arena_string(struct arena *arena, struct slice text);
struct slice arena_slice(struct arena *arena, struct slice text);

/* The texts one behind the other, NUL-terminated; ptr is NULL on failure. For hot paths, where
 * printf would read its format twice. */
struct slice arena_join(struct arena *arena, const struct slice *texts, size_t count);

/* printf into the arena; ptr is NULL on failure. */
struct slice arena_printf(struct arena *arena, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

#define ARENA_NEW(arena, type) ((type *)arena_calloc((arena), 1, sizeof(type)))
#define ARENA_ARRAY(arena, type, count) ((type *)arena_calloc((arena), (count), sizeof(type)))

#endif
