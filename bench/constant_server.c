/*
 * constant_server — the yardstick: libmicrohttpd answering one file's bytes to every request.
 *
 * What Firn's loadTable is measured against: the same library, the same flags, the same headers,
 * one response object made at the start. Whatever Firn does beside this is its own cost.
 *
 * usage: constant_server PORT THREADS FILE     ends at end of file on standard input
 */
#include <arpa/inet.h>
#include <microhttpd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MAX_FILE_SIZE (64u * 1024 * 1024)

static enum MHD_Result answer(void *response, struct MHD_Connection *connection, const char *url,
                              const char *method, const char *version, const char *upload,
                              size_t *upload_size, void **context)
{
    static int second_call;
    (void)url, (void)method, (void)version, (void)upload, (void)upload_size;
    /* A response queued in the first call of the handler would close the connection. */
    if (*context == NULL) {
        *context = &second_call;
        return MHD_YES;
    }
    return MHD_queue_response(connection, MHD_HTTP_OK, response);
}

static char *read_file(const char *path, size_t *ret_size)
{
    FILE *file = fopen(path, "rb");
    char *bytes = malloc(MAX_FILE_SIZE);
    if (file == NULL || bytes == NULL)
        return NULL;
    *ret_size = fread(bytes, 1, MAX_FILE_SIZE, file);
    fclose(file);
    return bytes;
}

static struct MHD_Response *make_response(const char *path)
{
    size_t size = 0;
    char *bytes = read_file(path, &size);
    if (bytes == NULL)
        return NULL;
    struct MHD_Response *response =
        MHD_create_response_from_buffer(size, bytes, MHD_RESPMEM_MUST_FREE);
    MHD_add_response_header(response, "Content-Type", "application/json");
    MHD_add_response_header(response, "ETag", "\"0123456789abcdef0123456789abcdef\"");
    return response;
}

int main(int argc, char **argv)
{
    if (argc != 4) {
        fprintf(stderr, "usage: %s PORT THREADS FILE\n", argv[0]);
        return 2;
    }
    struct sockaddr_in address = {.sin_family = AF_INET};
    address.sin_port = htons((uint16_t)strtoul(argv[1], NULL, 10));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    struct MHD_Response *response = make_response(argv[3]);
    if (response == NULL) {
        perror(argv[3]);
        return 1;
    }
    struct MHD_Daemon *daemon = MHD_start_daemon(
        MHD_USE_EPOLL_INTERNAL_THREAD | MHD_USE_TURBO | MHD_ALLOW_SUSPEND_RESUME, 0, NULL, NULL,
        answer, response, MHD_OPTION_SOCK_ADDR, (struct sockaddr *)&address,
        MHD_OPTION_THREAD_POOL_SIZE, (unsigned int)strtoul(argv[2], NULL, 10), MHD_OPTION_END);
    if (daemon == NULL) {
        perror("constant_server");
        return 1;
    }
    while (getchar() != EOF)
        ;
    MHD_stop_daemon(daemon);
    MHD_destroy_response(response);
    return 0;
}
