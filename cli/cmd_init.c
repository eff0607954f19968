/* firn init (cli/command.h): writes the files that run and watch Firn on this machine. */
#include "cli/command.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file_text.h"
#include "base/json_tree.h"
#include "base/write_whole.h"
#include "cli/init.h"
#include "cli/output.h"
#include "cli/terminal.h"

#define TARGETS(X) X(compose) X(k8s) X(systemd) X(prometheus)

static const struct {
    const char *name;
    init_fn make;
} TARGET_ROWS[] = {
#define X(name) {#name, init_##name},
    TARGETS(X)
#undef X
};

/* --- where ------------------------------------------------------------------------------------ */

static bool cannot(const char *what, const char *path, struct error *err)
{
    return error_set(err, ERROR_STORAGE, "%s cannot be %s: %s", path, what, strerror(errno));
}

static const char *whole_path(const struct init *init, const char *path)
{
    return arena_printf(init->arena, "%s/%s", option_text(init->options, FLAG_OUT).ptr, path).ptr;
}

/* --- what is there ---------------------------------------------------------------------------- */

/* *ret_is_same: nothing has to be written. */
static bool compare(const char *path, const struct init_output *output, bool *ret_is_there,
                    bool *ret_is_same, struct error *err)
{
    struct stat found;
    struct buffer text;
    *ret_is_there = lstat(path, &found) == 0;
    *ret_is_same = false;
    if (!*ret_is_there)
        return errno == ENOENT || errno == ENOTDIR || cannot("looked at", path, err);
    if (!S_ISREG(found.st_mode))
        return true;
    buffer_init(&text, MAX_INIT_TEXT);
    bool ok = file_text_read(path, &text, err) || error_prefix(err, "%s", path);
    *ret_is_same = ok && slice_equals(buffer_slice(&text), buffer_slice(&output->text));
    buffer_finish(&text);
    return ok;
}

/* Nothing is written where something would be lost. */
static bool check_free(struct init *init, bool *is_same, struct error *err)
{
    bool may_replace = option_number(init->options, FLAG_FORCE) != 0;
    for (size_t i = 0; i < init->count; i++) {
        const char *path = whole_path(init, init->outputs[i].path);
        bool is_there = false;
        if (path == NULL)
            return error_no_memory(err, "a path");
        TRY(compare(path, &init->outputs[i], &is_there, &is_same[i], err));
        if (is_there && !is_same[i] && !may_replace)
            return error_set(err, ERROR_ALREADY_EXISTS,
                             "%s is there already, and has another text: nothing was written. "
                             "--force replaces it, --out chooses another directory",
                             path);
    }
    return true;
}

/* --- writing ---------------------------------------------------------------------------------- */

/* The directories above a path. */
static bool make_directories(char *path, struct error *err)
{
    for (char *slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        bool ok = mkdir(path, 0777) == 0 || errno == EEXIST || cannot("made", path, err);
        *slash = '/';
        TRY(ok);
    }
    return true;
}

/* Under another name first: whoever reads the file sees the old or the new one. */
static bool write_output(const char *path, const struct init_output *output, struct error *err)
{
    char *draft = NULL;
    if (asprintf(&draft, "%s.XXXXXX", path) < 0)
        return error_no_memory(err, "a path");
    struct slice text = buffer_slice(&output->text);
    mode_t mask = umask(0);
    umask(mask);
    int fd = make_directories(draft, err) ? mkstemp(draft) : -2;
    bool ok = fd >= 0 && write_whole(write, fd, text) == text.len &&
              fchmod(fd, output->mode & ~mask) == 0;
    ok = fd >= 0 && close(fd) == 0 && ok && rename(draft, path) == 0;
    if (!ok && fd != -2)
        cannot("written", path, err);
    if (!ok && fd >= 0)
        unlink(draft);
    free(draft);
    return ok;
}

static bool write_all(struct init *init, const bool *is_same, struct error *err)
{
    for (size_t i = 0; i < init->count; i++)
        if (!is_same[i])
            TRY(write_output(whole_path(init, init->outputs[i].path), &init->outputs[i], err));
    return true;
}

/* --- what it says ----------------------------------------------------------------------------- */

static bool print_json(const struct init *init, const bool *is_same, struct error *err)
{
    json_t *written = json_array(), *unchanged = json_array(), *next = json_array();
    struct slice rest = buffer_slice(&init->next);
    for (size_t i = 0; i < init->count; i++)
        json_array_append_new(is_same[i] ? unchanged : written,
                              json_string(whole_path(init, init->outputs[i].path)));
    while (rest.len > 0) {
        size_t end = slice_find(rest, '\n');
        json_array_append_new(next, json_from_slice(slice_make(rest.ptr, end)));
        rest = slice_from(rest, end + 1);
    }
    return output_json(json_pack("{s:o, s:o, s:o}", "written", written, "unchanged", unchanged,
                                 "next", next),
                       err);
}

static void print_text(const struct init *init, const bool *is_same)
{
    struct slice rest = buffer_slice(&init->next);
    for (size_t i = 0; i < init->count; i++) {
        fputs(is_same[i] ? "as it was  " : "wrote      ", stdout);
        terminal_print(stdout, slice_from_string(whole_path(init, init->outputs[i].path)));
        putchar('\n');
    }
    puts("\nNext:\n");
    while (rest.len > 0) {
        size_t end = slice_find(rest, '\n');
        fputs("    ", stdout);
        terminal_print(stdout, slice_make(rest.ptr, end));
        putchar('\n');
        rest = slice_from(rest, end + 1);
    }
}

/* --- the run ---------------------------------------------------------------------------------- */

static init_fn find_target(struct slice name)
{
    size_t i = 0;
    while (!slice_equals_string(name, TARGET_ROWS[i].name))
        i++; /* one of the choices, which were checked */
    return TARGET_ROWS[i].make;
}

static bool make_and_write(struct command_run *run, struct init *init, struct error *err)
{
    bool is_same[MAX_INIT_OUTPUTS] = {false};
    TRY(find_target(run->options.operands[0])(init, err));
    TRY(buffer_check(&init->next, "the commands", err));
    TRY(check_free(init, is_same, err));
    TRY(write_all(init, is_same, err));
    if (run->wants_json)
        return print_json(init, is_same, err);
    print_text(init, is_same);
    return true;
}

static bool init_files(struct command_run *run, struct error *err)
{
    struct init init = {.options = &run->options, .arena = &run->options.arena};
    char *program = realpath("/proc/self/exe", NULL);
    if (program == NULL)
        return cannot("found", "the program itself", err);
    init.program = slice_from_string(program);
    buffer_init(&init.next, MAX_INIT_TEXT);
    bool ok = make_and_write(run, &init, err);
    for (size_t i = 0; i < init.count; i++)
        buffer_finish(&init.outputs[i].text);
    buffer_finish(&init.next);
    free(program);
    return ok;
}

static const unsigned IDS[] = {FLAG_OUT,
                               FLAG_FORCE,
                               OPTION_DATA,
                               OPTION_LISTEN,
                               OPTION_ALLOW_ANONYMOUS,
                               OPTION_WAREHOUSE_LOCATION,
                               OPTION_ALLOW_LOCATION,
                               OPTION_CONFIG,
                               FLAG_JSON,
                               OPTION_END};

const struct command command_init = {
    .takes = {.command = "init",
              .operands = "TARGET",
              .choices = "compose|k8s|systemd|prometheus",
              .rows = flag_rows,
              .ids = IDS},
    .summary = "write files that run and watch it: compose, systemd …",
    .details =
        "Writes a compose file, Kubernetes manifests, a systemd unit with its settings, or a\n"
        "Prometheus configuration, and says what to run next. Settings that are given, also\n"
        "by FIRN_ variables and --config, stand in them; the rest is as in deploy/. No file\n"
        "that is there is replaced without --force.\n",
    .examples = "    firn init systemd --data /srv/firn --listen 127.0.0.1:9000\n",
    .run = init_files,
};
