/*
 * A request line, whatever it is: method by the first byte, the rest is the URI. It matches a row
 * of the table, and then its parameters lie within the path, or it is refused.
 */
#include <assert.h>
#include <stdint.h>

#include "base/percent.h"
#include "server/router.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define MAX_INPUT_SIZE 4096

static void check_parameters(struct request *request)
{
    struct slice decoded;
    for (int i = 0; i < PATH_PARAMETER_COUNT; i++) {
        struct slice raw = request->raw_parameters[i];
        if (raw.ptr == NULL)
            continue;
        assert(raw.ptr >= request->path.ptr);
        assert(raw.ptr + raw.len <= request->path.ptr + request->path.len);
        percent_decode(raw, true, &request->arena, &decoded, NULL);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct router *router;
    struct request request;
    struct slice value, allow;
    bool flag = false;
    int64_t number = 0;
    if (router == NULL && !router_create(&router, NULL))
        return 0;
    if (size < 2 || size > MAX_INPUT_SIZE)
        return 0;
    request_init(&request, (enum http_method)(data[0] % (METHOD_OTHER + 1)),
                 slice_make((const char *)data + 1, size - 1));
    if (router_match(router, &request, &allow, NULL))
        check_parameters(&request);
    request_query(&request, "pageToken", &value, NULL);
    request_query_bool(&request, "purgeRequested", &flag, NULL);
    request_query_int64(&request, "pageSize", 1, 1000, &number, NULL);
    request_finish(&request);
    return 0;
}
