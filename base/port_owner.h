/*
 * port_owner.h — which process of this machine listens on a TCP port, by /proc (Linux).
 *
 * Owns:     nothing
 * Errors:   none: what cannot be learned (another user's process, no /proc) is left out
 */
#ifndef BASE_PORT_OWNER_H
#define BASE_PORT_OWNER_H

#include <stdbool.h>

struct port_owner {
    long pid; /* 0: somebody listens, but who cannot be seen */
    char name[64];
};

/* False where nobody listens on it, or that cannot be learned. */
bool port_owner_find(unsigned port, struct port_owner *ret_owner);

#define PORT_OWNER_WORDS_SIZE 128
/* "firn (process 1234)", "a process of another user", or "another program". */
void port_owner_words(unsigned port, char ret_words[PORT_OWNER_WORDS_SIZE]);

#endif
