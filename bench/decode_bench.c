/*
 * Measures what decoding manifests costs above inflating them, in CPU time of this thread.
 *
 *   bench/make_manifests.py FOLDER && decode_bench FOLDER [rounds]
 *
 * Five passes over all files of a folder, each in turn and many times over: only inflate the blocks
 * (the floor); decode every column that a plan without a filter needs; decode these and the bounds,
 * the bounds and counts of two columns, or all statistics. A busy machine slows down whole rounds,
 * so the ratio that counts is the median of each round's own.
 */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "base/limits.h"
#include "iceberg/avro_container.h"
#include "scan/manifest_decoder.h"

#define MAX_FILES 100000
#define DEFAULT_ROUNDS 15
#define MAX_ROUNDS 1000

struct file {
    char *bytes;
    size_t size;
};

struct files {
    struct file *items;
    size_t count;
    size_t size;
};

struct figures {
    uint64_t inflated;
    size_t rows;
    size_t memory; /* of all columns together, as a cache would charge them */
};

static void die(const char *what, const char *detail)
{
    fprintf(stderr, "decode_bench: %s: %s\n", what, detail);
    exit(EXIT_FAILURE);
}

static struct file file_read(const char *path)
{
    struct stat info;
    FILE *stream = fopen(path, "rb");
    if (!stream || fstat(fileno(stream), &info) != 0)
        die("cannot open", path);
    struct file file = {malloc((size_t)info.st_size + 1), (size_t)info.st_size};
    if (!file.bytes || fread(file.bytes, 1, file.size, stream) != file.size)
        die("cannot read", path);
    fclose(stream);
    return file;
}

static struct files folder_read(const char *folder)
{
    struct files files = {calloc(MAX_FILES, sizeof(struct file)), 0, 0};
    DIR *stream = opendir(folder);
    if (!stream || !files.items)
        die("cannot open", folder);
    for (struct dirent *entry; (entry = readdir(stream)) && files.count < MAX_FILES;) {
        char path[4096];
        if (!strstr(entry->d_name, ".avro"))
            continue;
        if (snprintf(path, sizeof(path), "%s/%s", folder, entry->d_name) >= (int)sizeof(path))
            die("too long", folder);
        files.items[files.count++] = file_read(path);
        files.size += files.items[files.count - 1].size;
    }
    closedir(stream);
    if (files.count == 0)
        die("no .avro files", folder);
    return files;
}

static double cpu_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

/* One decompressor and one buffer for all, as the decoder has them. */
static double inflate_all(const struct files *files, struct figures *figures)
{
    struct error err;
    struct buffer scratch;
    struct libdeflate_decompressor *inflater = NULL;
    buffer_init(&scratch, MAX_MANIFEST_BLOCK_SIZE);
    double start = cpu_ms();
    figures->inflated = 0;
    for (size_t i = 0; i < files->count; i++) {
        struct avro_container container;
        struct avro_block block;
        bool more = true;
        struct slice bytes = slice_make(files->items[i].bytes, files->items[i].size);
        if (!avro_container_open(bytes, &container, &err))
            die("open", err.message);
        container.inflater = inflater;
        while (more) {
            if (!avro_container_next(&container, &scratch, &block, &more, &err))
                die("inflate", err.message);
            figures->inflated += more ? block.data.len : 0;
        }
        inflater = container.inflater;
        container.inflater = NULL;
        avro_container_finish(&container);
    }
    double spent = cpu_ms() - start;
    struct avro_container owner = {.inflater = inflater};
    avro_container_finish(&owner);
    buffer_finish(&scratch);
    return spent;
}

/* The decoder is made anew each time: compiling the program is part of the cost. */
static double decode_all(const struct files *files, const struct manifest_projection *projection,
                         struct figures *figures)
{
    struct error err;
    struct manifest_decoder *decoder;
    struct manifest_columns **kept = calloc(files->count, sizeof(struct manifest_columns *));
    if (!kept)
        die("memory", "columns");
    figures->rows = figures->memory = 0;
    double start = cpu_ms();
    if (!manifest_decoder_create(&decoder, &err))
        die("decoder", err.message);
    for (size_t i = 0; i < files->count; i++) {
        struct slice bytes = slice_make(files->items[i].bytes, files->items[i].size);
        if (!manifest_decode(decoder, bytes, projection, &kept[i], &err))
            die("decode", err.message);
        figures->rows += kept[i]->row_count;
        figures->memory += kept[i]->size;
    }
    double spent = cpu_ms() - start;
    for (size_t i = 0; i < files->count; i++)
        manifest_columns_unref(kept[i]);
    free(kept);
    manifest_decoder_destroy(decoder);
    return spent;
}

static int compare_doubles(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double median(double *values, size_t count)
{
    qsort(values, count, sizeof(*values), compare_doubles);
    return values[count / 2];
}

/* `times` are sorted afterwards. */
static void report(const char *name, double *times, const double *floors, size_t rounds,
                   const struct figures *figures)
{
    static double ratios[MAX_ROUNDS];
    for (size_t i = 0; i < rounds; i++)
        ratios[i] = times[i] / floors[i];
    double ratio = median(ratios, rounds), middle = median(times, rounds);
    printf("%-34s median %8.2f ms  best %8.2f ms  %5.2f x floor  %7.1f MB kept\n", name, middle,
           times[0], ratio, (double)figures->memory / 1e6);
}

int main(int argc, char **argv)
{
    static const int32_t TWO[] = {1, 2};
    static const struct manifest_projection PROJECTIONS[] = {
        {.stats_count = 0},
        {.stats_ids = TWO, .stats_count = 2, .stats_kinds = STATS_BOUNDS},
        {.stats_ids = TWO, .stats_count = 2, .stats_kinds = STATS_PRUNING},
        {.has_all_stats = true, .stats_kinds = STATS_ALL},
    };
    static const char *const NAMES[] = {"decode, no statistics", "decode, bounds of 2 columns",
                                        "decode, bounds and counts of 2", "decode, all statistics"};
    static double times[5][MAX_ROUNDS];
    struct figures figures[5] = {{0, 0, 0}};
    if (argc < 2)
        die("usage", "decode_bench FOLDER [rounds]");
    long rounds = argc > 2 ? strtol(argv[2], NULL, 10) : DEFAULT_ROUNDS;
    if (rounds < 1 || rounds > MAX_ROUNDS)
        die("usage", "1 to 1000 rounds");
    struct files files = folder_read(argv[1]);
    for (long round = 0; round < rounds; round++) {
        times[0][round] = inflate_all(&files, &figures[0]);
        for (size_t i = 0; i < 4; i++)
            times[i + 1][round] = decode_all(&files, &PROJECTIONS[i], &figures[i + 1]);
    }
    printf("%zu manifests, %zu entries, %.1f MB, %.1f MB inflated, %ld rounds\n", files.count,
           figures[1].rows, (double)files.size / 1e6, (double)figures[0].inflated / 1e6, rounds);
    for (size_t i = 0; i < 4; i++)
        report(NAMES[i], times[i + 1], times[0], (size_t)rounds, &figures[i + 1]);
    static double floors[MAX_ROUNDS];
    memcpy(floors, times[0], sizeof(floors));
    report("inflate only (the floor)", times[0], floors, (size_t)rounds, &figures[0]);
    for (size_t i = 0; i < files.count; i++)
        free(files.items[i].bytes);
    free(files.items);
    return EXIT_SUCCESS;
}
