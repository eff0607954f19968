/*
 * percent_fuzz.c — what is decoded, encoded and decoded again is the same; nothing grows.
 */
#include <stdlib.h>

#include "base/percent.h"

#define CEILING ((size_t)16 << 20)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool holds)
{
    if (!holds)
        abort();
}

static void check_round_trip(struct slice plain, struct arena *arena)
{
    struct buffer encoded;
    struct slice again;
    buffer_init(&encoded, CEILING);
    percent_append(&encoded, plain);
    require(buffer_ok(&encoded) && encoded.len <= 3 * plain.len);
    require(percent_decode(buffer_slice(&encoded), false, arena, &again, NULL));
    require(slice_equals(plain, again));
    require(percent_decode(buffer_slice(&encoded), true, arena, &again, NULL));
    require(slice_equals(plain, again));
    buffer_finish(&encoded);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slice text = {(const char *)data, size};
    struct slice plain, form;
    struct arena arena;
    if (size > 64 * 1024)
        return 0;
    arena_init(&arena, CEILING);
    bool decoded = percent_decode(text, false, &arena, &plain, NULL);
    require(decoded == percent_decode(text, true, &arena, &form, NULL));
    if (decoded) {
        require(plain.len <= size && plain.ptr[plain.len] == '\0' && form.len == plain.len);
        require(slice_find(plain, '\0') == plain.len);
        check_round_trip(plain, &arena);
    }
    arena_finish(&arena);
    return 0;
}
