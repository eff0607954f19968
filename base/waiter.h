/*
 * waiter.h — how somebody waits for one event of another thread without saying what waiting is: a
 * thread may sleep, a fiber gives its thread back (base/fiber.h).
 *
 * Owns:     a waiter is placed in what waits, and outlives the event
 * Threads:  `wait` from the one that waits, `wake` from any other, once for each wait and possibly
 *           before it; after `wake` has been called the waiter may be gone
 */
#ifndef BASE_WAITER_H
#define BASE_WAITER_H

struct waiter {
    void (*wait)(struct waiter *waiter); /* returns when the event has been */
    void (*wake)(struct waiter *waiter);
};

#endif
