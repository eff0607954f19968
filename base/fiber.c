/*
 * ucontext enters the stack once, when the fiber is made; it asks the kernel for the signal mask
 * each time, which every thread here has alike. From then on a switch is _setjmp and _longjmp,
 * which keep what the ABI says a call keeps and make no system call. What runs on the stack is a
 * loop that takes one function after the other.
 *
 * The sanitizers have to be told of each switch, because they know the stacks of threads only.
 */

/* Its longjmp refuses one that does not go up its own stack, which is what a switch is not. */
#undef _FORTIFY_SOURCE

#include "base/fiber.h"

#include <assert.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <ucontext.h>
#include <unistd.h>

#if defined(__SANITIZE_ADDRESS__)
#define HAS_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define HAS_ASAN 1
#endif
#endif
#if defined(__SANITIZE_THREAD__)
#define HAS_TSAN 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define HAS_TSAN 1
#endif
#endif

#ifdef HAS_ASAN
#include <sanitizer/common_interface_defs.h>
#endif
#ifdef HAS_TSAN
#include <sanitizer/tsan_interface.h>
#endif

/* One of the two sides of a switch, as the sanitizers see it. */
struct side {
    jmp_buf place;
    void *fake_stack;
    const void *stack;
    size_t stack_size;
    void *tsan_fiber;
};

struct fiber {
    struct side thread; /* whoever runs the fiber now */
    struct side own;
    char *stack;
    size_t stack_size; /* with the guard page */
    void (*function)(void *context);
    void *argument;
    bool has_ended;
};

/* --- switching ---------------------------------------------------------------------------- */

#ifdef HAS_ASAN
static void leave(struct side *from, const struct side *to)
{
    __sanitizer_start_switch_fiber(&from->fake_stack, to->stack, to->stack_size);
}

/* `other` is the side that was left; where it is a thread its stack is not known before. */
static void arrive(struct side *here, struct side *other)
{
    __sanitizer_finish_switch_fiber(here->fake_stack, &other->stack, &other->stack_size);
}
#elif defined(HAS_TSAN)
static void leave(struct side *from, const struct side *to)
{
    (void)from;
    __tsan_switch_to_fiber(to->tsan_fiber, 0);
}

static void arrive(struct side *here, struct side *other)
{
    (void)here;
    (void)other;
}
#else
static void leave(struct side *from, const struct side *to)
{
    (void)from;
    (void)to;
}

static void arrive(struct side *here, struct side *other)
{
    (void)here;
    (void)other;
}
#endif

/* Returns when somebody switches back to `from`, maybe on another thread: nothing that was read
 * before is looked at but through memory. */
static __attribute__((noinline)) void switch_to(struct side *from, struct side *to)
{
    if (_setjmp(from->place) == 0) {
        leave(from, to);
        _longjmp(to->place, 1);
    }
    arrive(from, to);
}

static void note_thread(struct fiber *fiber)
{
#ifdef HAS_TSAN
    fiber->thread.tsan_fiber = __tsan_get_current_fiber();
#else
    (void)fiber;
#endif
}

/* --- what runs on the fiber --------------------------------------------------------------- */

/* makecontext passes ints. The first switch back is to fiber_create. */
static void fiber_main(unsigned high, unsigned low)
{
    struct fiber *fiber = (struct fiber *)(((uintptr_t)high << 32) | low);
    arrive(&fiber->own, &fiber->thread);
    for (;;) {
        fiber->has_ended = true;
        switch_to(&fiber->own, &fiber->thread);
        fiber->function(fiber->argument);
    }
}

static bool run(struct fiber *fiber)
{
    note_thread(fiber);
    switch_to(&fiber->thread, &fiber->own);
    return fiber->has_ended;
}

bool fiber_start(struct fiber *fiber, void (*function)(void *context), void *context)
{
    assert(fiber->has_ended);
    fiber->function = function;
    fiber->argument = context;
    fiber->has_ended = false;
    return run(fiber);
}

bool fiber_resume(struct fiber *fiber)
{
    assert(!fiber->has_ended);
    return run(fiber);
}

void fiber_pause(struct fiber *fiber)
{
    switch_to(&fiber->own, &fiber->thread);
}

/* --- life --------------------------------------------------------------------------------- */

static bool map_stack(struct fiber *fiber, size_t size)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    fiber->stack_size = (size + page - 1) / page * page + page;
    void *stack = mmap(NULL, fiber->stack_size, PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_STACK, -1, 0);
    if (stack == MAP_FAILED)
        return false;
    fiber->stack = stack;
    fiber->own.stack = fiber->stack + page;
    fiber->own.stack_size = fiber->stack_size - page;
    return mprotect(stack, page, PROT_NONE) == 0;
}

/* Returns when the fiber's loop has come to where it waits for its first function. */
static __attribute__((noinline)) void enter(struct fiber *fiber)
{
    uintptr_t address = (uintptr_t)fiber;
    ucontext_t context;
    (void)getcontext(&context);
    context.uc_stack.ss_sp = fiber->stack;
    context.uc_stack.ss_size = fiber->stack_size;
    context.uc_link = NULL;
    makecontext(&context, (void (*)(void))fiber_main, 2, (unsigned)(address >> 32),
                (unsigned)address);
    note_thread(fiber);
    if (_setjmp(fiber->thread.place) == 0) {
        leave(&fiber->thread, &fiber->own);
        (void)setcontext(&context);
        abort(); /* setcontext does not return */
    }
    arrive(&fiber->thread, &fiber->own);
}

bool fiber_create(size_t stack_size, struct fiber **ret_fiber, struct error *err)
{
    struct fiber *fiber = calloc(1, sizeof(*fiber));
    if (fiber == NULL)
        return error_no_memory(err, "a fiber");
    if (!map_stack(fiber, stack_size)) {
        fiber_destroy(fiber);
        return error_no_memory(err, "a fiber's stack");
    }
#ifdef HAS_TSAN
    fiber->own.tsan_fiber = __tsan_create_fiber(0);
#endif
    enter(fiber);
    *ret_fiber = fiber;
    return true;
}

void fiber_destroy(struct fiber *fiber)
{
    if (fiber == NULL)
        return;
#ifdef HAS_TSAN
    if (fiber->own.tsan_fiber)
        __tsan_destroy_fiber(fiber->own.tsan_fiber);
#endif
    if (fiber->stack)
        (void)munmap(fiber->stack, fiber->stack_size);
    free(fiber);
}
