import { transportConformance } from '@busbar/conformance';
import { MemoryBroker, memoryCapabilities, memoryTransport } from '@busbar/core';
import { scaled } from '../../../../../test/support/scale.ts';

const oneProcess = 'messages in memory do not outlive their process';

transportConformance({
  name: 'memory',
  capabilities: memoryCapabilities,
  create: () => {
    const broker = new MemoryBroker();
    return {
      transport: memoryTransport({ broker }),
      removeQueue: async (queue) => broker.removeQueue(queue),
      injectPoison: async (queue) => broker.injectPoison(queue),
      loseHold: async (delivery) => broker.loseHold(delivery),
    };
  },
  sizes: { leak: scaled('conformance-leak') },
  skips: {
    'when-a-consumer-is-killed': oneProcess,
    'when-a-message-kills-its-process': oneProcess,
  },
});
