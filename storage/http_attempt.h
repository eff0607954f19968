/*
 * http_attempt.h — one request and its answer by libcurl: what storage/http_transport.c repeats.
 *
 * Owns:     an attempt is the caller's memory; its handle belongs to an endpoint
 * Threads:  one thread at a time
 */
#ifndef STORAGE_HTTP_ATTEMPT_H
#define STORAGE_HTTP_ATTEMPT_H

#include <curl/curl.h>

#include "storage/http_transport.h"

struct http_attempt {
    const struct http_request *request;
    struct http_answer *answer;
    CURL *curl;
    int64_t silence_ms;
    size_t body_start; /* of answer->body */
    struct slice unsent;
    bool has_head;    /* the empty line behind the headers has come */
    bool has_measure; /* the headers say where the body ends */
    char reason[CURL_ERROR_SIZE];
};

/* "https://host:port" of a URL: what stands before the path. */
struct slice http_endpoint_of(const char *url);

/* *ret_code: the outcome as libcurl has it; CURLE_OK: there is a whole answer. False: nothing was
 * sent. */
bool http_attempt_make(struct http_attempt *attempt, CURLcode *ret_code, struct error *err);

/* The sentence for an attempt without an answer. Always false. */
bool http_attempt_failed(const struct http_attempt *attempt, CURLcode code, struct error *err);

#endif
