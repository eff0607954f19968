/* firn init systemd, firn init prometheus (cli/init.h). */
#include "cli/init.h"

#include <grp.h>
#include <jansson.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/json_tree.h"
#include "cli/remote.h"

/* --- firn.json -------------------------------------------------------------------------------- */

static json_t *list_new(const struct option_value *value)
{
    json_t *list = json_array();
    for (size_t i = 0; list && i < value->item_count; i++)
        if (json_array_append_new(list, json_from_slice(value->items[i])) != 0) {
            json_decref(list);
            return NULL;
        }
    return list;
}

static json_t *value_new(const struct option_row *row, const struct option_value *value)
{
    switch (row->type) {
    case OPTION_TYPE_LIST:
        return list_new(value);
    case OPTION_TYPE_FLAG:
        return json_boolean(value->number != 0);
    case OPTION_TYPE_COUNT:
    case OPTION_TYPE_NUMBER:
    case OPTION_TYPE_THREADS:
        return json_integer(value->number);
    default:
        return json_from_slice(value->text);
    }
}

/* All that is given, in the order of the table, behind what deploy/ has. */
static bool set_given(struct init *init, json_t *settings, struct error *err)
{
    struct slice data;
    TRY(init_data(init, &data, err));
    for (unsigned id = 0; id < OPTION_SETTING_COUNT; id++) {
        const struct option_row *row = &option_rows[id];
        if (!init_is_given(init, id) || id == OPTION_CONFIG)
            continue;
        json_t *value =
            id == OPTION_DATA ? json_from_slice(data) : value_new(row, &init->options->values[id]);
        if (json_object_set_new(settings, row->name, value) != 0)
            return error_set(err, ERROR_BAD_REQUEST, "The option %s is not UTF-8", row->name);
    }
    return true;
}

static bool put_settings(struct init *init, struct buffer *out, struct error *err)
{
    json_t *settings = NULL;
    TRY(json_tree_parse(init_file(INIT_SETTINGS), "the settings", &settings, err));
    bool ok = set_given(init, settings, err);
    char *text = ok ? json_dumps(settings, JSON_INDENT(2)) : NULL;
    json_decref(settings);
    if (text)
        buffer_printf(out, "%s\n", text);
    free(text);
    return ok &&
           (text ? buffer_check(out, "the settings", err) : error_no_memory(err, "the settings"));
}

/* --- firn.service ----------------------------------------------------------------------------- */

/* What a unit would take for something else has no place in a path of it. */
static bool check_path(struct slice path, struct error *err)
{
    for (size_t i = 0; i < path.len; i++)
        if ((unsigned char)path.ptr[i] < ' ' || strchr("\"\\$%", path.ptr[i]) != NULL)
            return error_set(err, ERROR_BAD_REQUEST,
                             "The path %.*s has a character in it that a unit would take for "
                             "something else",
                             SLICE_ARG(path));
    return true;
}

static void put_path(struct slice path, struct buffer *out)
{
    const char *quote = slice_find(path, ' ') < path.len ? "\"" : "";
    buffer_append_string(out, quote);
    buffer_append_slice(out, path);
    buffer_append_string(out, quote);
}

static bool is_below(struct slice path, const char *const *tops)
{
    for (; *tops; tops++) {
        size_t size = strlen(*tops);
        if (slice_starts_with(path, slice_from_string(*tops)) &&
            (path.len == size || path.ptr[size] == '/'))
            return true;
    }
    return false;
}

/* The unit hides homes and temporary directories; not where the program or its data lie there. */
static bool show_hidden(struct init *init, const struct init_places *places, struct buffer *unit,
                        struct error *err)
{
    static const char *const HOMES[] = {"/home", "/root", "/run/user", NULL};
    static const char *const TEMPORARY[] = {"/tmp", "/var/tmp", NULL};
    bool in_home = is_below(init->program, HOMES), in_tmp = is_below(init->program, TEMPORARY);
    for (size_t i = 0; i < places->count; i++) {
        in_home |= is_below(places->paths[i], HOMES);
        in_tmp |= is_below(places->paths[i], TEMPORARY);
    }
    if (in_home)
        TRY(init_replace(unit, "ProtectHome=true", SLICE_LITERAL("ProtectHome=false"), err));
    return !in_tmp || init_replace(unit, "PrivateTmp=true", SLICE_LITERAL("PrivateTmp=false"), err);
}

/* The owner of a data directory that is there; else whoever asks. */
static bool replace_user(struct slice data, struct buffer *unit, struct error *err)
{
    struct stat owner = {.st_uid = geteuid(), .st_gid = getegid()};
    struct buffer text;
    (void)stat(data.ptr, &owner);
    const struct passwd *user = getpwuid(owner.st_uid);
    const struct group *group = getgrgid(owner.st_gid);
    buffer_init(&text, MAX_INIT_TEXT);
    if (user)
        buffer_printf(&text, "User=%s\n", user->pw_name);
    else
        buffer_printf(&text, "User=%u\n", (unsigned)owner.st_uid);
    if (group)
        buffer_printf(&text, "Group=%s\n", group->gr_name);
    else
        buffer_printf(&text, "Group=%u\n", (unsigned)owner.st_gid);
    bool ok = buffer_check(&text, "the unit", err) &&
              init_replace(unit, "User=firn\nGroup=firn\n", buffer_slice(&text), err);
    buffer_finish(&text);
    return ok;
}

/* Where it may write: systemd makes /var/lib/firn, and the rest is there already. */
static bool replace_places(const struct init_places *places, bool has_data, struct buffer *unit,
                           struct error *err)
{
    static const char STATE[] = "StateDirectory=firn\nStateDirectoryMode=0750\n";
    struct buffer text;
    buffer_init(&text, MAX_INIT_TEXT);
    buffer_append_string(&text, has_data ? "" : STATE);
    bool ok = true;
    for (size_t i = 0; ok && i < places->count; i++) {
        ok = check_path(places->paths[i], err);
        buffer_append_string(&text, "ReadWritePaths=");
        put_path(places->paths[i], &text);
        buffer_append_byte(&text, '\n');
    }
    ok = ok && buffer_check(&text, "the unit", err) &&
         init_replace(unit, STATE, buffer_slice(&text), err);
    buffer_finish(&text);
    return ok;
}

static bool replace_program(struct init *init, struct buffer *unit, struct error *err)
{
    struct buffer text;
    TRY(check_path(init->program, err));
    buffer_init(&text, MAX_INIT_TEXT);
    buffer_append_string(&text, "ExecStart=");
    put_path(init->program, &text);
    buffer_append_string(&text, " serve");
    bool ok = init_replace(unit, "ExecStart=/usr/bin/firn serve", buffer_slice(&text), err);
    buffer_finish(&text);
    return ok;
}

static bool edit_unit(struct init *init, struct buffer *unit, struct error *err)
{
    struct init_places places;
    struct slice data;
    TRY(init_places(init, &places, err));
    TRY(init_data(init, &data, err));
    if (data.len > 0)
        TRY(replace_user(data, unit, err));
    return replace_program(init, unit, err) && replace_places(&places, data.len > 0, unit, err) &&
           show_hidden(init, &places, unit, err);
}

static void put_install(struct init *init, const char *file, const char *target)
{
    buffer_append_string(&init->next, "sudo install -D -m 644 ");
    init_put_path(init, file);
    buffer_printf(&init->next, " %s\n", target);
}

bool init_systemd(struct init *init, struct error *err)
{
    size_t skipped = strlen("deploy/systemd/");
    struct buffer *settings =
        init_add_text(init, init_file_path(INIT_SETTINGS) + skipped, 0644, err);
    TRY(settings && put_settings(init, settings, err));
    struct buffer *unit = init_add(init, INIT_UNIT, skipped, err);
    TRY(unit && edit_unit(init, unit, err));
    if (!init_is_given(init, OPTION_DATA) && getpwnam("firn") == NULL)
        buffer_append_string(&init->next, "sudo useradd --system --user-group --home-dir "
                                          "/var/lib/firn --no-create-home firn\n");
    put_install(init, "firn.json", "/etc/firn/firn.json");
    put_install(init, "firn.service", "/etc/systemd/system/firn.service");
    buffer_append_string(&init->next, "sudo systemctl daemon-reload\n"
                                      "sudo systemctl enable --now firn\n");
    return true;
}

/* --- prometheus.yml --------------------------------------------------------------------------- */

static bool replace_target(struct init *init, struct buffer *file, struct error *err)
{
    struct buffer url;
    buffer_init(&url, MAX_INIT_TEXT);
    remote_put_url(init->options, &url);
    struct slice address = slice_from(buffer_slice(&url), strlen("http://"));
    bool ok = buffer_check(&url, "the address", err);
    if (ok && slice_ends_with(address, SLICE_LITERAL(":0")))
        ok = error_set(err, ERROR_BAD_REQUEST,
                       "--listen is %.*s: these files need a port that stays", SLICE_ARG(address));
    ok = ok && init_replace(file, "127.0.0.1:8181", address, err);
    buffer_finish(&url);
    return ok;
}

bool init_prometheus(struct init *init, struct error *err)
{
    size_t skipped = strlen("deploy/prometheus/");
    struct buffer *file = init_add(init, INIT_PROMETHEUS, skipped, err);
    TRY(file && replace_target(init, file, err));
    TRY(init_add(init, INIT_RULES, skipped, err) != NULL);
    TRY(init_add(init, INIT_DASHBOARD, strlen("deploy/"), err) != NULL);
    buffer_append_string(&init->next, "prometheus --config.file=");
    init_put_path(init, "prometheus.yml");
    buffer_append_byte(&init->next, '\n');
    return true;
}
