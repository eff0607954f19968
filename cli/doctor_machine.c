/* The server, the disk and the clock (cli/doctor.h). */
#include "cli/doctor.h"

#include <errno.h>
#include <libgen.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/timex.h>
#include <time.h>
#include <unistd.h>

#include "base/limits.h"
#include "base/port_owner.h"
#include "cli/remote.h"

/* Below it a few commits fill the disk; below the other one a few days do. */
#define DISK_LEAST (64 * MIB)
#define DISK_LOW (1024 * MIB)
/* No build of this program is older: a clock before it is wrong. */
#define YEAR_LEAST 2026

/* --- the server ----------------------------------------------------------------------------- */

static unsigned listen_port(const struct options *options)
{
    struct slice listen = option_text(options, OPTION_LISTEN);
    int64_t port = 0;
    size_t colon = listen.len;
    while (colon > 0 && listen.ptr[colon - 1] != ':')
        colon--;
    return slice_to_int64(slice_from(listen, colon), &port) && port > 0 && port < 65536
               ? (unsigned)port
               : 0;
}

/* Nobody answers: is the port free, or does somebody hold it who is no server of ours? */
static void report_port(struct doctor *doctor, const struct error *err)
{
    char words[PORT_OWNER_WORDS_SIZE];
    struct port_owner owner;
    struct options *options = &doctor->run->options;
    struct slice listen = option_text(options, OPTION_LISTEN);
    if (option_text(options, FLAG_URL).len > 0) {
        doctor_report(doctor, DOCTOR_BAD, "server", DOCTOR_TEXT(doctor, "%s", err->message),
                      DOCTOR_TEXT(doctor, "firn serve, or another --url"));
        return;
    }
    if (!port_owner_find(listen_port(options), &owner)) {
        doctor_report(doctor, DOCTOR_WARNING, "server",
                      DOCTOR_TEXT(doctor, "%s is free: no server runs there", listen.ptr),
                      DOCTOR_TEXT(doctor, "firn serve"));
        return;
    }
    port_owner_words(listen_port(options), words);
    doctor_report(doctor, DOCTOR_BAD, "server",
                  DOCTOR_TEXT(doctor, "%s is held by %s, which is no firn that answers", listen.ptr,
                              words),
                  DOCTOR_TEXT(doctor, "stop it, or choose another port: firn serve --listen"));
}

void doctor_check_server(struct doctor *doctor)
{
    struct remote_request request = {.method = "GET", .place = REMOTE_ROOT, .suffix = "/readyz"};
    struct buffer url;
    struct error err = {0};
    json_t *answer = NULL;
    buffer_init(&url, MAX_URI_SIZE);
    remote_put_url(&doctor->run->options, &url);
    if (remote_send(doctor->run, &request, &answer, &err))
        doctor_report(doctor, DOCTOR_GOOD, "server",
                      DOCTOR_TEXT(doctor, "%.*s is ready", (int)url.len, url.ptr), DOCTOR_NO_CURE);
    else if (json_object_get(answer, "error") || doctor->run->code == EXIT_FAILED)
        doctor_report(doctor, DOCTOR_BAD, "server", DOCTOR_TEXT(doctor, "%s", err.message),
                      DOCTOR_TEXT(doctor, "see the server's log, and what else is said here"));
    else
        report_port(doctor, &err);
    doctor->run->code = EXIT_DONE;
    json_decref(answer);
    buffer_finish(&url);
}

/* --- the disk ------------------------------------------------------------------------------- */

static void report_space(struct doctor *doctor, const char *path, const struct statvfs *disk)
{
    uint64_t free_bytes = (uint64_t)disk->f_bavail * disk->f_frsize;
    unsigned long long free_mib = free_bytes / MIB;
    bool has_files = disk->f_files == 0 || disk->f_favail > 1000;
    enum doctor_state state = disk->f_flag & ST_RDONLY || free_bytes < DISK_LEAST || !has_files
                                  ? DOCTOR_BAD
                              : free_bytes < DISK_LOW ? DOCTOR_WARNING
                                                      : DOCTOR_GOOD;
    doctor_report(doctor, state, "disk",
                  DOCTOR_TEXT(doctor, "%s: %llu MiB free%s%s", path, free_mib,
                              has_files ? "" : ", but few files may be added",
                              disk->f_flag & ST_RDONLY ? ", but mounted read-only" : ""),
                  state == DOCTOR_GOOD
                      ? DOCTOR_NO_CURE
                      : DOCTOR_TEXT(doctor, "free or add space, or choose another place: --data"));
}

static void report_directory(struct doctor *doctor, const char *path)
{
    struct statvfs disk;
    if (access(path, W_OK | X_OK) != 0) {
        doctor_report(doctor, DOCTOR_BAD, "disk",
                      DOCTOR_TEXT(doctor, "%s cannot be written: %s", path, strerror(errno)),
                      DOCTOR_TEXT(doctor, "chown %ld %s, or choose another place: --data",
                                  (long)geteuid(), path));
        return;
    }
    if (statvfs(path, &disk) == 0)
        report_space(doctor, path, &disk);
    else
        doctor_report(doctor, DOCTOR_WARNING, "disk",
                      DOCTOR_TEXT(doctor, "%s: %s", path, strerror(errno)), DOCTOR_NO_CURE);
}

/* Where the data directory is not there yet, the one that it would be made in. */
void doctor_check_disk(struct doctor *doctor)
{
    struct slice data = option_text(&doctor->run->options, OPTION_DATA);
    struct stat status;
    char *path = arena_string(&doctor->run->options.arena, data);
    while (path && stat(path, &status) != 0 && errno == ENOENT && strcmp(path, "/") != 0 &&
           strcmp(path, ".") != 0)
        path = dirname(path);
    if (path)
        report_directory(doctor, path);
}

/* --- the clock ------------------------------------------------------------------------------ */

void doctor_check_clock(struct doctor *doctor)
{
    time_t now = time(NULL);
    struct timex state = {.modes = 0};
    struct tm parts = {0};
    char text[32] = "";
    if (gmtime_r(&now, &parts))
        strftime(text, sizeof(text), "%Y-%m-%d %H:%M:%S UTC", &parts);
    if (parts.tm_year + 1900 < YEAR_LEAST)
        doctor_report(doctor, DOCTOR_BAD, "clock",
                      DOCTOR_TEXT(doctor, "it is %s by this machine: that cannot be", text),
                      DOCTOR_TEXT(doctor,
                                  "set the clock, and keep it right: timedatectl set-ntp true"));
    else if (adjtimex(&state) == TIME_ERROR)
        doctor_report(doctor, DOCTOR_WARNING, "clock",
                      DOCTOR_TEXT(doctor, "%s, kept right by nobody", text),
                      DOCTOR_TEXT(doctor,
                                  "timedatectl set-ntp true (in a container: on its host)"));
    else
        doctor_report(doctor, DOCTOR_GOOD, "clock", DOCTOR_TEXT(doctor, "%s", text),
                      DOCTOR_NO_CURE);
}
