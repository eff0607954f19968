#include "base/file_text.h"

#include <errno.h>
#include <string.h>

bool file_stream_read(FILE *stream, struct buffer *out)
{
    char chunk[4096];
    size_t size;
    while ((size = fread(chunk, 1, sizeof(chunk), stream)) > 0)
        buffer_append(out, chunk, size);
    return !ferror(stream);
}

bool file_text_read(const char *path, struct buffer *out, struct error *err)
{
    FILE *file = fopen(path, "re");
    if (file == NULL)
        return error_set(err, ERROR_BAD_REQUEST, "cannot be read: %s", strerror(errno));
    bool ok = file_stream_read(file, out);
    fclose(file);
    return ok ? buffer_check(out, "the file", err)
              : error_set(err, ERROR_BAD_REQUEST, "cannot be read");
}
