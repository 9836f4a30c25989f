// Requests with an access token, which is asked for anew before it expires.
import { createClient } from 'graphql-sse';
import query from './documents.graphql?raw';

interface GraphError {
  message: string;
  extensions?: { code?: string };
}

interface Token {
  accessToken: string;
  expiresAt: string;
}

let token: Promise<Token> | undefined;

async function newToken(): Promise<Token> {
  const response = await fetch('/token', { method: 'POST', headers: { 'x-requested-with': 'board' } });
  if (!response.ok) throw new Error(`No access token (status ${response.status})`);
  return (await response.json()) as Token;
}

async function authorization(): Promise<{ authorization: string }> {
  let held = await token?.catch(() => undefined);
  if (!held || Date.parse(held.expiresAt) - Date.now() < 60_000) {
    token = newToken();
    held = await token;
  }
  return { authorization: `Bearer ${held.accessToken}` };
}

export async function ask<T>(operationName: string, variables: Record<string, unknown>): Promise<T> {
  const response = await fetch('/graphql', {
    method: 'POST',
    headers: { ...(await authorization()), 'content-type': 'application/json' },
    body: JSON.stringify({ query, operationName, variables }),
  });
  const { data, errors } = (await response.json()) as { data?: T; errors?: GraphError[] };
  if (errors?.[0]) throw new Error(errors[0].message);
  if (!data) throw new Error(`Status ${response.status}`);
  return data;
}

const events = createClient({ url: '/graphql', headers: authorization, retryAttempts: 0 });

/**
 * Hear for as long as the page is open: after the last event that came, with a token of that time. Where none came
 * before a stream ended, `anew` is called once the next one has begun: what changed in between is only had by reading.
 */
export async function listen<T>(operationName: string, hear: (data: T) => void, anew: () => void): Promise<never> {
  let after: string | undefined;
  for (let again = false; ; again = true) {
    const connected = () => { if (again && after === undefined) anew(); };
    try {
      const sent = { query, operationName, variables: { after } };
      const results = events.iterate<Record<string, unknown>, { event?: { id: string } }>(sent, { connected });
      for await (const { data, errors, extensions } of results) {
        if (errors) {
          // What came meanwhile is only had by reading everything anew.
          if (errors[0]?.extensions?.['code'] === 'EVENT_EXPIRED') location.reload();
          break;
        }
        after = extensions?.event?.id ?? after;
        if (data) hear(data as T);
      }
    } catch (error) {
      console.warn(error);
    }
    await new Promise((resume) => setTimeout(resume, 1_000));
  }
}
