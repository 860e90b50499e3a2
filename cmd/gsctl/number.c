/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Numbers on the command line: the whole word must be one, and in range.
 */
#include <errno.h>
#include <limits.h>
#include <stdlib.h>

#include "cmd/gsctl/cmd.h"

/* Starts with a digit and fits; *end is what stands behind the digits. */
static bool
parse(const char *text, uint64_t *number, const char **end)
{
	char *stop;

	if (*text < '0' || *text > '9')
		return false;
	errno = 0;
	*number = strtoull(text, &stop, 10);
	*end = stop;
	return errno == 0;
}

static int
whole_number(const struct cmd *cmd, const char *option, const char *wanted,
    int least, int *n)
{
	const char *text = cmd_value(cmd, option), *end;
	uint64_t number;

	if (text == NULL)
		return 0;
	if (!parse(text, &number, &end) || *end != '\0' ||
	    number < (uint64_t)least || number >= INT_MAX)
		return cmd_usage(cmd, "--%s wants %s from %d to %d, not '%s'",
		    option, wanted, least, INT_MAX - 1, text);
	*n = (int)number;
	return 0;
}

int
cmd_time(const struct cmd *cmd, const char *option, const char *wanted,
    int least, int *ms)
{
	const char *text = cmd_value(cmd, option);

	if (text != NULL && strcmp(text, "infinity") == 0) {
		*ms = GS_INFINITY;
		return 0;
	}
	return whole_number(cmd, option, wanted, least, ms);
}

int
cmd_ms(const struct cmd *cmd, const char *option, int least, int *ms)
{
	return cmd_time(cmd, option, "'infinity' or milliseconds", least, ms);
}

int
cmd_number(const struct cmd *cmd, const char *option, int least, int *n)
{
	return whole_number(cmd, option, "a number", least, n);
}

static int
shift_of(const char *suffix)
{
	static const char letters[] = "KMG";
	const char *at;

	if (*suffix == '\0')
		return 0;
	at = strchr(letters, *suffix);
	if (at == NULL || suffix[1] != '\0')
		return -1;
	return 10 * (int)(at - letters + 1);
}

int
cmd_size(const struct cmd *cmd, const char *option, size_t *size)
{
	static const uint64_t smallest = 16 << 10, largest = 1 << 30;
	const char *text = cmd_value(cmd, option), *end;
	uint64_t number;
	int shift;

	if (text == NULL)
		return 0;
	if (parse(text, &number, &end) && (shift = shift_of(end)) >= 0 &&
	    number <= largest >> shift && number << shift >= smallest) {
		*size = number << shift;
		return 0;
	}
	return cmd_usage(cmd,
	    "--%s wants bytes from 16K to 1G (K, M or G may follow), not '%s'",
	    option, text);
}

const char *
cmd_digits(char digits[CMD_DIGITS], int64_t number)
{
	uint64_t left = number < 0 ? -(uint64_t)number : (uint64_t)number;
	char *at = digits + CMD_DIGITS - 1;

	*at = '\0';
	do {
		*--at = (char)('0' + left % 10);
		left /= 10;
	} while (left > 0);
	if (number < 0)
		*--at = '-';
	return at;
}
