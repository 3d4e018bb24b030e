/** A count from a header. What is missing or no count at all, as foreign or hostile senders write it, is 0. */
export function parseCount(text: string | undefined): number {
  if (text === undefined || !/^\d{1,9}$/.test(text)) return 0;
  return Number(text);
}
