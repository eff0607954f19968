/*
 * blob.h — immutable bytes shared by reference count: metadata text, rendered replies.
 *
 * Owns:     its bytes; the last blob_unref frees them
 * Threads:  the count is atomic and the bytes never change, so any thread may hold a reference
 */
#ifndef BASE_BLOB_H
#define BASE_BLOB_H

#include <stdatomic.h>

#include "base/buffer.h"
#include "base/byte_budget.h"

struct blob {
    atomic_size_t references;
    size_t size;
    char *bytes;                /* bytes[size] is NUL */
    struct byte_budget *budget; /* gets `charged` back with the last reference; NULL: none */
    size_t charged;
};

/* A blob with one reference that takes the buffer's bytes (the buffer is empty afterwards). */
bool blob_from_buffer(struct buffer *buffer, struct blob **ret_blob, struct error *err);
/* A blob with one reference and a copy of `text`. */
bool blob_copy(struct slice text, struct blob **ret_blob, struct error *err);

/* The blob, which nobody else has yet, gives `size` bytes back to the budget when it goes. */
void blob_charge(struct blob *blob, struct byte_budget *budget, size_t size);

struct blob *blob_ref(struct blob *blob);
void blob_unref(struct blob *blob); /* NULL is allowed */

static inline struct slice blob_slice(const struct blob *blob)
{
    return (struct slice){blob->bytes, blob->size};
}

#endif
