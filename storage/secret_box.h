/*
 * secret_box.h — secrets as the database keeps them: encrypted, and bound to what they belong to.
 *
 * A box is text: "1.<key id>.<base64url of nonce, ciphertext and tag>". The key's id says which key
 * opens it, so that keys can be changed while boxes of the old one are still there.
 *
 * Spec:     AES-256-GCM (NIST SP 800-38D) by OpenSSL, a random nonce of 96 bits for each box
 * Owns:     what is opened goes into the caller's buffer, which he wipes
 * Errors:   ERROR_CONFLICT: the key that sealed it is not there; ERROR_CORRUPT: not a box, changed,
 *           or of another owner. No sentence holds a secret
 * Threads:  pure functions
 */
#ifndef STORAGE_SECRET_BOX_H
#define STORAGE_SECRET_BOX_H

#include "base/buffer.h"
#include "storage/secret_keys.h"

/* `owner` is what the secret belongs to ("warehouse lake"): a box opens for no other. */
bool secret_box_seal(const struct secret_keys *keys, const struct random_source *random,
                     struct slice owner, struct slice secret, struct buffer *out,
                     struct error *err);

bool secret_box_open(const struct secret_keys *keys, struct slice owner, struct slice box,
                     struct buffer *out, struct error *err);

/* The id of the key that opens it: a view; empty where it is no box. */
struct slice secret_box_key_id(struct slice box);

/* Clears what a buffer held before it is finished. */
void secret_buffer_finish(struct buffer *buffer);

#endif
