# SPDX-License-Identifier: Apache-2.0
# Elixir's GenServer, on the same virtual machine as bench_peer.erl.
defmodule BenchPeer do
  use GenServer

  def init(state), do: {:ok, state}
  def handle_call(request, _from, state), do: {:reply, request, state}
  def handle_cast(_message, state), do: {:noreply, state}

  def all(calls, casts, starts) do
    {:ok, pid} = GenServer.start(__MODULE__, nil)
    body = :binary.copy(<<7>>, 64)
    awake(pid, body, calls)
    tell("cast.64.rate", casts * 1.0e3 / cast(pid, body, casts))
    tell("cast.senders4.rate", crowd(4, casts, fn -> cast(pid, body, casts) end))

    tell(
      "call.clients8.rate",
      crowd(8, div(calls, 8), fn -> call(pid, body, div(calls, 8), now(), []) end)
    )

    for size <- [4096, 65536] do
      large = :binary.copy(<<7>>, size)
      samples = call(pid, large, div(calls, 10), now(), [])
      tell("call.#{size}.p50", percentile(Enum.sort(samples), 0.5))
    end

    start = now()
    pids = for _ <- 1..starts, do: elem(GenServer.start(__MODULE__, nil), 1)
    tell("spawn.rate", starts * 1.0e9 / (now() - start))
    Enum.each(pids, &GenServer.stop/1)
  end

  defp tell(metric, value) do
    :io.format("elixir ~s ~.6f~n", [metric, value * 1.0])
  end

  defp now, do: System.monotonic_time(:nanosecond)

  defp percentile(sorted, share) do
    Enum.at(sorted, max(0, trunc(length(sorted) * share) - 1))
  end

  defp awake(pid, body, calls) do
    call(pid, body, 2000, now(), [])
    {cpu, _} = :erlang.statistics(:runtime)
    samples = call(pid, body, calls, now(), [])
    {cpu_after, _} = :erlang.statistics(:runtime)
    sorted = Enum.sort(samples)
    tell("call.awake.p50", percentile(sorted, 0.5))
    tell("call.awake.p99", percentile(sorted, 0.99))
    tell("call.awake.p999", percentile(sorted, 0.999))
    tell("cpu.call", (cpu_after - cpu) * 1.0e3 / calls)
  end

  defp call(_pid, _body, 0, _before, samples), do: samples

  defp call(pid, body, n, before, samples) do
    ^body = GenServer.call(pid, body)
    at = now()
    call(pid, body, n - 1, at, [at - before | samples])
  end

  defp cast(pid, body, n) do
    start = now()
    cast_n(pid, body, n)
    ^body = GenServer.call(pid, body, :infinity)
    now() - start
  end

  defp cast_n(_pid, _body, 0), do: :ok

  defp cast_n(pid, body, n) do
    GenServer.cast(pid, body)
    cast_n(pid, body, n - 1)
  end

  defp crowd(processes, each, fun) do
    start = now()
    refs = for _ <- 1..processes, do: elem(spawn_monitor(fun), 1)

    for ref <- refs do
      receive do
        {:DOWN, ^ref, :process, _, _} -> :ok
      end
    end

    processes * each * 1.0e3 / (now() - start)
  end
end

[calls, casts, starts] = Enum.map(System.argv(), &String.to_integer/1)

# A heap that holds all samples, so that none has a collection in it.
{_, ref} =
  :erlang.spawn_opt(
    fn -> BenchPeer.all(calls, casts, starts) end,
    [:monitor, min_heap_size: calls * 4 + 100_000]
  )

receive do
  {:DOWN, ^ref, :process, _, :normal} -> System.halt(0)
  {:DOWN, ^ref, :process, _, why} -> raise "bench: #{inspect(why)}"
end
