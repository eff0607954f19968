#include "cli/supervisor.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/slice.h"

/* A path, or with '@' at its front a name in the abstract space. */
static socklen_t address_of(const char *name, struct sockaddr_un *ret_address)
{
    size_t size = strlen(name);
    *ret_address = (struct sockaddr_un){.sun_family = AF_UNIX};
    if ((name[0] != '/' && name[0] != '@') || size >= sizeof(ret_address->sun_path))
        return 0;
    memcpy(ret_address->sun_path, name, size);
    if (name[0] == '@')
        ret_address->sun_path[0] = '\0';
    return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + size);
}

void supervisor_tell(const char *state)
{
    struct sockaddr_un address;
    const char *name = getenv("NOTIFY_SOCKET");
    socklen_t size = name ? address_of(name, &address) : 0;
    int fd = size > 0 ? socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0) : -1;
    if (fd < 0)
        return;
    (void)sendto(fd, state, strlen(state), MSG_NOSIGNAL, (const struct sockaddr *)&address, size);
    close(fd);
}

int64_t supervisor_watchdog_ms(void)
{
    int64_t microseconds = 0, process = 0;
    const char *limit = getenv("WATCHDOG_USEC"), *who = getenv("WATCHDOG_PID");
    if (!limit || !slice_to_int64(slice_from_string(limit), &microseconds) || microseconds <= 0)
        return 0;
    if (who && slice_to_int64(slice_from_string(who), &process) && process != getpid())
        return 0;
    return microseconds / 2000 > 0 ? microseconds / 2000 : 1;
}
