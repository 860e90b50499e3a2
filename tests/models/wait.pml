/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Callers and the death of whom they call; reuse of its slot.
 *
 * CALLERS call the server of one slot CALLS times each, anew resolved each
 * time.  The server is killed up to DEATHS times, between any two steps; the
 * node buries it, and once nobody names it a new one gets the slot.  A call
 * may run out of time (TIMEOUTS), a caller be killed or stopped anywhere
 * (TROUBLES).  The callers' plain stores go through store buffers (TSO);
 * FENCED: the callers fence themselves, and D2 is a fence of the node's own.
 * Mailbox and reply rings are whole here: mailbox.pml and bell.pml are about
 * them.  RETIRES=0: the mailbox of the dead one was damaged, so that the node
 * could not retire it.  What D2 and the look in S1 are for shows only there:
 * else nobody gets a request into the mailbox of a dead one, for D5 comes
 * after the retirement and the swap of S6 has written the wait word out.
 *
 * Checked: when nobody moves, no caller waits but for a live server that has
 * not answered; who got past S1 is told the reason of its server, not
 * "noproc" or the newcomer's; an answer completed before the death wins over
 * it; no answer is taken for another call.
 */
#define NOTHING 0
#define NO_RECHECK 1 /* no look at the entry behind C1 */
#define RECHECK_FIRST 2 /* the look in S1 before C1 */
#define SCAN_FIRST 3 /* D5 before D1 */
#define EARLY_REUSE 4 /* though a wait word names it */
#define NO_LAST_LOOK 5 /* C3: the reason, without a last look at replies */
#define NO_D2 6
#define NO_FENCE 7 /* FENCED, but the caller does not fence behind C1 */
#define NO_D5 8 /* nobody is rung */
#define ANY_ANSWER 9 /* tags of answers are not compared */
#define BLIND_SLEEP 10 /* B4 without a look at the ring */
#define REASON_LATE 11 /* D1: the state before the reason */

#ifndef BROKEN
#define BROKEN NOTHING
#endif
#ifndef CALLERS
#define CALLERS 2
#endif
#ifndef CALLS
#define CALLS 1
#endif
#ifndef DEATHS
#define DEATHS 1
#endif
#ifndef TIMEOUTS
#define TIMEOUTS 0
#endif
#ifndef TROUBLES
#define TROUBLES 0
#endif
#ifndef FENCED
#define FENCED 0
#endif
#ifndef RETIRES
#define RETIRES 1
#endif

#define GENS (DEATHS + 2)

mtype = { FREE, LIVE, DEAD };
mtype = { RUNS, ENDED, STOPPED, KILLED };

/* The entry: one word, and the reason: whose it is. */
mtype state = LIVE;
byte gen = 1;
byte reason;
byte wait[CALLERS + 1]; /* gen that I wait for; the slot is always this */
chan buffer[CALLERS + 1] = [2] of { byte };
byte request[CALLERS + 1]; /* in the mailbox of this gen; 0 none */
byte call_no[CALLERS + 1]; /* and its tag */
bit retired; /* the mailbox of the dead one: tail 0 */
chan answers[CALLERS + 1] = [4] of { byte }; /* tags, READY */
bit asleep[CALLERS + 1]; /* ASLEEP of the reply ring */
bit bell[CALLERS + 1];
bit server_runs = 1;
byte send_to; /* the server's send_m: a caller's reply ring */
mtype life[CALLERS + 1] = RUNS;
byte answered[CALLERS + 1]; /* tag of the last answer completed in time */

proctype Memory()
{
	do
	:: atomic {
		buffer[1]?wait[1]
	   }
#if CALLERS > 1
	:: atomic {
		buffer[2]?wait[2]
	   }
#endif
	od
}

/* look in await.c: answers to other calls are dropped. */
inline look()
{
	do
	:: len(answers[me]) == 0 || got -> break
	:: len(answers[me]) > 0 && !got ->
		answers[me]?tag;
		if
		:: tag == no || BROKEN == ANY_ANSWER ->
			assert(tag == no);
			got = 1
		:: else
		fi
	od;
	tag = 0
}

/* call.c, ask; await.c */
proctype Caller(byte me)
{
	byte g, no, tag, left = TIMEOUTS;
	bit got;

	{
		skip;
again:
		atomic { /* gsi_resolve */
			if
			:: no == CALLS -> goto over
			:: else
			fi;
			no++;
			if
			:: state == LIVE -> g = gen
			:: else -> goto again
			fi
		}
		if
		:: BROKEN == RECHECK_FIRST ->
			atomic {
				if
				:: state == LIVE && gen == g
				:: else -> goto again
				fi
			}
		:: else
		fi;
		atomic { /* C1, wait_on */
			buffer[me]!g
		}
		if
		:: FENCED && BROKEN != NO_FENCE -> empty(buffer[me])
		:: else
		fi;
		atomic { /* S1: the entry, once more */
			if
			:: BROKEN == NO_RECHECK || BROKEN == RECHECK_FIRST
			:: state == LIVE && gen == g
			:: else -> goto done
			fi
		}
		atomic { /* C2: S2 to S8, a locked instruction */
			empty(buffer[me]);
			if
			:: gen == g && retired || state == FREE || gen > g ->
				goto done
			:: else
			fi;
			call_no[me] = no;
			request[me] = g
		}
wait_more:
		atomic { /* C3 */
			look();
			if
			:: got -> goto done
			:: else
			fi
		}
		atomic {
			if
			:: state != LIVE || gen != g -> goto dead
			:: else
			fi
		}
		atomic { /* gm_ring_sleep */
			if
			:: len(answers[me]) > 0 && BROKEN != BLIND_SLEEP ->
				goto wait_more
			:: else -> asleep[me] = 1
			fi
		}
		atomic {
			if
			:: bell[me] -> bell[me] = 0
			:: left > 0 ->
				left--;
				asleep[me] = 0;
				look();
				goto done
			fi;
			asleep[me] = 0;
			goto wait_more
		}
dead:
		atomic { /* last_look */
			if
			:: BROKEN != NO_LAST_LOOK -> look()
			:: else
			fi;
			if
			:: got -> goto done
			:: else
			fi
		}
		atomic { /* gm_entry_reason */
			assert(answered[me] != no);
			assert(state == DEAD && gen == g && reason == g)
		}
done:
		atomic { /* C4, wait_off */
			buffer[me]!0;
			got = 0; g = 0;
			goto again
		}
over:
		atomic {
			life[me] == RUNS;
			life[me] = ENDED;
			g = 0; no = 0; left = 0
		}
	} unless {
		life[me] == KILLED || life[me] == STOPPED
	}
	atomic {
		g = 0; no = 0; tag = 0; left = 0; got = 0;
		empty(buffer[me]);
		if
		:: life[me] == KILLED -> wait[me] = 0 /* its page counts no more */
		:: else
		fi
	}
}

/* The server of generation g: takes requests, answers them. */
proctype Server(byte g)
{
	byte c;

	{
		do
		:: atomic {
			if
			:: request[1] == g -> c = 1
#if CALLERS > 1
			:: request[2] == g -> c = 2
#endif
			fi;
			request[c] = 0;
			send_to = c /* S1 */
		   }
			atomic { /* S8 */
				answers[c]!call_no[c];
				/* in time: nobody has been told of a death yet */
				answered[c] = call_no[c]
			}
			if
			:: asleep[c] -> bell[c] = 1 /* S9 */
			:: else
			fi;
			atomic { /* S10 */
				send_to = 0;
				c = 0
			}
		od
	} unless {
		!server_runs
	}
	c = 0
}

/* D2: gm_membarrier, one process after the other; FENCED: nobody else's. */
inline membarrier()
{
	if
	:: !FENCED && BROKEN != NO_D2 ->
		empty(buffer[1]);
#if CALLERS > 1
		empty(buffer[2])
#endif
	:: else
	fi
}

/* names_dead, for the page of c; a killed caller's is not looked at. */
inline look_at_page(c)
{
	atomic {
		if
		:: wait[c] == gen && life[c] != KILLED ->
			named = 1;
			ring = 1
		:: else
		fi
	}
	atomic {
		if
		:: ring && BROKEN != NO_D5 -> bell[c] = 1
		:: else
		fi;
		ring = 0
	}
}

inline scan()
{
	named = 0;
	look_at_page(1);
#if CALLERS > 1
	look_at_page(2)
#endif
}

/* gsi_node_bury, gsi_node_linger, gsi_node_slot_free; the next birth */
proctype Node()
{
	bit named, ring;

	do
	:: atomic { !server_runs && state == LIVE ->
		skip
	   }
		if
		:: BROKEN == SCAN_FIRST -> scan()
		:: BROKEN == REASON_LATE -> state = DEAD
		:: else
		fi;
		atomic { /* D1 */
			reason = gen;
			state = DEAD
		}
		membarrier();
		atomic { /* D4; D3 is mailbox.pml's */
			if
			:: send_to != 0 -> bell[send_to] = 1
			:: else
			fi;
			send_to = 0;
			retired = RETIRES /* gm_ring_retire */
		}
		if
		:: BROKEN != SCAN_FIRST -> scan()
		:: else
		fi;
		/* reaped; or once more, when somebody else has died */
		do
		:: named && BROKEN != EARLY_REUSE ->
			(wait[1] != gen || life[1] == KILLED);
#if CALLERS > 1
			(wait[2] != gen || life[2] == KILLED);
#endif
			scan()
		:: else ->
			break
		od;
		if
		:: gen <= DEATHS ->
			atomic { /* gsi_node_slot_free */
				state = FREE;
				reason = 0;
				named = 0
			}
			atomic { /* gsi_node_publish */
				gen++;
				retired = 0;
				server_runs = 1;
				state = LIVE;
				run Server(gen)
			}
		:: else
		fi
	od
}

proctype Trouble()
{
	byte deaths = DEATHS, troubles = TROUBLES, c;

	do
	:: atomic { deaths > 0 && server_runs ->
		deaths--;
		server_runs = 0
	   }
	:: atomic { troubles > 0 ->
		troubles--;
		select(c : 1 .. CALLERS);
		if
		:: life[c] == RUNS -> life[c] = KILLED
		:: life[c] == RUNS -> life[c] = STOPPED
		:: else
		fi;
		c = 0
	   }
	:: break
	od
}

/* Nobody can move any more: the last server lives and answers everything. */
proctype Watch()
{
	timeout ->
	assert(life[1] != RUNS);
#if CALLERS > 1
	assert(life[2] != RUNS);
#endif
	assert(state == LIVE || life[1] == STOPPED ||
	    life[CALLERS] == STOPPED)
}

init
{
	atomic {
		run Memory();
		run Caller(1);
#if CALLERS > 1
		run Caller(2);
#endif
		run Server(1);
		run Node();
		run Trouble();
		run Watch()
	}
}
