#include "base/file_text.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

bool file_text_read(const char *path, struct buffer *out, struct error *err)
{
    char chunk[4096];
    FILE *file = fopen(path, "re");
    if (file == NULL)
        return error_set(err, ERROR_BAD_REQUEST, "cannot be read: %s", strerror(errno));
    for (size_t size = 1; size > 0;) {
        size = fread(chunk, 1, sizeof(chunk), file);
        buffer_append(out, chunk, size);
    }
    bool ok = !ferror(file);
    fclose(file);
    return ok ? buffer_check(out, "the file", err)
              : error_set(err, ERROR_BAD_REQUEST, "cannot be read");
}
