#include "server/router.h"

#include <stdlib.h>

#include "server/op.h"

#define GET METHOD_GET
#define HEAD METHOD_HEAD
#define POST METHOD_POST
#define PUT METHOD_PUT
#define DELETE METHOD_DELETE

const struct operation operations[OPERATION_COUNT] = {
#define X(id, method, path, handler, privilege, lane, state)                             \
    [OPERATION_##id] = {OPERATION_##id,        #id,         method,       path, handler, \
                        PRIVILEGE_##privilege, LANE_##lane, STATE_##state},
    ALL_OPERATIONS(X)
#undef X
};

static const char *const PARAMETER_NAMES[] = {
#define X(enumerator, name) [enumerator] = name,
    PATH_PARAMETERS(X)
#undef X
};

/* The longest path is that of listMetricsReports. */
#define MAX_SEGMENTS 12
/* Each operation with its prefix, and without. */
#define MAX_ROUTES ((size_t)2 * OPERATION_COUNT)
#define PREFIX_START "/v1/{prefix}"

struct segment {
    struct slice literal; /* ptr NULL: a parameter */
    enum path_parameter parameter;
};

struct route {
    const struct operation *operation;
    size_t segment_count;
    struct segment segments[MAX_SEGMENTS];
};

/* Those of as many segments stand together, so that a request looks at no others. */
struct router {
    size_t first[MAX_SEGMENTS + 2]; /* by the number of segments */
    size_t route_count;
    struct route routes[MAX_ROUTES];
};

static struct segment segment_of_pattern(struct slice text)
{
    if (text.len < 2 || text.ptr[0] != '{')
        return (struct segment){.literal = text};
    struct slice name = {text.ptr + 1, text.len - 2};
    enum path_parameter parameter = 0;
    while (parameter < PATH_PARAMETER_COUNT &&
           !slice_equals_string(name, PARAMETER_NAMES[parameter]))
        parameter++;
    return (struct segment){.literal = {NULL, 0}, .parameter = parameter};
}

/* The segment that follows the '/' at the front of *path; false at the end. */
static bool take_segment(struct slice *path, struct slice *ret_segment)
{
    if (path->len == 0 || path->ptr[0] != '/')
        return false;
    struct slice rest = slice_from(*path, 1);
    *ret_segment = (struct slice){rest.ptr, slice_find(rest, '/')};
    *path = slice_from(rest, ret_segment->len);
    return true;
}

static struct route route_of(const struct operation *operation, bool skip_prefix)
{
    struct route route = {.operation = operation};
    struct slice path = slice_from_string(operation->path), text;
    while (route.segment_count < MAX_SEGMENTS && take_segment(&path, &text)) {
        struct segment segment = segment_of_pattern(text);
        if (skip_prefix && segment.literal.ptr == NULL && segment.parameter == PARAMETER_PREFIX)
            continue;
        route.segments[route.segment_count++] = segment;
    }
    return route;
}

/* All of them, those without a prefix first. */
static size_t make_routes(struct route *routes)
{
    const struct slice prefix = SLICE_LITERAL(PREFIX_START);
    size_t count = 0;
    for (size_t i = 0; i < OPERATION_COUNT; i++)
        if (slice_starts_with(slice_from_string(operations[i].path), prefix))
            routes[count++] = route_of(&operations[i], true);
    for (size_t i = 0; i < OPERATION_COUNT; i++)
        routes[count++] = route_of(&operations[i], false);
    return count;
}

static void sort_routes(struct router *router, const struct route *routes, size_t count)
{
    for (size_t segments = 0; segments <= MAX_SEGMENTS; segments++) {
        router->first[segments] = router->route_count;
        for (size_t i = 0; i < count; i++)
            if (routes[i].segment_count == segments)
                router->routes[router->route_count++] = routes[i];
    }
    router->first[MAX_SEGMENTS + 1] = router->route_count;
}

bool router_create(struct router **ret_router, struct error *err)
{
    struct router *router = calloc(1, sizeof(*router));
    struct route *routes = calloc(MAX_ROUTES, sizeof(*routes));
    if (router == NULL || routes == NULL) {
        free(router);
        free(routes);
        return error_no_memory(err, "the routes");
    }
    sort_routes(router, routes, make_routes(routes));
    free(routes);
    *ret_router = router;
    return true;
}

void router_destroy(struct router *router)
{
    free(router);
}

struct split_path {
    size_t count;
    struct slice segments[MAX_SEGMENTS];
};

/* False where no route can match: too many segments, or a slash at the end. */
static bool split(struct slice path, struct split_path *ret_split)
{
    ret_split->count = 0;
    struct slice segment;
    while (take_segment(&path, &segment)) {
        if (ret_split->count == MAX_SEGMENTS)
            return false;
        ret_split->segments[ret_split->count++] = segment;
    }
    if (path.len > 0 || ret_split->count == 0)
        return false;
    /* "/" is a path of its own: one empty segment. */
    return ret_split->count == 1 || ret_split->segments[ret_split->count - 1].len > 0;
}

/* Such a segment is never empty: the empty name means the default warehouse to the catalog. */
static bool names_warehouse(enum path_parameter parameter)
{
    return parameter == PARAMETER_PREFIX || parameter == PARAMETER_WAREHOUSE;
}

/* Of a route that has as many segments. */
static bool route_matches(const struct route *route, const struct split_path *path)
{
    for (size_t i = 0; i < path->count; i++) {
        struct slice literal = route->segments[i].literal;
        if (literal.ptr && !slice_equals(literal, path->segments[i]))
            return false;
        if (literal.ptr == NULL && names_warehouse(route->segments[i].parameter) &&
            path->segments[i].len == 0)
            return false;
    }
    return true;
}

static void take_parameters(const struct route *route, const struct split_path *path,
                            struct request *request)
{
    for (size_t i = 0; i < path->count; i++)
        if (route->segments[i].literal.ptr == NULL)
            request->raw_parameters[route->segments[i].parameter] = path->segments[i];
    request->operation = route->operation;
}

/* "GET, HEAD, DELETE": the methods of every route that has this path. */
static struct slice allowed_methods(const struct router *router, const struct split_path *path,
                                    struct arena *arena)
{
    struct slice list = SLICE_EMPTY;
    for (size_t i = router->first[path->count]; i < router->first[path->count + 1]; i++) {
        const struct route *route = &router->routes[i];
        if (!route_matches(route, path) || list.ptr == NULL)
            continue;
        list = arena_printf(arena, "%.*s%s%s", SLICE_ARG(list), list.len ? ", " : "",
                            http_method_name(route->operation->method));
    }
    return list.ptr ? list : SLICE_EMPTY;
}

bool router_match(const struct router *router, struct request *request, struct slice *ret_allow,
                  struct error *err)
{
    struct split_path path;
    bool has_path = false;
    if (!split(request->path, &path))
        return error_set(err, ERROR_NO_SUCH_ROUTE,
                         "No such path: %s %.*s (GET /v1/config lists what is served)",
                         request->method_text.ptr, SLICE_ARG(request->path));
    for (size_t i = router->first[path.count]; i < router->first[path.count + 1]; i++) {
        const struct route *route = &router->routes[i];
        if (!route_matches(route, &path))
            continue;
        has_path = true;
        if (route->operation->method != request->method)
            continue;
        take_parameters(route, &path, request);
        return true;
    }
    if (!has_path)
        return error_set(err, ERROR_NO_SUCH_ROUTE,
                         "No such path: %s %.*s (GET /v1/config lists what is served)",
                         request->method_text.ptr, SLICE_ARG(request->path));
    *ret_allow = allowed_methods(router, &path, &request->arena);
    return error_set(err, ERROR_METHOD_NOT_ALLOWED, "%.*s is not a method of %.*s: use %.*s",
                     SLICE_ARG(request->method_text), SLICE_ARG(request->path),
                     SLICE_ARG(*ret_allow));
}
