#include "server/process_figures.h"

#include <dirent.h>
#include <stdio.h>
#include <sys/resource.h>
#include <unistd.h>

static double seconds(struct timeval time)
{
    return (double)time.tv_sec + (double)time.tv_usec / 1e6;
}

static void read_usage(struct process_figures *figures)
{
    struct rusage usage;
    if (getrusage(RUSAGE_SELF, &usage) == 0)
        figures->cpu_s = seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

/* /proc/self/statm: sizes in pages, the whole and what is resident. */
static void read_memory(struct process_figures *figures)
{
    long long whole, resident;
    const long page = sysconf(_SC_PAGESIZE);
    FILE *file = fopen("/proc/self/statm", "re");
    if (!file)
        return;
    if (fscanf(file, "%lld %lld", &whole, &resident) == 2) {
        figures->virtual_bytes = whole * page;
        figures->resident_bytes = resident * page;
    }
    fclose(file);
}

static int64_t count_entries(const char *path)
{
    DIR *stream = opendir(path);
    int64_t count = 0;
    if (!stream)
        return -1;
    for (const struct dirent *entry; (entry = readdir(stream)) != NULL;)
        count += entry->d_name[0] != '.';
    closedir(stream);
    return count;
}

void process_figures_read(struct process_figures *ret_figures)
{
    struct rlimit files;
    *ret_figures = (struct process_figures){-1, -1, -1, -1, -1, -1};
    read_usage(ret_figures);
    read_memory(ret_figures);
    ret_figures->threads = count_entries("/proc/self/task");
    ret_figures->open_files = count_entries("/proc/self/fd");
    if (ret_figures->open_files > 0)
        ret_figures->open_files--; /* the directory itself, while it is read */
    if (getrlimit(RLIMIT_NOFILE, &files) == 0 && files.rlim_cur != RLIM_INFINITY)
        ret_figures->max_files = (int64_t)files.rlim_cur;
}
