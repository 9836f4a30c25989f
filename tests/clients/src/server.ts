// What every client of this folder is given, and what it says at the end.
import { env, stdout } from 'node:process';

function given(name: string): string {
  const value = env[name];
  if (value === undefined) throw new Error(`${name} is missing`);
  return value;
}

export const url = given('COUNTERFOIL_URL');
export const socketUrl = url.replace('http', 'ws');
export const authorization = `Bearer ${given('COUNTERFOIL_KEY')}`;
export const ORDER = given('COUNTERFOIL_ORDER');
/** The event of the order's creation. */
export const CREATED = given('COUNTERFOIL_AFTER');

/** What was sent: the method, and whether the text of the document went with it. */
export const sent: string[] = [];

export const recordingFetch: typeof fetch = async (input, init) => {
  const { method = 'GET', body } = init ?? {};
  const asked = typeof body === 'string' ? (JSON.parse(body) as object) : Object.fromEntries(new URL(String(input)).searchParams);
  sent.push(`${method}${'query' in asked ? ' text' : ''}`);
  return fetch(input, init);
};

/** Wait for a condition, which an event of the server or of a cache fulfils. */
export async function until(fulfilled: () => boolean): Promise<void> {
  while (!fulfilled()) await new Promise((resume) => setTimeout(resume, 5));
}

export function finish(answer: unknown): void {
  stdout.write(JSON.stringify(answer));
}
