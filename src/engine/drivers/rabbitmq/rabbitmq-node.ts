import { createHash } from "node:crypto";
import type { ServiceAddress } from "../../../stack/driver.ts";
import { DEFINITIONS } from "./rabbitmq-definitions.ts";
import { MESSAGES } from "./rabbitmq-messages.ts";
import { SHARES } from "./rabbitmq-shares.ts";

/**
 * What a RabbitMQ node runs to note its state and to go back to it: in the node itself, for a call of its management tool
 * takes a second, and AMQP lists nothing. It calls what that tool calls, which is the same from 4.0 to 4.3.
 */
const SOURCE = String.raw`
-export([run/4]).

%% "ok", or what went wrong, in Base64: tools differ in how they print texts.
run(Work, Suffix, Baseline, IsShared) ->
    put(suffix, Suffix),
    put(baseline, Baseline),
    put(is_shared, IsShared),
    base64:encode_to_string(
        try
            case Work of
                note -> note();
                flush -> expect_durable(), flush();
                renew -> renew();
                reset -> reset();
                {share, Suffixes} -> share(Suffixes)
            end,
            <<"ok">>
        catch
            throw:Text -> unicode:characters_to_binary(Text);
            _:Reason:Stack -> unicode:characters_to_binary(io_lib:format("~tp in ~tp", [Reason, hd(Stack)]))
        end).

note() -> ok = file:write_file(file(), term_to_binary(state())).

state() ->
    expect_none_in_hand(deadline()),
    Known = [Q || Q <- queues(), not (amqqueue:is_auto_delete(Q) andalso is_consumed(Q))],
    Definitions = maps:update_with(<<"queues">>, fun(Queues) -> [Q || Q <- Queues, is_known(Q, names(Known))] end, definitions()),
    Contents = [{amqqueue:get_name(Q), content(Q)} || Q <- Known],
    %% As a reset does it: what specs find is the same before the first and after any.
    [fill(Q, Content) || Q <- Known, {Name, Content} <- Contents, Name =:= amqqueue:get_name(Q)],
    filled(Contents),
    {Definitions, Contents}.

%% A copy of its files is what a kill would leave: also what was not published as persistent is to be in it. A classic queue
%% writes what nobody waits for when it goes to sleep, after a second or two.
flush() ->
    expect_none_in_hand(deadline()),
    Filled = [begin fill(Q, Content), Q end || Q <- queues(), not is_stream(Q), Content <- [content(Q)], Content =/= []],
    [asleep(amqqueue:get_pid(Q), deadline()) || Q <- Filled, amqqueue:get_type(Q) =:= rabbit_classic_queue].

asleep(Pid, Deadline) ->
    case {process_info(Pid, current_function), is_over(Deadline)} of
        {{current_function, {erlang, hibernate, _}}, _} -> ok;
        {_, false} -> timer:sleep(10), asleep(Pid, Deadline);
        {_, true} -> throw("a queue does not come to rest: something publishes to it, or consumes from it")
    end.

%% A classic queue that was not stopped counts each message as delivered before.
renew() ->
    [fill(Q, [element(2, mc:take_annotation(delivery_count, Message)) || Message <- content(Q)])
     || Q <- queues(), amqqueue:get_type(Q) =:= rabbit_classic_queue].

expect_durable() ->
    [throw([Name, " of vhost ", VHost, " is not durable: it would not be there when the snapshot is restored"])
     || Items <- maps:values(definitions()), is_list(Items),
        #{<<"durable">> := false, <<"name">> := Name, <<"vhost">> := VHost} <- Items].

reset() ->
    {Definitions, Contents} =
        case file:read_file(file()) of
            {ok, File} -> {Noted, Messages} = binary_to_term(File), {own(Noted), Messages};
            {error, Reason} -> throw(["its baseline, ", file(), ", cannot be read: ", atom_to_list(Reason)])
        end,
    empty_streams(Contents),
    empty(deadline()),
    repair(Definitions, 3),
    [fill(Q, Content) || {Name, Content} <- Contents, is_list(Content), Content =/= [],
                         {ok, Q} <- [rabbit_amqqueue:lookup(Name)]],
    filled(Contents).

file() -> filename:join(rabbit:data_dir(), <<"stackspec_baseline", (get(suffix))/binary, (get(baseline))/binary>>).

%% What a consumer has in hand it may finish.
deadline() -> erlang:monotonic_time(millisecond) + 5000.
is_over(Deadline) -> erlang:monotonic_time(millisecond) > Deadline.
${MESSAGES}${DEFINITIONS}${SHARES}`;

/** Its name says its content: another version of it may be loaded in a node that was kept. */
const MODULE = `stackspec_${createHash("sha256").update(SOURCE).digest("hex").slice(0, 12)}`;
const ENCODED = Buffer.from(`-module(${MODULE}).\n${SOURCE}`).toString("base64");

/** What a node can be asked for; the last for other workers. */
export type Work = "note" | "flush" | "renew" | "reset" | { readonly share: readonly string[] };

/** An Erlang expression that does that in the node, and compiles what it takes there when it is not loaded yet. */
export function expressionOf(
  work: Work,
  { suffix, baseline = "", shared }: Pick<ServiceAddress, "suffix" | "baseline" | "shared">,
): string {
  const term = typeof work === "string" ? work : `{share, [${work.share.map((each) => `<<"${each}">>`).join(", ")}]}`;
  return `case code:is_loaded(${MODULE}) of
    false ->
      Forms = fun Read(Text) -> case erl_scan:tokens([], Text, 1) of
        {done, {ok, Tokens, _}, Rest} -> {ok, Form} = erl_parse:parse_form(Tokens), [Form | Read(Rest)];
        _ -> []
      end end,
      {ok, _, Binary} = compile:forms(Forms(unicode:characters_to_list(base64:decode("${ENCODED}")))),
      code:load_binary(${MODULE}, "stackspec", Binary);
    _ -> ok
  end,
  ${MODULE}:run(${term}, <<"${suffix}">>, <<"${baseline}">>, ${shared}).`;
}
