/*
 * secret_file.h — a small file of the machine's that may hold secrets: a token, keys, settings.
 *
 * Errors:   ERROR_NOT_FOUND (it is not there), ERROR_STORAGE, ERROR_TOO_LARGE past the buffer's
 *           ceiling; sentences name the file
 * Threads:  any; blocks
 */
#ifndef STORAGE_SECRET_FILE_H
#define STORAGE_SECRET_FILE_H

#include "base/buffer.h"
#include "base/error.h"

/* The whole of it; the caller wipes the buffer (secret_buffer_finish). */
bool secret_file_read(const char *path, struct buffer *out, struct error *err);

#endif
