/*
 * Shared access signatures for one table on Azure (storage/vending.h): signed by a user delegation
 * key, which Azure makes for the server's identity, or by the account's key where that is what the
 * server has.
 *
 * Spec: Azure Storage REST API, Get User Delegation Key; storage/azure_sas.h
 */
#include "base/limits.h"
#include "storage/adls_call.h"
#include "storage/adls_store.h"
#include "storage/adls_xml.h"
#include "storage/azure_sas.h"
#include "storage/secret_box.h"
#include "storage/vending.h"

#define LIFE_S 3600
/* Clocks differ: a key is good from before now on. */
#define BACKDATE_S (15 * 60)
#define MAX_KEY_ANSWER (64 * KIB)
#define MAX_SAS (16 * KIB)

static struct adls_place *place_of(const struct vended_request *request)
{
    return adls_place_of(store_place_ref(request->place));
}

/* --- the key -------------------------------------------------------------------------------- */

static bool read_key(struct adls_call *call, const struct adls_operation *operation,
                     struct arena *arena, struct azure_delegation_key *ret_key, struct error *err)
{
    /* It is the account that is asked. */
    call->object.container = call->object.key = SLICE_EMPTY;
    TRY(adls_call_send(call, operation, err));
    if (!adls_call_is_done(call))
        return adls_call_failed(call, err);
    return adls_delegation_key_parse(buffer_slice(call->answer.body), arena, ret_key, err);
}

static bool ask_for_key(const struct vended_request *request, int64_t now_s, struct arena *arena,
                        struct azure_delegation_key *ret_key, struct error *err)
{
    char start[AZURE_TIME_SIZE], expiry[AZURE_TIME_SIZE];
    struct adls_call call;
    struct buffer answer;
    azure_time_put(now_s - BACKDATE_S, start);
    azure_time_put(now_s + LIFE_S, expiry);
    struct slice body =
        arena_printf(arena, "<KeyInfo><Start>%s</Start><Expiry>%s</Expiry></KeyInfo>", start,
                     expiry);
    const struct adls_operation operation = {
        .method = "POST",
        .query = SLICE_LITERAL("restype=service&comp=userdelegationkey"),
        .body = body,
        .content_type = "application/xml",
    };
    buffer_init(&answer, MAX_KEY_ANSWER);
    bool ok = adls_call_init(&call, request->transport, place_of(request), request->location,
                             "make credentials for", &answer, err) &&
              (body.ptr || error_no_memory(err, "a request for a key")) &&
              read_key(&call, &operation, arena, ret_key, err);
    adls_call_finish(&call);
    secret_buffer_finish(&answer);
    return ok;
}

/* --- the signature -------------------------------------------------------------------------- */

static bool sign(const struct vended_request *request, int64_t now_s, struct arena *arena,
                 struct buffer *out, struct error *err)
{
    const struct adls_place *place = adls_place_of(request->place);
    struct azure_delegation_key key;
    struct adls_object object;
    TRY(adls_object_parse(request->location, arena, &object, err));
    if (place->tokens)
        TRY(ask_for_key(request, now_s, arena, &key, err));
    const struct azure_sas sas = {
        .account = object.account,
        .container = object.container,
        .directory = object.key,
        .rights = request->rights,
        .expires_s = now_s + LIFE_S,
        .is_https_only = !slice_starts_with(place->endpoint, SLICE_LITERAL("http://")),
        .account_key = place->account_key,
        .delegated = place->tokens ? &key : NULL,
    };
    return azure_sas_append(out, &sas, err) && buffer_check(out, "a signature", err);
}

static bool make(const struct vended_request *request, struct arena *arena,
                 struct s3_keys *ret_keys, struct error *err)
{
    int64_t now_s = clock_now_ms(http_transport_clock(request->transport)) / 1000;
    struct buffer text;
    buffer_init(&text, MAX_SAS);
    bool ok = sign(request, now_s, arena, &text, err);
    const struct s3_credentials texts = {SLICE_EMPTY, SLICE_EMPTY, buffer_slice(&text)};
    ok = ok && s3_keys_set(ret_keys, "Azure", &texts, (now_s + LIFE_S) * 1000, err);
    secret_buffer_finish(&text);
    return ok;
}

/* --- a probe -------------------------------------------------------------------------------- */

static bool probe(const struct vended_request *request, const struct s3_keys *keys,
                  const char *method, struct slice uri, struct slice body, long *ret_status,
                  struct error *err)
{
    struct adls_call call;
    struct buffer answer;
    const struct adls_operation operation = {.method = method,
                                             .body = body,
                                             .is_new_blob = strcmp(method, "PUT") == 0};
    buffer_init(&answer, 64 * KIB);
    bool ok =
        adls_call_init(&call, request->transport, place_of(request), uri, method, &answer, err);
    call.sas = slice_from_string(keys->session_token);
    ok = ok && adls_call_send(&call, &operation, err);
    *ret_status = call.answer.status;
    adls_call_finish(&call);
    buffer_finish(&answer);
    return ok;
}

const struct vending adls_vending = {
    "the role Storage Blob Data Contributor, and an account with a hierarchical namespace",

    make, probe};
