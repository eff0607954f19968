#include "base/byte_budget.h"

#include <assert.h>
#include <pthread.h>
#include <stdlib.h>

#include "base/blocking.h"
#include "base/timed_wait.h"

struct byte_budget {
    pthread_mutex_t mutex;
    pthread_cond_t given;
    size_t limit;
    size_t used;
    size_t waiting;
    size_t wait_limit;
};

bool byte_budget_create(size_t limit, size_t wait_limit, struct byte_budget **ret_budget,
                        struct error *err)
{
    struct byte_budget *budget = calloc(1, sizeof(*budget));
    if (budget == NULL)
        return error_no_memory(err, "a budget of bytes");
    budget->limit = limit;
    budget->wait_limit = wait_limit;
    pthread_mutex_init(&budget->mutex, NULL);
    timed_wait_init(&budget->given);
    *ret_budget = budget;
    return true;
}

void byte_budget_destroy(struct byte_budget *budget)
{
    if (budget == NULL)
        return;
    assert(budget->used == 0);
    pthread_cond_destroy(&budget->given);
    pthread_mutex_destroy(&budget->mutex);
    free(budget);
}

/* Nothing is added to what is used before it is compared, so that no sum can overflow. */
static bool has_room(const struct byte_budget *budget, size_t size)
{
    return budget->used == 0 ||
           (budget->used <= budget->limit && size <= budget->limit - budget->used);
}

/* Under the lock. */
static void wait_for_room(struct byte_budget *budget, size_t size, int64_t wait_ms)
{
    struct timespec until = timed_wait_deadline(wait_ms);
    int code = 0;
    if (budget->waiting >= budget->wait_limit)
        return;
    budget->waiting++;
    while (!has_room(budget, size) && code == 0)
        code = blocking_wait_until(&budget->given, &budget->mutex, &until);
    budget->waiting--;
}

bool byte_budget_take(struct byte_budget *budget, size_t size, int64_t wait_ms, const char *what,
                      struct error *err)
{
    pthread_mutex_lock(&budget->mutex);
    if (!has_room(budget, size) && wait_ms > 0)
        wait_for_room(budget, size, wait_ms);
    bool ok = has_room(budget, size);
    if (ok)
        budget->used += size;
    pthread_mutex_unlock(&budget->mutex);
    return ok || error_set(err, ERROR_OVERLOADED,
                           "Other requests hold the memory for %s: ask again later", what);
}

void byte_budget_give(struct byte_budget *budget, size_t size)
{
    pthread_mutex_lock(&budget->mutex);
    assert(size <= budget->used);
    budget->used -= size;
    pthread_cond_broadcast(&budget->given);
    pthread_mutex_unlock(&budget->mutex);
}

size_t byte_budget_waiting(struct byte_budget *budget)
{
    pthread_mutex_lock(&budget->mutex);
    size_t waiting = budget->waiting;
    pthread_mutex_unlock(&budget->mutex);
    return waiting;
}
