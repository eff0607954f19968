#include "catalog/seen_files.h"

#include <stdatomic.h>
#include <stdlib.h>

#include "base/hash.h"

/* 512 KiB: as many tables as are loaded within a minute share it. */
#define SLOT_COUNT ((size_t)64 * 1024)
/* A slot: the hash's upper 40 bits, and when the file was seen, in seconds. */
#define TIME_BITS 24
#define TIME_MASK (((uint64_t)1 << TIME_BITS) - 1)

struct seen_files {
    atomic_uint_fast64_t slots[SLOT_COUNT];
};

bool seen_files_create(struct seen_files **ret_files, struct error *err)
{
    struct seen_files *files = calloc(1, sizeof *files);
    if (!files)
        return error_no_memory(err, "the files that were seen");
    *ret_files = files;
    return true;
}

void seen_files_destroy(struct seen_files *files)
{
    free(files);
}

/* One second is added, so that no slot that was written is 0. */
static uint64_t seconds_of(int64_t now_ms)
{
    return ((uint64_t)(now_ms / 1000) + 1) & TIME_MASK;
}

void seen_files_note(struct seen_files *files, struct slice location, int64_t now_ms)
{
    uint64_t key = hash_end(hash_bytes(HASH_BEGIN, location));
    atomic_store_explicit(&files->slots[key % SLOT_COUNT], (key & ~TIME_MASK) | seconds_of(now_ms),
                          memory_order_relaxed);
}

bool seen_files_has(const struct seen_files *files, struct slice location, int64_t now_ms)
{
    uint64_t key = hash_end(hash_bytes(HASH_BEGIN, location));
    uint64_t slot = atomic_load_explicit(&files->slots[key % SLOT_COUNT], memory_order_relaxed);
    if (slot == 0 || (slot & ~TIME_MASK) != (key & ~TIME_MASK))
        return false;
    return ((seconds_of(now_ms) - slot) & TIME_MASK) < SEEN_FILE_TRUST_MS / 1000;
}
