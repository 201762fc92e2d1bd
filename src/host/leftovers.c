/* SPDX-License-Identifier: Apache-2.0 */
#include "host/leftovers.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The process that a temporary name carries; 0 when the name is not of that form. */
static pid_t owner(const char *name)
{
	static const char tail[] = ".tmp";
	size_t n = strlen(name), at;
	long pid = 0;

	if (name[0] != '.' || n < sizeof tail + 2 || strcmp(name + n - 4, tail) != 0)
		return 0;
	for (at = n - 4; at > 1 && name[at - 1] >= '0' && name[at - 1] <= '9';)
		at--;
	if (at == n - 4 || name[at - 1] != '.' || at < 3)
		return 0;
	for (; name[at] != '.' && pid < 100000000L; at++)
		pid = pid * 10 + (name[at] - '0');
	return (pid_t)pid;
}

static bool is_dead(pid_t pid)
{
	return pid > 0 && kill(pid, 0) != 0 && errno == ESRCH;
}

void imp_leftovers_remove(int dirfd)
{
	int fd = openat(dirfd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;
	const struct dirent *e;

	if (!dir) {
		if (fd >= 0)
			(void)close(fd);
		return;
	}
	while ((e = readdir(dir)) != NULL)
		if (is_dead(owner(e->d_name)))
			(void)unlinkat(dirfd, e->d_name, 0);
	(void)closedir(dir);
}
