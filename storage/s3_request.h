/*
 * s3_request.h — one signed request to S3 or STS.
 *
 * Spec:     "Authenticating Requests (AWS Signature Version 4)" of the Amazon S3 API reference
 * Owns:     nothing; what is made lies in the caller's arena
 * Errors:   as http_transport_send
 * Threads:  any; blocks
 * Rule:     the body is signed, so that what arrives changed is refused
 */
#ifndef STORAGE_S3_REQUEST_H
#define STORAGE_S3_REQUEST_H

#include "storage/http_transport.h"
#include "storage/s3_sign.h"

/* Empty texts and NULL: none. */
struct s3_http_request {
    const char *method;
    struct slice endpoint; /* "https://host:port": what stands before the path */
    struct slice path;     /* from '/' on, percent-encoded */
    struct slice query;    /* without '?' */
    struct slice body;
    const char *content_type;
    const char *if_none_match;
    const char *content_md5; /* base64 */
    const char *range;       /* "bytes=0-0" */
    struct slice ca_bundle;  /* NUL-terminated */
    struct slice region;
    const char *service;                      /* "s3", "sts" */
    const struct s3_credentials *credentials; /* NULL: unsigned */
};

/* The answer's buffers are the caller's. */
bool s3_http_send(struct http_transport *transport, const struct s3_http_request *request,
                  struct arena *arena, struct http_answer *answer, struct error *err);

#endif
