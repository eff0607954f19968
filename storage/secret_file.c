#include "storage/secret_file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

static bool read_descriptor(int fd, struct buffer *out)
{
    char bytes[4096];
    for (;;) {
        ssize_t got = read(fd, bytes, sizeof bytes);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return got == 0;
        buffer_append(out, bytes, (size_t)got);
    }
}

bool secret_file_read(const char *path, struct buffer *out, struct error *err)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    if (fd < 0)
        return error_set(err, errno == ENOENT ? ERROR_NOT_FOUND : ERROR_STORAGE,
                         "cannot read %s: %s", path, strerror(errno));
    bool ok = read_descriptor(fd, out);
    int code = errno;
    close(fd);
    return ok ? buffer_check(out, path, err)
              : error_set(err, ERROR_STORAGE, "cannot read %s: %s", path, strerror(code));
}
