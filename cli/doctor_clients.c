/* What clients on this machine have (cli/doctor.h). Who has none of them needs none. */
#include "cli/doctor.h"

#include <dirent.h>
#include <libgen.h>
#include <stdlib.h>

#include "base/limits.h"
#include "cli/program.h"
#include "cli/runtimes.h"

#define PROGRAM_TIMEOUT_MS 20000
#define MAX_PRINTED_SIZE (64 * KIB)

static void skip(struct doctor *doctor, const char *check, const char *name)
{
    doctor_report(doctor, DOCTOR_SKIPPED, check, DOCTOR_TEXT(doctor, "no %s in PATH", name),
                  DOCTOR_NO_CURE);
}

/* "4.0" out of "4.0.5", as numbers; false where there are none. */
static bool read_version(struct slice text, int *ret_major, int *ret_minor)
{
    char copy[32];
    snprintf(copy, sizeof(copy), "%.*s", (int)(text.len < 31 ? text.len : 31), text.ptr);
    *ret_minor = 0;
    return sscanf(copy, "%d.%d", ret_major, ret_minor) >= 1;
}

static bool is_at_least(struct slice version, const char *least)
{
    int major = 0, minor = 0, least_major = 0, least_minor = 0;
    return read_version(version, &major, &minor) &&
           read_version(slice_from_string(least), &least_major, &least_minor) &&
           (major > least_major || (major == least_major && minor >= least_minor));
}

/* --- Java ----------------------------------------------------------------------------------- */

/* Out of `openjdk version "17.0.15" 2025-04-15`. */
static struct slice quoted(struct slice text)
{
    text = slice_from(text, slice_find(text, '"') + 1);
    return slice_make(text.ptr, slice_find(text, '"'));
}

void doctor_check_java(struct doctor *doctor)
{
    struct arena *arena = &doctor->run->options.arena;
    struct slice path = program_find("java", command_variable, arena);
    struct buffer text;
    int major = 0, minor = 0;
    if (path.ptr == NULL) {
        skip(doctor, "Java", "java");
        return;
    }
    buffer_init(&text, MAX_PRINTED_SIZE);
    bool ok = program_run((char *const[]){(char *)path.ptr, "-version", NULL}, PROGRAM_TIMEOUT_MS,
                          &text) &&
              read_version(quoted(buffer_slice(&text)), &major, &minor);
    if (ok && (major == 17 || major == 21))
        doctor_report(doctor, DOCTOR_GOOD, "Java", DOCTOR_TEXT(doctor, "%d, %s", major, path.ptr),
                      DOCTOR_NO_CURE);
    else
        doctor_report(doctor, DOCTOR_BAD, "Java",
                      ok ? DOCTOR_TEXT(doctor, "%d, %s: Spark with Iceberg runs on 17 or 21", major,
                                       path.ptr)
                         : DOCTOR_TEXT(doctor, "%s does not say its version", path.ptr),
                      DOCTOR_TEXT(doctor,
                                  "apt-get install openjdk-17-jre-headless, and JAVA_HOME"));
    buffer_finish(&text);
}

/* --- Spark ---------------------------------------------------------------------------------- */

static void report_spark(struct doctor *doctor, struct slice spark, struct slice scala,
                         const char *place)
{
    bool ok = spark_runtime_find(spark, scala) != NULL;
    doctor_report(doctor, ok ? DOCTOR_GOOD : DOCTOR_BAD, "Spark",
                  DOCTOR_TEXT(doctor, "%.*s%s%.*s, %s%s", SLICE_ARG(spark),
                              scala.len ? " with Scala " : "", SLICE_ARG(scala), place,
                              ok ? "" : ": no Iceberg runtime is published for it"),
                  ok ? DOCTOR_NO_CURE
                     : DOCTOR_TEXT(doctor, "pip install \"pyspark==" SPARK_DEFAULT ".*\""));
    if (ok && program_find("java", command_variable, &doctor->run->options.arena).ptr == NULL)
        doctor_report(doctor, DOCTOR_BAD, "Java", DOCTOR_TEXT(doctor, "none, and Spark needs it"),
                      DOCTOR_TEXT(doctor, "apt-get install openjdk-17-jre-headless"));
}

/* jars/spark-core_2.13-4.0.5.jar of an installation says both versions. */
static bool read_installation(struct doctor *doctor, const char *home)
{
    struct slice jars = DOCTOR_TEXT(doctor, "%s/jars", home);
    DIR *folder = jars.ptr ? opendir(jars.ptr) : NULL;
    bool is_found = false;
    for (struct dirent *entry; folder && !is_found && (entry = readdir(folder)) != NULL;) {
        struct slice name = slice_from_string(entry->d_name);
        if (!slice_starts_with(name, SLICE_LITERAL("spark-core_")) ||
            !slice_ends_with(name, SLICE_LITERAL(".jar")))
            continue;
        name = slice_from(name, strlen("spark-core_"));
        name.len -= strlen(".jar");
        size_t dash = slice_find(name, '-');
        report_spark(doctor, slice_from(name, dash + 1), slice_make(name.ptr, dash), home);
        is_found = true;
    }
    if (folder)
        closedir(folder);
    return is_found;
}

/* SPARK_HOME, or where spark-submit lies. PySpark out of PyPI is Python's to tell. */
void doctor_check_spark(struct doctor *doctor)
{
    struct arena *arena = &doctor->run->options.arena;
    const char *home = command_variable("SPARK_HOME");
    struct slice submit = program_find("spark-submit", command_variable, arena);
    char *real = NULL;
    if (home && home[0] && read_installation(doctor, home))
        return;
    if (submit.ptr)
        real = realpath(submit.ptr, NULL);
    bool is_found = real && read_installation(doctor, dirname(dirname(real)));
    free(real);
    if (!is_found && submit.ptr == NULL)
        skip(doctor, "Spark", "spark-submit");
}

/* --- Python --------------------------------------------------------------------------------- */

/* "name version" lines: of Python, and of the packages that are there. */
static char SCRIPT[] = "import sys, importlib.metadata as m\n"
                       "print('python', sys.version.split()[0])\n"
                       "for name in ('pyspark', 'pyiceberg'):\n"
                       "    try: print(name, m.version(name))\n"
                       "    except m.PackageNotFoundError: pass\n";

static void report_package(struct doctor *doctor, struct slice name, struct slice version)
{
    bool is_python = slice_equals_string(name, "python");
    const char *least = is_python ? PYTHON_OLDEST : PYICEBERG_OLDEST;
    bool ok = is_at_least(version, least);
    if (slice_equals_string(name, "pyspark")) {
        report_spark(doctor, version, SLICE_EMPTY, "PySpark of python3");
        return;
    }
    doctor_report(doctor, ok ? DOCTOR_GOOD : DOCTOR_BAD, is_python ? "Python" : "PyIceberg",
                  DOCTOR_TEXT(doctor, "%.*s%s%s", SLICE_ARG(version), ok ? "" : ", older than ",
                              ok ? "" : least),
                  ok ? DOCTOR_NO_CURE
                  : is_python
                      ? DOCTOR_TEXT(doctor, "apt-get install python3-venv, and a venv")
                      : DOCTOR_TEXT(doctor, "pip install --upgrade \"pyiceberg[pyarrow]\""));
}

static bool report_packages(struct doctor *doctor, struct slice text)
{
    bool has_pyiceberg = false;
    while (text.len > 0) {
        struct slice line = slice_make(text.ptr, slice_find(text, '\n'));
        struct slice name = slice_make(line.ptr, slice_find(line, ' '));
        text = slice_from(text, line.len + 1);
        report_package(doctor, name, slice_from(line, name.len + 1));
        has_pyiceberg |= slice_equals_string(name, "pyiceberg");
    }
    return has_pyiceberg;
}

void doctor_check_python(struct doctor *doctor)
{
    struct slice path = program_find("python3", command_variable, &doctor->run->options.arena);
    struct buffer text;
    if (path.ptr == NULL) {
        skip(doctor, "Python", "python3");
        return;
    }
    buffer_init(&text, MAX_PRINTED_SIZE);
    if (!program_run((char *const[]){(char *)path.ptr, "-c", SCRIPT, NULL}, PROGRAM_TIMEOUT_MS,
                     &text))
        doctor_report(doctor, DOCTOR_WARNING, "Python",
                      DOCTOR_TEXT(doctor, "%s does not run", path.ptr), DOCTOR_NO_CURE);
    else if (!report_packages(doctor, buffer_slice(&text)))
        doctor_report(doctor, DOCTOR_SKIPPED, "PyIceberg",
                      DOCTOR_TEXT(doctor, "python3 has none: pip install \"pyiceberg[pyarrow]\""),
                      DOCTOR_NO_CURE);
    buffer_finish(&text);
}
