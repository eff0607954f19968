#include "catalog/seen_files.h"

#include <stdatomic.h>
#include <stdlib.h>

/* 512 KiB: as many tables as are loaded within a minute share it. */
#define SLOT_COUNT ((size_t)64 * 1024)
/* A slot: the hash's upper 40 bits, and when the file was seen, in seconds. */
#define TIME_BITS 24
#define TIME_MASK (((uint64_t)1 << TIME_BITS) - 1)

struct seen_files {
    atomic_uint_fast64_t slots[SLOT_COUNT];
};

/* FNV-1a, and its bits mixed (the finalizer of MurmurHash3), for names differ at their end. */
static uint64_t hash(struct slice text)
{
    uint64_t value = 0xCBF29CE484222325U;
    for (size_t i = 0; i < text.len; i++)
        value = (value ^ (unsigned char)text.ptr[i]) * 0x100000001B3U;
    value = (value ^ (value >> 33)) * 0xFF51AFD7ED558CCDU;
    value = (value ^ (value >> 33)) * 0xC4CEB9FE1A85EC53U;
    return value ^ (value >> 33);
}

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
    uint64_t key = hash(location);
    atomic_store_explicit(&files->slots[key % SLOT_COUNT], (key & ~TIME_MASK) | seconds_of(now_ms),
                          memory_order_relaxed);
}

bool seen_files_has(const struct seen_files *files, struct slice location, int64_t now_ms)
{
    uint64_t key = hash(location);
    uint64_t slot = atomic_load_explicit(&files->slots[key % SLOT_COUNT], memory_order_relaxed);
    if (slot == 0 || (slot & ~TIME_MASK) != (key & ~TIME_MASK))
        return false;
    return ((seconds_of(now_ms) - slot) & TIME_MASK) < SEEN_FILE_TRUST_MS / 1000;
}
