#include "cli/command.h"

#include "tests/unit/cmocka_all.h"

static const struct command *find(char *const *arguments, int count, int *ret_used,
                                  struct error *err)
{
    const struct command *command = NULL;
    return command_find(count, arguments, &command, ret_used, err) ? command : NULL;
}

static void test_command__is_found_by_its_name(void **state)
{
    struct error err = {0};
    int used = 0;
    (void)state;
    for (size_t i = 0; i < COMMAND_COUNT; i++) {
        const struct command *one = command_rows[i];
        if (command_is_action(one))
            continue;
        char *const arguments[] = {(char *)one->takes.command, NULL};
        assert_ptr_equal(find(arguments, 1, &used, &err), one);
        assert_int_equal(used, 1);
    }
}

static void test_command__of_a_group_is_found_by_both_words(void **state)
{
    struct error err = {0};
    int used = 0;
    (void)state;
    assert_ptr_equal(find((char *const[]){"table", "drop", "x", NULL}, 3, &used, &err),
                     &command_table_drop);
    assert_int_equal(used, 2);
    assert_ptr_equal(find((char *const[]){"table", "--help", NULL}, 2, &used, &err),
                     &command_table);
    assert_int_equal(used, 1);
    assert_null(find((char *const[]){"table", "dorp", NULL}, 2, &used, &err));
    assert_string_equal(err.message, "'table dorp' is no command: did you mean 'firn table drop'? "
                                     "firn table --help lists all");
}

static void test_command__misspelt_says_the_nearest_one(void **state)
{
    struct error err = {0};
    int used = 0;
    (void)state;
    assert_null(find((char *const[]){"sreve", NULL}, 1, &used, &err));
    assert_string_equal(err.message,
                        "'sreve' is no command: did you mean 'firn serve'? firn --help lists all");
}

static void test_command__options_are_known_and_named_once(void **state)
{
    (void)state;
    for (size_t i = 0; i < COMMAND_COUNT; i++) {
        const unsigned *ids = command_rows[i]->takes.ids;
        bool seen[FLAG_END] = {false};
        for (; *ids != OPTION_END; ids++) {
            assert_in_range(*ids, 0, FLAG_END - 1);
            assert_false(seen[*ids]);
            seen[*ids] = true;
        }
    }
    for (unsigned a = 0; a < FLAG_END; a++)
        for (unsigned b = 0; b < a; b++)
            assert_string_not_equal(flag_rows[a].name, flag_rows[b].name);
}

static void test_exit_code__follows_the_error(void **state)
{
    (void)state;
    assert_int_equal(exit_code_of(ERROR_BAD_REQUEST), EXIT_USAGE);
    assert_int_equal(exit_code_of(ERROR_NO_SUCH_TABLE), EXIT_NOT_THERE);
    assert_int_equal(exit_code_of(ERROR_ALREADY_EXISTS), EXIT_CONFLICT);
    assert_int_equal(exit_code_of(ERROR_STORAGE_FULL), EXIT_FAILED);
    assert_int_equal(exit_code_of(ERROR_NONE), EXIT_DONE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_command__is_found_by_its_name),
        cmocka_unit_test(test_command__of_a_group_is_found_by_both_words),
        cmocka_unit_test(test_command__misspelt_says_the_nearest_one),
        cmocka_unit_test(test_command__options_are_known_and_named_once),
        cmocka_unit_test(test_exit_code__follows_the_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
