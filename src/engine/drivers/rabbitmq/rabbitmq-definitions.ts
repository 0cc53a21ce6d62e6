/**
 * Erlang: all that is declared on a node, from queues to users, and the way back to what was. Queues that are not known but
 * that somebody consumes are left alone, as exclusive ones are, with their bindings and the exchanges that these lead from.
 */
export const DEFINITIONS = String.raw`
%% Each kind, and what tells one of it from another; in the order in which what was added is removed.
kinds() ->
    [{<<"bindings">>, all}, {<<"queues">>, [<<"vhost">>, <<"name">>]}, {<<"exchanges">>, [<<"vhost">>, <<"name">>]},
     {<<"policies">>, [<<"vhost">>, <<"name">>]}, {<<"parameters">>, [<<"vhost">>, <<"component">>, <<"name">>]},
     {<<"topic_permissions">>, [<<"user">>, <<"vhost">>, <<"exchange">>]}, {<<"permissions">>, [<<"user">>, <<"vhost">>]},
     {<<"vhosts">>, [<<"name">>]}, {<<"users">>, [<<"name">>]}, {<<"global_parameters">>, [<<"name">>]}].

key(all, Item) -> Item;
key(Fields, Item) -> [maps:get(Field, Item, none) || Field <- Fields].

plain(Term) -> rabbit_json:decode(rabbit_json:encode(Term)).

definitions() -> own(plain(rabbit_definitions:all_definitions())).

is_known(#{<<"vhost">> := VHost, <<"name">> := Name}, Queues) -> lists:member({resource, VHost, queue, Name}, Queues).

leads_to(#{<<"destination_type">> := Type, <<"vhost">> := VHost, <<"destination">> := Name}, Queues) ->
    Type =/= <<"queue">> orelse lists:member({resource, VHost, queue, Name}, Queues).

repair(Noted, Rounds) ->
    {Stale, Missing} = difference(Noted),
    case Stale ++ Missing of
        [] -> ok;
        [{Kind, Item} | _] when Rounds =:= 0 -> throw(["still not as it was: ", Kind, " ", rabbit_json:encode(Item)]);
        _ ->
            Bindings = [Item || {<<"bindings">>, Item} <- Stale],
            [catch rabbit_binding:remove(B, <<"stackspec">>) || Bindings =/= [], B <- rabbit_binding:list_explicit(),
                                                               lists:member(plain(binding(B)), Bindings)],
            [catch remove(Kind, Item, is_noted(Kind, Item, Noted)) || {Kind, Item} <- Stale],
            %% What was removed may have taken something else with it.
            {_, Gone} = difference(Noted),
            Back = maps:groups_from_list(fun({Kind, _}) -> Kind end, fun({_, Item}) -> Item end, Gone),
            case map_size(Back) =:= 0 orelse rabbit_definitions:import_parsed(maps:merge(maps:with([<<"rabbitmq_version">>, <<"rabbit_version">>], Noted), Back)) of
                {error, Reason} -> throw(io_lib:format("~tp", [Reason]));
                _ -> repair(Noted, Rounds - 1)
            end
    end.

%% What is there and was not, and what was there and is not. Bindings of what is left alone stay, and come back.
difference(Noted) ->
    Now = definitions(),
    Known = names([Q || Q <- queues(), is_noted(<<"queues">>, queue(Q), Noted) orelse not is_consumed(Q)]),
    There = names(rabbit_amqqueue:list()) ++ [rabbit_misc:r(V, queue, N) || #{<<"vhost">> := V, <<"name">> := N} <- maps:get(<<"queues">>, Noted)],
    Bindings = maps:get(<<"bindings">>, Now),
    Used = [[V, Source] || #{<<"vhost">> := V, <<"source">> := Source} = B <- Bindings, not leads_to(B, Known)],
    {[{Kind, Item} || {Kind, _} <- kinds(), Item <- maps:get(Kind, Now) -- maps:get(Kind, Noted),
                      case Kind of
                          <<"bindings">> -> leads_to(Item, Known);
                          <<"queues">> -> is_known(Item, Known);
                          <<"exchanges">> -> is_noted(Kind, Item, Noted) orelse
                              not lists:member([maps:get(<<"vhost">>, Item), maps:get(<<"name">>, Item)], Used);
                          _ -> true
                      end],
     [{Kind, Item} || {Kind, _} <- kinds(), Item <- maps:get(Kind, Noted) -- maps:get(Kind, Now),
                      Kind =/= <<"bindings">> orelse leads_to(Item, There)]}.

is_noted(Kind, Item, Noted) ->
    Fields = proplists:get_value(Kind, kinds()),
    lists:any(fun(Other) -> key(Fields, Other) =:= key(Fields, Item) end, maps:get(Kind, Noted)).

queue(Q) ->
    {resource, VHost, queue, Name} = amqqueue:get_name(Q),
    #{<<"vhost">> => VHost, <<"name">> => Name}.

binding({binding, {resource, VHost, exchange, Source}, Key, {resource, _, Kind, Destination}, Arguments}) ->
    #{source => Source, vhost => VHost, destination => Destination, destination_type => Kind, routing_key => Key,
      arguments => rabbit_misc:amqp_table(Arguments)}.

%% Users and vhosts that were there are changed back, for they have others' things.
remove(Kind, Item, IsNoted) ->
    [VHost, Name, User] = [maps:get(Field, Item, none) || Field <- [<<"vhost">>, <<"name">>, <<"user">>]],
    Us = <<"stackspec">>,
    case Kind of
        <<"bindings">> -> ok;
        <<"queues">> ->
            {ok, Q} = rabbit_amqqueue:lookup(rabbit_misc:r(VHost, queue, Name)),
            rabbit_amqqueue:delete(Q, false, false, Us);
        <<"exchanges">> -> rabbit_exchange:delete(rabbit_misc:r(VHost, exchange, Name), false, Us);
        <<"policies">> -> rabbit_policy:delete(VHost, Name, Us);
        <<"parameters">> -> rabbit_runtime_parameters:clear_any(VHost, maps:get(<<"component">>, Item), Name, Us);
        <<"topic_permissions">> ->
            rabbit_auth_backend_internal:clear_topic_permissions(User, VHost, maps:get(<<"exchange">>, Item), Us);
        <<"permissions">> -> rabbit_auth_backend_internal:clear_permissions(User, VHost, Us);
        <<"vhosts">> when IsNoted -> ok;
        <<"vhosts">> -> rabbit_vhost:delete(Name, Us);
        <<"users">> when IsNoted -> rabbit_auth_backend_internal:clear_user_limits(Name, <<"all">>, Us);
        <<"users">> -> rabbit_auth_backend_internal:delete_user(Name, Us);
        <<"global_parameters">> when IsNoted -> ok;
        <<"global_parameters">> -> rabbit_runtime_parameters:clear_global(binary_to_atom(Name), Us)
    end.
`;
