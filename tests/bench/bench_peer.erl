%% SPDX-License-Identifier: Apache-2.0
%% The same metrics on BEAM, printed as the C programs print theirs.
-module(bench_peer).
-behaviour(gen_server).
-export([main/1]).
-export([init/1, handle_call/3, handle_cast/2]).

init(_) -> {ok, nil}.
handle_call(Request, _From, State) -> {reply, Request, State}.
handle_cast(_Message, State) -> {noreply, State}.

main(Counts) ->
    [Calls, Casts, Looks, Starts] = [list_to_integer(C) || C <- Counts],
    %% A heap that holds all samples, so that none has a collection in it.
    Options = [{min_heap_size, Calls * 4 + 100000}, monitor],
    {_, Ref} = spawn_opt(fun() -> all(Calls, Casts, Looks, Starts) end,
                         Options),
    receive
        {'DOWN', Ref, process, _, normal} -> halt(0);
        {'DOWN', Ref, process, _, Why} ->
            io:format(standard_error, "bench: ~p~n", [Why]),
            halt(1)
    end.

all(Calls, Casts, Looks, Starts) ->
    {ok, Pid} = gen_server:start({local, bench}, ?MODULE, [], []),
    Body = binary:copy(<<7>>, 64),
    call(Pid, Body, 2000, now_ns(), []),
    Sorted = lists:sort(call(Pid, Body, Calls, now_ns(), [])),
    tell("call.awake.p50", lists:nth(max(1, Calls div 2), Sorted)),
    tell("call.awake.p99", lists:nth(max(1, Calls * 99 div 100), Sorted)),
    cast(Pid, Body, Casts div 10 + 1),
    tell("cast.64.rate", Casts * 1.0e3 / cast(Pid, Body, Casts)),
    tell("cast.senders4.rate", crowd(4, Casts,
        fun() -> cast(Pid, Body, Casts) end)),
    tell("call.clients8.rate", crowd(8, Calls div 8,
        fun() -> call(Pid, Body, Calls div 8, now_ns(), []) end)),
    tell("call.pipelined16.rate", crowd(8, Calls div 8,
        fun() -> pipeline(Pid, Body, Calls div 8) end)),
    large(Pid, "call.4096.p50", 4096, Calls div 10),
    large(Pid, "call.65536.p50", 65536, Calls div 10),
    whereis_n(Looks div 10 + 1),
    tell("whereis", whereis_n(Looks) / Looks),
    tell("register", register_n(Starts) / Starts),
    start_n(Starts div 10 + 1),
    tell("spawn.rate", Starts * 1.0e9 / start_n(Starts)).

tell(Metric, Value) ->
    io:format("beam ~s ~.3f~n", [Metric, float(Value)]).

now_ns() -> erlang:monotonic_time(nanosecond).

call(_, _, 0, _, Samples) -> Samples;
call(Pid, Body, N, Before, Samples) ->
    Body = gen_server:call(Pid, Body),
    After = now_ns(),
    call(Pid, Body, N - 1, After, [After - Before | Samples]).

cast(Pid, Body, N) ->
    Start = now_ns(),
    cast_n(Pid, Body, N),
    Body = gen_server:call(Pid, Body, infinity),
    now_ns() - Start.

cast_n(_, _, 0) -> ok;
cast_n(Pid, Body, N) ->
    gen_server:cast(Pid, Body),
    cast_n(Pid, Body, N - 1).

%% Operations of so many processes together, in millions a second.
crowd(Processes, Each, Fun) ->
    Start = now_ns(),
    Refs = [element(2, spawn_monitor(Fun)) || _ <- lists:seq(1, Processes)],
    [receive {'DOWN', Ref, process, _, _} -> ok end || Ref <- Refs],
    Processes * Each * 1.0e3 / (now_ns() - Start).

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

%% A body that is copied as ours is: a list of bytes would be slower, a large
%% binary is only counted.
large(Pid, Metric, Size, N) ->
    Body = binary:copy(<<7>>, Size),
    Sorted = lists:sort(call(Pid, Body, N, now_ns(), [])),
    tell(Metric, lists:nth(max(1, N div 2), Sorted)).

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

start_n(N) ->
    Start = now_ns(),
    start_stop(N),
    now_ns() - Start.

start_stop(0) -> ok;
start_stop(N) ->
    {ok, Pid} = gen_server:start(?MODULE, [], []),
    ok = gen_server:stop(Pid),
    start_stop(N - 1).
