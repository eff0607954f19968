/* The program: finds the command, reads its options, runs it, and ends with its exit code. */
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#include "cli/command.h"
#include "cli/help.h"
#include "cli/terminal.h"

static int fail(const struct error *err, int code)
{
    bool has_colour = terminal_has_colour(STDERR_FILENO, command_variable);
    fflush(stdout);
    fprintf(stderr, "%sfirn:%s ", terminal_style(has_colour, STYLE_BAD),
            terminal_style(has_colour, STYLE_PLAIN));
    terminal_print(stderr, slice_from_string(err->message));
    fputc('\n', stderr);
    return code;
}

/* What was printed may be lost: a disk that is full, a pipe that nobody reads. */
static int finish_output(int code)
{
    if (fflush(stdout) == 0 && !ferror(stdout))
        return code;
    perror("firn: the output cannot be written");
    return code == EXIT_DONE ? EXIT_FAILED : code;
}

static int act(struct command_run *run)
{
    struct error err = {0};
    run->wants_json = option_number(&run->options, FLAG_JSON) != 0;
    if (run->command->run(run, &err))
        return finish_output(run->code);
    return fail(&err, run->code ? run->code : (int)exit_code_of(err.kind));
}

static int run_command(const struct command *command, int count, char *const *arguments)
{
    struct command_run run = {
        .command = command,
        .has_colour = terminal_has_colour(STDOUT_FILENO, command_variable),
    };
    struct error err = {0};
    enum option_help help = OPTION_HELP_NONE;
    if (!options_load(&command->takes, count, arguments, command_variable, &run.options, &help,
                      &err))
        return fail(&err, EXIT_USAGE);
    int code = EXIT_DONE;
    if (help != OPTION_HELP_NONE || command->run == NULL) {
        bool is_asked = help != OPTION_HELP_NONE;
        help_print_command(command, help == OPTION_HELP_ALL, run.has_colour && is_asked,
                           is_asked ? stdout : stderr);
        code = is_asked ? finish_output(EXIT_DONE) : EXIT_USAGE;
    } else {
        code = act(&run);
    }
    options_finish(&run.options);
    return code;
}

/* The two flags that people try where a command is due. */
static bool is_flag_for(const char *argument, const char *command)
{
    return (strncmp(argument, "--", 2) == 0 && strcmp(argument + 2, command) == 0) ||
           (strcmp(argument, "-h") == 0 && strcmp(command, "help") == 0);
}

int main(int argc, char **argv)
{
    const struct command *command = NULL;
    struct error err = {0};
    int used = 1;
    signal(SIGPIPE, SIG_IGN);
    if (argc < 2) {
        help_print_index(false, stderr);
        return EXIT_USAGE;
    }
    if (is_flag_for(argv[1], "version"))
        command = &command_version;
    else if (is_flag_for(argv[1], "help"))
        command = &command_help;
    else if (!command_find(argc - 1, argv + 1, &command, &used, &err))
        return fail(&err, EXIT_USAGE);
    return run_command(command, argc - 1 - used, argv + 1 + used);
}
