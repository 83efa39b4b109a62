/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "generator/check_nft.h"

#include "base/cleanup.h"
#include "base/strbuf.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <nftables/libnftables.h>
#include <sched.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/* Exit codes of the child, out of the way of those libnftables may exit with (1..5). */
enum {
	CHILD_ACCEPTED = 0,
	CHILD_REFUSED = 40,
	CHILD_NO_NAMESPACE,
	CHILD_NO_CONTEXT,
};

static bool write_all(int fd, const char *text)
{
	size_t n = strlen(text);

	while (n > 0) {
		ssize_t done = write(fd, text, n);

		if (done < 0 && errno == EINTR)
			continue;
		if (done <= 0)
			return false;
		text += done;
		n -= (size_t)done;
	}
	return true;
}

static bool has_net_admin(void)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = { 0 };

	if (syscall(SYS_capget, &header, data) < 0)
		return false;
	return data[CAP_TO_INDEX(CAP_NET_ADMIN)].effective & CAP_TO_MASK(CAP_NET_ADMIN);
}

/*
 * A namespace of its own, in which the child may do everything. Where that is
 * forbidden, the current one will do for those who may change it.
 */
static bool enter_namespace(void)
{
	return unshare(CLONE_NEWNET) == 0 || unshare(CLONE_NEWUSER | CLONE_NEWNET) == 0 ||
	       has_net_admin();
}

/*
 * Through a file, though it lies in memory: of a buffer, nft shows the first
 * line for every fault.
 */
static int try_script(const char *script, int report)
{
	char path[sizeof("/proc/self/fd/-2147483648")];
	struct nft_ctx *nft;
	int r, fd;

	if (!enter_namespace())
		return CHILD_NO_NAMESPACE;
	fd = memfd_create("omr.nft", MFD_CLOEXEC);
	if (fd < 0 || !write_all(fd, script))
		return CHILD_NO_CONTEXT;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	nft = nft_ctx_new(NFT_CTX_DEFAULT);
	if (!nft || nft_ctx_buffer_output(nft) || nft_ctx_buffer_error(nft))
		return CHILD_NO_CONTEXT;
	nft_ctx_set_dry_run(nft, true);
	r = nft_run_cmd_from_filename(nft, path);
	if (r)
		(void)write_all(report, nft_ctx_get_error_buffer(nft));
	/* not freed: the process ends here, and a big ruleset takes long to free */
	return r ? CHILD_REFUSED : CHILD_ACCEPTED;
}

static int read_all(int fd, struct strbuf *out)
{
	char buf[4096];

	for (;;) {
		ssize_t n = read(fd, buf, sizeof(buf));

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (n == 0)
			return 0;
		strbuf_addn(out, buf, (size_t)n);
	}
}

static int wait_for(pid_t pid, int *ret_status)
{
	while (waitpid(pid, ret_status, 0) < 0)
		if (errno != EINTR)
			return -errno;
	return 0;
}

/* "chain rule_a" for a line of the script: the last chain, set or map begun before it. */
static void add_object(struct strbuf *out, const char *script, unsigned long line)
{
	const char *object = NULL;
	size_t length = 0;

	for (unsigned long at = 1; *script && at <= line; at++) {
		size_t n = strcspn(script, "\n");

		if (!strncmp(script, "\tchain ", 7) || !strncmp(script, "\tset ", 5) ||
		    !strncmp(script, "\tmap ", 5)) {
			object = script + 1;
			length = strcspn(object, "{") - 1;
		}
		script += n + (script[n] == '\n');
	}
	if (object)
		strbuf_addn(out, object, length);
	else
		strbuf_addf(out, "line %lu", line);
}

/* Reads "FD:LINE:COLUMN-COLUMN: ", the end of a place. NULL: that is not there. */
static const char *read_place(const char *text, unsigned long *ret_line)
{
	unsigned long line = 0;

	text += strspn(text, "0123456789");
	if (*text++ != ':')
		return NULL;
	if (*text < '0' || *text > '9')
		return NULL;
	while (*text >= '0' && *text <= '9' && line < UINT32_MAX)
		line = line * 10 + (unsigned long)(*text++ - '0');
	if (*text != ':')
		return NULL;
	text++;
	text += strspn(text, "0123456789-");
	if (strncmp(text, ": ", 2) != 0)
		return NULL;
	*ret_line = line;
	return text + 2;
}

/* nft names its places in a script that the user has not seen: say the object instead. */
static void explain(struct strbuf *fault, const char *script, const char *words)
{
	static const char file_name[] = "/proc/self/fd/";

	for (const char *line = words, *next; *line; line = next) {
		size_t n = strcspn(line, "\n");
		unsigned long number;
		const char *rest = NULL;

		next = line + n + (line[n] == '\n');
		if (!strncmp(line, file_name, strlen(file_name)))
			rest = read_place(line + strlen(file_name), &number);
		if (rest) {
			add_object(fault, script, number);
			strbuf_add(fault, ": ");
			n -= (size_t)(rest - line);
			line = rest;
		}
		strbuf_addn(fault, line, n);
		strbuf_addc(fault, '\n');
	}
	if (strstr(words, "Message too long"))
		strbuf_add(
			fault,
			"hint: nft sends a ruleset as one message; only root may make room for one "
			"this large (or raise net.core.wmem_max)\n");
	if (strstr(words, "cgroupv2 path fails"))
		strbuf_add(
			fault,
			"hint: nft can only name a control group that exists (cgroup v2 mounted on "
			"/sys/fs/cgroup)\n");
}

int check_nft_run(const char *script, struct strbuf *fault)
{
	_cleanup_(strbuf_done) struct strbuf words = STRBUF_NULL;
	_cleanup_(cleanup_closep) int in = -1;
	int fds[2], status = 0, r;
	pid_t pid;

	if (pipe2(fds, O_CLOEXEC) < 0)
		return -errno;
	pid = fork();
	if (pid == 0) {
		close(fds[0]);
		_exit(try_script(script, fds[1]));
	}
	r = pid < 0 ? -errno : 0;
	in = fds[0];
	close(fds[1]);
	if (r < 0)
		return r;
	r = read_all(in, &words);
	if (r == 0)
		r = wait_for(pid, &status);
	if (r < 0)
		return r;
	if (WIFEXITED(status) && WEXITSTATUS(status) == CHILD_ACCEPTED)
		return 0;
	if (WIFEXITED(status) && WEXITSTATUS(status) == CHILD_NO_NAMESPACE) {
		strbuf_add(fault,
			   "no network namespace to try the ruleset in: run as root, or allow "
			   "unprivileged user namespaces\n");
		return -EPERM;
	}
	if (!WIFEXITED(status) || WEXITSTATUS(status) != CHILD_REFUSED) {
		strbuf_add(fault, "libnftables ended before it had an answer\n");
		return -EIO;
	}
	explain(fault, script, strbuf_text(&words));
	return CHECK_NFT_REFUSED;
}
