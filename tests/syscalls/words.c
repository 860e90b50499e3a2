/* SPDX-License-Identifier: Apache-2.0 */
/* What commands said, counted, for a person to judge. */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "tests/syscalls/stage.h"

#define SAID 200

static struct said {
	char words[160];
	int count;
} said[SAID];

/* Numbers and states are different each time. */
void
words_plain(const char *from, char *to, size_t size)
{
	size_t n = 0;

	while (*from != '\0' && n + 1 < size) {
		/* what a process is just doing */
		if (strncmp(from, "running", 7) == 0 ||
		    strncmp(from, "waiting", 7) == 0) {
			to[n++] = '~';
			from += 7;
		} else if (isdigit((unsigned char)*from)) {
			to[n++] = '#';
			while (isdigit((unsigned char)*from))
				from++;
		} else {
			to[n++] = *from++;
		}
	}
	to[n] = '\0';
}

void
words_note(const char *output)
{
	char words[160];

	words_plain(output, words, sizeof(words));
	words[strcspn(words, "\n")] = '\0';
	for (int i = 0; i < SAID; i++) {
		if (said[i].count == 0)
			strcpy(said[i].words, words);
		if (strcmp(said[i].words, words) == 0) {
			said[i].count++;
			return;
		}
	}
}

void
words_show(void)
{
	for (int i = 0; i < SAID && said[i].count > 0; i++) {
		printf("# said %d times: %s\n", said[i].count, said[i].words);
		said[i].count = 0;
	}
}
