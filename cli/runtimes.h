/*
 * runtimes.h — which Iceberg runtime goes with which engine: what is published on Maven Central.
 *
 * SPARK_RUNTIMES:  X("Spark", "Scala", "Iceberg", "Java")
 *                  is org.apache.iceberg:iceberg-spark-runtime-<Spark>_<Scala>:<Iceberg>. The first
 *                  row of a Spark version is the one for its package on PyPI.
 * FLINK_RUNTIMES:  X("Flink", "Iceberg")
 *                  is org.apache.iceberg:iceberg-flink-runtime-<Flink>:<Iceberg>
 *
 * "Java" is what both sides run on: the runtimes are compiled for Java 17, and Spark is tested by
 * its makers on those that are named. A newer Spark than the newest here has no runtime yet: its
 * internal interfaces change with each release, and a runtime for another one fails at the first
 * query.
 */
#ifndef CLI_RUNTIMES_H
#define CLI_RUNTIMES_H

#include "base/slice.h"

#define SPARK_RUNTIMES(X)               \
    X("3.5", "2.12", "1.12.0", "17")    \
    X("3.5", "2.13", "1.11.0", "17")    \
    X("4.0", "2.13", "1.11.0", "17|21") \
    X("4.1", "2.13", "1.12.0", "17|21")

/* Without --spark: what the tests run. */
#define SPARK_DEFAULT "4.0"

#define FLINK_RUNTIMES(X) \
    X("1.20", "1.11.0")   \
    X("2.0", "1.11.0")    \
    X("2.1", "1.11.0")

#define FLINK_DEFAULT "2.0"

struct spark_runtime {
    const char *spark;
    const char *scala;
    const char *iceberg;
    const char *java; /* "17|21" */
};

struct flink_runtime {
    const char *flink;
    const char *iceberg;
};

/* The row for a version ("4.0" or "4.0.5"; empty: the default) and Scala (empty: the one of Spark's
 * package); NULL where no runtime is published. */
const struct spark_runtime *spark_runtime_find(struct slice spark, struct slice scala);
const struct flink_runtime *flink_runtime_find(struct slice flink);

/* The oldest PyIceberg that the tests' features are in, and the Python that it asks for. */
#define PYICEBERG_OLDEST "0.9"
#define PYTHON_OLDEST "3.10"

#endif
