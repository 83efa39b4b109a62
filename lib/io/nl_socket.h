/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Netlink sockets: the only place that opens, sends and receives. One thread,
 * one request at a time a socket; events belong on a socket of their own.
 * Non-logging. Every function returns 0 or -errno; what the kernel said about
 * the last failed request is in nl_socket_reply().
 */
#pragma once

#include "netlink/nl_reply.h"

#include <stddef.h>
#include <stdint.h>

struct nl_socket;
struct nlmsghdr;

/* Of an answer, a dumped object or an event. < 0 stops and is forwarded. */
typedef int (*nl_socket_cb)(const struct nlmsghdr *nlh, void *data);

/* `protocol`: NETLINK_ROUTE, NETLINK_NETFILTER. Close-on-exec, strict check, ext-ack. */
int nl_socket_open(int protocol, struct nl_socket **ret);
struct nl_socket *nl_socket_close(struct nl_socket *s); /* NULL is fine; returns NULL */
void nl_socket_closep(struct nl_socket **s);

int nl_socket_fd(const struct nl_socket *s);
uint32_t nl_socket_port(const struct nl_socket *s); /* nlmsg_pid of what we send */
uint32_t nl_socket_seq(struct nl_socket *s,
		       uint32_t n); /* takes n sequence numbers, returns the first */
const struct nl_reply *nl_socket_reply(const struct nl_socket *s);

/*
 * Room for at least `size` bytes in one sendto() / in the receive queue: by
 * SO_SNDBUFFORCE and SO_RCVBUFFORCE, without the privilege by the plain ones as
 * far as net.core.*mem_max lets. Best effort, never shrinks.
 */
void nl_socket_grow_send(struct nl_socket *s, size_t size);
void nl_socket_grow_receive(struct nl_socket *s, size_t size);

/*
 * Sends one request (its seq and flags are completed here) and gives every
 * message of the answer to cb. `dump` calls cb only with a complete and
 * consistent dump: interrupted ones (NLM_F_DUMP_INTR) are asked again, -EINTR
 * after too many. `talk` adds NLM_F_ACK. cb may be NULL.
 */
int nl_socket_dump(struct nl_socket *s, struct nlmsghdr *req, nl_socket_cb cb, void *data);
int nl_socket_talk(struct nl_socket *s, struct nlmsghdr *req, nl_socket_cb cb, void *data);

/*
 * An nfnetlink batch in ONE sendto. The message with seq `ack_seq` asked for an
 * ack. 0: committed. -ENOBUFS: answers were lost, the caller must look at the
 * ruleset's generation to know. Else the first error the kernel reported.
 */
int nl_socket_batch(struct nl_socket *s, const void *buf, size_t len, uint32_t ack_seq);

/* Events: joins a multicast group; reads all that waits without blocking.
 * -ENOBUFS: some were lost (what came is given to cb all the same). */
int nl_socket_join(struct nl_socket *s, unsigned group);
int nl_socket_read(struct nl_socket *s, nl_socket_cb cb, void *data);
