#include "storage/list_walk.h"

#include "base/limits.h"
#include "base/percent.h"

/* A name, or the token of a page; both have some 1,000 bytes. */
#define MAX_NAME (16 * KIB)
/* What is read of one page beside its names' own places. */
#define PAGE_ARENA_SIZE (16 * MIB)

struct progress {
    const struct list_walk *walk;
    struct buffer uri; /* of each object: root and '/' stay */
    size_t start;
    struct buffer token; /* of the next page; empty: there is none */
};

static bool visit_name(void *context, struct slice name, uint64_t size, struct error *err)
{
    struct progress *progress = context;
    buffer_truncate(&progress->uri, progress->start);
    buffer_append_slice(&progress->uri, name);
    return buffer_check(&progress->uri, "an object's name", err) &&
           progress->walk->visit(progress->walk->context, buffer_slice(&progress->uri), size, err);
}

/* Objects below "t" are those of "t/": not "t2". */
static void append_query(const struct progress *progress, struct buffer *query)
{
    const struct list_walk *walk = progress->walk;
    buffer_append_string(query, walk->kind->query);
    percent_append(query, walk->folder);
    if (walk->folder.len > 0 && !slice_ends_with(walk->folder, SLICE_LITERAL("/")))
        percent_append(query, SLICE_LITERAL("/"));
    if (progress->token.len > 0) {
        buffer_printf(query, "&%s=", walk->kind->token);
        percent_append(query, buffer_slice(&progress->token));
    }
    buffer_append_byte(query, '\0');
}

static bool ask_page(const struct progress *progress, struct error *err)
{
    const struct list_walk *walk = progress->walk;
    struct buffer query;
    buffer_init(&query, MAX_NAME);
    buffer_truncate(walk->answer, 0);
    append_query(progress, &query);
    bool ok = buffer_check(&query, "a listing's query", err) &&
              walk->kind->ask(walk->call, slice_make(query.ptr, query.len - 1), err);
    buffer_finish(&query);
    return ok;
}

static bool read_page(struct progress *progress, struct error *err)
{
    const struct list_walk *walk = progress->walk;
    struct arena arena;
    struct slice next = SLICE_EMPTY;
    arena_init(&arena, PAGE_ARENA_SIZE);
    bool ok =
        walk->kind->parse(buffer_slice(walk->answer), visit_name, progress, &arena, &next, err);
    buffer_truncate(&progress->token, 0);
    if (ok)
        buffer_append_slice(&progress->token, next);
    arena_finish(&arena);
    return ok && buffer_check(&progress->token, "the next page's token", err);
}

bool list_walk(const struct list_walk *walk, struct error *err)
{
    struct progress progress = {.walk = walk};
    bool ok = true;
    buffer_init(&progress.uri, MAX_NAME);
    buffer_init(&progress.token, MAX_NAME);
    buffer_append_slice(&progress.uri, walk->root);
    buffer_append_byte(&progress.uri, '/');
    progress.start = progress.uri.len;
    do
        ok = ask_page(&progress, err) && read_page(&progress, err);
    while (ok && progress.token.len > 0);
    buffer_finish(&progress.uri);
    buffer_finish(&progress.token);
    return ok;
}
