// urql with graphcache, which knows the schema: pages both ways, optimistic changes, automatic persisted queries, a subscription.
import { readFileSync } from 'node:fs';
import { Client, fetchExchange, gql, subscriptionExchange } from '@urql/core';
import { cacheExchange } from '@urql/exchange-graphcache';
import type { CacheExchangeOpts } from '@urql/exchange-graphcache';
import { relayPagination } from '@urql/exchange-graphcache/extras';
import { persistedExchange } from '@urql/exchange-persisted';
import { buildSchema, introspectionFromSchema } from 'graphql';
import { createClient } from 'graphql-sse';
import { BoardOrdersDocument, MoveOrderDocument, OrderPageDocument, OrderUpdatedDocument } from './__generated__/graphql';
import type { BoardOrdersQueryVariables, MoveOrderMutationVariables, OrderStatus } from './__generated__/graphql';
import { CREATED, ORDER, authorization, finish, recordingFetch, sent, until, url } from './server';

const { __schema } = introspectionFromSchema(buildSchema(readFileSync('../../schema/schema.graphql', 'utf8')));
const events = createClient({ url, headers: { authorization } });
// Whatever graphcache misses in the schema or in an answer, it says so here.
const missed: string[] = [];

function newClient(): Client {
  const cache = cacheExchange({
    schema: { __schema } as NonNullable<CacheExchangeOpts['schema']>,
    keys: { Actor: () => null, ViewerKey: () => null, OrderTransition: () => null, Blocked: () => null, Viewer: () => null },
    resolvers: { Query: { orders: relayPagination({ mergeMode: 'outwards' }) } },
    optimistic: {
      transitionOrder: (args) => {
        const { id, to, expectedVersion } = (args as MoveOrderMutationVariables).input;
        return { __typename: 'TransitionOrderPayload', order: { __typename: 'Order', id, status: to, version: expectedVersion ?? 0 } };
      },
    },
    logger: (severity, message) => severity === 'debug' || missed.push(message),
  });
  const live = subscriptionExchange({
    forwardSubscription: ({ query = '', variables = {} }) => ({
      subscribe: (sink) => ({
        unsubscribe: events.subscribe<Record<string, unknown>>({ query, variables: { ...variables } }, {
          next: ({ data, errors }) => sink.next({ data: data ?? null, ...(errors && { errors: [...errors] }) }),
          error: (error) => sink.error(error),
          complete: () => sink.complete(),
        }),
      }),
    }),
  });
  return new Client({
    url,
    fetchOptions: { headers: { authorization } },
    fetch: recordingFetch,
    preferGetMethod: false,
    exchanges: [cache, persistedExchange({ preferGetForPersistedQueries: true }), live, fetchExchange],
  });
}

const client = newClient();

async function pages(): Promise<unknown> {
  const page = async (variables: BoardOrdersQueryVariables, asked = client) => {
    const { data, error } = await asked.query(BoardOrdersDocument, variables);
    if (!data?.orders) throw error ?? new Error('there is no page');
    return data.orders;
  };
  const head = await page({ first: 2 }, newClient());
  const middle = await page({ first: 2, after: head.pageInfo.endCursor });
  await page({ first: 2, after: middle.pageInfo.endCursor });
  const found = await page({ last: 2, before: middle.edges[0]?.cursor ?? null });
  return { numbers: found.edges.map(({ node }) => node.number), total: found.totalCount };
}

async function moves(): Promise<unknown> {
  const shown: string[] = [];
  const watched = client.query(OrderPageDocument, { id: ORDER }).subscribe(({ data, stale }) => {
    const seen = `${data?.order?.status} ${data?.order?.version}${stale ? ' stale' : ''}`;
    if (shown.at(-1) !== seen) shown.push(seen);
  });
  await until(() => shown.length === 1);
  const move = (to: OrderStatus, expectedVersion: number) =>
    client.mutation(MoveOrderDocument, { input: { id: ORDER, to, expectedVersion } }).toPromise();
  await move('SUBMITTED', 1);
  const { error } = await move('COMPLETED', 2);
  await until(() => shown.length === 5);
  watched.unsubscribe();
  return { shown, refused: error?.graphQLErrors[0]?.extensions['code'] };
}

async function hears(): Promise<unknown> {
  const heard: unknown[] = [];
  const subscription = client.subscription(OrderUpdatedDocument, { id: ORDER, after: CREATED })
    .subscribe(({ data, error }) => heard.push(error?.message ?? data?.orderUpdated?.status));
  await until(() => heard.length === 1);
  await newClient().mutation(MoveOrderDocument, { input: { id: ORDER, to: 'IN_PROGRESS' } });
  await until(() => heard.length === 2);
  subscription.unsubscribe();
  return { heard, shown: client.readQuery(OrderPageDocument, { id: ORDER })?.data?.order?.status };
}

// A document that no server has met: the first client sends its text, another one the hash alone.
async function persisted(): Promise<unknown> {
  const fresh = gql<{ viewer: { clientId: string | null } }>(`query Fresh${Date.now()} { viewer { clientId } }`);
  sent.length = 0;
  await newClient().query(fresh, {});
  await newClient().query(fresh, {});
  return sent;
}

const answer = { pages: await pages(), moves: await moves(), hears: await hears(), persisted: await persisted(), missed };
events.dispose();
finish(answer);
