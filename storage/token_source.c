#include "storage/token_source.h"

#include <openssl/crypto.h>
#include <stdlib.h>

#include "storage/kept_secret.h"

struct token_source {
    token_fetch_fn fetch;
    void *context;
    struct kept_secret *kept;
};

void bearer_token_wipe(struct bearer_token *token)
{
    OPENSSL_cleanse(token, sizeof *token);
}

bool bearer_token_set(struct bearer_token *token, const char *source, struct slice text,
                      int64_t expires_ms, struct error *err)
{
    bool is_fine = text.len > 0 && text.len < sizeof token->text;
    for (size_t i = 0; is_fine && i < text.len; i++)
        is_fine = text.ptr[i] > ' ' && text.ptr[i] < 0x7F;
    if (!is_fine)
        return error_set(err, ERROR_STORAGE,
                         "%s gave a token that is empty, too long, or has other than visible ASCII "
                         "characters",
                         source);
    memcpy(token->text, text.ptr, text.len);
    token->text[text.len] = '\0';
    token->expires_ms = expires_ms;
    return true;
}

bool token_fetch_failed(const struct error *cause, struct error *err)
{
    bool is_own = cause->kind == ERROR_NO_MEMORY || cause->kind == ERROR_OVERLOADED;
    return error_set(err, is_own ? cause->kind : ERROR_STORAGE, "%s", cause->message);
}

static bool fetch_token(void *context, void *ret_value, int64_t *ret_expires_ms, struct error *err)
{
    const struct token_source *source = context;
    struct bearer_token *token = ret_value;
    TRY(source->fetch(source->context, token, err));
    *ret_expires_ms = token->expires_ms;
    return true;
}

static bool tokens_equal(const void *a, const void *b)
{
    const struct bearer_token *one = a, *other = b;
    return strcmp(one->text, other->text) == 0;
}

static const struct secret_kind BEARER_TOKEN = {sizeof(struct bearer_token), fetch_token,
                                                tokens_equal};

bool token_source_create(token_fetch_fn fetch, void *context, const struct clock *clock,
                         struct token_source **ret_source, struct error *err)
{
    struct token_source *source = calloc(1, sizeof *source);
    if (!source)
        return error_no_memory(err, "the credentials of an object store");
    source->fetch = fetch;
    source->context = context;
    if (!kept_secret_create(&BEARER_TOKEN, source, clock, &source->kept, err)) {
        free(source);
        return false;
    }
    *ret_source = source;
    return true;
}

void token_source_destroy(struct token_source *source)
{
    if (!source)
        return;
    kept_secret_destroy(source->kept);
    free(source);
}

bool token_source_get(struct token_source *source, struct bearer_token *ret_token,
                      struct error *err)
{
    return kept_secret_get(source->kept, ret_token, err);
}

void token_source_renew(struct token_source *source, int64_t least_ms)
{
    kept_secret_renew(source->kept, least_ms);
}

void token_source_refused(struct token_source *source, const struct bearer_token *token)
{
    kept_secret_refused(source->kept, token);
}

static bool use_tokens(struct token_source *source, const struct token_use *use,
                       struct bearer_token *token, struct error *err)
{
    TRY(token_source_get(source, token, err));
    TRY(use->send(use->context, token, err));
    if (!use->is_refused(use->context))
        return true;
    token_source_refused(source, token);
    TRY(token_source_get(source, token, err));
    return use->send(use->context, token, err);
}

bool token_source_use(struct token_source *source, const struct token_use *use, struct error *err)
{
    struct bearer_token token = {.expires_ms = 0};
    bool ok = use_tokens(source, use, &token, err);
    bearer_token_wipe(&token);
    return ok;
}
