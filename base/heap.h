/*
 * heap.h — the process's allocator: jemalloc, where no sanitizer brings its own.
 *
 * Owns:     nothing; malloc and free are jemalloc's for every library in the process
 * Threads:  any
 */
#ifndef BASE_HEAP_H
#define BASE_HEAP_H

/* Gives the system what was freed and is kept, of all threads' arenas. It goes back by itself in
 * ten seconds: this is for a large piece of work, tens of MiB, that is over and may be followed by
 * another. */
void heap_give_back(void);

#endif
