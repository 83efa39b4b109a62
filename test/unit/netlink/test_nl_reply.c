/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Answers of the kernel, whole and cut off at every byte. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/strbuf.h"
#include "netlink/nl_reply.h"

#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/netlink.h>
#include <stdlib.h>
#include <string.h>

static char buf[1024] __attribute__((aligned(8)));

/* An NLMSG_ERROR for request `seq`; whole: with `extra` bytes of the request in it. */
static struct nlmsghdr *error_message(int error, uint32_t seq, uint16_t flags, size_t extra)
{
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buf);
	struct nlmsgerr *err = mnl_nlmsg_put_extra_header(nlh, sizeof(*err));

	memset(buf + NLMSG_HDRLEN, 0, sizeof(buf) - NLMSG_HDRLEN);
	nlh->nlmsg_type = NLMSG_ERROR;
	nlh->nlmsg_flags = flags;
	err->error = error;
	err->msg.nlmsg_seq = seq;
	err->msg.nlmsg_len = (uint32_t)(NLMSG_HDRLEN + extra);
	nlh->nlmsg_len += (uint32_t)NLMSG_ALIGN(extra);
	return nlh;
}

static void an_ack_is_no_error(void **state)
{
	struct nl_reply r;

	assert_int_equal(nl_reply_parse(error_message(0, 7, NLM_F_CAPPED, 0), &r), 0);
	assert_int_equal(r.error, 0);
	assert_int_equal(r.seq, 7);
	assert_string_equal(r.text, "");
	assert_false(r.has_offset);
}

static struct nlmsghdr *explained(size_t extra)
{
	struct nlmsghdr *nlh =
		error_message(-EEXIST, 9, NLM_F_ACK_TLVS | (extra ? 0 : NLM_F_CAPPED), extra);

	mnl_attr_put_strz(nlh, NLMSGERR_ATTR_MSG, "in the way\n\x01");
	mnl_attr_put_u32(nlh, NLMSGERR_ATTR_OFFS, 36);
	return nlh;
}

static void the_kernels_explanation_is_found(void **state)
{
	struct nl_reply r;

	for (size_t extra = 0; extra < 40; extra += 10) { /* behind the request, however long */
		assert_int_equal(nl_reply_parse(explained(extra), &r), 0);
		assert_int_equal(r.error, -EEXIST);
		assert_int_equal(r.seq, 9);
		assert_string_equal(r.text, "in the way??");
		assert_true(r.has_offset);
		assert_int_equal(r.offset, 36);
	}
}

static void a_cut_message_is_read_no_further(void **state)
{
	struct nlmsghdr *nlh = explained(0);
	uint32_t whole = nlh->nlmsg_len;
	struct nl_reply r;

	/* what lies behind the end must not be looked at: ASan and valgrind see it here */
	for (uint32_t len = NLMSG_HDRLEN; len < whole; len++) {
		char *copy = malloc(len);

		memcpy(copy, nlh, len);
		((struct nlmsghdr *)(void *)copy)->nlmsg_len = len;
		if (nl_reply_parse((void *)copy, &r) == 0)
			assert_int_equal(r.error, -EEXIST);
		else
			assert_true(len < NLMSG_HDRLEN + sizeof(struct nlmsgerr));
		free(copy);
	}
}

static void a_dump_ends_with_its_errno(void **state)
{
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buf);
	int error = -EINTR;
	struct nl_reply r;

	nlh->nlmsg_type = NLMSG_DONE;
	nlh->nlmsg_seq = 3;
	memcpy(mnl_nlmsg_put_extra_header(nlh, sizeof(error)), &error, sizeof(error));
	assert_int_equal(nl_reply_parse(nlh, &r), 0);
	assert_int_equal(r.error, -EINTR);
	assert_int_equal(r.seq, 3);
}

static void other_messages_are_no_reply(void **state)
{
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buf);
	struct nl_reply r;

	nlh->nlmsg_type = NLMSG_DONE; /* without an errno */
	assert_int_equal(nl_reply_parse(nlh, &r), -ENOENT);
	nlh->nlmsg_type = 0xa00;
	assert_int_equal(nl_reply_parse(nlh, &r), -ENOENT);
	nlh->nlmsg_type = NLMSG_ERROR;
	assert_int_equal(nl_reply_parse(nlh, &r), -EBADMSG);
}

static void the_text_says_what_is_missing(void **state)
{
	struct strbuf b = STRBUF_NULL;

	nl_reply_print(&(struct nl_reply){ .error = -EPERM }, &b);
	assert_string_equal(strbuf_text(&b), "Operation not permitted (needs CAP_NET_ADMIN)");
	strbuf_reset(&b);
	nl_reply_print(&(struct nl_reply){ .error = -EEXIST, .text = "in the way" }, &b);
	assert_string_equal(strbuf_text(&b), "File exists: in the way");
	strbuf_done(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_ack_is_no_error),
		cmocka_unit_test(the_kernels_explanation_is_found),
		cmocka_unit_test(a_cut_message_is_read_no_further),
		cmocka_unit_test(a_dump_ends_with_its_errno),
		cmocka_unit_test(other_messages_are_no_reply),
		cmocka_unit_test(the_text_says_what_is_missing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
