/** Lists and maps in each other that become text: others may nest thousands, more than the stack has room for. */
const mostNested = 32;

/** A value of any AMQP type as text: bytes as UTF-8, lists joined with `;`, maps as `name=value,…`, times as RFC 3339. */
export function propertyText(value: unknown, depth = 1): string {
  if (value === null || value === undefined) return '';
  if (typeof value === 'string') return value;
  if (typeof value === 'number' || typeof value === 'bigint') return value.toString();
  if (typeof value !== 'object') return JSON.stringify(value) ?? '';
  if (value instanceof Date) return timeText(value);
  if (ArrayBuffer.isView(value))
    return Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString('utf8');
  if (depth > mostNested) return '…';
  if (Array.isArray(value)) return value.map((each) => propertyText(each, depth + 1)).join(';');
  return Object.entries(value)
    .map(([name, each]) => `${name}=${propertyText(each, depth + 1)}`)
    .join(',');
}

function timeText(time: Date): string {
  return Number.isNaN(time.getTime()) ? '' : time.toISOString();
}
