/*
 * plan_token.h — plan ids and plan tasks as values: the client keeps them, a MAC keeps them ours.
 *
 * A token is base64url of: a version byte, the letter of its kind, when it expires (milliseconds,
 * big-endian), a payload, and an HMAC-SHA256 over these and the table's uuid. So a token serves any
 * process that has the key, and is worth nothing for another table.
 *
 * Spec:     REST protocol, plan-id, PlanTask
 * Owns:     results lie in the arena
 * Errors:   ERROR_NO_SUCH_PLAN_ID, ERROR_NO_SUCH_PLAN_TASK, ERROR_FORBIDDEN, by the token's kind:
 *           tampered with, of another table or database, or expired; the client cannot tell which,
 *           and need not
 * Threads:  pure functions
 */
#ifndef SCAN_PLAN_TOKEN_H
#define SCAN_PLAN_TOKEN_H

#include "base/arena.h"
#include "base/mac.h"

enum plan_token_kind {
    PLAN_TOKEN_ID = 'P',
    PLAN_TOKEN_TASK = 'T',
    PLAN_TOKEN_GRANT = 'G', /* of no plan: server/access_grant.h */
};

/* As long as the slowest reader of a scan may take to come back. */
#define PLAN_TOKEN_LIFETIME_MS ((int64_t)24 * 3600 * 1000)

struct plan_sealer {
    const struct mac_key *key;
    struct slice table; /* its uuid, or what else names it for good */
    int64_t now_ms;
};

bool plan_token_seal(const struct plan_sealer *sealer, enum plan_token_kind kind,
                     struct slice payload, struct arena *arena, struct slice *ret_text,
                     struct error *err);
bool plan_token_open(const struct plan_sealer *sealer, enum plan_token_kind kind, struct slice text,
                     struct arena *arena, struct slice *ret_payload, struct error *err);

#endif
