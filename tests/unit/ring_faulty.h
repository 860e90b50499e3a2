/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The ring compiled once more, with its fault points: gm_fault is the test's.
 * In one file only of a program; the library's ring is then not linked.
 */
#ifndef GS_TESTS_RING_FAULTY_H
#define GS_TESTS_RING_FAULTY_H

#define GM_FAULTS

#include "shm/ring_node.c"
#include "shm/ring_pin.c"
#include "shm/ring_receive.c"
#include "shm/ring_room.c"
#include "shm/ring_send.c"
#include "shm/ring_trim.c"

#endif
