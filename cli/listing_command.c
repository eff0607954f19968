#include "cli/listing_command.h"

#include "cli/entity_name.h"
#include "cli/output.h"
#include "cli/remote.h"
#include "cli/show.h"

bool listing_print(struct command_run *run, const char *suffix, struct error *err)
{
    struct remote_request request = {.method = "GET",
                                     .place = REMOTE_NAMESPACE,
                                     .name = run->options.operands[0],
                                     .suffix = suffix};
    json_t *answer = NULL, *identifier;
    struct buffer out;
    size_t i;
    TRY(remote_send(run, &request, &answer, err));
    if (run->wants_json)
        return output_json(answer, err);
    buffer_init(&out, MAX_SHOWN_SIZE);
    json_array_foreach(json_object_get(answer, "identifiers"), i, identifier) {
        show_identifier(identifier, &out);
        buffer_append_byte(&out, '\n');
    }
    json_decref(answer);
    return show_end(&out, err);
}

bool rename_command(struct command_run *run, const char *suffix, struct error *err)
{
    json_t *from = NULL, *to = NULL, *answer = NULL;
    TRY(entity_name_identifier(run->options.operands[0], &from, err));
    if (!entity_name_identifier(run->options.operands[1], &to, err)) {
        json_decref(from);
        return false;
    }
    json_t *body = json_pack("{s:o, s:o}", "source", from, "destination", to);
    bool ok = (body || error_no_memory(err, "a request")) &&
              remote_send(run,
                          &(struct remote_request){.method = "POST",
                                                   .place = REMOTE_PREFIX,
                                                   .suffix = suffix,
                                                   .body = body},
                          &answer, err);
    json_decref(body);
    json_decref(answer);
    return ok && output_done(run->wants_json, "renamed", run->options.operands[1], err);
}
