/** Maps endpoints and types to the names of queues and topics. No code outside a topology may assume such a name. */
export interface Topology {
  /** The shared input queue of an endpoint. */
  inputQueue(endpoint: string): string;
  /** The queue that only one instance of an endpoint receives from. */
  instanceQueue(endpoint: string, instance: string): string;
  /** The queue to which the replies of one instance's requests come. */
  replyQueue(endpoint: string, instance: string): string;
  /** The topic of an event type. */
  topic(messageType: string): string;
}

/** Names as they are: the endpoint's name is the queue, the type's name is the topic. */
export const defaultTopology: Topology = {
  inputQueue: (endpoint) => endpoint,
  instanceQueue: (endpoint, instance) => `${endpoint}-${instance}`,
  replyQueue: (endpoint, instance) => `${endpoint}.replies.${instance}`,
  topic: (messageType) => messageType,
};
