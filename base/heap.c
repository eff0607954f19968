#include "base/heap.h"

#ifdef FIRN_JEMALLOC
#include <jemalloc/jemalloc.h>

/* Read by jemalloc at the start; MALLOC_CONF in the environment goes over it.
 *
 * narenas            each arena keeps freed memory for itself: with jemalloc's four for each core,
 *                    a large machine would keep more for no speed, since threads have caches of
 *                    their own before the arenas
 * background_thread  what was freed goes back after ten seconds also where nobody calls any more;
 *                    one thread is enough for four arenas
 * thp                where the system makes huge pages of everything, an idle server would have 36
 *                    MB rather than 18 */
const char *malloc_conf =
    "narenas:4,background_thread:true,max_background_threads:1,thp:never";

#define TEXT_OF(number) TEXT_OF_VALUE(number)
#define TEXT_OF_VALUE(value) #value

void heap_give_back(void)
{
    (void)mallctl("arena." TEXT_OF(MALLCTL_ARENAS_ALL) ".purge", NULL, NULL, NULL, 0);
}
#else
void heap_give_back(void) {}
#endif
