/* The program: subcommands, signals, exit codes. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "server/banner.h"
#include "server/commands.h"
#include "server/options.h"
#include "server/server.h"

static int serve_help(void)
{
    puts("firn serve [options]\n\n"
         "Each option can be given as a flag, as a variable, or as a member of the JSON file that\n"
         "--config names; the first of these that has it wins.\n");
    options_print_help(stdout);
    return 0;
}

/* Blocked before the first thread starts, so that every thread has them blocked and only the wait
 * below takes them. A client that hangs up must not end the process by SIGPIPE. */
static void block_signals(sigset_t *ret_stop)
{
    sigemptyset(ret_stop);
    sigaddset(ret_stop, SIGTERM);
    sigaddset(ret_stop, SIGINT);
    pthread_sigmask(SIG_BLOCK, ret_stop, NULL);
    signal(SIGPIPE, SIG_IGN);
    signal(SIGXFSZ, SIG_IGN); /* a write past RLIMIT_FSIZE is an error like a full disk */
}

static int run(struct server *server, const sigset_t *stop)
{
    struct error err = {0};
    int number = 0;
    if (!server_listen(server, &err)) {
        server_destroy(server);
        return command_fail(&err, EXIT_FAILED);
    }
    banner_print(server, stdout);
    struct log_field fields[] = {
        LOG_TEXT_FIELD("listen", option_text(server->options, OPTION_LISTEN)),
        LOG_TEXT_FIELD("data", server->data_directory),
    };
    log_write(&server->log, LOG_INFO, "serving", fields, 2);
    while (sigwait(stop, &number) != 0)
        continue;
    log_write(&server->log, LOG_INFO, "stopping: running requests are finished first", NULL, 0);
    if (!server_stop(server)) {
        log_write(&server->log, LOG_ERROR,
                  "requests still ran after --drain-timeout: ending without them", NULL, 0);
        _exit(1);
    }
    struct log log = server->log;
    server_destroy(server);
    log_write(&log, LOG_INFO, "stopped", NULL, 0);
    return 0;
}

/* A misspelt variable is not refused as a misspelt flag is: others may use the prefix, too. */
static void warn_of_variables(const struct options *options)
{
    struct log log;
    server_log_init(options, &log);
    for (char **entry = environ; entry && *entry; entry++) {
        struct error err = {0};
        if (!options_variable_check(*entry, &err))
            log_write(&log, LOG_WARN, err.message, NULL, 0);
    }
}

static int serve(int count, char *const *arguments)
{
    struct options options;
    struct server *server = NULL;
    struct error err = {0};
    sigset_t stop;
    bool wants_help = false;
    if (!options_load(count, arguments, command_variable, &options, &wants_help, &err))
        return command_fail(&err, EXIT_USAGE);
    if (wants_help) {
        options_finish(&options);
        return serve_help();
    }
    warn_of_variables(&options);
    block_signals(&stop);
    int code = server_create(&options, &server, &err) ? run(server, &stop)
                                                      : command_fail(&err, EXIT_FAILED);
    options_finish(&options);
    return code;
}

static int version(int count, char *const *arguments)
{
    (void)count;
    (void)arguments;
    puts("firn " FIRN_VERSION);
    return EXIT_FINE;
}

static int help(int count, char *const *arguments);

static const struct {
    const char *name;
    const char *usage;
    const char *summary;
    int (*run)(int count, char *const *arguments);
} COMMANDS[] = {
    {"serve", "serve [options]", "serve the catalog (no option is needed)", serve},
    {"plan", "plan TABLE [options]", "explain a scan: what it reads, what it leaves out, and why",
     cmd_plan},
    {"fsck", "fsck [options]", "check that the catalog and its files agree", cmd_fsck},
    {"backup", "backup FILE [options]", "copy the catalog database while it is in use", cmd_backup},
    {"restore", "restore FILE [options]", "put a backup in the database's place", cmd_restore},
    {"version", "version", "print the version", version},
    {"help", "help", "print this", help},
};
#define COMMAND_COUNT (sizeof(COMMANDS) / sizeof(COMMANDS[0]))

static void print_usage(FILE *out)
{
    fputs("firn is an Apache Iceberg REST catalog.\n\n", out);
    for (size_t i = 0; i < COMMAND_COUNT; i++)
        fprintf(out, "  firn %-22s %s\n", COMMANDS[i].usage, COMMANDS[i].summary);
    fputs("\nfirn serve --help lists the options; so does --help of each other command.\n", out);
}

static int help(int count, char *const *arguments)
{
    (void)count;
    (void)arguments;
    print_usage(stdout);
    return EXIT_FINE;
}

int main(int argc, char **argv)
{
    const char *name = argc > 1 ? argv[1] : "";
    if (strcmp(name, "--version") == 0 || strcmp(name, "--help") == 0)
        name += 2;
    if (strcmp(name, "-h") == 0)
        name = "help";
    for (size_t i = 0; i < COMMAND_COUNT; i++)
        if (strcmp(name, COMMANDS[i].name) == 0)
            return COMMANDS[i].run(argc - 2, argv + 2);
    print_usage(stderr);
    return EXIT_USAGE;
}
