import { invalidArgument } from '../broker/broker-fault.ts';

/** The longest time span of .NET, by which the service says "never". */
const never = 'P10675199DT2H48M5.4775807S';
const day = 86_400_000;
const longest = 10_675_199 * day;

const pattern =
  /^P(?:(\d+)Y)?(?:(\d+)M)?(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+(?:\.\d+)?)S)?)?$/;

/** Milliseconds of an ISO 8601 duration; `Infinity` for the one that means never. */
export function parseDuration(text: string): number {
  const match = pattern.exec(text.trim());
  if (match === null || text.length < 3) {
    throw invalidArgument(`'${text}' is no ISO 8601 duration, such as PT30S.`);
  }
  const [years, months, days, hours, minutes, seconds] = match
    .slice(1)
    .map((part) => Number(part ?? 0));
  const milliseconds =
    ((years ?? 0) * 365 + (months ?? 0) * 30 + (days ?? 0)) * day +
    (hours ?? 0) * 3_600_000 +
    (minutes ?? 0) * 60_000 +
    Math.round((seconds ?? 0) * 1_000);
  return milliseconds >= longest ? Infinity : milliseconds;
}

export function formatDuration(milliseconds: number): string {
  if (milliseconds === Infinity) return never;
  const days = Math.floor(milliseconds / day);
  const hours = Math.floor((milliseconds % day) / 3_600_000);
  const minutes = Math.floor((milliseconds % 3_600_000) / 60_000);
  const seconds = (milliseconds % 60_000) / 1_000;
  const time = [
    hours > 0 ? `${hours}H` : '',
    minutes > 0 ? `${minutes}M` : '',
    seconds > 0 || milliseconds === 0 ? `${seconds}S` : '',
  ].join('');
  return `P${days > 0 ? `${days}D` : ''}${time === '' ? '' : `T${time}`}`;
}
