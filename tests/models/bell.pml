/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The bell: a receiver that goes to sleep, over open records too, and senders
 * that ring it no more often than they must.
 *
 * Senders 1..SENDERS send ONE, TWO and THREE records of a cell each; cells
 * are not used again here (mailbox.pml).  KILLS of the senders are killed,
 * STOPS stopped for ever, between any two steps.  Plain stores of senders
 * and receiver go through store buffers (TSO): Memory writes them out, a
 * locked instruction waits until its own buffer is empty, and membarrier
 * until that of one sender after the other is.
 *
 * Modes: membarrier, or FENCED, where senders publish by exchange.  Where
 * membarrier is refused all of a sudden, to one who had registered, nobody
 * else knows, and senders publish plainly; so gm_barrier_late waits until
 * every store buffer has been written out, which takes a buffer less than a
 * microsecond.  That is what membarrier is here, one sender after the other.
 * A fence of the receiver's own and FENCED from then on (LATE_FENCE) is not
 * enough: a sender may have looked at FENCED before.  The node's D2 falls
 * back to the same wait; NO_D2 in wait.pml and retire.pml is what a fence of
 * its own would be.
 *
 * Checked: when nobody moves, every complete send has been delivered, and of
 * the others nothing is left READY but what a stopped sender has not rung for.
 */
#define NOTHING 0
#define NO_MEMBARRIER 1 /* B3 with a fence of its own only */
#define DUTY_FIRST 2 /* rung is set before write() */
#define NO_D4 3 /* the node does not ring */
#define RESERVER_CLEARS 4 /* S6 clears ASLEEP: who does that must ring */
#define PINWAIT_UNSET 5
#define PINWAIT_UNREAD 6 /* S9 looks at ASLEEP only */
#define PLAIN_PUBLISH 7 /* FENCED, but S8 is a plain store */
#define BLIND_SLEEP 8 /* B4 sets ASLEEP whatever the tail is */
#define NO_SECOND_LOOK 9 /* B5 left out */
#define LATE_NUMBER 10 /* B2 after B4 */
#define LATE_FENCE 11 /* membarrier refused: from then on FENCED */
#define NO_HELP 12 /* R3: sleeps before a tail without header */

#ifndef BROKEN
#define BROKEN NOTHING
#endif
#ifndef SENDERS
#define SENDERS 2
#endif
#ifndef ONE
#define ONE 1
#endif
#ifndef TWO
#define TWO 2
#endif
#ifndef THREE
#define THREE 1
#endif
#ifndef KILLS
#define KILLS 1
#endif
#ifndef STOPS
#define STOPS 1
#endif
#ifndef FENCED
#define FENCED 0
#endif

#define MANY(s) ((s) == 1 -> ONE : ((s) == 2 -> TWO : THREE))
#if SENDERS > 2
#define CELLS (ONE + TWO + THREE + 1)
#else
#define CELLS (ONE + TWO + 1)
#endif
#define SLEEP_NO 100
#define PINWAIT 101

mtype = { FREE, BUSY, READY, SKIP };
mtype = { RUNS, ENDED, STOPPED, KILLED, DEAD };

mtype cell[CELLS] = FREE;
byte tail; /* first position that is not reserved */
bit asleep;
bit fenced = FENCED; /* ring->fenced */
byte sleep_no, rung;
bit pinwait;
bit bell; /* the eventfd */
/*
 * Store buffers: 0 the receiver's.  rung and the end of pinwait are stored
 * at once: late they do what a slow sender or receiver does.
 */
chan buffer[SENDERS + 1] = [2] of { byte, byte };

mtype life[SENDERS + 1] = RUNS;
byte open[SENDERS + 1]; /* position + 1 of the open record, 0 none */
byte owner[CELLS];
/* The receiver's own: global so that Watch can look at it. */
byte cur;
bit pin[CELLS];

/* Writes buffered stores out, one at a time. */
proctype Memory()
{
	byte at, value, p;

	do
	:: atomic {
		if
		:: buffer[0]?at,value
		:: buffer[1]?at,value
		:: buffer[2]?at,value
#if SENDERS > 2
		:: buffer[3]?at,value
#endif
		fi;
		if
		:: at == SLEEP_NO -> sleep_no = value
		:: at == PINWAIT -> pinwait = value
		:: else -> cell[at] = READY
		fi;
		at = 0; value = 0
	   }
	od
}

/* gm_ring_open, gm_ring_commit, gsi_peer_ring, gm_ring_rung, gm_ring_done */
proctype Sender(byte me)
{
	byte sent, v, s;
	bit ring, fence;

	{
		skip;
again:
		atomic {
			if
			:: sent == MANY(me) ->
				life[me] == RUNS;
				life[me] = ENDED;
				goto over
			:: else
			fi;
			fence = fenced /* slip->fenced */
#if BROKEN == LATE_FENCE
		}
		atomic {
#endif
			/* S3, S6: header of the last one, tail */
			empty(buffer[me]);
			v = tail;
			tail++;
			if
			:: v > 0 && cell[v - 1] == FREE -> cell[v - 1] = BUSY
			:: else
			fi;
			ring = asleep;
			if
			:: BROKEN == RESERVER_CLEARS -> asleep = 0
			:: else
			fi;
			open[me] = v + 1;
			owner[v] = me
		}
		atomic { /* S8 */
			if
			:: fence && BROKEN != PLAIN_PUBLISH ->
				empty(buffer[me]);
				cell[v] = READY
			:: else ->
				buffer[me]!v,0
			fi
		}
		atomic { /* S9 */
			if
			:: ring || pinwait && BROKEN != PINWAIT_UNREAD
			:: else -> goto sent_it
			fi
		}
		s = sleep_no; /* must_ring */
		atomic {
			if
			:: rung == s && BROKEN != RESERVER_CLEARS ->
				goto sent_it
			:: else
			fi
		}
		if
		:: BROKEN == DUTY_FIRST -> rung = s
		:: else -> bell = 1
		fi;
		if
		:: BROKEN == DUTY_FIRST -> bell = 1
		:: else -> rung = s
		fi;
sent_it:
		atomic { /* S10 */
			open[me] = 0;
			v = 0; s = 0; ring = 0; fence = 0;
			sent++;
			goto again
		}
	} unless {
		life[me] != RUNS
	}
	atomic {
		v = 0; s = 0; ring = 0; fence = 0; sent = 0;
		if
		:: life[me] == KILLED -> life[me] = DEAD
		:: else
		fi
	}
over:
	skip
}

proctype Trouble()
{
	byte kills = KILLS, stops = STOPS, s;

	do
	:: atomic { kills > 0 ->
		kills--;
		select(s : 1 .. SENDERS);
		if
		:: life[s] == RUNS -> life[s] = KILLED
		:: else
		fi;
		s = 0
	   }
	:: atomic { stops > 0 ->
		stops--;
		select(s : 1 .. SENDERS);
		if
		:: life[s] == RUNS -> life[s] = STOPPED
		:: else
		fi;
		s = 0
	   }
	:: break
	od
}

/* settle: D3 as in mailbox.pml, then D4. */
proctype Node()
{
	byte x;

	do
	:: atomic {
		if
		:: life[1] == DEAD && empty(buffer[1]) -> x = 1
		:: life[2] == DEAD && empty(buffer[2]) -> x = 2
#if SENDERS > 2
		:: life[3] == DEAD && empty(buffer[3]) -> x = 3
#endif
		fi;
		life[x] = ENDED;
		if
		:: open[x] != 0 && cell[open[x] - 1] != READY ->
			cell[open[x] - 1] = SKIP
		:: else
		fi;
		x = 0
	   }
		if
		:: BROKEN != NO_D4 -> bell = 1
		:: else
		fi
	od
}

/* gm_receiver_fence */
inline fence()
{
	if
	:: FENCED || BROKEN == NO_MEMBARRIER || late ->
		empty(buffer[0])
	:: BROKEN == LATE_FENCE && !late ->
		atomic {
			empty(buffer[0]);
			fenced = 1;
			late = 1;
			goto awake
		}
	:: !FENCED && BROKEN != NO_MEMBARRIER && BROKEN != LATE_FENCE ->
		empty(buffer[0]);
		empty(buffer[1]);
		empty(buffer[2]);
#if SENDERS > 2
		empty(buffer[3])
#endif
	fi
}

/* take_slowly, gm_ring_sleep, gm_poll_wait, gm_ring_awake */
proctype Receiver()
{
	byte p, pins, number;
	bit late, waits;
	mtype state;

look:
	atomic {
		state = cell[cur]; /* R2 */
		if
		:: pins == 0 -> goto at_cur
		:: else
		fi
	}
	do /* R1 */
	:: atomic { p < cur ->
		do
		:: p < cur && !pin[p] -> p++
		:: else -> break
		od;
		if
		:: p < cur && cell[p] != BUSY ->
			pin[p] = 0;
			pins--;
			p++
		:: p < cur && cell[p] == BUSY -> p++
		:: else
		fi
	   }
	:: atomic { p >= cur ->
		break
	   }
	od;
at_cur:
	atomic {
		p = 0;
		if
		:: state == BUSY ->
			pin[cur] = 1;
			pins++
		:: else
		fi;
		if
		:: state != FREE ->
			state = 0;
			cur++;
			goto look
		:: else -> state = 0
		fi;
		/* look_at_tail */
		if
		:: tail > cur ->
			if
			:: cell[cur] == FREE && BROKEN != NO_HELP ->
				cell[cur] = BUSY
			:: else
			fi;
			if
			:: cell[cur] != FREE -> goto look
			:: else
			fi
		:: else
		fi
	}
	atomic {
		if
		:: BROKEN != LATE_NUMBER ->
			number++;
			buffer[0]!SLEEP_NO,number /* B2 */
		:: else
		fi;
		if
		:: pins > 0 && BROKEN != PINWAIT_UNSET ->
			buffer[0]!PINWAIT,1; /* B3 */
			waits = 1
		:: else
		fi
	}
	if
	:: pins > 0 -> fence()
	:: else
	fi;
	atomic { /* B4 */
		empty(buffer[0]);
		if
		:: tail == cur || BROKEN == BLIND_SLEEP ||
		   BROKEN == NO_HELP -> asleep = 1
		:: else -> goto awake
		fi
	}
	if
	:: BROKEN == LATE_NUMBER ->
		atomic {
			number++;
			buffer[0]!SLEEP_NO,number
		}
	:: else
	fi;
	do /* B5 */
	:: atomic { p < cur && pins > 0 && BROKEN != NO_SECOND_LOOK ->
		do
		:: p < cur && !pin[p] -> p++
		:: else -> break
		od;
		if
		:: p < cur && cell[p] != BUSY -> goto awake
		:: p < cur && cell[p] == BUSY -> p++
		:: else
		fi
	   }
	:: atomic { p >= cur || pins == 0 || BROKEN == NO_SECOND_LOOK ->
		p = 0;
		break
	   }
	od;
	atomic { /* B6 */
		bell;
		bell = 0
	}
awake:
	atomic {
		empty(buffer[0]);
		asleep = 0;
		p = 0;
		if
		:: waits ->
			waits = 0;
			pinwait = 0
		:: else
		fi;
		goto look
	}
}

/* Nobody can move any more. */
proctype Watch()
{
	byte p;

	timeout ->
	d_step {
		do
		:: p < tail ->
			/* complete, but not delivered */
			assert(open[owner[p]] == p + 1 || p < cur && !pin[p]);
			assert(cell[p] != READY || p < cur && !pin[p] ||
			    life[owner[p]] == STOPPED);
			p++
		:: else ->
			break
		od;
		assert(life[1] == ENDED || life[1] == STOPPED);
		assert(life[2] == ENDED || life[2] == STOPPED)
	}
}

init
{
	atomic {
		run Memory();
		run Sender(1);
		run Sender(2);
#if SENDERS > 2
		run Sender(3);
#endif
		run Node();
		run Receiver();
		run Trouble();
		run Watch()
	}
}
