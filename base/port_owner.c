#include "base/port_owner.h"

#include <ctype.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The state of a listening socket in /proc/net/tcp. */
#define TCP_STATE_LISTEN 0x0A

#define LINK_SIZE 64

/* One line: "  0: 0100007F:1FF5 00000000:0000 0A … uid timeout inode …". */
static bool read_line(const char *line, unsigned port, unsigned long *ret_inode)
{
    unsigned local = 0, state = 0;
    unsigned long inode = 0;
    int count = sscanf(line, " %*d: %*[0-9A-Fa-f]:%x %*[0-9A-Fa-f]:%*x %x %*s %*s %*s %*s %*s %lu",
                       &local, &state, &inode);
    if (count != 3 || local != port || state != TCP_STATE_LISTEN)
        return false;
    *ret_inode = inode;
    return true;
}

static bool find_inode(const char *path, unsigned port, unsigned long *ret_inode)
{
    char line[512];
    bool is_found = false;
    FILE *file = fopen(path, "re");
    while (file && !is_found && fgets(line, sizeof(line), file))
        is_found = read_line(line, port, ret_inode);
    if (file)
        fclose(file);
    return is_found;
}

static bool has_socket(const char *pid, const char *wanted)
{
    char path[300], target[LINK_SIZE];
    bool is_found = false;
    snprintf(path, sizeof(path), "/proc/%s/fd", pid);
    DIR *fds = opendir(path);
    for (struct dirent *entry; fds && !is_found && (entry = readdir(fds)) != NULL;) {
        ssize_t size = readlinkat(dirfd(fds), entry->d_name, target, sizeof(target) - 1);
        target[size > 0 ? size : 0] = '\0';
        is_found = strcmp(target, wanted) == 0;
    }
    if (fds)
        closedir(fds);
    return is_found;
}

static void read_name(const char *pid, struct port_owner *ret_owner)
{
    char path[300];
    snprintf(path, sizeof(path), "/proc/%s/comm", pid);
    FILE *file = fopen(path, "re");
    if (file == NULL)
        return;
    if (fgets(ret_owner->name, sizeof(ret_owner->name), file))
        ret_owner->name[strcspn(ret_owner->name, "\n")] = '\0';
    fclose(file);
}

bool port_owner_find(unsigned port, struct port_owner *ret_owner)
{
    unsigned long inode = 0;
    char wanted[LINK_SIZE];
    struct port_owner owner = {0};
    if (!find_inode("/proc/net/tcp", port, &inode) && !find_inode("/proc/net/tcp6", port, &inode))
        return false;
    snprintf(wanted, sizeof(wanted), "socket:[%lu]", inode);
    DIR *processes = opendir("/proc");
    for (struct dirent *entry; processes && !owner.pid && (entry = readdir(processes)) != NULL;) {
        if (!isdigit((unsigned char)entry->d_name[0]) || !has_socket(entry->d_name, wanted))
            continue;
        owner.pid = strtol(entry->d_name, NULL, 10);
        read_name(entry->d_name, &owner);
    }
    if (processes)
        closedir(processes);
    *ret_owner = owner;
    return true;
}

void port_owner_words(unsigned port, char ret_words[PORT_OWNER_WORDS_SIZE])
{
    struct port_owner owner;
    if (!port_owner_find(port, &owner))
        snprintf(ret_words, PORT_OWNER_WORDS_SIZE, "another program");
    else if (owner.pid == 0)
        snprintf(ret_words, PORT_OWNER_WORDS_SIZE, "a process of another user");
    else
        snprintf(ret_words, PORT_OWNER_WORDS_SIZE, "%s (process %ld)", owner.name, owner.pid);
}
