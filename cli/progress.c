#include "cli/progress.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"

#define SHOWN_EVERY_MS 200
#define BAR_WIDTH 30

void progress_init(struct progress *progress, bool is_wanted)
{
    *progress = (struct progress){
        .is_on = is_wanted && isatty(STDOUT_FILENO) && isatty(STDERR_FILENO),
        .shown_ms = clock_monotonic_ms(&clock_real) - SHOWN_EVERY_MS,
    };
}

void progress_text(const char *what, int64_t done, int64_t total, char *ret_text, size_t size)
{
    static const char BAR[] = "==============================";
    if (total <= 0) {
        snprintf(ret_text, size, "%lld %s", (long long)done, what);
        return;
    }
    int filled = done >= total ? BAR_WIDTH : (int)(done * BAR_WIDTH / total);
    snprintf(ret_text, size, "[%-*.*s] %lld of %lld %s", BAR_WIDTH, filled, BAR, (long long)done,
             (long long)total, what);
}

void progress_show(struct progress *progress, const char *what, int64_t done, int64_t total)
{
    char text[128];
    int64_t now = clock_monotonic_ms(&clock_real);
    if (!progress->is_on || now - progress->shown_ms < SHOWN_EVERY_MS)
        return;
    progress_wipe(progress);
    progress_text(what, done, total, text, sizeof(text));
    fputs(text, stderr);
    fflush(stderr);
    progress->width = (int)strlen(text);
    progress->shown_ms = now;
}

void progress_wipe(struct progress *progress)
{
    if (progress->width > 0)
        fprintf(stderr, "\r%*s\r", progress->width, "");
    progress->width = 0;
}
