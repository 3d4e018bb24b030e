import type { RabbitMajor } from '../../test/support/rabbitmq/rabbitmq-programs.ts';

/** The release of Debian that packages a RabbitMQ of that major version: 3.10 and 4.0. */
export const releases: Readonly<Record<RabbitMajor, string>> = { 3: 'bookworm', 4: 'trixie' };

export function isRelease(major: string): major is RabbitMajor {
  return Object.hasOwn(releases, major);
}
