#include "server/http_balance.h"

#include <stdlib.h>

#include "server/http_listener.h"

bool http_balance_init(struct http_balance *balance, size_t thread_count, struct error *err)
{
    *balance = (struct http_balance){.count = thread_count};
    balance->shares = calloc(thread_count, sizeof(*balance->shares));
    return balance->shares != NULL || error_no_memory(err, "the HTTP threads");
}

void http_balance_finish(struct http_balance *balance)
{
    free(balance->shares);
    balance->shares = NULL;
    balance->count = 0;
}

int http_local_core(int fd, const struct sockaddr *client)
{
    int core = -1;
    socklen_t size = sizeof(core);
    if (!http_address_is_loopback(client) ||
        getsockopt(fd, SOL_SOCKET, SO_INCOMING_CPU, &core, &size) != 0)
        return -1;
    return core;
}

size_t http_balance_open(const struct http_balance *balance, size_t thread)
{
    const struct http_share *share = &balance->shares[thread];
    size_t ended = atomic_load(&share->ended);
    size_t given = atomic_load(&share->given);
    return given > ended ? given - ended : 0;
}

/* What never began is not counted for ever; what begins after all is counted from then on. */
static void settle(struct http_balance *balance, int64_t now_ms)
{
    bool is_over = now_ms - balance->last_ms >= HTTP_BEGIN_MS;
    for (size_t i = 0; i < balance->count; i++) {
        struct http_share *share = &balance->shares[i];
        size_t began = atomic_load(&share->began);
        if (is_over || atomic_load(&share->given) < began)
            atomic_store(&share->given, began);
    }
    balance->last_ms = now_ms;
}

static size_t least_loaded(const struct http_balance *balance)
{
    size_t least = balance->next;
    for (size_t i = 1; i < balance->count; i++) {
        size_t other = (balance->next + i) % balance->count;
        if (http_balance_open(balance, other) < http_balance_open(balance, least))
            least = other;
    }
    return least;
}

size_t http_balance_choose(struct http_balance *balance, int core, int64_t now_ms)
{
    settle(balance, now_ms);
    size_t least = least_loaded(balance);
    size_t chosen = core >= 0 ? (size_t)core % balance->count : least;
    if (http_balance_open(balance, chosen) >= http_balance_open(balance, least) + HTTP_MAX_LEAD)
        chosen = least;
    atomic_fetch_add(&balance->shares[chosen].given, 1);
    balance->next = (chosen + 1) % balance->count;
    return chosen;
}

void http_balance_undo(struct http_balance *balance, size_t thread)
{
    atomic_fetch_sub(&balance->shares[thread].given, 1);
}

void http_balance_began(struct http_balance *balance, size_t thread)
{
    atomic_fetch_add(&balance->shares[thread].began, 1);
}

void http_balance_ended(struct http_balance *balance, size_t thread)
{
    atomic_fetch_add(&balance->shares[thread].ended, 1);
}
