#include "tests/unit/fault_alloc.h"

#include <jansson.h>
#include <stdatomic.h>
#include <stdlib.h>

static atomic_size_t allocations;
static atomic_size_t failing; /* 0: none */
static atomic_bool hit;
static atomic_long live;

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *old, size_t size);
void __real_free(void *block);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *old, size_t size);
void __wrap_free(void *block);

/* The one place that every injected failure passes: break here in a debugger. */
static bool must_fail(void)
{
    size_t number = atomic_fetch_add(&allocations, 1) + 1;
    if (number != atomic_load(&failing))
        return false;
    atomic_store(&hit, true);
    return true;
}

static void *counted(void *block)
{
    if (block)
        atomic_fetch_add(&live, 1);
    return block;
}

void *__wrap_malloc(size_t size)
{
    return must_fail() ? NULL : counted(__real_malloc(size));
}

void *__wrap_calloc(size_t count, size_t size)
{
    return must_fail() ? NULL : counted(__real_calloc(count, size));
}

void *__wrap_realloc(void *old, size_t size)
{
    if (must_fail())
        return NULL;
    void *block = __real_realloc(old, size);
    return old ? block : counted(block);
}

void __wrap_free(void *block)
{
    if (block)
        atomic_fetch_sub(&live, 1);
    __real_free(block);
}

void fault_alloc_fail_at(size_t n)
{
    atomic_store(&allocations, 0);
    atomic_store(&hit, false);
    atomic_store(&failing, n);
}

size_t fault_alloc_count(void)
{
    return atomic_load(&allocations);
}

bool fault_alloc_hit(void)
{
    return atomic_load(&hit);
}

long fault_alloc_live(void)
{
    return atomic_load(&live);
}

void fault_alloc_reset(void)
{
    json_set_alloc_funcs(__wrap_malloc, __wrap_free);
    fault_alloc_fail_at(0);
}
