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
} as const;

const names = new Set<string>(Object.values(ownProperties));

export function isOwnProperty(name: string): boolean {
  return names.has(name);
}
