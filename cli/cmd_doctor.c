/* firn doctor (cli/command.h). */
#include "cli/doctor.h"

#include "cli/output.h"
#include "cli/terminal.h"

static const struct {
    const char *word;
    enum style style;
} STATES[] = {
    [DOCTOR_GOOD] = {"ok", STYLE_GOOD},
    [DOCTOR_WARNING] = {"warning", STYLE_WARNING},
    [DOCTOR_BAD] = {"failed", STYLE_BAD},
    [DOCTOR_SKIPPED] = {"skipped", STYLE_PLAIN},
};

static void print_report(const struct doctor *doctor, enum doctor_state state, const char *check,
                         struct slice detail, struct slice cure)
{
    bool has_colour = doctor->run->has_colour;
    printf("%s%-8s%s%-10s", terminal_style(has_colour, STATES[state].style), STATES[state].word,
           terminal_style(has_colour, STYLE_PLAIN), check);
    terminal_print(stdout, detail);
    if (cure.ptr) {
        fputs("\n                  cure: ", stdout);
        terminal_print(stdout, cure);
    }
    putchar('\n');
    fflush(stdout);
}

void doctor_report(struct doctor *doctor, enum doctor_state state, const char *check,
                   struct slice detail, struct slice cure)
{
    doctor->counts[state]++;
    if (doctor->checks)
        json_array_append_new(doctor->checks, json_pack("{s:s, s:s, s:s, s:s?}", "check", check,
                                                        "state", STATES[state].word, "detail",
                                                        detail.ptr, "cure", cure.ptr));
    else
        print_report(doctor, state, check, detail, cure);
}

static bool doctor(struct command_run *run, struct error *err)
{
    struct doctor doctor = {.run = run, .checks = run->wants_json ? json_array() : NULL};
    doctor_check_server(&doctor);
    doctor_check_disk(&doctor);
    doctor_check_database(&doctor);
    doctor_check_clock(&doctor);
    doctor_check_java(&doctor);
    doctor_check_spark(&doctor);
    doctor_check_python(&doctor);
    run->code = doctor.counts[DOCTOR_BAD] > 0 ? EXIT_FAILED : EXIT_DONE;
    if (run->wants_json)
        return output_json(json_pack("{s:o, s:i, s:i}", "checks", doctor.checks, "failed",
                                     doctor.counts[DOCTOR_BAD], "warnings",
                                     doctor.counts[DOCTOR_WARNING]),
                           err);
    printf("%d failed, %d warnings\n", doctor.counts[DOCTOR_BAD], doctor.counts[DOCTOR_WARNING]);
    return true;
}

static const unsigned IDS[] = {OPTION_DATA,       FLAG_URL,
                               OPTION_LISTEN,     OPTION_SECRET_KEY_FILE,
                               OPTION_SECRET_KEY, OPTION_CONFIG,
                               FLAG_JSON,         OPTION_END};

const struct command command_doctor = {
    .takes = COMMAND_TAKES("doctor", NULL, IDS),
    .summary = "look at port, disk, database, clock and clients",
    .details = "Looks at what the server needs and at what clients of this machine have; each\n"
               "failure comes with the line that cures it. Ends with 1 where one is there.\n",
    .run = doctor,
};
