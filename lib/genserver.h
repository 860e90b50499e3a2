/* SPDX-License-Identifier: Apache-2.0 */
/* genserver: OTP's GenServer for Linux, in C.  Start reading: genserver(7). */
#ifndef GENSERVER_H
#define GENSERVER_H

#include <genserver/addr.h>
#include <genserver/types.h>

#include <genserver/text.h>

#include <genserver/server.h>
#include <genserver/verdict.h>

#include <genserver/call.h>
#include <genserver/multi.h>
#include <genserver/request.h>
#include <genserver/start.h>

#include <genserver/name.h>
#include <genserver/via.h>

#include <genserver/alias.h>
#include <genserver/link.h>
#include <genserver/timer.h>
#include <genserver/watch.h>

#include <genserver/loop.h>

#include <genserver/node.h>

#include <genserver/supervisor.h>

#include <genserver/inspect.h>
#include <genserver/sys.h>

#include <genserver/debug.h>

#endif
