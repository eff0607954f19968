/*
 * demo_files.h — the files of the demo table, embedded in the binary; cli/demo/make makes them.
 *
 * X(enumerator, "file in cli/demo/")
 */
#ifndef CLI_DEMO_FILES_H
#define CLI_DEMO_FILES_H

#include "base/slice.h"

#define DEMO_FILES(X)                    \
    X(DEMO_TABLE, "table.json")          \
    X(DEMO_MANIFEST, "manifest.json")    \
    X(DEMO_LIST, "manifest_list.json")   \
    X(DEMO_ENTRIES, "entries.bin")       \
    X(DEMO_MONTH_01, "month-01.parquet") \
    X(DEMO_MONTH_02, "month-02.parquet") \
    X(DEMO_MONTH_03, "month-03.parquet") \
    X(DEMO_MONTH_04, "month-04.parquet") \
    X(DEMO_MONTH_05, "month-05.parquet") \
    X(DEMO_MONTH_06, "month-06.parquet") \
    X(DEMO_MONTH_07, "month-07.parquet") \
    X(DEMO_MONTH_08, "month-08.parquet") \
    X(DEMO_MONTH_09, "month-09.parquet") \
    X(DEMO_MONTH_10, "month-10.parquet") \
    X(DEMO_MONTH_11, "month-11.parquet") \
    X(DEMO_MONTH_12, "month-12.parquet")

enum demo_file_id {
#define X(enumerator, file) enumerator,
    DEMO_FILES(X)
#undef X
        DEMO_FILE_COUNT
};
#define DEMO_MONTHS 12

struct slice demo_file(enum demo_file_id id);

#endif
