/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The node: births, deaths in batches, reaping, and the death of root.
 *
 * Root forks up to FORKS children in all, one of them with a name: when it is
 * told of that one's end it reaps it and forks it again.  The children, and
 * ROOTS times root itself, may be killed between any two steps; the node
 * forks root anew, which then has its children.  Of the kernel there is what
 * counts: a zombie keeps its number until its parent has reaped it, from then
 * on it may be a stranger's; the children of the dead become the node's, and
 * get their PDEATHSIG, before the pidfd of the dead is readable.  A request is two steps: the cell
 * (request_tail), and the dirty bit with the bell.  Each published child is
 * monitored; links go the same way.
 *
 * The node dies with all its processes, and stopped it only waits: neither is
 * here.  D2, D5 and slots that are named: wait.pml and retire.pml.
 *
 * Checked: a number that has been reaped is not watched or signalled any
 * more; the wait status is read before anybody reaps; no child runs before
 * its slot says so; each published child gets one DOWN, and when it is there
 * the entry is DEAD, the name free, the open record settled; no name is
 * refused for the sake of a dead holder; a slot is free only when its child
 * is reaped; in the end nothing is left unreaped, unpublished or unsettled.
 */
#define NOTHING 0
#define REAP_AT_ONCE 1 /* root reaps at SIGCHLD, before the node knows (R1) */
#define DIRTY_ONLY 2 /* orphans: root's last BORN is found by its bit only */
#define DOWN_FIRST 3 /* D6 before D3 */
#define NAME_LATE 4 /* the name is freed behind D6 */
#define NO_PDEATHSIG 5
#define NO_GETPPID 6 /* root dead before the child had asked for the signal */
#define NO_HAND_OVER 7
#define EARLY_FREE 8 /* the slot is free before the child is reaped */
#define NOTICED_TWICE 9 /* proc->gone is not looked at */
#define RUN_EARLY 10 /* R2: no waiting for the slot */
#define DEAD_LATE 11 /* D6 before D1's entry */
#define ALL_ORPHANS 12 /* orphans: reaps what is LIVE, too */

#ifndef BROKEN
#define BROKEN NOTHING
#endif
#ifndef FORKS
#define FORKS 2
#endif
#ifndef ROOTS
#define ROOTS 1
#endif
#define NONE 100
#define ROOT 50

mtype = { UNBORN, ALIVE, ZOMBIE, REAPED };
mtype = { POOLED, LIVE, DEAD, FREE };

/* The kernel's view of child p. */
mtype os[FORKS] = UNBORN;
bit root_is_parent[FORKS];
bit pdeathsig[FORKS];
bit root_lives = 1, root_dead;
/* Child p has slot p: the pool is larger than what is forked here. */
mtype entry[FORKS] = POOLED;
bit refused[FORKS], wants_name[FORKS];
byte name = NONE; /* who holds it */
bit settled[FORKS], told_down[FORKS];
/* Root's page: what it has asked for; its mailbox: who has ended. */
chan born = [FORKS] of { byte };
chan posted = [2 * FORKS] of { byte };
bit dirty;
chan told = [2 * FORKS] of { byte };
byte forks;
/* The node's own. */
bit gone[FORKS], reaped[FORKS];

/* newborn.c: first_acts, wait_published, settle */
proctype Child(byte p)
{
	{
		atomic {
			pdeathsig[p] = (BROKEN != NO_PDEATHSIG)
		}
		atomic { /* getppid */
			if
			:: !root_is_parent[p] && BROKEN != NO_GETPPID ->
				goto ends
			:: else
			fi
		}
		atomic {
			(entry[p] == LIVE || BROKEN == RUN_EARLY);
			if
			:: refused[p] -> goto ends
			:: else
			fi
		}
		atomic {
			pdeathsig[p] = 0;
			assert(entry[p] == LIVE || entry[p] == DEAD) /* init */
		}
		false;
ends:
		os[p] = ZOMBIE
	} unless {
		os[p] != ALIVE
	}
}

/* spawn.c, gsi_spawn; root_child.c, take_child */
proctype Root(byte mine)
{
	byte p = NONE;

	{
		do
		:: atomic { forks < FORKS ->
			p = forks;
			forks++;
			os[p] = ALIVE;
			root_is_parent[p] = 1;
			wants_name[p] = (mine == NONE);
			mine = (mine == NONE -> p : mine);
			run Child(p)
		   }
			born!p;
			atomic {
				dirty = 1;
				p = NONE
			}
		:: told?p ->
			atomic { /* gsi_root_reap; after a root's death told twice */
				assert(os[p] == ZOMBIE || !root_is_parent[p]);
				assert(entry[p] == DEAD || !root_is_parent[p]);
				os[p] = REAPED
			}
			posted!p;
			atomic {
				dirty = 1;
				mine = (mine == p -> NONE : mine);
				p = NONE
			}
		:: atomic { BROKEN == REAP_AT_ONCE && os[0] == ZOMBIE &&
		   root_is_parent[0] ->
			os[0] = REAPED
		   }
		od
	} unless {
		!root_lives
	}
	atomic { /* the kernel: children first, then its pidfd */
		p = 0; mine = 0;
		do
		:: p < FORKS ->
			root_is_parent[p] = 0;
			if
			:: os[p] == ALIVE && pdeathsig[p] -> os[p] = ZOMBIE
			:: else
			fi;
			p++
		:: else ->
			break
		od;
		p = 0;
		root_dead = 1
	}
}

/* SIGKILL, or not. */
proctype Trouble()
{
	byte roots = ROOTS;

	do
	:: atomic { roots > 0 && root_lives ->
		roots--;
		root_lives = 0
	   }
	:: atomic { os[0] == ALIVE ->
		os[0] = ZOMBIE
	   }
#if FORKS > 1
	:: atomic { os[1] == ALIVE ->
		os[1] = ZOMBIE
	   }
#endif
#if FORKS > 2
	:: atomic { os[2] == ALIVE ->
		os[2] = ZOMBIE
	   }
#endif
	:: break
	od
}

/* gsi_node_slot_free */
inline free_slot(s)
{
	assert(os[s] == REAPED && settled[s]);
	entry[s] = FREE
}

/* gsi_node_drain_slot, of root: gsi_node_born, op_reaped */
inline drain_root()
{
	do
	:: atomic { born?p ->
		assert(entry[p] == POOLED);
		/* pidfd_open, or kill in turn_away */
		assert(os[p] != REAPED);
		if
		:: wants_name[p] && name != NONE ->
			assert(entry[name] == LIVE);
			refused[p] = 1
		:: wants_name[p] && name == NONE -> name = p
		:: else
		fi;
		entry[p] = LIVE
	   }
	:: atomic { posted?p ->
		if
		:: entry[p] == DEAD && !reaped[p] ->
			reaped[p] = 1;
			free_slot(p)
		:: else
		fi
	   }
	:: atomic { empty(born) && empty(posted) ->
		p = 0;
		break
	   }
	od
}

/* gsi_node_gone */
inline notice(s)
{
	if
	:: gone[s] && BROKEN != NOTICED_TWICE
	:: else ->
		gone[s] = 1;
		batch!s
	fi
}

/* D1 for d */
inline declare()
{
	if
	:: d == ROOT ->
		drain_root();
		atomic {
			root_gone = 1;
			do
			:: told?p
			:: empty(told) -> break
			od;
			p = 0
		}
	:: else ->
		atomic {
			/* gsi_node_wait_status: reaped, when it is ours by now */
			assert(os[d] == ZOMBIE || BROKEN == NOTICED_TWICE);
			if
			:: !root_is_parent[d] -> os[d] = REAPED
			:: else
			fi;
			name = (name == d && BROKEN != NAME_LATE -> NONE : name)
		}
		atomic {
			if
			:: BROKEN != DEAD_LATE -> entry[d] = DEAD
			:: else
			fi
		}
	fi
}

/* hand_over: the next root is told every end that is not let go of yet. */
inline hand_over()
{
	do
	:: atomic { p < FORKS && BROKEN != NO_HAND_OVER ->
		if
		:: entry[p] == DEAD ->
			os[p] = REAPED; /* ours by now */
			told!p
		:: else
		fi;
		p++
	   }
	:: atomic { p == FORKS || BROKEN == NO_HAND_OVER ->
		p = 0;
		break
	   }
	od
}

/* D6 for d */
inline spread()
{
	if
	:: d == ROOT ->
		atomic { /* gsi_node_root_dead, fork_again */
			root_gone = 0;
			root_noticed = 0;
			root_lives = 1;
			root_dead = 0;
			do
			:: posted?p
			:: born?p
			:: empty(posted) && empty(born) -> break
			od;
			/* the ledger, and what of it is still there */
			p = (name != NONE -> name : NONE);
			run Root(p);
			p = 0
		}
		hand_over()
	:: else ->
		atomic { /* DOWN */
			gone[d] = 0;
			assert(!told_down[d]);
			assert(entry[d] == DEAD);
			assert(settled[d]);
			assert(name != d);
			told_down[d] = 1
		}
		atomic { /* gsi_node_reaped */
			if
			:: BROKEN == EARLY_FREE -> free_slot(d)
			:: else
			fi
		}
	fi
}

/* tell_forker: root may reap it, and fork again, while we go on */
inline tell_all()
{
	n = len(batch);
	do
	:: n > 0 ->
		batch?d;
		batch!d;
		if
		:: d != ROOT && !root_gone -> told!d
		:: else
		fi;
		n--
	:: else ->
		break
	od;
	d = 0
}

/* settle, for the whole batch */
inline settle_all()
{
	n = len(batch);
	do
	:: n > 0 ->
		batch?d;
		batch!d;
		if
		:: d != ROOT -> settled[d] = 1
		:: else
		fi;
		n--
	:: else ->
		break
	od;
	d = 0
}

/* gsi_node_bury */
inline bury()
{
	n = len(batch);
	do
	:: atomic { n > 0 ->
		batch?d;
		batch!d;
		n--
	   }
		declare()
	:: atomic { n == 0 ->
		break
	   }
	od;
	atomic {
		tell_all()
	}
	atomic {
		if
		:: BROKEN != DOWN_FIRST -> settle_all()
		:: else
		fi
	}
	do
	:: batch?d ->
		spread()
	:: atomic { empty(batch) ->
		break
	   }
	od;
	atomic {
		if
		:: BROKEN == DOWN_FIRST -> settle_all()
		:: else
		fi;
		d = 0
	}
}

/* gsi_node_orphans, when a zombie of ours is z */
inline orphan(z)
{
	if
	:: entry[z] != LIVE && BROKEN != DIRTY_ONLY -> drain_root()
	:: entry[z] != LIVE && BROKEN == DIRTY_ONLY && dirty ->
		dirty = 0;
		drain_root()
	:: else
	fi;
	if
	:: entry[z] == LIVE && BROKEN != ALL_ORPHANS ->
		notice(z);
		bury()
	:: else ->
		os[z] = REAPED /* nobody's, or one that root had to reap */
	fi
}

/* node.c, run and dispatch */
proctype Node()
{
	byte p, n, d;
	bit root_gone, root_noticed;
	chan batch = [FORKS + 2] of { byte };

	do
	:: atomic { dirty ->
		dirty = 0
	   }
		drain_root()
	/* pidfds, in one round or in several */
	:: atomic { entry[0] == LIVE && os[0] == ZOMBIE &&
	   (!gone[0] || BROKEN == NOTICED_TWICE && len(batch) < 2) ->
		notice(0)
	   }
#if FORKS > 1
	:: atomic { entry[1] == LIVE && os[1] == ZOMBIE && !gone[1] ->
		notice(1)
	   }
#endif
#if FORKS > 2
	:: atomic { entry[2] == LIVE && os[2] == ZOMBIE && !gone[2] ->
		notice(2)
	   }
#endif
	:: atomic { root_dead && !root_noticed ->
		root_noticed = 1;
		batch!ROOT
	   }
	:: atomic { nempty(batch) ->
		skip
	   }
		bury()
	/* SIGCHLD */
	:: atomic { os[0] == ZOMBIE && !root_is_parent[0] && !gone[0] ->
		skip
	   }
		orphan(0)
#if FORKS > 1
	:: atomic { os[1] == ZOMBIE && !root_is_parent[1] && !gone[1] ->
		skip
	   }
		orphan(1)
#endif
#if FORKS > 2
	:: atomic { os[2] == ZOMBIE && !root_is_parent[2] && !gone[2] ->
		skip
	   }
		orphan(2)
#endif
	od
}

/* Nobody can move any more. */
proctype Watch()
{
	byte p;

	timeout ->
	d_step {
		assert(root_lives && name != ROOT);
		do
		:: p < FORKS ->
			assert(os[p] != ZOMBIE);
			assert(os[p] != ALIVE || entry[p] == LIVE);
			assert(entry[p] != LIVE || os[p] == ALIVE);
			assert(entry[p] != DEAD);
			assert(entry[p] != FREE || told_down[p]);
			assert(name != p || entry[p] == LIVE);
			p++
		:: else ->
			break
		od
	}
}

init
{
	atomic {
		run Root(NONE);
		run Node();
		run Trouble();
		run Watch()
	}
}
