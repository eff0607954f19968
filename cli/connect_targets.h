/*
 * connect_targets.h — the text of each target of `firn connect`; see cli/connect.h.
 *
 * X(enumerator, "name", "language", text)
 */
#ifndef CLI_CONNECT_TARGETS_H
#define CLI_CONNECT_TARGETS_H

#define SPARK_EXTENSIONS "org.apache.iceberg.spark.extensions.IcebergSparkSessionExtensions"
#define SPARK_HEAD                                                         \
    "# Spark {spark} with Scala {scala}, Iceberg {iceberg}, Java {java}. " \
    "To install it: pip install \"pyspark=={spark}.*\"\n"
#define SPARK_CONF(before, between, after)                                                   \
    before "spark.sql.extensions" between SPARK_EXTENSIONS after before                      \
           "spark.sql.catalog.{catalog}" between                                             \
           "org.apache.iceberg.spark.SparkCatalog" after before                              \
           "spark.sql.catalog.{catalog}.type" between "rest" after before                    \
           "spark.sql.catalog.{catalog}.uri" between "{url}" after before                    \
           "spark.sql.catalog.{catalog}.warehouse" between "{warehouse}" after "?s3 " before \
           "spark.sql.catalog.{catalog}.header.X-Iceberg-Access-Delegation" between          \
           "vended-credentials,remote-signing" after
/* spark-sql would otherwise start Hive's metastore in the current directory, which nothing here
 * asks for, and only one process at a time may open. */
#define SPARK_WITHOUT_HIVE "  --conf spark.sql.catalogImplementation=in-memory \\\n"
#define LOCAL_FILES(comment) \
    "?file " comment " The warehouse lies in {location}: what reads it must see it there.\n"
#define LOOPBACK(comment)                                                             \
    "?loopback " comment " {url} is this machine alone: see `firn serve --help` for " \
    "--listen, and --url here.\n"
#define EXAMPLE_SQL(before, after)                                                              \
    "?demo " before "SELECT carrier, count(*) AS flights FROM {catalog}.demo.flights GROUP BY " \
    "carrier ORDER BY flights DESC" after "\n"                                                  \
    "?empty " before "SHOW NAMESPACES IN {catalog}" after "\n"

#define CONNECT_TARGETS(X)                                                                         \
    X(CONNECT_SPARK_SQL, "spark-sql", "bash",                                                      \
      SPARK_HEAD "spark-sql --packages {packages} \\\n" SPARK_CONF("  --conf ", "=", " \\\n")      \
          SPARK_WITHOUT_HIVE "  --conf spark.sql.defaultCatalog={catalog}\n")                      \
    X(CONNECT_PYSPARK, "pyspark", "python",                                                        \
      SPARK_HEAD "from pyspark.sql import SparkSession\n\n"                                        \
                 "spark = (\n"                                                                     \
                 "    SparkSession.builder.appName(\"{catalog}\")\n"                               \
                 "    .config(\"spark.jars.packages\", \"{packages}\")\n" SPARK_CONF(              \
                     "    .config(\"", "\", \"",                                                   \
                     "\")\n") "    .config(\"spark.sql.defaultCatalog\", \"{catalog}\")\n"         \
                              "    .getOrCreate()\n"                                               \
                              ")\n" EXAMPLE_SQL("spark.sql(\"", "\").show()"))                     \
    X(CONNECT_SPARK_CLUSTER, "spark-cluster", "properties",                                        \
      "# Lines for conf/spark-defaults.conf of whoever starts drivers.\n" SPARK_HEAD LOCAL_FILES(  \
          "#")                                                                                     \
          LOOPBACK("#") "spark.jars.packages {packages}\n" SPARK_CONF(                             \
              "", " ", "\n") "spark.sql.defaultCatalog {catalog}\n")                               \
    X(CONNECT_PYICEBERG, "pyiceberg", "python",                                                    \
      "# pip install \"pyiceberg[pyarrow]\"\n"                                                     \
      "from pyiceberg.catalog import load_catalog\n\n"                                             \
      "catalog = load_catalog(\"{catalog}\", type=\"rest\", uri=\"{url}\", "                       \
      "warehouse=\"{warehouse}\")\n"                                                               \
      "?demo print(catalog.load_table(\"demo.flights\").scan(row_filter=\"month = 1\")"            \
      ".to_arrow())\n"                                                                             \
      "?empty print(catalog.list_namespaces())\n")                                                 \
    X(CONNECT_DUCKDB, "duckdb", "sql",                                                             \
      "-- DuckDB 1.4 or newer\n"                                                                   \
      "INSTALL iceberg;\nLOAD iceberg;\n"                                                          \
      "?s3 INSTALL httpfs;\n"                                                                      \
      "?s3 LOAD httpfs;\n"                                                                         \
      "?s3 CREATE SECRET (TYPE s3, PROVIDER credential_chain);\n"                                  \
      "ATTACH '{warehouse}' AS {catalog} (TYPE iceberg, ENDPOINT '{url}', "                        \
      "AUTHORIZATION_TYPE 'none');\n"                                                              \
      "?demo SELECT carrier, count(*) AS flights FROM {catalog}.demo.flights GROUP BY ALL "        \
      "ORDER BY flights DESC;\n"                                                                   \
      "?empty SHOW ALL TABLES;\n")                                                                 \
    X(CONNECT_TRINO, "trino", "properties",                                                        \
      "# etc/catalog/{catalog}.properties on every node of Trino\n" LOCAL_FILES("#")               \
          LOOPBACK("#") "connector.name=iceberg\n"                                                 \
                        "iceberg.catalog.type=rest\n"                                              \
                        "iceberg.rest-catalog.uri={url}\n"                                         \
                        "iceberg.rest-catalog.warehouse={warehouse}\n"                             \
                        "iceberg.rest-catalog.nested-namespace-enabled=true\n"                     \
                        "?file fs.hadoop.enabled=true\n"                                           \
                        "?s3 fs.native-s3.enabled=true\n")                                         \
    X(CONNECT_FLINK, "flink", "sql",                                                               \
      "-- Flink {flink}: bin/sql-client.sh with the jar {packages} and Hadoop's "                  \
      "classes\n" LOCAL_FILES("--") LOOPBACK(                                                      \
          "--") "CREATE CATALOG {catalog} WITH ('type'='iceberg', 'catalog-type'='rest', "         \
                "'uri'='{url}', 'warehouse'='{warehouse}');\n"                                     \
                "USE CATALOG {catalog};\n"                                                         \
                "?demo SELECT carrier, count(*) AS flights FROM demo.flights GROUP BY carrier;\n"  \
                "?empty SHOW DATABASES;\n")                                                        \
    X(CONNECT_STARROCKS, "starrocks", "sql",                                                       \
      LOCAL_FILES("--") LOOPBACK(                                                                  \
          "--") "CREATE EXTERNAL CATALOG {catalog} PROPERTIES (\"type\" = \"iceberg\", "           \
                "\"iceberg.catalog.type\" = \"rest\", \"iceberg.catalog.uri\" = \"{url}\", "       \
                "\"iceberg.catalog.warehouse\" = \"{warehouse}\");\n"                              \
                "?demo SELECT carrier, count(*) AS flights FROM {catalog}.demo.flights GROUP BY "  \
                "carrier;\n"                                                                       \
                "?empty SHOW DATABASES FROM {catalog};\n")                                         \
    X(CONNECT_CLICKHOUSE, "clickhouse", "sql",                                                     \
      LOCAL_FILES("--") LOOPBACK(                                                                  \
          "--") "SET allow_experimental_database_iceberg = 1;\n"                                   \
                "CREATE DATABASE {catalog} ENGINE = DataLakeCatalog('{url}/v1') SETTINGS "         \
                "catalog_type = 'rest', warehouse = '{warehouse}';\n"                              \
                "?demo SELECT carrier, count() AS flights FROM {catalog}.`demo.flights` GROUP BY " \
                "carrier;\n"                                                                       \
                "?empty SHOW TABLES FROM {catalog};\n")                                            \
    X(CONNECT_CURL, "curl", "bash",                                                                \
      "curl -sS \"{url}/v1/config?warehouse={warehouse}\"\n"                                       \
      "curl -sS \"{url}/v1/{warehouse}/namespaces\"\n"                                             \
      "?demo curl -sS \"{url}/v1/{warehouse}/namespaces/demo/tables/flights\"\n")

#endif
