import { devNull } from 'node:os';
import path from 'node:path';
import type { PrivateNodeOptions, PrivateNodePorts } from './private-node.ts';

/**
 * A queue whose broker was killed may be there again before the exchange that its dead letters, or what was delayed, go to: then
 * RabbitMQ tries again after three minutes.
 */
const quickDeadLetters = '[{rabbit, [{dead_letter_worker_publisher_confirm_timeout, 1000}]}].';

/** The files of its folder, by name. */
export function privateNodeFiles(
  ports: PrivateNodePorts,
  { plugins = [], conf = '', advanced = quickDeadLetters }: PrivateNodeOptions,
): Readonly<Record<string, string>> {
  const lines = [
    `listeners.tcp.default = 127.0.0.1:${ports.amqp}`,
    'log.console = true',
    'log.console.level = info',
    'log.file = false',
    'vm_memory_high_watermark.absolute = 1GB',
    'disk_free_limit.absolute = 50MB',
    ...(plugins.includes('rabbitmq_management')
      ? ['management.tcp.ip = 127.0.0.1', `management.tcp.port = ${ports.management}`]
      : []),
    conf,
  ];
  return {
    enabled_plugins: `[${plugins.join(',')}].\n`,
    'rabbitmq.conf': `${lines.join('\n')}\n`,
    'advanced.config': `${advanced}\n`,
  };
}

/** Everything that would otherwise be shared with other brokers on the machine, or be read from its installation. */
export function privateNodeVariables(folder: string, ports: PrivateNodePorts): NodeJS.ProcessEnv {
  const inside = (name: string): string => path.join(folder, name);
  return {
    PATH: process.env['PATH'],
    LANG: 'C.UTF-8',
    // The Erlang cookie is made there.
    HOME: inside('home'),
    // With a name of its own for the host, the machine's does not matter.
    RABBITMQ_NODENAME: `busbar-${process.pid}-${ports.amqp}@localhost`,
    RABBITMQ_NODE_IP_ADDRESS: '127.0.0.1',
    RABBITMQ_NODE_PORT: String(ports.amqp),
    RABBITMQ_DIST_PORT: String(ports.distribution),
    ERL_EPMD_PORT: String(ports.epmd),
    ERL_EPMD_ADDRESS: '127.0.0.1',
    RABBITMQ_MNESIA_BASE: inside('mnesia'),
    RABBITMQ_LOG_BASE: inside('log'),
    RABBITMQ_LOGS: '-',
    RABBITMQ_CONFIG_FILE: inside('rabbitmq.conf'),
    RABBITMQ_ADVANCED_CONFIG_FILE: inside('advanced.config'),
    RABBITMQ_ENABLED_PLUGINS_FILE: inside('enabled_plugins'),
    RABBITMQ_GENERATED_CONFIG_DIR: inside('generated'),
    RABBITMQ_PID_FILE: inside('pid'),
    // Else the package's file of settings is read.
    RABBITMQ_CONF_ENV_FILE: devNull,
    RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS: '-kernel inet_dist_use_interface {127,0,0,1}',
  };
}
