/*
 * file_text.h — a small file of the machine's, read whole: settings, secrets.
 *
 * Errors:   ERROR_BAD_REQUEST "cannot be read: …", without the file's name; ERROR_TOO_LARGE past
 *           the buffer's ceiling
 */
#ifndef BASE_FILE_TEXT_H
#define BASE_FILE_TEXT_H

#include <stdio.h>

#include "base/buffer.h"
#include "base/error.h"

/* To its end, for a stream that is open; the caller checks the buffer. False: it cannot be read. */
bool file_stream_read(FILE *stream, struct buffer *out);
bool file_text_read(const char *path, struct buffer *out, struct error *err);

#endif
