/* SPDX-License-Identifier: Apache-2.0 */
/* Strangers' text made harmless: controls and broken UTF-8 as \xNN. */
#ifndef CMD_SAFE_H
#define CMD_SAFE_H

#include <stdbool.h>
#include <stddef.h>

#define CMD_SAFE(size) (4 * (size) + 1)

char *cmd_safe(char *out, size_t size, const char *text, size_t length);
bool cmd_utf8(const char *text, size_t length);
/* The length of the character of UTF-8 at text, 0 if it is none. */
size_t cmd_character(const char *text, size_t left);
/* That character is no control. */
bool cmd_is_shown(const char *text, size_t length);
/* ASCII, and no controls in it. */
bool cmd_is_plain(const char *text);
/* Bytes as a person may see them: newline and tab stay. */
void cmd_put_safe(const char *data, size_t size);
/* A name or the like, which has neither. */
void cmd_put_word(const char *text);

#endif
