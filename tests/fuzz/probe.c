/* SPDX-License-Identifier: Apache-2.0 */
/* Does nothing: compiled while configuring, to see whether that works. */
#include "tests/fuzz/fuzz.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	(void)data;
	(void)size;
	return 0;
}
