#include "storage/s3_fault.h"

#include <curl/curl.h>
#include <time.h>

#include "storage/fault_cure.h"

#define REGION_TEXT "the bucket %b is in another region%r: set the warehouse's region to it"

/* Words of the texts: `%b` is the bucket, `%e` the endpoint, `%r` the region that the answer names,
 * `%c` by how much the clocks differ. */
static const struct fault_cure CURES[] = {
    {"NoSuchBucket", ERROR_STORAGE,
     "there is no bucket %b at %e: make it, or change the warehouse's location"},
    {"AccessDenied", ERROR_STORAGE,
     "the credentials may not do that: allow them to get, put, list and delete objects there"},
    {"AllAccessDisabled", ERROR_STORAGE, "the bucket %b is closed: see its owner"},
    {"AccountProblem", ERROR_STORAGE, "the account of the bucket has a problem: see its owner"},
    {"InvalidAccessKeyId", ERROR_STORAGE,
     "the access key id is unknown to %e: check the warehouse's credentials and endpoint"},
    {"SignatureDoesNotMatch", ERROR_STORAGE,
     "the secret access key is wrong, or something between changes requests: check the warehouse's "
     "credentials"},
    {"ExpiredToken", ERROR_STORAGE, "the session token has expired: give the warehouse new keys"},
    {"ExpiredTokenException", ERROR_STORAGE,
     "the session token has expired: give the warehouse new keys"},
    {"InvalidToken", ERROR_STORAGE,
     "the session token is no good at %e: give the warehouse new keys"},
    {"InvalidTokenId", ERROR_STORAGE,
     "the session token is no good at %e: give the warehouse new keys"},
    {"TokenRefreshRequired", ERROR_STORAGE,
     "the session token has expired: give the warehouse new keys"},
    {"RequestTimeTooSkewed", ERROR_STORAGE,
     "this machine's clock and the store's differ%c: set the clock (NTP)"},
    {"RequestExpired", ERROR_STORAGE,
     "this machine's clock and the store's differ%c: set the clock (NTP)"},
    {"PermanentRedirect", ERROR_STORAGE, REGION_TEXT},
    {"TemporaryRedirect", ERROR_STORAGE, REGION_TEXT},
    {"AuthorizationHeaderMalformed", ERROR_STORAGE, REGION_TEXT},
    {"IllegalLocationConstraintException", ERROR_STORAGE, REGION_TEXT},
    {"InvalidRegion", ERROR_STORAGE, REGION_TEXT},
    {"InvalidBucketName", ERROR_BAD_REQUEST,
     "the store takes no bucket of the name %b: change the warehouse's location"},
    {"KeyTooLongError", ERROR_BAD_REQUEST,
     "a key has at most 1,024 bytes: use shorter names or another location"},
    {"XMinioInvalidObjectName", ERROR_BAD_REQUEST, "the store takes no such name: use another"},
    {"InvalidObjectState", ERROR_STORAGE, "the object is archived: restore it first"},
    {"SlowDown", ERROR_OVERLOADED, "the store wants fewer requests: try again later"},
    {"ServiceUnavailable", ERROR_OVERLOADED, "the store wants fewer requests: try again later"},
    {"Busy", ERROR_OVERLOADED, "the store wants fewer requests: try again later"},
    {"RequestTimeout", ERROR_STORAGE, "the request did not arrive in time: try again"},
    {"InternalError", ERROR_STORAGE, "the store failed: try again, or look at the store's log"},
    {"QuotaExceeded", ERROR_STORAGE_FULL, "the store is full: make room, or raise its quota"},
    {"XMinioStorageFull", ERROR_STORAGE_FULL, "the store is full: make room"},
    {"XMinioAdminBucketQuotaExceeded", ERROR_STORAGE_FULL,
     "the bucket %b is full: raise its quota"},
    {"InvalidRequest", ERROR_STORAGE,
     "the store does not take such a request: is %e an S3 "
     "endpoint of today?"},
};

/* By the status alone, where the answer has no code. */
static const struct fault_cure *cure_of_status(long status)
{
    static const struct fault_cure BUSY = {"", ERROR_OVERLOADED,
                                           "the store wants fewer requests: try again later"};
    static const struct fault_cure REDIRECTED = {"", ERROR_STORAGE, REGION_TEXT};
    static const struct fault_cure DENIED = {
        "", ERROR_STORAGE,
        "the credentials may not do that: check them, and what they "
        "are allowed"};
    static const struct fault_cure OTHER = {"", ERROR_STORAGE,
                                            "look at the store's log, and check that %e is an S3 "
                                            "endpoint"};
    if (status == 429 || status == 503)
        return &BUSY;
    if (status == 301 || status == 307)
        return &REDIRECTED;
    return status == 401 || status == 403 ? &DENIED : &OTHER;
}

/* " by 1200 seconds, this one is behind": what the answer's Date header says. */
static void append_skew(struct buffer *out, const struct s3_trial *trial,
                        const struct http_answer *answer)
{
    time_t theirs = curl_getdate(answer->headers[HTTP_ANSWER_DATE], NULL);
    long long ahead_s = trial->now_ms / 1000 - (long long)theirs;
    if (theirs > 0)
        buffer_printf(out, " by %lld seconds, this one is %s", llabs(ahead_s),
                      ahead_s < 0 ? "behind" : "ahead");
}

static void append_region(struct buffer *out, const struct http_answer *answer,
                          const struct s3_fault *fault)
{
    struct slice region = fault->region;
    if (region.len == 0)
        region = slice_from_string(answer->headers[HTTP_ANSWER_REGION]);
    if (region.len > 0)
        buffer_printf(out, ", %.*s", SLICE_ARG(region));
}

struct words {
    const struct s3_trial *trial;
    const struct http_answer *answer;
    const struct s3_fault *fault;
};

static void append_word(struct buffer *out, char letter, const void *context)
{
    const struct words *words = context;
    if (letter == 'b')
        buffer_append_slice(out, words->trial->bucket);
    else if (letter == 'e')
        buffer_append_slice(out, words->trial->place->endpoint);
    else if (letter == 'r')
        append_region(out, words->answer, words->fault);
    else if (letter == 'c')
        append_skew(out, words->trial, words->answer);
}

bool s3_fault_of(const struct http_answer *answer, struct arena *arena, struct s3_fault *ret_fault,
                 struct error *err)
{
    if (s3_fault_parse(buffer_slice(answer->fault), arena, ret_fault, NULL))
        return true;
    *ret_fault = (struct s3_fault){arena_printf(arena, "HTTP %ld", answer->status), SLICE_EMPTY,
                                   SLICE_EMPTY};
    return ret_fault->code.ptr || error_no_memory(err, "an answer of an object store");
}

bool s3_fault_error(const struct s3_trial *trial, const struct http_answer *answer,
                    const struct s3_fault *fault, struct error *err)
{
    const struct fault_cure *cure =
        fault_cure_find(CURES, sizeof CURES / sizeof CURES[0], fault->code);
    if (slice_equals_string(fault->code, "NoSuchKey") ||
        (answer->status == 404 && !cure && slice_starts_with(fault->code, SLICE_LITERAL("HTTP "))))
        return error_set(err, ERROR_NOT_FOUND, "'%.*s' does not exist", SLICE_ARG(trial->uri));
    if (!cure)
        cure = cure_of_status(answer->status);
    const struct words words = {trial, answer, fault};
    const struct fault_cure_sentence sentence = {trial->verb, trial->uri, fault->code, append_word,
                                                 &words};
    return fault_cure_tell(&sentence, cure->kind, cure->text, err);
}

bool s3_fault_is_of_old_keys(const struct s3_fault *fault)
{
    static const char *const CODES[] = {"ExpiredToken",         "ExpiredTokenException",
                                        "InvalidToken",         "InvalidTokenId",
                                        "TokenRefreshRequired", "InvalidAccessKeyId"};
    for (size_t i = 0; i < sizeof CODES / sizeof CODES[0]; i++)
        if (slice_equals_string(fault->code, CODES[i]))
            return true;
    return false;
}

bool s3_fault_is_of_lack(const struct http_answer *answer, const struct s3_fault *fault)
{
    return answer->status == 501 || answer->status == 405 ||
           slice_equals_string(fault->code, "NotImplemented") ||
           slice_equals_string(fault->code, "MethodNotAllowed");
}
