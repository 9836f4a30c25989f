// A board of orders by status. A move asks first what blocks it; what others change comes by itself.
import { ask, listen } from './api';

const STATUSES = [
  'PENDING', 'SUBMITTED', 'IN_PROGRESS', 'ON_HOLD', 'DELIVERED', 'REVISION_REQUESTED', 'COMPLETED', 'CANCELLED',
] as const;

interface Transition {
  to: string;
  requires: string[];
  blockedBy: { code: string; message: string } | null;
}

interface Order {
  id: string;
  number: number;
  status: string;
  version: number;
  client: { id: string; name: string };
  availableTransitions: Transition[];
}

interface Page {
  orders: { nodes: Order[]; pageInfo: { hasNextPage: boolean; endCursor: string | null } };
}

const orders = new Map<string, Order>();
// Where the next page of a column begins, while there is one.
const further = new Map<string, string | null>();
const moving = new Set<string>();
const [said, board] = [document.querySelector('#said')!, document.querySelector('#board')!];

function say(text: string): void {
  said.textContent = text;
}

const words = (status: string) => status.toLowerCase().replaceAll('_', ' ');

function element(name: string, text = '', ...children: Node[]): HTMLElement {
  const made = document.createElement(name);
  made.append(text, ...children);
  return made;
}

function show(): void {
  const newest = [...orders.values()].sort((one, other) => other.number - one.number);
  board.replaceChildren(...STATUSES.map((status) => {
    const column = element('section', '', element('h2', words(status)));
    column.dataset['status'] = status;
    column.append(...newest.filter((order) => order.status === status).map(card));
    if (further.has(status)) column.append(moreOf(status));
    return column;
  }));
}

function card(order: Order): HTMLElement {
  const buttons = order.availableTransitions.map((transition) => {
    const button = element('button', words(transition.to));
    button.addEventListener('click', () => void move(order, transition));
    return button;
  });
  return element('article', '', element('p', `${order.number} ${order.client.name}`), ...buttons);
}

function moreOf(status: string): HTMLElement {
  const button = element('button', 'more');
  button.addEventListener('click', () => void fill(status).catch((error: unknown) => say(String(error))));
  return button;
}

// All of a page are shown at once: the columns are built anew each time.
function take(...found: (Order | null)[]): void {
  for (const order of found) {
    // An event may come after the answer that was newer.
    if (order && order.version >= (orders.get(order.id)?.version ?? 0)) orders.set(order.id, order);
  }
  show();
}

// What blocks a move may have changed since the card was shown: the card is read anew before it is made.
async function move({ id }: Order, { to }: Transition): Promise<void> {
  // A second click is not a second move.
  if (moving.has(id)) return;
  moving.add(id);
  try {
    const { order } = await ask<{ order: Order | null }>('CardNow', { id });
    if (!order) {
      orders.delete(id);
      show();
      return say('The order was deleted.');
    }
    take(order);
    const transition = order.availableTransitions.find((found) => found.to === to);
    if (!transition) return say(`The order is not to be moved to ${words(to)} any more.`);
    if (transition.blockedBy) return say(`${order.number}: ${transition.blockedBy.message} (${transition.blockedBy.code})`);
    const reason = transition.requires.includes('REASON') ? prompt(`Why ${words(to)}?`) : undefined;
    if (reason === null) return;
    const input = { id, to, reason, expectedVersion: order.version };
    take((await ask<{ transitionOrder: { order: Order } }>('Move', { input })).transitionOrder.order);
    say('');
  } catch (error) {
    say(String(error));
  } finally {
    moving.delete(id);
  }
}

async function fill(status: string): Promise<void> {
  const { orders: page } = await ask<Page>('Column', { status, after: further.get(status) });
  if (page.pageInfo.hasNextPage) further.set(status, page.pageInfo.endCursor);
  else further.delete(status);
  take(...page.nodes);
}

async function read(): Promise<void> {
  orders.clear();
  further.clear();
  await Promise.all(STATUSES.map(fill)).catch((error: unknown) => say(String(error)));
}

show();
void listen<{ orderUpdated: Order | null }>('Changes', ({ orderUpdated }) => take(orderUpdated), () => void read());
await read();
