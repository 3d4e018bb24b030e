import { readFileSync } from 'node:fs';
import fastify, { type FastifyInstance, type FastifyReply } from 'fastify';
import { orderSchema } from '../contracts.ts';
import type { FrontDesk } from './front-desk.ts';
import { liveStates } from './live-states.ts';
import { isOver, stateOf, statesOf } from './order-state.ts';
import type { WebOrders } from './web-orders.ts';

const page = readFileSync(new URL('../../page/index.html', import.meta.url));

/** The front end's HTTP, not listening yet. */
export function createWebServer(desk: FrontDesk, orders: WebOrders): FastifyInstance {
  const server = fastify({ forceCloseConnections: true });

  server.get('/', (_request, reply) => reply.type('text/html; charset=utf-8').send(page));

  server.post('/orders', async (request, reply) => {
    const { data: order, error } = orderSchema.safeParse(request.body);
    if (error !== undefined) return reply.code(400).send({ issues: error.issues });
    const { orderId } = order;
    if ((await desk.accept(order)) === 'id taken') {
      return reply.code(409).send({ error: `There is another order ${orderId}.` });
    }
    return reply.code(202).header('location', `/orders/${orderId}`).send({ orderId });
  });

  server.get<Params>('/orders/:id', async ({ params: { id } }, reply) => {
    if ((await orders.find(id)) === undefined) return unknown(id, reply);
    const facts = await orders.factsOf(id);
    return { orderId: id, state: stateOf(facts), states: statesOf(facts), over: isOver(facts) };
  });

  server.post<Params>('/orders/:id/cancel', async ({ params: { id } }, reply) => {
    if ((await orders.find(id)) === undefined) return unknown(id, reply);
    await desk.cancel(id);
    return reply.code(202).header('location', `/orders/${id}`).send({ orderId: id });
  });

  server.get<Params>('/orders/:id/events', async ({ params: { id } }, reply) => {
    if ((await orders.find(id)) === undefined) return unknown(id, reply);
    await streamStates(id, orders, reply);
    return reply;
  });

  return server;
}

interface Params {
  Params: { readonly id: string };
}

/** Server-sent events, one for each state; the last one is `over`, after which the browser need not come back. */
async function streamStates(id: string, orders: WebOrders, reply: FastifyReply): Promise<void> {
  reply.hijack();
  const { raw } = reply;
  const gone = new AbortController();
  raw.once('close', () => gone.abort());
  raw.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' });
  try {
    for await (const change of liveStates(id, orders, gone.signal)) {
      raw.write(`event: state\ndata: ${JSON.stringify(change)}\n\n`);
    }
    raw.end('event: over\ndata: {}\n\n');
  } catch {
    // The browser connects again by itself.
    raw.destroy();
  }
}

function unknown(id: string, reply: FastifyReply): FastifyReply {
  return reply.code(404).send({ error: `There is no order ${id}.` });
}
