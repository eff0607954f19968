#include "storage/azure_sas.h"

#include <stdio.h>
#include <time.h>

#include "base/limits.h"
#include "base/percent.h"
#include "storage/azure_sign.h"
#include "storage/secret_box.h"

#define SAS_VERSION "2020-12-06"
#define MAX_TEXT (64 * KIB)
#define MAX_SIGNATURE 128
/* read, add, create, write, delete, list */
#define PERMISSIONS_WRITE "racwdl"
#define PERMISSIONS_READ "rl"

void azure_time_put(int64_t time_s, char ret_text[AZURE_TIME_SIZE])
{
    struct tm parts;
    time_t time = (time_t)time_s;
    gmtime_r(&time, &parts);
    if (strftime(ret_text, AZURE_TIME_SIZE, "%Y-%m-%dT%H:%M:%SZ", &parts) == 0)
        ret_text[0] = '\0'; /* a year of five digits: no server would take it */
}

static struct slice permissions(const struct azure_sas *sas)
{
    return sas->rights == SESSION_READ ? SLICE_LITERAL(PERMISSIONS_READ)
                                       : SLICE_LITERAL(PERMISSIONS_WRITE);
}

static void line(struct buffer *out, struct slice text)
{
    buffer_append_slice(out, text);
    buffer_append_byte(out, '\n');
}

/* Whose key it is, and three fields that we leave empty; in their place a policy's name, which is
 * another. */
static void append_signer(struct buffer *out, const struct azure_delegation_key *key)
{
    if (!key) {
        line(out, SLICE_EMPTY);
        return;
    }
    const struct slice parts[] = {key->object_id, key->tenant_id, key->start,
                                  key->expiry,    key->service,   key->version,
                                  SLICE_EMPTY,    SLICE_EMPTY,    SLICE_EMPTY};
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++)
        line(out, parts[i]);
}

bool azure_sas_string_to_sign_append(struct buffer *out, const struct azure_sas *sas,
                                     struct error *err)
{
    char expiry[AZURE_TIME_SIZE];
    if (sas->directory.len == 0)
        return error_set(err, ERROR_VALIDATION,
                         "the root of container '%.*s' has no credentials of its own: give the "
                         "table a directory",
                         SLICE_ARG(sas->container));
    azure_time_put(sas->expires_s, expiry);
    line(out, permissions(sas));
    line(out, SLICE_EMPTY); /* good from now on */
    line(out, slice_from_string(expiry));
    buffer_printf(out, "/blob/%.*s/%.*s/", SLICE_ARG(sas->account), SLICE_ARG(sas->container));
    line(out, sas->directory);
    append_signer(out, sas->delegated);
    line(out, SLICE_EMPTY); /* from any address */
    line(out, sas->is_https_only ? SLICE_LITERAL("https") : SLICE_EMPTY);
    line(out, SLICE_LITERAL(SAS_VERSION));
    line(out, SLICE_LITERAL("d"));
    /* Snapshot, encryption scope, and four headers of answers; the last line does not end. */
    buffer_append_string(out, "\n\n\n\n\n\n");
    return true;
}

static void add(struct buffer *out, const char *name, struct slice value)
{
    buffer_printf(out, "%s%s=", out->len > 0 ? "&" : "", name);
    percent_append(out, value);
}

static size_t depth_of(struct slice directory)
{
    size_t depth = 1;
    for (size_t i = 0; i < directory.len; i++)
        depth += directory.ptr[i] == '/';
    return depth;
}

static void append_fields(struct buffer *out, const struct azure_sas *sas, struct slice signature)
{
    const struct azure_delegation_key *key = sas->delegated;
    char expiry[AZURE_TIME_SIZE];
    azure_time_put(sas->expires_s, expiry);
    add(out, "sv", SLICE_LITERAL(SAS_VERSION));
    if (sas->is_https_only)
        add(out, "spr", SLICE_LITERAL("https"));
    add(out, "se", slice_from_string(expiry));
    add(out, "sr", SLICE_LITERAL("d"));
    buffer_printf(out, "&sdd=%zu", depth_of(sas->directory));
    add(out, "sp", permissions(sas));
    if (key) {
        add(out, "skoid", key->object_id);
        add(out, "sktid", key->tenant_id);
        add(out, "skt", key->start);
        add(out, "ske", key->expiry);
        add(out, "sks", key->service);
        add(out, "skv", key->version);
    }
    add(out, "sig", signature);
}

bool azure_sas_append(struct buffer *out, const struct azure_sas *sas, struct error *err)
{
    struct buffer text, signature;
    buffer_init(&text, MAX_TEXT);
    buffer_init(&signature, MAX_SIGNATURE);
    bool ok =
        azure_sas_string_to_sign_append(&text, sas, err) &&
        buffer_check(&text, "a signature", err) &&
        azure_signature_append(&signature, buffer_slice(&text),
                               sas->delegated ? sas->delegated->value : sas->account_key, err) &&
        buffer_check(&signature, "a signature", err);
    if (ok)
        append_fields(out, sas, buffer_slice(&signature));
    buffer_finish(&text);
    secret_buffer_finish(&signature);
    return ok;
}
