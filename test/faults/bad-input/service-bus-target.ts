import type { Headers } from '@busbar/core';
import { azureServiceBusTransport } from '@busbar/azure-service-bus';
import { startServiceBusEmulator } from '@busbar/service-bus-emulator';
import type { BadInputTarget } from './bad-input-target.ts';
import { smallLimitBytes } from './bodies.ts';
import { connectForeign, dispatch } from './transports.ts';
import { wireCases } from './wire-cases.ts';

/** AMQP has texts in UTF-8 alone, and the client assigns to `__proto__`. */
function asAmqp(headers: Headers): Headers {
  return Object.fromEntries(
    Object.entries(headers)
      .filter(([name]) => name !== '__proto__')
      .map(([name, value]) => [name.toWellFormed(), value.toWellFormed()]),
  );
}

/** The smallest that the transport takes; for headers it keeps 64 KiB of it. */
const maxMessageBytes = Math.max(131_072, smallLimitBytes + 65_536);

/** Messages of endpoints whose limits are higher. */
export function serviceBus(): BadInputTarget {
  return {
    name: 'azure service bus, emulated',
    keepsOrder: true,
    cases: wireCases().map((one) => ({ ...one, readable: asAmqp })),
    open: async () => {
      const emulator = await startServiceBusEmulator();
      const { connectionString } = emulator;
      const foreign = await connectForeign(azureServiceBusTransport({ connectionString }));
      return {
        transport: azureServiceBusTransport({ connectionString, maxMessageBytes }),
        put: (queue, cases) => dispatch(foreign, queue, cases),
        close: async () => {
          await foreign.close();
          await emulator.stop();
        },
      };
    },
  };
}
