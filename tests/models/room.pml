/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Room: senders that wait until a full mailbox has some, the node that keeps
 * what does not fit, and the death of the receiver.
 *
 * The mailbox of N cells is full at first.  WAITERS cast_wait one record each
 * (gs_cast_wait: try, gm_ring_wait_room, again), the first of them needing
 * all N cells; with NODE_SENDS the node has a note of N cells to deliver
 * (send_now, held until GSI_OP_ROOM).  The receiver frees cell after cell and
 * publishes limit in batches; its plain stores go through a store buffer
 * (TSO).  It may die (DEATH), and a waiter be killed or stopped anywhere
 * (TROUBLES).  Times are left out: neither the second after which a waiter
 * looks again, nor the deadline; but a wake-up may be put off (WAKE_NS).
 *
 * Checked: when nobody moves, no waiter sleeps that could send or whose
 * receiver is dead, and the node holds nothing that would fit.
 */
#define NOTHING 0
#define WANTED_LATE 1 /* the waiter looks at limit, then sets room_wanted */
#define SEQ_LATE 2 /* room_seq read after limit */
#define PLAIN_LIMIT 3 /* the idle receiver publishes without a fence */
#define WAKE_FIRST 4 /* room_wanted taken before limit is published */
#define CLEAR_LATE 5 /* room_wanted cleared after the wake-up */
#define NO_RETIRE 6 /* room_seq is not moved at a death */
#define NODE_ONE_TRY 7 /* gm_ring_want_room without a second try */
#define WANTS_LOST 8 /* gsi_sleep does not look at node_wants again */
#define BATCHED_IDLE 9 /* when idle only what fills a batch is published */

#ifndef BROKEN
#define BROKEN NOTHING
#endif
#ifndef N
#define N 2
#endif
#ifndef WAITERS
#define WAITERS 2
#endif
#ifndef NODE_SENDS
#define NODE_SENDS 0
#endif
#ifndef DEATH
#define DEATH 1
#endif
#ifndef TROUBLES
#define TROUBLES 0
#endif

#define NEED(w) ((w) == 1 -> N : 1)
#define NODE (WAITERS + 1)
#define LIMIT 1
#define FUTEX 1
#define NODE_WAITS 2

mtype = { RUNS, ENDED, STOPPED, KILLED };

byte tail = N; /* N records are in it: positions 0 to N - 1 */
byte limit = N;
byte room_seq = 1;
byte wanted;
bit dead; /* D1: the entry */
bit gone; /* the receiver runs no more */
bit gone_ring; /* tail 0: gm_ring_retire */
bit asleep[WAITERS + 1]; /* in futex_wait */
bit bell; /* the receiver's */
bit op_room; /* the request to the node */
bit held; /* the node's, for want of room */
mtype life[WAITERS + 2] = RUNS;
byte cur;
chan buffer = [2] of { byte };

/* What FUTEX_WAKE does. */
inline wake_all()
{
	asleep[1] = 0;
#if WAITERS > 1
	asleep[2] = 0
#endif
}

proctype Memory()
{
	do
	:: atomic {
		buffer?limit
	   }
	od
}

/* gs_cast_wait, gm_ring_open, gm_ring_wait_room */
proctype Waiter(byte me)
{
	byte seq, v;
	bit fits;

	{
		skip;
again:
		atomic { /* S1, S2 */
			if
			:: dead || gone_ring -> goto over
			:: else -> v = tail
			fi
		}
		atomic { /* S4 */
			if
			:: limit < v + NEED(me) -> goto no_room
			:: else
			fi
		}
		atomic { /* S6; the rest is mailbox.pml's, and bell.pml's */
			if
			:: tail == v && !gone_ring ->
				tail = v + NEED(me);
				bell = 1;
				goto over
			:: else -> goto again
			fi
		}
no_room:
		atomic {
			v = 0;
			if
			:: BROKEN != SEQ_LATE -> seq = room_seq
			:: else
			fi
		}
		atomic {
			if
			:: BROKEN != WANTED_LATE -> wanted = wanted | FUTEX
			:: else
			fi
		}
		atomic { /* fits */
			v = tail
		}
		atomic {
			fits = limit >= v + NEED(me) || gone_ring;
			v = 0
		}
		atomic {
			if
			:: fits ->
				fits = 0;
				seq = 0;
				goto again
			:: dead -> goto over
			:: else
			fi;
			if
			:: BROKEN == SEQ_LATE -> seq = room_seq
			:: BROKEN == WANTED_LATE -> wanted = wanted | FUTEX
			:: else
			fi
		}
		atomic { /* futex_wait */
			if
			:: room_seq == seq -> asleep[me] = 1
			:: else
			fi;
			seq = 0
		}
		atomic {
			!asleep[me];
			goto again
		}
over:
		atomic {
			seq = 0; v = 0; fits = 0;
			life[me] == RUNS;
			life[me] = ENDED
		}
	} unless {
		life[me] == KILLED || life[me] == STOPPED
	}
	atomic {
		seq = 0; v = 0; fits = 0
	}
}

/* send_now, once more after gm_ring_want_room; hold; op_room. */
inline try_node()
{
	atomic {
		v = tail
	}
	atomic {
		if
		:: limit >= v + N -> fits = 1
		:: else
		fi
	}
	atomic {
		if
		:: fits && tail == v ->
			tail = v + N;
			bell = 1;
			held = 0
		:: else -> fits = 0
		fi;
		v = 0
	}
}

/* node_send.c; and the receiver's death: D1, gm_ring_retire */
proctype Node()
{
	byte v;
	bit fits;

#if NODE_SENDS
	held = 1;
	do
	:: atomic { gone && !dead ->
		goto death
	   }
	:: held && (op_room || life[NODE] == RUNS) ->
		atomic {
			op_room = 0;
			life[NODE] = ENDED /* the first time unasked */
		}
		try_node();
		if
		:: held ->
			wanted = wanted | NODE_WAITS;
			if
			:: BROKEN != NODE_ONE_TRY -> try_node()
			:: else
			fi
		:: else
		fi;
		fits = 0
	od;
#endif
death:
	gone;
	atomic {
		dead = 1; /* D1 */
		held = 0
	}
	if
	:: BROKEN != NO_RETIRE ->
		gone_ring = 1;
		atomic {
			room_seq++;
			wake_all()
		}
	:: else
	fi
}

/* wake: room_wanted is taken, the word moves, and who sleeps there wakes. */
inline wake()
{
	atomic {
		empty(buffer); /* a locked instruction */
		flags = wanted;
		if
		:: BROKEN != CLEAR_LATE -> wanted = 0
		:: else
		fi;
		if
		:: flags & NODE_WAITS -> node_wants = 1
		:: else
		fi
	}
	if
	:: flags & FUTEX ->
		atomic {
			room_seq++;
			wake_all()
		}
	:: else
	fi;
	atomic {
		if
		:: BROKEN == CLEAR_LATE -> wanted = 0
		:: else
		fi;
		flags = 0
	}
}

/* gm_receiver_publish */
inline publish(idle)
{
	if
	:: BROKEN == WAKE_FIRST && wanted != 0 -> wake()
	:: else
	fi;
	atomic {
		if
		:: BROKEN == BATCHED_IDLE && cur + N - known < N
		:: else ->
			if
			:: cur + N > known || (idle && stale) ->
				known = cur + N;
				if
				:: idle && BROKEN != PLAIN_LIMIT ->
					empty(buffer);
					limit = known
				:: else -> buffer!known
				fi;
				stale = !idle
			:: else
			fi
		fi
	}
	if
	:: atomic { wanted != 0 && BROKEN != WAKE_FIRST ->
		skip
	   }
		wake()
	:: wanted == 0 || BROKEN == WAKE_FIRST
	:: !idle && wanted != 0 && BROKEN != WAKE_FIRST
		/* others were woken a moment ago: wanted stays */
	fi
}

/* gsi_mailbox_next: take, drop, publish, GSI_OP_ROOM, sleep */
proctype Receiver()
{
	byte known = N, flags;
	bit stale, node_wants;

	{
		skip;
take:
		if
		:: atomic { cur < tail ->
			cur++ /* drop: a record of any length, cell by cell */
		   }
			if
			:: wanted != 0 || cur % 2 == 0 -> publish(0)
			:: else
			fi;
			goto take
		:: atomic { cur == tail && wanted != 0 ->
			skip
		   }
			publish(1) /* nothing, in take */
		:: atomic { cur == tail && wanted == 0 ->
			skip
		   }
		fi;
		atomic { /* gsi_mailbox_done */
			if
			:: node_wants ->
				node_wants = 0;
				op_room = 1
			:: else
			fi
		}
		publish(1); /* gm_ring_sleep: at_rest */
		atomic { /* B4, after at_rest */
			if
			:: node_wants && BROKEN != WANTS_LOST -> goto take
			:: cur < tail -> goto take
			:: else
			fi
		}
		atomic {
			bell;
			bell = 0;
			goto take
		}
	} unless {
		gone
	}
	atomic {
		known = 0; flags = 0; stale = 0; node_wants = 0
	}
}

proctype Trouble()
{
	byte troubles = TROUBLES, w;

	do
	:: atomic { DEATH && !gone ->
		gone = 1
	   }
	:: atomic { troubles > 0 ->
		troubles--;
		select(w : 1 .. WAITERS);
		if
		:: life[w] == RUNS -> life[w] = KILLED
		:: else
		fi;
		w = 0
	   }
	:: break
	od
}

/* Nobody can move any more. */
proctype Watch()
{
	timeout ->
	assert(life[1] != RUNS || !dead && limit < tail + NEED(1));
#if WAITERS > 1
	assert(life[2] != RUNS || !dead && limit < tail + NEED(2));
#endif
	assert(!held || limit < tail + N);
	assert(gone || cur == tail && limit == cur + N)
}

init
{
	atomic {
		run Memory();
		run Waiter(1);
#if WAITERS > 1
		run Waiter(2);
#endif
		run Node();
		run Receiver();
		run Trouble();
		run Watch()
	}
}
