/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Growth and trim: cells of the ring are allocated when senders come to them
 * (gm_ring_grow) and given back by the idle receiver (gm_ring_trim).
 *
 * SENDERS send ONE and TWO records of a cell through a ring of N cells with a
 * cell to the page, of which FROM are kept.  One may be killed or stopped
 * between any two steps (KILLS, STOPS); the node turns its open record into
 * SKIP.  The receiver trims, TRIMS times, when it is empty and the ring is
 * wide; while it asks the node whether all is quiet it may take records.  Only the
 * announcement of a send goes through a store buffer (TSO); the rest is
 * mailbox.pml's.
 *
 * That `allocated` has an epoch cannot be shown to matter here: who is about
 * to grow has announced a send, and so keeps the trim from punching.
 *
 * Checked: nobody touches a cell that is not allocated; what `allocated` says
 * is there; everything sent completely arrives, in order; who is refused in
 * the middle of a trim is not refused for good.
 */
#define NOTHING 0
#define PUNCH_FREE 1 /* the rest of the lap is punched without reserving it */
#define NO_QUIET 2 /* nobody asks for announced sends */
#define NO_MEMBARRIER 3
#define LIMIT_FIRST 4 /* limit published before `allocated` is lowered */
#define NO_CAP 5 /* limit follows cur in the middle of a trim */
#define WORD_EARLY 6 /* S4: `allocated` loaded before tail and limit */
#define WORD_FIRST 7 /* grow: the number before the pages */
#define NO_NEXT_HEAD 8 /* S4: the next head cell is not looked after */
#define KEEPS_WORD 9 /* `allocated` is not lowered */
#define TRIM_STAYS 10 /* TRIMMING is not cleared when a trim is given up */

#ifndef BROKEN
#define BROKEN NOTHING
#endif
#ifndef SENDERS
#define SENDERS 2
#endif
#ifndef ONE
#define ONE 2
#endif
#ifndef TWO
#define TWO 1
#endif
#ifndef KILLS
#define KILLS 0
#endif
#ifndef STOPS
#define STOPS 0
#endif
#ifndef TRIMS
#define TRIMS 2
#endif
#ifndef N
#define N 4
#endif
#ifndef START
#define START 2 /* cell at which all begins, the ring wide; 0 narrow */
#endif

#define KEEP 1 /* keep() */
#define FROM 2 /* KEEP and a page */
#define CELL(p) ((p) % N)
#define MANY(s) ((s) == 1 -> ONE : TWO)
/* cells_needed for one cell at p: the next head too, or the lap ends */
#define NEED(p) (CELL(p) + 1 == N -> N : CELL(p) + 2)

mtype = { READY, SKIP };
mtype = { RUNS, ENDED, STOPPED, KILLED, DEAD };

bit page[N]; /* allocated in truth: A and B alike */
byte cells = (START > 0 -> N : FROM); /* the word `allocated` */
bit trimming;
byte epoch;
byte tag[N];
mtype state[N];
byte record[N]; /* whose: sender * 16 + number */
byte tail = N + START;
byte limit = 2 * N + START;
bit send_m[SENDERS + 1];
chan buffer[SENDERS + 1] = [2] of { bit };
bit news;
mtype life[SENDERS + 1] = RUNS;
byte open[SENDERS + 1]; /* position that it has reserved */
byte sent[SENDERS + 1], got[SENDERS + 1];
byte cur = N + START;

#define TOUCH(p) assert(page[CELL(p)])

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

proctype Sender(byte me)
{
	byte v, word, e, i;
	bit trims;

	{
		skip;
again:
		atomic { /* S1 */
			if
			:: i == MANY(me) -> goto over
			:: else
			fi;
			buffer[me]!1
		}
look:
		atomic {
			if
			:: BROKEN == WORD_EARLY -> word = cells
			:: else
			fi
		}
		v = tail; /* S2 */
		atomic { /* S3, H1 */
			if
			:: v > N + START && CELL(v) != 0 -> TOUCH(v - 1)
			:: else
			fi
		}
		atomic { /* S4 */
			if
			:: limit < v + 1 -> goto no_room
			:: else
			fi
		}
		atomic {
			if
			:: BROKEN != WORD_EARLY -> word = cells
			:: else
			fi;
			e = epoch;
			if
			:: (BROKEN == NO_NEXT_HEAD -> CELL(v) + 1 : NEED(v)) >
			   word -> goto grow
			:: else -> e = 0; word = 0
			fi
		}
		atomic { /* S6 */
			empty(buffer[me]);
			if
			:: tail == v ->
				tail++;
				open[me] = v;
				news = 1
			:: else ->
				v = 0;
				goto look
			fi
		}
		atomic { /* S7, S8 */
			TOUCH(v);
			tag[CELL(v)] = v;
			state[CELL(v)] = READY;
			record[CELL(v)] = me * 16 + i + 1;
			news = 1
		}
		atomic { /* S10 */
			buffer[me]!0;
			open[me] = 0;
			v = 0;
			i++;
			sent[me] = i;
			goto again
		}
grow:
		atomic { /* allocate_cells: twice as many, or all */
			if
			:: BROKEN == WORD_FIRST ->
				if
				:: cells == word && epoch == e -> cells = N
				:: else
				fi
			:: else -> page[2] = 1; page[3] = 1
			fi
		}
		atomic {
			if
			:: BROKEN == WORD_FIRST -> page[2] = 1; page[3] = 1
			:: cells == word && epoch == e &&
			   BROKEN != WORD_FIRST -> cells = N
			:: else
			fi;
			e = 0; word = 0; v = 0;
			goto look
		}
no_room:
		atomic { /* for 2 ms: what time it takes is left out */
			trims = trimming;
			v = 0; word = 0;
			if
			:: !trims ->
				buffer[me]!0; /* S10: refused, and tries again */
				news = 1
			:: else
			fi;
			trims = 0
		}
		atomic {
			limit > tail;
			goto again
		}
over:
		atomic {
			life[me] == RUNS;
			life[me] = ENDED;
			i = 0
		}
	} unless {
		life[me] == KILLED || life[me] == STOPPED
	}
	atomic {
		v = 0; word = 0; e = 0; i = 0; trims = 0;
		if
		:: life[me] == KILLED && empty(buffer[me]) -> life[me] = DEAD
		:: life[me] != KILLED
		fi
	}
}

proctype Node()
{
	byte x;

	do
	:: atomic {
		if
		:: life[1] == DEAD -> x = 1
#if SENDERS > 1
		:: life[2] == DEAD -> x = 2
#endif
		fi;
		life[x] = ENDED;
		if /* D3 */
		:: open[x] != 0 && tag[CELL(open[x])] != open[x] ->
			TOUCH(open[x]);
			tag[CELL(open[x])] = open[x];
			state[CELL(open[x])] = SKIP
		:: else
		fi;
		news = 1;
		x = 0
	   }
	od
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

/* gm_receiver_publish; cap stands while trimming */
inline publish()
{
	d_step {
		if
		:: (cap == 0 || BROKEN == NO_CAP || cur + N <= cap) &&
		   cur + N > limit -> limit = cur + N
		:: cap != 0 && BROKEN != NO_CAP && cur + N > cap &&
		   cap > limit -> limit = cap
		:: else
		fi
	}
}

/* gm_ring_take: 1 in `found` if there was a record */
inline take()
{
	atomic {
		found = 0;
		news = 0;
		TOUCH(cur);
		if
		:: tag[CELL(cur)] == cur ->
			found = 1;
			if
			:: state[CELL(cur)] == READY ->
				s = record[CELL(cur)] / 16;
				assert(record[CELL(cur)] % 16 > got[s]);
				got[s] = record[CELL(cur)] % 16;
				s = 0
			:: else
			fi;
			cur++
		:: else -> assert(tag[CELL(cur)] < cur)
		fi
	}
}

/* The node's op_quiet, asked by a member: one page after the other. */
inline quiet(p)
{
	atomic {
		if
		:: send_m[p] && life[p] != ENDED && BROKEN != NO_QUIET ->
			busy = 1
		:: else
		fi
	}
}

inline fence()
{
	if
	:: BROKEN != NO_MEMBARRIER ->
		empty(buffer[1]);
#if SENDERS > 1
		empty(buffer[2])
#endif
	:: else
	fi
}

/* Reserves up to `to`: go_to, gm_receiver_rewind; busy: somebody is faster. */
inline go_to(to)
{
	atomic {
		if
		:: tail == cur ->
			tail = to;
			cur = to
		:: else -> busy = 1
		fi
	}
}

proctype Receiver()
{
	byte cap, s, trims;
	bit busy, found;

look:
	take();
	publish();
	if
	:: found -> goto look
	:: else
	fi;
	atomic {
		if
		:: tail != cur || cells <= FROM || trims == TRIMS -> goto sleep
		:: else ->
			trims++;
			trimming = 1 /* gm_ring_trim */
		fi
	}
	if /* take_position */
	:: CELL(cur) > KEEP ->
		go_to((cur / N + 1) * N);
		publish()
	:: else
	fi;
	if
	:: !busy && CELL(cur) < KEEP -> go_to(cur - CELL(cur) + KEEP)
	:: else
	fi;
	publish();
	if
	:: busy -> goto give_up
	:: else
	fi;
	cap = limit;
	if
	:: BROKEN != PUNCH_FREE -> go_to((cur / N + 1) * N)
	:: else
	fi;
	if
	:: busy -> goto give_up
	:: else
	fi;
	fence();
	quiet(1);
#if SENDERS > 1
	quiet(2);
#endif
	if /* while it waits for the node's answer */
	:: take();
	   publish()
	:: skip
	fi;
	if
	:: busy -> goto give_up
	:: else
	fi;
	if
	:: BROKEN == LIMIT_FIRST ->
		cap = 0;
		publish()
	:: else
	fi;
	page[2] = 0;
	page[3] = 0;
	atomic {
		if
		:: BROKEN != KEEPS_WORD -> cells = FROM
		:: else
		fi;
		epoch++;
		trimming = 0
	}
give_up:
	atomic {
		cap = 0;
		if
		:: BROKEN != TRIM_STAYS -> trimming = 0
		:: else
		fi;
		busy = 0
	}
	publish();
	atomic {
		if
		:: tail == cur && cells > FROM -> goto sleep
		:: else -> goto look
		fi
	}
sleep:
	atomic {
		news;
		goto look
	}
}

/* Nobody can move any more. */
proctype Watch()
{
	timeout ->
	assert(life[1] == STOPPED || life[1] == ENDED);
	assert(got[1] >= sent[1]);
#if SENDERS > 1
	assert(life[2] == STOPPED || life[2] == ENDED);
	assert(got[2] >= sent[2]);
#endif
	assert(page[0] && page[1]);
	assert(cells == FROM || page[2] && page[3]);
	assert(!trimming)
}

init
{
	atomic {
		page[0] = 1;
		page[1] = 1;
		page[2] = START > 0;
		page[3] = START > 0;
		run Memory();
		run Sender(1);
#if SENDERS > 1
		run Sender(2);
#endif
		run Node();
		run Receiver();
		run Trouble();
		run Watch()
	}
}
