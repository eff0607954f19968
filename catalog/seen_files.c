#include "catalog/seen_files.h"

#include <stdatomic.h>
#include <stdlib.h>

#include "base/hash.h"

/* 512 KiB: as many tables as are loaded while a look is good share it. */
#define SLOT_COUNT ((size_t)64 * 1024)
/* A slot: the hash's upper 40 bits, and the tick in which the file was seen. */
#define TIME_BITS 24
#define TIME_MASK (((uint64_t)1 << TIME_BITS) - 1)

struct seen_files {
    struct seen_trust trust;
    atomic_uint_fast64_t slots[SLOT_COUNT];
};

bool seen_files_create(struct seen_trust trust, struct seen_files **ret_files, struct error *err)
{
    struct seen_files *files = calloc(1, sizeof *files);
    if (!files)
        return error_no_memory(err, "the files that were seen");
    files->trust = trust;
    *ret_files = files;
    return true;
}

void seen_files_destroy(struct seen_files *files)
{
    free(files);
}

static uint64_t tick_of(const struct seen_files *files, int64_t now_us)
{
    return (uint64_t)(now_us / files->trust.tick_us) & TIME_MASK;
}

void seen_files_note(struct seen_files *files, struct slice location, int64_t now_us)
{
    uint64_t key = hash_end(hash_bytes(HASH_BEGIN, location));
    atomic_store_explicit(&files->slots[key % SLOT_COUNT],
                          (key & ~TIME_MASK) | tick_of(files, now_us), memory_order_relaxed);
}

bool seen_files_has(const struct seen_files *files, struct slice location, int64_t now_us)
{
    uint64_t key = hash_end(hash_bytes(HASH_BEGIN, location));
    uint64_t slot = atomic_load_explicit(&files->slots[key % SLOT_COUNT], memory_order_relaxed);
    if (slot == 0 || (slot & ~TIME_MASK) != (key & ~TIME_MASK))
        return false;
    return ((tick_of(files, now_us) - slot) & TIME_MASK) < files->trust.tick_count;
}
