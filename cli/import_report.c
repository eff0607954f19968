/* What an import did, or would do (cli/import.h). */
#include "cli/import.h"

#include <string.h>

#include "base/json_tree.h"
#include "cli/output.h"
#include "cli/show.h"
#include "cli/terminal.h"

/* Columns of the longest word for a state, and one. */
#define WORD_WIDTH 14

enum outcome { OUTCOME_GOOD, OUTCOME_CONFLICT, OUTCOME_BAD };

static const struct {
    const char *state;
    const char *word;
    enum outcome outcome;
} STATES[] = {
    {"absent", "would create", OUTCOME_GOOD},   {"created", "created", OUTCOME_GOOD},
    {"ready", "would import", OUTCOME_GOOD},    {"imported", "imported", OUTCOME_GOOD},
    {"present", "there already", OUTCOME_GOOD}, {"taken", "taken", OUTCOME_CONFLICT},
    {"refused", "refused", OUTCOME_BAD},        {"failed", "failed", OUTCOME_BAD},
};
#define STATE_COUNT (sizeof(STATES) / sizeof(STATES[0]))

/* STATE_COUNT: not looked at, because the run ended before. */
static size_t state_of(const json_t *entry)
{
    const char *state = json_string_value(json_object_get(entry, "state"));
    for (size_t i = 0; state && i < STATE_COUNT; i++)
        if (strcmp(state, STATES[i].state) == 0)
            return i;
    return STATE_COUNT;
}

static void raise_code(const json_t *entry, enum exit_code *code)
{
    size_t state = state_of(entry);
    enum outcome outcome = state < STATE_COUNT ? STATES[state].outcome : OUTCOME_GOOD;
    if (outcome == OUTCOME_BAD)
        *code = EXIT_FAILED;
    else if (outcome == OUTCOME_CONFLICT && *code == EXIT_DONE)
        *code = EXIT_CONFLICT;
}

enum exit_code import_code(const struct import *import)
{
    enum exit_code code = EXIT_DONE;
    const char *key;
    json_t *entry;
    size_t i;
    json_object_foreach(import->namespaces, key, entry)
        raise_code(entry, &code);
    json_array_foreach(import->items, i, entry)
        raise_code(entry, &code);
    return code;
}

/* --- where the server may not read ------------------------------------------------------------ */

/* The table's directory, of the location of its metadata file or of itself. */
static struct slice table_directory(struct slice location)
{
    static const char METADATA[] = "/metadata";
    if (!slice_ends_with(location, SLICE_LITERAL(".json")) &&
        !slice_ends_with(location, SLICE_LITERAL(".gz")))
        return location;
    const char *slash = memrchr(location.ptr, '/', location.len);
    struct slice directory =
        slice_make(location.ptr, slash ? (size_t)(slash - location.ptr) : location.len);
    if (slice_ends_with(directory, slice_from_string(METADATA)))
        directory.len -= sizeof(METADATA) - 1;
    return directory;
}

/* As --allow-location takes it; "file:/x" and "/x" as "file:///x". */
static json_t *place_new(struct slice location)
{
    if (slice_starts_with(location, SLICE_LITERAL("file:/")) &&
        !slice_starts_with(location, SLICE_LITERAL("file:///")))
        location = slice_from(location, 5);
    if (slice_starts_with(location, SLICE_LITERAL("/")))
        return json_sprintf("file://%.*s", (int)location.len, location.ptr);
    return json_from_slice(location);
}

/* The part of both that ends where a segment ends. */
static struct slice common_part(struct slice a, struct slice b)
{
    size_t length = 0, i = 0;
    for (; i < a.len && i < b.len && a.ptr[i] == b.ptr[i]; i++)
        if (a.ptr[i] == '/')
            length = i;
    bool ends_both = (i == a.len || a.ptr[i] == '/') && (i == b.len || b.ptr[i] == '/');
    return slice_make(a.ptr, ends_both ? i : length);
}

/* What less is shared opens much that is no table: "file:///srv/lake", "s3://bucket/lake". */
static bool is_narrow(struct slice place)
{
    size_t slashes = 0, wanted = slice_starts_with(place, SLICE_LITERAL("file:")) ? 4 : 3;
    for (size_t i = 0; i < place.len; i++)
        slashes += place.ptr[i] == '/';
    return slashes >= wanted;
}

/* Widens an entry to a place that holds both, where that is not too wide. */
static bool widen(json_t *places, const json_t *added)
{
    size_t i;
    json_t *place;
    json_array_foreach(places, i, place) {
        struct slice common = common_part(json_slice(place), json_slice(added));
        if (is_narrow(common))
            return json_string_setn(place, common.ptr, common.len) == 0;
    }
    return json_array_append(places, (json_t *)added) == 0;
}

/* ["file:///srv/lake", …]: few places that hold all that is outside. */
static bool find_places(const struct import *import, json_t *places, struct error *err)
{
    const char *location;
    json_t *unused;
    bool ok = true;
    json_object_foreach(import->outside, location, unused) {
        json_t *place = place_new(table_directory(slice_from_string(location)));
        ok = ok && place && widen(places, place);
        json_decref(place);
    }
    return ok || error_no_memory(err, "the report");
}

static void put_places(const json_t *places, struct buffer *out)
{
    size_t i;
    json_t *place;
    if (json_array_size(places) == 0)
        return;
    buffer_append_string(out, "\nSome of it lies where the server may not read. Start it again "
                              "with these beside its other options:\n\n");
    json_array_foreach(places, i, place) {
        buffer_append_string(out, "    --allow-location '");
        terminal_append(out, json_slice(place));
        buffer_append_string(out, "'\n");
    }
}

/* --- for people ------------------------------------------------------------------------------- */

static void put_word(const struct import *import, size_t state, struct buffer *out)
{
    static const enum style STYLES[] = {
        [OUTCOME_GOOD] = STYLE_GOOD, [OUTCOME_CONFLICT] = STYLE_WARNING, [OUTCOME_BAD] = STYLE_BAD};
    bool has_colour = import->run->has_colour;
    const char *word = state < STATE_COUNT ? STATES[state].word : "not yet";
    enum style style = state < STATE_COUNT ? STYLES[STATES[state].outcome] : STYLE_WARNING;
    buffer_printf(out, "%s%-*s%s", terminal_style(has_colour, style), WORD_WIDTH, word,
                  terminal_style(has_colour, STYLE_PLAIN));
}

/* The server's own sentence names the whole file and what to do, which is said once below. */
static void put_reason(const json_t *entry, struct buffer *out)
{
    const json_t *reason = json_object_get(entry, "reason");
    const json_t *outside = json_object_get(entry, "outside");
    if (json_is_string(outside)) {
        buffer_append_string(out, ": the server may not read ");
        terminal_append(out, table_directory(json_slice(outside)));
    } else if (json_is_string(reason)) {
        buffer_append_string(out, ": ");
        terminal_append(out, json_slice(reason));
    }
    buffer_append_byte(out, '\n');
}

static void put_lines(const struct import *import, struct buffer *out)
{
    const char *key;
    json_t *entry;
    size_t i;
    json_object_foreach(import->namespaces, key, entry) {
        put_word(import, state_of(entry), out);
        buffer_append_string(out, "namespace ");
        show_levels(json_object_get(entry, "namespace"), out);
        put_reason(entry, out);
    }
    json_array_foreach(import->items, i, entry) {
        put_word(import, state_of(entry), out);
        buffer_printf(out, "%s ", json_string_value(json_object_get(entry, "type")));
        show_identifier(entry, out);
        put_reason(entry, out);
    }
}

static void put_summary(const struct import *import, struct buffer *out)
{
    size_t counts[STATE_COUNT + 1] = {0}, i;
    json_t *item;
    const char *comma = ": ";
    json_array_foreach(import->items, i, item)
        counts[state_of(item)]++;
    buffer_printf(out, "%zu tables and views", json_array_size(import->items));
    for (i = 0; i <= STATE_COUNT; i++) {
        if (counts[i] == 0)
            continue;
        buffer_printf(out, "%s%zu %s", comma, counts[i],
                      i < STATE_COUNT ? STATES[i].word : "not yet");
        comma = ", ";
    }
    buffer_append_string(out, import->is_dry ? "; nothing was changed\n" : "\n");
}

/* --- both ------------------------------------------------------------------------------------- */

static bool print_json(const struct import *import, const json_t *places, struct error *err)
{
    const char *key;
    json_t *entry, *namespaces = json_array();
    json_object_foreach(import->namespaces, key, entry)
        json_array_append(namespaces, entry);
    return output_json(json_pack("{s:b, s:o, s:O, s:O}", "dry-run", (int)import->is_dry,
                                 "namespaces", namespaces, "items", import->items,
                                 "allow-locations", places),
                       err);
}

static bool print_text(const struct import *import, const json_t *places, struct error *err)
{
    struct buffer out;
    buffer_init(&out, MAX_SHOWN_SIZE);
    put_lines(import, &out);
    put_summary(import, &out);
    put_places(places, &out);
    return show_end(&out, err);
}

bool import_print(struct import *import, struct error *err)
{
    json_t *places = json_array();
    progress_wipe(&import->progress);
    bool ok = (places || error_no_memory(err, "the report")) && find_places(import, places, err) &&
              (import->run->wants_json ? print_json(import, places, err)
                                       : print_text(import, places, err));
    json_decref(places);
    return ok;
}
