/** Erlang: what of a node is whose, where parallel workers share it: vhosts, and all that is in them. */
export const SHARES = String.raw`
%% The names of the other workers' vhosts end with a suffix of theirs.
is_own(VHost) ->
    case get(suffix) of
        <<>> -> re:run(VHost, "__worker_[0-9]+$") =:= nomatch;
        Suffix -> string:find(VHost, Suffix, trailing) =:= Suffix
    end.

%% Those definitions that are this worker's; what is in no vhost, where it shares the node with nobody.
own(Definitions) ->
    maps:map(fun(Kind, Items) when is_list(Items) -> [Item || Item <- Items, is_own(Kind, Item)]; (_, Value) -> Value end, Definitions).

is_own(<<"vhosts">>, #{<<"name">> := Name}) -> is_own(Name);
is_own(_, #{<<"vhost">> := VHost}) -> is_own(VHost);
is_own(_, _) -> not get(is_shared).

share(Suffixes) ->
    {Definitions, Contents} = state(),
    [throw([title(Name), " is a stream, whose messages cannot be copied"]) || {Name, Offset} <- Contents, is_integer(Offset), Offset >= 0],
    [copy(Definitions, Contents, fun(VHost) -> <<VHost/binary, Suffix/binary>> end) || Suffix <- Suffixes].

copy(Definitions, Contents, Rename) ->
    VHosts = [Rename(Name) || #{<<"name">> := Name} <- maps:get(<<"vhosts">>, Definitions)],
    %% A node that was kept has those of the run before.
    [rabbit_vhost:delete(VHost, <<"stackspec">>) || VHost <- VHosts, rabbit_vhost:exists(VHost)],
    Copies = maps:map(fun(Kind, Items) when is_list(Items) -> lists:append([renamed(Kind, Item, Rename) || Item <- Items]); (_, Value) -> Value end, Definitions),
    case rabbit_definitions:import_parsed(Copies) of
        {error, Reason} -> throw(io_lib:format("~tp", [Reason]));
        _ -> ok
    end,
    [fill(Q, Content) || {{resource, VHost, queue, Name}, Content} <- Contents, is_list(Content), Content =/= [],
                         {ok, Q} <- [rabbit_amqqueue:lookup(rabbit_misc:r(Rename(VHost), queue, Name))]].

renamed(<<"vhosts">>, #{<<"name">> := Name} = Item, Rename) -> [Item#{<<"name">> := Rename(Name)}];
renamed(_, #{<<"vhost">> := VHost} = Item, Rename) -> [Item#{<<"vhost">> := Rename(VHost)}];
renamed(_, _, _) -> [].
`;
