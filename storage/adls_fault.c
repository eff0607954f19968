#include "storage/adls_fault.h"

#include <curl/curl.h>
#include <time.h>

#include "storage/fault_cure.h"

#define ROLE_TEXT                                                                          \
    "the identity may not do that: give it the role Storage Blob Data Contributor on the " \
    "container"
#define BUSY_TEXT "the store wants fewer requests: try again later"

/* Words of the texts: `%b` is the container, `%a` the account, `%e` the endpoint, `%c` by how much
 * the clocks differ. */
static const struct fault_cure CURES[] = {
    {"ContainerNotFound", ERROR_STORAGE,
     "there is no container %b in account %a: make it, or change the warehouse's location"},
    {"ContainerBeingDeleted", ERROR_STORAGE,
     "the container %b is being deleted: make it anew when it is gone"},
    {"ContainerDisabled", ERROR_STORAGE, "the container %b is closed: see its owner"},
    {"ResourceNotFound", ERROR_STORAGE,
     "%e has no account %a, or no such container: check the warehouse's location and endpoint"},
    {"AccountIsDisabled", ERROR_STORAGE, "the account %a is disabled: see its owner"},
    {"AccountBeingCreated", ERROR_STORAGE, "the account %a is being made: try again later"},
    {"AuthenticationFailed", ERROR_STORAGE,
     "the account key or the token is wrong for account %a, or this machine's clock%c is: check "
     "the "
     "warehouse's credentials"},
    {"InvalidAuthenticationInfo", ERROR_STORAGE,
     "%e does not take the token: check the warehouse's tenant, client and endpoint"},
    {"NoAuthenticationInformation", ERROR_STORAGE,
     "%e wants credentials: give the warehouse an account key or an identity"},
    {"KeyBasedAuthenticationNotPermitted", ERROR_STORAGE,
     "the account %a takes no account key: use client-secret or instance"},
    {"AuthorizationFailure", ERROR_STORAGE,
     "the account's firewall, its key, or what the identity may do forbids it: check the "
     "warehouse's credentials, and allow this machine's network"},
    {"AuthorizationPermissionMismatch", ERROR_STORAGE, ROLE_TEXT},
    {"InsufficientAccountPermissions", ERROR_STORAGE, ROLE_TEXT},
    {"AuthorizationSourceIPMismatch", ERROR_STORAGE,
     "the account's firewall forbids it: allow this machine's network"},
    {"PublicAccessNotPermitted", ERROR_STORAGE,
     "%e wants credentials: give the warehouse an account key or an identity"},
    {"AccountRequiresHttps", ERROR_STORAGE, "the account wants https: change the endpoint"},
    {"InvalidResourceName", ERROR_BAD_REQUEST,
     "the store takes no such name: use another location"},
    {"InvalidUri", ERROR_BAD_REQUEST, "the store takes no such name: use another"},
    {"ResourceTypeMismatch", ERROR_BAD_REQUEST, "a directory has that name: use another location"},
    {"PathConflict", ERROR_BAD_REQUEST, "a directory has that name: use another location"},
    {"DirectoryIsNotEmpty", ERROR_STORAGE, "it is a directory that holds files"},
    {"LeaseIdMissing", ERROR_STORAGE, "somebody holds a lease of it: break the lease"},
    {"BlobImmutableDueToPolicy", ERROR_STORAGE,
     "the container's policy keeps what is there from change: see its owner"},
    {"SnapshotsPresent", ERROR_STORAGE, "it has snapshots, which only their owner deletes"},
    {"BlobArchived", ERROR_STORAGE, "the object is archived: rehydrate it first"},
    {"Md5Mismatch", ERROR_STORAGE, "what arrived is not what was sent: look at what lies between"},
    {"ServerBusy", ERROR_OVERLOADED, BUSY_TEXT},
    {"OperationTimedOut", ERROR_STORAGE, "the store took too long: try again"},
    {"InternalError", ERROR_STORAGE, "the store failed: try again, or look at Azure's status"},
    {"AccountLimitExceeded", ERROR_STORAGE_FULL, "the account %a is full: see its limits"},
    {"UnsupportedHttpVerb", ERROR_STORAGE, "is %e the Blob service of an account?"},
    {"InvalidHeaderValue", ERROR_STORAGE,
     "the store does not take such a request: is %e a Blob service of today?"},
};

struct slice adls_fault_code(const struct http_answer *answer)
{
    return slice_from_string(answer->headers[HTTP_ANSWER_ERROR_CODE]);
}

/* By the status alone, where the answer has no code that is known. */
static const struct fault_cure *cure_of_status(long status)
{
    static const struct fault_cure BUSY = {"", ERROR_OVERLOADED, BUSY_TEXT};
    static const struct fault_cure DENIED = {
        "", ERROR_STORAGE,
        "the credentials may not do that: check them, and what they "
        "are allowed"};
    static const struct fault_cure OTHER = {
        "", ERROR_STORAGE,
        "look at the store, and check that %e is the Blob service of "
        "account %a"};
    if (status == 429 || status == 503)
        return &BUSY;
    return status == 401 || status == 403 ? &DENIED : &OTHER;
}

/* ", by 1200 seconds off the store's,": what the answer's Date header says. */
static void append_skew(struct buffer *out, const struct adls_trial *trial,
                        const struct http_answer *answer)
{
    time_t theirs = curl_getdate(answer->headers[HTTP_ANSWER_DATE], NULL);
    long long skew_s = theirs > 0 ? (long long)(trial->now_ms / 1000 - theirs) : 0;
    if (skew_s < -1 || skew_s > 1)
        buffer_printf(out, ", %lld seconds from the store's,", skew_s);
}

struct words {
    const struct adls_trial *trial;
    const struct http_answer *answer;
};

static void append_word(struct buffer *out, char letter, const void *context)
{
    const struct words *words = context;
    if (letter == 'b')
        buffer_append_slice(out, words->trial->object->container);
    else if (letter == 'a')
        buffer_append_slice(out, words->trial->object->account);
    else if (letter == 'e')
        buffer_append_slice(out, words->trial->endpoint);
    else if (letter == 'c')
        append_skew(out, words->trial, words->answer);
}

bool adls_fault_is_of_no_object(const struct http_answer *answer)
{
    struct slice code = adls_fault_code(answer);
    return answer->status == 404 && (code.len == 0 || slice_equals_string(code, "BlobNotFound") ||
                                     slice_equals_string(code, "PathNotFound"));
}

bool adls_fault_error(const struct adls_trial *trial, const struct http_answer *answer,
                      struct error *err)
{
    char status[24];
    struct slice code = adls_fault_code(answer);
    const struct fault_cure *cure = fault_cure_find(CURES, sizeof CURES / sizeof CURES[0], code);
    if (adls_fault_is_of_no_object(answer))
        return error_set(err, ERROR_NOT_FOUND, "'%.*s' does not exist", SLICE_ARG(trial->uri));
    if (code.len == 0) {
        snprintf(status, sizeof status, "HTTP %ld", answer->status);
        code = slice_from_string(status);
    }
    if (!cure)
        cure = cure_of_status(answer->status);
    const struct words words = {trial, answer};
    const struct fault_cure_sentence sentence = {trial->verb, trial->uri, code, append_word,
                                                 &words};
    return fault_cure_tell(&sentence, cure->kind, cure->text, err);
}
