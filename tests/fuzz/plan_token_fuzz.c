/*
 * Any bytes, opened as a token, are refused unless the key made them; what it seals opens again,
 * and with one byte changed it does not. What a plan task holds may be anything: it is read or
 * refused.
 */
#include <assert.h>
#include <stdint.h>

#include "base/json_tree.h"
#include "base/limits.h"
#include "scan/plan_split.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void open_foreign(const struct plan_sealer *sealer, struct slice text, struct arena *arena)
{
    struct slice payload;
    struct plan_part part = {0};
    assert(!plan_token_open(sealer, PLAN_TOKEN_ID, text, arena, &payload, NULL));
    assert(!plan_token_open(sealer, PLAN_TOKEN_TASK, text, arena, &payload, NULL));
    assert(!plan_token_open(sealer, PLAN_TOKEN_GRANT, text, arena, &payload, NULL));
    assert(!plan_part_read(text, sealer, arena, &part, NULL));
}

static void open_own(const struct plan_sealer *sealer, struct slice payload, struct arena *arena)
{
    struct slice text, again;
    struct plan_part part = {0};
    if (!plan_token_seal(sealer, PLAN_TOKEN_TASK, payload, arena, &text, NULL))
        return;
    assert(plan_token_open(sealer, PLAN_TOKEN_TASK, text, arena, &again, NULL));
    assert(slice_equals(again, payload));
    assert(!plan_token_open(sealer, PLAN_TOKEN_ID, text, arena, &again, NULL));
    assert(!plan_token_open(sealer, PLAN_TOKEN_GRANT, text, arena, &again, NULL));
    if (plan_part_read(text, sealer, arena, &part, NULL))
        plan_part_finish(&part);
    char *changed = arena_string(arena, text);
    if (!changed)
        return;
    size_t at = payload.len % text.len;
    changed[at] = changed[at] == 'A' ? 'B' : 'A';
    assert(!plan_token_open(sealer, PLAN_TOKEN_TASK, slice_make(changed, text.len), arena, &again,
                            NULL));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct mac_key key = {{1, 2, 3}};
    struct arena arena;
    struct plan_sealer sealer = {.key = &key, .table = SLICE_LITERAL("t"), .now_ms = 1000};
    struct slice bytes = slice_make((const char *)data, size);
    arena_init(&arena, 64 * MIB);
    open_foreign(&sealer, bytes, &arena);
    open_own(&sealer, bytes, &arena);
    arena_finish(&arena);
    return 0;
}
