/*
 * adls_xml.h — what the Blob service answers in XML.
 *
 * Spec:     Azure Storage REST API: List Blobs, Get User Delegation Key
 * Owns:     texts are copied into the caller's arena
 * Errors:   ERROR_CORRUPT where a text is no such answer
 * Threads:  pure functions
 */
#ifndef STORAGE_ADLS_XML_H
#define STORAGE_ADLS_XML_H

#include "storage/azure_sas.h"
#include "storage/list_walk.h"

/* One page of List Blobs; the directories of a hierarchical namespace are no objects. Names go with
 * the call. *ret_next: the marker of the next page; empty: this was the last. */
bool adls_list_parse(struct slice xml, list_name_fn visit, void *context, struct arena *arena,
                     struct slice *ret_next, struct error *err);

/* An answer of Get User Delegation Key; the texts, a secret among them, lie in the arena. */
bool adls_delegation_key_parse(struct slice xml, struct arena *arena,
                               struct azure_delegation_key *ret_key, struct error *err);

#endif
