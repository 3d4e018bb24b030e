/** Application properties of the transport's own: they are no headers, and are not copied further. */
export const ownProperties = {
  /** How often the message was handed back before anybody began it; the service counts that as deliveries. */
  handedBack: 'x-busbar-handed-back',
  /** The number of deliveries from which on it is handled alone; `0` where nothing is held against it. */
  alone: 'x-busbar-alone',
  /** The topics before this one in the chain of an event, as the rules of subscriptions compare them; short, since rules are. */
  above: 'bb_up',
  /** When the event was sent, in milliseconds, or is due; rules compare it with when they were narrowed. */
  at: 'bb_at',
  /** On what an endpoint sent without the framework's headers, since an envelope or the lack of room left none. */
  ours: 'x-busbar-ours',
} as const;

/** What the service notes on a message in a dead-letter queue. */
const deadLetterProperties = ['DeadLetterReason', 'DeadLetterErrorDescription'];

const own = new Set<string>(Object.values(ownProperties));
const notes = new Set<string>([...own, ...deadLetterProperties]);

export function isOwnProperty(name: string): boolean {
  return own.has(name);
}

/** Whether it was noted on the message on its way, by this transport or by the service. */
export function isNote(name: string): boolean {
  return notes.has(name);
}
