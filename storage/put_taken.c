#include "storage/put_taken.h"

bool put_taken_by_another(struct slice uri, struct error *err)
{
    return error_set(err, ERROR_ALREADY_EXISTS, "'%.*s' already exists", SLICE_ARG(uri));
}

bool put_taken_by_own(struct http_answer *answer, struct slice uri, struct slice bytes,
                      bool (*read)(void *call, struct error *err), void *call, struct error *err)
{
    struct buffer found, *before = answer->body;
    struct error cause = {0};
    buffer_init(&found, bytes.len + 1);
    answer->body = &found;
    bool ok = read(call, &cause);
    bool is_own = ok && answer->status >= 200 && answer->status < 300 &&
                  slice_equals(buffer_slice(&found), bytes);
    /* One that is larger is not ours. */
    if (!ok && cause.kind == ERROR_TOO_LARGE)
        ok = true;
    answer->body = before;
    buffer_finish(&found);
    if (!ok)
        return error_set(err, cause.kind, "%s", cause.message);
    return is_own || put_taken_by_another(uri, err);
}
