/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The mailbox: reserve, help, publish, pin, jump, rewind, settle, slot reuse.
 *
 * Senders 1..SENDERS send ONE, TWO and THREE records of LEN cells through a
 * ring of N cells; KILLS of them are killed and STOPS stopped for ever, each
 * between any two steps.  The node settles the killed, and with REUSE gives
 * the slot to a newcomer that sends what is left.  One access to shared
 * memory is one step; memory is sequentially consistent here (bell.pml and
 * wait.pml have store buffers).
 *
 * As in shm/, not as first written down: MOVED in the tail between a rewind
 * or jump and the limit that follows it; limit published in batches (here:
 * after a record or not, but always when idle); a jump looks over all pins.
 * Left out: growth (trim.pml), bell and room words (bell.pml, room.pml).
 * The receiver is woken by anything that is written, so it never polls in
 * vain and a state in which nobody moves is the end of a run.
 *
 * Checked: records arrive untorn, in order of each sender, once; at the end
 * everything that was sent completely has arrived, nobody alive waits, and
 * all cells are free but those of stopped owners; no sender is refused
 * because of a tail that moved before its limit.
 */
#define NOTHING 0
#define HELP_UNEQUAL 1 /* H1 with != : a late helper hits a newer header */
#define NO_HELP 2 /* S3 left out */
#define NO_JUMP 3 /* R5 left out: a stopped sender wedges the ring */
#define EARLY_REUSE 4 /* the slot is used again before D3 */
#define ONE_LOOK 5 /* pins looked at before cur only: no second R1 */
#define BLIND_SETTLE 6 /* D3 without settle_tail */
#define MOVED_IGNORED 7 /* no_room takes a moved tail for a full ring */
#define LIMIT_BEHIND_PIN 8 /* the bound forgets pins */
#define EARLY_LIMIT 9 /* R4 before the record has been read */
#define SKIP_ANY 10 /* D3 does not compare the owner of a BUSY head */
#define OLD_CUR 11 /* R5: bound of an empty ring computed with the old cur */
#define OWNER_HELPS_NOT 12 /* receiver: R3 without help */

#ifndef BROKEN
#define BROKEN NOTHING
#endif
#ifndef N
#define N 3
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
#ifndef LARGEST
#define LARGEST 1 /* cells of a record: 1 to LARGEST */
#endif
#ifndef KILLS
#define KILLS 1
#endif
#ifndef STOPS
#define STOPS 0
#endif
#ifndef REUSE
#define REUSE 1
#endif
#ifndef REWIND_FROM
#define REWIND_FROM 255 /* gm_rewind_from: 255 never */
#endif

#define MANY(s) ((s) == 1 -> ONE : ((s) == 2 -> TWO : THREE))
/* Cells of record i of a sender: the second is a long one. */
#define LEN(i) ((i) == 1 -> LARGEST : 1)
#define CELL(p) ((p) % N)
/* gm_cells_at */
#define CELLS_AT(p, b) (CELL(p) + (b) <= N -> (b) : N - CELL(p) + (b))
#define BODY(p, b) (CELL(p) + (b) <= N -> CELL(p) : 0)
#define ID(s, i) ((s) * 16 + (i) + 1)

mtype = { BUSY, READY, SKIP };
mtype = { RUNS, ENDED, STOPPED, KILLED, DEAD };

/* A head cell of A: lo is tag and state, hi is owner and k. */
typedef Head {
	byte tag;
	mtype state;
	byte owner;
	byte k;
};
typedef Pin {
	byte v;
	byte k;
	byte next;
};

Head a[N];
byte body[N];
byte tail_v = N, tail_k, tail_owner;
bit tail_moved;
byte limit = 2 * N;
byte send_v[SENDERS + 1];
bit send_m[SENDERS + 1];

mtype life[SENDERS + 1] = RUNS;
bit news; /* something was written since the receiver began to look */
/* What is checked: records completed and delivered, one bit each. */
byte done[SENDERS + 1], got[SENDERS + 1];
bit settling; /* the tail has moved, limit has not */

/* The receiver's own: global so that Watch can look at it. */
byte cur = N;
byte n_pins;
Pin pins[SENDERS + 1];

/* gm_tail_read: lo, hi, lo again is a snapshot, since lo never repeats. */
inline get_tail(at, cells, who)
{
	at = tail_v;
	cells = tail_k;
	who = tail_owner
}

/* gm_help: H1, H2, H3 for a reservation of o at q. */
inline help(q, cells, who)
{
	atomic { /* H1 */
		h_tag = a[CELL(q)].tag;
		h_state = a[CELL(q)].state;
	}
	if
	:: BROKEN == HELP_UNEQUAL && h_tag == q
	:: BROKEN != HELP_UNEQUAL && h_tag >= q
	:: else ->
		atomic { /* H2 */
			h_owner = a[CELL(q)].owner;
			h_k = a[CELL(q)].k;
		}
		do
		:: atomic { /* H3 */
			if
			:: a[CELL(q)].tag == h_tag &&
			   a[CELL(q)].state == h_state &&
			   a[CELL(q)].owner == h_owner && a[CELL(q)].k == h_k ->
				a[CELL(q)].tag = q;
				a[CELL(q)].state = BUSY;
				a[CELL(q)].owner = who;
				a[CELL(q)].k = cells;
				news = 1;
				break
			:: else ->
				h_tag = a[CELL(q)].tag;
				h_state = a[CELL(q)].state;
				h_owner = a[CELL(q)].owner;
				h_k = a[CELL(q)].k;
				if
				:: BROKEN == HELP_UNEQUAL && h_tag == q -> break
				:: BROKEN != HELP_UNEQUAL && h_tag >= q -> break
				:: else
				fi
			fi
		}
		od
	fi;
	atomic {
		h_tag = 0; h_state = 0; h_owner = 0; h_k = 0
	}
}

/* gm_ring_open, commit, done; the slot's next holder goes on at `next`. */
proctype Sender(byte me)
{
	byte next, b, v, k, o, mine, j;
	byte h_tag, h_owner, h_k;
	mtype h_state;

newcomer:
	{
		skip;
again:
		atomic {
			if
			:: next >= MANY(me) ->
				life[me] == RUNS;
				life[me] = ENDED;
				goto over
			:: else
			fi;
			b = LEN(next);
			send_v[me] = 0; /* S1 */
			send_m[me] = 1;
			get_tail(v, k, o) /* S2 */
		}
attempt:
		if
		:: k != 0 && o != me && BROKEN != NO_HELP ->
			help(v - k, k, o) /* S3 */
		:: else
		fi;
		atomic {
			mine = CELLS_AT(v, b);
			if /* S4 */
			:: limit < v + mine -> goto no_room
			:: else
			fi;
			send_v[me] = v; /* S5 */
			j = 0
		}
		atomic { /* S6 */
			if
			:: tail_v == v && tail_k == k && tail_owner == o ->
				tail_v = v + mine;
				tail_k = mine;
				tail_owner = me;
				news = 1;
				assert(tail_v < 250)
			:: else ->
				get_tail(v, k, o);
				goto attempt
			fi
		}
		do /* S7 */
		:: atomic { j < b ->
			body[BODY(v, b) + j] = ID(me, next);
			j++
		   }
		:: atomic { j == b ->
			break
		   }
		od;
		atomic { /* S8 */
			a[CELL(v)].owner = me;
			a[CELL(v)].k = mine
		}
		atomic {
			a[CELL(v)].tag = v;
			a[CELL(v)].state = READY;
			news = 1
		}
		atomic { /* S10 */
			send_m[me] = 0;
			done[me] = done[me] | (1 << next);
			next++;
			v = 0; k = 0; o = 0; b = 0; j = 0; mine = 0;
			goto again
		}
no_room:
		/* no_room: as long as the tail has moved before its limit */
		atomic {
			if
			:: tail_moved && BROKEN != MOVED_IGNORED ->
				v = 0; k = 0; o = 0; mine = 0;
				goto moved
			:: else
			fi;
			assert(!(settling && tail_v == v));
			send_m[me] = 0; /* S10: refused; gs_cast_wait goes on */
			news = 1; /* gm_ring_nudge */
			v = 0; k = 0; o = 0; mine = 0
		}
		atomic {
			limit >= tail_v + CELLS_AT(tail_v, b);
			goto again
		}
moved:
		atomic {
			!tail_moved;
			goto again
		}
	} unless {
		life[me] != RUNS
	}
	atomic {
		if /* what was in hand is gone, the newcomer has others */
		:: b != 0 -> next++
		:: else
		fi;
		v = 0; k = 0; o = 0; b = 0; j = 0; mine = 0;
		h_tag = 0; h_state = 0; h_owner = 0; h_k = 0;
		if
		:: life[me] == KILLED -> life[me] = DEAD /* its pidfd is ready */
		:: else
		fi
	}
	atomic {
		life[me] == RUNS;
		goto newcomer
	}
over:
	skip
}

/* Kills and stops, or does not. */
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

/* lib/node_death.c, settle; shm/ring_node.c, gm_ring_settle. */
proctype Node()
{
	byte x, v, tv, tk, to;
	byte h_tag, h_owner, h_k;
	mtype h_state;
	bit reborn;

	do
	:: atomic {
		if
		:: life[1] == DEAD -> x = 1
		:: SENDERS > 1 && life[2] == DEAD -> x = 2
		:: SENDERS > 2 && life[SENDERS] == DEAD -> x = SENDERS
		fi;
		/* what the dead one's page says */
		v = (send_m[x] -> send_v[x] : 0);
		if
		:: BROKEN == EARLY_REUSE && !reborn ->
			reborn = 1;
			life[x] = RUNS
		:: else ->
			life[x] = ENDED
		fi
	   }
		if
		:: v != 0 && BROKEN != BLIND_SETTLE -> /* D3, settle_tail */
			get_tail(tv, tk, to);
			if
			:: tk != 0 && to == x && tv - tk == v -> help(v, tk, to)
			:: else
			fi
		:: else
		fi;
		atomic {
			tv = 0; tk = 0; to = 0;
			if /* pread */
			:: v != 0 && a[CELL(v)].tag == v &&
			   a[CELL(v)].state == BUSY &&
			   (a[CELL(v)].owner == x || BROKEN == SKIP_ANY)
			:: else -> v = 0
			fi
		}
		atomic {
			if /* CAS of lo */
			:: v != 0 && a[CELL(v)].tag == v &&
			   a[CELL(v)].state == BUSY ->
				a[CELL(v)].state = SKIP
			:: else
			fi;
			v = 0;
			news = 1; /* D4 */
			if
			:: REUSE && !reborn ->
				reborn = 1;
				send_m[x] = 0; /* gsi_node_slot_free */
				send_v[x] = 0;
				life[x] = RUNS
			:: else
			fi;
			x = 0
		}
	od
}

/* gm_receiver_bound */
inline get_bound()
{
	bound = cur + N;
	i = 0;
	do
	:: i < n_pins ->
		if
		:: pins[i].next < bound && BROKEN != LIMIT_BEHIND_PIN ->
			bound = pins[i].next
		:: else
		fi;
		i++
	:: else ->
		break
	od;
	i = 0
}

/* gm_receiver_publish: R4 */
inline publish()
{
	d_step {
		get_bound();
		if
		:: bound > limit -> limit = bound
		:: else
		fi;
		bound = 0;
		settling = 0
	}
}

/* publish_moved */
inline publish_moved()
{
	publish();
	tail_moved = 0
}

/* gm_pin_remove */
inline unpin(at)
{
	n_pins--;
	j = at;
	do
	:: j < n_pins ->
		pins[j].v = pins[j + 1].v;
		pins[j].k = pins[j + 1].k;
		pins[j].next = pins[j + 1].next;
		j++
	:: else ->
		break
	od;
	pins[n_pins].v = 0;
	pins[n_pins].k = 0;
	pins[n_pins].next = 0;
	j = 0
}

/* pin_from: the pin with the lowest next from f on, n_pins: none. */
inline pin_from(f, found)
{
	found = n_pins;
	j = 0;
	do
	:: j < n_pins ->
		if
		:: pins[j].next >= f &&
		   (found == n_pins || pins[j].next < pins[found].next) ->
			found = j
		:: else
		fi;
		j++
	:: else ->
		break
	od;
	j = 0
}

/* largest_fits at v up to bound, which may lie before v. */
#define FITS(v, bound) ((bound) >= (v) + CELLS_AT(v, LARGEST))

/* jump_target: best is where to, 0 nowhere; over the last pin jumped. */
inline jump_target()
{
	pin_from(0, first);
	pin = first;
	best = 0;
	if
	:: pins[first].next >= cur + N || FITS(v, pins[first].next)
	:: else ->
		widest = pins[first].next - v;
		do
		:: pin < n_pins ->
			target = pins[pin].next + pins[pin].k;
			pin_from(pins[pin].next + 1, i);
			bound = (i < n_pins -> pins[i].next :
			    pins[first].next + N);
			if
			:: (v != cur || BROKEN == OLD_CUR) && cur + N < bound ->
				bound = cur + N
			:: else
			fi;
			room = bound - target;
			if
			:: room > widest || FITS(target, bound) ->
				widest = room;
				best = target;
				over = pins[pin].next;
				if
				:: FITS(target, bound) -> break
				:: else
				fi
			:: else
			fi;
			pin = i
		:: else ->
			break
		od
	fi;
	first = 0; pin = 0; i = 0; target = 0; bound = 0; room = 0; widest = 0
}

/* gm_receiver_jump: R5 */
inline jump()
{
	atomic {
		get_tail(v, k, o);
		assert(v >= cur && v <= limit);
		best = 0;
		over = 0;
		if
		:: BROKEN != NO_JUMP && n_jumps < 2 -> jump_target()
		:: else
		fi;
		if
		:: best == 0 -> v = 0; k = 0; o = 0
		:: else
		fi
	}
	if
	:: best != 0 ->
		if
		:: k != 0 -> help(v - k, k, o)
		:: else
		fi;
		atomic {
			if
			:: tail_v == v && tail_k == k && tail_owner == o ->
				tail_v = best;
				tail_k = 0;
				tail_owner = 0;
				tail_moved = 1;
				settling = 1;
				assert(best < 250);
				if
				:: v == cur -> cur = best
				:: else ->
					jump_from[n_jumps] = v;
					jump_to[n_jumps] = best;
					n_jumps++
				fi;
				i = 0;
				do
				:: i < n_pins ->
					if
					:: pins[i].next <= over ->
						pins[i].next = pins[i].next + N
					:: else
					fi;
					i++
				:: else ->
					break
				od;
				i = 0
			:: else ->
				best = 0
			fi;
			v = 0; k = 0; o = 0; over = 0;
			news = 1
		}
		if
		:: best != 0 ->
			best = 0;
			publish_moved()
		:: else
		fi
	:: else
	fi
}

/* gm_receiver_rewind: R6 */
inline rewind()
{
	atomic {
		best = 0;
		if
		:: tail_v == cur ->
			tail_v = (cur / N + 1) * N;
			tail_k = 0;
			tail_owner = 0;
			tail_moved = 1;
			settling = 1;
			cur = (cur / N + 1) * N;
			best = 1
		:: else ->
			news = 1
		fi
	}
	if
	:: best == 1 ->
		best = 0;
		publish_moved()
	:: else
	fi
}

/* The record at q, lent: its k cells, owner and bytes (gm_decode). */
inline lend(q)
{
	o = a[CELL(q)].owner;
	j = (CELL(q) + k <= N -> CELL(q) : 0);
	b = (CELL(q) + k <= N -> k : k - (N - CELL(q)));
	id = body[j];
	assert(id / 16 == o); /* whole, and whose it is said to be */
	id = id % 16 - 1;
	assert(b == LEN(id));
	assert(b == 1 || body[j + 1] == body[j]);
	assert(!(got[o] >> id)); /* once, in order */
	got[o] = got[o] | (1 << id)
}

/* Still whole when it is given back. */
inline give_back()
{
	assert(body[j] == ID(o, id) && body[j + b - 1] == ID(o, id));
	o = 0; b = 0; id = 0; j = 0;
	tag = 0; state = 0
}

/* take_slowly; with no pins it does what gm_ring_take does. */
proctype Receiver()
{
	byte i, j, v, k, o, b, id, tag, pin;
	byte jump_from[2], jump_to[2], n_jumps;
	byte first, best, over, target, bound;
	short room, widest;
	byte h_tag, h_owner, h_k;
	mtype h_state, state;

take:
	if
	:: n_pins > 0 -> jump() /* gm_receiver_wants_jump */
	:: else
	fi;
	if
	:: BROKEN == ONE_LOOK && n_pins > 0
	:: else ->
		atomic { /* R2 */
			tag = a[CELL(cur)].tag;
			state = a[CELL(cur)].state
		}
	fi;
	do /* R1, look_at_pins */
	:: atomic { pin < n_pins ->
		v = pins[pin].v;
		assert(a[CELL(v)].tag == v);
		if
		:: a[CELL(v)].state == BUSY -> pin++
		:: a[CELL(v)].state == SKIP -> unpin(pin)
		:: a[CELL(v)].state == READY ->
			k = pins[pin].k;
			lend(v);
			goto lent_pin
		fi;
		v = 0
	   }
	:: atomic { pin == n_pins ->
		pin = 0;
		break
	   }
	od;
	atomic {
		if
		:: BROKEN == ONE_LOOK ->
			tag = a[CELL(cur)].tag;
			state = a[CELL(cur)].state
		:: else
		fi;
		assert(tag <= cur); /* pass: R7 */
		if
		:: tag == cur ->
			k = a[CELL(cur)].k;
			if
			:: state == READY ->
				lend(cur);
				goto lent
			:: state == BUSY -> /* gm_pin_add */
				pins[n_pins].v = cur;
				pins[n_pins].k = k;
				pins[n_pins].next = cur + N;
				n_pins++
			:: state == SKIP
			fi;
			cur = cur + k;
			k = 0; tag = 0; state = 0;
			goto take
		:: tag < cur && n_jumps > 0 && jump_from[0] == cur ->
			cur = jump_to[0]; /* R3, gm_jump_take */
			n_jumps--;
			jump_from[0] = jump_from[1];
			jump_to[0] = jump_to[1];
			jump_from[1] = 0;
			jump_to[1] = 0;
			tag = 0; state = 0;
			goto take
		:: else ->
			tag = 0; state = 0;
			publish() /* nothing: R4, idle */
		fi
	}
	atomic { /* look_at_tail */
		news = 0;
		get_tail(v, k, o);
		if
		:: v == cur ->
			v = 0; k = 0; o = 0
		:: v != cur && k != 0 && v - k == cur
		:: else ->
			/* T1: the header must be there by now */
			assert(v > cur && (a[CELL(cur)].tag >= cur ||
			    (n_jumps > 0 && jump_from[0] == cur)));
			v = 0; k = 0; o = 0;
			goto take
		fi
	}
	if
	:: v != 0 && BROKEN != OWNER_HELPS_NOT ->
		help(cur, k, o); /* R3 */
		v = 0; k = 0; o = 0;
		goto take
	:: v != 0 && BROKEN == OWNER_HELPS_NOT
	:: v == 0 && n_pins > 0 -> jump()
	:: v == 0 && n_pins == 0 && CELL(cur) >= REWIND_FROM -> rewind()
	:: else
	fi;
	/* what came after the last look at the tail, or before it to the pins */
	if
	:: news == 1
	:: n_pins > 0 && a[CELL(pins[0].v)].state != BUSY
	:: n_pins > 1 && a[CELL(pins[1].v)].state != BUSY
	:: n_pins > 2 && a[CELL(pins[2].v)].state != BUSY
	fi;
	goto take;

lent:
	if
	:: BROKEN == EARLY_LIMIT ->
		atomic {
			cur = cur + k;
			publish();
			cur = cur - k
		}
	:: else
	fi;
	atomic {
		give_back(); /* drop */
		cur = cur + k;
		k = 0
	}
	if /* in batches */
	:: publish()
	:: skip
	fi;
	goto take;

lent_pin:
	atomic { /* free_held_pin */
		give_back();
		unpin(pin);
		pin = 0;
		v = 0; k = 0
	}
	publish();
	goto take
}

#define WAITS(s) (life[s] == RUNS || life[s] == KILLED || life[s] == DEAD)
#define ALL_IN(s) ((done[s] & got[s]) == done[s])

/* Nobody can move any more. */
proctype Watch()
{
	byte held, s;

	timeout ->
	d_step {
		s = 1;
		do
		:: s <= SENDERS ->
			assert(!WAITS(s));
			assert(ALL_IN(s));
			held = held + (life[s] == STOPPED -> 1 : 0);
			s++
		:: else ->
			break
		od;
		assert(n_pins <= held);
		assert(n_pins > 0 || (limit == cur + N && tail_v == cur))
	}
}

init
{
	atomic {
		run Sender(1);
#if SENDERS > 1
		run Sender(2);
#endif
#if SENDERS > 2
		run Sender(3);
#endif
		run Node();
		run Receiver();
		run Trouble();
		run Watch()
	}
}
