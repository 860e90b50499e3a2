%% SPDX-License-Identifier: Apache-2.0
%% The same metrics on BEAM, printed as the C programs print theirs.  The
%% virtual machine runs with its defaults; binaries of more than 64 bytes it
%% does not copy but count, which is its way.
-module(bench_peer).
-behaviour(gen_server).
-export([main/1, start_link/0]).
-export([init/1, handle_call/3, handle_cast/2]).

%% Of a supervisor, and of its servers.
init({supervisor, Flags, Child}) -> {ok, {Flags, [Child]}};
init(_) -> {ok, nil}.
handle_call(Request, _From, State) -> {reply, Request, State}.
handle_cast(_Message, State) -> {noreply, State}.

start_link() -> gen_server:start_link({local, victim}, ?MODULE, [], []).

main([Curves | Counts]) ->
    [Calls, Casts, Looks, Starts] = [list_to_integer(C) || C <- Counts],
    %% A heap that holds all samples, so that none has a collection in it.
    Options = [{min_heap_size, Calls * 4 + 100000}, monitor],
    {_, Ref} = spawn_opt(fun() -> all(Calls, Casts, Looks, Starts, Curves) end,
                         Options),
    receive
        {'DOWN', Ref, process, _, normal} -> halt(0);
        {'DOWN', Ref, process, _, Why} ->
            io:format(standard_error, "bench: ~p~n", [Why]),
            halt(1)
    end.

all(Calls, Casts, Looks, Starts, Curves) ->
    {ok, Pid} = gen_server:start({local, bench}, ?MODULE, [], []),
    Body = binary:copy(<<7>>, 64),
    awake(Pid, Body, Calls),
    cast(Pid, Body, Casts div 10 + 1),
    tell("cast.64.rate", Casts * 1.0e3 / cast(Pid, Body, Casts)),
    tell("cast.senders4.rate", senders(4, Pid, Body, Casts)),
    tell("call.clients8.rate", crowd(8, Calls div 8,
        fun() -> call(Pid, Body, Calls div 8, now_ns(), []) end)),
    tell("call.pipelined16.rate", crowd(8, Calls div 8,
        fun() -> pipeline(Pid, Body, Calls div 8) end)),
    tell("call.4096.p50", sized(Pid, 4096, Calls div 10)),
    tell("call.65536.p50", sized(Pid, 65536, Calls div 10)),
    whereis_n(Looks div 10 + 1),
    tell("whereis", whereis_n(Looks) / Looks),
    tell("register", register_n(Starts) / Starts),
    processes(Starts),
    restarts(max(20, Starts div 50)),
    Curves =:= "yes" andalso curves(Pid, Body, Calls div 10, Casts).

tell(Metric, Value) ->
    io:format("beam ~s ~.6f~n", [Metric, float(Value)]).

point(Curve, X, Y) ->
    io:format("beam ~s ~w ~.6f~n", [Curve, X, float(Y)]).

now_ns() -> erlang:monotonic_time(nanosecond).

percentile(Sorted, Share) ->
    lists:nth(max(1, trunc(length(Sorted) * Share)), Sorted).

median(Samples) -> percentile(lists:sort(Samples), 0.5).

%% ---- calls ----

call(_, _, 0, _, Samples) -> Samples;
call(Pid, Body, N, Before, Samples) ->
    Body = gen_server:call(Pid, Body),
    After = now_ns(),
    call(Pid, Body, N - 1, After, [After - Before | Samples]).

%% CPU time is that of all threads of the virtual machine.
awake(Pid, Body, Calls) ->
    call(Pid, Body, 2000, now_ns(), []),
    {Cpu, _} = statistics(runtime),
    Samples = call(Pid, Body, Calls, now_ns(), []),
    {CpuAfter, _} = statistics(runtime),
    Sorted = lists:sort(Samples),
    tell("call.awake.p50", percentile(Sorted, 0.5)),
    tell("call.awake.p99", percentile(Sorted, 0.99)),
    tell("call.awake.p999", percentile(Sorted, 0.999)),
    tell("cpu.call", (CpuAfter - Cpu) * 1.0e3 / Calls),
    histogram(Sorted, 10.0).

%% Bins as in figures.c.
histogram([], _) -> ok;
histogram(Sorted, Low) ->
    High = Low * 1.1,
    case lists:splitwith(fun(Ns) -> Ns < High end, Sorted) of
        {[], _} -> ok;
        {Bin, _} -> point("call.awake", Low, length(Bin))
    end,
    histogram(lists:dropwhile(fun(Ns) -> Ns < High end, Sorted), High).

sized(Pid, Size, N) ->
    Body = binary:copy(<<7>>, Size),
    median(call(Pid, Body, N, now_ns(), [])).

pipeline(Pid, Body, N) ->
    Out = queue:from_list(
        [gen_server:send_request(Pid, Body) || _ <- lists:seq(1, 16)]),
    pipeline_n(Pid, Body, N, Out).

pipeline_n(_, _, 0, Out) ->
    [{reply, _} = gen_server:receive_response(Id, infinity)
     || Id <- queue:to_list(Out)];
pipeline_n(Pid, Body, N, Out) ->
    {{value, Id}, Rest} = queue:out(Out),
    {reply, Body} = gen_server:receive_response(Id, infinity),
    pipeline_n(Pid, Body, N - 1,
               queue:in(gen_server:send_request(Pid, Body), Rest)).

%% ---- casts ----

cast(Pid, Body, N) ->
    Start = now_ns(),
    cast_n(Pid, Body, N),
    Body = gen_server:call(Pid, Body, infinity),
    now_ns() - Start.

cast_n(_, _, 0) -> ok;
cast_n(Pid, Body, N) ->
    gen_server:cast(Pid, Body),
    cast_n(Pid, Body, N - 1).

senders(Senders, Pid, Body, Casts) ->
    crowd(Senders, Casts, fun() -> cast(Pid, Body, Casts) end).

%% Operations of so many processes together, in millions a second.
crowd(Processes, Each, Fun) ->
    Start = now_ns(),
    Refs = [element(2, spawn_monitor(Fun)) || _ <- lists:seq(1, Processes)],
    [receive {'DOWN', Ref, process, _, _} -> ok end || Ref <- Refs],
    Processes * Each * 1.0e3 / (now_ns() - Start).

%% ---- names ----

register_n(N) ->
    Start = now_ns(),
    register_again(N),
    now_ns() - Start.

register_again(0) -> ok;
register_again(N) ->
    true = register(other, self()),
    true = unregister(other),
    register_again(N - 1).

whereis_n(N) ->
    Start = now_ns(),
    look(N),
    now_ns() - Start.

look(0) -> ok;
look(N) ->
    true = is_pid(whereis(bench)),
    look(N - 1).

%% ---- processes ----

start_n(N) ->
    [element(2, {ok, _} = gen_server:start(?MODULE, [], []))
     || _ <- lists:seq(1, N)].

processes(N) ->
    [gen_server:stop(Pid) || Pid <- start_n(N div 10 + 1)],
    Start = now_ns(),
    Pids = start_n(N),
    tell("spawn.rate", N * 1.0e9 / (now_ns() - Start)),
    {memory, Bytes} = process_info(hd(Pids), memory),
    tell("memory.idle", Bytes / 1024),
    [gen_server:stop(Pid) || Pid <- Pids],
    Again = now_ns(),
    [gen_server:stop(hd(start_n(1))) || _ <- lists:seq(1, N)],
    tell("spawn.stop.rate", N * 1.0e9 / (now_ns() - Again)).

down() ->
    {ok, Pid} = gen_server:start(?MODULE, [], []),
    Ref = monitor(process, Pid),
    Start = now_ns(),
    exit(Pid, kill),
    receive {'DOWN', Ref, process, Pid, killed} -> now_ns() - Start end.

restart() ->
    Old = whereis(victim),
    Start = now_ns(),
    exit(Old, kill),
    answered(Old),
    now_ns() - Start.

answered(Old) ->
    case whereis(victim) of
        Pid when is_pid(Pid), Pid =/= Old ->
            ok = gen_server:call(Pid, ok);
        _ ->
            erlang:yield(),
            answered(Old)
    end.

restarts(N) ->
    tell("monitor.down.p50", median([down() || _ <- lists:seq(1, N)]) / 1.0e3),
    logger:set_primary_config(level, none),
    Child = #{id => victim, start => {?MODULE, start_link, []}},
    Flags = #{strategy => one_for_one, intensity => 1000000, period => 1},
    {ok, Sup} = supervisor:start_link(?MODULE, {supervisor, Flags, Child}),
    Sorted = lists:sort([restart() || _ <- lists:seq(1, N)]),
    tell("restart.p50", percentile(Sorted, 0.5) / 1.0e6),
    tell("restart.p99", percentile(Sorted, 0.99) / 1.0e6),
    unlink(Sup),
    exit(Sup, shutdown).

%% ---- curves ----

curves(Pid, Body, Calls, Casts) ->
    [point("size", Size, sized(Pid, Size, Calls))
     || Size <- [16, 64, 256, 1024, 4096, 16384, 65536]],
    [point("senders", N, senders(N, Pid, Body, Casts div N))
     || N <- [1, 2, 4, 8]],
    [point("depth", N, depth(Pid, Body, N, Calls))
     || N <- [1, 2, 4, 8, 16, 32, 64, 128, 256]].

ask(Pid, Body) -> {now_ns(), gen_server:send_request(Pid, Body)}.

depth(Pid, Body, Depth, N) ->
    Out = queue:from_list([ask(Pid, Body) || _ <- lists:seq(1, Depth)]),
    median(depth_n(Pid, Body, N, Out, [])).

depth_n(_, _, 0, Out, Samples) ->
    [{reply, _} = gen_server:receive_response(Id, infinity)
     || {_, Id} <- queue:to_list(Out)],
    Samples;
depth_n(Pid, Body, N, Out, Samples) ->
    {{value, {At, Id}}, Rest} = queue:out(Out),
    {reply, Body} = gen_server:receive_response(Id, infinity),
    Took = now_ns() - At,
    depth_n(Pid, Body, N - 1, queue:in(ask(Pid, Body), Rest),
            [Took | Samples]).
