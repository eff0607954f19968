/* The program: subcommands, signals, exit codes. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "server/banner.h"
#include "server/options.h"
#include "server/server.h"

#define EXIT_USAGE 2

static int usage(FILE *out, int code)
{
    fputs("firn is an Apache Iceberg REST catalog.\n\n"
          "  firn serve [options]   serve the catalog (no option is needed)\n"
          "  firn version           print the version\n"
          "  firn help              print this\n\n"
          "firn serve --help lists the options.\n",
          out);
    return code;
}

static int serve_help(void)
{
    puts("firn serve [options]\n\n"
         "Each option can be given as a flag, as a variable, or as a member of the JSON file that\n"
         "--config names; the first of these that has it wins.\n");
    options_print_help(stdout);
    return 0;
}

static int fail(const struct error *err, int code)
{
    fprintf(stderr, "firn: %s\n", err->message);
    return code;
}

static const char *read_variable(const char *name)
{
    return getenv(name);
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
        return fail(&err, 1);
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

static int serve(int count, char *const *arguments)
{
    struct options options;
    struct server *server = NULL;
    struct error err = {0};
    sigset_t stop;
    bool wants_help = false;
    if (!options_load(count, arguments, read_variable, &options, &wants_help, &err))
        return fail(&err, EXIT_USAGE);
    if (wants_help) {
        options_finish(&options);
        return serve_help();
    }
    block_signals(&stop);
    int code = server_create(&options, &server, &err) ? run(server, &stop) : fail(&err, 1);
    options_finish(&options);
    return code;
}

int main(int argc, char **argv)
{
    const char *command = argc > 1 ? argv[1] : "";
    if (strcmp(command, "serve") == 0)
        return serve(argc - 2, argv + 2);
    if (strcmp(command, "version") == 0 || strcmp(command, "--version") == 0) {
        puts("firn " FIRN_VERSION);
        return 0;
    }
    if (strcmp(command, "help") == 0 || strcmp(command, "--help") == 0)
        return usage(stdout, 0);
    return usage(stderr, EXIT_USAGE);
}
