/*
 * digest.h — SHA-256 by OpenSSL, as lower-case hex; and what HTTP calls Content-MD5.
 */
#ifndef BASE_DIGEST_H
#define BASE_DIGEST_H

#include "base/error.h"
#include "base/slice.h"

#define DIGEST_HEX_SIZE 65 /* 64 characters and NUL */

/* The digest of the parts one after another, each preceded by its length, so that ("a", "bc") and
 * ("ab", "c") differ. */
bool digest_parts(const struct slice *parts, size_t count, char ret_hex[DIGEST_HEX_SIZE],
                  struct error *err);

/* The plain digest of the bytes. */
bool digest_bytes(struct slice bytes, char ret_hex[DIGEST_HEX_SIZE], struct error *err);

#define DIGEST_MD5_TEXT_SIZE 25 /* 24 characters of base64 and NUL */

/* The value of a Content-MD5 header (RFC 1864). */
bool digest_md5_text(struct slice bytes, char ret_text[DIGEST_MD5_TEXT_SIZE], struct error *err);

/* 2 * size lower-case characters and NUL. */
void hex_put(const unsigned char *bytes, size_t size, char *ret_hex);

#endif
