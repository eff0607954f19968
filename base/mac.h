/*
 * mac.h — HMAC-SHA256 by OpenSSL: values that clients keep for us, and cannot change.
 *
 * Spec:     RFC 2104, FIPS 180-4
 * Threads:  pure functions
 */
#ifndef BASE_MAC_H
#define BASE_MAC_H

#include "base/error.h"
#include "base/slice.h"

#define MAC_SIZE 32
#define MAC_KEY_SIZE 32

struct mac_key {
    unsigned char bytes[MAC_KEY_SIZE];
};

/* Of the parts one after another, each preceded by its length. */
bool mac_parts(const struct mac_key *key, const struct slice *parts, size_t count,
               unsigned char ret_mac[MAC_SIZE], struct error *err);

/* Of plain bytes, under a key of any size: what other people's protocols sign with. */
bool mac_bytes(struct slice key, struct slice bytes, unsigned char ret_mac[MAC_SIZE],
               struct error *err);

/* In a time that does not tell how much of them is equal. */
bool mac_equals(const unsigned char a[MAC_SIZE], const unsigned char b[MAC_SIZE]);

#endif
