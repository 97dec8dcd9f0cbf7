/* A directory of its own for a test. */
#pragma once

/* Makes an empty directory and returns its path; free with test_dir_remove. */
char *test_dir_new(void);
/* Removes it with all that is in it and frees the path. */
void test_dir_remove(char *dir);
