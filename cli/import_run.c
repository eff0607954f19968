/* Namespaces made and metadata registered, one after the other (cli/import.h). */
#include "cli/import.h"

#include "base/buffer.h"
#include "base/json_tree.h"
#include "base/limits.h"
#include "base/percent.h"
#include "cli/remote.h"

#define NO_MEMORY(err) error_no_memory((err), "the report")

static bool set_state(json_t *entry, const char *state, const char *reason, struct error *err)
{
    bool ok = json_object_set_new(entry, "state", json_string(state)) == 0 &&
              (!reason || json_object_set_new(entry, "reason", json_string(reason)) == 0);
    return ok || NO_MEMORY(err);
}

/* What one entry meets is told of it, and the run goes on; not where nobody answers. */
static bool set_failure(struct import *import, json_t *entry, const char *state,
                        const struct error *cause, struct error *err)
{
    if (import->run->code == EXIT_NO_SERVER || cause->kind == ERROR_NO_MEMORY) {
        *err = *cause;
        return false;
    }
    import->run->code = EXIT_DONE;
    return set_state(entry, state, cause->message, err);
}

static const char *text_of(const json_t *object, const char *name)
{
    return json_string_value(json_object_get(object, name));
}

/* --- calls to Firn ---------------------------------------------------------------------------- */

/* "/namespaces/a%1Fb" and what follows. */
static bool put_suffix(const json_t *levels, const char *rest, struct buffer *suffix,
                       struct error *err)
{
    size_t i;
    json_t *level;
    buffer_append_string(suffix, "/namespaces");
    json_array_foreach(levels, i, level) {
        buffer_append_string(suffix, i == 0 ? "/" : "%1F");
        percent_append(suffix, json_slice(level));
    }
    buffer_append_string(suffix, rest);
    buffer_append_byte(suffix, '\0');
    return buffer_check(suffix, "the address", err);
}

static bool call(struct import *import, struct remote_request request, const json_t *levels,
                 const char *rest, json_t **ret_answer, struct error *err)
{
    struct buffer suffix;
    buffer_init(&suffix, MAX_URI_SIZE);
    request.client = import->client;
    bool ok = put_suffix(levels, rest, &suffix, err);
    if (ok) {
        request.suffix = suffix.ptr;
        ok = remote_send(import->run, &request, ret_answer, err);
    }
    buffer_finish(&suffix);
    return ok;
}

/* --- namespaces ------------------------------------------------------------------------------- */

static bool look_for_namespace(struct import *import, json_t *entry, struct error *err)
{
    struct remote_request request = {.method = "GET", .place = REMOTE_PREFIX};
    struct error cause = {0};
    json_t *answer = NULL;
    if (call(import, request, json_object_get(entry, "namespace"), "", &answer, &cause)) {
        json_decref(answer);
        return set_state(entry, "present", NULL, err);
    }
    if (import->run->code != EXIT_NOT_THERE)
        return set_failure(import, entry, "failed", &cause, err);
    import->run->code = EXIT_DONE;
    return set_state(entry, "absent", NULL, err);
}

/* One that is there keeps the properties that it has. */
static bool make_namespace(struct import *import, json_t *entry, struct error *err)
{
    struct error cause = {0};
    json_t *answer = NULL;
    json_t *body = json_pack("{s:O, s:O}", "namespace", json_object_get(entry, "namespace"),
                             "properties", json_object_get(entry, "properties"));
    struct remote_request request = {.method = "POST",
                                     .place = REMOTE_PREFIX,
                                     .suffix = "/namespaces",
                                     .body = body,
                                     .client = import->client};
    if (body == NULL)
        return NO_MEMORY(err);
    bool ok = remote_send(import->run, &request, &answer, &cause);
    json_decref(body);
    json_decref(answer);
    if (ok)
        return set_state(entry, "created", NULL, err);
    if (import->run->code != EXIT_CONFLICT)
        return set_failure(import, entry, "failed", &cause, err);
    import->run->code = EXIT_DONE;
    return set_state(entry, "present", NULL, err);
}

static bool run_namespaces(struct import *import, struct error *err)
{
    const char *key;
    json_t *entry;
    json_object_foreach(import->namespaces, key, entry)
        TRY(import->is_dry ? look_for_namespace(import, entry, err)
                           : make_namespace(import, entry, err));
    return true;
}

/* --- tables and views ------------------------------------------------------------------------- */

static bool ask_verdict(struct import *import, const json_t *item, json_t **ret_verdict,
                        struct error *err)
{
    json_t *body =
        json_pack("{s:O, s:O, s:O, s:O}", "type", json_object_get(item, "type"), "namespace",
                  json_object_get(item, "namespace"), "name", json_object_get(item, "name"),
                  "metadata-location", json_object_get(item, "metadata-location"));
    struct remote_request request = {.method = "POST",
                                     .place = REMOTE_WAREHOUSE,
                                     .name = option_text(&import->run->options, FLAG_WAREHOUSE),
                                     .suffix = "/check-register",
                                     .body = body,
                                     .client = import->client};
    if (body == NULL)
        return NO_MEMORY(err);
    bool ok = remote_send(import->run, &request, ret_verdict, err);
    json_decref(body);
    return ok;
}

/* The source may say a uuid that is not the file's: then one of both is wrong. */
static bool is_other_uuid(const json_t *item, const json_t *verdict)
{
    const json_t *told = json_object_get(item, "uuid"), *read = json_object_get(verdict, "uuid");
    return json_is_string(told) && json_is_string(read) &&
           !slice_equals_ignore_case(json_slice(told), json_slice(read));
}

static bool keep_verdict(struct import *import, json_t *item, const json_t *verdict,
                         struct error *err)
{
    const char *outside = text_of(verdict, "outside");
    if (outside && (json_object_set_new(import->outside, outside, json_null()) != 0 ||
                    json_object_set_new(item, "outside", json_string(outside)) != 0))
        return NO_MEMORY(err);
    if (is_other_uuid(item, verdict))
        return set_state(item, "refused", "its metadata file has another uuid than the source says",
                         err);
    if (json_is_string(json_object_get(verdict, "uuid")) &&
        json_object_set(item, "uuid", json_object_get(verdict, "uuid")) != 0)
        return NO_MEMORY(err);
    return set_state(item, text_of(verdict, "state"), text_of(verdict, "reason"), err);
}

static bool check_item(struct import *import, json_t *item, struct error *err)
{
    struct error cause = {0};
    json_t *verdict = NULL;
    if (!ask_verdict(import, item, &verdict, &cause))
        return set_failure(import, item, "failed", &cause, err);
    bool ok = text_of(verdict, "state") ? keep_verdict(import, item, verdict, err)
                                        : error_set(err, ERROR_INTERNAL,
                                                    "The server's answer says nothing: is it this "
                                                    "version of firn?");
    json_decref(verdict);
    return ok;
}

static bool register_item(struct import *import, json_t *item, struct error *err)
{
    bool is_view = strcmp(text_of(item, "type"), "view") == 0;
    struct error cause = {0};
    json_t *answer = NULL;
    json_t *body = json_pack("{s:O, s:O}", "name", json_object_get(item, "name"),
                             "metadata-location", json_object_get(item, "metadata-location"));
    struct remote_request request = {.method = "POST", .place = REMOTE_PREFIX, .body = body};
    if (body == NULL)
        return NO_MEMORY(err);
    bool ok = call(import, request, json_object_get(item, "namespace"),
                   is_view ? "/register-view" : "/register", &answer, &cause);
    json_decref(body);
    json_decref(answer);
    return ok ? set_state(item, "imported", NULL, err)
              : set_failure(import, item, "failed", &cause, err);
}

static bool is_state(const json_t *item, const char *state)
{
    const char *own = text_of(item, "state");
    return own && strcmp(own, state) == 0;
}

static bool locate(struct import *import, json_t *item, struct error *err)
{
    struct error cause = {0};
    if (import->source->locate == NULL || import->source->locate(import, item, &cause))
        return true;
    return set_failure(import, item, "refused", &cause, err);
}

static bool run_item(struct import *import, json_t *item, struct error *err)
{
    if (!is_state(item, "refused"))
        TRY(locate(import, item, err));
    if (is_state(item, "refused"))
        return true;
    if (!json_is_string(json_object_get(item, "metadata-location")))
        return import_refuse_item(item, "the source does not say where its metadata file is", err);
    TRY(check_item(import, item, err));
    return import->is_dry || !is_state(item, "ready") || register_item(import, item, err);
}

static bool run_items(struct import *import, struct error *err)
{
    int64_t total = (int64_t)json_array_size(import->items);
    size_t i;
    json_t *item;
    json_array_foreach(import->items, i, item) {
        progress_show(&import->progress, "tables and views", (int64_t)i, total);
        TRY(run_item(import, item, err));
    }
    progress_wipe(&import->progress);
    return true;
}

bool import_run(struct import *import, struct error *err)
{
    return run_namespaces(import, err) && run_items(import, err);
}
