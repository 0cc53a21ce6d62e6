/**
 * Erlang: the messages of a node's queues. Exclusive queues are not looked at: they live with a connection.
 * `content` takes what is in a queue, `fill` puts it back as it came, past every exchange.
 */
export const MESSAGES = String.raw`
queues() -> [Q || Q <- rabbit_amqqueue:list(), amqqueue:get_exclusive_owner(Q) =:= none, is_own(amqqueue:get_vhost(Q))].
names(Queues) -> [amqqueue:get_name(Q) || Q <- Queues].
is_stream(Q) -> amqqueue:get_type(Q) =:= rabbit_stream_queue.
%% A stream does not know its consumers; the metrics do.
is_consumed(Q) ->
    Name = amqqueue:get_name(Q),
    rabbit_amqqueue:consumers(Q) =/= [] orelse
        ets:select_count(consumer_created, [{'$1', [{'=:=', {element, 1, {element, 1, '$1'}}, {const, Name}}], [true]}]) > 0.
title({resource, VHost, Kind, Name}) -> io_lib:format("~ts ~ts of vhost ~ts", [Kind, Name, VHost]).

ready(Q) ->
    {ok, Ready, _} = rabbit_amqqueue:stat(Q),
    Ready.

%% A quorum queue tells its counts every few seconds; asked, it knows them.
in_hand(Q) ->
    case amqqueue:get_type(Q) of
        rabbit_quorum_queue ->
            {ok, {_, N}, _} = ra:local_query(amqqueue:get_pid(Q), fun rabbit_fifo:query_messages_checked_out/1),
            N;
        rabbit_stream_queue -> 0;
        _ -> proplists:get_value(messages_unacknowledged, rabbit_amqqueue:info(Q, [messages_unacknowledged]))
    end.

in_hand() -> [Q || Q <- queues(), in_hand(Q) > 0].

expect_none_in_hand(Deadline) ->
    case in_hand() of
        [] -> ok;
        Held -> wait(Held, Deadline), expect_none_in_hand(Deadline)
    end.

wait(Held, Deadline) ->
    is_over(Deadline) andalso throw(lists:join("; ", [
        [title(amqqueue:get_name(Q)), io_lib:format(": unacknowledged messages: ~b", [in_hand(Q)]), holders(Q)] || Q <- Held])),
    timer:sleep(10).

holders(Q) ->
    {resource, VHost, _, _} = amqqueue:get_name(Q),
    Texts = [begin
                 [{connection, Connection}, {number, Number}] = rabbit_channel:info(Channel, [connection, number]),
                 [{name, Name}, {user, User}] = rabbit_networking:connection_info(Connection, [name, user]),
                 io_lib:format("channel ~b of connection ~ts (~ts)", [Number, Name, User])
             end || Channel <- rabbit_channel:list_local(),
                    [{vhost, V}, {messages_unacknowledged, N}] <- [rabbit_channel:info(Channel, [vhost, messages_unacknowledged])],
                    V =:= VHost, N > 0],
    [[", held by " | lists:join(" or ", Texts)] || Texts =/= []].

%% A purge leaves what is in hand, which comes back when its channel closes.
empty(Deadline) ->
    Full = [Q || Q <- queues(), not is_stream(Q), ready(Q) > 0, not is_untouched(Q)],
    [{ok, _} = rabbit_amqqueue:purge(Q) || Q <- Full],
    case in_hand() of
        [] -> Full =:= [] orelse is_over(Deadline) orelse empty(Deadline);
        Held -> wait(Held, Deadline), empty(Deadline)
    end.

content(Q) ->
    case is_stream(Q) of
        true -> offset(Q);
        false -> take(Q, rabbit_queue_type:init())
    end.

take(Q, State) ->
    case rabbit_amqqueue:basic_get(Q, true, self(), <<"stackspec">>, State) of
        %% Also what was not published as persistent outlives the server, for a snapshot. Consumers get it as it was.
        {ok, _, {_, _, _, _, Message}, Next} -> [mc:set_annotation(d, true, Message) | take(Q, Next)];
        {empty, _} -> []
    end.

fill(_, Content) when not is_list(Content); Content =:= [] -> ok;
fill(Q, Messages) ->
    case is_untouched(Q) of
        true -> ok;
        false ->
            %% A queue that was left as it was may have been used a moment ago.
            {ok, _} = rabbit_amqqueue:purge(Q),
            [{ok, _, _} = rabbit_queue_type:deliver([Q], Message, #{}, stateless) || Message <- Messages],
            is_consumed(Q) orelse arrived(Q, length(Messages), deadline())
    end.

%% Notes what queues are like that have been filled: of those that have all their messages.
filled(Contents) ->
    persistent_term:put({stackspec, get(suffix)}, maps:from_list([{baseline, get(baseline)} |
        [{Name, State} || {Name, [_ | _] = Messages} <- Contents, {ok, Q} <- [rabbit_amqqueue:lookup(Name)],
                          {_, _, [Length | _]} = State <- [state_of(Q)], Length =:= length(Messages)]])).

%% True for a queue that nobody has used since it was filled, with what this baseline has.
is_untouched(Q) ->
    Filled = persistent_term:get({stackspec, get(suffix)}, #{}),
    maps:get(baseline, Filled, none) =:= get(baseline) andalso maps:get(amqqueue:get_name(Q), Filled, none) =:= state_of(Q).

%% What changes with each message that a classic queue is given, gives, and takes back: 4.3 tells it otherwise than 4.0.
state_of(Q) ->
    case amqqueue:get_type(Q) of
        rabbit_classic_queue ->
            [{_, Status}, Unacknowledged] = rabbit_amqqueue:info(Q, [backing_queue_status, messages_unacknowledged]),
            [Length | Numbers] = [proplists:get_value(Item, Status) || Item <- [len, next_seq_id, next_deliver_seq_id, redeliver_seq_id, delivery_count]],
            case Numbers of
                [Next, Given, Taken, _] when is_integer(Next), is_integer(Given) orelse is_integer(Taken) ->
                    {amqqueue:get_pid(Q), Unacknowledged, [Length | Numbers]};
                _ -> make_ref()
            end;
        _ -> make_ref()
    end.

arrived(Q, Count, Deadline) ->
    case {ready(Q), is_over(Deadline)} of
        {Count, _} -> ok;
        {_, false} -> timer:sleep(2), arrived(Q, Count, Deadline);
        {N, true} -> throw([title(amqqueue:get_name(Q)), io_lib:format(" has ~b messages, not the ~b it had", [N, Count])])
    end.

%% The number of a stream's last message.
offset(Q) ->
    [{committed_offset, Offset}] = rabbit_amqqueue:info(Q, [committed_offset]),
    case is_integer(Offset) of true -> Offset; false -> -1 end.

%% A stream cannot be emptied: one that was empty is made anew.
empty_streams(Contents) ->
    [throw([title(Name), " is a stream, which cannot be brought back to the messages that it had"])
     || {Name, Noted} <- Contents, is_integer(Noted), Noted >= 0,
        [Noted] =/= [offset(Q) || {ok, Q} <- [rabbit_amqqueue:lookup(Name)]]],
    [is_consumed(Q) andalso throw([title(Name), " is a stream, which cannot be emptied while somebody consumes it"]) orelse
        rabbit_amqqueue:delete(Q, false, false, <<"stackspec">>)
     || {Name, Noted} <- Contents, is_integer(Noted), Noted < 0, {ok, Q} <- [rabbit_amqqueue:lookup(Name)],
        is_stream(Q), offset(Q) >= 0].
`;
