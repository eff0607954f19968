/*
 * encoding.h — content codings: which one a client takes, and bytes coded so.
 *
 * Spec:     RFC 9110, section 12.5.3 (Accept-Encoding), 8.4.1 (x-gzip is gzip); RFC 8878 (zstd)
 * Errors:   ERROR_NO_MEMORY
 * Threads:  pure functions
 */
#ifndef SERVER_ENCODING_H
#define SERVER_ENCODING_H

#include "base/blob.h"

enum encoding { ENCODING_IDENTITY, ENCODING_GZIP, ENCODING_ZSTD, ENCODING_COUNT };

/* As Content-Encoding has it; NULL for identity, which is not named there. */
const char *encoding_name(enum encoding encoding);

struct encoding_wish {
    enum encoding encoding;
    bool is_demanded; /* the client refuses identity */
};

/* What suits the value of Accept-Encoding best (ptr NULL: it was not sent, and nothing is coded).
 * Where a client likes several as well as each other: zstd, then gzip, then identity. */
struct encoding_wish encoding_choose(struct slice accepted);

/* `encoding` is not ENCODING_IDENTITY. */
bool encoding_apply(enum encoding encoding, struct slice bytes, struct blob **ret_blob,
                    struct error *err);

#endif
