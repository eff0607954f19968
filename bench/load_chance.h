/*
 * load_chance.h — what a load client takes from the clock and from chance: the keys of its requests
 * and, where it keeps a pace, the moments at which it sends them.
 *
 * Errors:   none; without random bytes, which the kernel always has, the process ends
 * Threads:  any
 */
#ifndef BENCH_LOAD_CHANCE_H
#define BENCH_LOAD_CHANCE_H

#include <stdint.h>
#include <time.h>

#define NS_PER_S 1000000000u
#define UUID_SIZE 37

uint64_t now_ns(clockid_t clock);

/* Version 7, as the protocol asks of a key: 48 bits of milliseconds, then chance. */
void uuid7_make(char ret_uuid[UUID_SIZE]);

/* Waits for a moment of the turn that begins at `start_ns` of CLOCK_MONOTONIC, and returns when it
 * was. Which one is chance: what samples the server's time must not keep step with the requests. */
uint64_t turn_wait(uint64_t start_ns, uint64_t length_ns);

#endif
