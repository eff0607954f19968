/*
 * file_text.h — a small file of the machine's, read whole: settings, secrets.
 *
 * Errors:   ERROR_BAD_REQUEST "cannot be read: …", without the file's name; ERROR_TOO_LARGE past
 *           the buffer's ceiling
 */
#ifndef BASE_FILE_TEXT_H
#define BASE_FILE_TEXT_H

#include "base/buffer.h"
#include "base/error.h"

bool file_text_read(const char *path, struct buffer *out, struct error *err);

#endif
