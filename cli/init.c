#include "cli/init.h"

#include <stdlib.h>
#include <string.h>

#include "base/json_write.h"
#include "storage/location.h"

/* --- texts ------------------------------------------------------------------------------------ */

struct buffer *init_add_text(struct init *init, const char *path, mode_t mode, struct error *err)
{
    if (init->count == MAX_INIT_OUTPUTS) {
        (void)error_set(err, ERROR_INTERNAL, "There is no room for the file %s", path);
        return NULL;
    }
    struct init_output *output = &init->outputs[init->count++];
    output->path = path;
    output->mode = mode;
    buffer_init(&output->text, MAX_INIT_TEXT);
    return &output->text;
}

struct buffer *init_add(struct init *init, enum init_file_id id, size_t skipped, struct error *err)
{
    struct buffer *text = init_add_text(init, init_file_path(id) + skipped, 0644, err);
    if (text == NULL)
        return NULL;
    buffer_append_slice(text, init_file(id));
    return buffer_check(text, "a file", err) ? text : NULL;
}

static const char *find(const struct buffer *text, const char *from, const char *old)
{
    size_t rest = text->len - (size_t)(from - text->ptr);
    return memmem(from, rest, old, strlen(old));
}

/* Once: an edit that could mean two places means none. */
bool init_replace(struct buffer *out, const char *old, struct slice text, struct error *err)
{
    const char *at = out->len > 0 ? find(out, out->ptr, old) : NULL;
    if (at == NULL || find(out, at + 1, old) != NULL)
        return error_set(err, ERROR_INTERNAL, "'%s' is not in the file once", old);
    struct slice rest = slice_from(buffer_slice(out), (size_t)(at - out->ptr) + strlen(old));
    char *behind = malloc(rest.len + 1);
    if (behind == NULL)
        return error_no_memory(err, "a file");
    memcpy(behind, rest.ptr, rest.len);
    buffer_truncate(out, (size_t)(at - out->ptr));
    buffer_append_slice(out, text);
    buffer_append(out, behind, rest.len);
    free(behind);
    return buffer_check(out, "a file", err);
}

/* --- settings --------------------------------------------------------------------------------- */

/* deploy/ says for itself where the data are, where it listens, and who may come. */
static bool is_fixed(unsigned id)
{
    return id == OPTION_DATA || id == OPTION_LISTEN || id == OPTION_CONFIG ||
           id == OPTION_ALLOW_ANONYMOUS;
}

void init_put_yaml(struct slice text, bool doubles_dollars, struct buffer *out)
{
    struct buffer doubled;
    buffer_init(&doubled, MAX_INIT_TEXT);
    for (size_t i = 0; i < text.len; i++) {
        if (doubles_dollars && text.ptr[i] == '$')
            buffer_append_byte(&doubled, '$');
        buffer_append_byte(&doubled, text.ptr[i]);
    }
    json_append_string(out, buffer_slice(&doubled));
    buffer_finish(&doubled);
}

static void put_argument(const char *indent, const char *name, struct slice value,
                         bool doubles_dollars, struct buffer *out)
{
    struct buffer text;
    buffer_init(&text, MAX_INIT_TEXT);
    buffer_printf(&text, "--%s=", name);
    buffer_append_slice(&text, value);
    buffer_printf(out, "%s- ", indent);
    init_put_yaml(buffer_slice(&text), doubles_dollars, out);
    buffer_append_byte(out, '\n');
    buffer_finish(&text);
}

void init_put_arguments(const struct init *init, const char *indent, bool doubles_dollars,
                        struct buffer *out)
{
    for (unsigned id = 0; id < OPTION_SETTING_COUNT; id++) {
        const struct option_value *value = &init->options->values[id];
        if (!value->is_given || is_fixed(id))
            continue;
        if (option_rows[id].type != OPTION_TYPE_LIST)
            put_argument(indent, option_rows[id].name, value->text, doubles_dollars, out);
        for (size_t i = 0; i < value->item_count; i++)
            put_argument(indent, option_rows[id].name, value->items[i], doubles_dollars, out);
    }
}

static bool copy(struct init *init, struct slice text, struct slice *ret_text, struct error *err)
{
    *ret_text = arena_slice(init->arena, text);
    return ret_text->ptr || error_no_memory(err, "the settings");
}

bool init_data(struct init *init, struct slice *ret_path, struct error *err)
{
    struct slice given = option_text(init->options, OPTION_DATA);
    *ret_path = SLICE_EMPTY;
    if (!init_is_given(init, OPTION_DATA))
        return true;
    if (given.len > 0 && given.ptr[0] == '/')
        return copy(init, location_strip_slash(given), ret_path, err);
    char *here = realpath(".", NULL);
    while (slice_starts_with(given, SLICE_LITERAL("./")))
        given = slice_from(given, 2);
    *ret_path = here ? arena_printf(init->arena, "%s/%.*s", here, SLICE_ARG(given)) : SLICE_EMPTY;
    free(here);
    return ret_path->len > 0 || error_no_memory(err, "the data directory");
}

static void add_place(struct init_places *places, struct slice path)
{
    for (size_t i = 0; i < places->count; i++)
        if (slice_equals(places->paths[i], path))
            return;
    places->paths[places->count++] = path;
}

/* Locations of object stores are no directories. */
static bool add_location(struct init *init, struct init_places *places, struct slice location,
                         struct error *err)
{
    struct slice canonical;
    TRY(location_canonical(location, init->arena, &canonical, err));
    if (slice_starts_with(canonical, SLICE_LITERAL("file://")))
        add_place(places, slice_from(canonical, strlen("file://")));
    return true;
}

bool init_places(struct init *init, struct init_places *ret_places, struct error *err)
{
    const struct option_value *allowed = &init->options->values[OPTION_ALLOW_LOCATION];
    struct init_places places = {ARENA_ARRAY(init->arena, struct slice, allowed->item_count + 2),
                                 0};
    struct slice data;
    if (places.paths == NULL)
        return error_no_memory(err, "the settings");
    TRY(init_data(init, &data, err));
    if (data.len > 0)
        add_place(&places, data);
    if (init_is_given(init, OPTION_WAREHOUSE_LOCATION))
        TRY(add_location(init, &places, option_text(init->options, OPTION_WAREHOUSE_LOCATION),
                         err));
    for (size_t i = 0; i < allowed->item_count; i++)
        TRY(add_location(init, &places, allowed->items[i], err));
    *ret_places = places;
    return true;
}

/* --- words of a shell ------------------------------------------------------------------------- */

static bool is_plain(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           (c != '\0' && strchr("/._-+=:@%,", c) != NULL);
}

void init_put_word(struct slice word, struct buffer *out)
{
    bool all_plain = word.len > 0;
    for (size_t i = 0; i < word.len; i++)
        all_plain = all_plain && is_plain(word.ptr[i]);
    if (all_plain) {
        buffer_append_slice(out, word);
        return;
    }
    buffer_append_byte(out, '\'');
    for (size_t i = 0; i < word.len; i++) {
        if (word.ptr[i] == '\'')
            buffer_append_string(out, "'\\'");
        buffer_append_byte(out, word.ptr[i]);
    }
    buffer_append_byte(out, '\'');
}

void init_put_path(struct init *init, const char *rest)
{
    struct slice out = option_text(init->options, FLAG_OUT);
    struct buffer path;
    buffer_init(&path, MAX_INIT_TEXT);
    buffer_append_slice(&path, out);
    if (*rest)
        buffer_printf(&path, "/%s", rest);
    init_put_word(buffer_slice(&path), &init->next);
    buffer_finish(&path);
}
