/*
 * heap.h — the process's allocator: jemalloc, where no sanitizer brings its own.
 *
 * Owns:     nothing; malloc and free are jemalloc's for every library in the process
 * Threads:  any
 */
#ifndef BASE_HEAP_H
#define BASE_HEAP_H

/* Gives the system what was freed and is kept, of all threads' arenas. It is given back by itself
 * within some seconds: this is for a single large piece of work, tens of MiB, that is over. */
void heap_give_back(void);

#endif
