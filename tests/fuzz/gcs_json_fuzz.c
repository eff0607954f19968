/*
 * gcs_json_fuzz.c — what Google Cloud Storage and token endpoints answer: errors, listings,
 * batches, tokens; and the key file of a service account.
 */
#include <stdlib.h>

#include "storage/gcs_json.h"
#include "storage/gcs_service_account.h"
#include "storage/oauth_token.h"

#define CEILING ((size_t)16 << 20)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool holds)
{
    if (!holds)
        abort();
}

static bool take_name(void *context, struct slice name, uint64_t size, struct error *err)
{
    (void)size, (void)err;
    require(name.len <= *(const size_t *)context && slice_find(name, '\0') == name.len);
    return true;
}

static void read_token(struct slice text)
{
    struct bearer_token token = {.expires_ms = 0};
    if (!oauth_answer_parse(text, "it", 0, &token, NULL))
        return;
    require(token.text[0] > ' ' && token.expires_ms >= 0);
    require(strcspn(token.text, "\r\n ") == strlen(token.text));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slice text = {(const char *)data, size};
    struct gcs_fault fault = {SLICE_EMPTY, SLICE_EMPTY};
    struct gcs_service_account account;
    struct slice next;
    struct arena arena;
    long statuses[GCS_MAX_BATCH];
    if (size > 64 * 1024)
        return 0;
    arena_init(&arena, CEILING);
    require(gcs_fault_parse(text, &arena, &fault, NULL));
    require(slice_find(fault.message, '\n') == fault.message.len);
    (void)gcs_list_parse(text, take_name, &size, &arena, &next, NULL);
    if (gcs_batch_parse(text, GCS_MAX_BATCH, statuses, NULL))
        for (size_t i = 0; i < GCS_MAX_BATCH; i++)
            require(statuses[i] == 0 || (statuses[i] >= 100 && statuses[i] <= 599));
    read_token(text);
    if (gcs_service_account_parse(text, &arena, &account, NULL))
        require(account.client_email.len > 0 && account.token_uri.len > 0);
    arena_finish(&arena);
    return 0;
}
