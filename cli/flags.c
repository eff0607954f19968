#include "cli/flags.h"

const struct option_row flag_rows[FLAG_END] = {OPTIONS(OPTION_ROW) FLAGS(OPTION_ROW)};
