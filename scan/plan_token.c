#include "scan/plan_token.h"

#include "base/base64url.h"

#define TOKEN_VERSION 1
#define HEAD_SIZE 10 /* version, kind, expiry */

static void put_int64(unsigned char *out, int64_t value)
{
    for (size_t i = 0; i < 8; i++)
        out[i] = (unsigned char)((uint64_t)value >> (56 - 8 * i));
}

static int64_t take_int64(const unsigned char *bytes)
{
    uint64_t value = 0;
    for (size_t i = 0; i < 8; i++)
        value = value << 8 | bytes[i];
    return (int64_t)value;
}

static bool token_mac(const struct plan_sealer *sealer, const unsigned char *bytes, size_t size,
                      unsigned char ret_mac[MAC_SIZE], struct error *err)
{
    const struct slice parts[] = {sealer->table, {(const char *)bytes, size}};
    return mac_parts(sealer->key, parts, sizeof(parts) / sizeof(parts[0]), ret_mac, err);
}

bool plan_token_seal(const struct plan_sealer *sealer, enum plan_token_kind kind,
                     struct slice payload, struct arena *arena, struct slice *ret_text,
                     struct error *err)
{
    size_t signed_size = HEAD_SIZE + payload.len;
    unsigned char *bytes = arena_alloc(arena, signed_size + MAC_SIZE);
    char *text = arena_alloc(arena, BASE64URL_SIZE(signed_size + MAC_SIZE));
    if (!bytes || !text)
        return error_no_memory(err, "a plan's token");
    bytes[0] = TOKEN_VERSION;
    bytes[1] = (unsigned char)kind;
    put_int64(bytes + 2, sealer->now_ms + PLAN_TOKEN_LIFETIME_MS);
    memcpy(bytes + HEAD_SIZE, payload.ptr, payload.len);
    TRY(token_mac(sealer, bytes, signed_size, bytes + signed_size, err));
    *ret_text = slice_make(text, base64url_encode(bytes, signed_size + MAC_SIZE, text));
    return true;
}

static bool unknown_token(enum plan_token_kind kind, struct slice text, struct error *err)
{
    if (kind == PLAN_TOKEN_ID)
        return error_set(err, ERROR_NO_SUCH_PLAN_ID, "Plan does not exist: %.*s",
                         (int)(text.len > 200 ? 200 : text.len), text.ptr);
    if (kind == PLAN_TOKEN_GRANT)
        return error_set(err, ERROR_FORBIDDEN,
                         "The grant for a table's files is of another warehouse, was changed or "
                         "has expired: load the table again");
    return error_set(err, ERROR_NO_SUCH_PLAN_TASK,
                     "Plan task does not exist: it is of another table, was changed or has "
                     "expired; plan the scan again");
}

/* False only where OpenSSL fails. */
static bool check(const struct plan_sealer *sealer, enum plan_token_kind kind,
                  const unsigned char *bytes, size_t size, bool *ret_is_ours, struct error *err)
{
    unsigned char mac[MAC_SIZE];
    *ret_is_ours = false;
    if (size < HEAD_SIZE + MAC_SIZE || bytes[0] != TOKEN_VERSION || bytes[1] != (unsigned char)kind)
        return true;
    TRY(token_mac(sealer, bytes, size - MAC_SIZE, mac, err));
    *ret_is_ours =
        mac_equals(mac, bytes + size - MAC_SIZE) && take_int64(bytes + 2) > sealer->now_ms;
    return true;
}

bool plan_token_open(const struct plan_sealer *sealer, enum plan_token_kind kind, struct slice text,
                     struct arena *arena, struct slice *ret_payload, struct error *err)
{
    unsigned char *bytes = arena_alloc(arena, text.len + 1);
    size_t size = 0;
    bool is_ours = false;
    if (!bytes)
        return error_no_memory(err, "a plan's token");
    if (!base64url_decode(text, bytes, &size))
        return unknown_token(kind, text, err);
    TRY(check(sealer, kind, bytes, size, &is_ours, err));
    if (!is_ours)
        return unknown_token(kind, text, err);
    *ret_payload = slice_make((const char *)bytes + HEAD_SIZE, size - HEAD_SIZE - MAC_SIZE);
    return true;
}
