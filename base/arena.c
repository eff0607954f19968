/*
 * Blocks are chained newest first. Small allocations bump `used` of the first block; a large one
 * gets a block of its own, put second in the chain so that the rest of the first is not lost.
 */
#include "base/arena.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

/* A small request fits into the first block; large ones soon take a megabyte at a time. */
#define FIRST_BLOCK_SIZE ((size_t)4 * 1024)
#define LARGEST_BLOCK_SIZE ((size_t)1024 * 1024)
/* A location with room to spare. */
#define PRINTED_AT_ONCE 512
/* What malloc aligns to, and what any type needs. */
#define ALIGNMENT _Alignof(max_align_t)

struct arena_block {
    struct arena_block *next;
    size_t capacity; /* of bytes[] */
    _Alignas(max_align_t) char bytes[];
};

void arena_init(struct arena *arena, size_t ceiling)
{
    *arena = (struct arena){.ceiling = ceiling};
}

void arena_finish(struct arena *arena)
{
    if (!arena)
        return;
    struct arena_block *block = arena->blocks;
    while (block) {
        struct arena_block *next = block->next;
        free(block);
        block = next;
    }
    *arena = (struct arena){.ceiling = arena->ceiling};
}

static size_t ceiling_left(const struct arena *arena)
{
    size_t left = arena->ceiling - arena->total;
    return left > sizeof(struct arena_block) ? left - sizeof(struct arena_block) : 0;
}

static struct arena_block *block_create(struct arena *arena, size_t capacity)
{
    struct arena_block *block = malloc(sizeof(*block) + capacity);
    if (!block)
        return NULL;
    block->capacity = capacity;
    arena->total += sizeof(*block) + capacity;
    return block;
}

/* A block that holds this one allocation. */
static void *alloc_alone(struct arena *arena, size_t size)
{
    struct arena_block *block = block_create(arena, size);
    if (!block)
        return NULL;
    if (arena->blocks) {
        block->next = arena->blocks->next;
        arena->blocks->next = block;
    } else {
        block->next = NULL;
        arena->blocks = block;
        arena->used = size;
    }
    return block->bytes;
}

/* A new first block, twice the one before; near the ceiling it takes what is left. */
static void *alloc_in_new_block(struct arena *arena, size_t size, size_t left)
{
    size_t capacity = arena->blocks ? arena->blocks->capacity * 2 : FIRST_BLOCK_SIZE;
    if (capacity < FIRST_BLOCK_SIZE)
        capacity = FIRST_BLOCK_SIZE;
    if (capacity > LARGEST_BLOCK_SIZE)
        capacity = LARGEST_BLOCK_SIZE;
    if (capacity > left)
        capacity = left;
    if (size > capacity / 2)
        return alloc_alone(arena, size);
    struct arena_block *block = block_create(arena, capacity);
    if (!block)
        return NULL;
    block->next = arena->blocks;
    arena->blocks = block;
    arena->used = size;
    return block->bytes;
}

void *arena_alloc(struct arena *arena, size_t size)
{
    if (size > SIZE_MAX - ALIGNMENT)
        return NULL;
    size_t rounded = (size + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    if (rounded == 0)
        rounded = ALIGNMENT; /* distinct, non-NULL pointers also for nothing */
    if (arena->blocks && rounded <= arena->blocks->capacity - arena->used) {
        char *bytes = arena->blocks->bytes + arena->used;
        arena->used += rounded;
        return bytes;
    }
    size_t left = ceiling_left(arena);
    return rounded <= left ? alloc_in_new_block(arena, rounded, left) : NULL;
}

void *arena_calloc(struct arena *arena, size_t count, size_t size)
{
    size_t total = 0;
    if (__builtin_mul_overflow(count, size, &total))
        return NULL;
    void *bytes = arena_alloc(arena, total);
    if (bytes)
        memset(bytes, 0, total);
    return bytes;
}

char *arena_string(struct arena *arena, struct slice text)
{
    if (text.len == SIZE_MAX)
        return NULL;
    char *copy = arena_alloc(arena, text.len + 1);
    if (!copy)
        return NULL;
    if (text.len > 0)
        memcpy(copy, text.ptr, text.len);
    copy[text.len] = '\0';
    return copy;
}

struct slice arena_slice(struct arena *arena, struct slice text)
{
    char *copy = arena_string(arena, text);
    return (struct slice){copy, copy ? text.len : 0};
}

struct slice arena_join(struct arena *arena, const struct slice *texts, size_t count)
{
    size_t size = 0;
    for (size_t i = 0; i < count; i++)
        size += texts[i].len;
    char *text = arena_alloc(arena, size + 1);
    if (!text)
        return (struct slice){NULL, 0};
    char *end = text;
    for (size_t i = 0; i < count; i++) {
        if (texts[i].len)
            memcpy(end, texts[i].ptr, texts[i].len);
        end += texts[i].len;
    }
    *end = '\0';
    return (struct slice){text, size};
}

/* Most texts fit into `text` and are formatted once. */
struct slice arena_printf(struct arena *arena, const char *fmt, ...)
{
    char text[PRINTED_AT_ONCE];
    va_list args;
    va_start(args, fmt);
    int wanted = vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    if (wanted < 0)
        return (struct slice){NULL, 0};
    char *kept = arena_alloc(arena, (size_t)wanted + 1);
    if (!kept)
        return (struct slice){NULL, 0};
    if ((size_t)wanted < sizeof text) {
        memcpy(kept, text, (size_t)wanted + 1);
    } else {
        va_start(args, fmt);
        vsnprintf(kept, (size_t)wanted + 1, fmt, args);
        va_end(args);
    }
    return (struct slice){kept, (size_t)wanted};
}
