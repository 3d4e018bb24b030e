import type { ServiceBusReceivedMessage } from '@azure/service-bus';
import { azureServiceBusTransport } from '@busbar/azure-service-bus';
import { transportConformance } from '@busbar/conformance';
import { scaled } from '../../../test/support/scale.ts';
import {
  isEmulated,
  namespaceForTests,
} from '../../../test/support/service-bus/namespace-for-tests.ts';
import { PastTheTransport } from './support/past-the-transport.ts';

/** A killed process gives nothing back before its locks end; the real service takes no less than five seconds. */
const lockDurationMs = isEmulated ? 1_000 : 5_000;

transportConformance({
  name: isEmulated ? 'azure service bus, emulated' : 'azure service bus',
  capabilities: azureServiceBusTransport({
    connectionString: 'Endpoint=sb://any;SharedAccessKeyName=any;SharedAccessKey=any',
  }).capabilities,
  create: async () => {
    const namespace = await namespaceForTests();
    const options = { ...namespace.options, lockDurationMs };
    const past = new PastTheTransport(namespace);
    return {
      transport: azureServiceBusTransport(options),
      child: {
        module: new URL('support/child-transport.ts', import.meta.url).href,
        argument: options,
      },
      injectPoison: (queue) => past.sendPoison(queue),
      removeQueue: (queue) => past.removeQueue(queue),
      loseHold: ({ queue, native }) => past.takeLock(queue, native as ServiceBusReceivedMessage),
      close: () => past.close(),
    };
  },
  sizes: { leak: scaled('conformance-leak') },
  limitMs: 30_000,
});
