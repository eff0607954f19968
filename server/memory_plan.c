#include "server/memory_plan.h"

/* Idle 30 MB; stacks, the pages that connections to the database keep (2 MB each), small requests.
 */
#define PROCESS_MEMORY (128 * MIB)
/* Three bytes of text, "{},", become 264 of tree (base/json_tree_parse.c). */
#define TREE_PER_BYTE 88
/* Beside the tree: parts of the text that are copied, the metadata that is made of them, and its
 * answer. */
#define COPIES 4
/* Every worker may hold one of this size uncounted. */
#define SMALL_BODY_CLAIMED (4 * KIB)

size_t body_claim(size_t body_size)
{
    if (body_size <= SMALL_BODY_CLAIMED)
        return 0;
    size_t tree = body_size < MAX_JSON_TREE_SIZE / TREE_PER_BYTE ? body_size * TREE_PER_BYTE
                                                                 : MAX_JSON_TREE_SIZE;
    return tree + COPIES * body_size;
}

static size_t larger(size_t a, size_t b)
{
    return a > b ? a : b;
}

static size_t smaller(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* One body of the largest size must have room. */
static bool check_least(size_t memory, size_t fixed, size_t max_body, struct error *err)
{
    size_t least = fixed + larger(2 * body_claim(max_body), 8 * max_body);
    if (memory >= least)
        return true;
    return error_set(err, ERROR_BAD_REQUEST,
                     "The option memory is too low: with these --connections and --max-body it "
                     "must be %zuMiB or more (or 0 for no ceiling of all together)",
                     (least + MIB - 1) / MIB);
}

bool memory_plan_make(const struct options *options, struct memory_plan *ret_plan,
                      struct error *err)
{
    size_t memory = (size_t)option_number(options, OPTION_MEMORY);
    size_t cache = (size_t)option_number(options, OPTION_CACHE_SIZE);
    size_t connections = (size_t)option_number(options, OPTION_CONNECTIONS);
    size_t max_body = (size_t)option_number(options, OPTION_MAX_BODY);
    size_t fixed = PROCESS_MEMORY + connections * CONNECTION_MEMORY;
    if (memory == 0) {
        *ret_plan = (struct memory_plan){.cache = cache,
                                         .bodies = MAX_BODIES_SIZE,
                                         .small_body = MAX_SMALL_BODY_SIZE,
                                         .reading = cache + MAX_READING_SIZE,
                                         .parsed = SIZE_MAX};
        return true;
    }
    TRY(check_least(memory, fixed, max_body, err));
    size_t share = (memory - fixed) / 8;
    cache = smaller(cache, share);
    *ret_plan = (struct memory_plan){
        .cache = cache,
        .bodies = share,
        .small_body = smaller(MAX_SMALL_BODY_SIZE, share / 2 / connections),
        .reading = cache + share,
        .parsed = 4 * share,
    };
    return true;
}
