#include "base/blob.h"

#include <stdlib.h>

/* A buffer that doubled may hold twice what it needs; a blob lives long, so the rest is given back.
 * Where that fails the larger block serves as well. */
static char *shrink(char *bytes, size_t size, size_t capacity)
{
    if (capacity - size <= size / 8)
        return bytes;
    char *smaller = realloc(bytes, size + 1);
    return smaller ? smaller : bytes;
}

static struct blob *blob_create(char *bytes, size_t size)
{
    struct blob *blob = malloc(sizeof(*blob));
    if (!blob)
        return NULL;
    atomic_init(&blob->references, 1);
    blob->size = size;
    blob->bytes = bytes;
    blob->budget = NULL;
    blob->charged = 0;
    return blob;
}

bool blob_from_buffer(struct buffer *buffer, struct blob **ret_blob, struct error *err)
{
    TRY(buffer_check(buffer, "the text", err));
    /* Also makes the one byte of an empty buffer. */
    if (!buffer_reserve(buffer, 0))
        return buffer_check(buffer, "the text", err);
    struct blob *blob = blob_create(NULL, buffer->len);
    if (!blob)
        return error_no_memory(err, "the text");
    size_t capacity = buffer->capacity;
    buffer->ptr[buffer->len] = '\0';
    blob->bytes = shrink(buffer_detach(buffer), blob->size, capacity);
    *ret_blob = blob;
    return true;
}

bool blob_copy(struct slice text, struct blob **ret_blob, struct error *err)
{
    if (text.len == SIZE_MAX)
        return error_no_memory(err, "a copy of the text");
    char *bytes = malloc(text.len + 1);
    if (!bytes)
        return error_no_memory(err, "a copy of the text");
    if (text.len > 0)
        memcpy(bytes, text.ptr, text.len);
    bytes[text.len] = '\0';
    struct blob *blob = blob_create(bytes, text.len);
    if (!blob) {
        free(bytes);
        return error_no_memory(err, "a copy of the text");
    }
    *ret_blob = blob;
    return true;
}

void blob_charge(struct blob *blob, struct byte_budget *budget, size_t size)
{
    blob->budget = budget;
    blob->charged = size;
}

struct blob *blob_ref(struct blob *blob)
{
    /* Relaxed: whoever calls holds a reference already, so nothing is published by this. */
    atomic_fetch_add_explicit(&blob->references, 1, memory_order_relaxed);
    return blob;
}

void blob_unref(struct blob *blob)
{
    if (!blob)
        return;
    /* Release what this thread did; acquire what all others did before the bytes go. */
    if (atomic_fetch_sub_explicit(&blob->references, 1, memory_order_acq_rel) != 1)
        return;
    if (blob->budget)
        byte_budget_give(blob->budget, blob->charged);
    free(blob->bytes);
    free(blob);
}
