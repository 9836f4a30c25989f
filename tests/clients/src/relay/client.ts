// Relay: compiled artifacts, a connection that grows both ways, edges that mutations declare, a refetch, a subscription.
import {
  Environment, Network, Observable, RecordSource, Store, commitMutation, createOperationDescriptor, fetchQuery, getRequest,
  getSingularSelector, requestSubscription,
} from 'relay-runtime';
import type { GraphQLResponse, MutationConfig, MutationParameters } from 'relay-runtime';
import { createClient } from 'graphql-ws';
import WebSocket from 'ws';
import { CREATED, ORDER, authorization, finish, recordingFetch, socketUrl, until, url } from '../server';
import ClientBoardPageQuery from './__generated__/ClientBoardPageQuery.graphql';
import type { ClientBoardPageQuery as PageQuery } from './__generated__/ClientBoardPageQuery.graphql';
import ClientBoardQuery from './__generated__/ClientBoardQuery.graphql';
import type { ClientBoardQuery as BoardQuery } from './__generated__/ClientBoardQuery.graphql';
import ClientBoard from './__generated__/ClientBoard_client.graphql';
import type { ClientBoard_client$data as Board, ClientBoard_client$key as BoardKey } from './__generated__/ClientBoard_client.graphql';
import DeleteOrderMutation from './__generated__/DeleteOrderMutation.graphql';
import type { DeleteOrderMutation as DeleteOrder } from './__generated__/DeleteOrderMutation.graphql';
import MoveOrderMutation from './__generated__/MoveOrderMutation.graphql';
import type { MoveOrderMutation as MoveOrder } from './__generated__/MoveOrderMutation.graphql';
import OrderUpdatedSubscription from './__generated__/OrderUpdatedSubscription.graphql';
import type { OrderUpdatedSubscription as OrderUpdated } from './__generated__/OrderUpdatedSubscription.graphql';
import PlaceOrderMutation from './__generated__/PlaceOrderMutation.graphql';
import type { PlaceOrderMutation as PlaceOrder } from './__generated__/PlaceOrderMutation.graphql';

const [client, service] = [process.env['COUNTERFOIL_CLIENT'] ?? '', process.env['COUNTERFOIL_SERVICE'] ?? ''];
const socket = createClient({ url: socketUrl, webSocketImpl: WebSocket, connectionParams: { authorization } });

// Whose ID is that of another object.
const OTHERS = ['Actor', 'ViewerKey'];

function newEnvironment(): Environment {
  return new Environment({
    getDataID: ({ id }, type) => (OTHERS.includes(type) ? null : id),
    store: new Store(new RecordSource()),
    network: Network.create(
      async ({ text }, variables) => {
        const headers = { authorization, 'content-type': 'application/json' };
        const response = await recordingFetch(url, { method: 'POST', headers, body: JSON.stringify({ query: text, variables }) });
        return (await response.json()) as GraphQLResponse;
      },
      ({ text }, variables) => Observable.create((sink) => socket.subscribe<never>({ query: text ?? '', variables }, {
        next: (result) => sink.next(result as unknown as GraphQLResponse),
        error: (error) => sink.error(error instanceof Error ? error : new Error(JSON.stringify(error))),
        complete: () => sink.complete(),
      })),
    ),
  });
}

// Begins in the middle of the list, and shows what a component with this fragment would show.
async function opened(environment: Environment, after: string | null) {
  const variables = { id: client, first: 2, after };
  environment.retain(createOperationDescriptor(getRequest(ClientBoardQuery), variables));
  const data = await fetchQuery<BoardQuery>(environment, ClientBoardQuery, variables).toPromise();
  const selector = getSingularSelector(ClientBoard, data?.client as BoardKey);
  if (!selector) throw new Error('there is no client');
  return () => environment.lookup(selector).data as unknown as Board;
}

const numbersOf = ({ orders }: Board) => orders.edges.map(({ node }) => node.number);
const statusIn = ({ orders }: Board) => orders.edges.find(({ node }) => node.id === ORDER)?.node.status;

function committed<M extends MutationParameters>(
  environment: Environment, mutation: typeof PlaceOrderMutation, variables: M['variables'],
  optimistic: Pick<MutationConfig<M>, 'optimisticResponse'> = {},
): Promise<M['response']> {
  return new Promise((resolve, reject) => {
    commitMutation<M>(environment, {
      mutation, variables, ...optimistic,
      onCompleted: (response, errors) => (errors?.length ? reject(new Error(errors[0]?.message)) : resolve(response)),
      onError: reject,
    });
  });
}

const first = await opened(newEnvironment(), null);
const environment = newEnvironment();
const board = await opened(environment, first().orders.pageInfo.endCursor ?? null);
const page = (variables: Omit<PageQuery['variables'], 'id'>) =>
  fetchQuery<PageQuery>(environment, ClientBoardPageQuery, { id: client, ...variables }).toPromise();

const middle = numbersOf(board());
await page({ first: 2, after: board().orders.pageInfo.endCursor });
await page({ last: 2, before: board().orders.pageInfo.startCursor });
const pages = { middle, all: numbersOf(board()) };

const connections = [board().orders.__id];
const { createOrder } = await committed<PlaceOrder>(environment, PlaceOrderMutation, {
  input: { clientId: client, serviceId: service }, connections,
});
const placed = numbersOf(board());
await committed<DeleteOrder>(environment, DeleteOrderMutation, { input: { id: createOrder?.order.id ?? '' }, connections });
const edges = { placed, deleted: numbersOf(board()) };

const move = (to: 'SUBMITTED' | 'COMPLETED', version: number) => committed<MoveOrder>(
  environment, MoveOrderMutation, { input: { id: ORDER, to, expectedVersion: version } },
  { optimisticResponse: { transitionOrder: { order: { id: ORDER, status: to, version } } } },
);
const moving = move('SUBMITTED', 1);
const optimistic = statusIn(board());
await moving;
const answered = statusIn(board());
const refusing = move('COMPLETED', 2).catch((error: Error) => error);
const tried = statusIn(board());
await refusing;
const moves = { optimistic, answered, tried, refused: statusIn(board()) };

const heard: unknown[] = [];
const subscription = requestSubscription<OrderUpdated>(environment, {
  subscription: OrderUpdatedSubscription, variables: { id: ORDER, after: CREATED },
  onNext: (response) => heard.push(response?.orderUpdated?.status), onError: (error) => heard.push(error.message),
});
await until(() => heard.length === 1);
await committed<MoveOrder>(newEnvironment(), MoveOrderMutation, { input: { id: ORDER, to: 'IN_PROGRESS' } });
await until(() => heard.length === 2);
const shown = statusIn(board());
subscription.dispose();
await socket.dispose();

// The fragment again, through `node(id:)`: the list is as long as it was asked for.
await page({ first: 3 });
finish({ pages, edges, moves, hears: { heard, shown }, refetched: numbersOf(board()) });
