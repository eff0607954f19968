/*
 * write_whole.h — all of a text to a descriptor, in as many writes as it takes.
 *
 * Errors:   errno, where less was written than the text has; a write of nothing is EIO
 * Threads:  any
 */
#ifndef BASE_WRITE_WHOLE_H
#define BASE_WRITE_WHOLE_H

#include <sys/types.h>

#include "base/slice.h"

/* How many bytes were written, by calls of `write_some`, which is write(2) or stands for it. */
size_t write_whole(ssize_t (*write_some)(int fd, const void *bytes, size_t size), int fd,
                   struct slice text);

#endif
