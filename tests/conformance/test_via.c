/* SPDX-License-Identifier: Apache-2.0 */
/*
 * NAME: names that a via module keeps, here the registry of man/examples.
 */
#include "man/examples/registry.h"

#include "tests/conformance/helpers.h"

#define REG(key) GS_VIA(&registry_via, key)

static gs_pid
up(void)
{
	gs_options options = { .name = "registry" };
	gs_pid pid;

	node_up();
	CHECK_INT(gs_start(&registry, GS_NONE, &options, &pid), 0);
	return pid;
}

static int
start_via(const char *script, const char *key, gs_pid *pid)
{
	gs_options options = { .via = &registry_via, .via_key = key };

	return gs_start(&puppet, GS_TEXT(script), &options, pid);
}

TEST(NAME_15_a_via_module_registers_finds_and_sends)
{
	gs_info info;
	gs_pid pid, found;
	gs_reqid id;
	gs_bytes reply;
	gs_ref ref;

	up();
	CHECK_INT(start_via("", "any key at all, even a/b@c", &pid), 0);
	CHECK_INT(gs_resolve(REG("any key at all, even a/b@c"), &found), 0);
	CHECK(gs_pid_equal(found, pid));
	CHECK_INT(start_via("", "k", &pid), 0);
	CHECK_STR(ask(REG("k"), "set 3;get"), "3");
	tell(REG("k"), "note cast");
	CHECK(wait_note("cast"));
	post(REG("k"), "note sent");
	CHECK(wait_note("sent"));
	CHECK_INT(gs_send_request(REG("k"), GS_TEXT("get"), &id), 0);
	CHECK_INT(gs_receive_response(id, &reply, FOREVER), 0);
	CHECK_INT(gs_send_after(1, REG("k"), GS_TEXT("note timer"), NULL), 0);
	CHECK_INT(gs_receive(&info, 100), -ETIMEDOUT);
	CHECK(wait_note("timer"));
	CHECK_INT(gs_monitor(REG("k"), &ref), 0);
	CHECK_INT(gs_stop(REG("k"), NULL, FOREVER), 0);
	CHECK(got(GS_INFO_DOWN, "normal", NULL));
	/* unregistered before it was gone */
	CHECK_INT(gs_resolve(REG("k"), &found), -ENOENT);
	node_down();
}

/* NAME-16 */
TEST(START_25_a_key_that_is_held_is_already_started_by_its_holder)
{
	gs_options options = { .via = &registry_via, .via_key = "k" };
	gs_pid first, pid;
	gs_ref ref;

	up();
	CHECK_INT(start_via("", "k", &first), 0);
	CHECK_INT(start_via("note never", "k", &pid), -EEXIST);
	CHECK(gs_pid_equal(pid, first));
	CHECK_STR(gs_error_reason(), "already_started");
	CHECK_INT(gs_start_link(&puppet, GS_TEXT("note never"), &options, &pid),
	    -EEXIST);
	CHECK(gs_pid_equal(pid, first));
	CHECK_INT(gs_start_monitor(
		      &puppet, GS_TEXT("note never"), &options, &pid, &ref),
	    -EEXIST);
	CHECK(gs_pid_equal(pid, first));
	CHECK(unnoted("never", 50));
	/* the holder is undisturbed */
	CHECK_STR(ask(REG("k"), "reply fine"), "fine");
	CHECK(got_nothing());
	node_down();
}

TEST(NAME_16_a_start_that_fails_leaves_no_name)
{
	gs_pid pid, found;

	up();
	CHECK_INT(start_via("error bad", "k", &pid), -ECHILD);
	CHECK_STR(gs_error_reason(), "bad");
	CHECK_INT(gs_resolve(REG("k"), &found), -ENOENT);
	CHECK_INT(start_via("end bad", "k", &pid), -ECHILD);
	CHECK_INT(gs_resolve(REG("k"), &found), -ENOENT);
	CHECK_INT(start_via("ignore", "k", &pid), -ECANCELED);
	CHECK_INT(gs_resolve(REG("k"), &found), -ENOENT);
	CHECK_INT(start_via("", "k", &pid), 0);
	node_down();
}

TEST(NAME_17_a_missing_key_is_an_error_for_send_and_none_for_cast)
{
	up();
	CHECK_INT(gs_send(REG("nobody"), GS_TEXT("x")), -ENOENT);
	CHECK_STR(gs_error_reason(), "noproc");
	CHECK_INT(gs_cast(REG("nobody"), GS_TEXT("x")), 0);
	CHECK_INT(gs_call(REG("nobody"), GS_TEXT("x"), NULL, 1000), -ENOENT);
	CHECK_STR(gs_error_reason(), "noproc");
	node_down();
}

TEST(NAME_14_a_process_has_many_keys_and_loses_all_at_death)
{
	gs_pid pid, found;
	char key[16];

	up();
	pid = start_named("", "local");
	for (int i = 0; i < 10; i++) {
		snprintf(key, sizeof(key), "k%d", i);
		CHECK_INT(registry_via.register_name(key, pid), 0);
	}
	for (int i = 0; i < 10; i++) {
		snprintf(key, sizeof(key), "k%d", i);
		CHECK_INT(gs_resolve(REG(key), &found), 0);
		CHECK(gs_pid_equal(found, pid));
	}
	end_with(pid, "kill");
	for (int i = 0; i < 10; i++) {
		snprintf(key, sizeof(key), "k%d", i);
		CHECK_INT(gs_resolve(REG(key), &found), -ENOENT);
	}
	CHECK(is_free("local"));
	node_down();
}

static int
whereis_nobody(const char *key, gs_pid *pid)
{
	(void)key;
	(void)pid;
	return -ENOENT;
}

/* NAME-16 */
TEST(NAME_15_half_a_module_or_two_names_are_refused)
{
	static const gs_via half = { .whereis_name = whereis_nobody };
	gs_options two = { .name = "n", .via = &registry_via, .via_key = "k" };
	gs_options key = { .via_key = "k" };
	gs_pid pid;

	up();
	CHECK_INT(
	    gs_call(GS_VIA(&half, "k"), GS_TEXT("x"), NULL, SOON), -EINVAL);
	CHECK(strstr(gs_error_text(), "'k' (via)") != NULL);
	CHECK(strstr(gs_error_text(), "four functions") != NULL);
	CHECK_INT(gs_cast(GS_VIA(&half, "k"), GS_TEXT("x")), -EINVAL);
	CHECK_INT(gs_send(GS_VIA(&half, "k"), GS_TEXT("x")), -EINVAL);
	CHECK_INT(gs_start(&puppet, GS_NONE, &two, &pid), -EINVAL);
	CHECK(strstr(gs_error_text(), "'n' or the via key") != NULL);
	CHECK_INT(gs_start(&puppet, GS_NONE, &key, &pid), -EINVAL);
	CHECK(strstr(gs_error_text(), "without via") != NULL);
	node_down();
}

TEST(NAME_15_a_registry_that_is_not_there_is_a_failed_start)
{
	gs_options options = { .via = &registry_via };
	gs_pid pid;

	node_up();
	CHECK_INT(start_via("note never", "k", &pid), -ECHILD);
	CHECK_STR(gs_error_reason(), "via_failed");
	CHECK_INT(gs_start(&puppet, GS_NONE, &options, &pid), -EINVAL);
	CHECK(unnoted("never", 50));
	node_down();
}
