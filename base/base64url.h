/*
 * base64url.h — bytes as text that passes through URLs and JSON unescaped, without padding.
 *
 * Spec:     RFC 4648, section 5
 * Threads:  pure functions
 * Rule:     each sequence of bytes has one text: stray bits at the end are refused
 */
#ifndef BASE_BASE64URL_H
#define BASE_BASE64URL_H

#include "base/slice.h"

#define BASE64URL_SIZE(size) ((size)*4 / 3 + 4)

/* `out` has room for BASE64URL_SIZE(size); returns the text's length. */
size_t base64url_encode(const unsigned char *bytes, size_t size, char *out);
/* `out` has room for text.len bytes. */
bool base64url_decode(struct slice text, unsigned char *out, size_t *ret_size);

#endif
