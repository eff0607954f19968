/*
 * catalog_faults.h — trials of a change in which one call after the other fails.
 *
 * For <x>_fault_test.c alone, which are linked with fault_alloc.c.
 */
#ifndef TESTS_UNIT_CATALOG_CATALOG_FAULTS_H
#define TESTS_UNIT_CATALOG_CATALOG_FAULTS_H

#include "tests/unit/catalog/catalog_trial.h"

/* Each allocation in turn. */
void faults_run_memory(const struct scenario *scenario);
/* Each call for a file in turn, with errno `code`; `is_persistent`: and every later one. */
void faults_run_files(const struct scenario *scenario, int code, bool is_persistent);

#endif
