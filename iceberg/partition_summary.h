/*
 * partition_summary.h — what a manifest list says of one partition field in one manifest.
 *
 * Spec:     table spec, "Manifest Lists", field_summary
 * Owns:     nothing; bounds are views
 */
#ifndef ICEBERG_PARTITION_SUMMARY_H
#define ICEBERG_PARTITION_SUMMARY_H

#include "base/slice.h"

enum summary_nan { SUMMARY_NAN_UNKNOWN, SUMMARY_NAN_NO, SUMMARY_NAN_YES };

struct partition_summary {
    bool contains_null;
    enum summary_nan contains_nan;
    struct slice lower; /* ptr NULL: none */
    struct slice upper;
};

#endif
