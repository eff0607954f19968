#include "base/write_whole.h"

#include <errno.h>

size_t write_whole(ssize_t (*write_some)(int fd, const void *bytes, size_t size), int fd,
                   struct slice text)
{
    size_t done = 0;
    while (done < text.len) {
        ssize_t written = write_some(fd, text.ptr + done, text.len - done);
        if (written < 0 && errno == EINTR)
            continue;
        if (written == 0)
            errno = EIO;
        if (written <= 0)
            break;
        done += (size_t)written;
    }
    return done;
}
