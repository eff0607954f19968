#include "storage/gcs_json.h"

#include "base/json_tree.h"
#include "base/percent.h"

/* Of a message: enough for whom it concerns and what he lacks. */
#define MAX_SAID_SIZE 300
#define ID_PREFIX "call-"

/* --- faults ------------------------------------------------------------------------------- */

/* {"error": {"message", "errors": [{"reason"}]}} */
static void read_error(const json_t *tree, struct slice *reason, struct slice *message)
{
    const json_t *error = json_object_get(tree, "error");
    const json_t *first = json_array_get(json_object_get(error, "errors"), 0);
    const json_t *why = json_object_get(first, "reason");
    const json_t *said = json_object_get(error, "message");
    if (json_is_string(why))
        *reason = slice_printable(json_slice(why), MAX_SAID_SIZE);
    if (json_is_string(said))
        *message = slice_printable(json_slice(said), MAX_SAID_SIZE);
}

bool gcs_fault_parse(struct slice text, struct arena *arena, struct gcs_fault *ret_fault,
                     struct error *err)
{
    struct slice reason = SLICE_EMPTY, message = SLICE_EMPTY;
    json_t *tree = NULL;
    /* A page of HTML, of a proxy, tells nobody anything. */
    if (json_tree_parse(text, "an answer", &tree, NULL))
        read_error(tree, &reason, &message);
    else if (!slice_starts_with(text, SLICE_LITERAL("<")))
        message = slice_printable(text, MAX_SAID_SIZE);
    struct gcs_fault fault = {arena_slice(arena, reason), arena_slice(arena, message)};
    json_decref(tree);
    if (!fault.reason.ptr || !fault.message.ptr)
        return error_no_memory(err, "an answer of an object store");
    *ret_fault = fault;
    return true;
}

/* --- listings ----------------------------------------------------------------------------- */

/* {"name": …, "size": "123"}: 64 bits do not pass through JavaScript's numbers. */
static bool visit_item(const json_t *item, list_name_fn visit, void *context, struct error *err)
{
    struct slice name, size = SLICE_LITERAL("0");
    int64_t bytes = 0;
    struct error cause = {0};
    if (!json_get_string(item, "name", &name, &cause) ||
        !json_opt_string(item, "size", &size, &cause))
        return error_set(err, ERROR_CORRUPT, "a listing's item: %s", cause.message);
    if (!slice_to_int64(size, &bytes) || bytes < 0)
        return error_set(err, ERROR_CORRUPT, "the size of '%.*s' is no number", SLICE_ARG(name));
    return visit(context, name, (uint64_t)bytes, err);
}

static bool visit_items(const json_t *tree, list_name_fn visit, void *context, struct error *err)
{
    const json_t *item;
    size_t i;
    json_t *items = NULL;
    if (!json_is_object(tree) || !json_opt_array(tree, "items", &items, NULL))
        return error_set(err, ERROR_CORRUPT, "the answer is no listing");
    json_array_foreach(items, i, item)
        TRY(visit_item(item, visit, context, err));
    return true;
}

static bool read_next(const json_t *tree, struct arena *arena, struct slice *ret_next,
                      struct error *err)
{
    struct slice next = SLICE_EMPTY;
    if (!json_opt_string(tree, "nextPageToken", &next, NULL))
        return error_set(err, ERROR_CORRUPT, "the token of a listing's next page is no text");
    *ret_next = arena_slice(arena, next);
    return ret_next->ptr || error_no_memory(err, "a listing");
}

bool gcs_list_parse(struct slice json, list_name_fn visit, void *context, struct arena *arena,
                    struct slice *ret_next, struct error *err)
{
    json_t *tree = NULL;
    struct error cause = {0};
    if (!json_tree_parse(json, "a listing", &tree, &cause))
        return error_set(err, cause.kind == ERROR_NO_MEMORY ? cause.kind : ERROR_CORRUPT, "%s",
                         cause.message);
    bool ok = visit_items(tree, visit, context, err) && read_next(tree, arena, ret_next, err);
    json_decref(tree);
    return ok;
}

/* --- batches ------------------------------------------------------------------------------ */

void gcs_batch_append(struct buffer *out, struct slice bucket, const struct slice *names,
                      size_t count)
{
    for (size_t i = 0; i < count; i++) {
        buffer_printf(out,
                      "--" GCS_BATCH_BOUNDARY "\r\nContent-Type: application/http\r\n"
                      "Content-ID: <" ID_PREFIX "%zu>\r\n\r\nDELETE /storage/v1/b/",
                      i);
        percent_append(out, bucket);
        buffer_append_string(out, "/o/");
        percent_append(out, names[i]);
        buffer_append_string(out, " HTTP/1.1\r\n\r\n");
    }
    buffer_append_string(out, "--" GCS_BATCH_BOUNDARY "--\r\n");
}

/* What stands before the first `mark`, and *rest what is behind it; the whole where it is not
 * there. */
static struct slice cut(struct slice text, struct slice mark, struct slice *rest)
{
    const char *found = memmem(text.ptr, text.len, mark.ptr, mark.len);
    size_t size = found ? (size_t)(found - text.ptr) : text.len;
    *rest = slice_from(text, size + mark.len);
    return slice_make(text.ptr, size);
}

/* "…<response-call-7>…" in the head of a part. */
static bool read_id(struct slice head, size_t count, size_t *ret_index)
{
    struct slice rest, unused;
    int64_t index = 0;
    cut(head, SLICE_LITERAL("<response-" ID_PREFIX), &rest);
    struct slice number = cut(rest, SLICE_LITERAL(">"), &unused);
    if (!slice_to_int64(number, &index) || index < 0 || (uint64_t)index >= count)
        return false;
    *ret_index = (size_t)index;
    return true;
}

/* "HTTP/1.1 204 No Content" */
static long read_status(struct slice answer)
{
    struct slice rest, unused;
    int64_t status = 0;
    if (!slice_starts_with(answer, SLICE_LITERAL("HTTP/")))
        return 0;
    struct slice line = cut(answer, SLICE_LITERAL("\r\n"), &unused);
    cut(line, SLICE_LITERAL(" "), &rest);
    bool ok = slice_to_int64(slice_make(rest.ptr, slice_find(rest, ' ')), &status);
    return ok && status >= 100 && status <= 599 ? (long)status : 0;
}

bool gcs_batch_parse(struct slice multipart, size_t count, long *ret_statuses, struct error *err)
{
    struct slice rest;
    struct slice delimiter = cut(multipart, SLICE_LITERAL("\r\n"), &rest);
    if (delimiter.len < 3 || !slice_starts_with(delimiter, SLICE_LITERAL("--")))
        return error_set(err, ERROR_CORRUPT, "the answer to a batch has no parts");
    memset(ret_statuses, 0, count * sizeof *ret_statuses);
    while (rest.len > 0) {
        struct slice answer;
        struct slice part = cut(rest, delimiter, &rest);
        struct slice head = cut(part, SLICE_LITERAL("\r\n\r\n"), &answer);
        size_t index = 0;
        if (read_id(head, count, &index))
            ret_statuses[index] = read_status(answer);
    }
    return true;
}
