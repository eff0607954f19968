#include "base/port_owner.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/unit/cmocka_all.h"

static int listen_somewhere(int family, unsigned *ret_port)
{
    struct sockaddr_storage address = {.ss_family = (sa_family_t)family};
    socklen_t size = sizeof(address);
    int fd = socket(family, SOCK_STREAM, 0);
    if (fd < 0 || bind(fd, (struct sockaddr *)&address, family == AF_INET ? 16 : 28) != 0)
        return -1;
    assert_int_equal(listen(fd, 1), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &size), 0);
    *ret_port = ntohs(((struct sockaddr_in *)&address)->sin_port); /* sin6_port lies there, too */
    return fd;
}

static void test_port_owner__is_this_process(void **state)
{
    static const int FAMILIES[] = {AF_INET, AF_INET6};
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct port_owner owner = {0};
        char words[PORT_OWNER_WORDS_SIZE], expected[32];
        unsigned port = 0;
        int fd = listen_somewhere(FAMILIES[i], &port);
        if (fd < 0 && FAMILIES[i] == AF_INET6)
            continue; /* no IPv6 here */
        assert_true(fd >= 0);
        assert_true(port_owner_find(port, &owner));
        assert_int_equal(owner.pid, getpid());
        snprintf(expected, sizeof(expected), "(process %d)", (int)getpid());
        port_owner_words(port, words);
        assert_non_null(strstr(words, expected));
        close(fd);
        assert_false(port_owner_find(port, &owner));
        port_owner_words(port, words);
        assert_string_equal(words, "another program");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_port_owner__is_this_process),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
