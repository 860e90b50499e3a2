/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Retirement of a region: its memory is kept while somebody may touch it.
 *
 * SENDERS send, or wait for room, in the mailbox of a process that dies; the
 * node buries it, reaps it, and punches the region when no live page
 * announces a send to it (nor names its owner).  A sender may be killed or
 * stopped between any two steps (TROUBLES).  Plain stores go through store
 * buffers (TSO), but announcements alone matter here.  FENCED: senders fence
 * behind the announcement, D2 is a fence of the node's own.  RETIRES=0: the
 * ring was damaged, the node could not set its tail to 0.
 *
 * Checked: nobody touches the region once it is punched (a hole that is read
 * becomes a page again, or is SIGBUS); it is punched in the end unless a
 * stopped sender announces it; nobody waits for room in it for ever.
 */
#define NOTHING 0
#define NO_D2 1
#define NO_FENCE 2 /* FENCED, but the sender does not fence behind S1 */
#define NO_SCAN 3 /* punched at once */
#define SCAN_FIRST 4 /* D5 before D1 */
#define ENTRY_FIRST 5 /* S1: the entry before the announcement */
#define NO_ENTRY 6 /* S1 without a look at the entry */
#define DONE_EARLY 7 /* S10 before the last touch: rung, or the CPU hint */
#define WAIT_UNANNOUNCED 8 /* gm_ring_wait_room without gm_announce */
#define PUNCH_FIRST 9 /* punched before D1 */
#define NO_RETRY 10 /* a region that was announced is never looked at again */
#define DEAD_COUNT 11 /* announcements of dead senders keep it as well */
#define NO_WAKE 12 /* gm_ring_retire without moving room_seq */

#ifndef BROKEN
#define BROKEN NOTHING
#endif
#ifndef SENDERS
#define SENDERS 2
#endif
#ifndef SENDS
#define SENDS 1
#endif
#ifndef FENCED
#define FENCED 0
#endif
#ifndef TROUBLES
#define TROUBLES 1
#endif
#ifndef RETIRES
#define RETIRES 1
#endif

mtype = { RUNS, ENDED, STOPPED, KILLED };

bit dead; /* D1 */
bit retired; /* tail 0 */
bit punched;
bit reaped;
bit room_seq;
bit asleep[SENDERS + 1]; /* in futex_wait */
bit send_m[SENDERS + 1];
chan buffer[SENDERS + 1] = [3] of { bit };
mtype life[SENDERS + 1] = RUNS;

/* A live page says so (D5 looks at no other). */
#define ANNOUNCES(s) (send_m[s] && (life[s] != KILLED || BROKEN == DEAD_COUNT))
/* A page that is touched when it is a hole comes back, or is SIGBUS. */
#define TOUCH assert(!punched)

proctype Memory()
{
	do
	:: atomic {
		buffer[1]?send_m[1]
	   }
#if SENDERS > 1
	:: atomic {
		buffer[2]?send_m[2]
	   }
#endif
	od
}

/* gm_announce; over when the receiver is dead. */
inline announce()
{
	if
	:: BROKEN == ENTRY_FIRST ->
		atomic {
			if
			:: dead -> goto over
			:: else
			fi
		}
	:: else
	fi;
	buffer[me]!1;
	if
	:: FENCED && BROKEN != NO_FENCE -> empty(buffer[me])
	:: else
	fi;
	atomic {
		if
		:: dead && BROKEN != ENTRY_FIRST && BROKEN != NO_ENTRY ->
			buffer[me]!0;
			goto over
		:: else
		fi
	}
}

/* gs_cast_wait: put, then gm_ring_wait_room if there is none, and again */
proctype Sender(byte me)
{
	byte sends;
	bit seq;

	{
		skip;
again:
		atomic {
			if
			:: sends == SENDS -> goto over
			:: else -> sends++
			fi
		}
		announce();
		atomic { /* S2 */
			TOUCH;
			if
			:: retired ->
				buffer[me]!0;
				goto over
			:: !retired
			:: !retired ->
				buffer[me]!0;
				goto no_room
			fi
		}
		atomic { /* S6 */
			empty(buffer[me]);
			TOUCH;
			if
			:: retired ->
				buffer[me]!0;
				goto over
			:: else
			fi
		}
		TOUCH; /* S7, S8: a record that nobody may read */
		atomic {
			if
			:: BROKEN == DONE_EARLY -> buffer[me]!0
			:: else
			fi
		}
		TOUCH; /* S9: rung */
		atomic { /* S10 */
			buffer[me]!0;
			goto again
		}
no_room:
		if
		:: BROKEN != WAIT_UNANNOUNCED ->
			announce();
			empty(buffer[me]) /* always fenced */
		:: else
		fi;
		atomic {
			TOUCH;
			seq = room_seq
		}
		TOUCH; /* room_wanted, limit */
		atomic {
			if
			:: dead ->
				buffer[me]!0;
				goto over
			:: else
			fi
		}
		atomic {
			TOUCH; /* the kernel looks at the word */
			if
			:: room_seq == seq -> asleep[me] = 1
			:: else
			fi;
			seq = 0
		}
		atomic {
			!asleep[me];
			buffer[me]!0;
			sends--;
			goto again
		}
over:
		atomic {
			life[me] == RUNS;
			life[me] = ENDED;
			seq = 0; sends = 0
		}
	} unless {
		life[me] == KILLED || life[me] == STOPPED
	}
	atomic {
		seq = 0; sends = 0;
		asleep[me] = 0
	}
}

inline look_at_page(s)
{
	atomic {
		if
		:: ANNOUNCES(s) ->
			named = 1
		:: else
		fi
	}
}

/* D5 */
inline scan()
{
	named = 0;
	look_at_page(1);
#if SENDERS > 1
	look_at_page(2)
#endif
}

/* gsi_node_bury, gsi_node_reaped, gsi_node_linger, gsi_node_slot_free */
proctype Node()
{
	bit named;

	if
	:: BROKEN == PUNCH_FIRST ->
		retired = 1;
		punched = 1
	:: BROKEN == SCAN_FIRST -> scan()
	:: else
	fi;
	dead = 1; /* D1 */
	if /* D2, one process after the other */
	:: !FENCED && BROKEN != NO_D2 ->
		empty(buffer[1]);
#if SENDERS > 1
		empty(buffer[2])
#endif
	:: else
	fi;
	retired = RETIRES; /* retire */
	atomic {
		room_seq = (BROKEN != NO_WAKE);
		asleep[1] = asleep[1] && BROKEN == NO_WAKE;
#if SENDERS > 1
		asleep[2] = asleep[2] && BROKEN == NO_WAKE
#endif
	}
	if
	:: BROKEN != SCAN_FIRST -> scan()
	:: else
	fi;
	reaped;
	if
	:: BROKEN == NO_SCAN -> named = 0
	:: else
	fi;
	do
	:: named && BROKEN != NO_RETRY ->
		/* looked at again when somebody else dies or is reaped */
		!ANNOUNCES(1);
#if SENDERS > 1
		!ANNOUNCES(2);
#endif
		scan()
	:: else ->
		break
	od;
	if
	:: !named -> punched = 1
	:: else
	fi
}

/* Root, which reaps when it has been told; and the troubles. */
proctype Others()
{
	byte troubles = TROUBLES, s;

	do
	:: atomic { dead && !reaped ->
		reaped = 1
	   }
	:: atomic { troubles > 0 ->
		troubles--;
		select(s : 1 .. SENDERS);
		if
		:: life[s] == RUNS -> life[s] = KILLED
		:: life[s] == RUNS -> life[s] = STOPPED
		:: else
		fi;
		s = 0
	   }
	:: dead && reaped ->
		break
	od
}

/* Nobody can move any more. */
proctype Watch()
{
	timeout ->
	assert(life[1] != RUNS && life[SENDERS] != RUNS);
	assert(punched || life[1] == STOPPED || life[SENDERS] == STOPPED)
}

init
{
	atomic {
		run Memory();
		run Sender(1);
#if SENDERS > 1
		run Sender(2);
#endif
		run Node();
		run Others();
		run Watch()
	}
}
