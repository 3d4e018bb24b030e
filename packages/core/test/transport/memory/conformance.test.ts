import { transportConformance } from '@busbar/conformance';
import { MemoryBroker, memoryCapabilities, memoryTransport } from '@busbar/core';

transportConformance({
  name: 'memory',
  capabilities: memoryCapabilities,
  create: () => {
    const broker = new MemoryBroker();
    return {
      transport: memoryTransport({ broker }),
      removeQueue: async (queue) => broker.removeQueue(queue),
    };
  },
  skips: {},
});
