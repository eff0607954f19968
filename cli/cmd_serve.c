/* firn serve (cli/command.h): the server from its start to the signal that ends it. */
#include "cli/command.h"

#include <pthread.h>
#include <signal.h>
#include <unistd.h>

#include "cli/banner.h"
#include "cli/supervisor.h"
#include "server/server.h"

/* Blocked before the first thread starts, so that every thread has them blocked and only the wait
 * below takes them. A client that hangs up must not end the process by SIGPIPE. */
static void block_signals(sigset_t *ret_stop)
{
    sigemptyset(ret_stop);
    sigaddset(ret_stop, SIGTERM);
    sigaddset(ret_stop, SIGINT);
    sigaddset(ret_stop, SIGHUP);
    pthread_sigmask(SIG_BLOCK, ret_stop, NULL);
    signal(SIGPIPE, SIG_IGN);
    signal(SIGXFSZ, SIG_IGN); /* a write past RLIMIT_FSIZE is an error like a full disk */
}

/* What logrotate asks for when it has moved a file away. */
static void reopen_logs(struct server *server)
{
    struct error err = {0};
    if (!logs_reopen(&server->logs, &err))
        log_write(&server->logs.main, LOG_ERROR, err.message, NULL, 0);
}

/* The next signal, or 0 where it is time to tell the watchdog that all is well. */
static int next_signal(const sigset_t *stop, int64_t watchdog_ms)
{
    const struct timespec time = {.tv_sec = watchdog_ms / 1000,
                                  .tv_nsec = watchdog_ms % 1000 * 1000000};
    int number = watchdog_ms > 0 ? sigtimedwait(stop, NULL, &time) : sigwaitinfo(stop, NULL);
    return number > 0 ? number : 0;
}

static void wait_for_the_end(struct server *server, const sigset_t *stop)
{
    int64_t watchdog_ms = supervisor_watchdog_ms();
    for (;;) {
        int number = next_signal(stop, watchdog_ms);
        if (number == SIGHUP)
            reopen_logs(server);
        else if (number != 0)
            return;
        else if (watchdog_ms > 0)
            supervisor_tell("WATCHDOG=1");
    }
}

static bool serve_until_told(struct command_run *run, struct server *server, const sigset_t *stop,
                             struct error *err)
{
    if (!server_listen(server, err)) {
        server_destroy(server);
        return false;
    }
    banner_print(server, run->wants_json, stdout);
    struct log_field fields[] = {
        LOG_TEXT_FIELD("listen", option_text(server->options, OPTION_LISTEN)),
        LOG_TEXT_FIELD("data", server->data_directory),
    };
    log_write(&server->logs.main, LOG_INFO, "serving", fields, 2);
    supervisor_tell("READY=1");
    wait_for_the_end(server, stop);
    supervisor_tell("STOPPING=1");
    log_write(&server->logs.main, LOG_INFO, "stopping: running requests are finished first", NULL,
              0);
    if (!server_stop(server)) {
        log_write(&server->logs.main, LOG_ERROR,
                  "requests still ran after --drain-timeout: ending without them", NULL, 0);
        _exit(EXIT_FAILED);
    }
    log_write(&server->logs.main, LOG_INFO, "stopped", NULL, 0);
    server_destroy(server);
    return true;
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

static bool serve(struct command_run *run, struct error *err)
{
    struct server *server = NULL;
    sigset_t stop;
    warn_of_variables(&run->options);
    block_signals(&stop);
    run->code = EXIT_FAILED; /* whatever keeps it from serving */
    TRY(server_create(&run->options, &server, err));
    TRY(serve_until_told(run, server, &stop, err));
    run->code = EXIT_DONE;
    return true;
}

static const unsigned IDS[] = {
#define X(enumerator, ...) enumerator,
    OPTIONS(X)
#undef X
        FLAG_JSON,
    OPTION_END};

const struct command command_serve = {
    .takes = COMMAND_TAKES("serve", NULL, IDS),
    .summary = "serve the catalog (no option is needed)",
    .details = "Serves until SIGTERM or Ctrl-C. Each option is also a variable (--log-level is\n"
               "FIRN_LOG_LEVEL) and a member of --config's file. --json tells where it serves.\n",
    .run = serve,
};
