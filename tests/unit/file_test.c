/* SPDX-License-Identifier: ISC */
/*
 * file_test.c: names against a real directory with everything in it that must
 * not be opened.
 */
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib.h"
#include "unit.h"

static char	top[] = "/tmp/bw-file-XXXXXX";

static int
put(const char *name, const char *text)
{
	int	fd = open(name, O_WRONLY | O_CREAT | O_EXCL, 0644);

	if (fd == -1 || write(fd, text, strlen(text)) != (ssize_t)strlen(text))
		return (-1);
	return (close(fd));
}

static int
make_socket(const char *name)
{
	struct sockaddr_un	un;
	int			fd, rv;

	memset(&un, 0, sizeof(un));
	un.sun_family = AF_UNIX;
	(void)snprintf(un.sun_path, sizeof(un.sun_path), "%s", name);
	if ((fd = socket(AF_UNIX, SOCK_STREAM, 0)) == -1)
		return (-1);
	rv = bind(fd, (struct sockaddr *)&un, sizeof(un));
	(void)close(fd);
	return (rv);
}

static int
make_tree(void)
{
	char	loop[300];

	(void)snprintf(loop, sizeof(loop), "%s/secret", top);
	return (chdir(top) == -1 || put("secret", "secret") == -1 ||
	    mkdir("root", 0755) == -1 || mkdir("root-evil", 0755) == -1 ||
	    put("root-evil/x", "evil") == -1 || chdir("root") == -1 ||
	    mkdir("dir", 0755) == -1 || put("plain", "12345") == -1 ||
	    put("dir/deep", "deep") == -1 || put("empty", "") == -1 ||
	    symlink("dir/deep", "in") == -1 ||
	    symlink("../plain", "dir/up") == -1 ||
	    symlink("../secret", "out") == -1 ||
	    symlink(loop, "absolute") == -1 || symlink("loop", "loop") == -1 ||
	    symlink("..", "parent") == -1 ||
	    symlink("gone", "dangling") == -1 ||
	    symlink("/proc/self/exe", "magic") == -1 ||
	    mkfifo("fifo", 0644) == -1 || make_socket("socket") == -1 ?
	    -1 : 0);
}

static const struct open_case {
	const char	*name;
	int		 error;		/* 0: opens */
	uint64_t	 size;
} cases[] = {
	{ "plain",		0,	5 },
	{ "/plain",		0,	5 },
	{ "//plain",		0,	5 },
	{ "dir//deep",		0,	4 },
	{ "///dir///deep",	0,	4 },
	{ "dir/../plain",	0,	5 },
	{ "./plain",		0,	5 },
	{ "empty",		0,	0 },
	{ "in",			0,	4 },	/* a link that stays inside */
	{ "dir/up",		0,	5 },
	{ "",			ENOENT,	0 },
	{ "/",			ENOENT,	0 },
	{ "gone",		ENOENT,	0 },
	{ "PLAIN",		ENOENT,	0 },
	{ "plain/x",		ENOENT,	0 },
	{ "dangling",		ENOENT,	0 },
	{ "plain\n",		ENOENT,	0 },
	{ "\001plain",		ENOENT,	0 },
	{ "pl\177ain",		ENOENT,	0 },
	{ "%2e%2e/secret",	ENOENT,	0 },
	{ "..\\secret",		ENOENT,	0 },
	{ "dir",		EACCES,	0 },
	{ ".",			EACCES,	0 },
	{ "dir/",		EACCES,	0 },
	{ "fifo",		EACCES,	0 },	/* must not block either */
	{ "socket",		EACCES,	0 },
	{ "out",		EACCES,	0 },
	{ "absolute",		EACCES,	0 },
	{ "loop",		EACCES,	0 },
	{ "magic",		EACCES,	0 },
	{ "parent/secret",	EACCES,	0 },
	{ "../secret",		EACCES,	0 },
	{ "/../secret",		EACCES,	0 },
	{ "..",			EACCES,	0 },
	{ "dir/../../secret",	EACCES,	0 },
	{ "../root-evil/x",	EACCES,	0 },
	{ "../root/plain",	EACCES,	0 },
};

static void
test_cases(int root)
{
	const struct open_case	*c;
	struct file_info	 info;
	size_t			 i;
	int			 fd;

	for (i = 0; i < nitems(cases); i++) {
		c = &cases[i];
		errno = 0;
		fd = file_open(root, c->name, &info);
		if (c->error == 0) {
			CHECK_NAMED(fd != -1 && info.size == c->size,
			    c->name);
			CHECK_NAMED((fcntl(fd, F_GETFL) & O_ACCMODE) ==
			    O_RDONLY, c->name);
			CHECK_NAMED(fcntl(fd, F_GETFD) == FD_CLOEXEC, c->name);
			(void)close(fd);
		} else
			CHECK_NAMED(fd == -1 && errno == c->error, c->name);
	}
}

static void
test_length(int root)
{
	struct file_info	info;
	char			name[400];
	int			fd;

	/* Slashes are taken out, but 255 octets is all that is looked at. */
	memset(name, '/', sizeof(name));
	memcpy(name + 255 - 5, "plain", 6);
	CHECK((fd = file_open(root, name, &info)) != -1);
	(void)close(fd);
	memset(name, '/', sizeof(name));
	memcpy(name + 256 - 5, "plain", 6);
	CHECK(file_open(root, name, &info) == -1 && errno == ENOENT);
	memset(name, 'a', sizeof(name));
	name[sizeof(name) - 1] = '\0';
	CHECK(file_open(root, name, &info) == -1 && errno == ENOENT);
}

static void
test_info(int root)
{
	struct file_info	info;
	struct stat		st;
	int			fd;

	CHECK((fd = file_open(root, "in", &info)) != -1);
	CHECK(fstatat(root, "dir/deep", &st, 0) == 0);
	CHECK(info.ino == st.st_ino && info.mtime == st.st_mtim.tv_sec);
	(void)close(fd);
}

/* root reads everything: this needs another uid. */
static void
test_unreadable(int root)
{
	struct file_info	info;

	if (fchmodat(root, "plain", 0, 0) == -1 || chmod(top, 0755) == -1 ||
	    (geteuid() == 0 && seteuid(65534) == -1)) {
		CHECK(0);
		return;
	}
	CHECK(file_open(root, "plain", &info) == -1 && errno == EACCES);
	CHECK(getuid() != 0 || seteuid(0) == 0);
}

static void
clean_tree(void)
{
	static const char *const files[] = {
		"root/plain", "root/empty", "root/in", "root/out",
		"root/absolute", "root/loop", "root/parent", "root/dangling",
		"root/magic", "root/fifo", "root/socket", "root/dir/deep",
		"root/dir/up", "root-evil/x", "secret"
	};
	static const char *const dirs[] = { "root/dir", "root", "root-evil" };
	size_t	i;

	CHECK(chdir(top) == 0);
	for (i = 0; i < nitems(files); i++)
		(void)unlink(files[i]);
	for (i = 0; i < nitems(dirs); i++)
		(void)rmdir(dirs[i]);
	CHECK(chdir("/") == 0 && rmdir(top) == 0);
}

int
main(void)
{
	int	root;

	CHECK(mkdtemp(top) != NULL);
	CHECK(make_tree() == 0);
	CHECK((root = open(".", O_PATH | O_DIRECTORY | O_CLOEXEC)) != -1);
	test_cases(root);
	test_length(root);
	test_info(root);
	test_unreadable(root);
	(void)close(root);
	clean_tree();
	return (unit_done());
}
