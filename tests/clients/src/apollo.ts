// Apollo Client: a normalized cache, pages both ways, optimistic changes, automatic persisted queries, a subscription.
import { createHash } from 'node:crypto';
import { ApolloClient, ApolloLink, CombinedGraphQLErrors, HttpLink, InMemoryCache } from '@apollo/client';
import { PersistedQueryLink } from '@apollo/client/link/persisted-queries';
import { GraphQLWsLink } from '@apollo/client/link/subscriptions';
import { relayStylePagination } from '@apollo/client/utilities';
import { OperationTypeNode, parse } from 'graphql';
import { createClient } from 'graphql-ws';
import { tap } from 'rxjs';
import WebSocket from 'ws';
import { BoardOrdersDocument, MoveOrderDocument, OrderPageDocument, OrderUpdatedDocument } from './__generated__/graphql';
import type { OrderStatus } from './__generated__/graphql';
import { CREATED, ORDER, authorization, finish, recordingFetch, sent, socketUrl, until, url } from './server';

let connection: WebSocket | undefined;
let meanwhile = async (): Promise<unknown> => undefined;
const socket = createClient({
  url: socketUrl, webSocketImpl: WebSocket, connectionParams: { authorization },
  shouldRetry: () => true, retryWait: async () => void (await meanwhile()),
  on: { opened: (opened) => { connection = opened as WebSocket; } },
});
// The client of the socket subscribes again with the same variables: they go on after the last event that came.
const resuming = new ApolloLink((operation, forward) => forward(operation).pipe(tap(({ extensions }) => {
  const id = (extensions?.['event'] as { id: string } | undefined)?.id;
  if (id) operation.variables['after'] = id;
})));
const events: unknown[] = [];
const noting = new ApolloLink((operation, forward) => forward(operation).pipe(tap(({ extensions }) => {
  events.push((extensions?.['event'] as { id: string } | undefined)?.id);
})));
const persisted = new PersistedQueryLink({
  sha256: (text) => createHash('sha256').update(text).digest('hex'),
  useGETForHashedQueries: true,
});
const overHttp = persisted.concat(new HttpLink({ uri: url, headers: { authorization }, fetch: recordingFetch }));

function newClient(): ApolloClient {
  return new ApolloClient({
    cache: new InMemoryCache({
      typePolicies: {
        Query: { fields: { orders: relayStylePagination(['filter']) } },
        // Whose ID is that of another object.
        Actor: { keyFields: false },
        ViewerKey: { keyFields: false, merge: true },
      },
    }),
    link: ApolloLink.split(
      ({ operationType }) => operationType === OperationTypeNode.SUBSCRIPTION,
      ApolloLink.from([noting, resuming, new GraphQLWsLink(socket)]), overHttp,
    ),
  });
}

const client = newClient();

// Both ways, from the middle of the list: what was fetched is one list in the order of the server.
async function pages(): Promise<unknown> {
  const head = await newClient().query({ query: BoardOrdersDocument, variables: { first: 2 } });
  const after = head.data?.orders?.pageInfo.endCursor ?? null;
  const board = client.watchQuery({ query: BoardOrdersDocument, variables: { first: 2, after } });
  const found = () => {
    const result = board.getCurrentResult();
    return result.dataState === 'complete' ? result.data.orders : null;
  };
  const watched = board.subscribe({});
  await until(() => found() !== null);
  const { endCursor = null, startCursor = null } = found()?.pageInfo ?? {};
  await board.fetchMore({ variables: { first: 2, after: endCursor } });
  await board.fetchMore({ variables: { first: null, after: null, last: 2, before: startCursor } });
  watched.unsubscribe();
  return { numbers: found()?.edges.map(({ node }) => node.number), total: found()?.totalCount };
}

// What a page that watches the order shows, one after another.
async function moves(): Promise<unknown> {
  const shown: string[] = [];
  const watched = client.watchQuery({ query: OrderPageDocument, variables: { id: ORDER } }).subscribe((result) => {
    if (result.dataState === 'complete') shown.push(`${result.data.order?.status} ${result.data.order?.version}`);
  });
  await until(() => shown.length === 1);
  const move = (to: OrderStatus, version: number) => client.mutate({
    mutation: MoveOrderDocument,
    variables: { input: { id: ORDER, to, expectedVersion: version } },
    optimisticResponse: {
      transitionOrder: { __typename: 'TransitionOrderPayload', order: { __typename: 'Order', id: ORDER, status: to, version } },
    },
  });
  await move('SUBMITTED', 1);
  const refused = await move('COMPLETED', 2).catch((error: unknown) => {
    if (!CombinedGraphQLErrors.is(error)) throw error;
    return error.errors[0]?.extensions?.['code'];
  });
  await until(() => shown.length === 5);
  watched.unsubscribe();
  return { shown, refused };
}

// The object of a subscription is the cache's: a page that shows the order needs no line for it.
async function hears(): Promise<unknown> {
  const heard: unknown[] = [];
  const subscription = client.subscribe({ query: OrderUpdatedDocument, variables: { id: ORDER, after: CREATED } })
    .subscribe(({ data, error }) => heard.push(error?.message ?? data?.orderUpdated?.status));
  await until(() => heard.length === 1);
  // It is moved while the connection is lost.
  const move = { mutation: MoveOrderDocument, variables: { input: { id: ORDER, to: 'IN_PROGRESS' as OrderStatus } } };
  meanwhile = () => newClient().mutate(move);
  connection?.terminate();
  await until(() => heard.length === 2);
  subscription.unsubscribe();
  const page = client.readQuery({ query: OrderPageDocument, variables: { id: ORDER } });
  return { heard, once: new Set(events).size === events.length, shown: page?.order?.status };
}

// A document that no server has met: the first client sends its text, another one the hash alone.
async function remembers(): Promise<unknown> {
  const query = parse(`query Fresh${Date.now()} { viewer { clientId } }`);
  sent.length = 0;
  await newClient().query({ query });
  await newClient().query({ query });
  return sent;
}

const answer = { pages: await pages(), moves: await moves(), hears: await hears(), persisted: await remembers() };
await socket.dispose();
finish(answer);
