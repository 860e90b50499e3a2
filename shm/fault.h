/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Fault points: nothing in the library, a call in tests that compile the ring
 * once more with GM_FAULTS.
 */
#ifndef GM_FAULT_H
#define GM_FAULT_H

/* Where a test kills or stops a process: after the step that it names. */
enum gm_fault {
	GM_AT_S1,
	GM_AT_S5,
	GM_AT_H2,
	GM_AT_H3,
	GM_AT_S4,
	GM_AT_GROWN,
	GM_AT_S6,
	GM_AT_S7,
	GM_AT_S8_HI,
	GM_AT_S8,
	GM_AT_S9,
	GM_AT_TRIM,
	GM_AT_PUNCH,
	GM_AT_JUMP,
	GM_AT_SLEEP,
	GM_AT_D3,
};

#ifdef GM_FAULTS
void gm_fault(enum gm_fault at);
#define GM_FAULT(at) gm_fault(at)
#else
#define GM_FAULT(at) ((void)0)
#endif

#endif
